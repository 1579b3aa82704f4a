"""How large the free cube around a voxel is; where metal has left, found anew by the first walker that asks.

What is found does not depend on when, so neither do trajectories.
"""

import numpy as np
from numpy.typing import NDArray

from kmc_li.kernels.base.jit import leaf, njit
from kmc_li.kernels.lattice.occupancy import Box
from kmc_li.kernels.methods.free_regions import CONTACT, DOUBT, FAR, NEAR, PAD, FreeRegions, place, wrap


@leaf
def _any_within(bits, columns, column, s, reach):
    """Whether any bit of a column is set from plane s - reach to s + reach."""
    low = max(s - reach, 0)
    word, shift = low >> 5, low & 31
    found = np.int64(bits[word * columns + column]) >> shift
    if shift + 2 * reach > 31 and (word + 2) * columns <= bits.size:
        found |= np.int64(bits[(word + 1) * columns + column]) << (32 - shift)
    return found & ((2 << (s + reach - low)) - 1) != 0


@njit
def _is_free(regions, box, x, y, s, e):
    """Whether the cube of half-width e around a voxel is free."""
    for i in range(-e, e + 1):
        base = regions.x[x + i + PAD] * box.ny
        for j in range(-e, e + 1):
            sides = int(abs(i) == e) + int(abs(j) == e)
            column = base + regions.y[y + j + PAD]
            if sides < 2 and _any_within(regions.metal, box.nx * box.ny, column, s, e - sides):
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
