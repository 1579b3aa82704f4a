"""The potential of each plane rescaled as a whole: one pass over the lattice takes away what a rising deposit leaves.

As buds rise, the potential of all cells of a plane falls by much the same share. Multigrid cycles halve such an error
at best, for a cell of their coarse grids sums up deep pores and open electrolyte alike. Here each plane gets a factor,
and the factors together are those that lower the energy of the error most: an equation a plane, of the three planes
around it (Galerkin, with the present potential as the shape, which vanishes beside Li as the error does).
"""

import numpy as np

from kmc_li.kernels.base.jit import apart, njit

LEAST, MOST = 0.3, 3.0  # factors beyond these are not believed


@njit
def _solve(own, link, excess):
    """1 + g into `excess`, with own g - link g_below - link_above g_above = excess (Thomas)."""
    n = own.shape[0]
    for i in range(1, n):
        if own[i - 1] > 0.0:
            share = link[i] / own[i - 1]
            own[i] -= share * link[i]
            excess[i] += share * excess[i - 1]
    for i in range(n - 1, -1, -1):
        above = link[i + 1] * excess[i + 1] if i + 1 < n else 0.0
        excess[i] = (excess[i] + above) / own[i] if own[i] > 0.0 else 0.0
    for i in range(n):
        excess[i] = min(max(1.0 + excess[i], LEAST), MOST)


@njit
def _sum_up(phi, inverse_diagonal, rhs, cx, cy, cz, grids, own, link, excess):
    """Sums over each plane, weighted with the potential: of the equations' diagonal, link downward and residual."""
    nx, ny, ns = grids.shape[0]
    lowest, end, _ = grids.planes[0]
    kx, ky, down, up = cx[lowest:end], cy[lowest:end], cz[lowest:end], cz[lowest + 1 : end + 1]
    zero = phi.dtype.type(0)
    own[:] = 0.0
    link[:] = 0.0
    excess[:] = 0.0
    for x in range(nx):
        xw, xe = x - 1 if x > 0 else nx - 1, x + 1 if x + 1 < nx else 0
        for y in range(ny):
            ys, yn = y - 1 if y > 0 else ny - 1, y + 1 if y + 1 < ny else 0
            a, b = (x * ny + y) * ns + lowest, (x * ny + y) * ns + end
            p, below, above, d, r = phi[a:b], phi[a - 1 : b - 1], phi[a + 1 : b + 1], inverse_diagonal[a:b], rhs[a:b]
            a, b = (xw * ny + y) * ns, (xe * ny + y) * ns
            west, east = phi[a + lowest : a + end], phi[b + lowest : b + end]
            a, b = (x * ny + ys) * ns, (x * ny + yn) * ns
            south, north = phi[a + lowest : a + end], phi[b + lowest : b + end]
            for i in range(end - lowest):
                beside = kx[i] * (west[i] + east[i]) + ky[i] * (south[i] + north[i])
                stays = p[i] / d[i] - beside if d[i] > zero else zero
                own[i] += np.float64(p[i] * stays)
                link[i] += np.float64(p[i] * (down[i] * below[i]))
                excess[i] += np.float64(p[i] * (down[i] * below[i] + up[i] * above[i] + r[i] - stays))


@apart
def rescale(phi, inverse_diagonal, rhs, cx, cy, cz, grids, sums):
    """Multiply each plane in use by the factor that suits the equations best. `sums`: float64 (3 ns,), scratch."""
    nx, ny, ns = grids.shape[0]
    lowest, end, _ = grids.planes[0]
    n, real = end - lowest, phi.dtype.type
    own, link, factor = sums[:n], sums[n : 2 * n], sums[2 * n : 3 * n]
    _sum_up(phi, inverse_diagonal, rhs, cx, cy, cz, grids, own, link, factor)
    _solve(own, link, factor)
    for column in range(nx * ny):
        p = phi[column * ns + lowest : column * ns + end]
        for i in range(n):
            p[i] *= real(factor[i])
