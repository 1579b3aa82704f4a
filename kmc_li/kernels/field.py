"""The electrolyte's potential on the lattice: a Robin problem, its faces and its currents.

Everything is dimensionless: lengths in voxels, conductance in kappa * voxel, potential in j * voxel / kappa, so the
current through a column's share of the top is 1 and a face's conductance is 1 / (W/voxel + 1/2) (Wagner length W).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from . import butler_volmer, multigrid
from .jit import leaf, njit
from .lattice import DEAD, LI, NEIGHBOURS, Box, around, is_empty, is_li
from .local import PLANES, SCRATCH, wrapped

KEEP = 2  # for set_cell: faces count as they did


class Field(NamedTuple):
    """Arrays of the field problem; those of voxels are flat and share their index with the lattice's `cell`."""

    phi: np.ndarray  # potential, 0 in Li
    idiag: np.ndarray  # 1 / diagonal of the cell's equation, 0 in Li
    sink: np.ndarray  # conductance from the cell to all its Li faces; of Butler-Volmer's law the slope
    rhs: np.ndarray  # source: shifts of the faces, what a slope leaves of the law, current from the top
    cx: np.ndarray  # (ns + 1,) lateral conductance along x of a plane
    cy: np.ndarray
    cz: np.ndarray  # (ns + 1,) conductance between planes s - 1 and s, for s = hi to a potential held there
    kappa: np.ndarray  # (ns + 1,) conductivity of a plane over the electrolyte's
    thickness: np.ndarray  # (ns + 1,) of a plane, in voxels
    shift: np.ndarray  # (2 ns + 2,) shift of a face by the height of its centre, in half voxels
    wagner: np.ndarray  # (1,) Wagner length over voxel
    weight: np.ndarray  # (1,) 1: faces count with their share of the true area, 0: with the staircase's
    charge: np.ndarray  # float64 (5,) of Butler-Volmer's law: exchange current (0: the law is linear), alpha_c F/RT,
    # alpha_a F/RT, resistance in series with it, its slope's inverse at current 1 or less than that
    steep: np.ndarray  # (voxels,) staircase faces for one of true area, beside Li faces; (1,) where the law is linear
    work: np.ndarray  # (2 ns + 8,)
    patch: np.ndarray  # (SCRATCH,) of the repair after an event
    lanes: np.ndarray  # float64 (PLANES + 2,)
    fresh: np.ndarray  # float32 (ns,): rates of a column
    dirty: np.ndarray  # uint8, columns of the first coarse grid whose conductances are out of date


