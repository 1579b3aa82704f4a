"""Autocorrelation of a height map: the spatial parameters Sal and Str of ISO 25178-2."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .height import as_height_map

DIRECTIONS = 360  # over the half circle: half a degree
STEP = 0.25  # of a column, along a ray


class Decay(NamedTuple):
    """Distances at which the autocorrelation first falls to a level: in the fastest and the slowest direction."""

    fastest: float
    slowest: float


def autocorrelation_length(
    height_map: ArrayLike, spacing: float = 1.0, level: float = 0.2, periodic: bool = True
) -> float:
    """Shortest distance, in any direction, at which the height autocorrelation falls to `level` [spacing's unit].

    This is Sal of ISO 25178-2 with its default level 0.2. NaN for a flat map or one whose autocorrelation never
    falls that far inside half the map.
    Raises ValueError for a map that is not 2-D and finite, or a spacing that is not positive.
    """
    return decay_lengths(height_map, spacing, level, periodic).fastest


def texture_aspect_ratio(
    height_map: ArrayLike, spacing: float = 1.0, level: float = 0.2, periodic: bool = True
) -> float:
    """Str of ISO 25178-2: the fastest over the slowest decay of the autocorrelation to `level`, 0..1.

    Near 1 for an isotropic texture, near 0 for grooves. NaN for a line of columns, a flat map, or one that stays
    correlated across half the map in some direction: its ratio is not determined by so small a map.
    Raises ValueError for a map that is not 2-D and finite, or a spacing that is not positive.
    """
    if min(as_height_map(height_map).shape) == 1:
        return float("nan")
    decay = decay_lengths(height_map, spacing, level, periodic)
    return decay.fastest / decay.slowest


def decay_lengths(
    height_map: ArrayLike, spacing: float = 1.0, level: float = 0.2, periodic: bool = True
) -> Decay:
    """Fastest and slowest decay of the autocorrelation to `level` over all directions [spacing's unit].

    Rays every half degree, cubic splines between columns, up to half the map. The fastest is NaN if no direction
    falls so far, the slowest if one does not.
    """
    heights = as_height_map(height_map, spacing)
    if heights.max() == heights.min():
        return Decay(float("nan"), float("nan"))
    from scipy.ndimage import spline_filter

    spline = spline_filter(autocorrelation(heights, periodic), mode="grid-wrap")
    along_x, along_y = (side > 1 for side in heights.shape)
    angles = np.pi * np.arange(DIRECTIONS) / DIRECTIONS
    angles = angles if along_x and along_y else np.array([0.0 if along_x else np.pi / 2])
    lengths = [_first_fall(spline, angle, heights.shape, level) for angle in angles]
    fallen = [length for length in lengths if not np.isnan(length)]
    fastest = min(fallen, default=float("nan")) * spacing
    return Decay(fastest, max(fallen) * spacing if len(fallen) == len(lengths) else float("nan"))


def autocorrelation(height_map: ArrayLike, periodic: bool = True) -> NDArray[np.float64]:
    """Autocorrelation of the heights about their mean, 1 at lag 0: float, lag 0 first, negative lags from the end.

    periodic: (nx, ny), over all columns. Otherwise (2 nx - 1, 2 ny - 1), each lag the mean over the pairs that the
    map holds. A flat map gives NaN.
    """
    heights = as_height_map(height_map)
    sums = pair_sums(heights - heights.mean(), periodic)
    with np.errstate(invalid="ignore"):
        return np.asarray(sums / pair_counts(heights.shape, periodic) / (sums[0, 0] / heights.size))


def pair_sums(
    first: NDArray[np.float64], periodic: bool, second: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Sum over positions x of first(x) second(x + lag), laid out as in `autocorrelation`; second: first by default."""
    shape = first.shape if periodic else tuple(2 * side - 1 for side in first.shape)
    left = np.fft.rfft2(first, shape)
    right = left if second is None else np.fft.rfft2(second, shape)
    return np.asarray(np.fft.irfft2(np.conj(left) * right, shape))


def pair_counts(shape: tuple[int, ...], periodic: bool) -> NDArray[np.float64]:
    """Pairs of columns at each lag, laid out as in `autocorrelation` (a single number if periodic)."""
    if periodic:
        return np.array(float(np.prod(shape)))
    across = [side - np.abs(np.fft.fftfreq(2 * side - 1, 1 / (2 * side - 1))) for side in shape]
    return np.asarray(np.multiply.outer(across[0], across[1]))


def _first_fall(spline: NDArray[np.float64], angle: float, shape: tuple[int, ...], level: float) -> float:
    """Distance in columns at which the ray first meets the level; NaN if not within half the map."""
    from scipy.ndimage import map_coordinates

    direction = np.array([np.cos(angle), np.sin(angle)])
    sides = zip(shape, np.abs(direction), strict=True)
    reach = min(side / 2 / part for side, part in sides if part > 1e-12 and side > 1)
    along = STEP * np.arange(int(reach / STEP) + 1)
    for _ in range(2):  # find the step in which it falls, then look into that step
        values = map_coordinates(spline, direction[:, None] * along, order=3, mode="grid-wrap", prefilter=False)
        below = np.flatnonzero(values <= level)
        if not below.size:
            return float("nan")
        k = max(1, int(below[0]))
        low, high = along[k - 1], along[k]
        along = np.linspace(low, high, 17)
    return float(low + (high - low) * (values[k - 1] - level) / (values[k - 1] - values[k]))
