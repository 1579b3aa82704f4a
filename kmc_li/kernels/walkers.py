"""Where the next ion lands, drawn by letting it walk: the exact event probabilities of a field that nobody solves.

A walker that steps along the links of the lattice with probability proportional to their conductance, 1 to an
electrolyte voxel and 1 / (W/voxel + 1/2) to a Li face, visits the voxels as often as the potential says: the equation
of the mean number of visits is that of phi (Witten and Sander, Phys. Rev. B 27, 5686 (1983)). So it is absorbed at a
voxel with probability I_f / I, whatever the deposit looks like, and at a cost that knows no box. This holds for linear
kinetics without shifts; a shift, a layer or a law in another power of the current needs the potential itself.

Above the deposit nothing happens: a walker starts anywhere on the plane above the highest bud, which is where the even
current from far above puts it. One that leaves this plane upwards comes back to it after a while, displaced by a random
step of which the distribution on the periodic half lattice is known exactly.
"""

import math
from typing import NamedTuple

import numpy as np

from .clearance import free
from .field import is_face, slope
from .jit import leaf, njit
from .lattice import is_empty

PATIENCE = 10**9  # moves after which a walker has nowhere to go: no metal is within reach
HIGH = 0.05  # share of the columns that counts as high
HEIGHTS = 6  # a walker above the launch plane comes down 1, 2, 4, .. 32 planes at a time


class Walkers(NamedTuple):
    """Displacements of a walker on its way down from above, as alias tables; what a face conducts."""

    keep: np.ndarray  # float64 (HEIGHTS, columns)
    other: np.ndarray  # int32 (HEIGHTS, columns)
    wagner: np.ndarray  # float64 (1,): Wagner length over voxel
    weight: np.ndarray  # int64 (1,), 1: faces count with their share of the true area


@leaf
def _beside(box, x, y, i, direction):
    """Voxel next to voxel i of column (x, y): west, east, south, north, below, above."""
    if direction == 0:
        return i - box.ny * box.ns if x > 0 else i + (box.nx - 1) * box.ny * box.ns
    if direction == 1:
        return i + box.ny * box.ns if x + 1 < box.nx else i - (box.nx - 1) * box.ny * box.ns
    if direction == 2:
        return i - box.ns if y > 0 else i + (box.ny - 1) * box.ns
    if direction == 3:
        return i + box.ns if y + 1 < box.ny else i - (box.ny - 1) * box.ns
    return i - 1 if direction == 4 else i + 1


@njit
def _at_surface(cell, box, table, x, y, i, first, skipped, rng):
    """Step from a voxel next to Li: (direction or -1 for absorbed, conductance of all links)."""
    faces, free = 0, 0
    for q in range(first, 6):
        if q != skipped and q != skipped + 1:
            beside = cell[_beside(box, x, y, i, q)]
            faces += int(is_face(beside))
            free += int(is_empty(beside))
    length = table.wagner[0]
    if table.weight[0] == 1:
        length *= slope(cell, box, x * box.ny + y, i % box.ns)
    sink = faces / (length + 0.5)
    left = rng.random() * (free + sink) - sink
    if left < 0.0:
        return -1, free + sink
    q = first - 1
    while left >= 0.0 and q < 5:
        q += 1
        if q != skipped and q != skipped + 1 and is_empty(cell[_beside(box, x, y, i, q)]):
            left -= 1.0
            last = q
    return last, free + sink


@njit
def high_plane(columns, area, top):
    """Lowest plane that at most 5 % of the columns exceed."""
    exceed = 0
    for s in range(top, 0, -1):
        exceed += columns[s]
        if exceed > HIGH * area:
            return s
    return 0


@leaf
def _wrap(x, n):
    return x if 0 <= x < n else x % n


@leaf
def _drawn(keep, other, start, size, rng):
    """Entry of an alias table that occupies `size` places from `start` on."""
    pick = int(rng.random() * size)
    return pick if rng.random() < keep[start + pick] else np.int64(other[start + pick])


@njit
def walk(cell, box, table, clear, n, rng):
    """Voxel at which the next ion is absorbed; -1 where no metal can take it."""
    nx, ny, ns = box
    launch = n.top + 1
    # A one-column axis has no links: of the six directions all from `first` on count, but `skipped` and the one after.
    first = 0 if nx > 1 else 2 if ny > 1 else 4
    skipped = 2 if nx > 1 and ny == 1 else -2
    ways = 2 * int(nx > 1) + 2 * int(ny > 1) + 2
    column = int(rng.random() * (nx * ny))
    x, y, s = column // ny, column % ny, launch
    n.walkers += 1
    for _ in range(PATIENCE):
        while s > launch:
            height = min(int(math.log2(s - launch)), HEIGHTS - 1)
            pick = _drawn(table.keep[height], table.other[height], 0, nx * ny, rng)
            x, y, s = _wrap(x + pick // ny, nx), _wrap(y + pick % ny, ny), s - 2**height
        size = free(clear, x, y, s)
        if size >= 0:
            edge = 2 << size
            if launch - s < edge:
                n.visits += clear.visits[size, launch - s + edge - 1] / ways
            start, wide = clear.start[size], 2 * edge - 1
            pick = _drawn(clear.keep, clear.other, start, clear.start[size + 1] - start, rng)
            face = int(rng.random() * ways)
            out = edge if face & 1 else -edge
            along, across = pick % wide - edge + 1, pick // wide - edge + 1 if ny > 1 else 0
            if face < 2:
                x, y, s = _wrap(x + along, nx), _wrap(y + across, ny), s + out
            elif face < 4:
                x, y, s = _wrap(x + out, nx), _wrap(y + across, ny), s + along
            else:
                x, y, s = _wrap(x + across, nx), _wrap(y + out, ny), s + along
            continue
        i = (x * ny + y) * ns + s
        if cell[i] == 0:
            direction = first + int(rng.random() * ways)
            if skipped > 0 and direction >= skipped:
                direction += 2
            total = float(ways)
        else:
            direction, total = _at_surface(cell, box, table, x, y, i, first, skipped, rng)
        if s == launch:
            n.visits += 1.0 / total
        if direction < 0:
            n.high += int(s > n.high_plane + 1)
            return i
        if direction < 2:
            x = _wrap(x + 2 * direction - 1, nx)
        elif direction < 4:
            y = _wrap(y + 2 * direction - 5, ny)
        else:
            s += 2 * direction - 9
    return -1
