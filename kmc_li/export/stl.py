"""The surface of the deposit as triangles (binary STL), lengths in micrometres."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kmc_li.export.origin import origin
from kmc_li.storage.files import check_path, write_atomically
from kmc_li.storage.run import Run

TRIANGLE = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])  # 50 bytes


def write_stl(run: Run, path: str | Path) -> Path:
    """Write the surface of a run's deposit; returns the path.

    Two triangles for each voxel face between lithium and what is not; normals point out of the metal. The periodic box
    is cut at its sides and at the collector, and closed there, so that the surface encloses exactly the lithium. Where
    two voxels touch along an edge only, four faces meet in it. Raises UserError for a name that does not end in .stl or
    cannot be written.
    """
    target = check_path(path, (".stl",), "a surface")
    found = triangles(run.occupancy, run.parameters.lattice.voxel_um)
    head = f"binary STL, um; {origin(run)}".encode()[:80].ljust(80)
    write_atomically(target, head + np.uint32(len(found)).astype("<u4").tobytes() + found.tobytes())
    return target


def triangles(occupancy: NDArray[np.bool_], edge: float) -> NDArray[np.void]:
    """The triangles of all voxel faces between lithium and what is not, in records as STL has them."""
    parts = []
    padded = np.pad(occupancy, 1)
    for axis in range(3):
        for side in (0, 1):
            other = np.roll(padded, 1 - 2 * side, axis)[1:-1, 1:-1, 1:-1]
            parts.append(_faces(np.argwhere(occupancy & ~other), axis, side, edge))
    return np.concatenate(parts)


def _faces(voxels: NDArray[np.int64], axis: int, side: int, edge: float) -> NDArray[np.void]:
    """Two triangles for the face on that side of each voxel, their corners in turn about the outward normal."""
    u, v = np.eye(3, dtype=np.int64)[[(axis + 1) % 3, (axis + 2) % 3]]
    start = voxels.copy()
    start[:, axis] += side
    square = [start, start + u, start + u + v, start + v]
    if side == 0:
        square = square[::-1]
    out = np.zeros((len(voxels), 2), TRIANGLE)
    out["normal"][..., axis] = 2 * side - 1
    for half, corners in enumerate(((0, 1, 2), (0, 2, 3))):
        for k, corner in enumerate(corners):
            out["corners"][:, half, k] = square[corner] * edge
    return out.ravel()
