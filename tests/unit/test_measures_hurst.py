"""Hurst exponents, their errors and G(r) on surfaces whose exponent is known."""

import numpy as np
import pytest
from self_affine import fractional_brownian, spectral

from kmc_li import morphology as m

HURST = [0.3, 0.5, 0.8]


@pytest.mark.parametrize("hurst", HURST)
@pytest.mark.parametrize(("shape", "surfaces"), [((256, 256), 8), ((8192, 1), 40)])
def test_spectrum_of_periodic_surfaces(shape, surfaces, hurst):
    spacing = 0.25
    fits = []
    for seed in range(surfaces):
        spectrum = m.power_spectrum(spectral(shape, hurst, seed), spacing)
        fits.append(m.hurst_exponent(spectrum, shortest=1.0, longest=shape[0] * spacing / 4))
    assert np.mean([fit.value for fit in fits]) == pytest.approx(hurst, abs=0.015)
    assert fits[0].low == pytest.approx(1.0, rel=0.02) and fits[0].high == pytest.approx(shape[0] * spacing / 4, rel=0.02)


def test_error_of_the_spectrum_is_the_scatter_of_surfaces():
    fits = [m.hurst_exponent(m.power_spectrum(spectral((96, 96), 0.5, seed)), 4, 32) for seed in range(150)]
    pulls = np.array([(fit.value - 0.5) / fit.error for fit in fits])
    # the standard deviation of 150 pulls is known to 6 %
    assert 0.8 < pulls.std() < 1.2
    assert abs(pulls.mean()) < 0.3


@pytest.mark.parametrize("hurst", HURST)
def test_spectrum_of_a_piece_without_periodicity(hurst):
    fits = []
    for seed in range(8):
        piece = spectral((512, 512), hurst, seed)[:256, :256]
        fits.append(m.hurst_exponent(m.power_spectrum(piece, periodic=False), shortest=4, longest=64))
    assert np.mean([fit.value for fit in fits]) == pytest.approx(hurst, abs=0.03)
    # read as periodic, the cliff at the seam makes it smoother or rougher than it is
    read = [m.hurst_exponent(m.power_spectrum(spectral((512, 512), 0.8, s)[:256, :256]), 4, 64).value for s in range(8)]
    assert abs(np.mean(read) - 0.8) > 0.1


@pytest.mark.parametrize("hurst", HURST)
def test_height_differences_of_fractional_brownian_surfaces(hurst):
    fits, ratios = [], []
    for seed in range(40):
        surface = fractional_brownian(256, hurst, seed)
        fits.append(m.hurst_from_differences(surface, 2, 16, periodic=False).value)
        r, found, _ = m.height_height_correlation(surface, 1 / 256, periodic=False)
        ratios.append(found / (2 * r ** (2 * hurst)))
    assert np.mean(fits) == pytest.approx(hurst, abs=0.03)
    np.testing.assert_allclose(np.mean(ratios, axis=0)[:16], 1, atol=0.1 if hurst < 0.8 else 0.2)


def test_error_of_differences_is_the_scatter_of_rough_surfaces():
    fits = [m.hurst_from_differences(fractional_brownian(128, 0.3, s), 2, 12, periodic=False) for s in range(100)]
    pulls = [(fit.value - 0.3) / fit.error for fit in fits]
    assert 0.8 < np.std(pulls) < 1.7


def naive_differences(heights, periodic):
    """G by ring, pair by pair."""
    nx, ny = heights.shape
    sums = {}
    for x in range(nx):
        for y in range(ny):
            for u in range(nx):
                for v in range(ny):
                    dx, dy = abs(u - x), abs(v - y)
                    if periodic:
                        dx, dy = min(dx, nx - dx), min(dy, ny - dy)
                    ring = round(np.hypot(dx, dy))
                    if ring and np.hypot(dx, dy) <= min(s for s in (nx, ny) if s > 1) / 2:
                        sums.setdefault(ring, []).append((heights[u, v] - heights[x, y]) ** 2)
    return [np.mean(sums[ring]) for ring in sorted(sums)], [len(sums[ring]) for ring in sorted(sums)]


@pytest.mark.parametrize("shape", [(6, 7), (9, 1), (1, 8), (5, 5)])
@pytest.mark.parametrize("periodic", [True, False])
def test_differences_equal_their_definition(shape, periodic):
    heights = np.random.default_rng(3).normal(size=shape) + 100
    expected, pairs = naive_differences(heights, periodic)
    found = m.height_height_correlation(heights, 0.5, periodic)
    np.testing.assert_allclose(found.G, expected, rtol=1e-9)
    np.testing.assert_allclose(found.pairs, pairs)
    assert found.r[0] >= 0.5


def test_differences_level_off_at_twice_the_mean_square():
    noise = np.random.default_rng(2).normal(size=(128, 128))
    assert m.height_height_correlation(noise).G[5:].mean() == pytest.approx(2 * m.roughness(noise).Sq ** 2, rel=0.01)


def test_slope_of_a_plane_is_hurst_one():
    tilted = np.indices((64, 64)).sum(axis=0) * 1.0
    fit = m.hurst_from_differences(tilted, 2, 20, periodic=False)
    assert fit.value == pytest.approx(1) and fit.error == pytest.approx(0, abs=1e-9)
    assert (fit.low, fit.high) == (2, 20)


def test_nothing_depends_on_the_seam():
    surface = spectral((64, 48), 0.5, 1)
    moved = np.roll(surface, (30, 17), axis=(0, 1))
    for measure in (
        lambda h: m.hurst_exponent(m.power_spectrum(h), 3, 24).value,
        lambda h: m.hurst_from_differences(h, 2, 12).value,
    ):
        assert measure(moved) == pytest.approx(measure(surface), rel=1e-9)
    for now, before in zip(m.height_height_correlation(moved), m.height_height_correlation(surface), strict=True):
        np.testing.assert_allclose(now, before)


def test_a_bent_spectrum_has_a_wide_error():
    # smooth below 16 columns: the spectrum is no line there, and the error says so
    x = np.fft.fftfreq(256)
    q = np.hypot(x[:, None], x[None, :])
    smooth = np.fft.ifft2(np.fft.fft2(spectral((256, 256), 0.5, 0)) * np.exp(-((16 * q) ** 2))).real
    straight = m.hurst_exponent(m.power_spectrum(spectral((256, 256), 0.5, 0)), 4, 64)
    bent = m.hurst_exponent(m.power_spectrum(smooth), 4, 64)
    assert bent.error > 10 * straight.error


def test_what_has_no_hurst_exponent():
    noise = np.random.default_rng(0).normal(size=(16, 16))
    with pytest.raises(m.Undefined, match="three rings"):
        m.hurst_exponent(m.power_spectrum(noise), 8, 9)
    with pytest.raises(m.Undefined, match="three rings"):
        m.hurst_exponent(m.power_spectrum(np.zeros((32, 32))), 2, 32)
    with pytest.raises(m.Undefined, match="three distances"):
        m.hurst_from_differences(noise, 8, 9)
    with pytest.raises(m.Undefined, match="three distances"):
        m.hurst_from_differences(np.zeros((1, 1)), 1, 2)
    with pytest.raises(m.Undefined, match="flat"):
        m.hurst_from_differences(np.zeros((32, 32)), 2, 8)
    with pytest.raises(m.Undefined, match="one column"):
        m.height_height_correlation(np.zeros((1, 1)))
