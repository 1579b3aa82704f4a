"""Geometric multigrid on the voxel lattice: one V-cycle, piecewise-constant transfer, rescaled corrections.

`phi` and `inverse_diagonal` hold 0 in Li, so a sum over neighbours leaves Li out by itself. Of the planes of a grid,
`lowest` to `end` - 1 are in use. The last grid is one column, solved exactly. The grids are made in hierarchy.py.
"""

import numpy as np

from kmc_li.kernels.base.jit import apart, leaf, njit
from kmc_li.kernels.lattice.surface import wrapped
from kmc_li.kernels.solver.hierarchy import gather, inner_planes, used

TINY = 1e-15  # potentials below this are 0: in closed pores they decay to denormal numbers, which are slow


@leaf
def _smooth_row(phi, inverse_diagonal, rhs, cx, cy, cz, grids, x, colour, work):
    """Relax the columns of one colour of the checkerboard at x: Jacobi along a column, Gauss-Seidel between columns."""
    nx, ny, ns = grids.shape[0]
    lowest, end, _ = grids.planes[0]
    kx, ky, down, up, new = cx[lowest:end], cy[lowest:end], cz[lowest:end], cz[lowest + 1 : end + 1], work[lowest:end]
    zero, tiny = phi.dtype.type(0), phi.dtype.type(TINY)
    xw, xe = x - 1 if x > 0 else nx - 1, x + 1 if x + 1 < nx else 0
    for y in range((x + colour) & 1, ny, 2):
        ys, yn = y - 1 if y > 0 else ny - 1, y + 1 if y + 1 < ny else 0
        a, b = (x * ny + y) * ns + lowest, (x * ny + y) * ns + end
        p, below, above, d, r = phi[a:b], phi[a - 1 : b - 1], phi[a + 1 : b + 1], inverse_diagonal[a:b], rhs[a:b]
        a = (xw * ny + y) * ns
        west = phi[a + lowest : a + end]
        a = (xe * ny + y) * ns
        east = phi[a + lowest : a + end]
        a = (x * ny + ys) * ns
        south = phi[a + lowest : a + end]
        a = (x * ny + yn) * ns
        north = phi[a + lowest : a + end]
        for i in range(end - lowest):
            total = kx[i] * (west[i] + east[i]) + ky[i] * (south[i] + north[i])
            new[i] = (total + down[i] * below[i] + up[i] * above[i] + r[i]) * d[i]
        for i in range(end - lowest):
            p[i] = new[i] if abs(new[i]) > tiny else zero


@leaf
def residual_column(phi, inverse_diagonal, rhs, cx, cy, cz, grids, x, y, res):
    """res[0 : end - lowest] = residual of the cells of one column (0 in Li)."""
    nx, ny, ns = grids.shape[0]
    lowest, end, _ = grids.planes[0]
    xw, xe = x - 1 if x > 0 else nx - 1, x + 1 if x + 1 < nx else 0
    ys, yn = y - 1 if y > 0 else ny - 1, y + 1 if y + 1 < ny else 0
    kx, ky, down, up = cx[lowest:end], cy[lowest:end], cz[lowest:end], cz[lowest + 1 : end + 1]
    a, b = (x * ny + y) * ns + lowest, (x * ny + y) * ns + end
    p, below, above, d, r = phi[a:b], phi[a - 1 : b - 1], phi[a + 1 : b + 1], inverse_diagonal[a:b], rhs[a:b]
    a, b = (xw * ny + y) * ns, (xe * ny + y) * ns
    west, east = phi[a + lowest : a + end], phi[b + lowest : b + end]
    a, b = (x * ny + ys) * ns, (x * ny + yn) * ns
    south, north = phi[a + lowest : a + end], phi[b + lowest : b + end]
    zero = phi.dtype.type(0)
    for i in range(end - lowest):
        total = kx[i] * (west[i] + east[i]) + ky[i] * (south[i] + north[i])
        res[i] = total + down[i] * below[i] + up[i] * above[i] + r[i]
    for i in range(end - lowest):  # a loop of its own: with the division in the first one neither vectorises
        res[i] = res[i] - p[i] / d[i] if d[i] > zero else zero


