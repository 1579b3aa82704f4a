"""Random periodic surfaces: sums of waves, each drawn for itself, so that a finer grid adds waves and changes none."""

import math

import numpy as np
from numpy.typing import NDArray

from kmc_li.study.spectra import Spectrum, total

Array = NDArray[np.float64]


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
    amplitude = np.sqrt(power / (2.0 * total(spectrum, [unit[axis] for axis in axes])))
    centre = np.exp(1j * math.pi * (numbers[0] / shape[0] + numbers[1] / shape[1]))
    waves = np.zeros(shape, np.complex128)
    waves[numbers[0] % shape[0], numbers[1] % shape[1]] = amplitude * (drawn[:, 0] + 1j * drawn[:, 1]) * centre
    return np.asarray(2.0 * np.fft.ifft2(waves).real * heights.size)


def _place(x: NDArray[np.int64], y: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where a wave of the upper half plane stands if all are listed ring by ring of max(|x|, |y|)."""
    ring = np.maximum(np.abs(x), y)
    within = np.where(y == ring, 2 * ring - 1 + x + ring, np.where(y == 0, 0, 2 * y - 1 + (x > 0)))
    return np.asarray(2 * ring * (ring - 1) + within)
