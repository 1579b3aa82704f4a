"""Box counting on fractals of known dimension, and box counts against a slow twin."""

import numpy as np
import pytest
import solids
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kmc_li import morphology as m

boxes = st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(1, 7)).flatmap(lambda s: arrays(np.bool_, s))


@given(boxes, st.booleans())
@settings(max_examples=100, deadline=None)
def test_counts_equal_their_twin(mask, periodic):
    counts = m.box_counts(mask, periodic)
    sides = [side for side in mask.shape if side > 1]
    assert counts.edge[0] == 1 and counts.edge[-1] <= min(sides, default=1)
    for edge, number in zip(counts.edge, counts.number, strict=True):
        if periodic:
            assert all(side % edge == 0 or side == 1 for side in mask.shape[:2])
        held = {tuple(int(i) // edge for i in voxel) for voxel in np.argwhere(mask)}
        parts = [
            np.prod([min(edge, s - i * edge) / edge for i, s in zip(box, mask.shape, strict=True) if s > 1])
            for box in held
        ]
        assert number == pytest.approx(sum(parts))


def test_sierpinski_carpet_is_exact():
    cells = solids.carpet(5)
    for mask in (cells, cells[:, None, :]):  # a cross-section of 243 x 243
        fit = m.fractal_dimension(mask)
        assert fit.value == pytest.approx(np.log(8) / np.log(3), abs=1e-12)
        assert fit.error == pytest.approx(0, abs=1e-12)
        assert (fit.low, fit.high, fit.points) == (1, 243, 6)
    assert m.box_counts(cells).number.tolist() == [8**k for k in range(5, -1, -1)]


@pytest.mark.parametrize("cut", [(slice(None), slice(None)), (slice(20, 220), slice(200))])
def test_sierpinski_carpet_off_its_own_grid(cut):
    # edges 1, 2, 4 .. fit neither it nor a piece of it: within three stated errors, all of them small
    for cells in (solids.carpet(5)[cut], np.roll(solids.carpet(5), 100, axis=0)[cut]):
        fit = m.fractal_dimension(cells, 1, 64, periodic=False)
        assert fit.error < 0.025
        assert abs(fit.value - np.log(8) / np.log(3)) < 3 * fit.error


def test_sierpinski_carpet_across_the_seam():
    # moved by a whole number of its boxes it stays exact up to their edge
    cells = np.roll(solids.carpet(5), 27 * 4, axis=0)
    assert m.fractal_dimension(cells, 1, 27).value == pytest.approx(np.log(8) / np.log(3), abs=1e-12)


def test_menger_sponge_is_exact():
    fit = m.fractal_dimension(solids.sponge(4))
    assert fit.value == pytest.approx(np.log(20) / np.log(3), abs=1e-12)


def test_body_sheet_and_line():
    body, sheet, line = (np.zeros((32, 32, 32), dtype=bool) for _ in range(3))
    body[:], sheet[:, :, 3], line[5, 7] = True, True, True
    for mask, dimension in ((body, 3), (sheet, 2), (line, 1)):
        for periodic in (True, False):
            assert m.fractal_dimension(mask, periodic=periodic).value == pytest.approx(dimension, abs=1e-12)


def test_fractal_percolation():
    # each cube keeps each of its eight parts with chance p: dimension 3 + log2 p (Mandelbrot)
    p, found = 0.8, []
    for seed in range(6):
        rng, kept = np.random.default_rng(seed), np.ones((1, 1, 1), dtype=bool)
        for _ in range(7):
            kept = np.kron(kept, np.ones((2, 2, 2), dtype=bool))
            kept &= rng.random(kept.shape) < p
        found.append(m.fractal_dimension(kept, 1, 32).value)
    assert np.mean(found) == pytest.approx(3 + np.log2(p), abs=0.02)


def test_what_has_no_dimension():
    with pytest.raises(m.Undefined, match="three box edges"):
        m.fractal_dimension(np.ones((7, 5, 9), bool))
    with pytest.raises(m.Undefined, match="empty"):
        m.fractal_dimension(np.zeros((8, 8, 8), bool))
    with pytest.raises(ValueError, match="occupancy must"):
        m.box_counts(np.ones(3))
