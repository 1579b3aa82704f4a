"""The potential that guided walkers ask for: kept near the layer, mended around events, refreshed in between.

Only faces that a shift or a curved law reaches need it. With a linear law those are the faces above the layer's rest
plane: what happens away from them waits for the refresh.

Between refreshes the deposit grows towards the counter electrode, and the potential at a fixed height falls. A window
around an event does not see that, so the fall is foreseen: a straight line over the height above the rest plane, times
the events since the last refresh; each refresh corrects it by what it finds. Without it the highest tips get too much
or too little, which tests of the whole field (TV) hardly show but deposits do.

`method` is kernels.methods.guided.Guided, `n` the counters.
"""

import math

import numpy as np

from kmc_li.kernels.base import verbs
from kmc_li.kernels.base.jit import leaf, njit
from kmc_li.kernels.lattice.occupancy import Box, around, is_empty, top
from kmc_li.kernels.lattice.surface import live_faces, wrapped
from kmc_li.kernels.methods.guide_grid import first_followed, open_cell, set_equations
from kmc_li.kernels.solver import hierarchy, local_repair, multigrid
from kmc_li.kernels.solver.equations import place, set_cell, strip_current

REACH = 2.0  # voxels below the rest plane from which on events are mended
PLANES = 8  # height of the window that is relaxed after an event
SWEEPS = 2  # how often
CADENCE = 1.2  # events a column between refreshes
CAREFUL = 0.25  # the same where a potential is held or Li dissolves: then the potential decides on more
SOME = 5e-4  # share of the current that has to dissolve for this
YOUNG, FIRST = 0.4, 0.04  # over the mean thickness, and at least, at the start, when the deposit changes fastest
RISE = 4  # by which the highest bud may grow between them with a curved law, to which the field of buds matters
STRIPPING = 50.0  # how much the share of the current that dissolves adds to the refreshes
CYCLES = 3  # of a refresh
GAIN = 0.7  # share of the error of the foreseen fall of the potential that corrects it
SINCE = 0.05  # share of the even potential by which shifts may move until the dissolving currents are summed anew
MARGIN = 1.5  # by which a curved law may come to conduct better before the next refresh
STEEPEST = 20.0  # foreseen fall at most, in even potentials a monolayer


@leaf
def is_followed(method, n, s):
    """Whether the faces of a cell of this plane draw something else than conductance times potential."""
    return (s > n.rest_plane and s >= n.first_plane) or (not verbs.is_linear(method.law) and s >= n.first_plane)


@njit
def _is_near(method, box, height, n, column, s):
    """Whether the potential around an event has to be mended at once."""
    if not verbs.is_linear(method.law):
        return s >= n.first_plane
    if s <= n.rest_plane - REACH:
        return False
    x, y = column // box.ny, column % box.ny
    for i in range(-1, 2):
        base = wrapped(x + i, box.nx) * box.ny
        for j in range(-1, 2):
            if height[base + wrapped(y + j, box.ny)] > n.rest_plane:
                return True
    return False


@leaf
def _highest(box, height, column):
    """No face lies above the plane on this one: the highest Li of a column and its neighbours."""
    highest = height[column]
    for other in around(box, column):
        highest = max(highest, height[other])
    return highest


@njit
def _followed(method, cell, box, height, n):
    """Sums over the cells that are followed, by conductance: of 1, h, h^2, phi and h phi, h their height."""
    field, first = method.field, first_followed(method, n)
    weight, first_moment, second_moment, potential, product = 0.0, 0.0, 0.0, 0.0, 0.0
    for column in range(box.nx * box.ny):
        highest = _highest(box, height, column)
        for s in range(first, highest + 2):
            a = place(field, column, s)
            conductance = np.float64(field.surface_conductance[a])
            if conductance > 0.0 and is_empty(cell[column * box.ns + s]):
                h, phi = _height_above(method, n, s), np.float64(field.phi[a])
                weight += conductance
                first_moment += conductance * h
                second_moment += conductance * h * h
                potential += conductance * phi
                product += conductance * h * phi
    return weight, first_moment, second_moment, potential, product


