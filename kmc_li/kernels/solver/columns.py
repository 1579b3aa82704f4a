"""Equations of whole columns at a time: what `equations.set_cell` makes of their cells one by one, some times as fast.

Loops over a column count links and faces. The normal of the deposit, smoothed over three voxels, is a sum along each
axis in turn, in bytes; with a linear law, what a face conducts that no shift reaches is looked up by it. Only faces
with a shift, or with a law that is not linear, are asked one by one.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kmc_li.kernels.base import verbs
from kmc_li.kernels.base.jit import leaf, njit
from kmc_li.kernels.base.records import record
from kmc_li.kernels.lattice.occupancy import LI, Box, around, highest_around, is_empty
from kmc_li.kernels.lattice.surface import area_ratio_along, conducts
from kmc_li.kernels.solver.equations import place
from kmc_li.kernels.solver.hierarchy import LANES

MOST = 17  # a component of the smoothed normal is at most 16


@record
class Columns(NamedTuple):
    """What a face is by the normal, by the sizes of its three components, and scratch."""

    ratio: np.ndarray  # float64 (MOST^3,): staircase area over true area
    conductance: np.ndarray  # float (MOST^3,): with a linear law
    slopes: np.ndarray  # int8 (3 voxels,): summed along s and y, but not yet along x
    row: np.ndarray  # int8 (2 ny ns,): summed along s only
    normal: np.ndarray  # int16 (ns,): where a column's conductances are looked up
    faces: np.ndarray  # float (ns,): conductance of one face
    counts: np.ndarray  # uint8 (4 ns,): live faces beside a cell and in all, links along x and y
    total: np.ndarray  # float (ns,): diagonal
    away: np.ndarray  # float (ns,): 1/diagonal of a cell that no Li touches


@lru_cache
def _ratios() -> NDArray[np.float64]:
    """Staircase area over true area by the sizes of the normal's components, float64 (MOST^3,)."""
    steps = np.arange(MOST)
    return np.array(
        [area_ratio_along(Box(2, 2, 2), int(x), int(y), int(s)) for x in steps for y in steps for s in steps]
    )


def allocate(box: Box, dtype: type, wagner: float, weighted: bool) -> Columns:
    """For a lattice and a Wagner length in voxels."""
    ratio = _ratios() if weighted else np.ones(MOST**3)
    return Columns(
        ratio,
        (1.0 / (wagner * ratio + 0.5)).astype(dtype),
        np.zeros(3 * box.nx * box.ny * box.ns, np.int8),
        np.zeros(2 * box.ny * box.ns, np.int8),
        np.zeros(box.ns, np.int16),
        np.zeros(box.ns, dtype),
        np.zeros(4 * box.ns, np.uint8),
        np.zeros(box.ns, dtype),
        np.zeros(box.ns, dtype),
    )


@njit
def _sum_row(cell, box, columns, x, first, planes):
    """Slopes of one row of columns, summed along s and then y."""
    size, layer = box.ny * planes, box.nx * box.ny * planes
    row = columns.row
    for y in range(box.ny):
        a = (x * box.ny + y) * box.ns + first
        below, here, above = cell[a - 1 : a - 1 + planes], cell[a : a + planes], cell[a + 1 : a + 1 + planes]
        even, steep = row[y * planes : (y + 1) * planes], row[size + y * planes : size + (y + 1) * planes]
        for k in range(planes):
            twice = (here[k] & np.uint8(LI)) << np.uint8(1)
            even[k] = (twice + (below[k] & np.uint8(LI)) + (above[k] & np.uint8(LI))) >> 3
        for k in range(planes):
            steep[k] = np.int8((above[k] & np.uint8(LI)) >> 3) - np.int8((below[k] & np.uint8(LI)) >> 3)
    for y in range(box.ny):
        o, south, here = (x * box.ny + y) * planes, (y - 1 if y > 0 else box.ny - 1) * planes, y * planes
        north = (y + 1 if y + 1 < box.ny else 0) * planes
        for part in range(0, 2):
            at = part * size
            left, right = row[at + south : at + south + planes], row[at + north : at + north + planes]
            mid, a = row[at + here : at + here + planes], 2 * part * layer + o
            into = columns.slopes[a : a + planes]
            for k in range(planes):
                into[k] = left[k] + 2 * mid[k] + right[k]
        left, right = row[south : south + planes], row[north : north + planes]
        into = columns.slopes[layer + o : layer + o + planes]
        for k in range(planes):
            into[k] = right[k] - left[k]


@leaf
def _look_up(box, columns, x, y, planes, row_planes):
    """Conductance of a face of each cell of a column, into `faces`; of the slopes a column has `row_planes`."""
    layer = box.nx * box.ny * row_planes
    west = ((x - 1 if x > 0 else box.nx - 1) * box.ny + y) * row_planes
    east = ((x + 1 if x + 1 < box.nx else 0) * box.ny + y) * row_planes
    here, slopes = (x * box.ny + y) * row_planes, columns.slopes
    normal, faces = columns.normal[:planes], columns.faces[:planes]
    left, mid, right = slopes[west : west + planes], slopes[here : here + planes], slopes[east : east + planes]
    for k in range(planes):
        normal[k] = np.int16(abs(right[k] - left[k])) * np.int16(MOST * MOST)
    for part in range(1, 3):
        o = part * layer
        left, right = slopes[o + west : o + west + planes], slopes[o + east : o + east + planes]
        mid, factor = slopes[o + here : o + here + planes], np.int16(MOST if part == 1 else 1)
        for k in range(planes):
            normal[k] += np.int16(abs(left[k] + 2 * mid[k] + right[k])) * factor
    for k in range(planes):
        faces[k] = columns.conductance[normal[k]]


