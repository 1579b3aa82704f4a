"""Dead Li crumbles: each voxel of it falls and rolls down until something holds it, and touches nothing on its way.

A grain moves down a plane, or where that is barred aside and down at once, if there it has a face in common with no
other Li. So it stays dead, and what is live stays live. The lowest grains go first; all is done again until none moves.
"""

import numpy as np

from kmc_li.kernels.base.jit import leaf, njit
from kmc_li.kernels.lattice.occupancy import DEAD, around, clear, fill

FREE = 0  # of a voxel: empty, and no Li beside it


@leaf
def _aside(cell, box, column, s):
    """A column beside one that is free in this plane and the next below, -1 for none; sides come first in turn."""
    west, east, south, north = around(box, column)
    for i in range(4):
        side = (column // box.ny + column + s + i) & 3
        other = west if side == 0 else east if side == 1 else south if side == 2 else north
        if other != column and cell[other * box.ns + s] == FREE and cell[other * box.ns + s - 1] == FREE:
            return other
    return -1


@leaf
def _may_fall(cell, box, column, s):
    """False for a grain that others hold: most are, and this is known without lifting it."""
    i = column * box.ns + s
    if cell[i - 1] == 1:  # empty, and this grain is all the Li beside it
        return True
    for other in around(box, column):  # a column that is a neighbour on two sides counts the grain twice
        if other != column and cell[other * box.ns + s] <= 2 and cell[other * box.ns + s - 1] == FREE:
            return True
    return False


@njit
def _fall(cell, height, columns, box, column, s):
    """Let one grain fall; whether it moved."""
    clear(cell, height, columns, box, column, s)
    at, plane = column, s
    while True:
        if cell[at * box.ns + plane - 1] == FREE:
            plane -= 1
            continue
        other = _aside(cell, box, at, plane)
        if other < 0:
            break
        at, plane = other, plane - 1
    fill(cell, height, columns, box, at, plane)
    cell[at * box.ns + plane] = cell[at * box.ns + plane] | np.uint8(DEAD)
    return plane < s


@njit
def crumble(lattice, box, top):
    """Let all dead Li up to plane `top` fall."""
    cell, moved = lattice.cell, True
    while moved:
        moved = False
        for s in range(2, top + 1):
            for column in range(box.nx * box.ny):
                if (cell[column * box.ns + s] & DEAD) != 0 and _may_fall(cell, box, column, s):
                    moved = _fall(cell, lattice.height, lattice.height_histogram, box, column, s) or moved
