"""The electrolyte's potential on the lattice: a Robin problem, its faces, its currents, its repair after an event.

Everything is dimensionless: lengths in voxels, conductance in kappa * voxel, potential in j * voxel / kappa, so the
current through a column's share of the top is 1 and a face's conductance is 1 / (W/voxel + 1/2) (Wagner length W).
"""

from typing import NamedTuple

import numpy as np

from . import multigrid
from .jit import leaf, njit
from .lattice import DEAD, LI, NEIGHBOURS, is_empty, is_li


class Field(NamedTuple):
    """Arrays of the field problem; (nx, ny, ns) ones share their indices with the lattice's `cell`."""

    phi: np.ndarray  # potential, 0 in Li
    idiag: np.ndarray  # 1 / diagonal of the cell's equation, 0 in Li
    sink: np.ndarray  # conductance from the cell to all its Li faces
    rhs: np.ndarray  # source: shifts of the faces, current from the top
    cx: np.ndarray  # (ns + 1,) lateral conductance along x of a plane
    cy: np.ndarray
    cz: np.ndarray  # (ns + 1,) conductance between planes s - 1 and s
    kappa: np.ndarray  # (ns + 1,) conductivity of a plane over the electrolyte's
    thickness: np.ndarray  # (ns + 1,) of a plane, in voxels
    shift: np.ndarray  # (2 ns + 2,) shift of a face by the height of its centre, in half voxels
    wagner: np.ndarray  # (1,) Wagner length over voxel
    weight: np.ndarray  # (1,) 1: faces count with their share of the true area, 0: with the staircase's
    work: np.ndarray  # (2 ns + 8,)


def allocate(nx: int, ny: int, ns: int, dtype: type, wagner: float, weighted: bool) -> Field:
    """Arrays for an (nx, ny, ns) lattice; pages that are never touched cost no memory."""
    cells = [np.zeros((nx, ny, ns), dtype) for _ in range(4)]
    planes = [np.zeros(ns + 1, dtype) for _ in range(5)]
    return Field(
        *cells,
        *planes,
        shift=np.zeros(2 * ns + 2, dtype),
        wagner=np.array([wagner], dtype),
        weight=np.array([weighted], np.int64),
        work=np.zeros(2 * ns + 8, dtype),
    )


@njit
def set_planes(field, tree, lo, hi):
    """Conductances of planes lo..hi-1 from their thickness and conductivity; no link leaves the range."""
    nx, ny, _ = field.phi.shape
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
    field.cz[lo] = zero
    multigrid.pair_planes(tree, lo, hi, field.thickness)


@njit
def _slope(cell, x, y, s):
    """Sum of |components| of the unit normal of the smoothed deposit at a cell: 1 for (100), sqrt 3 for (111)."""
    nx, ny, ns = cell.shape
    gx, gy, gz = 0, 0, 0
    for i in range(-1, 2):
        for j in range(-1, 2):
            column = cell[(x + i) % nx, (y + j) % ny]
            for k in range(-1, 2):
                if is_li(column[max(min(s + k, ns - 1), 0)]):
                    smooth = (2 - abs(i)) * (2 - abs(j)) * (2 - abs(k))
                    gx += i * smooth
                    gy += j * smooth
                    gz += k * smooth
    if nx == 1:
        gx = 0
    if ny == 1:
        gy = 0
    square = gx * gx + gy * gy + gz * gz
    return (abs(gx) + abs(gy) + abs(gz)) / np.sqrt(float(square)) if square > 0 else 1.0


@leaf
def face_conductance(field, cell, x, y, s):
    """Conductance of one Li face of an electrolyte cell: half a voxel of electrolyte and the charge transfer."""
    half, one = field.kappa.dtype.type(0.5), field.kappa.dtype.type(1)
    wagner = field.wagner[0]
    if field.weight[0] == 1:
        wagner = field.kappa.dtype.type(wagner * _slope(cell, x, y, s))
    return one / (wagner + half / field.kappa[s])


@leaf
def _is_face(value):
    return (value & (LI | DEAD)) == LI


@leaf
def set_cell(field, cell, x, y, s):
    """Equation of one cell from the lattice as it is now. The source from the top is set by `set_top`."""
    zero, one = field.phi.dtype.type(0), field.phi.dtype.type(1)
    here = cell[x, y, s]
    if not is_empty(here):
        field.phi[x, y, s] = zero
        field.idiag[x, y, s] = zero
        field.sink[x, y, s] = zero
        field.rhs[x, y, s] = zero
        return
    nx, ny, ns = cell.shape
    faces, shifts, links = 0, zero, zero
    if here & NEIGHBOURS:
        side = field.shift[2 * s - 1]
        for d in range(4):
            if d == 0:
                other = cell[x - 1 if x > 0 else nx - 1, y, s]
            elif d == 1:
                other = cell[x + 1 if x + 1 < nx else 0, y, s]
            elif d == 2:
                other = cell[x, y - 1 if y > 0 else ny - 1, s]
            else:
                other = cell[x, y + 1 if y + 1 < ny else 0, s]
            if _is_face(other):
                faces += 1
                shifts += side
            elif is_empty(other):
                links += field.cx[s] if d < 2 else field.cy[s]
        below, above = cell[x, y, s - 1], cell[x, y, s + 1] if s + 1 < ns else 0
        if _is_face(below):
            faces += 1
            shifts += field.shift[2 * s - 2]
        elif is_empty(below):
            links += field.cz[s]
        if _is_face(above):
            faces += 1
            shifts += field.shift[2 * s]
        elif is_empty(above):
            links += field.cz[s + 1]
    else:
        links = field.cx[s] + field.cx[s] + field.cy[s] + field.cy[s] + field.cz[s] + field.cz[s + 1]
    face = face_conductance(field, cell, x, y, s) if faces > 0 else zero
    field.sink[x, y, s] = face * field.phi.dtype.type(faces)
    field.rhs[x, y, s] = face * shifts
    total = links + field.sink[x, y, s]
    field.idiag[x, y, s] = one / total if total > zero else zero


