"""The global refresh of the field: move the grid with the deposit, press the layer, multigrid, rates, drift.

Between refreshes only a window around each event is relaxed (events.py). A refresh measures by how much it changed
the event probabilities (total variation) and sets the number of events to the next one from that.
"""

import numpy as np

from . import classes, layer, multigrid, rates
from .field import hold_top, law_arrays, linearise, set_cells, set_planes, set_top
from .jit import leaf, njit
from .lattice import around, is_empty, top

SLACK = 4  # uniform planes added at a time when the deposit rises
BURIED = 0.1  # share of the tolerance that may stay frozen below the grid
SAFETY = 0.7  # drift aimed at, over the tolerance
SETTLED = 0.25  # drift of one more cycle, over the tolerance, below which a refresh is done
MOST_CYCLES = 6
LAYER_SHARE = 0.3  # current moved by the layer between refreshes, over the tolerance, that calls for one at once


@njit
def _centre(s, uniform):
    """Height of the centre of plane s when planes double in thickness from `uniform` on."""
    if s < uniform:
        return s - 0.5
    return uniform - 1 + 2.0 ** (s - uniform + 1) * 1.5 - 2.0


@njit
def _carry_over(phi, box, old_uniform, old_hi, uniform, hi, new):
    """Interpolate the potential from the planes at their old heights to the new ones, linearly along each column."""
    for a in range(0, box.nx * box.ny * box.ns, box.ns):
        j = old_uniform - 1
        for s in range(old_uniform, hi):
            z = _centre(s, uniform)
            while j + 2 < old_hi and _centre(j + 1, old_uniform) < z:
                j += 1
            below, value = _centre(j, old_uniform), np.float64(phi[a + j])
            slope = (np.float64(phi[a + j + 1]) - value) / (_centre(j + 1, old_uniform) - below)
            new[s - old_uniform] = value + slope * (z - below)
        for s in range(old_uniform, hi):
            phi[a + s] = new[s - old_uniform]


@njit
def move_grid(model, box, field, n):
    """Keep `gap` uniform planes above the highest bud; carry the potential over to the new planes. True if moved."""
    if n.top + model.gap < n.uniform:
        return False
    old_uniform, old_hi = n.uniform, n.hi
    n.uniform = min(n.top + model.gap + SLACK, box.ns - model.extra_planes - 1)
    n.hi = n.uniform + model.extra_planes
    if model.potential > 0.0:  # as many as fit below the plane where it is held
        n.uniform = min(n.uniform, int(model.reference) + 1)
        n.hi, reached = n.uniform, n.uniform + 1.0  # the upper face of the first stretched plane
        while n.hi < n.uniform + model.extra_planes and reached <= model.reference:
            n.hi += 1
            reached += 2.0 ** (n.hi - n.uniform + 1)
    for s in range(field.thickness.shape[0]):
        field.thickness[s] = 2.0 ** (s - n.uniform + 1) if s >= n.uniform else 1.0
    if old_hi > 0:
        _carry_over(field.phi, box, old_uniform, old_hi, n.uniform, n.hi, field.work)
    return True


@njit
def press_layer(model, box, columns, field, n):
    """Rest plane, face shifts and conductivity of the layer; returns the lowest plane whose equations changed."""
    before = n.rest
    n.rest = layer.rest_plane(columns, n.top, box.nx * box.ny, model.stack_pressure, model.hardness)
    layer.set_shift(field.shift, n.rest, model.hardness, model.shift_per_pressure)
    changed = False
    if model.layer_conductivity != 1.0:
        changed = layer.set_conductivity(
            field.kappa, field.thickness, n.hi, n.rest, model.layer_thickness, model.layer_conductivity
        )
    return n.lo if changed else max(int(min(before, n.rest)), n.lo)


@leaf
def _highest(box, height, column):
    """No face lies above this plane: the highest Li of a column and its neighbours, and the plane on it."""
    highest = height[column]
    for other in around(box, column):
        highest = max(highest, height[other])
    return highest + 2


