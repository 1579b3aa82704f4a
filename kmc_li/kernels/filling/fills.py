"""How full each voxel is. From the moment it is half full a voxel is Li: Li ends where it does in the mean. What
it lacks then is a debt of the cell beyond it, which lies at the surface now.

Li is counted in integer units, so that none is lost. Cells at the surface carry all changes and hold between minus and
plus half a voxel: what is taken from one that holds too little comes from the Li behind it, which then is a cell of the
surface itself.
"""

from typing import NamedTuple

import numpy as np

from kmc_li.kernels.base.jit import leaf, njit
from kmc_li.kernels.base.records import record
from kmc_li.kernels.base.verbs import connect, disconnect
from kmc_li.kernels.events import put_metal, take_metal
from kmc_li.kernels.lattice.occupancy import DEAD, NEIGHBOURS, around, is_empty, is_li
from kmc_li.kernels.lattice.surface import is_live

UNITS = 1 << 24  # of a full voxel, about; a whole number for each quantum
FARTHEST = 16  # voxels that what is too much goes on
BELOW, ABOVE = 4, 5  # directions: west, east, south, north, below, above
NOWHERE = 6
NEAR = 8  # voxels along the normal to the cell that carries


@record
class Fills(NamedTuple):
    """Arrays of voxels, flat like `cell`; but for `volume` they are what the last `surface.measure` found."""

    full: int  # units of a full voxel
    quantum: int  # units that arrive at once
    volume: np.ndarray  # int32: units of Li in a voxel, < 0 where the Li behind it lacks some
    in_plane: np.ndarray  # int64 (ns,): Li voxels of a plane
    end: np.ndarray  # int64 (columns,): plane above which a column is far from all Li
    depth: np.ndarray  # float32: below what is just far from the smoothed surface, which lies at surface.FAR [voxels]
    work: np.ndarray  # float32
    area: np.ndarray  # float32: of the surface that lies in a voxel; sums to 1 along a normal, 0 elsewhere
    curvature: np.ndarray  # float32: 1/r1 + 1/r2, > 0 where Li is convex [1/voxel]
    carried: np.ndarray  # float32: area of the surface for which a cell stands; it sums to the whole
    inward: np.ndarray  # int8: direction that leads most steeply into Li
    carrier: np.ndarray  # int32: cell of the surface on the normal through a voxel in which some of it lies
    moved: np.ndarray  # int32: units that surface diffusion brings to a voxel
    conductance: np.ndarray  # float64: of a cell, as walkers have found it last; 0: to be found anew


def allocate(box, quanta: int) -> Fills:
    """Empty voxels; memory that is never touched is never taken."""
    voxels, quantum = box.nx * box.ny * box.ns, UNITS // quanta
    floats = {name: np.zeros(voxels, np.float32) for name in ("depth", "work", "area", "curvature", "carried")}
    return Fills(
        full=quantum * quanta,
        quantum=quantum,
        volume=np.zeros(voxels, np.int32),
        in_plane=np.zeros(box.ns, np.int64),
        end=np.zeros(box.nx * box.ny, np.int64),
        **floats,
        inward=np.full(voxels, NOWHERE, np.int8),
        carrier=np.zeros(voxels, np.int32),
        moved=np.zeros(voxels, np.int32),
        conductance=np.zeros(voxels),
    )


@njit
def fill_all(fills, cell):
    """Fill all Li voxels; what the others hold stays."""
    for i in range(cell.shape[0]):
        if is_li(cell[i]):
            fills.volume[i] = fills.full


@njit
def count_all(fills, cell, box):
    """Count the Li voxels of each plane."""
    fills.in_plane[:] = 0
    for i in range(cell.shape[0]):
        if is_li(cell[i]):
            fills.in_plane[i % box.ns] += 1


@leaf
def beside(box, voxel, direction):
    """The neighbour of a voxel in a direction, periodic; itself on an axis of one column."""
    if direction == BELOW:
        return voxel - 1
    if direction > BELOW:
        return voxel + 1
    column = voxel // box.ns
    return around(box, column)[direction] * box.ns + voxel % box.ns


@njit
def _beyond(fills, cell, box, voxel):
    """An empty cell next to Li, most of all outward, that is no pore of one voxel; -1: none."""
    inward = int(fills.inward[voxel])
    first = ABOVE if inward == NOWHERE else inward ^ 1
    for k in range(6):
        other = beside(box, voxel, (first + k) % 6)
        if is_empty(cell[other]) and not _closed(cell, box, other):
            return other
    return -1


@njit
def _closed(cell, box, voxel):
    """Whether no cell beside an empty one is empty."""
    for direction in range(6):
        other = beside(box, voxel, direction)
        if other != voxel and is_empty(cell[other]):
            return False
    return True


@leaf
def _may_give(cell, box, voxel, live):
    return voxel % box.ns > 0 and (is_live(cell[voxel]) if live else is_li(cell[voxel]))


