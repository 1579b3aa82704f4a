"""The surface of the deposit: which faces pass current, and how steep it is."""

import numpy as np

from kmc_li.kernels.base.jit import leaf, njit
from kmc_li.kernels.lattice.occupancy import BLOCKED, DEAD, LI, around, is_li


@leaf
def wrapped(x, n):
    """Index on a periodic axis, for x in -n..2n-1."""
    return x + n if x < 0 else x - n if x >= n else x


@leaf
def is_live(value):
    """Whether a voxel is Li with a path to the collector."""
    return (value & (LI | DEAD)) == LI


@leaf
def conducts(value):
    """Whether current can pass the faces of a voxel: it is live, and not a collector that cannot dissolve."""
    return (value & (LI | DEAD | BLOCKED)) == LI


@leaf
def live_faces(cell, box, column, s):
    """How many of a voxel's neighbours current can pass to."""
    faces = int(conducts(cell[column * box.ns + s - 1]))
    if s + 1 < box.ns:
        faces += int(conducts(cell[column * box.ns + s + 1]))
    for other in around(box, column):
        if other != column:
            faces += int(conducts(cell[other * box.ns + s]))
    return faces


@leaf
def area_ratio_along(box, gx, gy, gz):
    """Staircase area over true area of a plane normal to (gx, gy, gz): 1 along (100), sqrt 3 along (111)."""
    if box.nx == 1:
        gx = 0
    if box.ny == 1:
        gy = 0
    square = gx * gx + gy * gy + gz * gz
    return (abs(gx) + abs(gy) + abs(gz)) / np.sqrt(np.float64(square)) if square > 0 else 1.0


@njit
def staircase_area_ratio(cell, box, column, s):
    """Staircase area over true area at a cell, by the normal of the deposit smoothed over three voxels."""
    x, y = column // box.ny, column % box.ny
    gx, gy, gz = 0, 0, 0
    for i in range(-1, 2):
        for j in range(-1, 2):
            base = (wrapped(x + i, box.nx) * box.ny + wrapped(y + j, box.ny)) * box.ns
            for k in range(-1 if s > 0 else 0, 2):
                if is_li(cell[base + s + k]):
                    smooth = (2 - abs(i)) * (2 - abs(j)) * (2 - abs(k))
                    gx += i * smooth
                    gy += j * smooth
                    gz += k * smooth
    return area_ratio_along(box, gx, gy, gz)
