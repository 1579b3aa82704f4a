"""Dead Li has moved to other places: the run's state follows."""

import numpy as np

from kmc_li.kernels import events
from kmc_li.kernels.base import verbs
from kmc_li.kernels.base.jit import njit
from kmc_li.kernels.lattice.occupancy import DEAD, is_li, top
from kmc_li.kernels.methods import dead_contacts


@njit
def move_dead(model, box, state, cell):
    """Dead Li to where it lies in `cell`. Not for methods with lists of sites."""
    n, at = state.counters[0], state.lattice
    highest = n.top_plane
    for column in range(box.nx * box.ny):
        for voxel in range(column * box.ns + 1, column * box.ns + highest + 1):
            if (at.cell[voxel] & DEAD) != 0 and not is_li(cell[voxel]):
                events.take_metal(box, state, voxel)
                dead_contacts.mark_around(state.method.regions, at.cell, box, voxel)
    for column in range(box.nx * box.ny):
        for voxel in range(column * box.ns + 1, column * box.ns + highest + 1):
            if (cell[voxel] & DEAD) != 0 and not is_li(at.cell[voxel]):
                events.put_metal(box, state, voxel)
                at.cell[voxel] = at.cell[voxel] | np.uint8(DEAD)
                dead_contacts.mark_around(state.method.regions, at.cell, box, voxel)
                if model.hits > 1:
                    state.hits[voxel] = 0
    n.top_plane = top(at.height_histogram, n.top_plane)
    verbs.note_moved(state.method, box, state)
