"""Live and dead Li through the events of a run; see lattice/connectivity.py for the search."""

from kmc_li.kernels.base import verbs
from kmc_li.kernels.base.jit import leaf, njit
from kmc_li.kernels.lattice import connectivity
from kmc_li.kernels.lattice.connectivity import NoSearch, Search
from kmc_li.kernels.lattice.occupancy import NEIGHBOURS


@verbs.connect.of(Search)
@njit
def connect(search, box, state, voxel):
    """Find out whether Li that has just come is live or dead; returns how many dead voxels it has revived."""
    cell, n = state.lattice.cell, state.counters[0]
    if n.dead_voxels == 0 and (cell[voxel] & NEIGHBOURS) != 0:
        return 0  # all that it touches is live
    revived = connectivity.join(cell, box, search, voxel)
    n.dead_voxels -= revived  # -1: it is dead itself
    return max(revived, 0)


@verbs.disconnect.of(Search)
@njit
def disconnect(search, box, state, voxel, dead):
    """Find what has lost its path to the collector now that this Li, `dead` or not, has gone; returns how much died."""
    died = -1 if dead else connectivity.cut_off(state.lattice.cell, box, search, voxel)
    state.counters[0].dead_voxels += died
    return max(died, 0)


@verbs.update_around.of(Search)
@njit
def update_around(search, model, box, state, count):
    """Tell the method of the first `count` voxels of the search, which have just died or revived."""
    n = state.counters[0]
    before = n.plate_sum + n.strip_sum
    for i in range(count):
        verbs.update(state.method, model, box, state, int(search.voxel[i]))
    if count > 0:
        verbs.contact_change(state.method, n, before)


@verbs.connect.of(NoSearch)
@leaf
def connect_all(search, box, state, voxel):
    return 0


@verbs.disconnect.of(NoSearch)
@leaf
def disconnect_none(search, box, state, voxel, dead):
    return 0


@verbs.update_around.of(NoSearch)
@leaf
def update_none(search, model, box, state, count):
    pass
