"""Occupancy, neighbor counts and heights under random changes, against a recount."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kmc_li.kernels.lattice import occupancy as lattice
from kmc_li.kernels.lattice.occupancy import LI, NEIGHBOURS, WALL, Box

shapes = st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(1, 8))


def recount(box, deposit, collector):
    """Li (nx, ny, nz), after comparing all that the lattice keeps with what follows from it."""
    cell = deposit.cell.reshape(box)
    li = (cell & LI) != 0
    expected = np.zeros(box, int)
    for x, y, s in np.ndindex(*box):
        around = [((x + 1) % box.nx, y), ((x - 1) % box.nx, y)] if box.nx > 1 else []
        around += [(x, (y + 1) % box.ny), (x, (y - 1) % box.ny)] if box.ny > 1 else []
        expected[x, y, s] = sum(li[a, b, s] for a, b in around)
        expected[x, y, s] += sum(li[x, y, k] for k in (s - 1, s + 1) if 0 <= k < box.ns)
    np.testing.assert_array_equal((cell & NEIGHBOURS)[:, :, 1:], expected[:, :, 1:])
    heights = np.where(li, np.arange(box.ns), 0).max(axis=2).ravel()
    np.testing.assert_array_equal(deposit.height, heights)
    np.testing.assert_array_equal(deposit.height_histogram, np.bincount(heights, minlength=box.ns + 1))
    assert (li[:, :, 0] == collector).all() and (((cell[:, :, 0] & WALL) != 0) != collector).all()
    return li[:, :, 1:]


@settings(max_examples=60, deadline=None)
@given(shapes, st.integers(0, 2**32 - 1), st.booleans())
def test_what_is_kept_follows_from_the_occupancy(shape, seed, collector):
    rng = np.random.default_rng(seed)
    occupancy = rng.random(shape) < 0.4
    box, deposit = lattice.from_occupancy(occupancy, shape[2] + 3, collector)
    np.testing.assert_array_equal(recount(box, deposit, collector)[:, :, : shape[2]], occupancy)
    for _ in range(40):
        x, y, z = (int(rng.integers(n)) for n in shape)
        change = lattice.clear if occupancy[x, y, z] else lattice.fill
        change(deposit.cell, deposit.height, deposit.height_histogram, box, x * box.ny + y, z + 1)
        occupancy[x, y, z] = not occupancy[x, y, z]
    found = recount(box, deposit, collector)
    np.testing.assert_array_equal(found[:, :, : shape[2]], occupancy)
    assert not found[:, :, shape[2] :].any()
    highest = int(deposit.height.max())
    assert all(lattice.top(deposit.height_histogram, start) == highest for start in range(highest, box.ns))


@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (2, 3), (5, 4)])
def test_columns_around_a_column(shape):
    box = Box(*shape, 3)
    for x, y in np.ndindex(*shape):
        expected = [((x - 1) % box.nx, y), ((x + 1) % box.nx, y), (x, (y - 1) % box.ny), (x, (y + 1) % box.ny)]
        assert list(lattice.around(box, x * box.ny + y)) == [a * box.ny + b for a, b in expected]
