"""Dead Li against scipy's labels, joined periodically, after every one of many random changes."""

import numpy as np
import pytest
from scipy import ndimage

from kmc_li.kernels.base.jit import njit
from kmc_li.kernels.lattice import connectivity
from kmc_li.kernels.lattice import occupancy as lattice
from kmc_li.kernels.lattice.occupancy import DEAD, LI, NEIGHBOURS


def live_by_labels(li):
    """bool (nx, ny, ns): Li joined to plane 0, whose voxels are all one conductor."""
    label, count = ndimage.label(li)
    parent = np.arange(count + 1)

    def find(a):
        while parent[a] != a:
            a = parent[a]
        return a

    pairs = [(label[0], label[-1]), (label[:, 0], label[:, -1])]
    for one, other in pairs:
        joined = (one > 0) & (other > 0)
        a, b = one[joined], other[joined]
        for i, j in set(zip(a.tolist(), b.tolist(), strict=True)):
            parent[find(i)] = find(j)
    roots = np.array([find(a) for a in range(count + 1)])
    anchored = np.zeros(count + 1, bool)
    anchored[[find(a) for a in np.unique(label[:, :, 0][li[:, :, 0]])]] = True
    return li & anchored[roots[label]]


@njit
def toggle(cell, height, columns, box, search, column, s):
    """One voxel comes or goes; by how much the number of dead ones changes."""
    voxel = column * box.ns + s
    if lattice.is_empty(cell[voxel]):
        lattice.fill(cell, height, columns, box, column, s)
        revived = connectivity.join(cell, box, search, voxel)
        return 1 if revived < 0 else -revived
    was_dead = (cell[voxel] & DEAD) != 0
    lattice.clear(cell, height, columns, box, column, s)
    return -1 if was_dead else connectivity.cut_off(cell, box, search, voxel)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("shape,share", [((7, 6, 9), 0.42), ((1, 12, 10), 0.6), ((2, 3, 12), 0.5), ((16, 16, 3), 0.35)])
def test_dead_li_is_what_scipy_finds_unjoined(shape, share, seed):
    rng = np.random.default_rng(seed)
    box, deposit = lattice.from_occupancy(rng.random(shape) < share, shape[2] + 2)
    search = connectivity.allocate(deposit.cell.size)
    cell = deposit.cell.reshape(box)
    dead = connectivity.mark_all(deposit.cell, box, search)
    largest, ever = 0, 0
    for _ in range(2500):
        column, s = int(rng.integers(shape[0] * shape[1])), int(rng.integers(1, shape[2] + 1))
        is_li = bool(deposit.cell[column * box.ns + s] & LI)
        if rng.random() > (1 - share if is_li else share):  # keeps about the same share filled
            continue
        change = toggle(deposit.cell, deposit.height, deposit.height_histogram, box, search, column, s)
        dead += change
        largest, ever = max(largest, abs(change)), ever + (change != 0)
        li = (cell & LI) != 0
        np.testing.assert_array_equal((cell & DEAD) != 0, li & ~live_by_labels(li))
        assert dead == np.count_nonzero(cell & DEAD)
    assert not search.mark.any()
    assert largest > 3 and ever > 100  # the test has met clusters that die and revive


def test_ten_thousand_events_on_a_thin_deposit():
    """Branches one voxel thick, where nearly every voxel that leaves cuts something off."""
    rng = np.random.default_rng(5)
    shape = (9, 8, 14)
    box, deposit = lattice.from_occupancy(np.zeros(shape, bool), shape[2] + 2)
    cell, search, dead, died = deposit.cell.reshape(box), connectivity.allocate(deposit.cell.size), 0, 0
    for event in range(10_000):
        li = np.flatnonzero(cell[:, :, 1:-1] & LI)
        touching = np.flatnonzero((cell[:, :, 1:-1] < LI) & ((cell[:, :, 1:-1] & NEIGHBOURS) == 1))
        pool = li if len(li) and (len(li) > 180 or rng.random() < 0.4) else touching
        x, y, z = np.unravel_index(rng.choice(pool), shape)
        change = toggle(deposit.cell, deposit.height, deposit.height_histogram, box, search, int(x * box.ny + y), int(z) + 1)
        dead, died = dead + change, died + max(change, 0)
        occupied = (cell & LI) != 0
        np.testing.assert_array_equal((cell & DEAD) != 0, occupied & ~live_by_labels(occupied), err_msg=f"event {event}")
        assert dead == np.count_nonzero(cell & DEAD)
    assert died > 1000


def test_the_cube_is_right_whenever_it_says_joined():
    """The local test against labels within the cube, for 3000 random cubes."""
    rng = np.random.default_rng(1)
    for _ in range(3000):
        li = rng.random((3, 3, 3)) < rng.uniform(0.2, 0.9)
        cube = sum(1 << int(i) for i in np.flatnonzero(li))
        label, _ = ndimage.label(li)
        for start in np.flatnonzero(li):
            expected = np.flatnonzero(label.ravel() == label.ravel()[start])
            assert connectivity.joined_in(cube, 1 << int(start)) == sum(1 << int(i) for i in expected)


def test_a_long_wire_is_cut_at_the_cost_of_its_shorter_part():
    """A search goes on in turns, so cutting a tip off a tall deposit does not walk the whole deposit."""
    occupancy = np.zeros((3, 3, 400), bool)
    occupancy[0, 0] = True
    occupancy[:2, 0, 399] = True  # a hook
    box, deposit = lattice.from_occupancy(occupancy, 402)
    search = connectivity.allocate(deposit.cell.size)
    assert connectivity.mark_all(deposit.cell, box, search) == 0
    search.under[:] = -7
    lattice.clear(deposit.cell, deposit.height, deposit.height_histogram, box, 0, 390)
    died = connectivity.cut_off(deposit.cell, box, search, 390)
    assert died == 11 and np.count_nonzero(deposit.cell & DEAD) == 11
    assert np.count_nonzero(search.under != -7) < 30  # voxels reached
