"""The potential that guided walkers ask for: kept near the layer, mended around events, refreshed in between.

Only faces that a shift or a curved law reaches need it. With a linear law those are the faces above the layer's rest
plane, so the grid begins a few planes below it. When its floor rises, what each cell passed on downward becomes a
conductance of that cell, so that the potential does not notice.

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
from kmc_li.kernels.lattice.occupancy import around, is_empty, top
from kmc_li.kernels.lattice.surface import wrapped
from kmc_li.kernels.solver import hierarchy, local_repair, multigrid
from kmc_li.kernels.solver.equations import linearise, set_cell, set_cells, strip_current
from kmc_li.kernels.solver.refresh import SLACK, set_equations

DEPTH = 14  # planes from the rest plane down to the grid's floor, with a linear law
DEEP = 0.01  # share of the current that may flow below the floor, with any other
REACH = 2.0  # voxels below the rest plane from which on events are mended
PLANES, SWEEPS = 8, 2  # height of the window that is relaxed after an event, how often
CADENCE = 0.2  # events a column between refreshes
STRIPPING = 50.0  # how much the share of the current that dissolves adds to the refreshes
FIRST = 0.1  # of CADENCE at the start, when the deposit changes fastest; all of it from one monolayer on
CYCLES = 2  # of a refresh
GAIN = 0.7  # share of the error of the foreseen fall of the potential that corrects it
TINY = 1e-6  # potential above which a cell of the floor conducts
SINCE = 0.05  # share of the even potential by which shifts may move until the dissolving currents are summed anew
STEEPEST = 20.0  # foreseen fall at most, in even potentials a monolayer


@leaf
def is_followed(method, n, s):
    """Whether the faces of a cell of this plane draw something else than conductance times potential."""
    return s > n.rest_plane or (not verbs.is_linear(method.law) and s >= n.first_plane)


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


@leaf
def _first_followed(method, n):
    return max(int(math.floor(n.rest_plane)) + 1, n.first_plane) if verbs.is_linear(method.law) else n.first_plane


@njit
def _open_floor(method, cell, box, n):
    """Let the cells of the lowest plane conduct to what lies below the grid."""
    for column in range(box.nx * box.ny):
        _open_cell(method, cell, box, n, column, n.first_plane)


@leaf
def _open_cell(method, cell, box, n, column, s):
    field, i = method.field, column * box.ns + s
    set_cell(cell, box, field, method.law, field.weighted[0], column, s)
    real, below = field.phi.dtype.type, method.floor[column]
    if s > 1 and below > real(0) and field.inverse_diagonal[i] > real(0) and is_empty(cell[i - 1]):
        field.surface_conductance[i] += below
        field.inverse_diagonal[i] = real(1) / (real(1) / field.inverse_diagonal[i] + below)


@njit
def _wanted_floor(method, model, cell, box, height, n):
    """Plane at which the grid may begin."""
    if model.cycled and n.stripping + n.dead_voxels > 0:
        return 1  # a deposit that dissolves comes down, and below dead Li currents are those of the whole deposit
    if verbs.is_linear(method.law):
        return max(min(int(n.rest_plane) - DEPTH, n.top_plane), 1)
    field, below, wanted = method.field, 0.0, n.first_plane
    while wanted < n.top_plane:
        for column in range(box.nx * box.ny):
            i = column * box.ns + wanted
            below += np.float64(field.surface_conductance[i]) * np.float64(field.phi[i])
        if below > DEEP * box.nx * box.ny:
            break
        wanted += 1
    return wanted


@njit
def _place_floor(method, model, cell, box, height, n):
    """Where the grid begins; true if that has moved. What a cell passes on downward becomes a conductance there."""
    field, wanted, zero = method.field, _wanted_floor(method, model, cell, box, height, n), method.floor.dtype.type(0)
    least = field.phi.dtype.type(TINY)
    if abs(wanted - n.first_plane) < SLACK:
        return False
    for column in range(box.nx * box.ny if wanted > n.first_plane else 0):
        i = column * box.ns + wanted
        method.floor[column] = zero
        if is_empty(cell[i]) and is_empty(cell[i - 1]) and field.phi[i] > max(field.phi[i - 1], least):
            method.floor[column] = field.cz[wanted] * (field.phi[i] - field.phi[i - 1]) / field.phi[i]
    before, n.first_plane = n.first_plane, wanted
    if wanted < before:
        set_cells(field, method.law, cell, box, wanted, before + 1)
    return True


@njit
def _followed(method, cell, box, height, n):
    """Sums over the cells that are followed, by conductance: of 1, h, h^2, phi and h phi, h their height."""
    field, first = method.field, _first_followed(method, n)
    weight, first_moment, second_moment, potential, product = 0.0, 0.0, 0.0, 0.0, 0.0
    for column in range(box.nx * box.ny):
        highest = _highest(box, height, column)
        for s in range(first, highest + 2):
            i = column * box.ns + s
            conductance = np.float64(field.surface_conductance[i])
            if conductance > 0.0 and is_empty(cell[i]):
                h, phi = _height_above(method, n, s), np.float64(field.phi[i])
                weight += conductance
                first_moment += conductance * h
                second_moment += conductance * h * h
                potential += conductance * phi
                product += conductance * h * phi
    return weight, first_moment, second_moment, potential, product


@leaf
def _height_above(method, n, s):
    return max(min(s, n.top_plane + 1) - n.rest_plane, 0.0) if verbs.is_linear(method.law) else 0.0


@leaf
def fallen(method, n, s):
    """By how much the potential of a plane has presumably fallen since the last refresh."""
    return max(method.fall[0] + method.fall[1] * _height_above(method, n, s), 0.0) * n.since


@leaf
def present(method, n, voxel, s):
    """Potential of a cell, less what it has presumably fallen."""
    even = np.float64(method.field.phi[voxel])
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
    field, first = method.field, max(_first_followed(method, n) - 2, n.first_plane)
    zero = field.phi.dtype.type(0)
    for s in range(first, n.end_plane):
        field.work[s] = fallen(method, n, s)
    fall = field.work[first : n.end_plane]
    for column in range(box.nx * box.ny):
        a = column * box.ns
        phi, diagonal = field.phi[a + first : a + n.end_plane], field.inverse_diagonal[a + first : a + n.end_plane]
        for k in range(phi.shape[0]):
            phi[k] = phi[k] - fall[k] if diagonal[k] > zero else phi[k]


@njit
def _dissolving(method, model, cell, box, height, n, column):
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
        method.dissolving[column] = _dissolving(method, model, cell, box, height, n, column)
        n.strip_sum += method.dissolving[column]
    method.listed[0] = n.rest_plane


@njit
def mend(method, model, box, lattice, n, column, s):
    """After a voxel has changed: the layer, and where it is near, the potential around."""
    field, law, cell, height = method.field, method.law, lattice.cell, lattice.height
    if max(height[column], s) > n.rest_plane:
        verbs.press(method.layer, box.nx * box.ny, lattice.height_histogram, field, n)
    if s + 1 < n.first_plane:
        return
    x, y, reach = column // box.ny, column % box.ny, 3 if field.weighted[0] == 1 else 1
    for i in range(-1 if box.nx > 1 else 0, 2 if box.nx > 1 else 1):
        for j in range(-1 if box.ny > 1 else 0, 2 if box.ny > 1 else 1):
            if abs(i) + abs(j) > reach:
                continue
            other = wrapped(x + i, box.nx) * box.ny + wrapped(y + j, box.ny)
            for k in range(-1, 2):
                if abs(i) + abs(j) + abs(k) > reach or s + k < n.first_plane:
                    continue
                if s + k == n.first_plane:
                    _open_cell(method, cell, box, n, other, s + k)
                else:
                    set_cell(cell, box, field, law, field.weighted[0], other, s + k)
    if not _is_near(method, box, height, n, column, s):
        return
    first, end = max(s - PLANES // 2 + 1, n.first_plane), min(s + PLANES // 2 + 1, n.end_plane)
    local_repair.relax(
        field.phi, field.inverse_diagonal, field.rhs, field.cx, field.cy, field.cz, box, column, first, end, SWEEPS,
        field.patch,
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
            change = _dissolving(method, model, cell, box, height, n, other) - method.dissolving[other]
            method.dissolving[other] += change
            n.strip_sum += change


@njit
def refresh(method, model, box, lattice, counters):
    """Bring the potential up to date with the deposit."""
    n, field, grids, cell = counters[0], method.field, method.hierarchy, lattice.cell
    n.top_plane = top(lattice.height_histogram, min(n.top_plane, box.ns - 1))
    _lower(method, box, n)
    set_equations(method, box, lattice, n, _place_floor(method, model, cell, box, lattice.height, n))
    _open_floor(method, cell, box, n)
    idiag, sink, cx, cy, cz = field.inverse_diagonal, field.surface_conductance, field.cx, field.cy, field.cz
    field.dirty[:] = 1
    before = _followed(method, cell, box, lattice.height, n)
    for k in range(CYCLES):
        if not verbs.is_linear(method.law):
            linearise(field, method.law, cell, box, n.first_plane, min(n.top_plane + 3, n.end_plane))
            _open_floor(method, cell, box, n)
            field.dirty[:] = 1
        if k == 0 or not verbs.is_linear(method.law):
            hierarchy.coarsen_all(idiag, sink, cx, cy, cz, field.dirty, grids, field.work)
        n.residual = multigrid.cycle(field.phi, idiag, field.rhs, cx, cy, cz, grids, field.work) / (box.nx * box.ny)
        n.cycles += 1
    _learn(method, box, n, before, _followed(method, cell, box, lattice.height, n))
    list_dissolving(method, model, cell, box, lattice.height, n)
    n.refreshes += 1
    n.since = 0
    area = box.nx * box.ny
    young = min(max((n.plated - n.stripped) / area, FIRST), 1.0)
    n.interval = CADENCE * young * area / (1.0 + STRIPPING * n.strip_sum / area)
