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

from .clearance import bit, free, three
from .field import live_faces
from .jit import leaf, njit
from .lattice import around
from .local import wrapped

PATIENCE = 10**9  # moves after which a walker has nowhere to go: no metal is within reach
HIGH = 0.05  # share of the columns that counts as high
INNER, SPAN = 3, 32  # heights of which the inner displacements have a table small enough to stay in the cache
HEIGHTS = 6  # a walker above the launch plane comes down 1, 2, 4, .. 32 planes at a time


class Walkers(NamedTuple):
    """Displacements of a walker on its way down from above, as alias tables; what a face conducts."""

    keep: np.ndarray  # float64 (HEIGHTS, columns); without the inner displacements where there is a table of these
    other: np.ndarray  # int32 (HEIGHTS, columns)
    inner_keep: np.ndarray  # float64 (INNER, SPAN^2 + 1): displacements below SPAN/2 each way, and all others as one
    inner_other: np.ndarray  # int32 (INNER, SPAN^2 + 1); no rows on small lattices
    wagner: np.ndarray  # float64 (1,): Wagner length over voxel
    weight: np.ndarray  # int64 (1,), 1: faces count with their share of the true area


@leaf
def _slope(clear, box, x, y, column, s):
    """Sum of |components| of the unit normal of the smoothed deposit at a voxel, as `field.slope`."""
    gx, gy, gz = 0, 0, 0
    for i in range(-1, 2):
        base = wrapped(x + i, box.nx) * box.ny
        for j in range(-1, 2):
            bits = three(clear, box.nx * box.ny, base + wrapped(y + j, box.ny), s)
            smooth = (bits & 1) + (bits & 2) + (bits >> 2)
            gx += i * (2 - abs(j)) * smooth
            gy += j * (2 - abs(i)) * smooth
            gz += (2 - abs(i)) * (2 - abs(j)) * ((bits >> 2) - (bits & 1))
    if box.nx == 1:
        gx = 0
    if box.ny == 1:
        gy = 0
    square = gx * gx + gy * gy + gz * gz
    return (abs(gx) + abs(gy) + abs(gz)) / np.sqrt(np.float64(square)) if square > 0 else 1.0


@njit
def _at_surface(cell, box, table, clear, x, y, s, around_it, closed, dead, rng):
    """Step from a voxel next to metal: (direction or -1 for absorbed, conductance of all links).

    `around_it`: bits of the directions where metal is; `closed`: of those where there is no link.
    """
    faces, free_ways = 0, 0
    column = x * box.ny + y
    for q in range(6):
        faces += around_it >> q & 1
        free_ways += 1 - ((around_it | closed) >> q & 1)
    if dead > 0:
        faces = live_faces(cell, box, column, s)
    length = table.wagner[0]
    if table.weight[0] == 1:
        length *= _slope(clear, box, x, y, column, s)
    sink = faces / (length + 0.5)
    left = rng.random() * (free_ways + sink) - sink
    if left < 0.0:
        return -1, free_ways + sink
    last = 0
    for q in range(6):
        if (around_it | closed) >> q & 1 == 0 and left >= 0.0:
            left -= 1.0
            last = q
    return last, free_ways + sink


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
    columns, dead = nx * ny, n.dead_voxels
    # Directions: west, east, south, north, below, above. A one-column axis has no links.
    closed = 3 * int(nx == 1) + 12 * int(ny == 1)
    first, gap, ways = 2 * int(nx == 1), 2 * int(ny == 1), 2 * int(nx > 1) + 2 * int(ny > 1) + 2
    column = int(rng.random() * columns)
    x, y, s = column // ny, column % ny, launch
    n.walkers += 1
    for _ in range(PATIENCE):
        while s > launch:
            height = min(int(math.log2(s - launch)), HEIGHTS - 1)
            s -= 2**height
            if height < table.inner_keep.shape[0]:
                pick = _drawn(table.inner_keep[height], table.inner_other[height], 0, SPAN * SPAN + 1, rng)
                if pick < SPAN * SPAN:
                    x, y = _wrap(x + pick // SPAN - SPAN // 2, nx), _wrap(y + pick % SPAN - SPAN // 2, ny)
                    continue
            pick = _drawn(table.keep[height], table.other[height], 0, nx * ny, rng)
            x, y = _wrap(x + pick // ny, nx), _wrap(y + pick % ny, ny)
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
        column = x * ny + y
        west, east, south, north = around(box, column)
        own = three(clear, columns, column, s)
        metal = (own & 1) << 4 | (own & 4) << 3
        if nx > 1:
            metal |= bit(clear, columns, west, s) | bit(clear, columns, east, s) << 1
        if ny > 1:
            metal |= bit(clear, columns, south, s) << 2 | bit(clear, columns, north, s) << 3
        if metal == 0:
            direction = first + int(rng.random() * ways)
            if direction > 1:
                direction += gap
            total = float(ways)
        else:
            direction, total = _at_surface(cell, box, table, clear, x, y, s, metal, closed, dead, rng)
        if s == launch:
            n.visits += 1.0 / total
        if direction < 0:
            n.high += int(s > n.high_plane + 1)
            return column * ns + s
        if direction < 2:
            x = _wrap(x + 2 * direction - 1, nx)
        elif direction < 4:
            y = _wrap(y + 2 * direction - 5, ny)
        else:
            s += 2 * direction - 9
    return -1
