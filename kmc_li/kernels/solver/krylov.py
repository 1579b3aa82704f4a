"""Conjugate gradients with a multigrid cycle as preconditioner: the field to any accuracy asked for.

The equations are in double precision. The cycle is in single precision, which halves its time and needs no second copy
of its kernels, unless faces conduct so little beside the electrolyte that single precision loses them. Flexible
(Polak-Ribiere) update, since a cycle is not exactly symmetric. Notay, SIAM J. Sci. Comput. 22, 1444 (2000).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmc_li.kernels.base.jit import leaf, njit
from kmc_li.kernels.solver import hierarchy, multigrid

SINGLE_WAGNER = 1e4  # Wagner length over voxel up to which single precision serves
LANES = 256  # partial sums, always in the same order: one result on every machine, which BLAS does not promise


def precision(law: Any) -> type:
    """Which precision the grids of the preconditioner need."""
    return np.float32 if law.wagner[0] <= SINGLE_WAGNER else np.float64


def solve(problem: Any, grids: Any, limit: float, max_iterations: int) -> tuple[int, float]:
    """Iterate problem.phi (float64) until sum |residual| <= limit; returns (iterations, sum |residual|)."""
    phi, rhs = problem.phi, problem.rhs
    operator = (problem.inverse_diagonal, problem.cx, problem.cy, problem.cz, grids)
    cycle = _Cycle(problem, grids)
    r, q, p = np.zeros_like(phi), np.zeros_like(phi), np.zeros_like(phi)
    zero, sums = np.zeros_like(phi), np.zeros((2, LANES))
    _residual(phi, rhs, operator, r)
    (norm, largest), rz, alpha = _sizes(r, sums), 1.0, 0.0
    for iteration in range(max_iterations):
        if norm <= limit:
            return iteration, norm
        z = cycle(r, largest)
        new, overlap = (largest * product for product in _products(z, r, q, sums))
        _combine(p, alpha * overlap / rz, z, largest)  # at first p, q and alpha are 0
        rz = new
        _residual(p, zero, operator, q)  # q = -(operator p)
        curvature, along = _products(p, q, r, sums)
        if curvature >= 0.0:
            return iteration, norm
        alpha = -along / curvature
        norm, largest = _step(phi, r, p, q, alpha, sums)
        if iteration % 20 == 19:
            _residual(phi, rhs, operator, r)
            norm, largest = _sizes(r, sums)
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

    def __call__(self, residual: NDArray[np.float64], largest: float) -> NDArray[np.floating]:
        """For the residual over its largest entry, so that small ones do not leave the range of single precision."""
        self.z[:] = 0
        np.divide(residual, largest, out=self.rhs, casting="same_kind")
        multigrid.cycle(self.z, self.idiag, self.rhs, self.cx, self.cy, self.cz, self.grids, self.work)
        return self.z


def _residual(phi: Any, rhs: Any, operator: tuple[Any, ...], out: NDArray[np.float64]) -> None:
    inverse_diagonal, cx, cy, cz, grids = operator
    multigrid.residual(phi, inverse_diagonal, rhs, cx, cy, cz, grids, out)


@leaf
def _clear(sums):
    for i in range(LANES):
        sums[0, i], sums[1, i] = 0.0, 0.0


@leaf
def _products_of(a, b, c, sums):
    """Add to the partial sums of a b and a c."""
    first, second = sums[0], sums[1]
    for i in range(a.shape[0]):
        first[i] += np.float64(a[i]) * b[i]
        second[i] += np.float64(a[i]) * c[i]


@njit
def _products(a, b, c, sums):
    """(a . b, a . c)"""
    n = a.shape[0]
    _clear(sums)
    for k in range(0, n, LANES):
        end = min(k + LANES, n)
        _products_of(a[k:end], b[k:end], c[k:end], sums)
    return _total(sums[0]), _total(sums[1])


@leaf
def _total(lanes):
    total = 0.0
    for i in range(LANES):
        total += lanes[i]
    return total


@njit
def _combine(p, factor, z, scale):
    """p = factor p + scale z"""
    for i in range(p.shape[0]):
        p[i] = factor * p[i] + scale * z[i]


@leaf
def _sizes_of(r, sums):
    total, largest = sums[0], sums[1]
    for i in range(r.shape[0]):
        size = abs(r[i])
        total[i] += size
        largest[i] = size if size > largest[i] else largest[i]


@leaf
def _found(sums):
    largest = 0.0
    for i in range(LANES):
        largest = max(largest, sums[1, i])
    return _total(sums[0]), largest


@njit
def _sizes(r, sums):
    """(sum |r|, greatest |r|)"""
    n = r.shape[0]
    _clear(sums)
    for k in range(0, n, LANES):
        _sizes_of(r[k : min(k + LANES, n)], sums)
    return _found(sums)


@leaf
def _advance(phi, r, p, q, alpha):
    for i in range(phi.shape[0]):
        phi[i] += alpha * p[i]
        r[i] += alpha * q[i]


@njit
def _step(phi, r, p, q, alpha, sums):
    """phi += alpha p, r += alpha q; as `_sizes`."""
    n = r.shape[0]
    _clear(sums)
    for k in range(0, n, LANES):
        end = min(k + LANES, n)
        _advance(phi[k:end], r[k:end], p[k:end], q[k:end], alpha)
        _sizes_of(r[k:end], sums)
    return _found(sums)
