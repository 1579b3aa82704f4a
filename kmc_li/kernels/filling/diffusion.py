"""Surface diffusion: Li moves along the surface from convex to concave places (Mullins, J. Appl. Phys. 28, 333 (1957)).

The flux -B grad(curvature) passes between neighbouring voxels in proportion to how much of the surface lies in them;
what a voxel gains or loses is carried by the cell of the surface on its normal.
"""

import math

import numpy as np

from kmc_li.kernels.base.jit import njit
from kmc_li.kernels.filling import fills as filling
from kmc_li.kernels.filling import surface
from kmc_li.kernels.lattice.occupancy import around

STEP = 0.4  # of B t / voxel^4 at once
LITTLE = np.float32(0.01)  # area of a voxel that takes part


@njit
def _flow(fills, box, first, amount):
    """Units that each voxel gains: `moved`."""
    for column in range(box.nx * box.ny):
        a = column * box.ns
        fills.moved[a + first : a + fills.end[column]] = 0
    scale = amount * fills.full
    for column in range(box.nx * box.ny):
        _, east, _, north = around(box, column)
        for s in range(first, fills.end[column]):
            i = column * box.ns + s
            if fills.area[i] <= LITTLE:
                continue
            for other in (east * box.ns + s, north * box.ns + s, i + 1):
                if (other == i + 1 and s + 1 >= box.ns) or fills.area[other] <= LITTLE:
                    continue
                difference = np.float64(fills.curvature[i]) - np.float64(fills.curvature[other])
                weight = 0.5 * (np.float64(fills.area[i]) + np.float64(fills.area[other]))
                units = int(math.floor(scale * weight * difference + 0.5))
                fills.moved[i] -= units
                fills.moved[other] += units


@njit
def _deliver(box, state, first):
    fills = state.method.fills
    for column in range(box.nx * box.ny):
        for s in range(first, fills.end[column]):
            i = column * box.ns + s
            units = int(fills.moved[i])
            if units == 0:
                continue
            carrier = int(fills.carrier[i])
            if units > 0:
                filling.gain(box, state, carrier, units)
            else:
                filling.lose(box, state, carrier, -units, False)


@njit
def diffuse(box, state, amount):
    """Surface diffusion for B t / voxel^4 = amount. The surface has been measured before the last of its steps."""
    fills, first = state.method.fills, 1
    steps = int(math.ceil(amount / STEP))
    for _ in range(steps):
        first = surface.look(box, state)
        _flow(fills, box, first, amount / steps)
        _deliver(box, state, first)
    return first
