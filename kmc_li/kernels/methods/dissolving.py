"""Li that dissolves where the layer presses hard: by which current each column does, and which ion leaves next.

`method` is kernels.methods.guided.Guided, `n` the counters.
"""

import math

from kmc_li.kernels.base import verbs
from kmc_li.kernels.base.jit import leaf, njit
from kmc_li.kernels.lattice.occupancy import around, is_empty
from kmc_li.kernels.lattice.surface import is_live
from kmc_li.kernels.solver.equations import strip_current, strip_face


@njit
def current_of(method, cell, box, height, n, column):
    """Current by which the Li of a column dissolves."""
    total = 0.0
    if height[column] > n.rest_plane:
        for s in range(max(int(math.floor(n.rest_plane)) + 1, 1), height[column] + 1):
            if not is_empty(cell[column * box.ns + s]):
                total += strip_current(cell, box, method.field, method.law, column, s)
    return total


@njit
def list_all(method, model, cell, box, height, n):
    """Currents by which columns dissolve, all anew."""
    n.strip_sum = 0.0
    if not model.strip or verbs.lowers_shifts(method.layer):
        return
    for column in range(box.nx * box.ny):
        method.dissolving[column] = current_of(method, cell, box, height, n, column)
        n.strip_sum += method.dissolving[column]
    method.listed[0] = n.rest_plane


@leaf
def across(box, column, s, q):
    """(column, plane) behind face q of a voxel, and the height of the face in half voxels; column -1: no neighbour."""
    if q < 4:
        other = around(box, column)[q]
        return other if other != column else -1, s, 2 * s - 1
    return column, 2 * q - 9 + s, 2 * s + 2 * q - 10


@njit
def ion(method, box, state, rng):
    """(Li voxel that dissolves, electrolyte voxel its ion starts from), by the dissolving currents; -1 for none."""
    n, cell, chosen = state.counters[0], state.lattice.cell, -1
    left = rng.random() * n.strip_sum
    for column in range(box.nx * box.ny):
        if method.dissolving[column] > 0.0:
            chosen = column
            left -= method.dissolving[column]
            if left < 0.0:
                break
    if chosen < 0:
        return -1, -1
    left, metal, start = rng.random() * method.dissolving[chosen], -1, -1
    for s in range(max(int(math.floor(n.rest_plane)) + 1, 1), state.lattice.height[chosen] + 1):
        if not is_live(cell[chosen * box.ns + s]):
            continue
        for q in range(6):
            column, t, h = across(box, chosen, s, q)
            if column < 0:
                continue
            current = strip_face(cell, box, method.field, method.law, column, t, h)
            if current > 0.0:
                metal, start = chosen * box.ns + s, column * box.ns + t
                left -= current
                if left < 0.0:
                    return metal, start
    return metal, start
