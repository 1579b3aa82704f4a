"""Buds: the summits of a height map that stand out from their surroundings."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .height import as_height_map

PRUNING = 0.05  # of Sz, the least prominence by default (ISO 25178-3)
HALF = [(0, 1), (1, 0), (1, 1), (1, -1)]  # each pair of the eight neighbors once


class Buds(NamedTuple):
    """Buds, highest summit first, and the ground that is theirs.

    x, y: int64 (n,), column of the summit. height, prominence: float64 (n,), of the summit, in the map's unit.
    domain: int64 (nx, ny), the index of the bud whose hill a column belongs to.
    tip: bool (nx, ny), the columns that reach above half the prominence of their bud.
    """

    x: NDArray[np.int64]
    y: NDArray[np.int64]
    height: NDArray[np.float64]
    prominence: NDArray[np.float64]
    domain: NDArray[np.int64]
    tip: NDArray[np.bool_]


def buds(height_map: ArrayLike, prominence: float | None = None, periodic: bool = True) -> Buds:
    """The buds of a height map (nx, ny): local summits of at least this prominence, with their hills.

    A summit's prominence is its height above the highest saddle that leads to a higher summit, that of the highest
    one its height above the lowest column. Lower summits than `prominence` are merged into the hill across that
    saddle (watershed with Wolf pruning, ISO 25178-2:2021, 3.3); by default that is 5 % of Sz, as in ISO 25178-3.
    Columns are neighbors along edges and diagonals; a plateau is one summit. A flat map has one bud of prominence 0.
    Raises ValueError for a map that is not 2-D and finite or a negative prominence.
    """
    heights = as_height_map(height_map)
    if prominence is None:
        prominence = PRUNING * float(np.ptp(heights))
    if not prominence >= 0:
        raise ValueError(f"prominence must not be negative, got {prominence!r}")
    order = _order(heights)
    hill = _hills(order, periodic)
    summits, domain = np.unique(hill, return_inverse=True)
    domain = domain.reshape(heights.shape)
    level = heights.ravel()
    owner, stands = _prune(level[summits], order.ravel()[summits], *_saddles(heights, domain, periodic), prominence)
    stands = np.where(np.isnan(stands), level[summits] - level.min(), stands)
    kept = np.unique(owner)
    kept = kept[np.argsort(-order.ravel()[summits[kept]])]
    number = np.empty(summits.size, dtype=np.int64)
    number[kept] = np.arange(kept.size)
    domain = number[owner[domain]]
    x, y = np.unravel_index(summits[kept], heights.shape)
    height, stood = level[summits[kept]], stands[kept]
    tip = heights > (height - stood / 2)[domain]
    return Buds(x.astype(np.int64), y.astype(np.int64), height, stood, domain, tip)


def _order(heights: NDArray[np.float64]) -> NDArray[np.int64]:
    """Rank of every column by height, ties by position: no two are equal."""
    rank = np.empty(heights.size, dtype=np.int64)
    rank[np.argsort(heights, axis=None, kind="stable")] = np.arange(heights.size)
    return rank.reshape(heights.shape)


def _hills(order: NDArray[np.int64], periodic: bool) -> NDArray[np.int64]:
    """The local summit, as a flat index, that steepest ascent leads to from every column."""
    highest = order.copy()
    for dx, dy in HALF:
        here, there = _neighbors(order.shape, dx, dy, periodic)
        highest[here] = np.maximum(highest[here], order[there])
        highest[there] = np.maximum(highest[there], order[here])
    upward = np.argsort(order, axis=None)[highest].ravel()
    while True:
        further = upward[upward]
        if (further == upward).all():
            return upward
        upward = further


def _saddles(
    heights: NDArray[np.float64], domain: NDArray[np.int64], periodic: bool
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Pairs of touching domains, (pairs, 2), and the highest saddle between each, highest first."""
    count, pairs, passes = int(domain.max()) + 1, [], []
    for dx, dy in HALF:
        here, there = _neighbors(heights.shape, dx, dy, periodic)
        a, b = domain[here], domain[there]
        border = a != b
        pairs.append((np.minimum(a, b) * count + np.maximum(a, b))[border])
        passes.append(np.minimum(heights[here], heights[there])[border])
    pair, level = np.concatenate(pairs), np.concatenate(passes)
    touching, which = np.unique(pair, return_inverse=True)
    highest = np.full(len(touching), -np.inf)
    np.maximum.at(highest, which, level)
    falling = np.argsort(-highest, kind="stable")
    return np.stack(np.divmod(touching[falling], count), axis=1), highest[falling]


def _prune(
    level: NDArray[np.float64],
    rank: NDArray[np.int64],
    pairs: NDArray[np.int64],
    saddles: NDArray[np.float64],
    least: float,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """For every summit the one whose hill it belongs to, and its prominence (NaN for the highest of all)."""
    root = list(range(level.size))  # of the land that is joined above the present saddle: its highest summit
    hill = list(range(level.size))
    stands = np.full(level.size, np.nan)

    def follow(links: list[int], start: int) -> int:
        while links[start] != start:
            links[start] = links[links[start]]
            start = links[start]
        return start

    for (a, b), saddle in zip(pairs.tolist(), saddles.tolist(), strict=True):
        lower, upper, across = follow(root, a), follow(root, b), b
        if lower == upper:
            continue
        if rank[lower] > rank[upper]:
            lower, upper, across = upper, lower, a
        root[lower] = upper
        stands[lower] = level[lower] - saddle
        if stands[lower] < least or stands[lower] == 0:
            hill[lower] = across
    return np.array([follow(hill, i) for i in range(level.size)], dtype=np.int64), stands


def _neighbors(
    shape: tuple[int, ...], dx: int, dy: int, periodic: bool
) -> tuple[tuple[NDArray[np.int64], ...], tuple[NDArray[np.int64], ...]]:
    """Index of all columns that have a neighbor (dx, dy) away, and of these neighbors."""
    x, y = np.indices(shape).reshape(2, -1)
    u, v = x + dx, y + dy
    if periodic:
        return (x, y), (u % shape[0], v % shape[1])
    inside = (u < shape[0]) & (v >= 0) & (v < shape[1])
    return (x[inside], y[inside]), (u[inside], v[inside])
