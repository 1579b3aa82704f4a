"""Machine code kept on disk: a cache that notices every edit and loads what code calls before the code itself."""

import functools
import hashlib
import importlib
import os
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llvmlite
import numba
import numpy as np
from numba import config
from numba.core import caching
from numba.core.runtime import rtsys

PACKAGE = Path(__file__).parents[1]  # kmc_li/kernels


def _digest() -> str:
    """Of all kernels and versions: numba's own cache would keep a function whose callee has changed."""
    digest = hashlib.sha256()
    for source in sorted(PACKAGE.rglob("*.py")):
        digest.update(source.relative_to(PACKAGE).as_posix().encode() + source.read_bytes())
    versions = (sys.version, numba.__version__, llvmlite.__version__, np.__version__, os.environ.get("NUMBA_CPU_NAME"))
    digest.update(repr(versions).encode())
    return digest.hexdigest()[:20]


def _point_cache() -> Path:
    if os.environ.get("NUMBA_CACHE_DIR"):
        return Path(os.environ["NUMBA_CACHE_DIR"])
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base) / "kmc_li" / DIGEST
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError
    except OSError:
        folder = Path(tempfile.mkdtemp(prefix="kmc_li-cache-"))
    config.CACHE_DIR = str(folder)
    return folder


DIGEST = _digest()
CACHE = _point_cache()

_OUTSIDE: dict[str, str | None] = {}  # files with kernels that do not belong to this package; digests of their texts
OUTSIDE_TYPES: set[str] = set()  # alternatives that a verb got from there


def note_source(function: Any) -> bool:
    """Whether a function comes from outside this package; if so, its file is one that the cache looks at."""
    source = Path(getattr(function, "py_func", function).__code__.co_filename)
    if source.is_relative_to(PACKAGE):
        return False
    try:
        _OUTSIDE[str(source)] = hashlib.sha256(source.read_bytes()).hexdigest()
    except OSError:  # typed in, or made by a program: an edit would not be noticed
        _OUTSIDE[str(source)] = None
    return True


def _locked(path: Path) -> Any:
    """An open file that is locked until it is closed; None where that is not possible."""
    try:
        import fcntl

        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = path.open("a")
        fcntl.flock(file, fcntl.LOCK_EX)
    except (ImportError, OSError):
        return None
    return file


class Cache(caching.FunctionCache):  # type: ignore[misc]
    """numba's cache of a function, with an index for each signature and text of the kernels.

    Two processes that compile different signatures of the same function would else give both the same data file, and an
    edit of what a function calls would not be noticed. What cannot be read is compiled again.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._lock: Any = None
        self._outside = note_source(function)

    def _choose(self, signature: Any) -> bool:
        """Whether this signature can be cached; if so, where."""
        texts = [str(signature), DIGEST]
        if self._outside or not OUTSIDE_TYPES.isdisjoint(re.findall(r"\w+", texts[0])):
            digests = set(_OUTSIDE.values())
            if None in digests:
                return False
            texts += sorted(map(str, digests))
        digest = hashlib.sha256(repr(texts).encode()).hexdigest()[:16]
        self._cache_file = caching.IndexDataCacheFile(
            self._cache_path, f"{self._impl.filename_base}-{digest}", self._impl.locator.get_source_stamp()
        )
        return True

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """What is on disk for a signature; without numba's imports of all that it can compile, which take 0.5 s."""
        rtsys.initialize(target_context)
        with self._guard_against_spurious_io_errors():
            return self._load_overload(sig, target_context)

    def _load_overload(self, sig: Any, target_context: Any) -> Any:
        if not self._choose(sig):
            return None
        found = self._read(sig, target_context)
        if found is None:  # whoever compiles it holds the lock until it is saved, so that others need not
            self._lock = _locked(Path(self._cache_file._index_path + ".lock"))
            found = self._read(sig, target_context)
        if found is not None:
            self._lock = None
            self._note_needed(found)
        return found

    def _note_needed(self, data: Any) -> None:
        """So that what calls this function knows what to load before itself."""
        name, symbol = self._py_func.__name__, data.fndesc.llvm_func_name
        data.library.needed = functools.partial(_load, self._py_func.__module__, name, data.signature.args, symbol)

    def _read(self, sig: Any, target_context: Any) -> Any:
        try:
            return super()._load_overload(sig, target_context)
        except Exception:
            return None

    def _save_overload(self, sig: Any, data: Any) -> None:
        self._note_needed(data)
        if not self._choose(sig):
            return
        try:
            super()._save_overload(sig, data)
        finally:
            self._lock = None

    def releasing(self, compiling: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """`compiling`, after which other processes need not wait for it, even where it fails."""

        @functools.wraps(compiling)
        def compile_and_release(sig: Any) -> Any:
            try:
                return compiling(sig)
            finally:
                self._lock = None

        return compile_and_release


def _load(module: str, name: str, types: Any, symbol: str) -> None:
    """Machine code that other code calls by `symbol`."""
    dispatcher = getattr(importlib.import_module(module), name).shared
    dispatcher.compile(types)
    if dispatcher.overloads[types].fndesc.llvm_func_name != symbol:
        raise LookupError(f"{name} was compiled anew: what called it has to be, too")
