"""Hurst exponent of a self-affine height map from its power spectrum."""

import numpy as np
from numpy.typing import NDArray

from .fits import Exponent, slope, window
from .spectrum import Spectrum
from .undefined import Undefined

BINS = 4  # an octave of the spectrum


def hurst_exponent(spectrum: Spectrum, shortest: float, longest: float) -> Exponent:
    """Hurst exponent H from the slope of log C against log q between two wavelengths [spacing's unit].

    A self-affine surface has C ~ q^-(dimensions + 2 H). Rings are pooled in quarter octaves. The error follows from
    the modes in each (for Gaussian heights a ring's mean is Gamma distributed; the bias of its logarithm is taken
    off) and, where the spectrum bends, from its scatter about the line. The window is that of wavelengths.
    Raises Undefined when fewer than three quarter octaves lie between the wavelengths or one of them has no power.
    """
    from scipy.special import digamma, polygamma

    chosen = window(spectrum.q, 2 * np.pi / longest, 2 * np.pi / shortest)
    q, density, shape = spectrum.q[chosen], spectrum.density[chosen], spectrum.modes[chosen] / 2
    if q.size < 3 or not (density > 0).all():
        raise Undefined(f"fewer than three rings with power between {shortest:g} and {longest:g}")
    level = np.log(density) - (digamma(shape) - np.log(shape))
    pool = np.floor(BINS * np.log2(q / q[0]) * (1 + 1e-9)).astype(np.int64)
    points = np.unique(pool).size
    if points < 3:
        raise Undefined(f"fewer than three quarter octaves between {shortest:g} and {longest:g}")
    modes = np.bincount(pool, shape)
    held = modes > 0

    def pooled(values: NDArray[np.float64], power: int = 1) -> NDArray[np.float64]:
        return np.asarray(np.bincount(pool, shape**power * values)[held] / modes[held] ** power)

    found, error = slope(pooled(np.log(q)), pooled(level), pooled(polygamma(1, shape), 2))
    wavelengths = 2 * np.pi / q
    return Exponent(
        (-found - spectrum.dimensions) / 2, error / 2, float(wavelengths.min()), float(wavelengths.max()), points
    )
