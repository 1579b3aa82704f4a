"""The potential of each plane rescaled as a whole: one pass over the lattice takes away what a rising deposit leaves.

As buds rise, the potential of all cells of a plane falls by much the same share. Multigrid cycles halve such an error
at best, for a cell of their coarse grids sums up deep pores and open electrolyte alike. Here each plane gets a factor,
and the factors together are those that lower the energy of the error most: an equation a plane, of the three planes
around it (Galerkin, with the present potential as the shape, which vanishes beside Li as the error does).
"""

import numpy as np

from kmc_li.kernels.base.jit import apart, njit
from kmc_li.kernels.solver.multigrid import residual_column

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
def _sum_up(phi, inverse_diagonal, rhs, cx, cy, cz, grids, own, link, excess, work):
    """Sums over each plane, weighted with the potential: of the equations' diagonal, link downward and residual."""
    nx, ny, ns = grids.shape[0]
    lowest, end, _ = grids.planes[0]
    n = end - lowest
    down, up, residual = cz[lowest:end], cz[lowest + 1 : end + 1], work[:n]
    row_own, row_link, row_excess = work[n : 2 * n], work[2 * n : 3 * n], work[3 * n : 4 * n]
    own[:] = 0.0
    link[:] = 0.0
    excess[:] = 0.0
    for x in range(nx):
        row_own[:] = 0
        row_link[:] = 0
        row_excess[:] = 0
        for y in range(ny):
            residual_column(phi, inverse_diagonal, rhs, cx, cy, cz, grids, x, y, residual)
            a, b = (x * ny + y) * ns + lowest, (x * ny + y) * ns + end
            p, below, above, r = phi[a:b], phi[a - 1 : b - 1], phi[a + 1 : b + 1], rhs[a:b]
            for i in range(n):
                row_own[i] += p[i] * (down[i] * below[i] + up[i] * above[i] + r[i] - residual[i])
                row_link[i] += p[i] * (down[i] * below[i])
                row_excess[i] += p[i] * residual[i]
        for i in range(n):
            own[i] += np.float64(row_own[i])
            link[i] += np.float64(row_link[i])
            excess[i] += np.float64(row_excess[i])


@apart
def rescale(phi, inverse_diagonal, rhs, cx, cy, cz, grids, sums, work):
    """Multiply each plane in use by the factor that suits the equations best.

    Scratch: `sums`, float64 (3 ns,), and `work`, (4 ns,).
    """
    nx, ny, ns = grids.shape[0]
    lowest, end, _ = grids.planes[0]
    n, real = end - lowest, phi.dtype.type
    own, link, factor = sums[:n], sums[n : 2 * n], sums[2 * n : 3 * n]
    _sum_up(phi, inverse_diagonal, rhs, cx, cy, cz, grids, own, link, factor, work)
    _solve(own, link, factor)
    for column in range(nx * ny):
        p = phi[column * ns + lowest : column * ns + end]
        for i in range(n):
            p[i] *= real(factor[i])
