"""Spectra of random surfaces: the power of a wave by its wave number.

Convention of Jacobs, Junge and Pastewka, Surf. Topogr. Metrol. Prop. 5, 013001 (2017), as in kmc_li.morphology: S(k)
integrates, over d^2k/(2 pi)^2 for a surface and dk/(2 pi) for a line, to the mean square; a wave of a box holds S/area.
"""

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


def total(spectrum: Spectrum, unit: list[float]) -> float:
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


def half_spheres(density: float, radius: float, k: Array, dimensions: int) -> Array:
    """S(k) of half spheres at random places, `density` their number on an area, few enough not to overlap.

    dimensions 1: along a line on their plane.
    """

    def on_a_plane(x: Array) -> Array:  # 2 pi R^3 j_1(x)/x, the Fourier transform of one
        near = np.maximum(x, 1e-2)
        bessel = np.where(x < 1e-2, 1.0 / 3.0, (np.sin(near) - near * np.cos(near)) / near**3)
        return np.asarray(density * (2.0 * math.pi * radius**3 * bessel) ** 2)

    if dimensions == 2:
        return on_a_plane(k * radius)
    across = np.linspace(0.0, 60.0, 1201)  # times the radius; the transform squared falls as its -4th power
    along = on_a_plane(np.hypot(k[:, None] * radius, across[None, :]))
    return np.asarray(np.trapezoid(along, across, axis=1) / (math.pi * radius))
