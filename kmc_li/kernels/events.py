"""What an event does: change the voxel, repair the field around it, update the rates it touched."""

from . import classes, local, rates
from .field import set_around
from .jit import leaf, njit
from .lattice import LI, NEIGHBOURS, around, clear, fill, is_empty
from .state import UNIFORM


@njit
def repair(model, cell, box, state, column, s):
    """Equations and potential around a voxel that has just changed, and the rates that follow."""
    field, n = state.field, state.counters[0]
    if model.kinetics == UNIFORM:
        rates.update_neighbours(model, cell, box, field, state.sites, n, column, s)
        return
    set_around(field, cell, box, column, s)
    first, end = local.repair(field, state.tree, box, column, s)
    rates.update_window(model, cell, box, field, state.tree, state.sites, n, column, first, end)


@leaf
def note_hopper(cell, hoppers, voxel):
    """Put a voxel on the hop list of its number of Li neighbours, or take it off."""
    here = cell[voxel]
    neighbours = here & NEIGHBOURS
    cls = neighbours if (here & LI) != 0 and 1 <= neighbours <= 5 else -1
    spot = hoppers.where[voxel]
    if spot >= 0:
        if hoppers.owner[spot >> classes.SHIFT] == cls:
            return
        classes.remove(hoppers, voxel)
    if cls >= 0:
        classes.insert(hoppers, voxel, cls)


@njit
def note_hoppers(cell, box, hoppers, column, s):
    """Bring a changed voxel and its neighbours up to date on the hop lists."""
    voxel = column * box.ns + s
    note_hopper(cell, hoppers, voxel)
    for other in around(box, column):
        if other != column:
            note_hopper(cell, hoppers, other * box.ns + s)
    if s > 1:
        note_hopper(cell, hoppers, voxel - 1)
    note_hopper(cell, hoppers, voxel + 1)


@njit
def change(model, box, state, column, s):
    """An empty voxel becomes Li, or Li dissolves."""
    cell, n, at = state.lattice.cell, state.counters[0], state.lattice
    plates = is_empty(cell[column * box.ns + s])
    rates.withdraw(cell, state.sites, n, column * box.ns + s)
    if plates:
        fill(cell, at.height, at.columns, box, column, s)
        n.top = max(n.top, s)
        n.plated += 1
    else:
        clear(cell, at.height, at.columns, box, column, s)
        n.stripped += 1
    if model.hop_rate[5] > 0:
        note_hoppers(cell, box, state.hoppers, column, s)
    repair(model, cell, box, state, column, s)


@njit
def hop(model, box, state, column, s, direction):
    """Try to move a Li voxel one step; false when the target is taken or would leave it without a neighbour."""
    cell, n, at = state.lattice.cell, state.counters[0], state.lattice
    to, s1 = column, s
    if direction < 4:
        to = around(box, column)[direction]
        if to == column:
            return False
    else:
        s1 = s - 1 if direction == 4 else s + 1
    if s1 < 1 or s1 > model.nz:
        return False
    target = cell[to * box.ns + s1]
    if not is_empty(target) or (target & NEIGHBOURS) < 2:
        return False
    rates.withdraw(cell, state.sites, n, column * box.ns + s)
    clear(cell, at.height, at.columns, box, column, s)
    rates.withdraw(cell, state.sites, n, to * box.ns + s1)
    fill(cell, at.height, at.columns, box, to, s1)
    n.top = max(n.top, s1)
    if model.hits > 1:
        state.hits[column * box.ns + s] = 0
        state.hits[to * box.ns + s1] = 0
    for half in range(2):
        note_hoppers(cell, box, state.hoppers, to if half else column, s1 if half else s)
        repair(model, cell, box, state, to if half else column, s1 if half else s)
    return True