@leaf
def _height_above(method, n, s):
    lowest = n.rest_plane if verbs.is_linear(method.law) else float(n.first_plane)
    return max(min(s, n.top_plane + 1) - lowest, 0.0)


@leaf
def fallen(method, n, s):
    """By how much the potential of a plane has presumably fallen since the last refresh."""
    return max(method.fall[0] + method.fall[1] * _height_above(method, n, s), 0.0) * n.since


@leaf
def present(method, n, column, s):
    """Potential of a cell, less what it has presumably fallen."""
    even = np.float64(method.field.phi[place(method.field, column, s)])
    return max(even - fallen(method, n, s), 0.05 * even, 1e-6)


@njit
def _learn(method, box, n, before, after):
    """Correct the foreseen fall by what the refresh found: a straight line through the changes over the height."""
    fall, limit = method.fall, STEEPEST * (np.float64(method.law.wagner[0]) + 0.5) / (box.nx * box.ny)
    weight, first, second = after[0], after[1], after[2]
    change, moment = before[3] - after[3], before[4] - after[4]
    spread = weight * second - first * first
    if weight <= 0.0 or n.since == 0:
        return
    steeper = 0.0
    if spread > 1e-3 * weight * second:
        steeper = (weight * moment - first * change) / spread
    fall[1] = min(max(fall[1] + GAIN * steeper / n.since, -limit), limit)
    fall[0] = min(max(fall[0] + GAIN * (change - steeper * first) / weight / n.since, -limit), limit)


@njit
def _lower(method, box, n):
    """Let the potential near the layer and above fall as foreseen."""
    field, first = method.field, max(first_followed(method, n) - 2, n.first_plane)
    zero = field.phi.dtype.type(0)
    for s in range(first, n.end_plane):
        field.work[s] = fallen(method, n, s)
    fall = field.work[first : n.end_plane]
    for column in range(box.nx * box.ny):
        a, b = place(field, column, first), place(field, column, n.end_plane)
        phi, diagonal = field.phi[a:b], field.inverse_diagonal[a:b]
        for k in range(phi.shape[0]):
            phi[k] = phi[k] - fall[k] if diagonal[k] > zero else phi[k]


@njit
def _dissolving(method, cell, box, height, n, column):
    """Current by which the Li of a column dissolves."""
    total = 0.0
    if height[column] > n.rest_plane:
        for s in range(max(int(math.floor(n.rest_plane)) + 1, 1), height[column] + 1):
            if not is_empty(cell[column * box.ns + s]):
                total += strip_current(cell, box, method.field, method.law, column, s)
    return total


@njit
def list_dissolving(method, model, cell, box, height, n):
    """Currents by which columns dissolve, all anew."""
    n.strip_sum = 0.0
    if not model.strip or verbs.lowers_shifts(method.layer):
        return
    for column in range(box.nx * box.ny):
        method.dissolving[column] = _dissolving(method, cell, box, height, n, column)
        n.strip_sum += method.dissolving[column]
    method.listed[0] = n.rest_plane


@njit
def _note_most(method, cell, box, height, n):
    """The greatest conductance that a walker finds at a face, from the tangents at the present potential."""
    field, most = method.field, 0.0
    for column in range(box.nx * box.ny):
        lowest = n.first_plane + int(method.floor[column] > 0)  # what lies below the grid is no face
        for s in range(lowest, _highest(box, height, column) + 2):
            a = place(field, column, s)
            slope, phi = np.float64(field.surface_conductance[a]), np.float64(field.phi[a])
            if slope > 0.0 and phi > 0.0 and slope - np.float64(field.rhs[a]) / phi > most:
                faces = live_faces(cell, box, column, s)
                if faces > 0:
                    most = max(most, (slope - np.float64(field.rhs[a]) / phi) / faces)
    method.most[0] = MARGIN * most if most > 0.0 else 1e300


