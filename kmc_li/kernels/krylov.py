"""Conjugate gradients with a multigrid cycle as preconditioner: the field to any accuracy asked for.

Flexible (Polak-Ribiere) update, since a cycle is not exactly symmetric in floating point. Notay, SIAM J. Sci.
Comput. 22, 1444 (2000). Python over whole arrays: only the cycle and the residual are compiled.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import multigrid


def solve(problem: Any, tree: Any, limit: float, max_iterations: int) -> tuple[int, float]:
    """Iterate problem.phi (float64) until sum |residual| <= limit; returns (iterations, sum |residual|).

    The coarse grids must be up to date (multigrid.coarsen_all).
    """
    phi, idiag, rhs = problem.phi, problem.idiag, problem.rhs
    planes = (problem.cx, problem.cy, problem.cz, tree)
    r, q, p = np.zeros_like(phi), np.zeros_like(phi), np.zeros_like(phi)
    zero = np.zeros_like(phi)
    multigrid.residual(phi, idiag, rhs, *planes, r)
    norm, rz, alpha = float(np.abs(r).sum()), 1.0, 0.0
    for iteration in range(max_iterations):
        if norm <= limit:
            return iteration, norm
        z = np.zeros_like(phi)
        multigrid.cycle(z, idiag, r, *planes, problem.work)
        new = _dot(z, r)
        p *= 0.0 if iteration == 0 else -alpha * _dot(z, q) / rz
        p += z
        rz = new
        multigrid.residual(p, idiag, zero, *planes, q)
        np.negative(q, out=q)
        curvature = _dot(p, q)
        if curvature <= 0.0:
            return iteration, norm
        alpha = _dot(p, r) / curvature
        phi += alpha * p
        if iteration % 20 == 19:
            multigrid.residual(phi, idiag, rhs, *planes, r)
        else:
            r -= alpha * q
        norm = float(np.abs(r).sum())
    return max_iterations, norm


def _dot(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    return float((a * b).sum())  # not BLAS, whose order of sums depends on threads and machine
