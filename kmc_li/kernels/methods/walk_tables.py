"""Where a free walk on the lattice leaves a cube, and where it comes down from above: exact tables for the kernels."""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dstn, idstn

EDGES = (2, 4, 8, 16, 32)  # half-widths of the cubes
HEIGHTS = 6  # a walker above the launch plane comes down 1, 2, 4, .. 32 planes at a time
INNER, SPAN = 3, 32  # heights of which the inner displacements have a table small enough to stay in the cache


def alias_table(share: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Walker's method (1977) to draw from a distribution: entry i with probability p[i], else index[i]."""
    keep, other = share.ravel() * (share.size / share.sum()), np.arange(share.size, dtype=np.int32)
    small, large = [int(i) for i in np.flatnonzero(keep < 1)], [int(i) for i in np.flatnonzero(keep >= 1)]
    while small and large:
        i, j = small.pop(), large[-1]
        other[i] = j
        keep[j] -= 1 - keep[i]
        if keep[j] < 1:
            small.append(large.pop())
    return keep, other


@lru_cache
def exits(edge: int, axes: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of a walk from the centre of a cube of half-width `edge`: where on one face it leaves, its visits by plane."""
    n = 2 * edge - 1
    start = np.zeros((n,) * axes)
    start[(edge - 1,) * axes] = 1.0
    waves = np.cos(np.pi * np.arange(1, n + 1) / (2 * edge))
    mean = sum(waves.reshape([-1 if i == axis else 1 for i in range(axes)]) for axis in range(axes)) / axes
    visits = idstn(dstn(start, type=1) / (1.0 - mean), type=1)
    return np.maximum(visits[0], 0.0).ravel(), visits.sum(axis=tuple(range(1, axes)))


def free_regions(nx: int, ny: int, ns: int) -> tuple[NDArray[Any], ...]:
    """What FreeRegions holds, no metal in it; no blocks at all on a lattice of one column along x, which only steps."""
    edges = [e for e in EDGES if nx > 1]
    shape = [(-(-nx // e), -(-ny // e), (ns + EDGES[-1]) // e + 2) for e in edges]
    offset = np.cumsum([0] + [int(np.prod(s)) for s in shape])
    tables = [exits(e, 3 if ny > 1 else 2) for e in edges]
    aliases = [alias_table(place) for place, _ in tables]
    visits = np.zeros((max(len(edges), 1), 2 * EDGES[-1]))
    for i, (_, mean) in enumerate(tables):
        visits[i, : mean.size] = mean
    return (
        np.zeros((ns + 64) // 32 * nx * ny, np.uint32),
        offset,
        np.array(shape, np.int64).reshape(-1, 3),
        np.zeros(offset[-1], np.uint8),
        np.cumsum([0] + [probability.size for probability, _ in aliases]),
        np.concatenate([np.zeros(0)] + [probability for probability, _ in aliases]),
        np.concatenate([np.zeros(0, np.int32)] + [index for _, index in aliases]),
        visits,
    )


def return_probabilities(nx: int, ny: int, planes: int) -> NDArray[np.float64]:
    """Probability of each displacement (float64 (nx, ny)) of a walk on the way to the first visit `planes` below.

    One plane down multiplies the Fourier mode k by the root l < 1 of l + 1/l = 2 + 2 sum (1 - cos k).
    """
    kx, ky = 2 * np.pi * np.fft.fftfreq(nx)[:, None], 2 * np.pi * np.fft.fftfreq(ny)[None, :]
    a = 1 + (1 - np.cos(kx)) + (1 - np.cos(ky))
    share = np.maximum(np.fft.ifft2((a - np.sqrt(a * a - 1)) ** planes).real, 0.0)
    return np.asarray(share / share.sum())


def returns(nx: int, ny: int) -> tuple[NDArray[Any], ...]:
    """Alias tables of displacements on the way down, without the inner ones where these have tables of their own."""
    outer, inner = [], []
    for height in range(HEIGHTS):
        share = return_probabilities(nx, ny, 2**height)
        if height < INNER and min(nx, ny) > SPAN:
            x, y = (np.arange(-(SPAN // 2), SPAN // 2) % n for n in (nx, ny))
            near = share[np.ix_(x, y)].ravel()
            share[np.ix_(x, y)] = 0.0
            inner.append(alias_table(np.append(near, share.sum())))
        outer.append(alias_table(share))
    size = SPAN * SPAN + 1
    return (
        np.array([probability for probability, _ in outer]),
        np.array([index for _, index in outer]),
        np.array([probability for probability, _ in inner]).reshape(-1, size),
        np.array([index for _, index in inner], np.int32).reshape(-1, size),
    )
