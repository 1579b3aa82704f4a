"""Opening users' files: what is wrong with one is a UserError of one line."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kmc_li.errors import UserError


class Scan(NamedTuple):
    """What a file says of a height map: rows of heights (y, x) and, if it knows them, pixel [um] and unit of height."""

    rows: NDArray[np.float64]
    pixel_um: float | None
    unit: str | None


def existing(path: str | Path) -> Path:
    """The path. Raises UserError where there is nothing."""
    found = Path(path)
    if not found.exists():
        raise UserError(f"{path}: there is no such file")
    return found


def content(path: Path) -> bytes:
    """All bytes of a file. Raises UserError where the system refuses."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error


def array(path: Path) -> NDArray[Any]:
    """The array in a .npy file; never one of objects, which would run code. Raises UserError for another content."""
    try:
        # mapped first, so that a header that declares more than the file holds is found out before memory is taken
        mapped = np.lib.format.open_memmap(path, mode="r")
    except Exception as error:  # a damaged header can end anywhere in numpy's parser
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"{path}: must be a .npy file of plain numbers: {said}") from error
    return np.array(mapped)


def positive(value: float, name: str) -> float:
    """The value. Raises UserError unless it is a positive number."""
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = float("nan")
    if not 0 < found < float("inf"):
        raise UserError(f"{name}: got {value!r}, must be a positive number")
    return found
