"""The global refresh of the field: move the grid with the deposit, press the layer, multigrid, rates, drift.

Between refreshes only a window around each event is relaxed (local_repair.py). A refresh measures by how
much it changed the event probabilities (total variation) and sets the number of events to the next one from that.

`method` is kernels.methods.multigrid.Multigrid, `n` the counters.
"""

import numpy as np

from kmc_li.kernels.base import verbs
from kmc_li.kernels.base.jit import leaf, njit
from kmc_li.kernels.lattice.occupancy import highest_around, is_empty, top
from kmc_li.kernels.selection import composition_rejection as selection
from kmc_li.kernels.solver import hierarchy, multigrid, rates, sealed
from kmc_li.kernels.solver.equations import hold_top, linearise, set_cells, set_planes, set_top

SLACK = 4  # uniform planes added at a time when the deposit rises
BURIED = 0.1  # share of the tolerance that may stay frozen below the grid
SAFETY = 0.7  # drift aimed at, over the tolerance
SETTLED = 0.25  # drift of one more cycle, over the tolerance, below which a refresh is done
MOST_CYCLES = 6


@njit
def centre(s, uniform):
    """Height of the centre of plane s when planes double in thickness from `uniform` on."""
    if s < uniform:
        return s - 0.5
    return uniform - 1 + 2.0 ** (s - uniform + 1) * 1.5 - 2.0


@njit
def _carry_over(phi, box, old_uniform, old_end, uniform, end, new):
    """Interpolate the potential from the planes at their old heights to the new ones, linearly along each column."""
    for a in range(0, box.nx * box.ny * box.ns, box.ns):
        j = old_uniform - 1
        for s in range(old_uniform, end):
            z = centre(s, uniform)
            while j + 2 < old_end and centre(j + 1, old_uniform) < z:
                j += 1
            below, value = centre(j, old_uniform), np.float64(phi[a + j])
            slope = (np.float64(phi[a + j + 1]) - value) / (centre(j + 1, old_uniform) - below)
            new[s - old_uniform] = value + slope * (z - below)
        for s in range(old_uniform, end):
            phi[a + s] = new[s - old_uniform]


@leaf
def end_of_planes(settings, stretch):
    """(first stretched plane, one past the last); where a potential is held, as many as fit below the plane of it."""
    end = stretch + settings.extra_planes
    if settings.potential > 0.0:
        stretch = min(stretch, int(settings.reference) + 1)
        end, reached = stretch, stretch + 1.0  # the upper face of the first stretched plane
        while end < stretch + settings.extra_planes and reached <= settings.reference:
            end += 1
            reached += 2.0 ** (end - stretch + 1)
    return stretch, end


@njit
def move_grid(settings, box, field, n):
    """Keep `gap` uniform planes above the highest bud; carry the potential over to the new planes. True if moved."""
    if n.top_plane + settings.gap < n.stretch_start:
        return False
    old_uniform, old_end = n.stretch_start, n.end_plane
    n.stretch_start = min(n.top_plane + settings.gap + SLACK, box.ns - settings.extra_planes - 1)
    n.stretch_start, n.end_plane = end_of_planes(settings, n.stretch_start)
    for s in range(field.thickness.shape[0]):
        field.thickness[s] = 2.0 ** (s - n.stretch_start + 1) if s >= n.stretch_start else 1.0
    if old_end > 0:
        _carry_over(field.phi, box, old_uniform, old_end, n.stretch_start, n.end_plane, field.work)
    return True


@njit
def _sum(model, cell, box, height, method, first, end_plane, plain, current, former):
    """Sums by plane: current[plane] of the rates of plating from the present field, former[plane] of all listed rates.

    Returns the sum of stripping.
    """
    phi, sink, sites = method.field.phi, method.field.surface_conductance, method.sites
    zero, smallest, strip = phi.dtype.type(0), phi.dtype.type(rates.SMALLEST), 0.0
    for s in range(first, end_plane):
        current[s] = 0.0
        former[s] = 0.0
    for column in range(box.nx * box.ny):
        end = max(min(highest_around(box, height, column) + 2, end_plane), first)
        stop = max(min(end, plain), first)
        a = column * box.ns
        potential, conductance, into = phi[a + first : a + stop], sink[a + first : a + stop], current[first:stop]
        listed, old = sites.rate[a + first : a + stop], former[first:stop]
        for k in range(stop - first):
            old[k] += np.float64(listed[k])
        for k in range(stop - first):
            new = potential[k] * conductance[k]
            into[k] += np.float64(new if new >= smallest else zero)
        for s in range(stop, end):
            former[s] += np.float64(sites.rate[a + s])
            rate = np.float64(np.float32(rates.site_rate(model, cell, box, method, column, s)))
            if is_empty(cell[a + s]):
                current[s] += rate
            else:
                strip += rate
    return strip


