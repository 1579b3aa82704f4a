"""The potential that guided walkers ask for: kept near the layer, mended around events, refreshed in between.

Only faces that a shift or a curved law reaches need it. With a linear law those are the faces above the layer's rest
plane: what happens away from them waits for the refresh.

Between refreshes the deposit grows towards the counter electrode, and the potential at a fixed height falls. A window
around an event does not see that, so the fall is foreseen: a straight line over the height, times the events since the
last refresh; each refresh corrects it by what it finds. Without it the highest tips get too much or too little, which
tests of the whole field (TV) hardly show but deposits do.

`method` is kernels.methods.guided.Guided, `n` the counters.
"""

import numpy as np

from kmc_li.kernels.base import verbs
from kmc_li.kernels.base.jit import leaf, njit
from kmc_li.kernels.lattice.occupancy import Box, around, highest_around, is_empty, top
from kmc_li.kernels.lattice.surface import live_faces, wrapped
from kmc_li.kernels.methods import dissolving, walkers
from kmc_li.kernels.methods.guide_grid import (
    CEILING,
    FLOOR,
    START,
    TOP,
    finer,
    first_followed,
    open_cell,
    set_equations,
    wanted_floor,
)
from kmc_li.kernels.solver import extrapolation, hierarchy, local_repair, multigrid, profile
from kmc_li.kernels.solver.equations import place, set_cell

REACH = 2.0  # voxels below the rest plane from which on events are mended
PLANES = 8  # height of the window that is relaxed after an event
NEAR, SWEEPS = 1, 1  # its half-width, and how often
NEAR_DELICATE, SWEEPS_DELICATE = 2, 2  # the same where what is pressed draws current, or dissolves
CADENCE = 1.2  # events a column between refreshes
CAREFUL = 0.25  # the same where Li dissolves or is about to: the potential decides on more
HELD = 0.1  # the same where a potential is held: it decides on the current
TOUCHY = 4.0  # shift of a bud higher by a voxel, in even potentials, from which on Li is about to dissolve
SOME = 5e-4  # share of the current that has to dissolve for this
YOUNG, FIRST = 1.0, 0.1  # over the mean thickness, and at least, at the start, when the deposit changes fastest
RISE = 6  # by which the highest bud may grow between them with a curved law, to which the field of buds matters
STRIPPING = 50.0  # how much the share of the current that dissolves adds to the refreshes
CYCLES, MOST_CYCLES = 1, 5  # of a refresh
MUCH = 10.0  # residual over the current that asks for another cycle
YOUNG_AHEAD, FIRST_AHEAD, CYCLES_AHEAD = 0.4, 0.04, 2  # the same where tips run ahead, so that errors of them grow
GAIN, GAIN_CAREFUL = 1.0, 0.7  # share of the error of the foreseen fall that corrects it; where that is restless
DRIFT = 0.012  # in cycles: TV of what is followed that a refresh may find, which sets when the next one comes
LONGER, LEAST = 2.0, 0.02  # it comes after at most so many times as many events, and after at least so many a column
SINCE = 0.05  # share of the even potential by which shifts may move until the dissolving currents are summed anew
MARGIN = 1.5  # by which a curved law may come to conduct better before the next refresh
STEEPEST = 20.0  # foreseen fall at most, in even potentials a monolayer, or shares of the potential


@leaf
def _runs_ahead(method, n):
    """Whether what is pressed draws current and grows by it, so that a tip runs ahead, and errors of its share grow."""
    return n.stripping == 0 and verbs.lowers_shifts(method.layer)


@leaf
def is_followed(method, n, s):
    """Whether the faces of a cell of this plane draw something else than conductance times potential."""
    return (s > n.rest_plane and s >= n.first_plane) or (not verbs.is_linear(method.law) and s >= n.first_plane)


@njit
def _is_near(method, model, box, height, n, column, s):
    """Whether the potential around an event has to be mended at once."""
    if not verbs.is_linear(method.law):
        return s > n.rest_plane - REACH or model.cycled
    if s <= n.rest_plane - REACH:
        return False
    x, y = column // box.ny, column % box.ny
    for i in range(-1, 2):
        base = wrapped(x + i, box.nx) * box.ny
        for j in range(-1, 2):
            if height[base + wrapped(y + j, box.ny)] > n.rest_plane:
                return True
    return False


@njit
def _followed(method, cell, box, height, n, drawn):
    """Sums over the cells that are followed: of w, h w, h^2 w, and of conductance times phi and h phi.

    The weight w is the conductance by what the fall is a share of (`_unit`). drawn: the current of each column's.
    """
    field, first = method.field, first_followed(method, n)
    weight, first_moment, second_moment, potential, product = 0.0, 0.0, 0.0, 0.0, 0.0
    for column in range(box.nx * box.ny):
        highest = highest_around(box, height, column)
        drawn[column] = 0.0
        for s in range(first, highest + 2):
            a = place(field, column, s)
            conductance = np.float64(field.surface_conductance[a])
            if conductance > 0.0 and is_empty(cell[column * box.ns + s]):
                h, phi = _height(method, n, s), np.float64(field.phi[a])
                w = conductance * _unit(method, phi)
                weight += w
                first_moment += w * h
                second_moment += w * h * h
                potential += conductance * phi
                product += conductance * h * phi
                drawn[column] += max(conductance * phi - np.float64(field.rhs[a]), 0.0)
    return weight, first_moment, second_moment, potential, product


