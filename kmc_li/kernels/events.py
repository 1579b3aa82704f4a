"""What an event does: change the voxel, repair the field around it, update the rates it touched."""

import numpy as np

from . import classes, clearance, connectivity, hops, local, multigrid, rates
from .field import set_around
from .jit import leaf, njit
from .lattice import DEAD, NEIGHBOURS, around, clear, fill, is_empty, measure_height
from .state import LINEAR, UNIFORM, WALKERS

PLANES, SWEEPS = 8, 1  # height of the window that is relaxed after a hop, and how often
SUDDEN = 0.3  # current that Li takes or gives up as it revives or dies, over the tolerance, that calls for a refresh


@njit
def repair(model, cell, box, state, column, s):
    """Equations and potential around a voxel that has just changed, and the rates that follow."""
    field, n = state.field, state.counters[0]
    if model.kinetics == WALKERS:
        return
    if model.kinetics == UNIFORM:
        rates.update_neighbours(model, cell, box, field, state.sites, n, column, s)
        return
    set_around(field, cell, box, column, s)
    first, end = local.repair(field, state.tree, box, column, s)
    rates.update_window(model, cell, box, field, state.tree, state.sites, n, column, first, end)


@njit
def repair_near(model, cell, box, state, column, s):
    """The same where a hop has changed a voxel, in the next columns only: what goes beyond waits for the refresh."""
    field, n = state.field, state.counters[0]
    first, end = max(s - PLANES // 2 + 1, 1), s + PLANES // 2 + 1
    if s >= n.lo:
        first, end = max(first, n.lo), min(end, n.hi)
        phi, idiag, rhs, cx, cy, cz = field.phi, field.idiag, field.rhs, field.cx, field.cy, field.cz
        local.relax(phi, idiag, rhs, cx, cy, cz, box, column, first, end, SWEEPS, field.patch)
        low, high = local.window(state.tree, s)
        if (high - low) % 2 == 0:
            multigrid.coarsen_near(idiag, field.sink, cx, cy, cz, state.tree, column, low, high)
    rates.update_columns(model, cell, box, field, state.sites, n, column, local.NEAR, first, end)


@njit
def note_hoppers(cell, box, hoppers, column, s):
    """Bring a changed voxel and its neighbours up to date on the hop lists."""
    voxel = column * box.ns + s
    hops.note(cell, hoppers, voxel)
    for other in around(box, column):
        if other != column:
            hops.note(cell, hoppers, other * box.ns + s)
    if s > 1:
        hops.note(cell, hoppers, voxel - 1)
    hops.note(cell, hoppers, voxel + 1)


@njit
def connect(model, box, state, voxel):
    """Find out whether Li that has just come is live or dead; returns how many dead voxels it has revived."""
    if not model.connects:
        return 0
    revived = connectivity.join(state.lattice.cell, box, state.search, voxel)
    state.counters[0].dead_voxels -= revived  # -1: it is dead itself
    return max(revived, 0)


@njit
def disconnect(model, box, state, voxel, dead):
    """Find what has lost its path to the collector now that this Li, `dead` or not, has gone; returns how much died."""
    if not model.connects:
        return 0
    died = -1 if dead else connectivity.cut_off(state.lattice.cell, box, state.search, voxel)
    state.counters[0].dead_voxels += died
    return max(died, 0)


@njit
def mend(model, box, state, count):
    """Field and rates around the first `count` voxels of the search, which have just died or revived."""
    n = state.counters[0]
    before = n.plate_sum + n.strip_sum
    for i in range(count):
        voxel = int(state.search.voxel[i])
        repair(model, state.lattice.cell, box, state, voxel // box.ns, voxel % box.ns)
    if count > 0 and abs(n.plate_sum + n.strip_sum - before) > SUDDEN * model.tolerance * before:
        n.overdue = 1


@njit
def put_metal(model, box, state, column, s):
    """An empty voxel turns to Li."""
    cell, n, at = state.lattice.cell, state.counters[0], state.lattice
    if model.kinetics == WALKERS:
        clearance.note(state.clear, box, column, s, 1)
    else:
        rates.withdraw(cell, state.sites, n, column * box.ns + s)
    fill(cell, at.height, at.columns, box, column, s)
    n.top = max(n.top, s)


@njit
def take_metal(model, box, state, column, s):
    """A Li voxel turns to electrolyte."""
    cell, n, at = state.lattice.cell, state.counters[0], state.lattice
    if model.kinetics == WALKERS:
        clearance.note(state.clear, box, column, s, -1)
    else:
        rates.withdraw(cell, state.sites, n, column * box.ns + s)
    clear(cell, at.height, at.columns, box, column, s)


@njit
def hold(state, voxel):
    """Note a changed voxel, whose field and rates are brought up to date by `catch_up`."""
    n = state.counters[0]
    state.changed[n.changed] = voxel
    n.changed += 1


@leaf
def _is_stale(model, box, state, voxel, empty):
    """Whether the field takes a voxel for something else than it is."""
    if model.kinetics == LINEAR:
        return (state.field.idiag[voxel] != 0) != empty
    if model.kinetics == WALKERS:
        return (clearance.bit(state.clear, box.nx * box.ny, voxel // box.ns, voxel % box.ns) == 0) != empty
    return True


@leaf
def _is_noted(voxels, found, voxel):
    for i in range(found):
        if voxels[i] == voxel:
            return True
    return False


@njit
def catch_up(model, box, state):
    """Bring field and rates up to date around all voxels noted, but those that are again what they were.

    Returns how many have changed.
    """
    cell, n, at = state.lattice.cell, state.counters[0], state.lattice
    found = 0
    for i in range(n.changed):
        voxel = int(state.changed[i])
        column, s = voxel // box.ns, voxel % box.ns
        measure_height(cell, box, at.height, at.columns, column, max(s, at.height[column]))
        if _is_stale(model, box, state, voxel, is_empty(cell[voxel])) and not _is_noted(state.changed, found, voxel):
            state.changed[found] = voxel
            found += 1
    n.changed = 0
    for i in range(found):
        voxel = int(state.changed[i])
        column, s, empty = voxel // box.ns, voxel % box.ns, is_empty(cell[voxel])
        if model.kinetics == WALKERS:
            clearance.note(state.clear, box, column, s, -1 if empty else 1)
        elif not empty:
            n.plate_sum += classes.put(state.sites, voxel, np.float32(0))
        elif model.kinetics == LINEAR:
            n.strip_sum += classes.put(state.sites, voxel, np.float32(0))
        if model.kinetics == LINEAR:
            set_around(state.field, cell, box, column, s)
    for i in range(found):
        column, s = int(state.changed[i]) // box.ns, int(state.changed[i]) % box.ns
        if model.kinetics == LINEAR:
            repair_near(model, cell, box, state, column, s)
        elif model.kinetics == UNIFORM:
            rates.update_neighbours(model, cell, box, state.field, state.sites, n, column, s)
    return found


@njit
def change(model, box, state, column, s, later=False):
    """An empty voxel becomes Li, or Li dissolves. `later`: field and rates need not be up to date before `catch_up`."""
    cell, n = state.lattice.cell, state.counters[0]
    if is_empty(cell[column * box.ns + s]):
        put_metal(model, box, state, column, s)
        n.plated += 1
        count = connect(model, box, state, column * box.ns + s)
    else:
        take_metal(model, box, state, column, s)
        n.stripped += 1
        count = disconnect(model, box, state, column * box.ns + s, False)
    if model.hop_rate[1] > 0:
        note_hoppers(cell, box, state.hoppers, column, s)
    if later and count == 0:
        hold(state, column * box.ns + s)
        return
    repair(model, cell, box, state, column, s)
    mend(model, box, state, count)


@njit
def hop(model, box, state, column, s, direction):
    """Try to move a Li voxel one step; false when the target is taken or would leave it without a neighbour.

    Dead Li hops as live Li does. It comes before it goes, so that what the atom holds on the way is not cut off.
    """
    cell = state.lattice.cell
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
    target = cell[to * box.ns + s1]
    if not is_empty(target) or (target & NEIGHBOURS) <= images:
        return False
    put_metal(model, box, state, to, s1)
    mend(model, box, state, connect(model, box, state, to * box.ns + s1))
    dead = (cell[column * box.ns + s] & DEAD) != 0
    take_metal(model, box, state, column, s)
    count = disconnect(model, box, state, column * box.ns + s, dead)
    if model.hits > 1:
        state.hits[column * box.ns + s] = 0
        state.hits[to * box.ns + s1] = 0
    for half in range(2):
        note_hoppers(cell, box, state.hoppers, to if half else column, s1 if half else s)
        repair(model, cell, box, state, to if half else column, s1 if half else s)
    mend(model, box, state, count)
    return True
