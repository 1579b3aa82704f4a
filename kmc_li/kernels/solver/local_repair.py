"""Repair of the potential around an event: a few relaxations near by, one correction on the next coarser grid.

The relaxation settles what happens within a few voxels. What it pushes over the window's rim, a change of sign and
shape that is smooth by then, the coarse grid takes up within twice five coarse columns; beyond that the change waits
for the global refresh. Both work on pieces of whole columns, so that the inner loops vectorise.
"""

import numpy as np

from kmc_li.kernels.base.jit import hidden, leaf, njit
from kmc_li.kernels.lattice.occupancy import around
from kmc_li.kernels.lattice.surface import wrapped
from kmc_li.kernels.solver import hierarchy

NEAR = 2  # half-width of the window that is relaxed, in columns
PLANES = 16  # height of the windows, in planes
FAR = 2  # half-width of the coarse window, in coarse columns
SWEEPS, COARSE_SWEEPS, LAST_SWEEPS = 2, 3, 1
SCRATCH = 2 * (2 * FAR + 3) ** 2 * (PLANES // 2 + 2) + 2 * PLANES


@leaf
def window(grids, s):
    """Planes (first, end) of the window of an event in plane s; pairs of planes that merge are not torn."""
    lowest, end, pairs = grids.planes[0]
    first = s - PLANES // 2 + 1
    if s < lowest:  # below the grid: the potential is frozen but for the event's own cells
        return max(first, 1), min(s + PLANES // 2, lowest)
    first = lowest + ((max(first, lowest) - lowest) & -2)
    return first, max(min(first + PLANES, lowest + 2 * pairs), s + 1)


@hidden
def relax(phi, inverse_diagonal, rhs, cx, cy, cz, box, column, first, end, near, sweeps, new):
    """Relax the columns up to `near` from one: Jacobi along a column, Gauss-Seidel between two colours of columns."""
    nx, ny, ns = box
    x, y = column // ny, column % ny
    wx, wy = min(near, (nx - 1) // 2), min(near, (ny - 1) // 2)
    kx, ky, kz, n = cx[first:end], cy[first:end], cz[first : end + 1], np.uint64(end - first)
    one = np.uint64(1)  # no sign: an index below 0 would be one from the end
    for half in range(2 * sweeps):
        for i in range(-wx, wx + 1):
            here = wrapped(x + i, nx)
            west, east, here = wrapped(here - 1, nx) * ny, wrapped(here + 1, nx) * ny, here * ny
            for j in range(-wy + ((i + wx + half) & 1), wy + 1, 2):
                yh = wrapped(y + j, ny)
                south, north = wrapped(yh - 1, ny), wrapped(yh + 1, ny)
                w, e, a = (west + yh) * ns + first, (east + yh) * ns + first, (here + yh) * ns + first
                t, b = (here + south) * ns + first, (here + north) * ns + first
                w, e, t, b, a = np.uint64(w), np.uint64(e), np.uint64(t), np.uint64(b), np.uint64(a)
                for k in range(n):
                    total = kx[k] * (phi[w + k] + phi[e + k]) + ky[k] * (phi[t + k] + phi[b + k])
                    total = total + kz[k] * phi[a + k - one] + kz[k + one] * phi[a + k + one] + rhs[a + k]
                    new[k] = total * inverse_diagonal[a + k]
                for k in range(n):
                    phi[a + k] = new[k]


@leaf
def _restrict(phi, inverse_diagonal, rhs, cx, cy, cz, box, fine, first, end, res, f):
    """Add the residual of one column's planes, two by two, to a coarse column's right-hand side."""
    ns, n = box.ns, end - first
    w, e, t, b = around(box, fine)
    kx, ky, down, up = cx[first:end], cy[first:end], cz[first:end], cz[first + 1 : end + 1]
    a = fine * ns + first
    p, below, above = phi[a : a + n], phi[a - 1 : a - 1 + n], phi[a + 1 : a + 1 + n]
    d, r = inverse_diagonal[a : a + n], rhs[a : a + n]
    w, e, t, b = w * ns + first, e * ns + first, t * ns + first, b * ns + first
    west, east, south, north = phi[w : w + n], phi[e : e + n], phi[t : t + n], phi[b : b + n]
    zero = phi.dtype.type(0)
    for k in range(n):
        total = kx[k] * (west[k] + east[k]) + ky[k] * (south[k] + north[k])
        res[k] = total + down[k] * below[k] + up[k] * above[k] + r[k]
    for k in range(n):
        res[k] = res[k] - p[k] / d[k] if d[k] > zero else zero
    for k in range(n // 2):
        f[k] += res[2 * k] + res[2 * k + 1]


@leaf
def _smooth(grids, xc, yc, plane, planes, u, f, at, step_x, step_y, new):
    """Relax one column of the coarse window; `at` is where its lowest plane lies in u and f."""
    nx, ny, ns = grids.shape[1]
    a = grids.offset[1] + (xc * ny + yc) * ns + plane
    w = grids.offset[1] + ((xc - 1 if xc > 0 else nx - 1) * ny + yc) * ns + plane
    t = grids.offset[1] + (xc * ny + (yc - 1 if yc > 0 else ny - 1)) * ns + plane
    gw, ge, gs, gn = (
        grids.gx[w : w + planes],
        grids.gx[a : a + planes],
        grids.gy[t : t + planes],
        grids.gy[a : a + planes],
    )
    down, up, d = grids.gz[a : a + planes], grids.gz[a + 1 : a + 1 + planes], grids.idiag[a : a + planes]
    p, below, above = u[at : at + planes], u[at - 1 : at - 1 + planes], u[at + 1 : at + 1 + planes]
    west, east = u[at - step_x : at - step_x + planes], u[at + step_x : at + step_x + planes]
    south, north = u[at - step_y : at - step_y + planes], u[at + step_y : at + step_y + planes]
    source = f[at : at + planes]
    for k in range(planes):
        total = gw[k] * west[k] + ge[k] * east[k] + gs[k] * south[k] + gn[k] * north[k]
        new[k] = (total + down[k] * below[k] + up[k] * above[k] + source[k]) * d[k]
    for k in range(planes):
        p[k] = new[k]


@leaf
def _step_length(grids, x, y, wx, wy, plane, planes, u, f, step_x, step_y, gain, energy):
    """Factor by which the correction lowers the energy of the error most, as in `multigrid.step_length`.

    Without it the correction overshoots in narrow pores, and after many hops there diverges.
    """
    nx, ny, ns = grids.shape[1]
    n = planes + 1  # with the link to the plane above the window
    for k in range(n):
        gain[k] = 0
        energy[k] = 0
    scale_z = grids.scale_z[1, plane : plane + n]
    for i in range(-wx - 1, wx + 1):
        xc = wrapped(x + i, nx)
        for j in range(-wy - 1, wy + 1):
            yc = wrapped(y + j, ny)
            at = (i + wx + 1) * step_x + (j + wy + 1) * step_y + 1
            a = grids.offset[1] + (xc * ny + yc) * ns + plane
            p, below, source = u[at : at + n], u[at - 1 : at - 1 + n], f[at : at + n]
            east, north = u[at + step_x : at + step_x + n], u[at + step_y : at + step_y + n]
            gx, gy, gz, sink = grids.gx[a : a + n], grids.gy[a : a + n], grids.gz[a : a + n], grids.sink[a : a + n]
            sx, sy = grids.scale_x[1, xc], grids.scale_y[1, yc]
            for k in range(n):
                gain[k] += p[k] * source[k]
                energy[k] += sink[k] * p[k] * p[k]
            for k in range(n):
                dx, dy, dz = p[k] - east[k], p[k] - north[k], p[k] - below[k]
                energy[k] += gx[k] / sx * dx * dx + gy[k] / sy * dy * dy + gz[k] / scale_z[k] * dz * dz
    total, cost = 0.0, 0.0
    for k in range(n):
        total += np.float64(gain[k])
        cost += np.float64(energy[k])
    return u.dtype.type(total / cost) if cost > 0 and total > 0 else u.dtype.type(0)


@njit
def correct(phi, inverse_diagonal, rhs, cx, cy, cz, grids, box, column, first, end, scratch):
    """Solve for the residual around a column on the first coarse grid, 0 outside the window, and add what comes out."""
    nx, ny, _ = grids.shape[1]
    x, y = column // box.ny // 2, column % box.ny // 2
    wx, wy = max(min(FAR, (nx - 2) // 2), 0), max(min(FAR, (ny - 2) // 2), 0)  # one column at least outside
    plane, planes = grids.parent[0, first], (end - first) // 2
    step_y = planes + 2
    step_x = (2 * wy + 3) * step_y
    size = (2 * wx + 3) * step_x
    u, f, new = scratch[:size], scratch[size : 2 * size], scratch[2 * size :]
    for i in range(2 * size):
        scratch[i] = 0
    for i in range(-wx, wx + 1):
        xc = wrapped(x + i, nx)
        for j in range(-wy, wy + 1):
            yc = wrapped(y + j, ny)
            at = (i + wx + 1) * step_x + (j + wy + 1) * step_y + 1
            for xf in range(2 * xc, min(2 * xc + 2, box.nx)):
                for yf in range(2 * yc, min(2 * yc + 2, box.ny)):
                    _restrict(
                        phi,
                        inverse_diagonal,
                        rhs,
                        cx,
                        cy,
                        cz,
                        box,
                        xf * box.ny + yf,
                        first,
                        end,
                        new,
                        f[at : at + planes],
                    )
    for half in range(2 * COARSE_SWEEPS):
        for i in range(-wx, wx + 1):
            for j in range(-wy + ((i + wx + half) & 1), wy + 1, 2):
                at = (i + wx + 1) * step_x + (j + wy + 1) * step_y + 1
                _smooth(grids, wrapped(x + i, nx), wrapped(y + j, ny), plane, planes, u, f, at, step_x, step_y, new)
    zero, n = phi.dtype.type(0), planes + 1
    step = _step_length(grids, x, y, wx, wy, plane, planes, u, f, step_x, step_y, new[:n], new[n : 2 * n])
    for i in range(-wx, wx + 1):
        xc = wrapped(x + i, nx)
        for j in range(-wy, wy + 1):
            yc = wrapped(y + j, ny)
            at = (i + wx + 1) * step_x + (j + wy + 1) * step_y + 1
            for k in range(planes):
                new[2 * k] = step * u[at + k]
                new[2 * k + 1] = step * u[at + k]
            for xf in range(2 * xc, min(2 * xc + 2, box.nx)):
                for yf in range(2 * yc, min(2 * yc + 2, box.ny)):
                    a = (xf * box.ny + yf) * box.ns + first
                    p, d = phi[a : a + 2 * planes], inverse_diagonal[a : a + 2 * planes]
                    for k in range(2 * planes):
                        p[k] += new[k] if d[k] > zero else zero


@hidden
def repair(field, grids, box, column, s):
    """Bring the potential around a voxel up to date whose cells' equations have changed; returns the planes touched."""
    phi, inverse_diagonal, rhs, cx, cy, cz = field.phi, field.inverse_diagonal, field.rhs, field.cx, field.cy, field.cz
    first, end = window(grids, s)
    relax(phi, inverse_diagonal, rhs, cx, cy, cz, box, column, first, end, NEAR, SWEEPS, field.patch)
    if s >= grids.planes[0, 0] and (end - first) % 2 == 0:
        hierarchy.coarsen_near(inverse_diagonal, field.surface_conductance, cx, cy, cz, grids, column, first, end)
        correct(phi, inverse_diagonal, rhs, cx, cy, cz, grids, box, column, first, end, field.patch)
        relax(phi, inverse_diagonal, rhs, cx, cy, cz, box, column, first, end, NEAR, LAST_SWEEPS, field.patch)
    return min(first, max(s - 1, 1)), max(end, s + 2)  # the faces of a voxel at the rim of the grid, too