@leaf
def _height(method, n, s):
    """Above the rest plane, for only what is pressed is followed; with a curved law below the highest bud, so <= 0."""
    if verbs.is_linear(method.law):
        return max(min(s, n.top_plane + 1) - n.rest_plane, 0.0)
    return float(min(s - n.top_plane - 1, 0))


@leaf
def _unit(method, phi):
    """What the fall counts in: with a linear law voltages add up, with any other it is a share of the potential."""
    return 1.0 if verbs.is_linear(method.law) else phi


@leaf
def _lowered(method, n, s, phi):
    """A potential of the last refresh, less what it has presumably fallen since."""
    x = max(method.fall[0] + method.fall[1] * _height(method, n, s), 0.0) * n.since
    return phi - x if verbs.is_linear(method.law) else phi / (1.0 + x + 0.5 * x * x)


@leaf
def present(method, n, column, s):
    """Potential of a cell as it presumably is now."""
    even = np.float64(method.field.phi[place(method.field, column, s)])
    return max(_lowered(method, n, s, even), 0.05 * even, 1e-6)


@njit
def _learn(method, model, box, n, before, after):
    """Correct the foreseen fall by what the refresh found: a straight line through the changes over the height."""
    fall, limit = method.fall, STEEPEST / (box.nx * box.ny)
    gain = GAIN_CAREFUL if model.cycled or method.held[0] > 0.0 else GAIN
    if verbs.is_linear(method.law):
        limit *= np.float64(method.law.wagner[0]) + 0.5
    weight, first, second = after[0], after[1], after[2]
    change, moment = before[3] - after[3], before[4] - after[4]
    spread = weight * second - first * first
    if weight <= 0.0 or n.since == 0:
        return
    steeper = 0.0
    if spread > 1e-3 * weight * second:
        steeper = (weight * moment - first * change) / spread
    fall[1] = min(max(fall[1] + gain * steeper / n.since, -limit), limit)
    fall[0] = min(max(fall[0] + gain * (change - steeper * first) / weight / n.since, -limit), limit)


@njit
def _lower(method, box, n):
    """Let the potential near the layer and above fall as foreseen."""
    field, first = method.field, max(first_followed(method, n) - 2, n.first_plane)
    one, zero = field.phi.dtype.type(1), field.phi.dtype.type(0)
    for s in range(first, n.end_plane):
        field.work[s] = _lowered(method, n, s, 1.0) - 1.0
    fall = field.work[first : n.end_plane]
    for column in range(box.nx * box.ny):
        a, b = place(field, column, first), place(field, column, n.end_plane)
        phi, diagonal = field.phi[a:b], field.inverse_diagonal[a:b]
        if verbs.is_linear(method.law):
            for k in range(phi.shape[0]):
                phi[k] = phi[k] + fall[k] if diagonal[k] > zero else phi[k]
        else:
            for k in range(phi.shape[0]):
                phi[k] *= one + fall[k]


@njit
def _note_most(method, cell, box, height, n):
    """The greatest conductance that a walker finds at a face, from the tangents at the present potential."""
    field, most = method.field, 0.0
    for column in range(box.nx * box.ny):
        lowest = n.first_plane + int(method.floor[column] > 0)  # what lies below the grid is no face
        for s in range(lowest, highest_around(box, height, column) + 2):
            a = place(field, column, s)
            slope, phi = np.float64(field.surface_conductance[a]), np.float64(field.phi[a])
            if slope > 0.0 and phi > 0.0 and slope - np.float64(field.rhs[a]) / phi > most:
                faces = live_faces(cell, box, column, s)
                if faces > 0:
                    most = max(most, (slope - np.float64(field.rhs[a]) / phi) / faces)
    method.most[0] = MARGIN * most if most > 0.0 else 1e300
    note_landing(method)


@njit
def note_landing(method):
    """Where a face conducts more than the linear law says, a walker lands with a greater chance."""
    if not verbs.is_linear(method.law):
        walkers.note_most(method.contacts, max(method.most[0], method.contacts.most[1]))


@leaf
def _fill(field, box, column, s):
    """A potential for a voxel that Li has left, where nothing is relaxed until the refresh: the highest beside it."""
    a = place(field, column, s)
    phi = max(field.phi[a], field.phi[a - 1], field.phi[a + 1])
    for other in around(box, column):
        phi = max(phi, field.phi[place(field, other, s)])
    field.phi[a] = phi


