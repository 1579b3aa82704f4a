"""One compiler setting for all kernels, and a cache that notices every edit.

numba's own cache keeps a function whose callee in another file has changed. So the cache folder is named by a
hash of all kernel sources and of the versions that make the code; an edit means a new folder, not stale code.
A user's NUMBA_CACHE_DIR is respected.
"""

import hashlib
import os
import sys
import tempfile
from pathlib import Path

import llvmlite
import numba
import numpy as np
from numba import config


def _cache_folder() -> Path:
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.name.encode() + source.read_bytes())
    versions = (sys.version, numba.__version__, llvmlite.__version__, np.__version__, os.environ.get("NUMBA_CPU_NAME"))
    digest.update(repr(versions).encode())
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "kmc_li" / digest.hexdigest()[:20]


def _point_cache() -> Path:
    if os.environ.get("NUMBA_CACHE_DIR"):
        return Path(os.environ["NUMBA_CACHE_DIR"])
    folder = _cache_folder()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError
    except OSError:
        folder = Path(tempfile.mkdtemp(prefix="kmc_li-cache-"))
    config.CACHE_DIR = str(folder)
    return folder


CACHE = _point_cache()
COMPILED = not config.DISABLE_JIT


def is_cold() -> bool:
    """Whether the kernels have yet to be compiled on this machine (True: the first call takes a while)."""
    return COMPILED and not (CACHE.is_dir() and any(CACHE.rglob("*.nbi")))


# error_model="numpy": a division does not carry a branch, so that loops over a column vectorise.
# _nrt=False: kernels allocate nothing and own nothing, so arrays are passed on without counting references. Counting
# costs 5 ns for each array of each call: measured, listing a new rate took 45 ns with it and 3 ns without.
# No fastmath: one seed gives the same bits with the JIT on or off and on every machine.
_OPTIONS = {"cache": True, "error_model": "numpy", "nogil": True, "_nrt": False}
njit = numba.njit(**_OPTIONS)
leaf = numba.njit(forceinline=True, **_OPTIONS)  # small functions of the inner loops
