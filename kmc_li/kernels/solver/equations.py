"""The electrolyte's potential on the lattice: a Robin problem, its faces and its currents.

Everything is dimensionless: lengths in voxels, conductance in kappa * voxel, potential in j * voxel / kappa, so the
current through a column's share of the top is 1 and a face's conductance is 1 / (W/voxel + 1/2) (Wagner length W).
"""

from typing import NamedTuple

import numpy as np

from kmc_li.kernels.base import verbs
from kmc_li.kernels.base.jit import apart, leaf, njit
from kmc_li.kernels.base.records import record
from kmc_li.kernels.lattice.occupancy import DEAD, NEIGHBOURS, Box, around, is_empty
from kmc_li.kernels.lattice.surface import conducts, staircase_area_ratio, wrapped
from kmc_li.kernels.solver import hierarchy
from kmc_li.kernels.solver.local_repair import PLANES, SCRATCH

KEEP = 2  # for set_cell: faces count as they did


@record
class Field(NamedTuple):
    """Arrays of the field problem; those of voxels are flat and hold some planes of all columns, see `place`."""

    phi: np.ndarray  # potential, 0 in Li
    inverse_diagonal: np.ndarray  # of the cell's equation, 0 in Li
    surface_conductance: np.ndarray  # from the cell to all its Li faces; of a law that is not linear the slope
    rhs: np.ndarray  # source: shifts of the faces, what a slope leaves of the law, current from the top
    cx: np.ndarray  # (ns + 1,) lateral conductance along x of a plane
    cy: np.ndarray
    cz: np.ndarray  # (ns + 1,) conductance between planes s - 1 and s, for s = end to a potential held there
    kappa: np.ndarray  # (ns + 1,) conductivity of a plane over the electrolyte's
    thickness: np.ndarray  # (ns + 1,) of a plane, in voxels
    shift: np.ndarray  # (2 ns + 2,) shift of a face by the height of its centre, in half voxels
    weighted: np.ndarray  # int64 (1,), 1: faces count with their share of the true area, 0: with the staircase's
    work: np.ndarray  # (11 ns + 32,)
    patch: np.ndarray  # (SCRATCH,) of the repair after an event
    lanes: np.ndarray  # float64 (PLANES + 2,)
    fresh: np.ndarray  # float32 (ns,): rates of a column
    dirty: np.ndarray  # uint8, columns of the first coarse grid whose conductances are out of date
    window: np.ndarray  # int64 (2,): places of a column, and the plane at the first of them


