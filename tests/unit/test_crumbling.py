"""Dead metal that falls and rolls: against a naive search for moves, nothing lost, nothing joined."""

import numpy as np
import pytest

from kmc_li.kernels.lattice import connectivity, crumbling, occupancy
from kmc_li.kernels.lattice.occupancy import DEAD, LI
from kmc_li.morphology import attached_to_collector


def beside(li, x, y, z):
    """Whether any metal, the collector included, has a face in common with a voxel."""
    nx, ny, nz = li.shape
    if z == 0:
        return True
    around = {((x + 1) % nx, y), ((x - 1) % nx, y), (x, (y + 1) % ny), (x, (y - 1) % ny)} - {(x, y)}
    return any(li[i, j, z] for i, j in around) or li[x, y, z - 1] or (z + 1 < nz and li[x, y, z + 1])


def free(li, x, y, z):
    return z >= 0 and not li[x, y, z] and not beside(li, x, y, z)


def naive(li, dead):
    """Grain by grain from below, each down as far as it goes, until none moves; sides in turn by the place."""
    nx, ny, nz = li.shape
    li, dead, moved = li.copy(), dead.copy(), True
    while moved:
        moved = False
        for z in range(nz):
            for x in range(nx):
                for y in range(ny):
                    if not dead[x, y, z]:
                        continue
                    i, j, k = x, y, z
                    li[x, y, z] = dead[x, y, z] = False
                    while True:
                        sides = [((i - 1) % nx, j), ((i + 1) % nx, j), (i, (j - 1) % ny), (i, (j + 1) % ny)]
                        column = i * ny + j
                        first = (column // ny + column + k + 1) % 4
                        aside = [s for s in sides[first:] + sides[:first]
                                 if s != (i, j) and free(li, *s, k) and free(li, *s, k - 1)]  # fmt: skip
                        if free(li, i, j, k - 1):
                            k -= 1
                        elif aside:
                            (i, j), k = aside[0], k - 1
                        else:
                            break
                    li[i, j, k] = dead[i, j, k] = True
                    moved = moved or k < z
    return li, dead


@pytest.mark.parametrize("shape,seed", [((6, 5, 14), 0), ((6, 5, 14), 1), ((9, 11, 16), 5), ((7, 1, 12), 2), ((2, 2, 10), 3), ((4, 4, 9), 4)])
def test_grains_fall_as_the_naive_search_says(shape, seed):
    li = np.random.default_rng(seed).random(shape) < np.linspace(0.7, 0.15, shape[2])
    box, lattice = occupancy.from_occupancy(li, shape[2] + 2)
    search = connectivity.allocate(lattice.cell.size)
    count = connectivity.mark_all(lattice.cell, box, search)
    cell = lattice.cell.reshape(box)
    dead = (cell[:, :, 1:-1] & DEAD) != 0
    assert 0 < count == dead.sum() < li.sum()
    # the kernel counts planes from the collector's, which is plane 0
    expected, expected_dead = naive(li, dead)
    top, before = int(lattice.height.max()), lattice.cell & LI
    touched = crumbling.crumble(lattice, box, top, crumbling.allocate(box, top), search)
    changed = np.flatnonzero(before != lattice.cell & LI)
    assert np.isin(changed, search.voxel[:touched]).all() and not search.mark.any()
    assert np.unique(search.voxel[:touched]).size == touched < 2 * changed.size
    found, found_dead = (cell[:, :, 1:-1] & LI) != 0, (cell[:, :, 1:-1] & DEAD) != 0
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(found_dead, expected_dead)
    assert found.sum() == li.sum() and found_dead.sum() == count and (found != li).any()
    np.testing.assert_array_equal(found & ~found_dead, li & ~dead)
    below = np.concatenate([np.ones((*shape[:2], 1), bool), found], axis=2)
    np.testing.assert_array_equal(found_dead, found & ~attached_to_collector(below)[:, :, 1:])
    heights = np.where(found, np.arange(1, shape[2] + 1), 0).max(axis=2)
    np.testing.assert_array_equal(lattice.height.reshape(shape[:2]), heights)
    np.testing.assert_array_equal(lattice.height_histogram, np.bincount(heights.ravel(), minlength=box.ns + 1))


def test_a_tower_without_contact_becomes_a_heap():
    li = np.zeros((9, 9, 24), bool)
    li[4, 4, 4:22] = True
    box, lattice = occupancy.from_occupancy(li, 26)
    search = connectivity.allocate(lattice.cell.size)
    connectivity.mark_all(lattice.cell, box, search)
    crumbling.crumble(lattice, box, 22, crumbling.allocate(box, 22), search)
    assert lattice.height.max() <= 6 and ((lattice.cell & DEAD) != 0).sum() == 18
