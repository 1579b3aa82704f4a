"""The global refresh of the field: move the grid with the deposit, press the layer, multigrid, rates, drift.

Between refreshes only a window around each event is relaxed (events.py). A refresh measures by how much it changed
the event probabilities (total variation) and sets the number of events to the next one from that.
"""

import numpy as np

from . import classes, events, layer, multigrid, rates
from .field import set_cells, set_planes, set_top
from .jit import njit
from .lattice import NEIGHBOURS, is_empty, top

SLACK = 4  # uniform planes added at a time when the deposit rises
CYCLES = 1
BURIED = 0.02  # share of the tolerance that may stay frozen below the grid
SAFETY = 0.5  # drift aimed at, over the tolerance


@njit
def move_grid(model, state):
    """Keep `gap` uniform planes above the highest bud; carry the potential over to the new planes. True if moved."""
    n, field = state.counters[0], state.field
    n.top = top(state.lattice, min(max(n.top, 0), state.lattice.cell.shape[2] - 1))
    if n.top + model.gap < n.uniform:
        return False
    old_uniform, old_hi = n.uniform, n.hi
    n.uniform = min(n.top + model.gap + SLACK, state.lattice.cell.shape[2] - model.extra_planes - 1)
    n.hi = n.uniform + model.extra_planes
    for s in range(field.thickness.shape[0]):
        field.thickness[s] = 2.0 ** (s - n.uniform + 1) if s >= n.uniform else 1.0
    if old_hi > 0:
        _carry_over(field, old_uniform, old_hi, n.uniform, n.hi)
    return True


@njit
def _carry_over(field, old_uniform, old_hi, uniform, hi):
    """Interpolate the potential from the planes at their old heights to the new ones, linearly along each column."""
    nx, ny, _ = field.phi.shape
    new = np.empty(hi - old_uniform)
    for x in range(nx):
        for y in range(ny):
            column = field.phi[x, y]
            j = old_uniform - 1
            for s in range(old_uniform, hi):
                z = _centre(s, uniform)
                while j + 2 < old_hi and _centre(j + 1, old_uniform) < z:
                    j += 1
                below = _centre(j, old_uniform)
                slope = (float(column[j + 1]) - float(column[j])) / (_centre(j + 1, old_uniform) - below)
                new[s - old_uniform] = float(column[j]) + slope * (z - below)
            for s in range(old_uniform, hi):
                column[s] = new[s - old_uniform]


@njit
def _centre(s, uniform):
    """Height of the centre of plane s when planes double in thickness from `uniform` on."""
    if s < uniform:
        return s - 0.5
    return uniform - 1 + 2.0 ** (s - uniform + 1) * 1.5 - 2.0


@njit
def press_layer(model, state):
    """Rest plane, face shifts and conductivity of the layer; returns the lowest plane whose equations changed."""
    n, field = state.counters[0], state.field
    nx, ny, ns = field.phi.shape
    before = n.rest
    n.rest = layer.rest_plane(state.lattice.columns, n.top, nx * ny, model.stack_pressure, model.hardness)
    layer.set_shift(field.shift, n.rest, model.hardness, model.shift_per_pressure)
    if model.layer_conductivity != 1.0:
        if layer.set_conductivity(
            field.kappa, field.thickness, n.hi, n.rest, model.layer_thickness, model.layer_conductivity
        ):
            set_planes(field, state.tree, n.lo, n.hi)
            return n.lo
    return max(int(min(before, n.rest)), 1)


@njit
def _scan(model, cell, field, where, lo, hi, rest, found_site, found_rate, plane_current):
    """Rates of all voxels of planes lo..hi-1 that have one or are listed; returns (how many, plating, stripping sum)."""
    nx, ny, ns = cell.shape
    found, plate, strip = 0, 0.0, 0.0
    plane_current[:] = 0.0
    for x in range(nx):
        for y in range(ny):
            for s in range(lo, hi):
                here = cell[x, y, s]
                empty = is_empty(here)
                if (empty and (here & NEIGHBOURS) != 0) or (not empty and s > rest - 1):
                    rate = np.float32(rates.site_rate(model, cell, field, x, y, s))
                    voxel = (x * ny + y) * ns + s
                    if rate > 0 or where[voxel] >= 0:
                        found_site[found] = voxel
                        found_rate[found] = rate
                        found += 1
                        plane_current[s] += rate
                        if empty:
                            plate += rate
                        else:
                            strip += rate
    return found, plate, strip


