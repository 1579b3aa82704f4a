"""Geometric multigrid for the field on the voxel lattice: piecewise-constant transfer, rescaled Galerkin coarse grids.

Fine grid. `phi` (nx, ny, ns) holds 0 in Li, so a sum over neighbours leaves Li out by itself; `idiag` is 1/diagonal
in electrolyte and 0 in Li. Conductances depend on the plane only: cx[s], cy[s] lateral, cz[s] between s-1 and s.
A cell's equation is   sum_links c (phi_j - phi_i) - sink_i phi_i + rhs_i = 0.

Coarse grids. Two cells an axis merge; planes merge while they are no thicker than the lateral cell, so that
stretched planes above the deposit do not spoil the smoothing. A coarse conductance is the sum of the fine ones
times fine/coarse centre distance (plain Galerkin would be twice too stiff). The last grid is one column, solved
exactly. Coarse planes are numbered from 1; plane 0 and the one above the last are zero pads.

Sums over a whole grid run in eight fixed lanes, so they vectorise and give the same bits with the JIT on or off.
"""

from typing import NamedTuple

import numpy as np

from .jit import njit


class Hierarchy(NamedTuple):
    """Coarse grids packed one after the other; level 0 (the fine grid) has entries in the tables only."""

    shape: np.ndarray  # int64 (levels, 3): columns and allocated planes of a level
    offset: np.ndarray  # int64 (levels + 1,): where a coarse level starts in the packed arrays
    planes: np.ndarray  # int64 (levels, 2): first and one past last plane in use
    parent: np.ndarray  # int64 (levels, ns): coarse plane of each plane
    thickness: np.ndarray  # float (levels, ns): plane thickness in voxels
    scale_x: np.ndarray  # float (levels, nx): fine/coarse distance across the link x -> x+1 of a level
    scale_y: np.ndarray
    scale_z: np.ndarray  # float (levels, ns): the same between planes s-1 and s of a level
    gx: np.ndarray  # float, packed: conductance to x+1, y+1 and the plane below
    gy: np.ndarray
    gz: np.ndarray
    sink: np.ndarray
    idiag: np.ndarray
    u: np.ndarray  # correction
    f: np.ndarray  # right-hand side of the correction


@njit
def level_view(packed, tree, level):
    shape = tree.shape[level]
    return packed[tree.offset[level] : tree.offset[level + 1]].reshape(shape[0], shape[1], shape[2])


