"""What an event does: change the voxel, repair the field around it, update the rates it touched."""

from . import clearance, connectivity, hops, local, rates
from .field import set_around
from .jit import njit
from .lattice import DEAD, NEIGHBOURS, around, clear, fill, is_empty
from .state import UNIFORM, WALKERS

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
def change(model, box, state, column, s):
    """An empty voxel becomes Li, or Li dissolves."""
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
