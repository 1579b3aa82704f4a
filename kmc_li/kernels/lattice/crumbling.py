"""Dead Li crumbles: each voxel of it falls and rolls down until something holds it, and touches nothing on its way.

A grain moves down a plane, or where that is barred aside and down at once, if there it has a face in common with no
other Li. So it stays dead, and what is live stays live. The lowest grains go first; all is done again until none moves.

A grain that cannot fall can do so only after another one has left a place nearby. So those that may fall are listed, as
bits by plane and column, and where one leaves, the grains around are listed again.
"""

import numpy as np
from numpy.typing import NDArray

from kmc_li.kernels.base.jit import leaf, njit
from kmc_li.kernels.lattice.connectivity import faces
from kmc_li.kernels.lattice.occupancy import DEAD, Box, around, clear, fill

FREE = 0  # of a voxel: empty, and no Li beside it


def allocate(box: Box, top: int) -> NDArray[np.uint32]:
    """Bits of the grains up to plane `top` that may fall, 32 columns of a plane in each entry."""
    return np.zeros((top + 1) * -(-box.nx * box.ny // 32), np.uint32)


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


@leaf
def _list(listed, cell, box, column, s):
    """A grain, if it is one, may fall."""
    entry = s * -(-box.nx * box.ny // 32) + (column >> 5)
    if entry < listed.size and (cell[column * box.ns + s] & DEAD) != 0:
        listed[entry] = np.int64(listed[entry]) | 1 << (column & 31)


@njit
def _list_around(listed, cell, box, left):
    """Grains that may fall now that one has left a voxel: through it, or through one that it was beside."""
    for voxel in (left, *faces(box, left)):
        if cell[voxel] > 2:  # barred still: of what is Li there at most one grain, seen from two sides, can leave
            continue
        column, s = voxel // box.ns, voxel % box.ns
        _list(listed, cell, box, column, s + 1)
        for other in around(box, column):
            _list(listed, cell, box, other, s)
            _list(listed, cell, box, other, s + 1)


@leaf
def _touch(search, touched, voxel):
    """Note a voxel once; returns how many have been noted."""
    if search.mark[voxel] != 0:
        return touched
    search.mark[voxel] = 1
    search.voxel[touched] = voxel
    return touched + 1


@njit
def _fall(lattice, box, listed, search, touched, column, s):
    """Let one grain fall; returns how many voxels have been touched, by it and before."""
    cell, height, columns = lattice.cell, lattice.height, lattice.height_histogram
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
    if plane < s:
        _list_around(listed, cell, box, column * box.ns + s)
        touched = _touch(search, touched, column * box.ns + s)
        touched = _touch(search, touched, at * box.ns + plane)
    fill(cell, height, columns, box, at, plane)
    cell[at * box.ns + plane] = cell[at * box.ns + plane] | np.uint8(DEAD)
    return touched


@njit
def _sweep(lattice, box, listed, search, touched):
    """Let the grains listed fall, from below; those listed meanwhile too, unless their turn is over."""
    cell, words = lattice.cell, -(-box.nx * box.ny // 32)
    for entry in range(listed.size):
        bit, s = 0, entry // words
        while np.int64(listed[entry]) >> bit != 0:
            if np.int64(listed[entry]) >> bit & 1 != 0:
                listed[entry] = np.int64(listed[entry]) ^ 1 << bit
                column = 32 * (entry % words) + bit
                if (cell[column * box.ns + s] & DEAD) != 0 and _may_fall(cell, box, column, s):
                    touched = _fall(lattice, box, listed, search, touched, column, s)
            bit += 1
    return touched


@njit
def crumble(lattice, box, top, listed, search):
    """Let all dead Li up to plane `top` fall; returns how many voxels it left or came to, first in `search.voxel`."""
    cell, touched = lattice.cell, 0
    for column in range(box.nx * box.ny):
        for s in range(2, top + 1):
            if (cell[column * box.ns + s] & DEAD) != 0 and _may_fall(cell, box, column, s):
                _list(listed, cell, box, column, s)
    while _any(listed):
        touched = _sweep(lattice, box, listed, search, touched)
    for i in range(touched):
        search.mark[search.voxel[i]] = 0
    return touched


@njit
def _any(listed):
    for bits in listed:
        if bits != 0:
            return True
    return False
