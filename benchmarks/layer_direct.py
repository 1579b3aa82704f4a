"""Exact currents of a frozen deposit under a pressed layer: scipy's sparse factorisation of the whole problem.

The second solution of layer_twin.py's equations, written apart from it: whole arrays in place of loops, uniform planes
two periods of the cell high above the deposit in place of the law of return. And the current's exact balance,

    I_k = J h_k + sum_j B_j H_jk - B_k,    B_j = sum of G_f V_f over the faces of cell j,

H_jk the probability that a walker from cell j is absorbed at cell k, h_k the same from above: by walkers, without phi.
"""

import numba
import numpy as np
import twin
from layer_twin import Constants
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu

SIDES = [(axis, step) for axis in range(3) for step in (1, -1)]


def beyond(values: NDArray, axis: int, step: int, edge: float) -> NDArray:
    """values[i + step] along an axis: periodic in x and y, `edge` beyond the ends of z."""
    out = np.roll(values, -step, axis)
    if axis == 2:
        out[:, :, -1 if step == 1 else 0] = edge
    return out


def parts(there: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Number of the connected part (periodic in x and y) of each voxel that is there, -1 of the others."""
    number = np.full(there.shape, -1)
    number[there] = np.arange(there.sum())
    links = [np.stack([number, beyond(number, axis, 1, -1)])[:, there] for axis in range(3)]
    a, b = np.concatenate([pair[:, pair[1] >= 0] for pair in links], axis=1)
    size = int(there.sum())
    number[there] = connected_components(coo_array((np.ones(a.size), (a, b)), (size, size)).tocsr())[1]
    return number


def live(metal: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Metal with a path to the collector, which is the lowest plane."""
    number = parts(metal)
    return metal & np.isin(number, number[:, :, 0])


def pressed_rest(heights: NDArray[np.int64], k: Constants) -> float:
    """The layer's rest plane by bisection over the mean pressure."""
    low, high = heights.min() - k.hardness, float(heights.max())
    while high - low > 1e-13 * max(abs(high), abs(low), 1.0):
        middle = (low + high) / 2
        if np.clip(heights - middle, 0, k.hardness).mean() > k.stack_pressure:
            low = middle
        else:
            high = middle
    return float(low)


def slopes(metal: NDArray[np.bool_]) -> NDArray[np.float64]:
    """|nx| + |ny| + |nz|, the normal from the occupancy smoothed over three voxels."""
    filled = metal.astype(float)

    def smooth(values: NDArray, axis: int) -> NDArray:
        return beyond(values, axis, -1, 0) + 2 * values + beyond(values, axis, 1, 0)

    normal = []
    for axis in range(3):
        others = [a for a in range(3) if a != axis]
        smoothed = smooth(smooth(filled, others[0]), others[1])
        flat = axis < 2 and metal.shape[axis] == 1
        normal.append(np.zeros_like(filled) if flat else beyond(smoothed, axis, 1, 0) - beyond(smoothed, axis, -1, 0))
    length = np.sqrt(sum(n**2 for n in normal))
    return np.where(length > 0, sum(np.abs(n) for n in normal) / np.where(length > 0, length, 1), 1)


class Frozen:
    """A deposit (nx, ny, nz) under a study's layer, its faces and its exact currents."""

    def __init__(self, occupancy: NDArray[np.bool_], k: Constants) -> None:
        nx, ny, nz = occupancy.shape
        heights = (occupancy * np.arange(1, nz + 1)).max(axis=2)
        self.rest = pressed_rest(heights, k) if k.stack_pressure > 0 else np.inf
        top = int(heights.max())
        if k.conductivity != 1:
            top = max(top, int(np.ceil(self.rest + k.thickness)))
        self.shape = nx, ny, top + 2 * max(nx, ny) + 2  # the collector is plane 0
        metal = np.zeros(self.shape, np.bool_)
        shared = min(nz, self.shape[2] - 1)
        metal[:, :, 1 : shared + 1] = occupancy[:, :, :shared]
        metal[:, :, 0] = True
        self.metal, self.live, self.top = metal, live(metal), top
        s = np.arange(self.shape[2], dtype=float)
        inside = np.clip(np.minimum(s, self.rest + k.thickness) - np.maximum(s - 1, self.rest), 0, 1)
        self.kappa = 1 + (k.conductivity - 1) * (inside if np.isfinite(self.rest) else 0)
        ratio = slopes(metal) if k.weighted else np.ones(self.shape)
        self.conductance = np.where(metal, 0, 1 / (k.wagner * ratio + 0.5 / self.kappa))
        heights_of = {side: s - 0.5 + 0.5 * side[1] * (side[0] == 2) for side in SIDES}
        self.shift = {side: k.shift * np.clip(h - self.rest, 0, k.hardness) for side, h in heights_of.items()}
        self.faces = {
            (axis, step): beyond(self.live, axis, step, False) & ~metal & (axis == 2 or self.shape[axis] > 1)
            for axis, step in SIDES
        }
        self.strip = k.strip
        self.sink = self.conductance * sum(f.astype(float) for f in self.faces.values())
        self.source = self.conductance * sum(f * self.shift[side] for side, f in self.faces.items())

    def potential(self) -> NDArray[np.float64]:
        """phi, 0 in metal and in pores that no current can leave."""
        number = parts(~self.metal)
        free = (number >= 0) & np.isin(number, np.unique(number[self.sink > 0]))
        index = np.full(self.shape, -1)
        index[free] = np.arange(free.sum())
        size = int(free.sum())
        source = self.source.copy()
        source[:, :, -1] += 1  # the set current
        rows, columns, values = [np.arange(size)], [np.arange(size)], [self.sink[free]]
        kappa = np.broadcast_to(self.kappa, self.shape)
        for axis, step in SIDES:
            if axis < 2 and self.shape[axis] == 1:
                continue
            other = beyond(index, axis, step, -1)
            link = free & (other >= 0)
            g = 2 / (1 / kappa + 1 / beyond(kappa, axis, step, 1))
            rows += [index[link], index[link]]
            columns += [index[link], other[link]]
            values += [g[link], -g[link]]
        matrix = csr_array(coo_array((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))))
        phi = np.zeros(self.shape)
        phi[free] = splu(matrix.tocsc()).solve(source[free])
        return phi

    def rates(self, nz: int) -> NDArray[np.float64]:
        """(nx, ny, nz): current by which a free voxel plates or metal dissolves, each >= 0."""
        phi, out = self.potential(), np.zeros(self.shape)
        for (axis, step), faces in self.faces.items():
            current = np.where(faces, self.conductance * (phi - self.shift[axis, step]), 0)
            out += np.maximum(current, 0)
            if self.strip:
                out += beyond(np.maximum(-current, 0), axis, -step, 0)
        out[:, :, 0] = 0  # the collector does not dissolve
        found = np.zeros((*self.shape[:2], nz))
        shared = min(nz, self.shape[2] - 1)
        found[:, :, :shared] = out[:, :, 1 : shared + 1]
        return found

    def net(self) -> NDArray[np.float64]:
        """Net current into the faces of each cell, plane 0 the collector."""
        return self.sink * self.potential() - self.source

    def net_by_walkers(
        self, wagner: float, weighted: bool, walkers: int, seed: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The same by the balance of walkers from above and from shifted faces, with its standard error.

        For a layer that conducts as the electrolyte does and metal that is all alive.
        """
        columns = self.shape[0] * self.shape[1]
        grid = twin.grid(self.metal[:, :, 1:], wagner, weighted)
        rng = np.random.Generator(np.random.PCG64(seed))
        starts = [(-1, float(columns))] + [(i, self.source.ravel()[i]) for i in np.flatnonzero(self.source)]
        mean, variance = -self.source.copy(), np.zeros(self.shape)
        for start, weight in starts:
            counts = np.zeros(grid.cell.shape, np.int64)
            each = walkers if start < 0 else max(round(walkers * abs(weight) / columns), 1000)
            launch(grid, self.top, start // self.shape[2], start % self.shape[2], each, rng, counts)
            share = counts.reshape(self.shape) / each
            mean += weight * share
            variance += weight**2 * share * (1 - share) / each
        return mean, np.sqrt(variance)


@numba.njit
def launch(grid, top, column, plane, walkers, rng, counts):
    """Walkers from a cell, from above for column < 0."""
    for _ in range(walkers):
        if column < 0:
            c, s, _ = twin.walk(grid, top, rng)
        else:
            c, s, _ = twin.walk_from(grid, top, column, plane, rng)
        counts[c, s] += 1
