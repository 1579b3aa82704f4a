"""Buds on hills drawn by hand, on sums of waves, and against a slow flood from the top."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kmc_li import morphology as m

maps = arrays(np.int64, st.tuples(st.integers(1, 6), st.integers(1, 6)), elements=st.integers(0, 6))


def naive_prominences(heights, periodic):
    """Prominence of every summit, largest first, by lowering the water level and joining islands."""
    nx, ny = heights.shape
    islands, found = {}, []
    for level in sorted(set(heights.ravel().tolist()), reverse=True):
        for x, y in np.argwhere(heights == level).tolist():
            islands[x, y] = {(x, y)}
        for x, y in list(islands):
            if heights[x, y] < level:
                continue
            for dx in (-1, 0, 1):
                for dy in (-1, 0, 1):
                    u, v = x + dx, y + dy
                    if periodic:
                        u, v = u % nx, v % ny
                    if (u, v) not in islands or islands[u, v] is islands[x, y]:
                        continue
                    one, two = islands[x, y], islands[u, v]
                    top = sorted((max(heights[c] for c in one), max(heights[c] for c in two)))
                    found.append(int(top[0] - level))
                    joined = one | two
                    for column in joined:
                        islands[column] = joined
    found.append(int(heights.max() - heights.min()))
    return sorted(found, reverse=True)


@given(maps, st.booleans(), st.integers(0, 4))
@settings(max_examples=300, deadline=None)
def test_prominences_equal_a_slow_flood(heights, periodic, least):
    found = m.buds(heights, least, periodic)
    every = naive_prominences(heights, periodic)
    highest, rest = int(np.ptp(heights)), list(every)
    rest.remove(highest)
    # the highest summit always stays; a summit without prominence is part of a plateau
    expected = sorted([highest, *(p for p in rest if p >= max(least, 1))], reverse=True)
    assert sorted(found.prominence.tolist(), reverse=True) == expected
    assert np.array_equal(found.height, heights[found.x, found.y])
    assert np.array_equal(found.domain[found.x, found.y], np.arange(found.x.size))
    assert set(np.unique(found.domain)) == set(range(found.x.size))
    assert (np.diff(found.height) <= 0).all()


@given(maps, st.integers(0, 5), st.integers(0, 5))
@settings(max_examples=100, deadline=None)
def test_nothing_depends_on_the_seam(heights, dx, dy):
    before, moved = m.buds(heights, 1), m.buds(np.roll(heights, (dx, dy), axis=(0, 1)), 1)
    assert sorted(zip(before.height, before.prominence, strict=True)) == sorted(
        zip(moved.height, moved.prominence, strict=True)
    )


def test_waves_have_as_many_buds_as_crests():
    x, y = np.indices((60, 90))
    surface = np.cos(2 * np.pi * 3 * x / 60) + np.cos(2 * np.pi * 5 * y / 90)
    found = m.buds(surface)
    assert found.x.size == 15
    # from a crest at 2 the way to the next leads over a saddle at 0
    np.testing.assert_allclose(found.height, 2)
    np.testing.assert_allclose(found.prominence[:-1].min(), 2, atol=1e-12)
    assert np.ptp(np.bincount(found.domain.ravel())) < 0.2 * 360
    assert m.buds(surface, prominence=2.5).x.size == 1


def test_a_bud_across_the_corner():
    heights = np.zeros((12, 10))
    heights[0, 0], heights[-1, 0], heights[0, -1], heights[-1, -1] = 9, 8, 8, 7
    heights[5, 5] = 4
    assert m.buds(heights).x.size == 2
    assert m.buds(heights, periodic=False).x.size == 5
    assert m.buds(heights, prominence=5).height.tolist() == [9]


def test_a_pruned_summit_goes_to_the_hill_across_its_saddle():
    #              hill A, notch, spur,  valley,  hill B
    line = np.array([[0, 5, 9, 5, 4, 6, 3, 1, 3, 8, 3, 0]]).T
    every = m.buds(line, 1, periodic=False)
    assert every.height.tolist() == [9, 8, 6]
    assert every.prominence.tolist() == [9, 7, 2]
    pruned = m.buds(line, 3, periodic=False)
    assert pruned.height.tolist() == [9, 8]
    assert pruned.domain[:7].tolist() == [[0]] * 7 and pruned.domain[8:, 0].tolist() == [1] * 4
    # above half the prominence: 9 - 4.5, and 8 - 3.5
    assert np.flatnonzero(pruned.tip).tolist() == [1, 2, 3, 5, 9]


def test_flat_and_bad_maps():
    flat = m.buds(np.full((4, 5), 3.0))
    assert (flat.height.tolist(), flat.prominence.tolist(), flat.tip.any()) == ([3.0], [0.0], False)
    with pytest.raises(ValueError, match="prominence"):
        m.buds(np.zeros((2, 2)), -1)
    with pytest.raises(ValueError, match="finite with shape"):
        m.buds(np.zeros(3))


def test_share_of_current_by_hand():
    heights = np.ones((8, 1), dtype=int)
    heights[1], heights[5] = 5, 3
    found = m.buds(heights, 1)
    current = np.zeros((8, 1, 8))
    current[1, 0, 5] = 4.0  # on the high bud's top
    current[2, 0, 3] = 2.0  # on its flank, above its half at 3
    current[2, 0, 1] = 1.0  # at its foot
    current[5, 0, 3] = 2.0  # on the low bud
    current[7, 0, 1] = 1.0
    np.testing.assert_allclose(m.bud_current_shares(current, found), [0.6, 0.2])
    assert np.isnan(m.bud_current_shares(np.zeros((8, 1, 8)), found)).all()
    with pytest.raises(ValueError, match="same columns"):
        m.bud_current_shares(np.zeros((7, 1, 8)), found)