@njit
def _sum(model, cell, box, height, field, sites, lo, hi, plain, current, former):
    """Sums by plane: current[plane] of the rates of plating from the present field, former[plane] of all listed rates.

    Returns the sum of stripping.
    """
    phi, sink, rhs, shift, law = field.phi, field.sink, field.rhs, field.shift, law_arrays(field)
    zero, smallest, strip = phi.dtype.type(0), phi.dtype.type(rates.SMALLEST), 0.0
    for s in range(lo, hi):
        current[s] = 0.0
        former[s] = 0.0
    for column in range(box.nx * box.ny):
        end = max(min(_highest(box, height, column), hi), lo)
        stop = max(min(end, plain), lo)
        a = column * box.ns
        potential, conductance, into = phi[a + lo : a + stop], sink[a + lo : a + stop], current[lo:stop]
        listed, old = sites.rate[a + lo : a + stop], former[lo:stop]
        for k in range(stop - lo):
            old[k] += np.float64(listed[k])
        for k in range(stop - lo):
            new = potential[k] * conductance[k]
            into[k] += np.float64(new if new >= smallest else zero)
        for s in range(stop, end):
            former[s] += np.float64(sites.rate[a + s])
            rate = np.float64(np.float32(rates.site_rate(model, cell, box, phi, sink, rhs, shift, law, column, s)))
            if is_empty(cell[a + s]):
                current[s] += rate
            else:
                strip += rate
    return strip


@njit
def _list(model, cell, box, height, field, sites, lo, hi, plain, old_scale, new_scale, difference):
    """Put the rates on the lists. difference[plane]: sum of |old p - new p|."""
    phi, sink, rhs, shift, law = field.phi, field.sink, field.rhs, field.shift, law_arrays(field)
    zero, smallest, new = phi.dtype.type(0), phi.dtype.type(rates.SMALLEST), field.fresh[: hi - lo]
    is_bits = new.view(np.int32)
    for s in range(lo, hi):
        difference[s] = 0.0
    for column in range(box.nx * box.ny):
        end = max(min(_highest(box, height, column), hi), lo)
        stop = max(min(end, plain), lo)
        a = column * box.ns
        b = a + lo
        potential, conductance, listed = phi[b : a + stop], sink[b : a + stop], sites.rate[b : a + stop]
        change, was_bits = difference[lo:stop], listed.view(np.int32)
        for k in range(stop - lo):
            current = potential[k] * conductance[k]
            new[k] = current if current >= smallest else zero
        moved = np.int32(0)
        for k in range(stop - lo):
            moved |= is_bits[k] ^ was_bits[k]
        for k in range(stop - lo):
            before = np.float64(listed[k])
            change[k] += abs(before * old_scale - np.float64(new[k]) * new_scale)
        if moved >> 23 != 0:  # some leave their power of two, that is, their class
            for k in range(stop - lo):
                if (is_bits[k] ^ was_bits[k]) >> 23 != 0:
                    classes.put(sites, b + k, new[k])
        for k in range(stop - lo):
            listed[k] = new[k]
        for s in range(stop, end):
            before = np.float64(sites.rate[a + s])
            if cell[a + s] > 0 or before > 0.0:
                rate = np.float32(rates.site_rate(model, cell, box, phi, sink, rhs, shift, law, column, s))
                classes.put(sites, a + s, rate)
                difference[s] += abs(before * old_scale - np.float64(sites.rate[a + s]) * new_scale)


@njit
def all_rates(model, box, state):
    """Rates of all voxels in the grid from the present potential; returns TV between old and new probabilities."""
    n, cell, height, ns = state.counters[0], state.lattice.cell, state.lattice.height, box.ns
    lo, hi, plain = n.lo, min(n.top + 2, box.ns - 1), rates.plain_below(model, state.field, n)
    current, former, difference = (
        state.plane_current[:ns], state.plane_current[ns : 2 * ns], state.plane_current[2 * ns :],
    )  # fmt: skip
    n_old = n.plate_sum + n.strip_sum
    strip = _sum(model, cell, box, height, state.field, state.sites, lo, hi, plain, current, former)
    plate, listed, drift = 0.0, 0.0, 0.0
    for s in range(lo, hi):
        plate += current[s]
        listed += former[s]
    buried = max(n_old - listed, 0.0) if lo > 1 else 0.0  # sites below the grid keep their last rate
    _list(
        model, cell, box, height, state.field, state.sites, lo, hi, plain,
        1.0 / max(n_old, 1e-300), 1.0 / max(plate + strip + buried, 1e-300), difference,
    )  # fmt: skip
    for s in range(lo, hi):
        drift += difference[s]
    n.plate_sum = plate + buried
    n.strip_sum = strip
    return 0.5 * drift