@njit
def mend(method, model, box, lattice, n, column, s):
    """After a voxel has changed: the layer, and where it is near, the potential around."""
    field, law, cell, height = method.field, method.law, lattice.cell, lattice.height
    linear = verbs.is_linear(law)
    if max(height[column], s) > n.rest_plane:
        verbs.press(method.layer, box.nx * box.ny, lattice.height_histogram, field, n)
    near = s >= n.first_plane and _is_near(method, box, height, n, column, s)
    if s + 1 < n.first_plane or (linear and not near):
        return
    x, y, reach = column // box.ny, column % box.ny, 1
    if field.weighted[0] == 1 and (n.strip_sum > 0.0 if linear else s + REACH > n.rest_plane):
        reach = 3  # else how steep the deposit is a voxel further on may wait for the refresh
    for i in range(-1 if box.nx > 1 else 0, 2 if box.nx > 1 else 1):
        for j in range(-1 if box.ny > 1 else 0, 2 if box.ny > 1 else 1):
            other = wrapped(x + i, box.nx) * box.ny + wrapped(y + j, box.ny)
            for k in range(-1, 2):
                if abs(i) + abs(j) + abs(k) > reach or s + k < n.first_plane:
                    continue
                set_cell(cell, box, field, law, field.weighted[0], other, s + k)
                if s + k == n.first_plane:
                    open_cell(method, cell, box, other)
    if not near:
        return
    base = field.window[1]
    first, end = max(s - PLANES // 2 + 1, n.first_plane), min(s + PLANES // 2 + 1, n.end_plane)
    local_repair.relax(
        field.phi, field.inverse_diagonal, field.rhs, field.cx[base:], field.cy[base:], field.cz[base:],
        Box(box.nx, box.ny, field.window[0]), column, first - base, end - base, SWEEPS, field.patch,
    )  # fmt: skip
    if not model.strip or verbs.lowers_shifts(method.layer):
        return
    pressed = min(2 * max(int(n.rest_plane), 0) + 4, field.shift.shape[0] - 3)
    steepness = abs(np.float64(field.shift[pressed + 2]) - np.float64(field.shift[pressed]))  # a voxel higher
    if abs(n.rest_plane - method.listed[0]) * steepness > SINCE * (law.wagner[0] + 0.5):
        list_dissolving(method, model, cell, box, height, n)
        return
    for i in range(-1 if box.nx > 1 else 0, 2 if box.nx > 1 else 1):
        for j in range(-1 if box.ny > 1 else 0, 2 if box.ny > 1 else 1):
            other = wrapped(x + i, box.nx) * box.ny + wrapped(y + j, box.ny)
            change = _dissolving(method, cell, box, height, n, other) - method.dissolving[other]
            method.dissolving[other] += change
            n.strip_sum += change


@njit
def refresh(method, model, box, lattice, counters):
    """Bring the potential up to date with the deposit."""
    n, field, grids, cell = counters[0], method.field, method.hierarchy, lattice.cell
    n.top_plane = top(lattice.height_histogram, min(n.top_plane, box.ns - 1))
    _lower(method, box, n)
    set_equations(method, model, box, lattice, n)
    base = field.window[1]
    idiag, sink, cx, cy, cz = (
        field.inverse_diagonal, field.surface_conductance, field.cx[base:], field.cy[base:], field.cz[base:],
    )  # fmt: skip
    field.dirty[:] = 1
    before = _followed(method, cell, box, lattice.height, n)
    if not verbs.is_linear(method.law):
        _note_most(method, cell, box, lattice.height, n)
    for k in range(CYCLES):
        if k == 0:
            hierarchy.coarsen_all(idiag, sink, cx, cy, cz, field.dirty, grids, field.work)
        n.residual = multigrid.cycle(field.phi, idiag, field.rhs, cx, cy, cz, grids, field.work) / (box.nx * box.ny)
        n.cycles += 1
    _learn(method, box, n, before, _followed(method, cell, box, lattice.height, n))
    list_dissolving(method, model, cell, box, lattice.height, n)
    n.refreshes += 1
    n.since = 0
    area = box.nx * box.ny
    method.ceiling[0] = n.stretch_start - min(method.settings.gap, 2)
    if not verbs.is_linear(method.law):
        method.ceiling[0] = min(method.ceiling[0], n.top_plane + RISE)
    thickness = (n.plated - n.stripped) / area
    cadence = CAREFUL if method.held[0] > 0.0 else CADENCE
    n.interval = min(max(YOUNG * thickness, FIRST), cadence) * area / (1.0 + STRIPPING * n.strip_sum / area)