@leaf
def _restrict_row(phi, inverse_diagonal, rhs, cx, cy, cz, grids, x, work, size):
    """Residual of the columns at x summed into the right-hand side of level 1; its size by plane added to `size`."""
    lowest, end, pairs = grids.planes[0]
    ycoarse, planes = grids.shape[1, 1], grids.shape[1, 2]
    parent, res, one = grids.parent[0, lowest:end], work[: end - lowest], work.dtype.type(1)
    f = grids.f[x // 2 * ycoarse * planes : (x // 2 + 1) * ycoarse * planes]
    if x % 2 == 0:
        for i in range(f.shape[0]):
            f[i] = 0
    for y in range(grids.shape[0, 1]):
        residual_column(phi, inverse_diagonal, rhs, cx, cy, cz, grids, x, y, res)
        gather(res, one, parent, pairs, f[y // 2 * planes : (y // 2 + 1) * planes])
        for i in range(end - lowest):
            size[i] += abs(res[i])


@leaf
def _spread(u, step, parent, pairs, add):
    """add[s] = step u[parent of s] for a whole column; the first `pairs` parents have two children each."""
    for k in range(pairs):
        add[2 * k] = step * u[1 + k]
        add[2 * k + 1] = add[2 * k]
    for i in range(2 * pairs, parent.shape[0]):
        add[i] = step * u[parent[i]]


@leaf
def _prolong_row(phi, inverse_diagonal, grids, x, step, work):
    """Add the correction of level 1 to the potential of the columns at x."""
    nx, ny, ns = grids.shape[0]
    lowest, end, pairs = grids.planes[0]
    ycoarse, planes = grids.shape[1, 1], grids.shape[1, 2]
    parent = grids.parent[0, lowest:end]
    add = work[: end - lowest]
    zero = phi.dtype.type(0)
    for y in range(ny):
        a = ((x // 2) * ycoarse + y // 2) * planes
        source = grids.u[a : a + planes]
        if y % 2 == 0:
            _spread(source, step, parent, pairs, add)
        a = (x * ny + y) * ns
        p, d = phi[a + lowest : a + end], inverse_diagonal[a + lowest : a + end]
        for i in range(end - lowest):
            p[i] += add[i] if d[i] > zero else zero


@leaf
def _lag(nx):
    """By how many rows each of three stages of a pass over the lattice stays behind the one before it.

    A row needs its neighbours to be a stage further on. So the stages of one colour after the other can follow each
    other closely, and each value is fetched from memory once, not three times. With an odd number of rows two
    neighbours across the boundary have the same colour: then they wait until the stage before is over.
    """
    return 2 if nx % 2 == 0 and nx >= 4 else nx


@leaf
def _row(k, stage, lag, nx):
    """Row that a stage treats at step k, the first ones across the boundary; -1 for none."""
    x = k - lag * stage
    if x < 0 or x >= nx:
        return -1
    return wrapped(x + stage - 2, nx) if lag < nx else x


@njit
def _down(phi, inverse_diagonal, rhs, cx, cy, cz, grids, work, relaxed):
    """Relax the lattice if it is not, and sum its residual into the right-hand side of level 1; sum |residual|."""
    nx = grids.shape[0, 0]
    lowest, end, _ = grids.planes[0]
    lag, total, size = _lag(nx), 0.0, work[end : 2 * end - lowest]
    for i in range(end - lowest):
        size[i] = 0
    for k in range(nx + 2 * lag):
        for stage in range(3):
            x = _row(k, stage, lag, nx)
            if x >= 0 and stage < 2 and not relaxed:
                _smooth_row(phi, inverse_diagonal, rhs, cx, cy, cz, grids, x, stage, work)
            elif x >= 0 and stage == 2:
                _restrict_row(phi, inverse_diagonal, rhs, cx, cy, cz, grids, x, work, size)
    for i in range(end - lowest):
        total += np.float64(size[i])
    return total


@njit
def _up(phi, inverse_diagonal, rhs, cx, cy, cz, grids, step, work):
    """Add the correction of level 1 and relax again, in the reverse order of colours."""
    nx = grids.shape[0, 0]
    lag = _lag(nx)
    for k in range(nx + 2 * lag):
        for stage in range(3):
            x = _row(k, stage, lag, nx)
            if x >= 0 and stage == 0:
                _prolong_row(phi, inverse_diagonal, grids, x, step, work)
            elif x >= 0:
                _smooth_row(phi, inverse_diagonal, rhs, cx, cy, cz, grids, x, 2 - stage, work)


@leaf
def _coarse_sums(grids, level, x, y, n, into):
    """into[:n] = what the neighbours of the cells of a column of a coarse level and its right-hand side add up to."""
    nx, ny, ns = grids.shape[level]
    base = grids.offset[level] + 1
    a = base + (x * ny + y) * ns
    w, e = base + ((x - 1 if x > 0 else nx - 1) * ny + y) * ns, base + ((x + 1 if x + 1 < nx else 0) * ny + y) * ns
    s, t = base + (x * ny + (y - 1 if y > 0 else ny - 1)) * ns, base + (x * ny + (y + 1 if y + 1 < ny else 0)) * ns
    gx_west, gx, gy_south, gy = grids.gx[w : w + n], grids.gx[a : a + n], grids.gy[s : s + n], grids.gy[a : a + n]
    west, east, south, north = grids.u[w : w + n], grids.u[e : e + n], grids.u[s : s + n], grids.u[t : t + n]
    below, above = grids.u[a - 1 : a - 1 + n], grids.u[a + 1 : a + 1 + n]
    down, up, f = grids.gz[a : a + n], grids.gz[a + 1 : a + 1 + n], grids.f[a : a + n]
    for i in range(n):
        total = gx_west[i] * west[i] + gx[i] * east[i] + gy_south[i] * south[i] + gy[i] * north[i]
        into[i] = total + down[i] * below[i] + up[i] * above[i] + f[i]


@njit
def smooth(grids, level, colour, work):
    """Relax the columns of one colour of a coarse level."""
    nx, ny, ns = grids.shape[level]
    n = inner_planes(grids, level)
    new = work[:n]
    for x in range(nx):
        for y in range((x + colour) & 1, ny, 2):
            _coarse_sums(grids, level, x, y, n, new)
            a = grids.offset[level] + (x * ny + y) * ns + 1
            u, d = grids.u[a : a + n], grids.idiag[a : a + n]
            for i in range(n):
                u[i] = new[i] * d[i]


@njit
def restrict(grids, level, work):
    """Sum the residual of a coarse level into the right-hand side of the level above it."""
    nx, ny, ns = grids.shape[level]
    ycoarse, planes = grids.shape[level + 1, 1], grids.shape[level + 1, 2]
    n, end, pairs = inner_planes(grids, level), grids.planes[level, 1], grids.planes[level, 2]
    res, parent, zero = work[:n], grids.parent[level, 1:end], work.dtype.type(0)
    for x in range(nx):
        for y in range(ny):
            _coarse_sums(grids, level, x, y, n, res)
            a = grids.offset[level] + (x * ny + y) * ns + 1
            u, d = grids.u[a : a + n], grids.idiag[a : a + n]
            for i in range(n):
                res[i] = res[i] - u[i] / d[i] if d[i] > zero else zero
            o = grids.offset[level + 1] + ((x // 2) * ycoarse + y // 2) * planes
            f = grids.f[o : o + planes]
            for k in range(pairs):  # of two planes each
                f[1 + k] = f[1 + k] + res[2 * k] + res[2 * k + 1]
            for i in range(2 * pairs, end - 1):
                f[parent[i]] += res[i]


@njit
def prolong(grids, level, step, work):
    """Add the correction of level + 1 to that of `level`."""
    nx, ny, ns = grids.shape[level]
    ycoarse, planes = grids.shape[level + 1, 1], grids.shape[level + 1, 2]
    n, end, pairs = inner_planes(grids, level), grids.planes[level, 1], grids.planes[level, 2]
    parent, add, zero = grids.parent[level, 1:end], work[:n], work.dtype.type(0)
    for i in range(n):
        add[i] = zero
    for x in range(nx):
        for y in range(ny):
            if y % 2 == 0:
                o = grids.offset[level + 1] + ((x // 2) * ycoarse + y // 2) * planes
                _spread(grids.u[o : o + planes], step, parent, pairs, add)
            a = grids.offset[level] + (x * ny + y) * ns + 1
            u, d = grids.u[a : a + n], grids.idiag[a : a + n]
            for i in range(n):
                u[i] += add[i] if d[i] > zero else zero


@njit
def solve_column(grids, level, work):
    """Exact solution on the one-column grid (Thomas)."""
    n, a = grids.planes[level, 1], grids.offset[level]
    u, f, d, g = grids.u[a : a + n], grids.f[a : a + n], grids.idiag[a : a + n], grids.gz[a : a + n]
    one, zero = u.dtype.type(1), u.dtype.type(0)
    work[0] = zero
    for s in range(1, n):
        u[s] = zero
        work[s] = zero
        if d[s] > zero:
            pivot = one / d[s] - g[s] * work[s - 1]
            work[s] = g[s + 1] / pivot if s + 1 < n else zero
            u[s] = (f[s] + g[s] * u[s - 1]) / pivot
    for s in range(n - 2, 0, -1):
        u[s] += work[s] * u[s + 1]


@njit
def step_length(grids, level, work):
    """Factor by which the correction of a coarse level lowers the energy of the level below it most.

    Minimises over a the energy of (error - a P u): a = u.f / u.(P^T A P)u, where P^T A P is the coarse operator without
    the distance ratio. It keeps a cycle from overshooting where aggregates are torn by the deposit.
    """
    nx, ny, ns = grids.shape[level]
    n, base = inner_planes(grids, level), grids.offset[level]
    gain, energy = work[:n], work[n : 2 * n]
    for i in range(n):
        gain[i] = 0
        energy[i] = 0
    scale_z = grids.scale_z[level, 1 : n + 1]
    for x in range(nx):
        xe, sx = x + 1 if x + 1 < nx else 0, grids.scale_x[level, x]
        for y in range(ny):
            yn, sy = y + 1 if y + 1 < ny else 0, grids.scale_y[level, y]
            a = base + (x * ny + y) * ns + 1
            u, below, f, sink = (
                grids.u[a : a + n],
                grids.u[a - 1 : a - 1 + n],
                grids.f[a : a + n],
                grids.sink[a : a + n],
            )
            gx, gy, gz = grids.gx[a : a + n], grids.gy[a : a + n], grids.gz[a : a + n]
            o = base + (xe * ny + y) * ns + 1
            east = grids.u[o : o + n]
            o = base + (x * ny + yn) * ns + 1
            north = grids.u[o : o + n]
            for i in range(n):
                gain[i] += u[i] * f[i]
                energy[i] += sink[i] * u[i] * u[i]
            for i in range(n):
                dx, dy, dz = u[i] - east[i], u[i] - north[i], u[i] - below[i]
                energy[i] += gx[i] / sx * dx * dx + gy[i] / sy * dy * dy + gz[i] / scale_z[i] * dz * dz
    total, cost = 0.0, 0.0
    for i in range(n):
        total += np.float64(gain[i])
        cost += np.float64(energy[i])
    return work.dtype.type(total / cost) if cost > 0 and total > 0 else work.dtype.type(0)


@njit
def correct(grids, work):
    """One V-cycle below the lattice: f of level 1 in, correction u of level 1 out."""
    last = grids.shape.shape[0] - 1
    for visit in range(2 * last - 1):
        level = visit + 1 if visit < last else 2 * last - 1 - visit
        down = visit < last
        if level == last:
            grids.u[grids.offset[level]] = 0
            solve_column(grids, level, work)
            continue
        if down:
            start, stop = used(grids, level)
            grids.u[start:stop] = 0
            start, stop = used(grids, level + 1)
            grids.f[start:stop] = 0
        else:
            prolong(grids, level, step_length(grids, level + 1, work), work)
        for half in range(2):
            smooth(grids, level, half if down else 1 - half, work)
        if down:
            restrict(grids, level, work)


@apart
def cycle(phi, inverse_diagonal, rhs, cx, cy, cz, grids, work, relaxed=False):
    """One symmetric V(1,1)-cycle from the present phi; returns sum |residual| after the first smoothing.

    `relaxed`: the cycle before has just ended with a smoothing, so this one does without its first.
    """
    norm = _down(phi, inverse_diagonal, rhs, cx, cy, cz, grids, work, relaxed)
    correct(grids, work)
    _up(phi, inverse_diagonal, rhs, cx, cy, cz, grids, step_length(grids, 1, work), work)
    return norm


@njit
def residual(phi, inverse_diagonal, rhs, cx, cy, cz, grids, out):
    """out = right-hand side minus operator times phi on the planes in use."""
    nx, ny, ns = grids.shape[0]
    lowest, end, _ = grids.planes[0]
    for x in range(nx):
        for y in range(ny):
            a = (x * ny + y) * ns
            residual_column(phi, inverse_diagonal, rhs, cx, cy, cz, grids, x, y, out[a + lowest : a + end])
