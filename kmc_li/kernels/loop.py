"""The event loop: rejection-free kinetic Monte Carlo (n-fold way) with a live field."""

import math

from . import classes, events
from .jit import njit
from .lattice import is_empty
from .refresh import CYCLES, plan, refresh
from .state import LINEAR

RUNNING, GROW_SITES, GROW_HOPPERS, FULL, NOTHING = 0, 1, 2, 3, 4


@njit
def advance(model, state, rng, max_events, max_net, max_time):
    """Carry out events until a limit is met; returns why it stopped (RUNNING: a limit).

    `max_events` counts voxels plated, stripped and hopped since the start of the run, `max_net` voxels plated less
    stripped, `max_time` is in s. GROW_*: the caller must enlarge the lists and call again.
    """
    n = state.counters[0]
    columns = state.lattice.cell.shape[0] * state.lattice.cell.shape[1]
    ns = state.lattice.cell.shape[2]
    ny = state.lattice.cell.shape[1]
    while n.events < max_events and n.plated - n.stripped < max_net and n.time < max_time:
        if classes.room(state.sites) < 512 or state.scan_site.shape[0] < 0:
            return GROW_SITES
        if model.hop_rate[5] > 0 and classes.room(state.hoppers) < 64:
            return GROW_HOPPERS
        if model.kinetics == LINEAR and n.since >= n.interval:
            refresh(model, state, CYCLES)
            plan(model, state)
        field_rate = 0.0
        if n.plate_sum + n.strip_sum > 0.0:
            field_rate = (n.plate_sum + n.strip_sum) * model.monolayer_rate * model.hits
            if model.kinetics == LINEAR and n.plate_sum > n.strip_sum:
                field_rate *= columns / (n.plate_sum - n.strip_sum)  # galvanostatic: the net current is the set one
        hop_rate = 0.0
        if model.hop_rate[5] > 0:
            for neighbours in range(1, 6):
                hop_rate += 6.0 * state.hoppers.count[neighbours] * model.hop_rate[neighbours]
        rate = field_rate + hop_rate
        if rate <= 0.0:
            return NOTHING
        n.attempts += 1
        wait = -math.log1p(-rng.random()) / rate
        pick = rng.random() * rate
        if pick < hop_rate:
            n.time += wait
            if _hop(model, state, rng, pick):
                n.events += 1
                n.since += 1
                n.hopped += 1
                if n.top >= model.nz:
                    return FULL
            continue
        voxel = classes.draw(state.sites, rng)
        if voxel < 0:
            return NOTHING
        n.time += wait
        s = voxel % ns
        column = voxel // ns
        x, y = column // ny, column % ny
        if model.hits > 1:
            state.hits[x, y, s] += 1
            if state.hits[x, y, s] < model.hits:
                continue
            state.hits[x, y, s] = 0
        n.events += 1
        n.since += 1
        if is_empty(state.lattice.cell[x, y, s]):
            events.plate(model, state, x, y, s)
            n.plated += 1
            if n.top >= model.nz:
                return FULL
        else:
            events.strip(model, state, x, y, s)
            n.stripped += 1
    return RUNNING


@njit
def _hop(model, state, rng, pick):
    """Attempt one hop; `pick` in [0, hop rate) selects the class."""
    cls = 1
    while cls < 5:
        share = 6.0 * state.hoppers.count[cls] * model.hop_rate[cls]
        if pick < share:
            break
        pick -= share
        cls += 1
    count = state.hoppers.count[cls]
    if count == 0:
        return False
    choice = int(rng.random() * (6 * count))
    n, direction = choice // 6, choice % 6
    spot = state.hoppers.table[cls, n // classes.PAGE] * classes.PAGE + n % classes.PAGE
    voxel = state.hoppers.site[spot]
    ny, ns = state.lattice.cell.shape[1], state.lattice.cell.shape[2]
    column = voxel // ns
    return events.hop(model, state, column // ny, column % ny, voxel % ns, direction)
