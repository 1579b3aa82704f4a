"""Potential and what the last cycle changed of it, each scaled plane by plane: cycles taken further than they went.

A cycle that leaves the same share of a slow error each time has changed the potential in the right direction, but not
far enough, and by how much depends on the height. Here each plane gets a factor for the potential, as in profile.py,
and another one for the change; together they lower the energy of the error most: two equations a plane, of the three
planes around it.
"""

import numpy as np

from kmc_li.kernels.base.jit import apart, njit
from kmc_li.kernels.solver.multigrid import residual_column
from kmc_li.kernels.solver.profile import LEAST, MOST

FURTHEST = 8.0  # times the change; factors beyond it are not believed
ALIKE = 1e-6  # share of the energy of the change that is left without its part along the potential: else it is ignored
KEPT = 0.1  # share of its potential that a cell keeps at least


@njit
def _sum_up(phi, former, inverse_diagonal, rhs, cx, cy, cz, grids, sums, work):
    """Sums over each plane into the rows of `sums` (9, planes).

    Rows 0..2: energy of the potential, of both, of the change in the plane alone; 3..6: links to the plane below of
    potential and potential, potential and change below, change and potential below, change and change; 7, 8: residual.
    """
    nx, ny, ns = grids.shape[0]
    lowest, end, _ = grids.planes[0]
    n = end - lowest
    down, up, residual, before = cz[lowest:end], cz[lowest + 1 : end + 1], work[:n], work[n : 2 * n]
    row = work[2 * n : 11 * n].reshape((9, n))
    for k in range(9):
        for i in range(n):
            sums[k, i] = 0.0
    for x in range(nx):
        for k in range(9):
            for i in range(n):
                row[k, i] = 0
        for y in range(ny):
            residual_column(phi, inverse_diagonal, rhs, cx, cy, cz, grids, x, y, residual)
            residual_column(former, inverse_diagonal, rhs, cx, cy, cz, grids, x, y, before)
            a, b = (x * ny + y) * ns + lowest, (x * ny + y) * ns + end
            p, below, above, r = phi[a:b], phi[a - 1 : b - 1], phi[a + 1 : b + 1], rhs[a:b]
            q, lower, higher = former[a:b], former[a - 1 : b - 1], former[a + 1 : b + 1]
            for i in range(n):
                own = down[i] * below[i] + up[i] * above[i]
                change = p[i] - q[i]
                drop = own - down[i] * lower[i] - up[i] * higher[i] + before[i] - residual[i]
                row[0, i] += p[i] * (own + r[i] - residual[i])
                row[1, i] += p[i] * drop
                row[2, i] += change * drop
                row[7, i] += p[i] * residual[i]
                row[8, i] += change * residual[i]
            for i in range(n):
                change, change_below = p[i] - q[i], below[i] - lower[i]
                row[3, i] += p[i] * (down[i] * below[i])
                row[4, i] += p[i] * (down[i] * change_below)
                row[5, i] += change * (down[i] * below[i])
                row[6, i] += change * (down[i] * change_below)
        for k in range(9):
            for i in range(n):
                sums[k, i] += np.float64(row[k, i])


@njit
def _solve(sums, n):
    """Factors of potential and change into rows 7 and 8 (block Thomas; pivots stay in rows 0..2)."""
    for i in range(n):
        if i > 0:
            a, b, c = sums[0, i - 1], sums[1, i - 1], sums[2, i - 1]
            pp, pc, cp, cc = sums[3, i], sums[4, i], sums[5, i], sums[6, i]
            det = a * c - b * b
            if a > 0.0 and det > ALIKE * a * c:
                pa, pb = (pp * c - pc * b) / det, (pc * a - pp * b) / det  # links times the inverse of the pivot below
                ca, cb = (cp * c - cc * b) / det, (cc * a - cp * b) / det
            else:
                pa, pb, ca, cb = (pp / a, 0.0, cp / a, 0.0) if a > 0.0 else (0.0, 0.0, 0.0, 0.0)
            sums[0, i] -= pa * pp + pb * pc
            sums[1, i] -= ca * pp + cb * pc
            sums[2, i] -= ca * cp + cb * cc
            sums[7, i] += pa * sums[7, i - 1] + pb * sums[8, i - 1]
            sums[8, i] += ca * sums[7, i - 1] + cb * sums[8, i - 1]
    for i in range(n - 1, -1, -1):
        p, c = sums[7, i], sums[8, i]
        if i + 1 < n:
            p += sums[3, i + 1] * sums[7, i + 1] + sums[5, i + 1] * sums[8, i + 1]
            c += sums[4, i + 1] * sums[7, i + 1] + sums[6, i + 1] * sums[8, i + 1]
        det = sums[0, i] * sums[2, i] - sums[1, i] * sums[1, i]
        if sums[0, i] > 0.0 and det > ALIKE * sums[0, i] * sums[2, i]:
            sums[7, i] = (p * sums[2, i] - c * sums[1, i]) / det
            sums[8, i] = (c * sums[0, i] - p * sums[1, i]) / det
        else:
            sums[7, i] = p / sums[0, i] if sums[0, i] > 0.0 else 0.0
            sums[8, i] = 0.0


@apart
def extrapolate(phi, former, inverse_diagonal, rhs, cx, cy, cz, grids, sums, work):
    """Take each plane of the potential by a factor, and by another one further from what it was: `former`.

    Scratch: `sums`, float64 (9 ns,), and `work`, (11 ns,).
    """
    nx, ny, ns = grids.shape[0]
    lowest, end, _ = grids.planes[0]
    n, real = end - lowest, phi.dtype.type
    rows = sums[: 9 * n].reshape((9, n))
    _sum_up(phi, former, inverse_diagonal, rhs, cx, cy, cz, grids, rows, work)
    _solve(rows, n)
    factor, further, kept = work[:n], work[n : 2 * n], real(KEPT)
    for i in range(n):
        factor[i] = real(min(max(1.0 + rows[7, i], LEAST), MOST))
        further[i] = real(min(max(rows[8, i], -1.0), FURTHEST))
    for column in range(nx * ny):
        a, b = column * ns + lowest, column * ns + end
        p, q = phi[a:b], former[a:b]
        for i in range(n):
            p[i] = max(p[i] * factor[i] + (p[i] - q[i]) * further[i], p[i] * kept)
