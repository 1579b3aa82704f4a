"""Where a result comes from: versions, commit, date, command."""

import hashlib
import os
import platform
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from kmc_li import __version__

PACKAGES = ("numpy", "numba", "scipy", "h5py", "pydantic")


def provenance() -> dict[str, Any]:
    """JSON-able facts about this process: versions, commit, date (UTC), processors, command.

    commit is "unknown" outside a git checkout of kmc_li; source_sha256 tells the code apart there too.
    """
    return {
        "kmc_li": __version__,
        "commit": commit_of(Path(__file__).parents[1]),
        "source_sha256": source_sha256(),
        "python": platform.python_version(),
        **{name: _version(name) for name in PACKAGES},
        "platform": f"{platform.system()} {platform.machine()}",
        "cpu_count": os.cpu_count(),
        "date_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": shlex.join([Path(sys.argv[0] or "python").name, *sys.argv[1:]]),
    }


@cache
def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


@cache
def source_sha256() -> str:
    """sha256 over the package's own Python files, names included."""
    folder = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for source in sorted(folder.rglob("*.py")):
        digest.update(source.relative_to(folder).as_posix().encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()


@cache
def commit_of(folder: Path) -> str:
    """The git commit of the package in `folder`; "-dirty" is added if its files differ from that commit.

    "unknown" for a copy that git does not track, whatever repository lies around it.
    """
    if _git(folder, "ls-files", "--error-unmatch", "storage/provenance.py") is None:
        return "unknown"
    commit, changes = _git(folder, "rev-parse", "HEAD"), _git(folder, "status", "--porcelain", "--", ".")
    if commit is None or changes is None:
        return "unknown"
    return f"{commit}-dirty" if changes else commit


def _git(folder: Path, *arguments: str) -> str | None:
    command = ["git", "-C", str(folder), "--no-optional-locks", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
