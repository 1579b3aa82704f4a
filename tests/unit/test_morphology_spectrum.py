"""Spectrum against exact waves and synthetic self-affine surfaces."""

import numpy as np
import pytest

from kmc_li import morphology as m


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


def test_window_of_a_map_without_periodicity():
    # white noise has C = variance spacing^2 whatever the window; a wave that does not close stays in its place
    noise = np.random.default_rng(1).normal(size=(256, 200))
    for periodic in (True, False):
        spectrum = m.power_spectrum(noise, 0.5, periodic)
        assert spectrum.density[5:].mean() == pytest.approx(0.25, rel=0.05)
    wave = np.cos(2 * np.pi * 10.5 * np.arange(256) / 256)[:, None] * np.ones((1, 200))
    tapered = m.power_spectrum(wave, periodic=False).density
    plain = m.power_spectrum(wave).density
    assert tapered[40:].max() < 1e-5 * plain[40:].max()
    # 256 x 200 columns through a Hann window are worth (18/35)^2 of their number
    modes = m.power_spectrum(noise, 0.5, False).modes / m.power_spectrum(noise, 0.5).modes
    np.testing.assert_allclose(modes, (18 / 35) ** 2, rtol=1e-6)


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