def _lateral_scales(widths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
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
    while shape[-1][0] > 1 or shape[-1][1] > 1:
        widths_x, scale_x = _lateral_scales(widths_x)
        widths_y, scale_y = _lateral_scales(widths_y)
        planes = -(-ns // 2 ** len(shape)) + extra_planes + 4
        shape.append((widths_x.size, widths_y.size, min(planes, ns + 2)))
        scales.append((scale_x, scale_y))
    if len(shape) == 1:  # a single column still wants one coarse grid to be solved on
        shape.append((1, 1, ns + 2))
        scales.append((np.ones(1), np.ones(1)))
    levels = len(shape)
    sizes = [0, 0] + [int(np.prod(s)) for s in shape[1:]]
    scale_x, scale_y = np.ones((levels, nx), dtype), np.ones((levels, ny), dtype)
    for level, (along_x, along_y) in enumerate(scales):
        scale_x[level, : along_x.size], scale_y[level, : along_y.size] = along_x, along_y
    packed = [np.zeros(sum(sizes), dtype) for _ in range(7)]
    return Hierarchy(
        shape=np.array(shape, np.int64),
        offset=np.cumsum(sizes).astype(np.int64),
        planes=np.zeros((levels, 2), np.int64),
        parent=np.zeros((levels, ns + 2), np.int64),
        thickness=np.ones((levels, ns + 2), dtype),
        scale_x=scale_x,
        scale_y=scale_y,
        scale_z=np.ones((levels, ns + 2), dtype),
        gx=packed[0],
        gy=packed[1],
        gz=packed[2],
        sink=packed[3],
        idiag=packed[4],
        u=packed[5],
        f=packed[6],
    )


@njit
def pair_planes(tree, lo, hi, thickness):
    """Fix which planes merge on every level, for a fine grid that uses planes lo..hi-1 of the given thickness."""
    levels = tree.shape.shape[0]
    tree.planes[0, 0] = lo
    tree.planes[0, 1] = hi
    for s in range(lo, hi):
        tree.thickness[0, s] = thickness[s]
    for level in range(levels - 1):
        first = tree.planes[level, 0]
        end = tree.planes[level, 1]
        width = float(2 ** (level + 1))
        if tree.shape[level + 1, 0] == tree.shape[level, 0] and tree.shape[level + 1, 1] == tree.shape[level, 1]:
            width = 0.0
        k = 0
        s = first
        while s < end:
            k += 1
            tree.parent[level, s] = k
            tree.thickness[level + 1, k] = tree.thickness[level, s]
            tree.scale_z[level + 1, k] = 1
            if s > first:
                fine = tree.thickness[level, s] + tree.thickness[level, s - 1]
                tree.scale_z[level + 1, k] = fine  # divided by the coarse distance below
            if s + 1 < end and tree.thickness[level, s] + tree.thickness[level, s + 1] <= width:
                tree.parent[level, s + 1] = k
                tree.thickness[level + 1, k] += tree.thickness[level, s + 1]
                s += 1
            s += 1
        for j in range(2, k + 1):
            tree.scale_z[level + 1, j] /= tree.thickness[level + 1, j] + tree.thickness[level + 1, j - 1]
        tree.planes[level + 1, 0] = 1
        tree.planes[level + 1, 1] = k + 1
    return tree.planes[levels - 1, 1]


@njit
def _clear(grid, end):
    for x in range(grid.shape[0]):
        for y in range(grid.shape[1]):
            for k in range(end):
                grid[x, y, k] = 0


@njit
def coarsen_fine(idiag, sink, cx, cy, cz, tree):
    """Level 1 from the lattice; `sink` (nx, ny, ns) is the conductance from a cell to Li."""
    nx, ny, _ = idiag.shape
    lo, hi = tree.planes[0]
    end = tree.planes[1, 1] + 1
    gx, gy, gz = level_view(tree.gx, tree, 1), level_view(tree.gy, tree, 1), level_view(tree.gz, tree, 1)
    total = level_view(tree.sink, tree, 1)
    for grid in (gx, gy, gz, total):
        _clear(grid, end)
    parent, sx, sy, sz = tree.parent[0], tree.scale_x[1], tree.scale_y[1], tree.scale_z[1]
    halve = gx.shape[0] < nx or gx.shape[1] < ny
    for x in range(nx):
        xc = x // 2 if halve else x
        x1 = x + 1 if x + 1 < nx else 0
        cross_x = x1 // 2 != xc
        for y in range(ny):
            yc = y // 2 if halve else y
            y1 = y + 1 if y + 1 < ny else 0
            cross_y = y1 // 2 != yc
            here, right, back = idiag[x, y], idiag[x1, y], idiag[x, y1]
            to_gx, to_gy, to_gz, to_sink, own = gx[xc, yc], gy[xc, yc], gz[xc, yc], total[xc, yc], sink[x, y]
            below = -1
            for s in range(lo, hi):
                if here[s] > 0:
                    k = parent[s]
                    to_sink[k] += own[s]
                    if cross_x and right[s] > 0:
                        to_gx[k] += cx[s] * sx[xc]
                    if cross_y and back[s] > 0:
                        to_gy[k] += cy[s] * sy[yc]
                    if k != below and s > lo and here[s - 1] > 0:
                        to_gz[k] += cz[s] * sz[k]
                below = parent[s]
    _invert_diagonal(tree, 1)


@njit
def coarsen(tree, level):
    """Level `level` from the one below it."""
    nx, ny = tree.shape[level - 1, 0], tree.shape[level - 1, 1]
    lo, hi = tree.planes[level - 1]
    fx, fy, fz = (
        level_view(tree.gx, tree, level - 1),
        level_view(tree.gy, tree, level - 1),
        level_view(tree.gz, tree, level - 1),
    )
    fsink = level_view(tree.sink, tree, level - 1)
    gx, gy, gz = level_view(tree.gx, tree, level), level_view(tree.gy, tree, level), level_view(tree.gz, tree, level)
    total = level_view(tree.sink, tree, level)
    for grid in (gx, gy, gz, total):
        _clear(grid, tree.planes[level, 1] + 1)
    parent, sx, sy, sz = tree.parent[level - 1], tree.scale_x[level], tree.scale_y[level], tree.scale_z[level]
    for x in range(nx):
        xc = x // 2
        cross_x = (x + 1 if x + 1 < nx else 0) // 2 != xc
        for y in range(ny):
            yc = y // 2
            cross_y = (y + 1 if y + 1 < ny else 0) // 2 != yc
            for s in range(lo, hi):
                k = parent[s]
                total[xc, yc, k] += fsink[x, y, s]
                if cross_x:
                    gx[xc, yc, k] += fx[x, y, s] * sx[xc]
                if cross_y:
                    gy[xc, yc, k] += fy[x, y, s] * sy[yc]
                if s > lo and parent[s - 1] != k:
                    gz[xc, yc, k] += fz[x, y, s] * sz[k]
    _invert_diagonal(tree, level)


@njit
def _invert_diagonal(tree, level):
    gx, gy, gz = level_view(tree.gx, tree, level), level_view(tree.gy, tree, level), level_view(tree.gz, tree, level)
    sink, idiag = level_view(tree.sink, tree, level), level_view(tree.idiag, tree, level)
    one = gx.dtype.type(1)
    _clear(idiag, tree.planes[level, 1] + 1)
    nx, ny, _ = gx.shape
    for x in range(nx):
        for y in range(ny):
            for s in range(1, tree.planes[level, 1]):
                total = gx[x, y, s] + gx[x - 1, y, s] + gy[x, y, s] + gy[x, y - 1, s]
                total = total + gz[x, y, s] + gz[x, y, s + 1] + sink[x, y, s]
                if total > 0:
                    idiag[x, y, s] = one / total


@njit
def smooth_fine(phi, idiag, rhs, cx, cy, cz, lo, hi, color, work):
    """Relax the columns of one colour of the checkerboard: Jacobi along a column, Gauss-Seidel between columns."""
    nx, ny, _ = phi.shape
    kx, ky, down, up, new = cx[lo:hi], cy[lo:hi], cz[lo:hi], cz[lo + 1 : hi + 1], work[lo:hi]
    for x in range(nx):
        xw, xe = x - 1 if x > 0 else nx - 1, x + 1 if x + 1 < nx else 0
        for y in range((x + color) & 1, ny, 2):
            ys, yn = y - 1 if y > 0 else ny - 1, y + 1 if y + 1 < ny else 0
            p, below, above = phi[x, y, lo:hi], phi[x, y, lo - 1 : hi - 1], phi[x, y, lo + 1 : hi + 1]
            west, east, south, north = phi[xw, y, lo:hi], phi[xe, y, lo:hi], phi[x, ys, lo:hi], phi[x, yn, lo:hi]
            d, r = idiag[x, y, lo:hi], rhs[x, y, lo:hi]
            for i in range(hi - lo):
                total = kx[i] * (west[i] + east[i]) + ky[i] * (south[i] + north[i])
                new[i] = (total + down[i] * below[i] + up[i] * above[i] + r[i]) * d[i]
            for i in range(hi - lo):
                p[i] = new[i]


@njit
def residual_column(phi, idiag, rhs, cx, cy, cz, lo, hi, x, y, out):
    """out[lo:hi] = residual of the cells of one column (0 in Li)."""
    nx, ny, _ = phi.shape
    xw, xe = x - 1 if x > 0 else nx - 1, x + 1 if x + 1 < nx else 0
    ys, yn = y - 1 if y > 0 else ny - 1, y + 1 if y + 1 < ny else 0
    kx, ky, down, up, res = cx[lo:hi], cy[lo:hi], cz[lo:hi], cz[lo + 1 : hi + 1], out[lo:hi]
    p, below, above = phi[x, y, lo:hi], phi[x, y, lo - 1 : hi - 1], phi[x, y, lo + 1 : hi + 1]
    west, east, south, north = phi[xw, y, lo:hi], phi[xe, y, lo:hi], phi[x, ys, lo:hi], phi[x, yn, lo:hi]
    d, r = idiag[x, y, lo:hi], rhs[x, y, lo:hi]
    zero = phi.dtype.type(0)
    for i in range(hi - lo):
        total = kx[i] * (west[i] + east[i]) + ky[i] * (south[i] + north[i])
        total = total + down[i] * below[i] + up[i] * above[i] + r[i]
        res[i] = total - p[i] / d[i] if d[i] > zero else zero


@njit
def restrict_fine(phi, idiag, rhs, cx, cy, cz, tree, work):
    """Residual of the lattice summed into the right-hand side of level 1; returns sum |residual|."""
    nx, ny, _ = phi.shape
    lo, hi = tree.planes[0]
    f = level_view(tree.f, tree, 1)
    _clear(f, tree.planes[1, 1] + 1)
    halve = f.shape[0] < nx or f.shape[1] < ny
    parent = tree.parent[0, lo:hi]
    res = work[lo:hi]
    norm = 0.0
    for x in range(nx):
        for y in range(ny):
            residual_column(phi, idiag, rhs, cx, cy, cz, lo, hi, x, y, work)
            target = f[x // 2, y // 2] if halve else f[x, y]
            for i in range(hi - lo):
                target[parent[i]] += res[i]
                norm += abs(res[i])
    return norm


@njit
def prolong_fine(phi, idiag, tree, work):
    nx, ny, _ = phi.shape
    lo, hi = tree.planes[0]
    u = level_view(tree.u, tree, 1)
    halve = u.shape[0] < nx or u.shape[1] < ny
    parent = tree.parent[0, lo:hi]
    zero = phi.dtype.type(0)
    for x in range(nx):
        for y in range(ny):
            source = u[x // 2, y // 2] if halve else u[x, y]
            p, d = phi[x, y, lo:hi], idiag[x, y, lo:hi]
            for i in range(hi - lo):
                p[i] += source[parent[i]] if d[i] > zero else zero


@njit
def smooth(tree, level, color, work):
    u, f, d = level_view(tree.u, tree, level), level_view(tree.f, tree, level), level_view(tree.idiag, tree, level)
    gx, gy, gz = level_view(tree.gx, tree, level), level_view(tree.gy, tree, level), level_view(tree.gz, tree, level)
    nx, ny, _ = u.shape
    end = tree.planes[level, 1]
    for x in range(nx):
        x1 = x + 1 if x + 1 < nx else 0
        for y in range((x + color) & 1, ny, 2):
            y1 = y + 1 if y + 1 < ny else 0
            west, east, south, north = u[x - 1, y], u[x1, y], u[x, y - 1], u[x, y1]
            gw, ge, gs, gn, gv = gx[x - 1, y], gx[x, y], gy[x, y - 1], gy[x, y], gz[x, y]
            p, b, di = u[x, y], f[x, y], d[x, y]
            for s in range(1, end):
                total = gw[s] * west[s] + ge[s] * east[s] + gs[s] * south[s] + gn[s] * north[s]
                work[s] = (total + gv[s] * p[s - 1] + gv[s + 1] * p[s + 1] + b[s]) * di[s]
            for s in range(1, end):
                p[s] = work[s]


@njit
def restrict(tree, level, work):
    """Residual of a coarse level summed into the level above it."""
    u, f, d = level_view(tree.u, tree, level), level_view(tree.f, tree, level), level_view(tree.idiag, tree, level)
    gx, gy, gz = level_view(tree.gx, tree, level), level_view(tree.gy, tree, level), level_view(tree.gz, tree, level)
    target = level_view(tree.f, tree, level + 1)
    _clear(target, tree.planes[level + 1, 1] + 1)
    nx, ny, _ = u.shape
    end = tree.planes[level, 1]
    parent = tree.parent[level]
    zero = u.dtype.type(0)
    for x in range(nx):
        x1 = x + 1 if x + 1 < nx else 0
        for y in range(ny):
            y1 = y + 1 if y + 1 < ny else 0
            for s in range(1, end):
                total = gx[x - 1, y, s] * u[x - 1, y, s] + gx[x, y, s] * u[x1, y, s]
                total = total + gy[x, y - 1, s] * u[x, y - 1, s] + gy[x, y, s] * u[x, y1, s]
                total = total + gz[x, y, s] * u[x, y, s - 1] + gz[x, y, s + 1] * u[x, y, s + 1] + f[x, y, s]
                work[s] = total - u[x, y, s] / d[x, y, s] if d[x, y, s] > 0 else zero
            into = target[x // 2, y // 2]
            for s in range(1, end):
                into[parent[s]] += work[s]


@njit
def prolong(tree, level):
    """Add the correction of level + 1 to that of `level`."""
    u, d, source = level_view(tree.u, tree, level), level_view(tree.idiag, tree, level), level_view(tree.u, tree, level + 1)
    parent = tree.parent[level]
    nx, ny, _ = u.shape
    for x in range(nx):
        for y in range(ny):
            for s in range(1, tree.planes[level, 1]):
                if d[x, y, s] > 0:
                    u[x, y, s] += source[x // 2, y // 2, parent[s]]


@njit
def solve_column(tree, level, work):
    """Exact solution on the one-column grid (Thomas)."""
    u, f, d = level_view(tree.u, tree, level)[0, 0], level_view(tree.f, tree, level)[0, 0], level_view(tree.idiag, tree, level)[0, 0]
    g = level_view(tree.gz, tree, level)[0, 0]
    one, zero = u.dtype.type(1), u.dtype.type(0)
    end = tree.planes[level, 1]
    for s in range(1, end):
        u[s] = zero
        work[s] = zero
        if d[s] > 0:
            pivot = one / d[s] - g[s] * work[s - 1] if s > 1 else one / d[s]
            below = g[s] * u[s - 1] if s > 1 else zero
            work[s] = g[s + 1] / pivot if s + 1 < end else zero
            u[s] = (f[s] + below) / pivot
    for s in range(end - 2, 0, -1):
        u[s] += work[s] * u[s + 1]


@njit
def correct(tree, work):
    """One V-cycle below the lattice: f of level 1 in, correction u of level 1 out."""
    last = tree.shape.shape[0] - 1
    for level in range(1, last):
        _clear(level_view(tree.u, tree, level), tree.planes[level, 1] + 1)
        smooth(tree, level, 0, work)
        smooth(tree, level, 1, work)
        restrict(tree, level, work)
    solve_column(tree, last, work)
    for level in range(last - 1, 0, -1):
        prolong(tree, level)
        smooth(tree, level, 1, work)
        smooth(tree, level, 0, work)


@njit
def coarsen_all(idiag, sink, cx, cy, cz, tree):
    coarsen_fine(idiag, sink, cx, cy, cz, tree)
    for level in range(2, tree.shape.shape[0]):
        coarsen(tree, level)


@njit
def cycle(phi, idiag, rhs, cx, cy, cz, tree, work):
    """One symmetric V(1,1)-cycle from the present phi; returns sum |residual| after the first smoothing."""
    lo, hi = tree.planes[0]
    smooth_fine(phi, idiag, rhs, cx, cy, cz, lo, hi, 0, work)
    smooth_fine(phi, idiag, rhs, cx, cy, cz, lo, hi, 1, work)
    norm = restrict_fine(phi, idiag, rhs, cx, cy, cz, tree, work)
    correct(tree, work)
    prolong_fine(phi, idiag, tree, work)
    smooth_fine(phi, idiag, rhs, cx, cy, cz, lo, hi, 1, work)
    smooth_fine(phi, idiag, rhs, cx, cy, cz, lo, hi, 0, work)
    return norm
