"""What guided walkers find, voxel by voxel: of it the currents follow that they carry (engine/field_error.py)."""

import copy

import numpy as np

from kmc_li.kernels.base import verbs
from kmc_li.kernels.base.jit import njit
from kmc_li.kernels.lattice.occupancy import is_empty
from kmc_li.kernels.lattice.surface import is_live, live_faces
from kmc_li.kernels.methods import dissolving
from kmc_li.kernels.methods.guided import Guided, sink
from kmc_li.kernels.solver import equations


@verbs.guidance.of(Guided)
def guidance(method, box, state):
    voxels = state.lattice.cell.size
    method = method._replace(law=copy.deepcopy(method.law))  # a law notes what it is asked
    found = np.zeros(voxels), np.zeros(voxels), np.zeros(voxels)
    _note_guidance(method, state.lattice.cell, box, state.counters, *found)
    return found


@njit
def _note_guidance(method, cell, box, counters, conductance, source, leaving):
    n = counters[0]
    for column in range(box.nx * box.ny):
        for s in range(1, min(n.top_plane + 2, box.ns - 1)):
            i = column * box.ns + s
            if is_empty(cell[i]):
                faces = live_faces(cell, box, column, s)
                if faces > 0:
                    conductance[i] = sink(method, cell, box, n, column // box.ny, column % box.ny, s, faces)
            elif method.dissolving[column] > 0.0 and s > n.rest_plane:
                for q in range(6):
                    other, t, h = dissolving.across(box, column, s, q)
                    if other < 0 or not is_live(cell[i]):
                        continue
                    current = equations.strip_face(cell, box, method.field, method.law, other, t, h)
                    source[other * box.ns + t] += current
                    leaving[i] += current
