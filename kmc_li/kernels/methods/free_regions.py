"""How far from metal a voxel certainly is, kept up to date voxel by voxel, and where a free walk leaves a cube.

The lattice is cut into blocks of 2, 4, 8, 16, 32 voxels an edge. A block knows how many blocks with metal come within
one edge of it; if none does, no metal is within one edge of any of its voxels, and a walker there may be put at once
where it would leave the cube of that half-width (the exact exit distribution of the lattice walk, by sine transform).
"""

from typing import NamedTuple

import numpy as np

from kmc_li.kernels.base.jit import leaf, njit
from kmc_li.kernels.base.records import record
from kmc_li.kernels.lattice.occupancy import is_empty

FIRST = 1  # log2 of the first


@record
class FreeRegions(NamedTuple):
    """Where metal is, a bit a voxel; blocks of every edge, packed one size after the other; tables of the jumps."""

    metal: np.ndarray  # uint32 (words * columns,): bit s % 32 of word s // 32 of a column, the columns contiguous
    offset: np.ndarray  # int64 (sizes + 1,)
    shape: np.ndarray  # int64 (sizes, 3): blocks along x, y, s
    near: np.ndarray  # uint8 (blocks,): occupied blocks within one edge
    start: np.ndarray  # int64 (sizes + 1,): where a size starts in the tables of exits
    alias_probability: np.ndarray  # float64: alias tables of the place on a face where a walk from the centre leaves
    alias_index: np.ndarray  # int32
    visits: np.ndarray  # float64 (sizes, 2 * largest edge): mean visits before that to the planes of the cube


@njit
def _mark(regions, box, size, edge, x, y, s, change):
    """Add `change` to all blocks that come within one edge of the block (x, y, s)."""
    shape = regions.shape[size]
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
            base = regions.offset[size] + (block_x * shape[1] + block_y) * shape[2]
            for k in range(max(s - 1, 0), min(s + 2, shape[2])):
                regions.near[base + k] = int(regions.near[base + k]) + change


@njit
def _occupied(regions, box, edge, x, y, s):
    """Whether a block holds any metal."""
    columns, mask = box.nx * box.ny, (1 << edge) - 1
    for i in range(x * edge, min((x + 1) * edge, box.nx)):
        for j in range(y * edge, min((y + 1) * edge, box.ny)):
            if np.int64(regions.metal[(s * edge >> 5) * columns + i * box.ny + j]) >> (s * edge & 31) & mask != 0:
                return True
    return False


@njit
def note(regions, box, column, s, change):
    """A voxel has turned to metal (change 1) or from it (-1)."""
    x, y = column // box.ny, column % box.ny
    word = (s >> 5) * (box.nx * box.ny) + column
    if change < 0:
        regions.metal[word] = np.int64(regions.metal[word]) ^ (1 << (s & 31))
    for size in range(regions.shape.shape[0]):
        shift = size + FIRST
        if _occupied(regions, box, 1 << shift, x >> shift, y >> shift, s >> shift):
            break  # and so are all larger blocks around
        _mark(regions, box, size, 1 << shift, x >> shift, y >> shift, s >> shift, change)
    if change > 0:
        regions.metal[word] = np.int64(regions.metal[word]) ^ (1 << (s & 31))


@njit
def note_all(regions, cell, box):
    """Enter all metal of a lattice, the collector's plane included, into empty blocks."""
    for column in range(box.nx * box.ny):
        for s in range(box.ns):
            if not is_empty(cell[column * box.ns + s]):
                note(regions, box, column, s, 1)


@leaf
def bit(regions, columns, column, s):
    """1 where a voxel is metal, else 0."""
    return np.int64(regions.metal[(s >> 5) * columns + column]) >> (s & 31) & 1


@leaf
def three(regions, columns, column, s):
    """Metal in planes s - 1, s, s + 1 of a column, as the bits of a number."""
    word, shift = (s - 1 >> 5) * columns + column, (s - 1) & 31
    bits = np.int64(regions.metal[word]) >> shift
    if shift > 29:
        bits |= np.int64(regions.metal[word + columns]) << (32 - shift)
    return bits & 7


@leaf
def free(regions, x, y, s):
    """Largest block size, by its index, that is clear around a voxel; -1 if none is."""
    found = -1
    for size in range(regions.shape.shape[0]):
        if regions.near[_block(regions, size, x, y, s)] != 0:
            break
        found = size
    return found


@leaf
def _block(regions, size, x, y, s):
    shift, shape = size + FIRST, regions.shape[size]
    return regions.offset[size] + ((x >> shift) * shape[1] + (y >> shift)) * shape[2] + (s >> shift)
