"""Occupancy of the voxel lattice and what follows from it: neighbour counts and column heights.

All arrays of voxels are flat: voxel (x, y, s) is at (x ny + y) ns + s, so a column is contiguous. Plane s = 0 is the
current collector, plane s is the lattice's voxel z = s - 1; planes above the lattice serve the field only.
One byte a voxel: bits 0-2 count the Li neighbours, the bits above say what the voxel is.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kmc_li.kernels.base.jit import leaf, njit
from kmc_li.kernels.base.records import record

NEIGHBOURS = 7  # mask of the neighbour count
LI = 8
DEAD = 16  # Li without an electronic path to the collector
HIGH = 0.05  # share of the columns that counts as high
BLOCKED = 64  # the collector while the current strips: it does not dissolve, so no current passes its faces
WALL = 32  # neither Li nor free: closes a lattice below where there is no collector


class Box(NamedTuple):
    """Size of the voxel arrays."""

    nx: int
    ny: int
    ns: int


@record
class Lattice(NamedTuple):
    """What every kernel knows of the deposit."""

    cell: np.ndarray  # uint8 (voxels,)
    height: np.ndarray  # int32 (columns,): plane of the highest Li voxel of a column, 0 where there is none
    height_histogram: np.ndarray  # int64 (ns + 1,): how many columns have a height


@leaf
def is_empty(value):
    return value < LI


@leaf
def is_li(value):
    return (value & LI) != 0


@leaf
def around(box, column):
    """Columns to the west, east, south and north (periodic; a column of a one-column axis is its own neighbour)."""
    x, y = column // box.ny, column % box.ny
    west = column - box.ny if x > 0 else column + (box.nx - 1) * box.ny
    east = column + box.ny if x + 1 < box.nx else column - (box.nx - 1) * box.ny
    south = column - 1 if y > 0 else column + box.ny - 1
    north = column + 1 if y + 1 < box.ny else column - box.ny + 1
    return west, east, south, north


@leaf
def highest_around(box, height, column):
    """Plane of the highest Li of a column and its neighbours: no face of the column lies above the plane on it."""
    highest = height[column]
    for other in around(box, column):
        highest = max(highest, height[other])
    return highest


@njit
def _count(cell, box, column, s, change):
    for other in around(box, column):
        if other != column:
            cell[other * box.ns + s] = int(cell[other * box.ns + s]) + change
    here = column * box.ns + s
    cell[here - 1] = int(cell[here - 1]) + change
    cell[here + 1] = int(cell[here + 1]) + change


@njit
def fill(cell, height, columns, box, column, s):
    """Turn an empty voxel into Li."""
    cell[column * box.ns + s] |= np.uint8(LI)
    _count(cell, box, column, s, 1)
    old = height[column]
    if s > old:
        height[column] = s
        columns[old] -= 1
        columns[s] += 1


@njit
def clear(cell, height, columns, box, column, s):
    """Turn a Li voxel into an empty one."""
    cell[column * box.ns + s] &= np.uint8(NEIGHBOURS)
    _count(cell, box, column, s, -1)
    if s == height[column]:
        new = s - 1
        while new > 0 and not is_li(cell[column * box.ns + new]):
            new -= 1
        height[column] = new
        columns[s] -= 1
        columns[new] += 1


def any_live(lattice: Lattice, box: Box) -> bool:
    """Whether any Li above the collector's plane is live."""
    return bool(((lattice.cell.reshape(box)[:, :, 1:] & np.uint8(LI | DEAD)) == LI).any())


@njit
def surface_voxels(cell):
    """How many voxels have Li neighbours, but not all six."""
    found = 0
    for value in cell:
        found += int(0 < (value & NEIGHBOURS) < 6)
    return found


@njit
def measure_height(cell, box, height, columns, column, highest):
    """Height of a column anew, after events that did not follow it; none of its Li lies above plane `highest`."""
    s = highest
    while s > 0 and not is_li(cell[column * box.ns + s]):
        s -= 1
    columns[height[column]] -= 1
    columns[s] += 1
    height[column] = s


@njit
def measure_heights(cell, box, height, columns, highest):
    """Heights of all columns anew, after events that did not follow them; no Li lies above plane `highest`."""
    for column in range(box.nx * box.ny):
        measure_height(cell, box, height, columns, column, highest)


@njit
def top(columns, start):
    """Highest plane that holds Li, searched downward from `start`."""
    while start > 0 and columns[start] == 0:
        start -= 1
    return start


@njit
def high_plane(columns, area, top):
    """Lowest plane that at most 5 % of the columns exceed."""
    exceed = 0
    for s in range(top, 0, -1):
        exceed += columns[s]
        if exceed > HIGH * area:
            return s
    return 0


@njit
def _load(lattice, box, occupancy, collector):
    cell = lattice.cell
    lattice.height_histogram[0] = box.nx * box.ny
    for column in range(box.nx * box.ny):
        if collector:
            cell[column * box.ns] |= np.uint8(LI)
            cell[column * box.ns + 1] = int(cell[column * box.ns + 1]) + 1
        else:
            cell[column * box.ns] |= np.uint8(WALL)
    for x in range(box.nx):
        for y in range(box.ny):
            for z in range(occupancy.shape[2]):
                if occupancy[x, y, z]:
                    fill(cell, lattice.height, lattice.height_histogram, box, x * box.ny + y, z + 1)


def from_occupancy(occupancy: NDArray[np.bool_], ns: int, collector: bool = True) -> tuple[Box, Lattice]:
    """Lattice of `ns` planes, the collector's included, that holds `occupancy` (bool (nx, ny, nz), nz < ns - 1)."""
    nx, ny, _ = occupancy.shape
    box = Box(nx, ny, ns)
    lattice = Lattice(
        cell=np.zeros(nx * ny * ns, np.uint8),
        height=np.zeros(nx * ny, np.int32),
        height_histogram=np.zeros(ns + 1, np.int64),
    )
    _load(lattice, box, np.ascontiguousarray(occupancy), collector)
    return box, lattice