def allocate(box: Box, dtype: type, wagner: float, weighted: bool, charge: Sequence[float] = (0.0,) * 5) -> Field:
    """Arrays for a lattice, uniform planes, no shift; memory that is never touched is never taken."""
    voxels, ns = box.nx * box.ny * box.ns, box.ns
    return Field(
        *[np.zeros(voxels, dtype) for _ in range(4)],
        *[np.zeros(ns + 1, dtype) for _ in range(3)],
        *[np.ones(ns + 1, dtype) for _ in range(2)],
        shift=np.zeros(2 * ns + 2, dtype),
        wagner=np.array([wagner], dtype),
        weight=np.array([weighted], np.int64),
        charge=np.array(charge, np.float64),
        steep=np.zeros(voxels if charge[0] > 0 else 1, dtype),
        work=np.zeros(2 * ns + 8, dtype),
        patch=np.zeros(SCRATCH, dtype),
        lanes=np.zeros(PLANES + 2),
        fresh=np.zeros(ns, np.float32),
        dirty=np.ones(-(-box.nx // 2) * -(-box.ny // 2), np.uint8),
    )


@njit
def set_planes(field, tree, lo, hi):
    """Conductances of planes lo..hi-1 from their thickness and conductivity; no link leaves the range."""
    nx, ny, _ = tree.shape[0]
    one, two, zero = field.kappa.dtype.type(1), field.kappa.dtype.type(2), field.kappa.dtype.type(0)
    for s in range(lo, hi):
        lateral = field.kappa[s] * field.thickness[s]
        field.cx[s] = lateral if nx > 1 else zero
        field.cy[s] = lateral if ny > 1 else zero
        field.cz[s] = zero
        if s > lo:
            below = field.thickness[s - 1] / (two * field.kappa[s - 1])
            field.cz[s] = one / (below + field.thickness[s] / (two * field.kappa[s]))
    field.cz[hi] = zero
    field.dirty[:] = 1
    multigrid.pair_planes(tree, lo, hi, field.thickness)


@njit
def slope(cell, box, column, s):
    """Sum of |components| of the unit normal of the smoothed deposit at a cell: 1 for (100), sqrt 3 for (111)."""
    x, y = column // box.ny, column % box.ny
    gx, gy, gz = 0, 0, 0
    for i in range(-1, 2):
        for j in range(-1, 2):
            base = (wrapped(x + i, box.nx) * box.ny + wrapped(y + j, box.ny)) * box.ns
            for k in range(-1 if s > 0 else 0, 2):
                if is_li(cell[base + s + k]):
                    smooth = (2 - abs(i)) * (2 - abs(j)) * (2 - abs(k))
                    gx += i * smooth
                    gy += j * smooth
                    gz += k * smooth
    if box.nx == 1:
        gx = 0
    if box.ny == 1:
        gy = 0
    square = gx * gx + gy * gy + gz * gz
    return (abs(gx) + abs(gy) + abs(gz)) / np.sqrt(np.float64(square)) if square > 0 else 1.0


@leaf
def is_face(value):
    """Whether current can pass between electrolyte and this voxel: live Li."""
    return (value & (LI | DEAD)) == LI


@leaf
def live_faces(cell, box, column, s):
    """How many of a voxel's neighbours current can pass to."""
    faces = int(is_face(cell[column * box.ns + s - 1]))
    if s + 1 < box.ns:
        faces += int(is_face(cell[column * box.ns + s + 1]))
    for other in around(box, column):
        if other != column:
            faces += int(is_face(cell[other * box.ns + s]))
    return faces


@leaf
def set_cell(cell, box, phi, idiag, sink, rhs, cx, cy, cz, kappa, shift, wagner, charge, steep, weigh, column, s):
    """Equation of one cell from the lattice as it is now. The top is up to `set_top` or `hold_top`.

    `weigh` is 0 or 1 as `Field.weight`, or KEEP. In place of Butler-Volmer's law its tangent at the cell's potential.
    """
    i = column * box.ns + s
    here = cell[i]
    real = phi.dtype.type
    if not is_empty(here):
        phi[i] = real(0)
        idiag[i] = real(0)
        sink[i] = real(0)
        rhs[i] = real(0)
        return
    total = cx[s] + cx[s] + cy[s] + cy[s] + cz[s] + cz[s + 1]
    if (here & NEIGHBOURS) == 0:
        sink[i] = real(0)
        rhs[i] = real(0)
        idiag[i] = real(1) / total if total > real(0) else real(0)
        return
    w, e, t, n = around(box, column)
    w, e, t, n = cell[w * box.ns + s], cell[e * box.ns + s], cell[t * box.ns + s], cell[n * box.ns + s]
    below, above = cell[i - 1], cell[i + 1]
    along_x, along_y = int(is_empty(w)) + int(is_empty(e)), int(is_empty(t)) + int(is_empty(n))
    total = cx[s] * real(along_x) + cy[s] * real(along_y)
    total = total + cz[s] * real(is_empty(below)) + cz[s + 1] * real(is_empty(above))
    lateral = int(is_face(w)) + int(is_face(e)) + int(is_face(t)) + int(is_face(n))
    faces = lateral + int(is_face(below)) + int(is_face(above))
    if faces == 0:
        sink[i] = real(0)
        rhs[i] = real(0)
    elif charge[0] > 0.0:
        if weigh != KEEP:
            steep[i] = slope(cell, box, column, s) if weigh == 1 else 1.0
        potential, area = np.float64(phi[i]), np.float64(steep[i])
        plate, strip, rise = butler_volmer.faces(
            potential, lateral, int(is_face(below)), int(is_face(above)), shift, charge, area, np.float64(kappa[s]), s
        )
        sink[i] = rise
        rhs[i] = rise * potential - (plate - strip)
    else:
        length = wagner[0]
        if weigh == 1:
            length = real(length * slope(cell, box, column, s))
        face = real(1) / (length + real(0.5) / kappa[s])
        shifts = shift[2 * s - 1] * real(lateral)
        shifts = shifts + shift[2 * s - 2] * real(is_face(below)) + shift[2 * s] * real(is_face(above))
        sink[i] = face * real(faces)
        rhs[i] = face * shifts
    total = total + sink[i]
    idiag[i] = real(1) / total if total > real(0) else real(0)


@njit
def set_cells(field, cell, box, lo, hi):
    """Equations of all cells of planes lo..hi-1."""
    phi, idiag, sink, rhs, cx, cy, cz, kappa, shift, wagner, charge, steep = field_arrays(field)
    weigh = field.weight[0]
    field.dirty[:] = 1
    for column in range(box.nx * box.ny):
        for s in range(lo, hi):
            set_cell(
                cell, box, phi, idiag, sink, rhs, cx, cy, cz, kappa, shift, wagner, charge, steep, weigh, column, s
            )


@njit
def linearise(field, cell, box, lo, hi):
    """Tangents of Butler-Volmer's law at the present potential of planes lo..hi-1: a step of Newton's method."""
    phi, idiag, sink, rhs, cx, cy, cz, kappa, shift, wagner, charge, steep = field_arrays(field)
    field.dirty[:] = 1
    for column in range(box.nx * box.ny):
        for s in range(lo, hi):
            if sink[column * box.ns + s] > 0:
                set_cell(
                    cell, box, phi, idiag, sink, rhs, cx, cy, cz, kappa, shift, wagner, charge, steep, KEEP, column, s
                )


@njit
def set_around(field, cell, box, column, s):
    """Equations of a changed voxel and of all cells whose faces, or whose faces' weights, it decides."""
    phi, idiag, sink, rhs, cx, cy, cz, kappa, shift, wagner, charge, steep = field_arrays(field)
    x, y, weigh = column // box.ny, column % box.ny, field.weight[0]
    reach = 3 if weigh == 1 else 1
    for i in range(-1, 2):
        for j in range(-1, 2):
            if abs(i) + abs(j) > reach or (i != 0 and box.nx == 1) or (j != 0 and box.ny == 1):
                continue
            other = wrapped(x + i, box.nx) * box.ny + wrapped(y + j, box.ny)
            field.dirty[other // box.ny // 2 * ((box.ny + 1) // 2) + other % box.ny // 2] = 1
            for k in range(-1, 2):
                if abs(i) + abs(j) + abs(k) <= reach and s + k > 0:
                    set_cell(
                        cell, box, phi, idiag, sink, rhs, cx, cy, cz, kappa, shift, wagner, charge, steep,
                        weigh, other, s + k,
                    )  # fmt: skip


@leaf
def field_arrays(field):
    """What the equation of a cell is made of."""
    f = field
    return f.phi, f.idiag, f.sink, f.rhs, f.cx, f.cy, f.cz, f.kappa, f.shift, f.wagner, f.charge, f.steep


@leaf
def law_arrays(field):
    """What the current of a face is made of besides potential, conductance and shift."""
    return field.charge, field.steep, field.kappa


@njit
def set_top(rhs, box, plane):
    """Uniform current density 1 into the highest plane."""
    for column in range(box.nx * box.ny):
        rhs[column * box.ns + plane] = 1


@njit
def hold_top(field, box, hi, resistance, potential):
    """Hold a potential, kept as that of plane hi, beyond a resistance on the upper face of plane hi - 1."""
    one, two = field.cz.dtype.type(1), field.cz.dtype.type(2)
    half = field.thickness[hi - 1] / (two * field.kappa[hi - 1])
    field.cz[hi] = one / (half + field.cz.dtype.type(resistance))
    for column in range(box.nx * box.ny):
        field.phi[column * box.ns + hi] = potential


@njit
def face_currents(cell, box, phi, sink, shift, law, column, s):
    """(plating, stripping) current of the Li faces of an electrolyte cell, both >= 0."""
    i = column * box.ns + s
    w, e, t, n = around(box, column)
    potential, lateral = np.float64(phi[i]), 0
    for other in (w, e, t, n):
        lateral += int(is_face(cell[other * box.ns + s]))
    plate, strip = 0.0, 0.0
    faces = lateral + int(is_face(cell[i - 1])) + int(is_face(cell[i + 1]))
    if faces == 0:
        return 0.0, 0.0
    charge, steep, kappa = law
    if charge[0] > 0.0:
        below, above = int(is_face(cell[i - 1])), int(is_face(cell[i + 1]))
        plate, strip, _ = butler_volmer.faces(
            potential, lateral, below, above, shift, charge, np.float64(steep[i]), np.float64(kappa[s]), s
        )
        return plate, strip
    for h in range(-2, 1):
        vertical = cell[i - 1] if h == -2 else cell[i + 1]
        count = lateral if h == -1 else int(is_face(vertical))
        drive = potential - np.float64(shift[2 * s + h])
        plate += count * max(drive, 0.0)
        strip += count * max(-drive, 0.0)
    face = np.float64(sink[i]) / faces
    return face * plate, face * strip


@leaf
def _strip_face(cell, box, phi, sink, shift, law, column, s, h):
    """Current by which the face at half-height h between the electrolyte cell (column, s) and Li dissolves, >= 0."""
    i = column * box.ns + s
    drive = np.float64(shift[h]) - np.float64(phi[i])
    if not is_empty(cell[i]) or drive <= 0 or sink[i] <= 0:
        return 0.0
    charge, steep, kappa = law
    if charge[0] > 0.0:
        return -butler_volmer.face(-drive, charge, np.float64(steep[i]), np.float64(kappa[s]))[0]
    faces = int(is_face(cell[i - 1])) + int(is_face(cell[i + 1]))
    for other in around(box, column):
        faces += int(is_face(cell[other * box.ns + s]))
    return np.float64(sink[i]) / faces * drive


@njit
def strip_current(cell, box, phi, sink, shift, law, column, s):
    """Current by which the faces of the Li voxel (column, s) dissolve, >= 0."""
    total = 0.0
    if (cell[column * box.ns + s] & DEAD) != 0:
        return total
    for other in around(box, column):
        if other != column:
            total += _strip_face(cell, box, phi, sink, shift, law, other, s, 2 * s - 1)
    total += _strip_face(cell, box, phi, sink, shift, law, column, s - 1, 2 * s - 2)
    total += _strip_face(cell, box, phi, sink, shift, law, column, s + 1, 2 * s)
    return total
