"""Writing that survives kills, full disks and second processes."""

import contextlib
import errno
import fcntl
import os
import socket
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

from kmc_li.errors import UserError


class StoreWarning(UserWarning):
    """Something was wrong with a stored run and has been put right; the message says what was done."""


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """What the system refuses inside becomes one clear UserError."""
    try:
        yield
    except OSError as error:
        raise UserError(f"cannot write {error.filename or path}: {error.strerror}") from error


def check_path(path: str | Path, suffixes: Sequence[str], what: str) -> Path:
    """The path, if `what` ("a figure") can be written there.

    Raises UserError, one line, for a suffix that is none of these, a missing folder or a folder in its place.
    """
    target = Path(path)
    if target.suffix.lower() not in suffixes:
        kinds = suffixes[0] if len(suffixes) == 1 else "one of " + ", ".join(suffixes)
        raise UserError(f"{target}: {what}'s name must end in {kinds}, got '{target.suffix}'")
    # os.path answers False where a name is too long or odd; Path would raise
    if not os.path.isdir(target.parent):
        raise UserError(f"{target}: the folder {target.parent} does not exist")
    if os.path.isdir(target):
        raise UserError(f"{target}: is a folder, {what} needs a file name")
    return target


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that its name shows the old content or all of the new, also after a power cut."""
    temporary = path.with_name(f".{path.name}.tmp")
    with writing(path):
        try:
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def take_lock(path: Path) -> int:
    """Take the folder's lock; the descriptor that holds it. It ends with the process, however that ends."""
    with writing(path):
        lock = os.open(path / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                holder = os.read(lock, 200).decode(errors="replace").strip()
                os.close(lock)
                raise UserError(f"{path} is being written by another process ({holder})") from None
            warnings.warn(
                f"{path}: this file system has no locks; do not start two processes on it",
                StoreWarning,
                stacklevel=4,
            )
        os.ftruncate(lock, 0)
        os.write(lock, f"process {os.getpid()} on {socket.gethostname()}".encode())
    return lock