@leaf
def _ask(field, columns, law, cell, box, column, first, shifted, planes, lateral, sink, rhs):
    """Faces with a shift, or with a law that is not linear: their slopes into `sink`, what is left of it into `rhs`."""
    a, b = column * box.ns + first, place(field, column, first)
    for k in range(shifted - first, planes):
        if sink[k] > 0:
            faces = (int(lateral[k]), int(conducts(cell[a + k - 1])), int(conducts(cell[a + k + 1])))
            ratio = columns.ratio[columns.normal[k]]
            sink[k], rhs[k] = verbs.tangent(
                law, a + k, field.phi[b + k], faces, field.shift, field.kappa[first + k], ratio, first + k
            )


@leaf
def _reached(box, height, column, first, planes):
    """Planes of a column, from `first` on, that Li beside it or in it may touch, rounded up to whole LANES."""
    return max(min(-(-(highest_around(box, height, column) + 2 - first) // LANES) * LANES, planes), 0)


@njit
def set_columns(field, columns, law, cell, box, height, first, shifted, end):
    """Equations of all cells of planes first..end-1; from plane `shifted` on each face is asked."""
    planes = end - first
    if planes <= 0:
        return
    field.dirty[:] = 1
    touched = 0  # planes that any Li touches
    for column in range(box.nx * box.ny):
        touched = max(touched, _reached(box, height, column, first, planes))
    if field.weighted[0] == 1:
        for x in range(box.nx):
            _sum_row(cell, box, columns, x, first, touched)
    else:
        columns.faces[:touched] = columns.conductance[0]
        columns.normal[:touched] = 0
    real = field.phi.dtype.type
    zero, one, two = real(0), real(1), real(2)
    kx, ky, down, up = field.cx[first:end], field.cy[first:end], field.cz[first:end], field.cz[first + 1 : end + 1]
    total, away = columns.total[:planes], columns.away[:planes]
    for k in range(planes):
        total[k] = down[k] + up[k]
    for k in range(planes):
        total[k] += kx[k] * two + ky[k] * two
    for k in range(planes):
        away[k] = one / total[k] if total[k] > zero else zero
    for column in range(box.nx * box.ny):
        m, b = _reached(box, height, column, first, planes), place(field, column, first)
        _set_touched(field, columns, law, cell, box, column, first, shifted, m, touched)
        sink, rhs = field.surface_conductance[b + m : b + planes], field.rhs[b + m : b + planes]
        diagonal, alone = field.inverse_diagonal[b + m : b + planes], away[m:]
        for k in range(planes - m):
            sink[k] = zero
        for k in range(planes - m):
            rhs[k] = zero
        for k in range(planes - m):
            diagonal[k] = alone[k]


@leaf
def _set_touched(field, columns, law, cell, box, column, first, shifted, planes, row_planes):
    """Equations of the lower `planes` of a column, whose slopes are summed up to `row_planes`."""
    real = field.phi.dtype.type
    zero, one = real(0), real(1)
    end = first + planes
    kx, ky, down, up = field.cx[first:end], field.cy[first:end], field.cz[first:end], field.cz[first + 1 : end + 1]
    counts, total = columns.counts, columns.total[:planes]
    lateral, touching = counts[:planes], counts[planes : 2 * planes]
    along_x, along_y = counts[2 * planes : 3 * planes], counts[3 * planes : 4 * planes]
    if field.weighted[0] == 1:
        _look_up(box, columns, column // box.ny, column % box.ny, planes, row_planes)
    w, e, t, n = around(box, column)
    w, e, t, n = w * box.ns + first, e * box.ns + first, t * box.ns + first, n * box.ns + first
    a = column * box.ns + first
    here, below, above = cell[a : a + planes], cell[a - 1 : a - 1 + planes], cell[a + 1 : a + 1 + planes]
    west, east = cell[w : w + planes], cell[e : e + planes]
    south, north = cell[t : t + planes], cell[n : n + planes]
    for k in range(planes):
        beside = np.uint8(conducts(west[k])) + np.uint8(conducts(east[k])) + np.uint8(conducts(south[k]))
        lateral[k] = beside + np.uint8(conducts(north[k]))
    for k in range(planes):
        touching[k] = lateral[k] + np.uint8(conducts(below[k])) + np.uint8(conducts(above[k]))
    for k in range(planes):
        along_x[k] = np.uint8(is_empty(west[k])) + np.uint8(is_empty(east[k]))
    for k in range(planes):
        along_y[k] = np.uint8(is_empty(south[k])) + np.uint8(is_empty(north[k]))
    a = place(field, column, first)
    phi, sink = field.phi[a : a + planes], field.surface_conductance[a : a + planes]
    diagonal, rhs, face = field.inverse_diagonal[a : a + planes], field.rhs[a : a + planes], columns.faces[:planes]
    for k in range(planes):
        total[k] = down[k] * real(is_empty(below[k])) + up[k] * real(is_empty(above[k]))
    for k in range(planes):
        total[k] += kx[k] * real(along_x[k]) + ky[k] * real(along_y[k])
    for k in range(planes):
        sink[k] = face[k] * real(touching[k]) if is_empty(here[k]) else zero
    rhs[:] = zero
    _ask(field, columns, law, cell, box, column, first, shifted, planes, lateral, sink, rhs)
    for k in range(planes):
        total[k] += sink[k]
    for k in range(planes):
        diagonal[k] = one / total[k] if is_empty(here[k]) & (total[k] > zero) else zero
    for k in range(planes):
        phi[k] = phi[k] if is_empty(here[k]) else zero
