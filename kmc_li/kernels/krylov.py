"""Conjugate gradients with a multigrid cycle as preconditioner: the field to any accuracy asked for.

Flexible (Polak-Ribiere) update, since a cycle is not exactly symmetric in floating point. Notay, SIAM J. Sci.
Comput. 22, 1444 (2000).
"""

import numpy as np

from . import multigrid
from .jit import njit


@njit
def residual(phi, idiag, rhs, cx, cy, cz, lo, hi, out):
    """out = right-hand side minus operator times phi, on planes lo..hi-1; returns sum |out|."""
    nx, ny, _ = phi.shape
    column = np.zeros(phi.shape[2], phi.dtype)
    total = 0.0
    for x in range(nx):
        for y in range(ny):
            multigrid.residual_column(phi, idiag, rhs, cx, cy, cz, lo, hi, x, y, column)
            for s in range(lo, hi):
                out[x, y, s] = column[s]
                total += abs(column[s])
    return total


@njit
def _dot(a, b, lo, hi):
    total = 0.0
    for x in range(a.shape[0]):
        for y in range(a.shape[1]):
            for s in range(lo, hi):
                total += a[x, y, s] * b[x, y, s]
    return total


@njit
def _combine(a, factor, b, lo, hi):
    """a += factor b."""
    for x in range(a.shape[0]):
        for y in range(a.shape[1]):
            for s in range(lo, hi):
                a[x, y, s] += factor * b[x, y, s]


@njit
def solve(phi, idiag, rhs, cx, cy, cz, tree, work, limit, max_iterations):
    """Iterate phi until sum |residual| <= limit; returns (iterations, sum |residual|). float64 arrays.

    The coarse grids must be up to date (multigrid.coarsen_all).
    """
    lo, hi = tree.planes[0]
    r, z, p, q = np.zeros_like(phi), np.zeros_like(phi), np.zeros_like(phi), np.zeros_like(phi)
    none = np.zeros_like(phi)
    norm = residual(phi, idiag, rhs, cx, cy, cz, lo, hi, r)
    rz, alpha = 1.0, 0.0
    for iteration in range(max_iterations):
        if norm <= limit:
            return iteration, norm
        z[:] = 0.0
        multigrid.cycle(z, idiag, r, cx, cy, cz, tree, work)
        new = _dot(z, r, lo, hi)
        if iteration == 0:
            p[:] = z
        else:
            beta = -alpha * _dot(z, q, lo, hi) / rz
            for x in range(phi.shape[0]):
                for y in range(phi.shape[1]):
                    for s in range(lo, hi):
                        p[x, y, s] = z[x, y, s] + beta * p[x, y, s]
        rz = new
        residual(p, idiag, none, cx, cy, cz, lo, hi, q)  # q = -A p
        for x in range(phi.shape[0]):
            for y in range(phi.shape[1]):
                for s in range(lo, hi):
                    q[x, y, s] = -q[x, y, s]
        curvature = _dot(p, q, lo, hi)
        if curvature <= 0.0:
            return iteration, norm
        alpha = _dot(p, r, lo, hi) / curvature
        _combine(phi, alpha, p, lo, hi)
        if iteration % 20 == 19:
            norm = residual(phi, idiag, rhs, cx, cy, cz, lo, hi, r)
        else:
            _combine(r, -alpha, q, lo, hi)
            norm = 0.0
            for x in range(phi.shape[0]):
                for y in range(phi.shape[1]):
                    for s in range(lo, hi):
                        norm += abs(r[x, y, s])
    return max_iterations, residual(phi, idiag, rhs, cx, cy, cz, lo, hi, r)