@leaf
def throughput(model, box, n):
    """Current through the box: the set one, or where a potential is held all that plates and dissolves."""
    return max(n.plate_sum + n.strip_sum, 1e-300) if model.potential > 0.0 else np.float64(box.nx * box.ny)


@njit
def raise_floor(model, plane_current, n):
    """Leave out of the grid what lies too deep to draw current; true if the floor moved."""
    limit = BURIED * model.tolerance * (n.plate_sum + n.strip_sum)
    if limit <= 0.0:  # no rates yet
        return False
    below, floor = 0.0, n.lo
    for s in range(n.lo, n.top):
        below += plane_current[s]
        if below > limit:
            break
        floor = s
    if floor - 4 < n.lo + SLACK:
        return False
    n.lo = floor - 4
    return True


@njit
def refresh(model, box, state):
    """Bring field and rates up to date with the deposit; returns the drift (TV of the event probabilities).

    Where a potential is held, the drift of the whole current counts as well.

    A cycle leaves about a third of the error that it finds, so one is enough unless something jumped.
    """
    n, field, cell = state.counters[0], state.field, state.lattice.cell
    n.top = top(state.lattice.columns, min(n.top, box.ns - 1))
    risen = raise_floor(model, state.plane_current, n)
    moved = move_grid(model, box, field, n)
    changed = n.lo if moved else n.hi
    if model.layer:
        changed = min(changed, press_layer(model, box, state.lattice.columns, field, n))
    if changed == n.lo or risen:
        set_planes(field, state.tree, n.lo, n.hi)
        set_cells(field, cell, box, n.lo, n.lo + 1)
        if model.potential > 0.0:
            above = layer.resistance_above(model, field.kappa, field.thickness, n.top, n.hi, n.rest)
            hold_top(field, box, n.hi, above, model.potential)
            set_cells(field, cell, box, n.hi - 1, n.hi)
    if changed < n.hi:
        set_cells(field, cell, box, changed, n.hi if changed == n.lo else min(n.top + 3, n.uniform))
        if model.potential == 0.0:
            set_top(field.rhs, box, n.hi - 1)
    n.drift = 0.0
    for k in range(MOST_CYCLES):
        if field.charge[0] > 0.0:
            linearise(field, cell, box, n.lo, min(n.top + 3, n.hi))
        if k == 0 or field.charge[0] > 0.0:
            multigrid.coarsen_all(
                field.idiag, field.sink, field.cx, field.cy, field.cz, field.dirty, state.tree, field.work
            )
        residual = multigrid.cycle(
            field.phi, field.idiag, field.rhs, field.cx, field.cy, field.cz, state.tree, field.work
        )
        before = n.plate_sum - n.strip_sum
        change = all_rates(model, box, state)
        if model.potential > 0.0:  # the current, which sets the pace, as exactly as its shares
            change = max(change, abs(n.plate_sum - n.strip_sum - before) / max(n.plate_sum + n.strip_sum, 1e-300))
        n.drift += change
        n.residual = residual / throughput(model, box, n)
        n.cycles += 1
        if change <= SETTLED * model.tolerance:
            break
    n.refreshes += 1
    n.since = 0
    return n.drift


@njit
def layer_moved(model, box, columns, n, height, resistance):
    """Whether a column that has or had this height moved the layer so far that the rates of pressed faces are off."""
    if height <= n.rest:
        return False
    rest = layer.rest_plane(columns, n.top, box.nx * box.ny, model.stack_pressure, model.hardness)
    pressed = 0
    for h in range(n.top, -1, -1):
        if h <= min(rest, n.rest):
            break
        pressed += columns[h]
    change = abs(rest - n.rest) * abs(model.shift_per_pressure) * pressed
    return change > LAYER_SHARE * model.tolerance * resistance * throughput(model, box, n)


@njit
def plan(model, n):
    """Events until the next refresh, so that the drift stays at the tolerance."""
    ratio = SAFETY * model.tolerance / max(n.drift, 1e-12)
    n.interval = min(max(n.interval * min(max(ratio, 0.3), 1.3), 1.0), 1e9)