@njit
def mend(method, model, box, lattice, n, column, s):
    """After a voxel has changed: the layer, and where it is near, the potential around."""
    field, law, cell, height = method.field, method.law, lattice.cell, lattice.height
    linear = verbs.is_linear(law)
    if max(height[column], s) > n.rest_plane:
        verbs.press(method.layer, box.nx * box.ny, lattice.height_histogram, field, n)
    is_near = s >= n.first_plane and _is_near(method, model, box, height, n, column, s)
    if s + 1 < n.first_plane or not (is_near or (not linear and model.cycled)):
        if not linear and s >= n.first_plane and is_empty(cell[column * box.ns + s]):
            _fill(field, box, column, s)
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
    if not is_near:
        return
    delicate = _runs_ahead(method, n) or n.strip_sum > 0.0
    near, sweeps = (NEAR_DELICATE, SWEEPS_DELICATE) if delicate else (NEAR, SWEEPS)
    base = field.window[1]
    first, end = max(s - PLANES // 2 + 1, n.first_plane), min(s + PLANES // 2 + 1, n.end_plane)
    local_repair.relax(
        field.phi, field.inverse_diagonal, field.rhs, field.cx[base:], field.cy[base:], field.cz[base:],
        Box(box.nx, box.ny, field.window[0]), column, first - base, end - base, near, sweeps, field.patch,
    )  # fmt: skip
    if not model.strip or verbs.lowers_shifts(method.layer):
        return
    pressed = min(2 * max(int(n.rest_plane), 0) + 4, field.shift.shape[0] - 3)
    steepness = abs(np.float64(field.shift[pressed + 2]) - np.float64(field.shift[pressed]))  # a voxel higher
    if abs(n.rest_plane - method.listed[0]) * steepness > SINCE * (law.wagner[0] + 0.5):
        dissolving.list_all(method, model, cell, box, height, n)
        return
    for i in range(-1 if box.nx > 1 else 0, 2 if box.nx > 1 else 1):
        for j in range(-1 if box.ny > 1 else 0, 2 if box.ny > 1 else 1):
            other = wrapped(x + i, box.nx) * box.ny + wrapped(y + j, box.ny)
            change = dissolving.current_of(method, cell, box, height, n, other) - method.dissolving[other]
            method.dissolving[other] += change
            n.strip_sum += change


@njit
def _plan(method, model, box, n):
    """When the next refresh is due, and where its grid may begin."""
    area, planned = box.nx * box.ny, method.planned
    planned[CEILING] = n.stretch_start - min(method.settings.gap, 2)
    if not verbs.is_linear(method.law):
        planned[CEILING] = min(planned[CEILING], n.top_plane + RISE)
    planned[FLOOR] = wanted_floor(method, model, box, n)
    planned[TOP] = n.top_plane
    thickness = abs(n.plated - n.stripped - planned[START]) / area
    shift = np.float64(method.field.shift[2 * n.top_plane + 2]) / (np.float64(method.law.wagner[0]) + 0.5)
    cadence = CAREFUL if model.strip and shift > TOUCHY else CADENCE
    if method.held[0] > 0.0:
        cadence = HELD
    young, first = (YOUNG_AHEAD, FIRST_AHEAD) if _runs_ahead(method, n) else (YOUNG, FIRST)
    n.interval = min(max(young * thickness, first), cadence) * area / (1.0 + STRIPPING * n.strip_sum / area)
    n.interval *= finer(method)
    if model.cycled and n.since > 0:
        n.interval = min(n.interval, max(n.since * min(DRIFT / max(n.drift, 1e-12), LONGER), LEAST * area))


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
    foreseen, found = method.drawn[: box.nx * box.ny], method.drawn[box.nx * box.ny :]
    before = _followed(method, cell, box, lattice.height, n, foreseen)
    if not verbs.is_linear(method.law):
        _note_most(method, cell, box, lattice.height, n)
    hierarchy.coarsen_all(idiag, sink, cx, cy, cz, field.dirty, grids, field.work)
    ahead = _runs_ahead(method, n)
    if ahead:  # planes first, for errors of tips grow: cycles tell them from the rest of their planes
        profile.rescale(field.phi, idiag, field.rhs, cx, cy, cz, grids, method.sums, field.work)
    for k in range(MOST_CYCLES):
        if k >= (CYCLES_AHEAD if ahead else CYCLES) and n.residual < finer(method) * MUCH:
            break
        if ahead:
            for i in range(box.nx * box.ny * field.window[0]):
                method.former[i] = field.phi[i]
        left = multigrid.cycle(field.phi, idiag, field.rhs, cx, cy, cz, grids, field.work, ahead and k > 0)
        n.residual = left / (box.nx * box.ny)
        n.cycles += 1
    if ahead:
        extrapolation.extrapolate(
            field.phi, method.former, idiag, field.rhs, cx, cy, cz, grids, method.sums, field.work
        )
    else:
        profile.rescale(field.phi, idiag, field.rhs, cx, cy, cz, grids, method.sums, field.work)
    _learn(method, model, box, n, before, _followed(method, cell, box, lattice.height, n, found))
    n.drift = 0.0
    for column in range(box.nx * box.ny):
        n.drift += 0.5 * abs(found[column] - foreseen[column]) / (box.nx * box.ny)
    dissolving.list_all(method, model, cell, box, lattice.height, n)
    n.refreshes += 1
    _plan(method, model, box, n)
    n.since = 0
