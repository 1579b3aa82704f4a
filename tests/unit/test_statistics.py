"""Bands against hand-worked numbers, and their coverage by simulation."""

import numpy as np
import pytest

from kmc_li.report.statistics import band_words, curve_band, mean_band, mean_bands, ratio_band


def test_mean_band_by_hand():
    # mean 3, s = sqrt(2.5), t(0.975, 4) = 2.7764451 from a printed table
    band = mean_band([1.0, 2.0, 3.0, 4.0, 5.0])
    half = 2.7764451 * np.sqrt(2.5 / 5)
    assert band.n == 5
    assert band.mean == 3.0
    assert band.low == pytest.approx(3 - half, abs=1e-6)
    assert band.high == pytest.approx(3 + half, abs=1e-6)


def test_mean_bands_is_mean_band_of_each_metric():
    rows = [{"Sa": 1.0, "Sq": 4.0}, {"Sa": 2.0, "Sq": 8.0}]
    assert mean_bands(rows) == {"Sa": mean_band([1.0, 2.0]), "Sq": mean_band([4.0, 8.0])}
    for bad in ([], [{"Sa": 1.0}, {"Sq": 1.0}]):
        with pytest.raises(ValueError, match="same metrics"):
            mean_bands(bad)


def test_one_sample_has_no_band():
    band = mean_band([7.0])
    assert (band.mean, band.n) == (7.0, 1)
    assert np.isnan(band.low) and np.isnan(band.high)
    assert np.isnan(ratio_band([2.0], [1.0, 3.0]).low)
    assert ratio_band([2.0], [1.0, 3.0]).mean == 1.0


@pytest.mark.parametrize("bad", [[], [1.0, -np.inf], [np.inf], [[1.0, 2.0]]])
def test_bad_samples_are_refused(bad):
    with pytest.raises(ValueError, match="samples must be"):
        mean_band(bad)


def test_what_is_not_defined_for_a_run_is_not_defined_for_the_group():
    assert np.isnan(mean_band([1.0, np.nan, 2.0])[:3]).all()
    with pytest.raises(ValueError, match="positive"):
        ratio_band([1.0, np.nan], [1.0, 1.0])


def test_bad_confidence_and_shapes_are_refused():
    with pytest.raises(ValueError, match="confidence"):
        mean_band([1.0, 2.0], confidence=95)
    with pytest.raises(ValueError, match="positive"):
        ratio_band([1.0, 2.0], [0.0, 1.0])
    with pytest.raises(ValueError, match="shape"):
        curve_band(np.zeros(3))


def test_curve_band_is_mean_band_at_each_point():
    curves = np.random.default_rng(1).normal(size=(6, 4))
    bands = curve_band(curves, 0.9)
    for point in range(4):
        single = mean_band(curves[:, point], 0.9)
        assert (bands.mean[point], bands.low[point], bands.high[point]) == pytest.approx(single[:3])


def test_ratio_band_inverts_and_scales():
    rng = np.random.default_rng(2)
    a, b = rng.normal(29, 2, 5), rng.normal(16.8, 1, 4)
    band, inverse = ratio_band(a, b), ratio_band(b, a)
    assert band.n == 4
    assert band.mean == pytest.approx(a.mean() / b.mean())
    assert (1 / band.high, 1 / band.low) == pytest.approx((inverse.low, inverse.high))
    assert ratio_band(7 * a, b).low == pytest.approx(7 * band.low)
    assert ratio_band([3.0, 3.0], [2.0, 2.0]) == pytest.approx((1.5, 1.5, 1.5, 2))


def test_ratio_band_by_hand_for_equal_groups():
    # n = 2 each, {9, 11} over {9, 11}: variance of a log mean is 2/2/100 = 0.01 each, 0.02 in all,
    # 2 degrees of freedom, t(0.975, 2) = 4.3026527
    band = ratio_band([9.0, 11.0], [9.0, 11.0])
    assert band.high == pytest.approx(np.exp(4.3026527 * np.sqrt(0.02)), rel=1e-6)
    assert band.low == pytest.approx(1 / band.high)


@pytest.mark.parametrize("n", [3, 4, 8])
def test_bands_cover_as_often_as_they_say(n):
    # 3000 repeats: the standard error of a share of 0.95 is 0.004
    rng = np.random.default_rng(10 + n)
    in_mean = in_ratio = 0
    for _ in range(3000):
        a, b = rng.normal(29, 2.9, n), rng.normal(16.8, 1.7, n)
        mean, ratio = mean_band(a), ratio_band(a, b)
        in_mean += mean.low <= 29 <= mean.high
        in_ratio += ratio.low <= 29 / 16.8 <= ratio.high
    assert in_mean / 3000 == pytest.approx(0.95, abs=0.016)
    # Welch degrees of freedom err on the wide side for few samples
    assert 0.934 <= in_ratio / 3000 <= 0.985


def test_words():
    assert band_words(4) == "band: 95 % Student t, n = 4 seeds"
    assert band_words(1) == "no band: n = 1 seed"
