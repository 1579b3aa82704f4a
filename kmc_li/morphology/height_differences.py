"""Height differences by distance: the height-height correlation function G(r), and the Hurst exponent of its slope.

G(r) = <[h(x + r) - h(x)]^2>, which is r^(2 H) on a self-affine surface and levels off at 2 Sq^2 beyond the correlation
length (Barabasi and Stanley, Fractal Concepts in Surface Growth, 1995). Its square root is as often plotted.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .autocorrelation import pair_counts, pair_sums
from .fits import Exponent, slope
from .height import as_height_map
from .undefined import Undefined

TILES = 16  # of a map, left out in turn
LAGS = 8  # an octave


class HeightDifferences(NamedTuple):
    """G(r) in the map's unit squared over the distance r, float (rings,), and the pairs behind each."""

    r: NDArray[np.float64]
    G: NDArray[np.float64]
    pairs: NDArray[np.float64]


def height_height_correlation(
    height_map: ArrayLike, spacing: float = 1.0, periodic: bool = True
) -> HeightDifferences:
    """G(r) of a height map (nx, ny), over all directions in rings one column wide, up to half the map.

    r is the mean distance in a ring [spacing's unit]. periodic: pairs reach across the seams.
    Raises ValueError for a map that is not 2-D and finite, or a spacing that is not positive; Undefined for one
    column.
    """
    heights = as_height_map(height_map, spacing)
    sides = [side for side in heights.shape if side > 1]
    if not sides:
        raise Undefined("a map of one column has no height differences")
    heights = heights - heights.mean()
    inside, counts = np.ones_like(heights), pair_counts(heights.shape, periodic)
    # sum of [h(x + r) - h(x)]^2 over pairs, from the sums of h^2 over the first and over the second of each
    first = pair_sums(heights**2, periodic, inside)
    second = pair_sums(inside, periodic, heights**2)
    squares = np.maximum(first + second - 2 * pair_sums(heights, periodic), 0.0)
    lags = [np.fft.fftfreq(side, 1 / side) for side in squares.shape]
    distance = np.hypot(lags[0][:, None], lags[1][None, :])
    ring = np.rint(distance).astype(np.int64)
    within = (ring >= 1) & (distance <= min(sides) / 2)
    pairs = np.broadcast_to(counts, squares.shape)[within]
    number = np.asarray(np.bincount(ring[within], pairs)[1:], dtype=np.float64)
    r = np.bincount(ring[within], pairs * distance[within])[1:] / number
    return HeightDifferences(r * spacing, np.bincount(ring[within], squares[within])[1:] / number, number)


def hurst_from_differences(
    height_map: ArrayLike, shortest: float, longest: float, spacing: float = 1.0, periodic: bool = True
) -> Exponent:
    """Hurst exponent H: half the slope of log G against log r between two distances [spacing's unit].

    r along both axes, at up to eight distances an octave. The error is a jackknife over the tiles of the map, 4 x 4
    or 16 stretches of a line. It knows nothing of structure wider than a tile: maps of 254 x 254 columns scatter
    1.2, 1.4 and 2.9 times as much for H = 0.3, 0.5 and 0.8.
    The window must lie well above a column and well below correlation length and box, or G is no power law: in a
    periodic box of 1024 columns that holds every wave, r = 4..64 reads 0.33, 0.50 and 0.74 where H = 0.3, 0.5 and
    0.8. `hurst_exponent` of the spectrum has no such bias.
    Raises ValueError for a bad map or spacing, Undefined for fewer than three distances up to half the map or a map
    that is flat.
    """
    heights = as_height_map(height_map, spacing)
    sides = [side for side in heights.shape if side > 1]
    most = min(longest / spacing * (1 + 1e-9), min(sides, default=0) / 2)
    least = max(1.0, shortest / spacing * (1 - 1e-9))
    wanted = np.geomspace(least, most, int(LAGS * np.log2(most / least)) + 1) if most > least else np.zeros(0)
    lags = np.unique(np.rint(wanted).astype(np.int64))
    lags = lags[(lags >= least) & (lags <= most)]
    if lags.size < 3:
        raise Undefined(f"fewer than three distances between {shortest:g} and {longest:g}")
    squares, pairs = np.stack([_by_tile(heights, int(lag), periodic) for lag in lags], axis=1)
    if not squares.sum(axis=1).all():
        raise Undefined("a flat map has no Hurst exponent")

    def half_slope(squares: NDArray[np.float64], pairs: NDArray[np.float64]) -> float:
        return slope(np.log(lags), np.log(squares.sum(axis=1) / pairs.sum(axis=1)))[0] / 2

    left_out = [half_slope(np.delete(squares, t, 1), np.delete(pairs, t, 1)) for t in range(TILES)]
    error = np.sqrt((TILES - 1) * np.var(left_out))
    ends = lags[0] * spacing, lags[-1] * spacing
    return Exponent(half_slope(squares, pairs), float(error), *ends, lags.size)


def _by_tile(heights: NDArray[np.float64], lag: int, periodic: bool) -> NDArray[np.float64]:
    """Sum of squared differences over a lag along both axes, and number of pairs, by the tile of the first column.

    float (2, TILES)
    """
    found = np.zeros((2, *heights.shape))
    for axis, side in enumerate(heights.shape):
        if side > 1:
            ahead = np.moveaxis(np.roll(heights, -lag, axis), axis, 0)
            here, target = np.moveaxis(heights, axis, 0), np.moveaxis(found, axis + 1, 1)
            last = side if periodic else side - lag
            target[0, :last] += (ahead[:last] - here[:last]) ** 2
            target[1, :last] += 1
    across = round(TILES**0.5) if min(heights.shape) > 1 else TILES
    for axis, side in enumerate(heights.shape, start=1):
        if side > 1:
            found = np.add.reduceat(found, np.arange(across) * side // across, axis=axis)
    return found.reshape(2, TILES)
