"""How far from metal a voxel is, kept up to date voxel by voxel, so that a walk may leave a cube around it at once.

A free cube of half-width e has no metal in it or on its six sides (a walk comes to these, never to the edges where they
meet): a walker at its centre may be put at once where it would leave it, by the exact exit distribution of the lattice
walk (sine transform). One byte a voxel says in which directions metal is, or else how large the free cube around it is,
up to half-width 3. Blocks of 4 x 4 x 4 voxels, a cache line each, know their distance from the next block with metal.
Of an empty voxel that touches metal the byte also says whether any of it is live (dead_contacts.py).
"""

from typing import NamedTuple

import numpy as np

from kmc_li.kernels.base.jit import leaf, njit
from kmc_li.kernels.base.records import record
from kmc_li.kernels.lattice.occupancy import is_empty

METAL, CONTACT, WAYS = 128, 64, 63  # flags of a voxel's code, and the mask of the directions in which metal is
EITHER = METAL | CONTACT  # an empty voxel that touches only metal without current has METAL in place of CONTACT
DOUBT = 32  # flag of a code without the two above that has to be found anew; a block's code in doubt
NEAR = 4  # codes without a flag: NEAR less the half-width, 0 for NEAR and more
FAR = NEAR + 1  # codes of blocks: FAR less the distance in blocks, 0 for FAR and more
PAD = 32  # places by which a jump may leave the box before it is wrapped
BITS = 1023  # of each of the three components of a jump


@record
class FreeRegions(NamedTuple):
    """Where metal is and how far from it everything else is; tables of the jumps."""

    metal: np.ndarray  # uint32 (words * columns,): bit s % 32 of word s // 32 of a column, the columns contiguous
    code: np.ndarray  # uint8 (blocks * 64,)
    near: np.ndarray  # uint8 (blocks,)
    occupied: np.ndarray  # uint8 (blocks,): metal voxels of a block
    blocks: np.ndarray  # int64 (3,): along x, y, s
    slack: np.ndarray  # int64 (1,): what incomplete blocks at the box's end lack
    x: np.ndarray  # int64 (nx + 2 PAD,): x of x - PAD, on the periodic box
    y: np.ndarray
    x_place: np.ndarray  # int64 (nx + 2 PAD,)
    y_place: np.ndarray
    pattern: np.ndarray  # uint8 (64 * 27 * 64,): codes around metal by its place in a block; empty: odd sizes
    block_bits: np.ndarray  # uint32: which blocks hold metal, as `metal`
    cubes: np.ndarray  # int64 (PAD * 3,): by the free half-width: first exit, exits, half-width of the cube taken
    exits: np.ndarray  # int64 (exits * 2,): alias table: threshold times 2^32; two jumps, one in the bits from 30 on
    visits: np.ndarray  # float64 (PAD, 2 * PAD): mean visits before the exit to the planes of the cube
    steps: np.ndarray  # int64 (256 * 2,): by the code: first exit and exits of a small cube, or the links at a contact
    marks: np.ndarray  # int64 (1,), 1: contacts without a live face are told apart


@leaf
def wrap(x, n):
    """Index on a periodic axis; a division only where it is needed."""
    return x if 0 <= x < n else x % n


@leaf
def entry(table, i):
    """Of a table, for i >= 0: without the code that counts a negative one from the end."""
    return table[np.uint64(i)]


@leaf
def place(regions, x, y, s):
    """Of a voxel in `code`."""
    return entry(regions.x_place, x + PAD) + entry(regions.y_place, y + PAD) + ((s >> 2 << 6) | (s & 3))


@leaf
def unmarked(code):
    """The code of a voxel as if all metal around it were live."""
    return code ^ EITHER if METAL < code < EITHER else code


@leaf
def _code_beside(a, b, c):
    """The code that metal gives to a voxel so many steps away along each axis."""
    most = max(a, b, c)
    second = a + b + c - most - min(a, b, c)
    return max(NEAR - (most if second == most else most - 1), 0)


@leaf
def _neighbour(regions, box, x, y, s, way):
    """Place of the neighbour to the west, east, south, north, below or above; -1 where there is no link."""
    if way < 2:
        return -1 if box.nx == 1 else place(regions, x + 2 * way - 1, y, s)
    if way < 4:
        return -1 if box.ny == 1 else place(regions, x, y + 2 * way - 5, s)
    s += 2 * way - 9
    return -1 if s < 0 or s >= box.ns else place(regions, x, y, s)


@leaf
def unmark_around(regions, box, x, y, s):
    """The codes of the neighbours of a voxel as if all metal around them were live."""
    for way in range(6):
        other = _neighbour(regions, box, x, y, s, way)
        if other >= 0:
            regions.code[other] = unmarked(np.int64(regions.code[other]))


@leaf
def _raise(code, pattern):
    """Codes of a block where metal has come; 64 of them at a time are a few instructions."""
    for v in range(64):
        code[v] = max(code[v], pattern[v] | (code[v] & np.uint8(DOUBT)))


@leaf
def _doubt(code, pattern):
    """Codes of a block where metal has left: those that it gave may be too high now."""
    for v in range(64):
        code[v] = code[v] | np.uint8(DOUBT) if code[v] == pattern[v] and code[v] > np.uint8(0) else code[v]


