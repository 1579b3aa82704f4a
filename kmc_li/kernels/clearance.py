"""How far from metal a voxel certainly is, kept up to date voxel by voxel, and where a free walk leaves a cube.

The lattice is cut into blocks of 2, 4, 8, 16, 32 voxels an edge. A block knows how many voxels with metal it holds and
how many occupied blocks come within one edge of it; if none does, no metal is within one edge of any of its voxels, and
a walker there may be put at once where it would leave the cube of that half-width (the exact exit distribution of the
lattice walk, by sine transform).
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dstn, idstn

from .jit import leaf, njit
from .lattice import is_empty

EDGES = (2, 4, 8, 16, 32)
FIRST = 1  # log2 of the first


class Clearance(NamedTuple):
    """Blocks of every edge, packed one size after the other, x slowest; and the tables of the jumps."""

    offset: np.ndarray  # int64 (sizes + 1,)
    shape: np.ndarray  # int64 (sizes, 3): blocks along x, y, s
    held: np.ndarray  # uint16 (blocks,): voxels with metal
    near: np.ndarray  # uint8 (blocks,): occupied blocks within one edge
    start: np.ndarray  # int64 (sizes + 1,): where a size starts in the tables of exits
    keep: np.ndarray  # float64: alias tables of the place on a face where a walk from the centre leaves
    other: np.ndarray  # int32
    visits: np.ndarray  # float64 (sizes, 2 * largest edge): mean visits before that to the planes of the cube


def alias_table(share: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Walker's method (1977) to draw from a distribution: entry i with probability keep[i], else other[i]."""
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


def allocate(nx: int, ny: int, ns: int) -> Clearance:
    """Empty blocks; none at all on a lattice of one column along x, which only steps."""
    edges = [e for e in EDGES if nx > 1]
    shape = [(-(-nx // e), -(-ny // e), (ns + EDGES[-1]) // e + 2) for e in edges]
    offset = np.cumsum([0] + [int(np.prod(s)) for s in shape])
    tables = [exits(e, 3 if ny > 1 else 2) for e in edges]
    aliases = [alias_table(place) for place, _ in tables]
    visits = np.zeros((max(len(edges), 1), 2 * EDGES[-1]))
    for i, (_, mean) in enumerate(tables):
        visits[i, : mean.size] = mean
    return Clearance(
        offset,
        np.array(shape, np.int64).reshape(-1, 3),
        np.zeros(offset[-1], np.uint16),
        np.zeros(offset[-1], np.uint8),
        np.cumsum([0] + [keep.size for keep, _ in aliases]),
        np.concatenate([np.zeros(0)] + [keep for keep, _ in aliases]),
        np.concatenate([np.zeros(0, np.int32)] + [other for _, other in aliases]),
        visits,
    )


@njit
def _mark(clear, box, size, edge, x, y, s, change):
    """Add `change` to all blocks that come within one edge of the block (x, y, s)."""
    shape = clear.shape[size]
    first_x, end_x = (x - 1) * edge, min((x + 1) * edge, box.nx) + edge
    first_y, end_y = (y - 1) * edge, min((y + 1) * edge, box.ny) + edge
    if end_x - first_x >= box.nx:
        first_x, end_x = 0, box.nx
    if end_y - first_y >= box.ny:
        first_y, end_y = 0, box.ny
    was_x = -1
    for i in range(first_x, end_x):
        block_x = i % box.nx // edge
        if block_x == was_x:
            continue
        was_x, was_y = block_x, -1
        for j in range(first_y, end_y):
            block_y = j % box.ny // edge
            if block_y == was_y:
                continue
            was_y = block_y
            base = clear.offset[size] + (block_x * shape[1] + block_y) * shape[2]
            for k in range(max(s - 1, 0), min(s + 2, shape[2])):
                clear.near[base + k] = int(clear.near[base + k]) + change


@njit
def note(clear, box, column, s, change):
    """A voxel has turned to metal (change 1) or from it (-1)."""
    x, y = column // box.ny, column % box.ny
    for size in range(clear.shape.shape[0]):
        block, shift = _block(clear, size, x, y, s), size + FIRST
        held = int(clear.held[block]) + change
        clear.held[block] = held
        if held == 0 or (held == 1 and change == 1):
            _mark(clear, box, size, 1 << shift, x >> shift, y >> shift, s >> shift, change)


@njit
def note_all(clear, cell, box):
    """Enter all metal of a lattice, the collector's plane included, into empty blocks."""
    for column in range(box.nx * box.ny):
        for s in range(box.ns):
            if not is_empty(cell[column * box.ns + s]):
                note(clear, box, column, s, 1)


@leaf
def free(clear, x, y, s):
    """Largest block size, by its index, that is clear around a voxel; -1 if none is."""
    found = -1
    for size in range(clear.shape.shape[0]):
        if clear.near[_block(clear, size, x, y, s)] != 0:
            break
        found = size
    return found


@leaf
def _block(clear, size, x, y, s):
    shift, shape = size + FIRST, clear.shape[size]
    return clear.offset[size] + ((x >> shift) * shape[1] + (y >> shift)) * shape[2] + (s >> shift)
