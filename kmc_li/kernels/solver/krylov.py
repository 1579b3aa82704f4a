"""Conjugate gradients with a multigrid cycle as preconditioner: the field to any accuracy asked for.

The equations are in double precision. The cycle is in single precision, which halves its time and needs no second copy
of its kernels, unless faces conduct so little beside the electrolyte that single precision loses them. Flexible
(Polak-Ribiere) update, since a cycle is not exactly symmetric. Notay, SIAM J. Sci. Comput. 22, 1444 (2000).
Python over whole arrays: only the cycle and the residual are compiled.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmc_li.kernels.solver import hierarchy, multigrid

SINGLE_WAGNER = 1e4  # Wagner length over voxel up to which single precision serves


def precision(law: Any) -> type:
    """Which precision the grids of the preconditioner need."""
    return np.float32 if law.wagner[0] <= SINGLE_WAGNER else np.float64


def solve(problem: Any, grids: Any, limit: float, max_iterations: int) -> tuple[int, float]:
    """Iterate problem.phi (float64) until sum |residual| <= limit; returns (iterations, sum |residual|)."""
    phi, rhs = problem.phi, problem.rhs
    operator = (problem.inverse_diagonal, problem.cx, problem.cy, problem.cz, grids)
    cycle = _Cycle(problem, grids)
    r, q, p = np.zeros_like(phi), np.zeros_like(phi), np.zeros_like(phi)
    zero = np.zeros_like(phi)
    _residual(phi, rhs, operator, r)
    norm, rz, alpha = float(np.abs(r).sum()), 1.0, 0.0
    for iteration in range(max_iterations):
        if norm <= limit:
            return iteration, norm
        z = cycle(r)
        new = _dot(z, r)
        p *= 0.0 if iteration == 0 else -alpha * _dot(z, q) / rz
        p += z
        rz = new
        _residual(p, zero, operator, q)
        np.negative(q, out=q)
        curvature = _dot(p, q)
        if curvature <= 0.0:
            return iteration, norm
        alpha = _dot(p, r) / curvature
        phi += alpha * p
        if iteration % 20 == 19:
            _residual(phi, rhs, operator, r)
        else:
            r -= alpha * q
        norm = float(np.abs(r).sum())
    return max_iterations, norm


class _Cycle:
    """One multigrid cycle from zero in the precision of the grids: an approximate inverse of the operator."""

    def __init__(self, problem: Any, grids: Any) -> None:
        arrays = (problem.inverse_diagonal, problem.surface_conductance, problem.cx, problem.cy, problem.cz)
        self.grids, self.real = grids, grids.gx.dtype
        self.idiag, sink, self.cx, self.cy, self.cz = (a.astype(self.real) for a in arrays)
        self.z, self.rhs = np.zeros_like(self.idiag), np.zeros_like(self.idiag)
        self.work = np.zeros(problem.work.size, self.real)
        dirty = np.ones_like(problem.dirty)
        hierarchy.coarsen_all(self.idiag, sink, self.cx, self.cy, self.cz, dirty, grids, self.work)

    def __call__(self, residual: NDArray[np.float64]) -> NDArray[np.float64]:
        scale = float(np.abs(residual).max())  # so that small ones do not leave the range of single precision
        self.z[:] = 0
        np.divide(residual, scale, out=self.rhs, casting="same_kind")
        multigrid.cycle(self.z, self.idiag, self.rhs, self.cx, self.cy, self.cz, self.grids, self.work)
        return self.z * np.float64(scale)


def _residual(phi: Any, rhs: Any, operator: tuple[Any, ...], out: NDArray[np.float64]) -> None:
    inverse_diagonal, cx, cy, cz, grids = operator
    multigrid.residual(phi, inverse_diagonal, rhs, cx, cy, cz, grids, out)


def _dot(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    return float((a * b).sum())  # not BLAS, whose order of sums depends on threads and machine