@njit
def behind(fills, cell, box, voxel, live):
    """Li next to a cell, most of all the one that its normal leads to; -1: none."""
    direction = int(fills.inward[voxel])
    if direction != NOWHERE:
        other = beside(box, voxel, direction)
        if _may_give(cell, box, other, live):
            return other
    for k in range(6):
        other = beside(box, voxel, (BELOW + k) % 6)
        if other != voxel and _may_give(cell, box, other, live):
            return other
    return -1


@njit
def lose(box, state, voxel, units, live):
    """Li leaves a cell of the surface, or if that has too little the Li behind it; `live`: only Li that has contact."""
    fills, cell = state.method.fills, state.lattice.cell
    if not is_empty(cell[voxel]):  # it has become Li meanwhile
        other = _beyond(fills, cell, box, voxel)
        voxel = other if other >= 0 else voxel
    left, metal = fills.volume[voxel] - units, voxel
    fills.conductance[voxel] = 0.0
    if is_empty(cell[voxel]):
        metal = -1 if 2 * left >= -fills.full else behind(fills, cell, box, voxel, live)
        if metal < 0:  # a debt; where there is nothing to take from, what comes next pays it
            fills.volume[voxel] = left
            return
        fills.volume[voxel] = 0
        left += fills.volume[metal]
    fills.volume[metal], fills.conductance[metal] = left, 0.0
    if 2 * left < fills.full:
        dead = (cell[metal] & DEAD) != 0
        take_metal(box, state, metal)
        fills.in_plane[metal % box.ns] -= 1
        if metal != voxel:
            fills.carried[metal] += fills.carried[voxel]
            fills.carried[voxel] = np.float32(0.0)
        disconnect(state.search, box, state, metal, dead)


@njit
def gain(box, state, voxel, units):
    """Li comes to a voxel; from half a voxel on that is Li, and an empty cell beside it, outward if any, goes on."""
    fills, cell = state.method.fills, state.lattice.cell
    for _ in range(FARTHEST):
        fills.conductance[voxel] = 0.0
        if is_empty(cell[voxel]):
            fills.volume[voxel] += units
            if 2 * fills.volume[voxel] < fills.full:
                if 2 * fills.volume[voxel] < -fills.full:
                    lose(box, state, voxel, 0, False)
                return
            units = _become_li(box, state, voxel)
        other = _beyond(fills, cell, box, voxel)
        if other < 0:
            break
        fills.carried[other] += fills.carried[voxel]
        fills.carried[voxel] = np.float32(0.0)
        for direction in range(6):
            pore = beside(box, voxel, direction)
            if is_empty(cell[pore]) and _closed(cell, box, pore):  # less than voxels can hold: its roof falls in
                units += _become_li(box, state, pore)
        voxel = other
    fills.conductance[voxel] = 0.0
    fills.volume[voxel] += units  # the last cell of a pore: too little or too much is in it


@njit
def _become_li(box, state, voxel):
    """Fill a cell; returns what it had too much, < 0 if it lacked some."""
    fills = state.method.fills
    units = fills.volume[voxel] - fills.full
    fills.volume[voxel] = fills.full
    put_metal(box, state, voxel)
    fills.in_plane[voxel % box.ns] += 1
    connect(state.search, box, state, voxel)
    return units


@njit
def gather(box, state, first):
    """What lies in cells that have lost all Li around them moves on to the surface."""
    fills, cell = state.method.fills, state.lattice.cell
    for column in range(box.nx * box.ny):
        for i in range(column * box.ns + first, column * box.ns + fills.end[column]):
            if fills.volume[i] != 0 and is_empty(cell[i]) and (cell[i] & NEIGHBOURS) == 0:
                other = surface_cell(fills, cell, box, i)
                if other >= 0 and other != i:
                    units = fills.volume[i]
                    fills.volume[i], fills.conductance[i] = 0, 0.0
                    if units > 0:
                        gain(box, state, other, units)
                    else:
                        lose(box, state, other, -units, False)


@njit
def total(fills, box):
    """Units of Li on the lattice, without the collector."""
    units = 0
    for i in range(fills.volume.shape[0]):
        if i % box.ns > 0:
            units += fills.volume[i]
    return units


@njit
def surface_cell(fills, cell, box, voxel):
    """The cell of the surface on the normal through a voxel; -1: none near."""
    s = voxel % box.ns
    for _ in range(NEAR):
        free = is_empty(cell[voxel])
        if free and (cell[voxel] & NEIGHBOURS) > 0:
            return voxel
        direction = int(fills.inward[voxel])
        if direction == NOWHERE:
            return -1
        direction ^= int(not free)
        other = beside(box, voxel, direction)
        s += int(direction == ABOVE) - int(direction == BELOW)
        if s == 0 or s == box.ns - 1 or other == voxel:
            return -1
        voxel = other
    return -1