@njit
def _list(model, cell, box, height, method, first, end_plane, plain, old_scale, new_scale, difference):
    """Put the rates on the lists. difference[plane]: sum of |old p - new p|."""
    field, sites = method.field, method.sites
    phi, sink = field.phi, field.surface_conductance
    zero, smallest, new = phi.dtype.type(0), phi.dtype.type(rates.SMALLEST), field.fresh[: end_plane - first]
    is_bits = new.view(np.int32)
    for s in range(first, end_plane):
        difference[s] = 0.0
    for column in range(box.nx * box.ny):
        end = max(min(highest_around(box, height, column) + 2, end_plane), first)
        stop = max(min(end, plain), first)
        a = column * box.ns
        b = a + first
        potential, conductance, listed = phi[b : a + stop], sink[b : a + stop], sites.rate[b : a + stop]
        change, was_bits = difference[first:stop], listed.view(np.int32)
        for k in range(stop - first):
            current = potential[k] * conductance[k]
            new[k] = current if current >= smallest else zero
        moved = np.int32(0)
        for k in range(stop - first):
            moved |= is_bits[k] ^ was_bits[k]
        for k in range(stop - first):
            before = np.float64(listed[k])
            change[k] += abs(before * old_scale - np.float64(new[k]) * new_scale)
        if moved >> 23 != 0:  # some leave their power of two, that is, their class
            for k in range(stop - first):
                if (is_bits[k] ^ was_bits[k]) >> 23 != 0:
                    selection.put(sites, b + k, new[k])
        for k in range(stop - first):
            listed[k] = new[k]
        for s in range(stop, end):
            before = np.float64(sites.rate[a + s])
            if cell[a + s] > 0 or before > 0.0:
                rate = np.float32(rates.site_rate(model, cell, box, method, column, s))
                selection.put(sites, a + s, rate)
                difference[s] += abs(before * old_scale - np.float64(sites.rate[a + s]) * new_scale)


@njit
def all_rates(method, model, box, lattice, n):
    """Rates of all voxels in the grid from the present potential; returns TV between old and new probabilities."""
    cell, height, ns = lattice.cell, lattice.height, box.ns
    first, end, plain = n.first_plane, min(n.top_plane + 2, ns - 1), rates.plain_below(model, method, n)
    scratch = method.plane_current
    current, former, difference = scratch[:ns], scratch[ns : 2 * ns], scratch[2 * ns :]
    n_old = n.plate_sum + n.strip_sum
    strip = _sum(model, cell, box, height, method, first, end, plain, current, former)
    plate, listed, drift = 0.0, 0.0, 0.0
    for s in range(first, end):
        plate += current[s]
        listed += former[s]
    buried = max(n_old - listed, 0.0) if first > 1 else 0.0  # sites below the grid keep their last rate
    old_scale, new_scale = 1.0 / max(n_old, 1e-300), 1.0 / max(plate + strip + buried, 1e-300)
    _list(model, cell, box, height, method, first, end, plain, old_scale, new_scale, difference)
    for s in range(first, end):
        drift += difference[s]
    n.plate_sum = plate + buried
    n.strip_sum = strip
    return 0.5 * drift


@leaf
def throughput(settings, box, n):
    """Current through the box: the set one, or where a potential is held all that plates and dissolves."""
    return max(n.plate_sum + n.strip_sum, 1e-300) if settings.potential > 0.0 else np.float64(box.nx * box.ny)


@njit
def raise_floor(settings, plane_current, n):
    """Leave out of the grid what lies too deep to draw current; true if the floor moved."""
    limit = BURIED * settings.tolerance * (n.plate_sum + n.strip_sum)
    if limit <= 0.0 or n.stripping > 0:  # no rates yet; a deposit that dissolves comes down
        return False
    below, floor = 0.0, n.first_plane
    for s in range(n.first_plane, n.top_plane):
        below += plane_current[s]
        if below > limit:
            break
        floor = s
    if floor - 4 < n.first_plane + SLACK:
        return False
    n.first_plane = floor - 4
    return True