@njit
def set_cells(field, cell, lo, hi):
    """Equations of all cells of planes lo..hi-1."""
    nx, ny, _ = cell.shape
    for x in range(nx):
        for y in range(ny):
            for s in range(lo, hi):
                set_cell(field, cell, x, y, s)


@njit
def set_top(field, plane):
    """Uniform current density 1 into the highest plane."""
    nx, ny, _ = field.phi.shape
    for x in range(nx):
        for y in range(ny):
            field.rhs[x, y, plane] = 1


@leaf
def face_currents(field, cell, x, y, s):
    """(plating, stripping) current of the Li faces of an electrolyte cell, both >= 0."""
    phi, sink = float(field.phi[x, y, s]), float(field.sink[x, y, s])
    rhs = field.rhs[x, y, s]
    if sink <= 0:
        return 0.0, 0.0
    if rhs == 0:
        return max(sink * phi, 0.0), max(-sink * phi, 0.0)
    nx, ny, _ = cell.shape
    plate, strip, faces = 0.0, 0.0, 0
    for d in range(6):
        if d == 0:
            other, h = cell[x - 1 if x > 0 else nx - 1, y, s], 2 * s - 1
        elif d == 1:
            other, h = cell[x + 1 if x + 1 < nx else 0, y, s], 2 * s - 1
        elif d == 2:
            other, h = cell[x, y - 1 if y > 0 else ny - 1, s], 2 * s - 1
        elif d == 3:
            other, h = cell[x, y + 1 if y + 1 < ny else 0, s], 2 * s - 1
        elif d == 4:
            other, h = cell[x, y, s - 1], 2 * s - 2
        else:
            other, h = cell[x, y, s + 1], 2 * s
        if _is_face(other):
            faces += 1
            drive = phi - float(field.shift[h])
            plate += max(drive, 0.0)
            strip += max(-drive, 0.0)
    face = sink / faces
    return face * plate, face * strip


@leaf
def face_strip_current(field, cell, x, y, s, h):
    """Current >= 0 by which the face at half-height h between electrolyte cell (x, y, s) and Li dissolves."""
    sink = float(field.sink[x, y, s])
    drive = float(field.shift[h]) - float(field.phi[x, y, s])
    if sink <= 0 or drive <= 0:
        return 0.0
    faces = 0
    nx, ny, _ = cell.shape
    faces += _is_face(cell[x - 1 if x > 0 else nx - 1, y, s])
    faces += _is_face(cell[x + 1 if x + 1 < nx else 0, y, s])
    faces += _is_face(cell[x, y - 1 if y > 0 else ny - 1, s])
    faces += _is_face(cell[x, y + 1 if y + 1 < ny else 0, s])
    faces += _is_face(cell[x, y, s - 1]) + _is_face(cell[x, y, s + 1])
    return sink / faces * drive


@njit
def strip_current(field, cell, x, y, s):
    """Current by which the faces of the Li voxel (x, y, s) dissolve, >= 0."""
    nx, ny, _ = cell.shape
    total = 0.0
    if nx > 1:
        for x1 in (x - 1 if x > 0 else nx - 1, x + 1 if x + 1 < nx else 0):
            if is_empty(cell[x1, y, s]):
                total += face_strip_current(field, cell, x1, y, s, 2 * s - 1)
    if ny > 1:
        for y1 in (y - 1 if y > 0 else ny - 1, y + 1 if y + 1 < ny else 0):
            if is_empty(cell[x, y1, s]):
                total += face_strip_current(field, cell, x, y1, s, 2 * s - 1)
    if is_empty(cell[x, y, s - 1]):
        total += face_strip_current(field, cell, x, y, s - 1, 2 * s - 2)
    if is_empty(cell[x, y, s + 1]):
        total += face_strip_current(field, cell, x, y, s + 1, 2 * s)
    return total


@leaf
def relax_cell(phi, idiag, rhs, cx, cy, cz, x, y, s):
    """Solve one cell's equation for its own potential."""
    d = idiag[x, y, s]
    if d <= 0:
        return
    nx, ny, _ = phi.shape
    total = cx[s] * (phi[x - 1 if x > 0 else nx - 1, y, s] + phi[x + 1 if x + 1 < nx else 0, y, s])
    total = total + cy[s] * (phi[x, y - 1 if y > 0 else ny - 1, s] + phi[x, y + 1 if y + 1 < ny else 0, s])
    total = total + cz[s] * phi[x, y, s - 1] + cz[s + 1] * phi[x, y, s + 1]
    phi[x, y, s] = (total + rhs[x, y, s]) * d
