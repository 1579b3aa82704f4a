"""Plating with one rate for all sites, nothing else (Eden growth): no field, no rejection, a loop of its own."""

import numpy as np

from . import classes
from .hops import at
from .jit import leaf, njit
from .lattice import LI, around
from .loop import FULL, GROW_SITES, NOTHING, RUNNING


@leaf
def _open(cell, sites, cls, voxel):
    """A voxel has a new Li neighbour: if it is empty it may plate from now on."""
    here = int(cell[at(voxel)])
    cell[at(voxel)] = here + 1
    if here == 0:
        classes.insert(sites, voxel, cls)
        sites.rate[at(voxel)] = 1


@njit
def advance(model, box, state, rng, max_events, max_net, max_time):
    """Plate until a limit is met: the same process, limits and answers as loop.advance."""
    n, sites, cell = state.counters[0], state.sites, state.lattice.cell
    height, columns = state.lattice.height, state.lattice.columns
    cls = classes.class_of(1.0)
    pages = sites.table[cls]
    each = model.monolayer_rate * model.hits
    first, attempts, time, top = n.events, n.attempts, n.time, n.top
    events, last, code = first, min(max_events, first + max_net - (n.plated - n.stripped)), RUNNING
    while events < last and time < max_time:
        if top >= model.nz:
            code = FULL
            break
        if classes.room(sites) < 8:
            code = GROW_SITES
            break
        count = sites.count[cls]
        if count * each <= 0.0:
            code = NOTHING
            break
        attempts += 1
        time += rng.standard_exponential() / (count * each)
        i = int(rng.random() * count)
        spot = pages[i >> classes.SHIFT] * classes.PAGE + (i & (classes.PAGE - 1))
        voxel = np.int64(sites.site[spot])
        if model.hits > 1:
            state.hits[voxel] += 1
            if state.hits[voxel] < model.hits:
                continue
            state.hits[voxel] = 0
        classes.remove_at(sites, spot, cls)
        sites.where[at(voxel)] = -1
        sites.rate[at(voxel)] = 0
        cell[voxel] = int(cell[voxel]) | LI
        column = voxel // box.ns
        s = voxel - column * box.ns
        for other in around(box, column):
            if other != column:
                _open(cell, sites, cls, other * box.ns + s)
        if s > 1:
            _open(cell, sites, cls, voxel - 1)
        else:
            cell[voxel - 1] = int(cell[voxel - 1]) + 1
        _open(cell, sites, cls, voxel + 1)
        if s > height[column]:
            columns[height[column]] -= 1
            columns[s] += 1
            height[column] = s
            top = max(top, s)
        events += 1
    n.plated += events - first
    n.events, n.attempts, n.time, n.top = events, attempts, time, top
    n.plate_sum = sites.count[cls]
    return code
