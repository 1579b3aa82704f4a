"""Growth exponents of random deposition (1/2) and of the Edwards-Wilkinson equation (1/4), both exact."""

import numpy as np
import pytest

from kmc_li import morphology as m
from kmc_li.morphology.fits import slope

TIMES = np.unique(np.round(np.geomspace(4, 512, 24)))


def random_deposition(columns, rng):
    """W of columns that grow on their own: W^2 = t."""
    arrivals = rng.poisson(np.diff(TIMES, prepend=0)[:, None] * np.ones(columns))
    return arrivals.cumsum(axis=0).std(axis=1)


def edwards_wilkinson(columns, times, rng):
    """W of dh/dt = h'' + noise on a ring from flat, every mode stepped exactly: W^2 ~ t^(1/2) before it levels off."""
    decay = 2 - 2 * np.cos(2 * np.pi * np.arange(1, columns // 2) / columns)
    modes, before, widths = np.zeros(decay.size, dtype=complex), 0.0, []
    for now in times:
        left = np.exp(-decay * (now - before))
        noise = rng.normal(size=(2, decay.size)) * np.sqrt((1 - left**2) / (4 * decay))
        modes, before = modes * left + noise[0] + 1j * noise[1], now
        widths.append(np.sqrt(2 * (np.abs(modes) ** 2).sum() / columns))
    return widths


def test_a_power_law_is_exact():
    times = np.geomspace(1, 100, 9)
    fit = m.growth_exponent(times, 3 * times**0.241, start=2, stop=50)
    assert fit.value == pytest.approx(0.241) and fit.error == pytest.approx(0, abs=1e-12)
    assert 2 <= fit.low < fit.high <= 50 and fit.points == 5


def test_random_deposition():
    rng = np.random.default_rng(1)
    several = [m.growth_exponent(TIMES, [random_deposition(512, rng) for _ in range(6)]) for _ in range(60)]
    assert np.mean([fit.value for fit in several]) == pytest.approx(0.5, abs=0.003)
    pulls = np.std([(fit.value - 0.5) / fit.error for fit in several])
    assert 0.9 < pulls < 1.8  # Student t of 5 degrees of freedom: 1.29
    one = [m.growth_exponent(TIMES, random_deposition(512, rng)) for _ in range(100)]
    assert 1.4 < np.std([(fit.value - 0.5) / fit.error for fit in one]) < 2.8  # as the docstring warns


def test_edwards_wilkinson():
    rng, times = np.random.default_rng(2), np.geomspace(30, 3000, 16)
    fit = m.growth_exponent(times, [edwards_wilkinson(8192, times, rng) for _ in range(24)])
    assert fit.error < 0.006
    assert fit.value == pytest.approx(0.25, abs=3 * fit.error)


def test_rows_without_roughness_are_left_out():
    fit = m.growth_exponent([0, 1, 2, 4, 8], [0, 1, 2, 4, 8.0])
    assert (fit.value, fit.low, fit.points) == (pytest.approx(1), 1, 4)


def test_bad_series():
    with pytest.raises(m.Undefined, match="three rows"):
        m.growth_exponent([1, 2, 3], [1, 2, 3], start=2.5)
    for times, widths in (([1, 2, 3], [1, 2]), ([[1, 2, 3]], [1, 2, 3]), ([1, 2, 3], np.zeros((0, 3)))):
        with pytest.raises(ValueError, match=r"\(rows,\)"):
            m.growth_exponent(times, widths)


def test_slope_by_hand_and_with_variances():
    x = np.arange(5.0)
    assert slope(x, 2 * x + 1)[0] == pytest.approx(2)
    # ordinary least squares of 0 1 0: slope 0, error sqrt(s^2 / Sxx) with s^2 = 2/3
    assert slope(np.arange(3.0), np.array([0, 1, 0.0])) == pytest.approx((0, np.sqrt(2 / 3 / 2)))
    assert np.isnan(slope(np.array([0, 1.0]), np.array([0, 3.0]))[1])
    rng, variance = np.random.default_rng(0), np.geomspace(1e-4, 1, 30)
    x = np.linspace(0, 1, 30)
    for excess in (0.0, 0.3):
        fits = [slope(x, x + rng.normal(size=30) * np.sqrt(variance + excess), variance) for _ in range(200)]
        assert 0.85 < np.std([(found - 1) / error for found, error in fits]) < 1.2
