"""Spectrum against exact waves and synthetic self-affine surfaces."""

import numpy as np
import pytest

from kmc_li import morphology as m


def self_affine(shape, hurst, seed):
    """Gaussian surface with |h(q)|^2 ~ q^-(d + 2H) at every wave number (random phases and amplitudes)."""
    noise = np.fft.fft2(np.random.default_rng(seed).normal(size=shape))
    q = np.hypot(*np.meshgrid(*(np.fft.fftfreq(side) for side in shape), indexing="ij"))
    q[0, 0] = np.inf
    dimensions = sum(side > 1 for side in shape)
    return np.fft.ifft2(noise * q ** -(dimensions / 2 + hurst)).real


@pytest.mark.parametrize("hurst", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("shape", [(256, 256), (8192, 1)])
def test_slope_gives_the_hurst_exponent(shape, hurst):
    # 40 surfaces of a line: the fitted slope scatters by about 0.02, the mean by a sixth of that
    repeats = 40 if 1 in shape else 8
    fits = []
    for seed in range(repeats):
        spectrum = m.power_spectrum(self_affine(shape, hurst, seed), 0.25)
        # the expected log of an exponential variate is a constant, so a log-log line is unbiased in slope
        fits.append(m.hurst_exponent(spectrum, shortest=1.0, longest=shape[0] * 0.25 / 8))
    assert np.mean(fits) == pytest.approx(hurst, abs=0.03)


def test_wave_has_its_power_in_its_ring():
    n, spacing, a = 64, 0.5, 3.0
    line = a * np.cos(2 * np.pi * 4 * np.arange(n) / n)[:, None]
    spectrum = m.power_spectrum(line, spacing)
    assert spectrum.dimensions == 1
    assert spectrum.q[3] == pytest.approx(2 * np.pi * 4 / (n * spacing))
    # a^2/2 over the two modes of the ring, each worth a wave number step dq/2pi = 1/L
    assert spectrum.density[3] == pytest.approx(a**2 / 4 * n * spacing)
    assert np.delete(spectrum.density, 3) == pytest.approx(0, abs=1e-20)


def test_spectrum_integrates_to_the_mean_square():
    # below the Nyquist circle only, so build the surface without the corners of the zone
    n, spacing = 32, 0.2
    rng = np.random.default_rng(3)
    modes = np.fft.fft2(rng.normal(size=(n, n)))
    q = np.hypot(*np.meshgrid(np.fft.fftfreq(n), np.fft.fftfreq(n), indexing="ij"))
    modes[(q > 0.45) | (q == 0)] = 0
    surface = np.fft.ifft2(modes).real
    spectrum = m.power_spectrum(surface, spacing)
    ring = np.rint(q * n).astype(int)
    members = np.bincount(ring[(ring > 0) & (q <= 0.5)])[1:]
    area = (n * spacing) ** 2
    assert (spectrum.density * members).sum() / area == pytest.approx(m.roughness(surface).Sq ** 2)


def test_a_long_box_keeps_its_longest_wave():
    spectrum = m.power_spectrum(np.cos(2 * np.pi * np.arange(64) / 64)[:, None] * np.ones((1, 16)))
    assert spectrum.q[0] == pytest.approx(2 * np.pi / 64)
    assert np.argmax(spectrum.density) == 0
    assert (np.diff(spectrum.q) > 0).all()


def test_degenerate_maps():
    for bad in (np.zeros(5), np.full((4, 4), np.inf)):
        with pytest.raises(ValueError, match="finite with shape"):
            m.power_spectrum(bad)
    with pytest.raises(ValueError, match="one column"):
        m.power_spectrum(np.zeros((1, 1)))
    with pytest.raises(ValueError, match="positive"):
        m.power_spectrum(np.zeros((2, 2)), spacing=0)
    with pytest.raises(ValueError, match="three rings"):
        m.hurst_exponent(m.power_spectrum(np.random.default_rng(0).normal(size=(16, 16))), 8, 9)
