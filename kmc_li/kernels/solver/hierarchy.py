"""Coarse grids of the field: two cells an axis merge, with conductances from the finer grid.

A cell's equation is   sum_links c (phi_j - phi_i) - sink_i phi_i + rhs_i = 0,   `sink` the conductance to its Li faces.
Conductances of the lattice depend on the plane only: cx[s], cy[s] lateral, cz[s] between planes s-1 and s.

Two cells an axis merge; planes merge while they are no thicker than the lateral cell, so that stretched planes above
the deposit do not spoil the smoothing. A coarse conductance is the sum of the fine ones times fine/coarse centre
distance (plain Galerkin would be twice too stiff). The last grid is one column. Coarse planes are numbered from 1;
plane 0 and those above the last are zero pads.

Written for the compiler: flat arrays, slices of whole columns, no sum that crosses lanes, so that loops vectorise
without changing a bit of the result.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kmc_li.kernels.base.jit import apart, hidden, leaf, njit
from kmc_li.kernels.base.records import record

LANES = 8  # numbers that a processor treats at once: loops over so many planes, or twice as many, leave none over

@record
class Hierarchy(NamedTuple):
    """Coarse grids packed one after the other; level 0 (the fine grid) has entries in the tables only."""

    shape: np.ndarray  # int64 (levels, 3): columns of a level, and how many planes each of them takes up
    offset: np.ndarray  # int64 (levels + 1,): where a coarse level starts in the packed arrays
    planes: np.ndarray  # int64 (levels, 3): first and one past last plane in use, and how many pairs merge at the start
    parent: np.ndarray  # int64 (levels, planes): coarse plane of each plane
    thickness: np.ndarray  # float (levels, planes): plane thickness in voxels
    scale_x: np.ndarray  # float (levels, nx): fine/coarse distance across the link x -> x+1 of a level
    scale_y: np.ndarray
    scale_z: np.ndarray  # float (levels, planes): the same between planes s-1 and s of a level
    gx: np.ndarray  # float, packed: conductance to x+1, y+1 and the plane below
    gy: np.ndarray
    gz: np.ndarray
    sink: np.ndarray
    idiag: np.ndarray  # 1/diagonal, 0 in metal
    u: np.ndarray  # correction
    f: np.ndarray  # right-hand side of the correction


def _lateral_scales(widths: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Pair the columns of one axis; returns the coarse widths and the distance ratio across each coarse link."""
    n = widths.size
    coarse = np.array([widths[2 * i : 2 * i + 2].sum() for i in range((n + 1) // 2)])
    last = np.array([widths[min(2 * i + 1, n - 1)] for i in range(coarse.size)])
    first = widths[::2]
    after = (np.arange(coarse.size) + 1) % coarse.size
    return coarse, (last + first[after]) / (coarse + coarse[after])


def allocate(nx: int, ny: int, ns: int, dtype: type, extra_planes: int) -> Hierarchy:
    """Room for every coarse grid of an (nx, ny, ns) lattice; `extra_planes` is how many stretched ones there may be."""
    shape, widths_x, widths_y, scales = [(nx, ny, ns)], np.ones(nx), np.ones(ny), [(np.ones(nx), np.ones(ny))]
    while shape[-1][0] > 1 or shape[-1][1] > 1 or len(shape) == 1:
        widths_x, scale_x = _lateral_scales(widths_x)
        widths_y, scale_y = _lateral_scales(widths_y)
        planes = -(-ns // 2 ** len(shape)) + extra_planes + 4 + LANES
        shape.append((widths_x.size, widths_y.size, planes))
        scales.append((scale_x, scale_y))
    levels = len(shape)
    sizes = [0, 0] + [int(np.prod(s)) for s in shape[1:]]
    most = max(ns + 2, *[planes for _, _, planes in shape])
    scale_x, scale_y = np.ones((levels, nx), dtype), np.ones((levels, ny), dtype)
    for level, (along_x, along_y) in enumerate(scales):
        scale_x[level, : along_x.size], scale_y[level, : along_y.size] = along_x, along_y
    packed = [np.zeros(sum(sizes), dtype) for _ in range(7)]
    return Hierarchy(
        np.array(shape, np.int64),
        np.cumsum(sizes).astype(np.int64),
        np.zeros((levels, 3), np.int64),
        np.zeros((levels, most), np.int64),
        np.ones((levels, most), dtype),
        scale_x,
        scale_y,
        np.ones((levels, most), dtype),
        *packed,
    )


@njit
def pair_planes(grids, first, end, thickness):
    """Fix which planes merge on every level, for a fine grid that uses planes first..end-1 of the given thickness."""
    grids.planes[0, 0] = first
    grids.planes[0, 1] = end
    for s in range(first, end):
        grids.thickness[0, s] = thickness[s]
    for level in range(grids.shape.shape[0] - 1):
        first, end = grids.planes[level, 0], grids.planes[level, 1]
        thick, coarse = grids.thickness[level], grids.thickness[level + 1]
        width = np.float64(2 ** (level + 1))
        k, s, pairs = 0, first, 0
        while s < end:
            k += 1
            grids.parent[level, s] = k
            coarse[k] = thick[s]
            grids.scale_z[level + 1, k] = thick[s] + thick[s - 1] if s > first else thick[s]
            if s + 1 < end and thick[s] + thick[s + 1] <= width:
                if pairs == k - 1:
                    pairs = k
                grids.parent[level, s + 1] = k
                coarse[k] += thick[s + 1]
                s += 1
            s += 1
        for j in range(2, k + 1):
            grids.scale_z[level + 1, j] /= coarse[j] + coarse[j - 1]
        grids.planes[level, 2] = pairs
        grids.planes[level + 1, 0] = 1
        grids.planes[level + 1, 1] = k + 1
        grids.shape[level + 1, 2] = -(-k // LANES) * LANES + 2


@leaf
def inner_planes(grids, level):
    """Planes of a coarse level, from 1 on, that loops run over: those in use, and empty ones up to whole LANES."""
    return grids.shape[level, 2] - 2


@leaf
def used(grids, level):
    """Where a coarse level begins and ends in the packed arrays as its columns are now."""
    start = grids.offset[level]
    return start, start + grids.shape[level, 0] * grids.shape[level, 1] * grids.shape[level, 2]


@leaf
def gather(source, factor, parent, pairs, into):
    """into[parent of s] += factor source[s] for a whole column; the first `pairs` parents have two children each."""
    for k in range(pairs):
        into[1 + k] += factor * (source[2 * k] + source[2 * k + 1])
    for s in range(2 * pairs, source.shape[0]):
        into[parent[s]] += factor * source[s]


@leaf
def gather_vertical(source, scale, parent, pairs, into):
    """The same for conductances to the plane below, of which only those between two parents count."""
    for k in range(1, pairs):
        into[1 + k] += source[2 * k] * scale[1 + k]
    for s in range(max(2 * pairs, 1), source.shape[0]):
        if parent[s] != parent[s - 1]:
            into[parent[s]] += source[s] * scale[parent[s]]


@njit
def coarsen_fine(inverse_diagonal, sink, cx, cy, cz, dirty, grids, work):
    """Conductances and sinks of the columns of level 1 that are `dirty`, from the lattice; leaves none dirty."""
    nx, ny, ns = grids.shape[0]
    lowest, end, pairs = grids.planes[0]
    xcoarse, ycoarse, planes = grids.shape[1]
    parent, scale_z = grids.parent[0, lowest:end], grids.scale_z[1]
    kx, ky, kz, link = cx[lowest:end], cy[lowest:end], cz[lowest:end], work[: end - lowest]
    zero, one = inverse_diagonal.dtype.type(0), inverse_diagonal.dtype.type(1)
    for coarse in range(xcoarse * ycoarse):
        if dirty[coarse] == 0:
            continue
        dirty[coarse] = 0
        xc, yc = coarse // ycoarse, coarse % ycoarse
        o = coarse * planes
        gx, gy, gz = grids.gx[o : o + planes], grids.gy[o : o + planes], grids.gz[o : o + planes]
        total = grids.sink[o : o + planes]
        for i in range(planes):
            gx[i] = zero
            gy[i] = zero
            gz[i] = zero
            total[i] = zero
        for x in range(2 * xc, min(2 * xc + 2, nx)):
            xe = x + 1 if x + 1 < nx else 0
            for y in range(2 * yc, min(2 * yc + 2, ny)):
                yn = y + 1 if y + 1 < ny else 0
                a = (x * ny + y) * ns
                here, below = inverse_diagonal[a + lowest : a + end], inverse_diagonal[a + lowest - 1 : a + end - 1]
                gather(sink[a + lowest : a + end], one, parent, pairs, total)
                if here[end - lowest - 1] > zero:  # a potential held above, 0 in a correction
                    total[parent[end - lowest - 1]] += cz[end]
                if xe // 2 != xc:
                    b = (xe * ny + y) * ns
                    other = inverse_diagonal[b + lowest : b + end]
                    for i in range(end - lowest):
                        link[i] = kx[i] if (here[i] > zero) & (other[i] > zero) else zero
                    gather(link, grids.scale_x[1, xc], parent, pairs, gx)
                if yn // 2 != yc:
                    b = (x * ny + yn) * ns
                    other = inverse_diagonal[b + lowest : b + end]
                    for i in range(end - lowest):
                        link[i] = ky[i] if (here[i] > zero) & (other[i] > zero) else zero
                    gather(link, grids.scale_y[1, yc], parent, pairs, gy)
                for i in range(end - lowest):
                    link[i] = kz[i] if (here[i] > zero) & (below[i] > zero) else zero
                gather_vertical(link, scale_z, parent, pairs, gz)


@njit
def _coarsen_planes(inverse_diagonal, sink, cx, cy, cz, grids, xc, yc, first, pairs):
    """A column of level 1 from the lattice, in the planes that take up `pairs` pairs of planes from `first` on."""
    nx, ny, ns = grids.shape[0]
    ycoarse, planes = grids.shape[1, 1:]
    plane, zero = grids.parent[0, first], inverse_diagonal.dtype.type(0)
    o = (xc * ycoarse + yc) * planes + plane
    for k in range(pairs):
        grids.gx[o + k] = zero
        grids.gy[o + k] = zero
        grids.gz[o + k] = zero
        grids.sink[o + k] = zero
    for x in range(2 * xc, min(2 * xc + 2, nx)):
        xe = x + 1 if x + 1 < nx else 0
        for y in range(2 * yc, min(2 * yc + 2, ny)):
            yn = y + 1 if y + 1 < ny else 0
            a, b, c = (x * ny + y) * ns + first, (xe * ny + y) * ns + first, (x * ny + yn) * ns + first
            for k in range(pairs):
                grids.sink[o + k] += sink[a + 2 * k] + sink[a + 2 * k + 1]
                if (
                    (plane > 1 or k > 0)
                    and inverse_diagonal[a + 2 * k] > zero
                    and inverse_diagonal[a + 2 * k - 1] > zero
                ):
                    grids.gz[o + k] += cz[first + 2 * k] * grids.scale_z[1, plane + k]
            if xe // 2 != xc:
                for s in range(2 * pairs):
                    if inverse_diagonal[a + s] > zero and inverse_diagonal[b + s] > zero:
                        grids.gx[o + s // 2] += grids.scale_x[1, xc] * cx[first + s]
            if yn // 2 != yc:
                for s in range(2 * pairs):
                    if inverse_diagonal[a + s] > zero and inverse_diagonal[c + s] > zero:
                        grids.gy[o + s // 2] += grids.scale_y[1, yc] * cy[first + s]


@hidden
def coarsen_near(inverse_diagonal, sink, cx, cy, cz, grids, column, first, end):
    """Level 1 as the lattice is now around a changed column, in planes first..end-1, which are whole pairs.

    Between refreshes the local repair corrects on it: with conductances of before some hundred hops that diverges.
    """
    nx, ny, _ = grids.shape[0]
    xcoarse, ycoarse, planes = grids.shape[1]
    x, y, pairs, one = column // ny, column % ny, (end - first) // 2, inverse_diagonal.dtype.type(1)
    plane, zero = grids.parent[0, first], inverse_diagonal.dtype.type(0)
    for renew in (False, True):  # conductances of all columns first, then diagonals
        last_x = -1
        for i in range(-1, 2):
            xc = (x + i + nx) % nx // 2
            if xc == last_x:
                continue
            last_x, last_y = xc, -1
            for j in range(-1, 2):
                yc = (y + j + ny) % ny // 2
                if yc == last_y:
                    continue
                last_y = yc
                if not renew:
                    _coarsen_planes(inverse_diagonal, sink, cx, cy, cz, grids, xc, yc, first, pairs)
                    continue
                a = (xc * ycoarse + yc) * planes
                w = ((xc - 1 if xc > 0 else xcoarse - 1) * ycoarse + yc) * planes
                t = (xc * ycoarse + (yc - 1 if yc > 0 else ycoarse - 1)) * planes
                for s in range(plane, plane + pairs):
                    total = grids.gx[a + s] + grids.gx[w + s] + grids.gy[a + s] + grids.gy[t + s]
                    total = total + grids.gz[a + s] + grids.gz[a + s + 1] + grids.sink[a + s]
                    grids.idiag[a + s] = one / total if total > zero else zero


@njit
def coarsen(grids, level):
    """Conductances and sinks of `level` from the coarse level before it."""
    nx, ny, ns = grids.shape[level - 1]
    n, pairs = grids.planes[level - 1, 1] - 1, grids.planes[level - 1, 2]
    ycoarse, planes = grids.shape[level, 1], grids.shape[level, 2]
    base, (start, stop) = grids.offset[level - 1], used(grids, level)
    for grid in (grids.gx, grids.gy, grids.gz, grids.sink):
        for i in range(start, stop):
            grid[i] = 0
    parent, scale_z = grids.parent[level - 1, 1 : n + 1], grids.scale_z[level]
    one = grids.gx.dtype.type(1)
    for x in range(nx):
        cross_x = (x + 1 if x + 1 < nx else 0) // 2 != x // 2
        for y in range(ny):
            cross_y = (y + 1 if y + 1 < ny else 0) // 2 != y // 2
            a = base + (x * ny + y) * ns + 1
            o = start + ((x // 2) * ycoarse + y // 2) * planes
            gather(grids.sink[a : a + n], one, parent, pairs, grids.sink[o : o + planes])
            if cross_x:
                gather(grids.gx[a : a + n], grids.scale_x[level, x // 2], parent, pairs, grids.gx[o : o + planes])
            if cross_y:
                gather(grids.gy[a : a + n], grids.scale_y[level, y // 2], parent, pairs, grids.gy[o : o + planes])
            gather_vertical(grids.gz[a : a + n], scale_z, parent, pairs, grids.gz[o : o + planes])


@njit
def invert_diagonal(grids, level):
    """1/diagonal of a coarse level from its conductances."""
    nx, ny, ns = grids.shape[level]
    base, n = grids.offset[level] + 1, inner_planes(grids, level)
    one, zero = grids.gx.dtype.type(1), grids.gx.dtype.type(0)
    for x in range(nx):
        for y in range(ny):
            a = base + (x * ny + y) * ns
            w = base + ((x - 1 if x > 0 else nx - 1) * ny + y) * ns
            t = base + (x * ny + (y - 1 if y > 0 else ny - 1)) * ns
            west, east = grids.gx[w : w + n], grids.gx[a : a + n]
            south, north = grids.gy[t : t + n], grids.gy[a : a + n]
            down, up, sink = grids.gz[a : a + n], grids.gz[a + 1 : a + 1 + n], grids.sink[a : a + n]
            inverse = grids.idiag[a : a + n]
            for i in range(n):
                total = east[i] + west[i] + north[i] + south[i]
                total = total + down[i] + up[i] + sink[i]
                inverse[i] = one / total if total > zero else zero


@apart
def coarsen_all(inverse_diagonal, sink, cx, cy, cz, dirty, grids, work):
    """Bring all coarse grids up to date with the lattice."""
    for level in range(1, grids.shape.shape[0]):
        if level == 1:
            coarsen_fine(inverse_diagonal, sink, cx, cy, cz, dirty, grids, work)
        else:
            coarsen(grids, level)
        invert_diagonal(grids, level)
