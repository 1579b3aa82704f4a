"""Chord lengths against slow twins, slabs, spheres, rods and random media."""

import numpy as np
import pytest
import solids
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kmc_li import morphology as m

boxes = st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(1, 6)).flatmap(lambda s: arrays(np.bool_, s))


def naive_chords(mask, axis, periodic):
    """(whole chords sorted, cut, endless), voxel by voxel."""
    whole, cut, endless = [], 0, 0
    for line in np.moveaxis(mask, axis, 2).reshape(-1, mask.shape[axis]).tolist():
        n = len(line)
        if all(line):
            endless, cut = endless + (periodic and axis < 2), cut + (not (periodic and axis < 2))
            continue
        if periodic and axis < 2:
            start = line.index(False)
            line = line[start:] + line[:start]
        runs, length = [], 0
        for i, inside in enumerate([*line, False]):
            length += inside
            if not inside and length:
                runs.append((length, i - length, i))
                length = 0
        for length, first, behind in runs:
            if not (periodic and axis < 2) and (first == 0 or behind == n):
                cut += 1
            else:
                whole.append(length)
    return sorted(whole), cut, endless


@given(boxes, st.integers(0, 2), st.booleans())
@settings(max_examples=200, deadline=None)
def test_chords_equal_their_twin(mask, axis, periodic):
    found = m.chord_lengths(mask, axis, periodic)
    assert (
        np.repeat(np.arange(found.counts.size), found.counts).tolist(), found.cut, found.endless
    ) == naive_chords(mask, axis, periodic)  # fmt: skip


@given(boxes, st.integers(0, 2), st.integers(0, 5), st.integers(0, 5))
@settings(max_examples=100, deadline=None)
def test_chords_do_not_depend_on_the_seam(mask, axis, dx, dy):
    before, moved = m.chord_lengths(mask, axis), m.chord_lengths(np.roll(mask, (dx, dy), (0, 1)), axis)
    assert before.counts.tolist() == moved.counts.tolist() and before[1:] == moved[1:]


@pytest.mark.parametrize("shift", [0, 2, 5])
def test_slabs(shift):
    metal = np.roll(solids.slabs((14, 6, 8), 0, 4, 3), shift, axis=0)
    for mask, length in ((metal, 4), (~metal, 3)):
        across = m.chord_lengths(mask, 0)
        assert across.mean == length and across.counts[length] == 2 * 6 * 8
        along = m.chord_lengths(mask, 1)
        assert np.isnan(along.mean) and along.endless == mask[:, 0].sum()
        assert m.chord_lengths(mask, 2).cut == mask[:, :, 0].sum()


@pytest.mark.parametrize("center", [(30, 30, 30), (0, 59.5, 30.2)])
def test_chords_of_a_sphere(center):
    # lines through a ball: p(l) = l / (2 R^2) up to 2 R, mean 4 R / 3
    radius = 24
    ball = solids.sphere((60, 60, 60), radius, center)
    for axis in range(3):
        chords = m.chord_lengths(ball, axis)
        assert chords.mean == pytest.approx(4 * radius / 3, rel=0.01)
        lengths = np.arange(chords.counts.size)
        share = chords.counts.cumsum() / chords.counts.sum()
        exact = np.minimum(((lengths + 0.5) / (2 * radius)) ** 2, 1)
        assert np.abs(share - exact).max() < 0.04


@pytest.mark.parametrize("center", [(25, 25, 0), (0, 1, 0)])
def test_chords_of_a_rod(center):
    # across a disk the mean chord is pi R / 2
    rod = solids.cylinder((50, 50, 7), 20, center, 2)
    for axis in (0, 1):
        assert m.chord_lengths(rod, axis).mean == pytest.approx(np.pi * 20 / 2, rel=0.01)
    assert m.chord_lengths(rod, 2).cut == rod[:, :, 0].sum()


def test_independent_voxels_have_geometric_chords():
    share = 0.6
    chords = m.chord_lengths(np.random.default_rng(0).random((120, 120, 60)) < share, 0)
    assert chords.mean == pytest.approx(1 / (1 - share), rel=0.01)
    found = chords.counts[1:9] / chords.counts.sum()
    np.testing.assert_allclose(found, (1 - share) * share ** np.arange(8), rtol=0.03)


@pytest.mark.parametrize("shift", [0.0, 17.3])
def test_gyroid_has_the_chords_of_its_equation(shift):
    # along x it reads cos(y) sin(x) + sin(z) cos(x) + sin(y) cos(z): one chord where the wave exceeds the constant,
    # half the period long in the mean, and none elsewhere
    n = 64
    y, z = np.meshgrid(*2 * ((np.arange(n) + shift) * 2 * np.pi / n,), indexing="ij")
    crossed = np.hypot(np.cos(y), np.sin(z)) > np.abs(np.sin(y) * np.cos(z))
    body = solids.gyroid(n, shift)
    for axis in (0, 1):
        found = [m.chord_lengths(mask, axis) for mask in (body, ~body)]
        for chords in found:
            assert chords.mean == pytest.approx(n / 2, rel=1e-3)
            assert chords.counts.sum() == pytest.approx(np.count_nonzero(crossed), rel=0.01)
        assert found[0].endless + found[1].endless == pytest.approx(np.count_nonzero(~crossed), rel=0.05)


def test_bad_input():
    with pytest.raises(ValueError, match="axis"):
        m.chord_lengths(np.ones((2, 2, 2), bool), 3)
    with pytest.raises(ValueError, match="occupancy must"):
        m.chord_lengths(np.ones((2, 2, 2)), 0)
