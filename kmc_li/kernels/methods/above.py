"""Walkers above the deposit where a potential is held: they land or escape to the counter electrode.

Between the launch plane, one above the highest bud, and the plane at which the potential is held the potential rises
evenly but for waves, and what these planes pass down is what a plane of walkers does that are launched at the rate
potential over distance, wander up and down, and are gone when they reach that plane. So a walker that escapes is an
attempt that fails: the waiting time of attempts makes the current exact, whatever the deposit draws.
"""

import numpy as np

from kmc_li.kernels.base.jit import leaf, njit
from kmc_li.kernels.methods.free_regions import BITS, PAD, wrap
from kmc_li.kernels.methods.walk_draws import MASK, uniform

NOWHERE = 1 << 40  # last plane where the current is set
FAR = 2  # periods of the cell up from where a walker comes back anywhere, but for 4e-6 (the slowest wave: exp(-4 pi))


def begin(method, box, n):
    """Current and potential of an even film as thick as the highest bud, until walkers say better."""
    area, resistance = float(box.nx * box.ny), float(method.law.wagner[0])
    n.plate_sum, n.potential = area, resistance + 0.5
    if method.held[0] > 0.0:
        n.plate_sum = area * method.held[0] / (resistance + method.held[1] - n.top_plane)
        n.potential *= n.plate_sum / area


@leaf
def launched(method, box, n):
    """Current of the walkers that set out, with those that escape; the current through a column is 1."""
    area = float(box.nx * box.ny)
    return area * method.held[0] / (method.held[1] - n.top_plane - 0.5) if method.held[0] > 0.0 else area


@leaf
def last_plane(method):
    """Plane half a voxel below the one at which the potential is held."""
    return np.int64(method.held[1]) if method.held[0] > 0.0 else NOWHERE


@njit
def move(regions, box, x, y, s, launch, last, a, b):
    """Where a walker above the launch plane goes next: (x, y, s), s below 0 for gone."""
    high = s - launch
    if s == last:
        pick, ways = uniform(a, b), 3 + 2 * int(box.nx > 1) + 2 * int(box.ny > 1)
        pick *= ways
        if pick < 2.0:  # half a voxel conducts twice as well
            return x, y, -1
        if pick < 3.0:
            return x, y, s - 1
        step = int(pick) - 3
        if box.nx > 1 and step < 2:
            return wrap(x + 2 * step - 1, box.nx), y, s
        return x, wrap(y + 2 * (step & 1) - 1, box.ny), s
    if high >= FAR * max(box.nx, box.ny):
        left = uniform(a, b) * (last - launch + 0.5) - high
        if left < 0.0:
            return x, y, -1
        column = min(int(left / (last - launch + 0.5 - high) * (box.nx * box.ny)), box.nx * box.ny - 1)
        return column // box.ny, column % box.ny, launch
    cube = min(high, last - s, PAD - 1)
    entry = 2 * (regions.cubes[3 * cube] + ((a & MASK) * regions.cubes[3 * cube + 1] >> 32))
    jump = regions.exits[entry + 1] >> 30 * int((b & MASK) >= regions.exits[entry])
    s += (jump >> 20 & BITS) - PAD
    return regions.x[x + (jump & BITS)], regions.y[y + (jump >> 10 & BITS)], s
