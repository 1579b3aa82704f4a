"""Conductance of a pore space between two faces of its box: Laplace's equation on the voxels.

Conjugate gradients on the lattice, preconditioned by cycles of multigrid: two voxels along each axis make a coarse one,
whose links are those of the fine voxels between the two, scaled for their length (plain aggregation), down to a
hundred voxels, which are solved directly. Numpy alone and a handful of arrays: 33 million voxels fit into 2 GB.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]  # float64, or float32 in a large box

DAMPING = 0.8  # of the Jacobi sweeps
STRETCH = 0.5  # of the summed links of a coarse grid: they are twice as long
COARSEST = 100  # voxels, solved directly; more would wake the threads of BLAS, which stall on a busy machine
SINGLE = 2**23  # voxels from which on single precision saves the memory
STEPS = 500


class Grid(NamedTuple):
    """The equations of one grid: each voxel's links to the next along x, y, z, their sum, and one over that.

    links[a][i] joins voxel i to i + 1 along axis a, the last entry the last voxel to the first. None on the finest
    grid, where all links of `pore` are 1.
    """

    links: tuple[Array, ...] | None
    pore: NDArray[np.bool_] | None
    total: Array
    inverse: Array
    direct: Array | None


def conductance(pore: NDArray[np.bool_], wraps: tuple[bool, bool], tolerance: float = 1e-4) -> float:
    """Conductance through the pores from the face z = 0 to the face z = nz, for cubes of edge 1 and conductivity 1.

    pore: bool (nx, ny, nz). Neighboring pore voxels are joined by 1, those at a face to it by 2 (half a voxel).
    wraps: whether x and y close across the seams; where not, walls insulate.
    The value comes down on the exact one (Dirichlet's principle) and stops when two steps together lowered it by less
    than `tolerance` of itself. What was left then: a tenth of that as a rule, three times that just above the
    percolation threshold. Raises RuntimeError if it takes more than 500 steps (60 were the most seen).
    """
    dtype = np.float32 if pore.size > SINGLE else np.float64
    grids = _grids(pore, wraps, dtype)
    finest = grids[0]
    height = pore.shape[2]
    down: Array = np.linspace(1, 0, 2 * height + 1)[1::2].astype(dtype)
    potential: Array = pore * down
    value = _power(potential, pore, wraps)
    residual = -_apply(finest, potential, wraps)
    residual[:, :, 0] += 2 * pore[:, :, 0]
    direction = np.zeros_like(potential)
    before, last_gain = 1.0, float("inf")
    for _ in range(STEPS):
        corrected = _cycle(grids, 0, residual, wraps)
        now = _dot(residual, corrected)
        direction *= now / before
        direction += corrected
        del corrected
        image = _apply(finest, direction, wraps)
        bent = _dot(direction, image)
        if now <= 0 or bent <= 0:  # nothing left to correct
            break
        step = now / bent
        potential += step * direction
        image *= step
        residual -= image
        before, gain = now, step * now
        value -= gain
        if last_gain + gain < tolerance * value:
            break
        last_gain = gain
    else:
        raise RuntimeError(f"no convergence in {STEPS} steps")
    return _power(potential, pore, wraps)


def _grids(pore: NDArray[np.bool_], wraps: tuple[bool, bool], dtype: type[np.floating[Any]]) -> list[Grid]:
    """The finest grid and all coarser ones."""
    electrodes = np.zeros(pore.shape, dtype=np.uint8)
    electrodes[:, :, 0] += 2
    electrodes[:, :, -1] += 2
    links = [pore & np.roll(pore, -1, axis) for axis in range(3)]
    for axis, wrap in enumerate((*wraps, False)):
        if not wrap or pore.shape[axis] == 1:
            links[axis][_at(axis, -1)] = False
    total: Array = electrodes * pore
    for axis, link in enumerate(links):
        total += link
        total += np.roll(link, 1, axis)
    grids = [Grid(None, pore, total, _inverse(total.astype(dtype)), None)]
    coarse, weights = _coarser([link.astype(dtype) for link in links], (electrodes * pore).astype(dtype))
    while True:
        total = weights + sum(link + np.roll(link, 1, axis) for axis, link in enumerate(coarse))
        small = total.size <= COARSEST
        grids.append(Grid(tuple(coarse), None, total, _inverse(total), _direct(coarse, total) if small else None))
        if small:
            return grids
        coarse, weights = _coarser(coarse, weights)


def _coarser(links: Sequence[Array], electrodes: Array) -> tuple[list[Array], Array]:
    """The links of the next coarser grid, and its voxels' links to the faces z = 0 and z = nz."""
    coarse = []
    for axis, link in enumerate(links):
        n = link.shape[axis]
        ends = np.minimum(np.arange(1, n + 1, 2), n - 1)
        joined = np.take(link, ends, axis) * STRETCH
        if ends.size == 1:  # one voxel along this axis is its own neighbor
            joined[:] = 0
        for other in {0, 1, 2} - {axis}:
            joined = _pairs(joined, other)
        coarse.append(joined)
    return coarse, _restrict(electrodes) * STRETCH


def _direct(links: Sequence[Array], total: Array) -> Array:
    """The pseudo-inverse of a small grid's matrix."""
    number = np.arange(total.size).reshape(total.shape)
    matrix = np.diag(total.ravel().astype(np.float64))
    for axis, link in enumerate(links):
        np.subtract.at(matrix, (number.ravel(), np.roll(number, -1, axis).ravel()), link.ravel())
        np.subtract.at(matrix, (np.roll(number, -1, axis).ravel(), number.ravel()), link.ravel())
    return np.linalg.pinv(matrix, rcond=1e-10, hermitian=True).astype(total.dtype)


def _cycle(grids: list[Grid], level: int, right: Array, wraps: tuple[bool, bool]) -> Array:
    """An approximate solution of a grid's equations: one W cycle from zero, symmetric."""
    grid = grids[level]
    if grid.direct is not None:
        return (grid.direct @ right.ravel()).reshape(right.shape)
    found = grid.inverse * right
    found *= DAMPING
    rest = _restrict(right - _apply(grid, found, wraps))
    correction = _cycle(grids, level + 1, rest, wraps)
    if grids[level + 1].direct is None:
        rest -= _apply(grids[level + 1], correction, wraps)
        correction += _cycle(grids, level + 1, rest, wraps)
    _prolong(correction, found)
    if grid.pore is not None:
        found *= grid.pore
    rest = right - _apply(grid, found, wraps)
    rest *= grid.inverse
    rest *= DAMPING
    found += rest
    return found


def _apply(grid: Grid, values: Array, wraps: tuple[bool, bool]) -> Array:
    """The net current out of each voxel at these potentials (0 in solid)."""
    result = grid.total * values
    for axis, wrap in enumerate((*wraps, False)):
        if values.shape[axis] == 1:
            continue
        low, high, first, last = (_at(axis, part) for part in (slice(None, -1), slice(1, None), 0, -1))
        if grid.links is None:
            result[low] -= values[high]
            result[high] -= values[low]
            if wrap:
                result[last] -= values[first]
                result[first] -= values[last]
        else:
            link = grid.links[axis]
            result[low] -= link[low] * values[high]
            result[high] -= link[low] * values[low]
            if wrap:
                result[last] -= link[last] * values[first]
                result[first] -= link[last] * values[last]
    if grid.pore is not None:
        result *= grid.pore
    return np.asarray(result)


def _power(potential: Array, pore: NDArray[np.bool_], wraps: tuple[bool, bool]) -> float:
    """Dissipated power at a potential difference of 1, which is the conductance or more."""
    total = 0.0
    for axis, wrap in enumerate((*wraps, False)):
        n = potential.shape[axis]
        for i in range(n if wrap and n > 1 else n - 1):
            here, there = _at(axis, i), _at(axis, (i + 1) % n)
            drop = (potential[here] - potential[there]) * (pore[here] & pore[there])
            total += _dot(drop, drop)
    for layer, level in ((0, 1), (-1, 0)):
        drop = (potential[:, :, layer] - level) * pore[:, :, layer]
        total += 2 * _dot(drop, drop)
    return total


def _restrict(fine: Array) -> Array:
    """Sums over the fine voxels of each coarse one."""
    for axis in range(3):
        fine = _pairs(fine, axis)
    return fine


def _pairs(array: Array, axis: int) -> Array:
    """Sums of two neighbors along an axis; a last one without a partner stays alone."""
    sums = array[_at(axis, slice(0, None, 2))].copy()
    sums[_at(axis, slice(0, array.shape[axis] // 2))] += array[_at(axis, slice(1, None, 2))]
    return sums


def _prolong(coarse: Array, fine: Array) -> None:
    """Add each coarse value to the fine voxels that it stands for."""
    nx, ny, nz = fine.shape
    stretched = np.repeat(coarse, 2, axis=2)[:, :, :nz]
    for i in range(min(2, nx)):
        for j in range(min(2, ny)):
            target = fine[i::2, j::2]
            target += stretched[: target.shape[0], : target.shape[1]]


def _inverse(total: Array) -> Array:
    return np.divide(1, total, out=np.zeros_like(total), where=total > 0)


def _dot(first: Array, second: Array) -> float:
    """Scalar product, summed in double precision layer by layer."""
    return float(sum(float(np.vdot(a, b)) for a, b in zip(first, second, strict=True)))


def _at(axis: int, index: int | slice) -> tuple[int | slice, ...]:
    """The index of a part of an array along one axis."""
    return (*(slice(None),) * axis, index)
