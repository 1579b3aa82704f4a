"""Dead Li has moved to other places: the method follows."""

from kmc_li.kernels.base import verbs
from kmc_li.kernels.base.jit import njit
from kmc_li.kernels.lattice.occupancy import is_empty, top


@njit
def follow(model, box, state, touched):
    """Tell the method of the first `touched` of `search.voxel`. Not for methods with lists of sites."""
    n, at, method, moved = state.counters[0], state.lattice, state.method, 0
    for i in range(touched):
        voxel = int(state.search.voxel[i])
        if verbs.is_stale(method, box, voxel, is_empty(at.cell[voxel])):
            verbs.withdraw(method, box, state, voxel)
            state.search.voxel[moved] = voxel
            moved += 1
    for i in range(moved):
        voxel = int(state.search.voxel[i])
        if model.hits > 1 and not is_empty(at.cell[voxel]):
            state.hits[voxel] = 0
    n.top_plane = top(at.height_histogram, n.top_plane)
    verbs.note_moved(method, box, state, moved)