@njit
def _spread(regions, box, x, y, s, change):
    """Codes around a voxel that has turned to metal (change 1) or from it (-1): these are in doubt, not lowered."""
    here = place(regions, x, y, s)
    if regions.pattern.shape[0] > 0:
        nx, ny, ns = regions.blocks
        block_x, block_y, block_s = x >> 2, y >> 2, s >> 2
        for i in range(3):
            for j in range(3):
                line = (wrap(block_x + i - 1, nx) * ny + wrap(block_y + j - 1, ny)) * ns
                for k in range(max(0, 1 - block_s), min(3, ns + 1 - block_s)):
                    base, start = (line + block_s + k - 1) << 6, ((here & 63) * 27 + (3 * i + j) * 3 + k) << 6
                    if change > 0:
                        _raise(regions.code[base : base + 64], regions.pattern[start : start + 64])
                    else:
                        _doubt(regions.code[base : base + 64], regions.pattern[start : start + 64])
        return
    for i in range(-NEAR if box.nx > 1 else 0, NEAR + 1 if box.nx > 1 else 1):
        for j in range(-NEAR if box.ny > 1 else 0, NEAR + 1 if box.ny > 1 else 1):
            line = place(regions, x + i, y + j, 0)
            for k in range(max(-NEAR, -s), min(NEAR, box.ns - 1 - s) + 1):
                at, given = line + ((s + k) >> 2 << 6) + ((s + k) & 3), _code_beside(abs(i), abs(j), abs(k))
                code = np.int64(regions.code[at])
                if change > 0:
                    regions.code[at] = max(code, given | (code & DOUBT))
                elif code == given and code > 0:
                    regions.code[at] = code | DOUBT


@njit
def _put(regions, box, x, y, s):
    at = place(regions, x, y, s)
    _spread(regions, box, x, y, s, 1)
    for way in range(6):
        other = _neighbour(regions, box, x, y, s, way)
        if other >= 0:
            code = unmarked(np.int64(regions.code[other]))
            regions.code[other] = (code if code >= CONTACT else CONTACT) | CONTACT | 1 << (way ^ 1)
    code = unmarked(np.int64(regions.code[at]))
    regions.code[at] = METAL | (code if code >= CONTACT else 0)
    block = at >> 6
    regions.occupied[block] = np.int64(regions.occupied[block]) + 1
    if np.int64(regions.occupied[block]) == 1:
        _enter_block(regions, x >> 2, y >> 2, s >> 2)


@njit
def _take(regions, box, x, y, s):
    at = place(regions, x, y, s)
    _spread(regions, box, x, y, s, -1)
    for way in range(6):
        other = _neighbour(regions, box, x, y, s, way)
        if other >= 0:
            code = unmarked(np.int64(regions.code[other])) & ~(1 << (way ^ 1))
            regions.code[other] = code if code & WAYS else METAL if code & METAL else DOUBT | (NEAR - 1)
    code = np.int64(regions.code[at]) & ~METAL
    regions.code[at] = code if code & CONTACT else DOUBT | (NEAR - 1)
    block = at >> 6
    regions.occupied[block] = np.int64(regions.occupied[block]) - 1
    if np.int64(regions.occupied[block]) == 0:
        _leave_block(regions, x >> 2, y >> 2, s >> 2)


@leaf
def _flip(regions, x, y, s):
    """Whether a block holds metal, in `block_bits`."""
    nx, ny, _ = regions.blocks
    word = (s >> 5) * nx * ny + x * ny + y
    regions.block_bits[word] = np.int64(regions.block_bits[word]) ^ (1 << (s & 31))


@njit
def _enter_block(regions, x, y, s):
    """Distances of blocks around the first metal of one: shells, until none comes nearer."""
    nx, ny, ns = regions.blocks
    _flip(regions, x, y, s)
    for r in range(FAR):
        value, found = FAR - r, False
        for i in range(-r, r + 1):
            base = wrap(x + i, nx) * ny
            for j in range(-r, r + 1):
                line = (base + wrap(y + j, ny)) * ns
                step = 1 if abs(i) == r or abs(j) == r else 2 * r
                for k in range(-r, r + 1, step):
                    if 0 <= s + k < ns:
                        known = np.int64(regions.near[line + s + k])
                        regions.near[line + s + k] = max(known, value)
                        found = found or known < value or known == DOUBT
        if not found:
            return


@njit
def _leave_block(regions, x, y, s):
    """Distances of blocks around one without metal any more are in doubt where it was the nearest with metal."""
    nx, ny, ns = regions.blocks
    _flip(regions, x, y, s)
    for r in range(FAR):
        found = False
        for i in range(-r, r + 1):
            base = wrap(x + i, nx) * ny
            for j in range(-r, r + 1):
                line = (base + wrap(y + j, ny)) * ns
                step = 1 if abs(i) == r or abs(j) == r else 2 * r
                for k in range(-r, r + 1, step):
                    if 0 <= s + k < ns and np.int64(regions.near[line + s + k]) in (FAR - r, DOUBT):
                        regions.near[line + s + k] = DOUBT
                        found = True
        if not found:
            return


@njit
def note(regions, box, column, s, change):
    """A voxel has turned to metal (change 1) or from it (-1)."""
    x, y = column // box.ny, column % box.ny
    word = (s >> 5) * (box.nx * box.ny) + column
    regions.metal[word] = np.int64(regions.metal[word]) ^ (1 << (s & 31))
    if change > 0:
        _put(regions, box, x, y, s)
    else:
        _take(regions, box, x, y, s)


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