@njit
def resistance_above(method, top_plane, end, rest):
    """Resistance of a column from the upper face of the highest plane, end - 1, to the reference plane.

    With what the planes above the deposit lack, which hold the mean conductivity where the layer ends inside them.
    """
    reference, field = method.settings.reference, method.field
    total = reference - top_plane + verbs.added_resistance(method.layer, reference, top_plane, rest)
    for s in range(top_plane + 1, end):
        total -= np.float64(field.thickness[s]) / np.float64(field.kappa[s])
    return max(total, 0.0)


@njit
def set_equations(method, box, lattice, n, risen):
    """Equations of all cells that the moved grid and the pressed layer have changed."""
    field, law, settings, cell = method.field, method.law, method.settings, lattice.cell
    moved = move_grid(settings, box, field, n)
    changed = n.first_plane if moved else n.end_plane
    changed = min(changed, verbs.press(method.layer, box.nx * box.ny, lattice.height_histogram, field, n))
    if changed == n.first_plane or risen:
        set_planes(field, method.hierarchy, n.first_plane, n.end_plane)
        set_cells(field, law, cell, box, n.first_plane, n.first_plane + 1)
        if settings.potential > 0.0:
            above = resistance_above(method, n.top_plane, n.end_plane, n.rest_plane)
            hold_top(field, box, n.end_plane, above, settings.potential)
            set_cells(field, law, cell, box, n.end_plane - 1, n.end_plane)
    if changed < n.end_plane:
        end = n.end_plane if changed == n.first_plane else min(n.top_plane + 3, n.stretch_start)
        set_cells(field, law, cell, box, changed, end)
        if settings.potential == 0.0:
            set_top(field.rhs, box, n.end_plane - 1)


@njit
def refresh(method, model, box, lattice, counters):
    """Bring field and rates up to date with the deposit; returns the drift (TV of the event probabilities).

    Where a potential is held, the drift of the whole current counts as well.

    A cycle leaves about a third of the error that it finds, so one is enough unless something jumped.
    """
    n, field, settings, grids = counters[0], method.field, method.settings, method.hierarchy
    linear = verbs.is_linear(method.law)
    n.top_plane = top(lattice.height_histogram, min(n.top_plane, box.ns - 1))
    set_equations(method, box, lattice, n, raise_floor(settings, method.plane_current, n))
    inverse_diagonal, sink, cx, cy, cz = field.inverse_diagonal, field.surface_conductance, field.cx, field.cy, field.cz
    n.drift = 0.0
    for k in range(MOST_CYCLES):
        if not linear:
            linearise(field, method.law, lattice.cell, box, n.first_plane, min(n.top_plane + 3, n.end_plane))
        if k == 0 or not linear:
            hierarchy.coarsen_all(inverse_diagonal, sink, cx, cy, cz, field.dirty, grids, field.work)
        residual = multigrid.cycle(field.phi, inverse_diagonal, field.rhs, cx, cy, cz, grids, field.work)
        if method.law.wagner[0] > sealed.WIDE:  # coarse cells reach into pores
            sealed.drain_all(field, lattice.cell, box, method.reached, n.first_plane, n.top_plane, n.rest_plane)
        before = n.plate_sum - n.strip_sum
        change = all_rates(method, model, box, lattice, n)
        if settings.potential > 0.0:  # the current, which sets the pace, as exactly as its shares
            change = max(change, abs(n.plate_sum - n.strip_sum - before) / max(n.plate_sum + n.strip_sum, 1e-300))
        n.drift += change
        n.residual = residual / throughput(settings, box, n)
        n.cycles += 1
        if change <= SETTLED * settings.tolerance:
            break
    n.refreshes += 1
    n.since = 0
    return n.drift


def plan(tolerance, n, longer):
    """Events until the next refresh, so that the drift stays at the tolerance; at most `longer` times the last ones."""
    ratio = SAFETY * tolerance / max(n.drift, 1e-12)
    n.interval = min(max(n.interval * min(max(ratio, 0.3), longer), 1.0), 1e9)
