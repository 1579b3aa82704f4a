"""Sal and Str against waves and surfaces of exactly known autocorrelation, and against surfalize."""

import numpy as np
import pytest

from kmc_li import morphology as m


def surface_with(correlation, seed):
    """A surface whose periodic autocorrelation is exactly this map (less its mean): fixed amplitudes, random phases."""
    power = np.fft.fft2(correlation).real.clip(0)
    power[0, 0] = 0
    noise = np.fft.fft2(np.random.default_rng(seed).normal(size=correlation.shape))
    return np.fft.ifft2(np.sqrt(power) * noise / np.abs(noise)).real


def gaussian(n, short, long, angle):
    """exp(-(u/short)^2 - (v/long)^2) along axes turned by angle: float (n, n), lag 0 first."""
    x, y = np.meshgrid(*2 * (np.fft.fftfreq(n, 1 / n),), indexing="ij")
    u, v = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
    return np.exp(-((u / short) ** 2) - (v / long) ** 2)


@pytest.mark.parametrize("angle", [0.0, 0.3, 1.0, 2.2])
def test_turned_ellipse_of_correlation(angle):
    # about the mean it is (g - m) / (1 - m): it meets 0.2 where g = m + 0.2 (1 - m)
    correlation, spacing = gaussian(256, 6, 15, angle), 0.25
    mean = correlation.mean()
    meets = np.sqrt(-np.log(mean + 0.2 * (1 - mean)))
    surface = surface_with(correlation, 1)
    assert m.autocorrelation_length(surface, spacing) == pytest.approx(6 * meets * spacing, rel=1e-4)
    assert m.texture_aspect_ratio(surface, spacing) == pytest.approx(6 / 15, rel=1e-4)


@pytest.mark.parametrize("shift", [(0, 0), (100, 0), (0, 57), (128, 128)])
def test_nothing_depends_on_the_seam(shift):
    surface = surface_with(gaussian(128, 4, 7, 0.7), 2)
    moved = np.roll(surface, shift, axis=(0, 1))
    assert m.autocorrelation_length(moved) == pytest.approx(m.autocorrelation_length(surface), rel=1e-9)
    assert m.texture_aspect_ratio(moved) == pytest.approx(4 / 7, rel=1e-4)


def test_autocorrelation_length_of_a_cosine():
    # the autocorrelation of cos(kx) is cos(kx): it meets 0.2 at acos(0.2)/k
    n, spacing = 2000, 0.01
    wave = np.cos(2 * np.pi * np.arange(n) / n)[:, None] * np.ones((1, 2))
    expected = np.arccos(0.2) / (2 * np.pi) * n * spacing
    for surface in (wave, wave.T, wave[:, :1], wave[:, :1].T):
        assert m.autocorrelation_length(surface, spacing) == pytest.approx(expected, rel=1e-7)
    shorter = wave + np.cos(2 * np.pi * 4 * np.arange(n) / n)[:, None]
    assert m.autocorrelation_length(shorter, spacing) < expected / 2


def test_an_oblique_wave_decays_fastest_across_its_crests():
    x, y = np.indices((240, 240))
    wave = np.cos(2 * np.pi * (3 * x + 4 * y) / 240)
    expected = np.arccos(0.2) / (2 * np.pi * 5 / 240)
    assert m.autocorrelation_length(wave) == pytest.approx(expected, rel=1e-4)
    # along its crests it never decays: the map is too small for a ratio
    assert np.isnan(m.texture_aspect_ratio(wave))


def test_white_noise_decorrelates_within_a_column_and_has_no_direction():
    noise = np.random.default_rng(4).normal(size=(200, 200))
    assert 0.6 < m.autocorrelation_length(noise) < 1.0
    assert m.texture_aspect_ratio(noise) > 0.85


def test_autocorrelation_equals_its_definition():
    heights = np.random.default_rng(5).normal(size=(5, 4))
    d = heights - heights.mean()
    for periodic, found in ((True, m.autocorrelation(heights)), (False, m.autocorrelation(heights, False))):
        for lag in ((0, 0), (1, 0), (2, 3), (-1, 2)):
            pairs = [
                (d[x, y], d[(x + lag[0]) % 5, (y + lag[1]) % 4])
                for x in range(5)
                for y in range(4)
                if periodic or (0 <= x + lag[0] < 5 and 0 <= y + lag[1] < 4)
            ]
            expected = np.mean([a * b for a, b in pairs]) / (d**2).mean()
            assert found[lag] == pytest.approx(expected)


def test_maps_equal_surfalize():
    """The same rule without periodicity. surfalize looks in the directions of some dozens of columns only and takes the
    nearest of 1,000 points, which makes it up to 1 % coarser than the exact cases above."""
    surfalize = pytest.importorskip("surfalize")
    rng = np.random.default_rng(0)
    for seed in range(20):
        short, long = np.sort(rng.uniform(4, 10, size=2))
        surface = surface_with(gaussian(128, short, long, rng.uniform(0, np.pi)), seed)
        oracle = surfalize.Surface((surface - surface.mean()).T.copy(), 0.5, 0.5)
        assert m.autocorrelation_length(surface, 0.5, periodic=False) == pytest.approx(oracle.Sal(), rel=0.01)
        assert m.texture_aspect_ratio(surface, 0.5, periodic=False) == pytest.approx(oracle.Str(), rel=0.01)


def test_what_has_no_correlation_length():
    assert np.isnan(m.autocorrelation_length(np.full((3, 3), 0.1)))
    assert np.isnan(m.texture_aspect_ratio(np.full((3, 3), 0.1)))
    assert np.isnan(m.texture_aspect_ratio(np.random.default_rng(0).normal(size=(30, 1))))
    with pytest.raises(ValueError, match="positive"):
        m.autocorrelation_length(np.zeros((2, 2)), spacing=0)
    with pytest.raises(ValueError, match="finite with shape"):
        m.texture_aspect_ratio(np.zeros(5))
