"""Which empty voxels touch dead metal only: most that a walker meets while it finds its way through dead lithium.

Current passes no face of these, so a walk goes on along one of the links, which the code of the voxel alone decides.
The mark is kept while voxels come, go, die and revive; not where atoms hop, which tell of places and not of themselves.
"""

import numpy as np

from kmc_li.kernels.base.jit import leaf, njit
from kmc_li.kernels.lattice.connectivity import faces
from kmc_li.kernels.lattice.occupancy import is_empty
from kmc_li.kernels.lattice.surface import conducts, live_faces
from kmc_li.kernels.methods.free_regions import CONTACT, EITHER, note_all, place, unmark_around, unmarked


@leaf
def _mark(regions, cell, box, voxel):
    if voxel % box.ns == 0 or not is_empty(cell[voxel]):
        return
    column, s = voxel // box.ns, voxel % box.ns
    at = place(regions, column // box.ny, column % box.ny, s)
    code = unmarked(np.int64(regions.code[at]))
    if code >= CONTACT:
        regions.code[at] = code if live_faces(cell, box, column, s) > 0 else code ^ EITHER


@njit
def mark_around(regions, cell, box, voxel, all_live):
    """A voxel has come, gone, died or revived. all_live: current passes the faces of all metal there is by now."""
    if regions.marks[0] == 0:
        return
    if all_live:
        column, s = voxel // box.ns, voxel % box.ns
        unmark_around(regions, box, column // box.ny, column % box.ny, s)
        return
    _mark(regions, cell, box, voxel)
    for other in faces(box, voxel):
        _mark(regions, cell, box, other)


@njit
def mark_floor(regions, cell, box):
    """The collector has begun or ceased to conduct."""
    for column in range(box.nx * box.ny if regions.marks[0] == 1 else 0):
        _mark(regions, cell, box, column * box.ns + 1)


@njit
def enter_all(regions, cell, box):
    """Enter all metal of a lattice into empty blocks, and mark what touches none that is live."""
    note_all(regions, cell, box)
    for voxel in range(box.nx * box.ny * box.ns if regions.marks[0] == 1 else 0):
        if not is_empty(cell[voxel]) and not conducts(cell[voxel]):
            mark_around(regions, cell, box, voxel, False)
