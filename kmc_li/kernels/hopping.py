"""Hops among the other events of a run: waiting, the hop that needs care, and the updates that hops put off.

Between two platings many atoms hop, most of them forth and back. Only the lattice follows each of them; the method is
told (`flush`) of what has changed in all before it is asked for the next voxel.
"""

from kmc_li.kernels.base import verbs
from kmc_li.kernels.base.codes import CONTINUE, FULL, GROW_HOPPERS, GROW_SITES, HOP, NOTHING, PLATING, REFRESH, RUNNING
from kmc_li.kernels.base.jit import apart, hidden, leaf, njit
from kmc_li.kernels.events import put_metal, take_metal
from kmc_li.kernels.lattice.occupancy import DEAD, NEIGHBOURS, around, is_empty, measure_height
from kmc_li.kernels.selection import hops
from kmc_li.kernels.selection.hops import HopLists, NoHops


@verbs.wait.of(HopLists)
@njit
def wait(hoppers, model, box, state, rng, max_events, max_time):
    """Let atoms hop until a plating or a hop that needs care is pending; CONTINUE, or why the loop must stop."""
    n, method, area = state.counters[0], state.method, box.nx * box.ny
    if n.top_plane >= model.nz:
        return FULL
    # Where an atom comes or goes, faces open; what revives may be plated on and dissolve.
    if verbs.room(method) < area + 512 + 8 * state.changed.size + 7 * n.dead_voxels:
        return GROW_SITES
    rate, singly = verbs.total_rate(method, model, box, n), verbs.hops_one_at_a_time(method)
    if rate <= 0.0 and n.changed > 0:  # the only places to plate at may be among those that are put off
        if flush(model, box, state):
            return REFRESH
        rate = verbs.total_rate(method, model, box, n)
    end = min(max_events, n.events + 1) if singly else max_events
    cell, changes, hits = state.lattice.cell, state.changed, state.hits
    code, voxel, direction = hops.run(model, box, hoppers, cell, changes, hits, n, rng, end, max_time, rate)
    if code == hops.SPECIAL:
        n.pending, n.pending_voxel, n.pending_direction = HOP, voxel, direction
    elif code == hops.OTHER:
        n.pending = PLATING
    if singly or code == hops.SPECIAL or code == hops.OTHER or code == hops.SETTLE:
        if flush(model, box, state):
            return REFRESH
    if code == GROW_HOPPERS or code == NOTHING or (code == RUNNING and n.events < end):
        return code
    return CONTINUE


@verbs.pending_hop.of(HopLists)
@njit
def pending_hop(hoppers, model, box, state):
    """The hop that is pending, which may cut Li off the collector or revive it."""
    n = state.counters[0]
    hop(model, box, state, n.pending_voxel // box.ns, n.pending_voxel % box.ns, n.pending_direction)
    n.hopped += 1


@verbs.note_hoppers.of(HopLists)
@njit
def note_hoppers(hoppers, cell, box, voxel):
    """Bring a changed voxel and its neighbours up to date on the hop lists."""
    column, s = voxel // box.ns, voxel % box.ns
    hops.note(cell, hoppers, voxel)
    for other in around(box, column):
        if other != column:
            hops.note(cell, hoppers, other * box.ns + s)
    if s > 1:
        hops.note(cell, hoppers, voxel - 1)
    hops.note(cell, hoppers, voxel + 1)


@verbs.pending_hop.of(NoHops)
@leaf
def no_hop(hoppers, model, box, state):
    pass


@verbs.note_hoppers.of(NoHops)
@leaf
def note_none(hoppers, cell, box, voxel):
    pass


@leaf
def _is_noted(voxels, found, voxel):
    for i in range(found):
        if voxels[i] == voxel:
            return True
    return False


@njit
def flush_deferred(model, box, state):
    """Tell the method of all voxels noted, but those that are again what they were; returns how many have changed."""
    cell, n, at = state.lattice.cell, state.counters[0], state.lattice
    found = 0
    for i in range(n.changed):
        voxel = int(state.changed[i])
        column, s = voxel // box.ns, voxel % box.ns
        measure_height(cell, box, at.height, at.height_histogram, column, max(s, at.height[column]))
        empty = is_empty(cell[voxel])
        if verbs.is_stale(state.method, box, voxel, empty) and not _is_noted(state.changed, found, voxel):
            state.changed[found] = voxel
            found += 1
    n.changed = 0
    for i in range(found):
        verbs.note_deferred(state.method, box, state, int(state.changed[i]))
    for i in range(found):
        verbs.update_deferred(state.method, model, box, state, int(state.changed[i]))
    return found


@apart
def flush(model, box, state):
    """Tell the method of all that hops have changed; whether it wants to refresh."""
    n = state.counters[0]
    if n.changed == 0:
        return False
    n.since += flush_deferred(model, box, state)
    return verbs.refresh_is_due(state.method, n)


@hidden
def hop(model, box, state, column, s, direction):
    """Try to move a Li voxel one step; false when the target is taken or would leave it without a neighbour.

    Dead Li hops as live Li does. It comes before it goes, so that what the atom holds on the way is not cut off.
    """
    cell, search = state.lattice.cell, state.search
    to, s1, images = column, s, 1
    if direction < 4:
        to = around(box, column)[direction]
        if to == column:
            return False
        images = 2 if (box.nx if direction < 2 else box.ny) == 2 else 1  # it is on both sides of the target
    else:
        s1 = s - 1 if direction == 4 else s + 1
    if s1 < 1 or s1 > model.nz:
        return False
    start, goal = column * box.ns + s, to * box.ns + s1
    if not is_empty(cell[goal]) or (cell[goal] & NEIGHBOURS) <= images:
        return False
    put_metal(box, state, goal)
    verbs.update_around(search, model, box, state, verbs.connect(search, box, state, goal))
    dead = (cell[start] & DEAD) != 0
    take_metal(box, state, start)
    count = verbs.disconnect(search, box, state, start, dead)
    if model.hits > 1:
        state.hits[start] = 0
        state.hits[goal] = 0
    for half in range(2):
        voxel = goal if half else start
        note_hoppers(state.hoppers, cell, box, voxel)
        verbs.update(state.method, model, box, state, voxel)
    verbs.update_around(search, model, box, state, count)
    return True
