"""Occupancy of the voxel lattice and what follows from it: neighbour counts and column heights.

One byte a voxel: bits 0-2 count the Li neighbours, the bits above say what the voxel is. Plane 0 is the current
collector, plane s is the lattice's voxel z = s - 1; planes above the lattice serve the field only.
"""

from typing import NamedTuple

import numpy as np

from .jit import leaf, njit

NEIGHBOURS = 7  # mask of the neighbour count
LI = 8
DEAD = 16  # Li without an electronic path to the collector
WALL = 32  # neither Li nor free: closes a lattice below where there is no collector


class Lattice(NamedTuple):
    """What every kernel knows of the deposit."""

    cell: np.ndarray  # uint8 (nx, ny, ns)
    height: np.ndarray  # int32 (nx, ny): plane of the highest Li voxel of a column, 0 where there is none
    columns: np.ndarray  # int64 (ns + 1,): how many columns have a height


@leaf
def is_empty(value):
    return value < LI


@leaf
def is_li(value):
    return (value & LI) != 0


@njit
def _count(lattice, x, y, s, change):
    cell = lattice.cell
    nx, ny, ns = cell.shape
    if nx > 1:
        west, east = x - 1 if x > 0 else nx - 1, x + 1 if x + 1 < nx else 0
        cell[west, y, s] = int(cell[west, y, s]) + change
        cell[east, y, s] = int(cell[east, y, s]) + change
    if ny > 1:
        south, north = y - 1 if y > 0 else ny - 1, y + 1 if y + 1 < ny else 0
        cell[x, south, s] = int(cell[x, south, s]) + change
        cell[x, north, s] = int(cell[x, north, s]) + change
    cell[x, y, s - 1] = int(cell[x, y, s - 1]) + change
    if s + 1 < ns:
        cell[x, y, s + 1] = int(cell[x, y, s + 1]) + change


@njit
def fill(lattice, x, y, s):
    """Turn an empty voxel into Li."""
    lattice.cell[x, y, s] |= np.uint8(LI)
    _count(lattice, x, y, s, 1)
    old = lattice.height[x, y]
    if s > old:
        lattice.height[x, y] = s
        lattice.columns[old] -= 1
        lattice.columns[s] += 1


@njit
def clear(lattice, x, y, s):
    """Turn a Li voxel into an empty one."""
    lattice.cell[x, y, s] &= np.uint8(NEIGHBOURS)
    _count(lattice, x, y, s, -1)
    if s == lattice.height[x, y]:
        new = s - 1
        while new > 0 and not is_li(lattice.cell[x, y, new]):
            new -= 1
        lattice.height[x, y] = new
        lattice.columns[s] -= 1
        lattice.columns[new] += 1


@njit
def top(lattice, start):
    """Highest plane that holds Li, searched downward from `start`."""
    while start > 0 and lattice.columns[start] == 0:
        start -= 1
    return start


@njit
def _load(lattice, occupancy, collector):
    cell = lattice.cell
    nx, ny, ns = cell.shape
    for x in range(nx):
        for y in range(ny):
            lattice.columns[0] += 1
            if collector:
                cell[x, y, 0] |= np.uint8(LI)
                cell[x, y, 1] = int(cell[x, y, 1]) + 1
            else:
                cell[x, y, 0] |= np.uint8(WALL)
    for x in range(nx):
        for y in range(ny):
            for z in range(occupancy.shape[2]):
                if occupancy[x, y, z]:
                    fill(lattice, x, y, z + 1)


def from_occupancy(occupancy: np.ndarray, planes: int, collector: bool = True) -> Lattice:
    """Lattice of `planes` planes above the collector that holds `occupancy` (bool (nx, ny, nz), nz <= planes)."""
    nx, ny, _ = occupancy.shape
    lattice = Lattice(
        cell=np.zeros((nx, ny, planes + 1), np.uint8),
        height=np.zeros((nx, ny), np.int32),
        columns=np.zeros(planes + 2, np.int64),
    )
    _load(lattice, occupancy, collector)
    return lattice
