"""Sdq and Sdr against exact slopes and areas; both, and the height parameters, against surfalize."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.integrate import quad

from kmc_li import morphology as m

maps = arrays(
    np.float64,
    st.tuples(st.integers(1, 5), st.integers(1, 5)),
    elements=st.floats(-9, 9, allow_nan=False, width=16),
)


@pytest.mark.parametrize("period", [4, 8, 16, 64])
def test_gradient_of_a_wave_is_that_of_its_stencil(period):
    # forward differences of sin(kx) have the amplitude 2 sin(k d / 2) / d
    a, spacing, k = 1.7, 0.25, 2 * np.pi / (period * 0.25)
    line = a * np.sin(k * spacing * np.arange(3 * period))
    expected = a / np.sqrt(2) * 2 * np.sin(k * spacing / 2) / spacing
    for surface in (line[:, None] * np.ones((1, 5)), line[None, :] * np.ones((7, 1)), line[:, None]):
        assert m.rms_gradient(surface, spacing) == pytest.approx(expected, rel=1e-12)
    both = line[:, None] + line[None, :]
    assert m.rms_gradient(both, spacing) == pytest.approx(np.sqrt(2) * expected, rel=1e-12)


def test_gradient_sees_a_checkerboard():
    board = np.indices((6, 4)).sum(axis=0) % 2 * 1.0
    assert m.rms_gradient(board) == pytest.approx(np.sqrt(2))
    assert m.rms_gradient(board, spacing=0.5, periodic=False) == pytest.approx(2 * np.sqrt(2))


def test_area_of_a_roof_is_exact():
    # slopes +s and -s along x only: every cell is plane, and closed across the seam
    s, roof = 0.75, np.array([0, 1, 2, 3, 2, 1.0])
    assert m.developed_area_ratio(s * roof[:, None] * np.ones((1, 4))) == pytest.approx(np.sqrt(1 + s**2) - 1)
    assert m.developed_area_ratio(s * roof[None, :]) == pytest.approx(np.sqrt(1 + s**2) - 1)
    assert np.isnan(m.developed_area_ratio(s * roof[None, :], periodic=False))


def test_area_of_a_tilted_plane_without_periodicity():
    x, y = np.indices((7, 5)) * 0.2
    exact = np.sqrt(1 + 0.6**2 + 1.1**2) - 1
    assert m.developed_area_ratio(0.6 * x - 1.1 * y, 0.2, periodic=False) == pytest.approx(exact, rel=1e-12)
    assert m.rms_gradient(0.6 * x - 1.1 * y, 0.2, periodic=False) == pytest.approx(np.hypot(0.6, 1.1), rel=1e-12)
    # read as periodic the cliff at the seam counts
    assert m.developed_area_ratio(0.6 * x - 1.1 * y, 0.2) > exact + 0.1


def test_area_of_a_wave_converges_with_the_square_of_the_spacing():
    a = 0.3  # of the period: an arc length by an elliptic integral
    exact = quad(lambda t: np.sqrt(1 + (2 * np.pi * a * np.cos(2 * np.pi * t)) ** 2), 0, 1)[0] - 1
    found = [
        m.developed_area_ratio(a * np.sin(2 * np.pi * np.arange(n) / n)[:, None] * np.ones((1, 3)), 1 / n)
        for n in (32, 64, 128)
    ]
    errors = np.abs(np.array(found) - exact)
    assert errors[2] < 2e-4
    np.testing.assert_allclose(errors[:-1] / errors[1:], 4, rtol=0.05)


@given(maps)
@settings(max_examples=100, deadline=None)
def test_slope_and_area_equal_their_twins(heights):
    nx, ny = heights.shape
    z = lambda x, y: heights[x % nx, y % ny]  # noqa: E731
    slopes, area = 0.0, 0.0
    for x in range(nx):
        for y in range(ny):
            slopes += (z(x + 1, y) - z(x, y)) ** 2 + (z(x, y + 1) - z(x, y)) ** 2
            a, b, c, d = (np.array([i, j, z(x + i, y + j)]) for i, j in ((0, 0), (1, 0), (1, 1), (0, 1)))
            for one, two, three in ((a, b, d), (c, b, d), (b, a, c), (d, a, c)):
                area += np.linalg.norm(np.cross(two - one, three - one)) / 4
    assert m.rms_gradient(heights) == pytest.approx(np.sqrt(slopes / heights.size))
    assert m.developed_area_ratio(heights) == pytest.approx(area / heights.size - 1, abs=1e-12)


@given(maps, st.integers(0, 4), st.integers(0, 4))
@settings(max_examples=50, deadline=None)
def test_slope_and_area_do_not_depend_on_the_seam(heights, dx, dy):
    moved = np.roll(heights, (dx, dy), axis=(0, 1))
    assert m.rms_gradient(moved) == pytest.approx(m.rms_gradient(heights))
    assert m.developed_area_ratio(moved) == pytest.approx(m.developed_area_ratio(heights), abs=1e-12)


def test_iso_parameters_equal_surfalize():
    """24 rough surfaces of differing size, spacing, slope and skewness, to 4 digits: the same rules, no periodicity."""
    surfalize = pytest.importorskip("surfalize")
    rng = np.random.default_rng(7)
    for _ in range(24):
        shape, spacing = rng.integers(16, 70, size=2), rng.uniform(0.05, 3)
        q = np.hypot(*np.meshgrid(*(np.fft.fftfreq(n) for n in shape), indexing="ij"))
        rough = np.fft.ifft2(np.fft.fft2(rng.normal(size=shape)) / (q + 0.02) ** rng.uniform(0, 2)).real
        heights = np.exp(rng.uniform(0, 1) * rough / rough.std()) * rng.uniform(0.1, 5)
        # surfalize takes deviations as they are, so center; its lines are y
        oracle = surfalize.Surface((heights - heights.mean()).T.copy(), spacing, spacing)
        ours = m.roughness(heights)
        for name in ours._fields:
            assert getattr(ours, name) == pytest.approx(getattr(oracle, name)(), rel=1e-6), name
        assert m.rms_gradient(heights, spacing, periodic=False) == pytest.approx(oracle.Sdq(), rel=1e-6)
        # surfalize gives Sdr in per cent
        assert m.developed_area_ratio(heights, spacing, periodic=False) == pytest.approx(oracle.Sdr() / 100, rel=1e-6)


def test_periodic_surfaces_equal_surfalize_on_the_closed_map():
    """A periodic map with its first line and column repeated has the same cells without periodicity."""
    surfalize = pytest.importorskip("surfalize")
    heights = np.random.default_rng(3).normal(size=(23, 31))
    closed = np.pad(heights, (0, 1), mode="wrap")
    oracle = surfalize.Surface((closed - closed.mean()).T.copy(), 0.5, 0.5)
    assert m.developed_area_ratio(heights, 0.5) == pytest.approx(oracle.Sdr() / 100, rel=1e-6)


def test_bad_maps_are_refused():
    for measure in (m.rms_gradient, m.developed_area_ratio):
        with pytest.raises(ValueError, match="finite with shape"):
            measure(np.zeros(4))
        with pytest.raises(ValueError, match="positive"):
            measure(np.zeros((2, 2)), spacing=-1)
