"""The grid on which guided walkers keep the potential: a few planes around the layer, close together in memory.

With a linear law it begins some planes below the layer's rest plane, where nothing is asked any more. When its floor
rises, what each cell passed on downward becomes a conductance of that cell, so that the potential does not notice.

`method` is kernels.methods.guided.Guided, `n` the counters.
"""

import math

import numpy as np

from kmc_li.kernels.base import verbs
from kmc_li.kernels.base.jit import leaf, njit
from kmc_li.kernels.lattice.occupancy import is_empty
from kmc_li.kernels.solver.columns import set_columns
from kmc_li.kernels.solver.equations import hold_top, place, set_planes
from kmc_li.kernels.solver.hierarchy import LANES
from kmc_li.kernels.solver.refresh import SLACK, centre, end_of_planes, resistance_above

DEPTH = 14  # planes from the rest plane down to the grid's floor, with a linear law
USUAL = 0.01  # tolerance for which all this is set; a smaller one makes all finer in proportion
DEEP = 0.15  # share of the current that may flow below the floor, with any other
FAINT = 2e-4  # mean potential, in voxels of electrolyte, below which no more than this share of the current goes deeper
MARGIN = 16  # planes by which what conducts may come down between two refreshes
BENT = 0.0005  # share of the current by which the law may differ from its tangent there
MOST_RISE = 8  # of the highest bud between two refreshes that the grid makes room for
ROOM_AHEAD = 8  # more even planes where tips run ahead: they would rise beyond these long before a refresh is due
CEILING, FLOOR, TOP, START = 0, 1, 2, 3  # in `planned`
TINY = 1e-6  # potential above which a cell of the floor conducts


@leaf
def finer(method):
    """How much smaller than usual the error has to be, <= 1."""
    return min(method.settings.tolerance / USUAL, 1.0)


@leaf
def first_followed(method, n):
    """Lowest plane where faces draw something else than conductance times potential."""
    if verbs.is_linear(method.law):
        return max(int(math.floor(n.rest_plane)) + 1, n.first_plane)
    return n.first_plane


@leaf
def _comes_down(model, n):
    """Whether what draws current may soon lie deep below: Li that dissolves does, and what is dead draws none."""
    return model.cycled and n.stripping + n.dead_voxels > 0


@njit
def _unlit(method, box, n):
    """Plane some way below which the potential is too small for any current to matter."""
    field = method.field
    for s in range(n.top_plane, n.first_plane - 1, -1):
        total = 0.0
        for column in range(box.nx * box.ny):
            total += np.float64(field.phi[place(field, column, s)])
        if total < FAINT * box.nx * box.ny:
            return max(s - MARGIN, 1)
    return max(n.first_plane - MARGIN, 1)


@njit
def wanted_floor(method, model, box, n):
    """Plane at which the grid may begin when it is set up next: by then its equations are those of today."""
    if _comes_down(model, n):
        return _unlit(method, box, n) if verbs.is_linear(method.law) else 1
    if verbs.is_linear(method.law):
        depth = int(DEPTH * (1.0 - math.log10(finer(method))))  # the potential falls exponentially with depth
        return max(min(int(n.rest_plane) - depth, n.top_plane), 1)
    field, below, bent, wanted = method.field, 0.0, 0.0, n.first_plane
    while wanted < n.top_plane:
        for column in range(box.nx * box.ny):
            a = place(field, column, wanted)
            below += np.float64(field.surface_conductance[a]) * np.float64(field.phi[a])
            bent += abs(np.float64(field.rhs[a]))
        if below > finer(method) * DEEP * n.plate_sum or bent > BENT * n.plate_sum:
            break
        wanted += 1
    return wanted


@njit
def _raise_floor(method, cell, box, wanted):
    """Let the cells of the new lowest plane conduct what they have passed on downward."""
    field, zero = method.field, method.floor.dtype.type(0)
    least = field.phi.dtype.type(TINY)
    for column in range(box.nx * box.ny):
        i, a = column * box.ns + wanted, place(field, column, wanted)
        method.floor[column] = zero
        if is_empty(cell[i]) and is_empty(cell[i - 1]) and field.phi[a] > max(field.phi[a - 1], least):
            method.floor[column] = field.cz[wanted] * (field.phi[a] - field.phi[a - 1]) / field.phi[a]