def aligned(size: int, dtype: type) -> np.ndarray:
    """Zeros of which the one at index 1, where columns begin, starts a cache line."""
    item = np.dtype(dtype).itemsize
    room = np.zeros(size + 128 // item, dtype)
    start = (64 - item - room.ctypes.data) % 64 // item
    return room[start : start + size]


def allocate(box: Box, dtype: type, weighted: bool) -> Field:
    """Arrays for a lattice, uniform planes, no shift; memory that is never touched is never taken."""
    voxels, ns = box.nx * box.ny * box.ns, box.ns
    return Field(
        *[aligned(voxels, dtype) for _ in range(4)],
        *[aligned(ns + 1, dtype) for _ in range(3)],
        *[np.ones(ns + 1, dtype) for _ in range(2)],
        shift=np.zeros(2 * ns + 2, dtype),
        weighted=np.array([weighted], np.int64),
        work=np.zeros(11 * ns + 32, dtype),
        patch=np.zeros(SCRATCH, dtype),
        lanes=np.zeros(PLANES + 2),
        fresh=np.zeros(ns, np.float32),
        dirty=np.ones(-(-box.nx // 2) * -(-box.ny // 2), np.uint8),
        window=np.array([ns, 0], np.int64),
    )


@leaf
def place(field, column, s):
    """Where the arrays hold a voxel: as `cell` does, or closer together if they hold a few planes only."""
    return column * field.window[0] + s - field.window[1]


@apart
def set_planes(field, grids, first, end):
    """Conductances of planes first..end-1 from their thickness and conductivity; no link leaves the range."""
    nx, ny, _ = grids.shape[0]
    one, two, zero = field.kappa.dtype.type(1), field.kappa.dtype.type(2), field.kappa.dtype.type(0)
    for s in range(first, end):
        lateral = field.kappa[s] * field.thickness[s]
        field.cx[s] = lateral if nx > 1 else zero
        field.cy[s] = lateral if ny > 1 else zero
        field.cz[s] = zero
        if s > first:
            below = field.thickness[s - 1] / (two * field.kappa[s - 1])
            field.cz[s] = one / (below + field.thickness[s] / (two * field.kappa[s]))
    field.cz[end] = zero
    field.dirty[:] = 1
    base = field.window[1]
    hierarchy.pair_planes(grids, first - base, end - base, field.thickness[base:])


@leaf
def set_cell(cell, box, field, law, weigh, column, s):
    """Equation of one cell from the lattice as it is now. The top is up to `set_top` or `hold_top`.

    `weigh` is 0 or 1 as `Field.weighted`, or KEEP. In place of a law that is not linear, its tangent at the cell's
    potential.
    """
    i, a = column * box.ns + s, place(field, column, s)
    here, cx, cy, cz = cell[i], field.cx, field.cy, field.cz
    real = field.phi.dtype.type
    if not is_empty(here):
        field.phi[a] = real(0)
        field.inverse_diagonal[a] = real(0)
        field.surface_conductance[a] = real(0)
        field.rhs[a] = real(0)
        return
    total = cx[s] + cx[s] + cy[s] + cy[s] + cz[s] + cz[s + 1]
    if (here & NEIGHBOURS) == 0:
        field.surface_conductance[a] = real(0)
        field.rhs[a] = real(0)
        field.inverse_diagonal[a] = real(1) / total if total > real(0) else real(0)
        return
    w, e, t, n = around(box, column)
    w, e, t, n = cell[w * box.ns + s], cell[e * box.ns + s], cell[t * box.ns + s], cell[n * box.ns + s]
    below, above = cell[i - 1], cell[i + 1]
    along_x, along_y = int(is_empty(w)) + int(is_empty(e)), int(is_empty(t)) + int(is_empty(n))
    total = cx[s] * real(along_x) + cy[s] * real(along_y)
    total = total + cz[s] * real(is_empty(below)) + cz[s + 1] * real(is_empty(above))
    lateral = int(conducts(w)) + int(conducts(e)) + int(conducts(t)) + int(conducts(n))
    faces = (lateral, int(conducts(below)), int(conducts(above)))
    if faces[0] + faces[1] + faces[2] == 0:
        field.surface_conductance[a] = real(0)
        field.rhs[a] = real(0)
    else:
        if weigh == KEEP:
            ratio = verbs.area_ratio(law, i)
        else:
            ratio = staircase_area_ratio(cell, box, column, s) if weigh == 1 else 1.0
        conductance, source = verbs.tangent(law, i, field.phi[a], faces, field.shift, field.kappa[s], ratio, s)
        field.surface_conductance[a] = conductance
        field.rhs[a] = source
    total = total + field.surface_conductance[a]
    field.inverse_diagonal[a] = real(1) / total if total > real(0) else real(0)


@apart
def set_cells(field, law, cell, box, first, end):
    """Equations of all cells of planes first..end-1."""
    field.dirty[:] = 1
    for column in range(box.nx * box.ny):
        for s in range(first, end):
            set_cell(cell, box, field, law, field.weighted[0], column, s)


@apart
def linearise(field, law, cell, box, first, end):
    """Tangents of the law at the present potential of planes first..end-1: a step of Newton's method."""
    field.dirty[:] = 1
    for column in range(box.nx * box.ny):
        for s in range(first, end):
            if field.surface_conductance[place(field, column, s)] > 0:
                set_cell(cell, box, field, law, KEEP, column, s)


@njit
def set_around(field, law, cell, box, column, s):
    """Equations of a changed voxel and of all cells whose faces, or whose faces' weights, it decides."""
    x, y, weigh = column // box.ny, column % box.ny, field.weighted[0]
    reach = 3 if weigh == 1 else 1
    for i in range(-1, 2):
        for j in range(-1, 2):
            if abs(i) + abs(j) > reach or (i != 0 and box.nx == 1) or (j != 0 and box.ny == 1):
                continue
            other = wrapped(x + i, box.nx) * box.ny + wrapped(y + j, box.ny)
            field.dirty[other // box.ny // 2 * ((box.ny + 1) // 2) + other % box.ny // 2] = 1
            for k in range(-1, 2):
                if abs(i) + abs(j) + abs(k) <= reach and s + k > 0:
                    set_cell(cell, box, field, law, weigh, other, s + k)


@njit
def set_top(rhs, box, plane):
    """Uniform current density 1 into the highest plane."""
    for column in range(box.nx * box.ny):
        rhs[column * box.ns + plane] = 1


@njit
def hold_top(field, box, end, resistance, potential):
    """Hold a potential, kept as that of plane `end`, beyond a resistance on the upper face of the one below."""
    one, two = field.cz.dtype.type(1), field.cz.dtype.type(2)
    half = field.thickness[end - 1] / (two * field.kappa[end - 1])
    field.cz[end] = one / (half + field.cz.dtype.type(resistance))
    for column in range(box.nx * box.ny):
        field.phi[place(field, column, end)] = potential


@leaf
def _faces(cell, box, column, s):
    """Live faces of an electrolyte cell: (beside it, below, above)."""
    i, lateral = column * box.ns + s, 0
    for other in around(box, column):
        lateral += int(conducts(cell[other * box.ns + s]))
    return lateral, int(conducts(cell[i - 1])), int(conducts(cell[i + 1]))


@njit
def face_currents(cell, box, field, law, column, s):
    """(plating, stripping) current of the Li faces of an electrolyte cell, both >= 0."""
    return cell_currents(cell, box, field, law, column, s, np.float64(field.phi[place(field, column, s)]))


@njit
def cell_currents(cell, box, field, law, column, s, phi):
    """The same at a given potential of the cell."""
    return currents_through(cell, box, field, law, column, s, phi, field.surface_conductance[place(field, column, s)])


@njit
def currents_through(cell, box, field, law, column, s, phi, sink):
    """The same if its faces conduct so much together."""
    faces = _faces(cell, box, column, s)
    if faces[0] + faces[1] + faces[2] == 0:
        return 0.0, 0.0
    return verbs.currents(law, column * box.ns + s, phi, faces, field.shift, field.kappa[s], sink, s)


@leaf
def strip_face(cell, box, field, law, column, s, h):
    """Current by which the face at half-height h between the electrolyte cell (column, s) and Li dissolves, >= 0."""
    i, a = column * box.ns + s, place(field, column, s)
    drive, sink = np.float64(field.shift[h]) - np.float64(field.phi[a]), field.surface_conductance[a]
    if not is_empty(cell[i]) or drive <= 0 or sink <= 0:
        return 0.0
    lateral, below, above = _faces(cell, box, column, s)
    return verbs.dissolution(law, i, drive, lateral + below + above, field.kappa[s], sink)


@njit
def strip_current(cell, box, field, law, column, s):
    """Current by which the faces of the Li voxel (column, s) dissolve, >= 0."""
    total = 0.0
    if (cell[column * box.ns + s] & DEAD) != 0:
        return total
    for other in around(box, column):
        if other != column:
            total += strip_face(cell, box, field, law, other, s, 2 * s - 1)
    total += strip_face(cell, box, field, law, column, s - 1, 2 * s - 2)
    total += strip_face(cell, box, field, law, column, s + 1, 2 * s)
    return total
