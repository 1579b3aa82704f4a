"""What plating and dissolution do: change the voxel, follow what hangs on it, tell the method."""

from kmc_li.kernels.base.jit import hidden, njit
from kmc_li.kernels.base.verbs import connect, disconnect, note_hoppers, update, update_around, withdraw
from kmc_li.kernels.lattice.occupancy import clear, fill, is_empty


@njit
def put_metal(box, state, voxel):
    """An empty voxel turns to Li."""
    n, at, s = state.counters[0], state.lattice, voxel % box.ns
    withdraw(state.method, box, state, voxel)
    fill(at.cell, at.height, at.height_histogram, box, voxel // box.ns, s)
    n.top_plane = max(n.top_plane, s)


@njit
def take_metal(box, state, voxel):
    """A Li voxel turns to electrolyte."""
    at = state.lattice
    withdraw(state.method, box, state, voxel)
    clear(at.cell, at.height, at.height_histogram, box, voxel // box.ns, voxel % box.ns)


@njit
def defer_update(state, voxel):
    """Note a changed voxel, of which `hopping.flush` will tell the method."""
    n = state.counters[0]
    state.changed[n.changed] = voxel
    n.changed += 1


@hidden
def change(model, box, state, voxel, later):
    """An empty voxel becomes Li, or Li dissolves. `later`: the method need not know of it before `hopping.flush`."""
    cell, n = state.lattice.cell, state.counters[0]
    if is_empty(cell[voxel]):
        put_metal(box, state, voxel)
        n.plated += 1
        count = connect(state.search, box, state, voxel)
    else:
        take_metal(box, state, voxel)
        n.stripped += 1
        count = disconnect(state.search, box, state, voxel, False)
    note_hoppers(state.hoppers, cell, box, voxel)
    if later and count == 0:
        defer_update(state, voxel)
        return
    update(state.method, model, box, state, voxel)
    update_around(state.search, model, box, state, count)
