"""The event loop: rejection-free kinetic Monte Carlo (n-fold way) while the field follows the deposit."""

from kmc_li.kernels import contact, events, hopping, interphase  # noqa: F401  contact and hopping enter their verbs
from kmc_li.kernels.base.codes import (
    CONTINUE,
    ESCAPED,
    FULL,
    GROW_SITES,
    HOP,
    NOTHING,
    NOTHING_PENDING,
    PLATING,
    REFRESH,
    RUNNING,
)
from kmc_li.kernels.base.jit import apart, leaf
from kmc_li.kernels.base.verbs import (
    after_event,
    defers_updates,
    draw,
    pending_hop,
    refresh_is_due,
    room,
    total_rate,
    wait,
)
from kmc_li.kernels.selection.hops import NoHops


@apart
def advance(model, box, state, rng, max_events, max_net, max_time):
    """Carry out events until a limit is met; returns why it stopped (RUNNING: a limit).

    `max_events` counts voxels plated, stripped and hopped since the start of the run, `max_net` voxels plated less
    stripped, `max_time` is in s. GROW_*, REFRESH: the caller must enlarge the lists or refresh, and call again.
    """
    n, method, hops = state.counters[0], state.method, model.hop_rate[1] > 0
    while n.pending != NOTHING_PENDING or (
        n.events < max_events and n.plated - n.stripped < max_net and n.time < max_time
    ):
        if n.pending == NOTHING_PENDING:
            code = wait(state.hoppers, model, box, state, rng, max_events, max_time)
            if code != CONTINUE:
                return code
            if n.pending == NOTHING_PENDING:
                continue
            if model.cycled and n.pending == PLATING and n.time > max_time:
                n.time, n.pending = max_time, NOTHING_PENDING  # the waiting time has no memory: it is drawn again
                return RUNNING
        if n.pending == HOP:
            pending_hop(state.hoppers, model, box, state)
        else:
            voxel = draw(method, model, box, state, rng)
            if voxel == ESCAPED:
                n.pending = NOTHING_PENDING
                continue
            if voxel < 0:  # by a potential that is out of date, perhaps
                return REFRESH if refresh_is_due(method, n) else NOTHING
            if model.hits > 1 and not _is_last_hit(model, state, voxel):
                n.pending = NOTHING_PENDING
                continue
            if model.fresh_share > 0.0 and interphase.takes_ion(state.lattice.cell, n, voxel):
                n.pending = NOTHING_PENDING
                continue
            events.change(model, box, state, voxel, hops and defers_updates(method))
            if model.fresh_share > 0.0:
                interphase.note_laid_open(model, box, state, voxel)
            after_event(method, model, box, state, voxel)
        n.pending = NOTHING_PENDING
        n.events += 1
        if n.changed == 0:  # else when the changed voxels are flushed
            n.since += 1
            if refresh_is_due(method, n):
                return REFRESH
    return RUNNING


@wait.of(NoHops)
@leaf
def wait_for_plating(hoppers, model, box, state, rng, max_events, max_time):
    """Let the waiting time of the next plating or dissolution pass; CONTINUE, or why the loop must stop."""
    n = state.counters[0]
    if n.top_plane >= model.nz:
        return FULL
    if room(state.method) < box.nx * box.ny + 512 + 7 * n.dead_voxels:  # what revives may be plated on and dissolve
        return GROW_SITES
    rate = total_rate(state.method, model, box, n)
    if rate <= 0.0:
        return NOTHING
    n.attempts += 1
    n.time += rng.standard_exponential() / rate
    n.pending = PLATING
    return CONTINUE


@leaf
def _is_last_hit(model, state, voxel):
    """Count an attempt at a voxel; whether it was the one that turns it to metal."""
    state.hits[voxel] += 1
    if state.hits[voxel] < model.hits:
        return False
    state.hits[voxel] = 0
    return True
