"""HDF5 as a container of plain arrays, in both directions through bytes in memory.

HDF5 can do more than hold numbers: datasets kept in other files, links that are followed, virtual
datasets, shapes that declare a terabyte in two kilobytes. A run file needs none of that, so reading refuses
all of it before the first element is read.
"""

import io
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from kmc_li.errors import UserError

Array = NDArray[Any]
Admit = Callable[[str, tuple[int, ...], np.dtype[Any]], bool]
_SQUEEZE = {"compression": "gzip", "compression_opts": 1, "shuffle": True}
_FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32}


class DamagedFile(UserError):
    """A file of a run is not what the run wrote."""


def dump(arrays: Mapping[str, Array], notes: Mapping[str, str]) -> bytes:
    """An HDF5 file holding `arrays` ("name" or "group/name" -> bool, integer or float array, any shape).

    notes become attributes of the root, for whoever opens the file with another program.
    """
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for key, note in notes.items():
            file.attrs[key] = note
        for name, array in arrays.items():
            file.create_dataset(name, data=array, **(_SQUEEZE if array.ndim and array.size > 64 else {}))
    return buffer.getvalue()


def parse(data: bytes, path: Path, admit: Admit) -> dict[str, Array]:
    """The arrays of an HDF5 file given as bytes; path serves the messages.

    admit(name, shape, dtype) says whether an array so declared may be read; it is asked before reading.
    Raises DamagedFile for what is no HDF5, for links other than plain ones, external storage, virtual
    datasets, foreign filters, types other than bool, integers and floats, groups in groups, and what
    `admit` refuses.
    """
    try:
        with h5py.File(io.BytesIO(data), "r") as file:
            arrays: dict[str, Array] = {}
            for name in file:
                item = _plain(file, name, path)
                if isinstance(item, h5py.Group):
                    for inner in item:
                        full = f"{name}/{inner}"
                        arrays[full] = _read(_plain(item, inner, path), full, path, admit)
                else:
                    arrays[name] = _read(item, name, path, admit)
            return arrays
    except UserError:
        raise
    except (OSError, KeyError, RuntimeError, TypeError, ValueError, MemoryError) as error:
        raise DamagedFile(f"{path} is damaged: it cannot be read as HDF5") from error


def _plain(group: Any, name: str, path: Path) -> Any:
    if type(group.get(name, getlink=True)) is not h5py.HardLink:
        raise DamagedFile(f"{path} is refused: {name!r} is a link; a run file holds none")
    return group[name]


def _read(item: Any, name: str, path: Path, admit: Admit) -> Array:
    def refuse(why: str) -> DamagedFile:
        return DamagedFile(f"{path} is refused: {name!r} {why}")

    if not isinstance(item, h5py.Dataset):
        raise refuse("is no array")
    if item.is_virtual or item.external:
        raise refuse("is kept in another file")
    layout = item.id.get_create_plist()
    if any(layout.get_filter(i)[0] not in _FILTERS for i in range(layout.get_nfilters())):
        raise refuse("uses a filter that no run file uses")
    if item.shape is None or item.dtype.kind not in "biuf" or item.dtype.subdtype is not None:
        raise refuse(f"has type {item.dtype}")
    # A resizable array could declare chunks far larger than itself.
    if item.maxshape != item.shape or (item.chunks and math.prod(item.chunks) > math.prod(item.shape)):
        raise refuse(f"declares shape {item.shape} in chunks of {item.chunks}")
    if not admit(name, item.shape, item.dtype):
        raise refuse(f"declares shape {item.shape}, type {item.dtype}, which does not fit this run")
    return np.asarray(item[()])
