"""The event loop: rejection-free kinetic Monte Carlo (n-fold way) with a live field."""

import numpy as np

from . import classes, events, hops, walkers
from .jit import leaf, njit
from .refresh import layer_moved, plan, refresh
from .state import LINEAR, UNIFORM, WALKERS

RUNNING, GROW_SITES, GROW_HOPPERS, FULL, NOTHING = 0, 1, 2, 3, 4


@njit
def advance(model, box, state, rng, max_events, max_net, max_time):
    """Carry out events until a limit is met; returns why it stopped (RUNNING: a limit).

    `max_events` counts voxels plated, stripped and hopped since the start of the run, `max_net` voxels plated less
    stripped, `max_time` is in s. GROW_*: the caller must enlarge the lists and call again.
    """
    if model.monolayer_rate == 0:
        return hops.advance(model, box, state, rng, max_events, max_net, max_time)
    n = state.counters[0]
    area, hopping, live = box.nx * box.ny, model.hop_rate[1] > 0, model.kinetics == LINEAR
    spare = area + 512 + (8 * state.changed.size if hopping else 0)  # where an atom comes or goes, faces open
    while n.events < max_events and n.plated - n.stripped < max_net and n.time < max_time:
        if n.top >= model.nz:
            return FULL
        # What revives may be plated on and dissolve.
        if model.kinetics != WALKERS and classes.room(state.sites) < spare + 7 * n.dead_voxels:
            return GROW_SITES
        rate = _field_rate(model, box, n)
        if hopping:
            # At uniform rates their sum changes with each hop, so that hops come one at a time.
            singly = model.kinetics == UNIFORM
            end = min(max_events, n.events + 1) if singly else max_events
            code, voxel, direction = hops.run(model, box, state, rng, end, max_time, rate)
            if code == hops.SPECIAL:
                settle(model, box, state)
                events.hop(model, box, state, voxel // box.ns, voxel % box.ns, direction)
                n.hopped += 1
                _count(model, box, state, False)
                continue
            if code == hops.SETTLE or singly:
                settle(model, box, state)
            if code == GROW_HOPPERS or code == NOTHING or (code == RUNNING and not singly):
                return code
            if code != hops.OTHER:
                continue
            settle(model, box, state)
        elif rate <= 0.0:
            return NOTHING
        else:
            n.attempts += 1
            n.time += rng.standard_exponential() / rate
        if model.kinetics == WALKERS:
            if n.walkers % max(area // 256, 1) == 0:
                n.high_plane = walkers.high_plane(state.lattice.columns, area, n.top)
            voxel = walkers.walk(state.lattice.cell, box, state.walkers, state.clear, n, rng)
        else:
            voxel = classes.draw(state.sites, rng)
        if voxel < 0:
            return NOTHING
        if model.hits > 1:
            state.hits[voxel] += 1
            if state.hits[voxel] < model.hits:
                continue
            state.hits[voxel] = 0
        column, moved = voxel // box.ns, False
        events.change(model, box, state, column, voxel % box.ns, hopping and live)
        if model.layer and live:
            height, resistance = max(state.lattice.height[column], voxel % box.ns), state.field.wagner[0] + 0.5
            if state.field.charge[0] > 0.0:
                resistance = state.field.charge[4]
            moved = layer_moved(model, box, state.lattice.columns, n, height, np.float64(resistance))
        _count(model, box, state, moved)
    return RUNNING


@leaf
def _field_rate(model, box, n):
    """Sum of the rates of plating and stripping [1/s]."""
    total = (max(n.plate_sum, 0.0) + max(n.strip_sum, 0.0)) * model.monolayer_rate * model.hits
    if model.kinetics == LINEAR and model.potential == 0.0 and n.plate_sum > n.strip_sum:
        total *= box.nx * box.ny / (n.plate_sum - n.strip_sum)  # galvanostatic: the net current is the set one
    return total


@njit
def _count(model, box, state, moved):
    """One more event; refresh the field if that is due, or at once if the layer has `moved`."""
    n = state.counters[0]
    n.events += 1
    if moved:
        n.overdue = 1
    if n.changed == 0:  # else when the changed voxels are settled
        n.since += 1
        _refresh_if_due(model, box, state)


@njit
def settle(model, box, state):
    """Bring field and rates up to date with all that has changed."""
    n = state.counters[0]
    if n.changed > 0:
        n.since += events.catch_up(model, box, state)
        _refresh_if_due(model, box, state)


@njit
def _refresh_if_due(model, box, state):
    n = state.counters[0]
    if model.kinetics != LINEAR:
        return
    early = n.overdue == 1 or n.top + min(model.gap, 2) >= n.uniform  # the deposit is about to leave the grid
    if early or n.since >= n.interval:
        refresh(model, box, state)
        n.overdue = 0
        if not early:
            plan(model, n)
