"""Loose metal in a run with a protocol: dead Li falls until something holds it (kernels/lattice/crumbling.py)."""

import numpy as np
from numpy.typing import NDArray

from kmc_li.kernels import settling
from kmc_li.kernels.base import verbs
from kmc_li.kernels.lattice import crumbling
from kmc_li.kernels.lattice.occupancy import LI, Box, any_live
from kmc_li.kernels.methods.ageing import AgedWalkers
from kmc_li.kernels.methods.guided import Guided
from kmc_li.kernels.methods.walkers import Walkers
from kmc_li.kernels.state import Model, State


def settle(model: Model, box: Box, state: State) -> NDArray[np.bool_] | None:
    """Let all dead Li fall in place; where the method cannot follow, the occupancy (nx, ny, ns) to build anew from."""
    n, lattice = state.counters[0], state.lattice
    if n.dead_voxels == 0:
        return None
    top = int(n.top_plane)
    touched = crumbling.crumble(lattice, box, top, crumbling.allocate(box, top), state.search)
    if isinstance(state.method, (Walkers, AgedWalkers, Guided)):
        settling.follow(model, box, state, touched)
        if isinstance(state.method, Guided) and any_live(lattice, box):
            verbs.refresh(state.method, model, box, state)
        return None
    occupied: NDArray[np.bool_] = ((lattice.cell & LI) != 0).reshape(box)
    return occupied
