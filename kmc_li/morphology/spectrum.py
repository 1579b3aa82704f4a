"""Power spectral density of a height map.

Convention of Jacobs, Junge and Pastewka, Surf. Topogr. Metrol. Prop. 5, 013001 (2017): C(q) integrates, over
d^2q / (2 pi)^2 for a surface and dq / (2 pi) for a line, to the mean square roughness Sq^2.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .height import as_height_map
from .undefined import Undefined


class Spectrum(NamedTuple):
    """Radially averaged power spectral density of a map: q [1/length], C [height^2 length^dimensions].

    modes: the independent values behind each C, counted as real numbers (a window leaves fewer).
    """

    q: NDArray[np.float64]
    density: NDArray[np.float64]
    dimensions: int
    modes: NDArray[np.float64]


def power_spectrum(height_map: ArrayLike, spacing: float = 1.0, periodic: bool = True) -> Spectrum:
    """Power spectral density of a height map (nx, ny), averaged over rings of equal |q|.

    spacing: distance of neighboring columns, in the length unit wanted. A map with nx = 1 or ny = 1 is a
    line (dimensions = 1). Rings are one smallest wave number wide, from the box length down to two columns
    (shorter waves exist only along the diagonals). A map that is not periodic gets a Hann window along each axis,
    which mixes each ring with its neighbors: leave the first two or three out of a fit.
    Raises ValueError for a map that is not 2-D and finite, or a spacing that is not positive; Undefined for one column.
    """
    heights = as_height_map(height_map, spacing)
    sides = [side for side in heights.shape if side > 1]
    if not sides:
        raise Undefined("a map of one column has no spectrum")
    taper = np.ones_like(heights) if periodic else np.multiply.outer(*(_hann(side) for side in heights.shape))
    tapered = taper * (heights - np.average(heights, weights=taper))
    power = np.abs(np.fft.fft2(tapered)) ** 2 * spacing ** len(sides) / (taper**2).sum()
    wave = [2 * np.pi * np.fft.fftfreq(side, spacing) for side in heights.shape]
    q = np.hypot(wave[0][:, None], wave[1][None, :])
    step = 2 * np.pi / (max(sides) * spacing)
    ring = np.rint(q / step).astype(np.int64)
    inside = (ring >= 1) & (q <= np.pi / spacing * (1 + 1e-12))
    # ring k holds at least wave number k of the longer side, so none is empty
    modes = np.bincount(ring[inside])[1:]
    mean_q = np.bincount(ring[inside], q[inside])[1:] / modes
    density = np.bincount(ring[inside], power[inside])[1:] / modes
    independent = (taper**2).mean() ** 2 / (taper**4).mean()
    return Spectrum(mean_q, density, len(sides), np.asarray(modes * independent, dtype=np.float64))


def _hann(side: int) -> NDArray[np.float64]:
    """Hann window over so many columns; 1 for a single one."""
    return np.sin(np.pi * (np.arange(side) + 0.5) / side) ** 2 if side > 1 else np.ones(1)
