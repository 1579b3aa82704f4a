"""Lateral structure of a periodic height map: power spectral density, Hurst exponent, correlation length.

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


def autocorrelation_length(height_map: ArrayLike, spacing: float = 1.0, level: float = 0.2) -> float:
    """Shortest distance, in any direction, at which the height autocorrelation falls to `level`.

    This is Sal of ISO 25178-2 with its default level 0.2, interpolated linearly between columns along the two
    axes. NaN for a flat map or one whose autocorrelation never falls that far inside half the box.
    Raises ValueError for a map that is not 2-D and finite, or a spacing that is not positive.
    """
    heights = as_height_map(height_map, spacing)
    if heights.max() == heights.min():
        return float("nan")
    deviation = heights - heights.mean()
    correlation = np.fft.ifft2(np.abs(np.fft.fft2(deviation)) ** 2).real
    correlation /= correlation[0, 0]
    lengths = []
    for line in (correlation[:, 0], correlation[0, :]):
        half = line[: line.size // 2 + 1]
        below = np.flatnonzero(half <= level)
        if below.size:
            k = int(below[0])
            lengths.append((k - 1 + (half[k - 1] - level) / (half[k - 1] - half[k])) * spacing)
    return float(min(lengths, default=float("nan")))