@njit
def _replace(sites, found, found_site, found_rate, old_total, new_total):
    """List the new rates; returns (TV between old and new probabilities, sum of the rates that were replaced)."""
    difference, listed = 0.0, 0.0
    old_scale, new_scale = 1.0 / max(old_total, 1e-300), 1.0 / max(new_total, 1e-300)
    for i in range(found):
        old = classes.rate_of(sites, found_site[i])
        listed += old
        difference += abs(old * old_scale - found_rate[i] * new_scale)
        classes.put(sites, found_site[i], found_rate[i])
    return 0.5 * difference, listed


@njit
def all_rates(model, state):
    """Rates of all voxels in the grid from the present potential; returns TV between old and new probabilities."""
    n, cell = state.counters[0], state.lattice.cell
    end = min(n.top + 2, cell.shape[2] - 1)
    found, plate, strip = _scan(
        model, cell, state.field, state.sites.where, n.lo, end, n.rest,
        state.scan_site, state.scan_rate, state.plane_current,
    )  # fmt: skip
    old_total = n.plate_sum + n.strip_sum
    drift, listed = _replace(state.sites, found, state.scan_site, state.scan_rate, old_total, plate + strip)
    n.plate_sum = plate + max(old_total - listed, 0.0)  # sites below the grid keep their last rate
    n.strip_sum = strip
    return drift


@njit
def raise_floor(model, state):
    """Leave out of the grid what lies too deep to draw current; true if the floor moved."""
    n = state.counters[0]
    limit = BURIED * model.tolerance * (n.plate_sum + n.strip_sum)
    below, floor = 0.0, n.lo
    for s in range(n.lo, n.top):
        below += state.plane_current[s]
        if below > limit:
            break
        floor = s
    floor = max(floor - 4, 1)
    if floor < n.lo + SLACK:
        return False
    n.lo = floor
    return True


@njit
def refresh(model, state, cycles):
    """Bring field and rates up to date with the deposit; returns the drift (TV of the event probabilities)."""
    n, field, cell = state.counters[0], state.field, state.lattice.cell
    moved = move_grid(model, state)
    if moved:
        set_planes(field, state.tree, n.lo, n.hi)
    changed = n.hi
    if model.layer:
        changed = press_layer(model, state)
    if moved:
        changed = n.lo
    set_cells(field, cell, changed, n.hi)
    set_top(field, n.hi - 1)
    multigrid.coarsen_all(field.idiag, field.sink, field.cx, field.cy, field.cz, state.tree)
    residual = 0.0
    for _ in range(cycles):
        residual = multigrid.cycle(
            field.phi, field.idiag, field.rhs, field.cx, field.cy, field.cz, state.tree, field.work
        )
    n.residual = residual / (cell.shape[0] * cell.shape[1])
    n.cycles += cycles
    n.refreshes += 1
    n.since = 0
    n.drift = all_rates(model, state)
    if raise_floor(model, state):
        set_planes(field, state.tree, n.lo, n.hi)
        set_cells(field, cell, n.lo, n.lo + 1)
    return n.drift


@njit
def plan(model, state):
    """Events until the next refresh, so that the drift stays at the tolerance."""
    n = state.counters[0]
    ratio = SAFETY * model.tolerance / max(n.drift, 1e-12)
    n.interval = min(max(n.interval * min(max(ratio, 0.5), 1.5), 1.0), 1e9)


@njit
def list_hoppers(cell, hoppers):
    """Put all surface Li on the hop lists."""
    nx, ny, ns = cell.shape
    for x in range(nx):
        for y in range(ny):
            for s in range(1, ns):
                events.note_hopper(cell, hoppers, x, y, s)


@njit
def restore_grid(state):
    """Tables of the coarse grids for the planes in use, after a state was loaded."""
    n = state.counters[0]
    multigrid.pair_planes(state.tree, n.lo, n.hi, state.field.thickness)
