"""Random periodic surfaces: sums of waves, each drawn for itself, so that a finer grid adds waves and changes none."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_SUMMED = 400_000  # waves whose power is summed one by one; that of the shorter ones is integrated


class Spectrum(NamedTuple):
    """Power of a wave by its wave number, not normalized, and the integral of it over all larger ones.

    tail(K): of power(k) 2 pi k dk for a surface, of 2 power(k) dk for a line, from K on.
    """

    power: Callable[[Array], Array]
    tail: Callable[[float], float]


def self_affine(length: float, hurst: float, dimensions: int) -> Spectrum:
    """K-correlation spectrum (1 + k^2 l^2)^(-H - d/2) of a self-affine surface (d = 2) or of a line along it (d = 1).

    Palasantzas, Phys. Rev. B 48, 14472 (1993). Its autocorrelation is 2^(1-H)/Gamma(H) (r/l)^H K_H(r/l) for both.
    """

    def tail(largest: float) -> float:
        beyond = 1.0 + (largest * length) ** 2
        if dimensions == 2:
            return float(math.pi / hurst / length**2 * beyond**-hurst)
        from scipy import special  # a quarter of a second, which other runs need not wait

        return float(special.beta(hurst, 0.5) * special.betainc(hurst, 0.5, 1.0 / beyond) / length)

    return Spectrum(lambda k: (1.0 + (k * length) ** 2) ** (-hurst - 0.5 * dimensions), tail)


def gaussian(length: float, dimensions: int) -> Spectrum:
    """Spectrum exp(-k^2 l^2/4) of a surface with the autocorrelation exp(-r^2/l^2)."""

    def tail(largest: float) -> float:
        x = 0.5 * largest * length
        return float(4.0 * math.pi / length**2 * math.exp(-(x**2)) if dimensions == 2
                     else 2.0 * math.sqrt(math.pi) / length * math.erfc(x))  # fmt: skip

    return Spectrum(lambda k: np.exp(-((0.5 * length * k) ** 2)), tail)


def surface(shape: tuple[int, int], sides: tuple[float, float], spectrum: Spectrum, seed: list[int]) -> Array:
    """Gaussian heights at the centres of a grid's cells, float64 (nx, ny): mean 0, mean square 1 in expectation.

    The mean square is that of all waves of the box but the infinitely long one; those shorter than two cells are left
    out, and with them their share. One cell along an axis makes it a line (the spectrum is then a line's).
    """
    heights, axes = np.zeros(shape), [axis for axis in (0, 1) if shape[axis] > 1]
    if not axes:
        return heights
    rng = np.random.Generator(np.random.PCG64(seed))
    last = [(side - 1) // 2 for side in shape]  # a wave of exactly two cells has no phase of its own
    unit = [2.0 * math.pi / side for side in sides]
    if len(axes) == 1:
        numbers = [np.zeros(last[axes[0]], np.int64)] * 2
        numbers[axes[0]] = np.arange(1, last[axes[0]] + 1)
        drawn = rng.standard_normal((last[axes[0]], 2))
    else:
        rings = max(last)
        x, y = (part.ravel() for part in np.mgrid[-last[0] : last[0] + 1, 0 : last[1] + 1])
        half = (y > 0) | (x > 0)
        numbers = [x[half], y[half]]
        drawn = rng.standard_normal((2 * rings * (rings + 1), 2))[_place(*numbers)]
    k: Array = np.hypot(unit[0] * numbers[0], unit[1] * numbers[1])
    power = spectrum.power(k)
    amplitude = np.sqrt(power / (2.0 * _total(spectrum, [unit[axis] for axis in axes])))
    centre = np.exp(1j * math.pi * (numbers[0] / shape[0] + numbers[1] / shape[1]))
    waves = np.zeros(shape, np.complex128)
    waves[numbers[0] % shape[0], numbers[1] % shape[1]] = amplitude * (drawn[:, 0] + 1j * drawn[:, 1]) * centre
    return np.asarray(2.0 * np.fft.ifft2(waves).real * heights.size)


def _place(x: NDArray[np.int64], y: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where a wave of the upper half plane stands if all are listed ring by ring of max(|x|, |y|)."""
    ring = np.maximum(np.abs(x), y)
    within = np.where(y == ring, 2 * ring - 1 + x + ring, np.where(y == 0, 0, 2 * y - 1 + (x > 0)))
    return np.asarray(2 * ring * (ring - 1) + within)


def _total(spectrum: Spectrum, unit: list[float]) -> float:
    """Power of all waves of the box but the infinitely long one."""
    if len(unit) == 1:
        line: Array = unit[0] * np.arange(1.0, _SUMMED // 2 + 1.0)
        return float(2.0 * spectrum.power(line).sum() + spectrum.tail(line[-1] + 0.5 * unit[0]) / unit[0])
    largest = math.sqrt(_SUMMED * unit[0] * unit[1] / math.pi)
    x, y = (np.arange(int(largest / step) + 1) * step for step in unit)
    k: Array = np.hypot(x[:, None], y[None, :])
    times = np.where(x > 0, 2.0, 1.0)[:, None] * np.where(y > 0, 2.0, 1.0)[None, :]
    inside = (k <= largest) & (k > 0)
    return float((times * spectrum.power(k))[inside].sum() + spectrum.tail(largest) / (unit[0] * unit[1]))