@njit
def _carry_over(method, box, n, first, stretch, end):
    """The potential from the planes in use to first..end-1, of which those from `stretch` on double in thickness."""
    field, new = method.field, method.field.rhs  # the right-hand side is made anew afterwards
    old_places, old_base = field.window
    planes = min(-(-(end - first + 2) // LANES) * LANES, box.ns)
    even = min(n.stretch_start, stretch, end)
    common = min(max(first, n.first_plane), even)
    lower, share, j = method.sums[: box.ns], method.sums[box.ns : 2 * box.ns], even - 1
    for s in range(even, end):
        z = centre(s, stretch)
        while j + 2 < n.end_plane and centre(j + 1, n.stretch_start) < z:
            j += 1
        height = centre(j, n.stretch_start)
        lower[s], share[s] = j, (z - height) / (centre(j + 1, n.stretch_start) - height)
    for column in range(box.nx * box.ny):
        a, b = column * old_places - old_base, column * planes - (first - 1)
        new[b + first - 1] = 0
        for s in range(first, min(n.first_plane, end)):
            new[b + s] = field.phi[a + n.first_plane]
        old, kept = field.phi[a + common : a + even], new[b + common : b + even]
        for k in range(even - common):
            kept[k] = old[k]
        for s in range(even, end):
            o = a + int(lower[s])
            value = np.float64(field.phi[o])
            new[b + s] = value + (np.float64(field.phi[o + 1]) - value) * share[s]
    for i in range(box.nx * box.ny * planes):
        field.phi[i] = new[i]
    field.window[0], field.window[1] = planes, first - 1
    method.hierarchy.shape[0, 2] = planes


@njit
def _arrange(method, model, cell, box, n):
    """Planes that suit the deposit as it is now; true if they have changed."""
    field, settings, first, stretch = method.field, method.settings, n.first_plane, n.stretch_start
    if n.top_plane + settings.gap >= stretch or n.top_plane + settings.gap + SLACK + MARGIN < stretch:
        gap = settings.gap
        if n.refreshes > 0 and verbs.lowers_shifts(method.layer):
            gap += ROOM_AHEAD
        elif n.refreshes > 0:
            gap = max(gap, min(n.top_plane - method.planned[TOP], MOST_RISE) + 2)  # as far as it has risen last
        stretch = n.top_plane + gap + SLACK
    wanted = method.planned[FLOOR]
    if abs(wanted - first) >= SLACK:
        first = wanted
    _, end = end_of_planes(settings, stretch)
    if first != n.first_plane or end != n.end_plane:  # planes in eights: loops over them take no longer
        spare = (first - end) % LANES
        lower = max(min(spare, first - n.first_plane), 0)
        first, stretch = first - lower, stretch + spare - lower
    stretch, end = end_of_planes(settings, min(stretch, box.ns - settings.extra_planes - 1))
    if first == n.first_plane and end == n.end_plane and stretch == n.stretch_start:
        return False
    if first > n.first_plane:
        _raise_floor(method, cell, box, first)
    for s in range(field.thickness.shape[0]):
        field.thickness[s] = 2.0 ** (s - stretch + 1) if s >= stretch else 1.0
    _carry_over(method, box, n, first, stretch, end)
    n.first_plane, n.stretch_start, n.end_plane = first, stretch, end
    return True


@leaf
def open_cell(method, cell, box, column):
    """Let a cell of the lowest plane conduct to what lies below the grid, too."""
    field, below, s = method.field, method.floor[column], method.field.window[1] + 1
    a, real = place(field, column, s), field.phi.dtype.type
    if s > 1 and below > real(0) and field.inverse_diagonal[a] > real(0) and is_empty(cell[column * box.ns + s - 1]):
        field.surface_conductance[a] += below
        field.inverse_diagonal[a] = real(1) / (real(1) / field.inverse_diagonal[a] + below)


@njit
def set_equations(method, model, box, lattice, n):
    """The layer, and the equations of all cells."""
    field, law, cell, held = method.field, method.law, lattice.cell, method.settings.potential
    moved = _arrange(method, model, cell, box, n)
    verbs.press(method.layer, box.nx * box.ny, lattice.height_histogram, field, n)
    if moved:
        set_planes(field, method.hierarchy, n.first_plane, n.end_plane)
        if held > 0.0:
            beyond = resistance_above(method, n.top_plane, n.end_plane, n.rest_plane)
            hold_top(field, box, n.end_plane, beyond, held)
    reached = max(n.top_plane, method.planned[TOP])  # also by Li that has left since the last refresh
    end = n.end_plane if moved else min(reached + 3, n.stretch_start)
    shifted = min(first_followed(method, n), end)
    set_columns(field, method.columns, law, cell, box, lattice.height, n.first_plane, shifted, end)
    for column in range(box.nx * box.ny):
        open_cell(method, cell, box, column)
    if moved and held == 0.0:
        for column in range(box.nx * box.ny):
            field.rhs[place(field, column, n.end_plane - 1)] = 1
