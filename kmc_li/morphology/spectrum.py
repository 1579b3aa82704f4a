"""Lateral structure of a height map: power spectral density and Hurst exponent.

Convention of Jacobs, Junge and Pastewka, Surf. Topogr. Metrol. Prop. 5, 013001 (2017): C(q) integrates, over
d^2q / (2 pi)^2 for a surface and dq / (2 pi) for a line, to the mean square roughness Sq^2. The map is
periodic, so no window is applied.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .height import as_height_map


class Spectrum(NamedTuple):
    """Radially averaged power spectral density of a map: q [1/length], C [height^2 length^dimensions]."""

    q: NDArray[np.float64]
    density: NDArray[np.float64]
    dimensions: int


def power_spectrum(height_map: ArrayLike, spacing: float = 1.0) -> Spectrum:
    """Power spectral density of a periodic height map (nx, ny), averaged over rings of equal |q|.

    spacing: distance of neighboring columns, in the length unit wanted. A map with nx = 1 or ny = 1 is a
    line (dimensions = 1). Rings are one smallest wave number wide, from the box length down to two columns
    (shorter waves exist only along the diagonals).
    Raises ValueError for a map that is not 2-D and finite, or a spacing that is not positive.
    """
    heights = as_height_map(height_map, spacing)
    dimensions = sum(side > 1 for side in heights.shape)
    power = np.abs(np.fft.fft2(heights - heights.mean())) ** 2 * spacing**dimensions / heights.size
    wave = [2 * np.pi * np.fft.fftfreq(side, spacing) for side in heights.shape]
    q = np.hypot(wave[0][:, None], wave[1][None, :])
    sides = [side for side in heights.shape if side > 1]
    if not sides:
        raise ValueError("a map of one column has no spectrum")
    step = 2 * np.pi / (max(sides) * spacing)
    ring = np.rint(q / step).astype(np.int64)
    inside = (ring >= 1) & (q <= np.pi / spacing * (1 + 1e-12))
    # ring k holds at least wave number k of the longer side, so none is empty
    modes = np.bincount(ring[inside])[1:]
    mean_q = np.bincount(ring[inside], q[inside])[1:] / modes
    density = np.bincount(ring[inside], power[inside])[1:] / modes
    return Spectrum(mean_q, density, dimensions)


def hurst_exponent(spectrum: Spectrum, shortest: float, longest: float) -> float:
    """Hurst exponent H from the slope of log C against log q between two wavelengths [spacing's unit].

    A self-affine surface has C ~ q^-(dimensions + 2 H). Raises ValueError when fewer than three rings fall
    between the two wavelengths or one of them has no power.
    """
    chosen = (spectrum.q >= 2 * np.pi / longest) & (spectrum.q <= 2 * np.pi / shortest)
    if np.count_nonzero(chosen) < 3 or not (spectrum.density[chosen] > 0).all():
        raise ValueError(f"fewer than three rings with power between {shortest:g} and {longest:g}")
    slope = np.polyfit(np.log(spectrum.q[chosen]), np.log(spectrum.density[chosen]), 1)[0]
    return float((-slope - spectrum.dimensions) / 2)
