"""The event loop: rejection-free kinetic Monte Carlo (n-fold way) with a live field."""

import numpy as np

from . import classes, events, hops, walkers
from .jit import njit
from .refresh import layer_moved, plan, refresh
from .state import LINEAR, WALKERS

RUNNING, GROW_SITES, GROW_HOPPERS, FULL, NOTHING = 0, 1, 2, 3, 4


@njit
def advance(model, box, state, rng, max_events, max_net, max_time):
    """Carry out events until a limit is met; returns why it stopped (RUNNING: a limit).

    `max_events` counts voxels plated, stripped and hopped since the start of the run, `max_net` voxels plated less
    stripped, `max_time` is in s. GROW_*: the caller must enlarge the lists and call again.
    """
    n = state.counters[0]
    area = box.nx * box.ny
    hopping = model.hop_rate[1] > 0
    hop_rate, hoppers = model.hop_rate, state.hoppers
    while n.events < max_events and n.plated - n.stripped < max_net and n.time < max_time:
        if n.top >= model.nz:
            return FULL
        # What revives may be plated on and dissolve.
        if model.kinetics != WALKERS and classes.room(state.sites) < area + 512 + 7 * n.dead_voxels:
            return GROW_SITES
        if hopping and hops.listed(hoppers) + 16 > hoppers.site.shape[1]:
            return GROW_HOPPERS
        field_total = max(n.plate_sum, 0.0) + max(n.strip_sum, 0.0)
        if field_total > 0.0:
            field_total *= model.monolayer_rate * model.hits
            if model.kinetics == LINEAR and model.potential == 0.0 and n.plate_sum > n.strip_sum:
                field_total *= area / (n.plate_sum - n.strip_sum)  # galvanostatic: the net current is the set one
        hop_total = 0.0
        if hopping:
            for neighbours in range(1, 6):
                hop_total += 6.0 * hoppers.count[neighbours] * hop_rate[neighbours]
        rate = field_total + hop_total
        if rate <= 0.0:
            return NOTHING
        n.attempts += 1
        n.time += rng.standard_exponential() / rate
        pick = rng.random() * rate
        moved = False
        if pick < hop_total:
            if not _hop(model, box, state, rng, pick):
                continue
            n.hopped += 1
        else:
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
            column = voxel // box.ns
            events.change(model, box, state, column, voxel % box.ns)
            if model.layer and model.kinetics == LINEAR:
                height, resistance = max(state.lattice.height[column], voxel % box.ns), state.field.wagner[0] + 0.5
                if state.field.charge[0] > 0.0:
                    resistance = state.field.charge[4]
                moved = layer_moved(model, box, state.lattice.columns, n, height, np.float64(resistance))
        n.events += 1
        n.since += 1
        moved = moved or n.overdue == 1
        if model.kinetics == LINEAR and (moved or n.since >= n.interval):
            refresh(model, box, state)
            n.overdue = 0
            if not moved:
                plan(model, n)
    return RUNNING


@njit
def _hop(model, box, state, rng, pick):
    """Attempt one hop; `pick` in [0, hop rate) selects the class."""
    hoppers = state.hoppers
    cls = 1
    while cls < 5:
        share = 6.0 * hoppers.count[cls] * model.hop_rate[cls]
        if pick < share:
            break
        pick -= share
        cls += 1
    count = hoppers.count[cls]
    if count == 0:
        return False
    choice = int(rng.random() * (6 * count))
    n, direction = choice // 6, choice % 6
    voxel = np.int64(hoppers.site[cls, n])
    if events.hop(model, box, state, voxel // box.ns, voxel % box.ns, direction):
        return True
    hops.drop_buried(state.lattice.cell, hoppers, voxel, cls)
    return False
