"""What lithium costs that comes to lie open: each fresh face owes the interphase a share of a voxel.

Whole voxels are paid. While the current plates, an ion that lands is taken in place of being plated; while it strips,
the next Li that leaves gives its charge to the interphase and not to the current. So at every moment the charge plated
is that of the metal, what was stripped, and what the interphase has taken, to the voxel.
"""

from kmc_li.kernels.base.codes import PLATING
from kmc_li.kernels.base.jit import leaf, njit
from kmc_li.kernels.lattice.connectivity import faces
from kmc_li.kernels.lattice.occupancy import is_empty, is_li


@leaf
def _pay(n):
    """A voxel's charge goes to the interphase; it is missing of the metal that was there at first or has come since."""
    n.owed -= 1.0
    n.interphase += 1
    n.initial -= 1


@leaf
def takes_ion(cell, n, voxel):
    """Whether an ion that has landed there is taken, and not plated."""
    if n.owed < 1.0 or not is_empty(cell[voxel]):
        return False
    n.plated += 1
    n.events += 1
    _pay(n)
    return True


@njit
def note_laid_open(model, box, state, voxel):
    """A voxel has changed, which lays faces open; metal that has left may be taken."""
    n, cell, fresh = state.counters[0], state.lattice.cell, 0
    metal = is_li(cell[voxel])
    for other in faces(box, voxel):
        if other != voxel and other % box.ns > 0 and is_li(cell[other]) != metal:
            fresh += 1
    n.owed += fresh * model.fresh_share
    if n.stripping == 1 and not metal and n.owed >= 1.0:
        n.stripped -= 1
        n.events -= 1
        n.pending = PLATING  # the current still waits for the charge of this moment
        _pay(n)
