"""How large the free cube around a voxel is; where metal has left, found anew by the first walker that asks.

What is found does not depend on when, so neither do trajectories.
"""

import numpy as np
from numpy.typing import NDArray

from kmc_li.kernels.base.jit import leaf, njit
from kmc_li.kernels.lattice.occupancy import Box
from kmc_li.kernels.methods.free_regions import CONTACT, DOUBT, FAR, NEAR, PAD, FreeRegions, entry, place, wrap


@leaf
def _any_within(bits, columns, column, s, reach):
    """Whether any bit of a column is set from plane s - reach to s + reach."""
    low = max(s - reach, 0)
    word, shift = low >> 5, low & 31
    found = np.int64(bits[word * columns + column]) >> shift
    if shift + 2 * reach > 31 and (word + 2) * columns <= bits.size:
        found |= np.int64(bits[(word + 1) * columns + column]) << (32 - shift)
    return found & ((2 << (s + reach - low)) - 1) != 0


@leaf
def _window(bits, at, columns, shift, two):
    """The bits of a column from `shift` of the word at `at` on; of the next word too where `two` says so."""
    found = np.int64(entry(bits, at)) >> shift
    return found | np.int64(entry(bits, at + columns)) << (32 - shift) if two else found


@njit
def _is_free(regions, box, x, y, s, e):
    """Whether the cube of half-width e around a voxel is free; the middle first, where metal is most often."""
    bits, columns = regions.metal, box.nx * box.ny
    low = max(s - e, 0)
    line, shift = (low >> 5) * columns, low & 31
    two = shift + 2 * e > 31 and line + 2 * columns <= bits.size
    whole = (2 << (s + e - low)) - 1
    short = (whole >> 1) & -(1 << (max(s - e + 1, 0) - low))  # for columns on a side: without its edges
    middle = line + entry(regions.x, x + PAD) * box.ny + entry(regions.y, y + PAD)
    if _window(bits, middle, columns, shift, two) & whole != 0:
        return False
    for i in range(-e, e + 1):
        base = line + entry(regions.x, x + i + PAD) * box.ny
        found = np.int64(0)
        for j in range(1 - e, e):
            found |= _window(bits, base + entry(regions.y, y + j + PAD), columns, shift, two)
        if abs(i) == e:
            found &= short
        else:
            ends = _window(bits, base + entry(regions.y, y - e + PAD), columns, shift, two)
            ends |= _window(bits, base + entry(regions.y, y + e + PAD), columns, shift, two)
            found = (found & whole) | (ends & short)
        if found != 0:
            return False
    return True


@njit
def code_anew(regions, box, x, y, s, code):
    """Code of a voxel without contact, no higher than what `code` says, which is in doubt."""
    e = NEAR + DOUBT - code
    while e < NEAR and _is_free(regions, box, x, y, s, e + 1):
        e += 1
    regions.code[place(regions, x, y, s)] = NEAR - e
    return NEAR - e


@njit
def _distance(regions, x, y, s):
    """Of a block from the next one with metal, up to FAR."""
    nx, ny, _ = regions.blocks
    for distance in range(FAR):
        for i in range(-distance, distance + 1):
            base = wrap(x + i, nx) * ny
            for j in range(-distance, distance + 1):
                if _any_within(regions.block_bits, nx * ny, base + wrap(y + j, ny), s, distance):
                    return distance
    return FAR


@njit
def near_anew(regions, x, y, s):
    """Distance of a block in the form of `near`."""
    near = FAR - _distance(regions, x, y, s)
    regions.near[(x * regions.blocks[1] + y) * regions.blocks[2] + s] = near
    return near


@njit
def settle(regions, box):
    """No doubt left about any code: for tests, walkers do without."""
    for x in range(box.nx):
        for y in range(box.ny):
            for s in range(box.ns):
                at = place(regions, x, y, s)
                code = np.int64(regions.code[at])
                if DOUBT <= code < CONTACT:
                    code_anew(regions, box, x, y, s, code)
                if np.int64(regions.near[at >> 6]) == DOUBT:
                    near_anew(regions, x >> 2, y >> 2, s >> 2)


@leaf
def half_width(regions, box, x, y, s, at, code):
    """Of a cube that is free around a voxel without contact."""
    if code >= DOUBT:
        code = code_anew(regions, box, x, y, s, code)
    if code != 0:
        return NEAR - code
    near = np.int64(regions.near[at >> 6])
    if near == DOUBT:
        near = near_anew(regions, x >> 2, y >> 2, s >> 2)
    inside = ((x + 1) & (y + 1) & (s + 1)) >> 1 & 1
    return max(4 * (FAR - 1 - near) + inside - regions.slack[0], NEAR)


def codes(regions: FreeRegions, box: Box) -> NDArray[np.uint8]:
    """Codes of all voxels, uint8 (nx, ny, ns)."""
    x, y = (np.arange(PAD, n + PAD) for n in (box.nx, box.ny))
    s = np.arange(box.ns)
    places = regions.x_place[x][:, None, None] + regions.y_place[y][:, None] + ((s >> 2 << 6) | (s & 3))
    return np.asarray(regions.code[places])
