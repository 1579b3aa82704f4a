"""Slope and developed area of a height map: the hybrid parameters Sdq and Sdr of ISO 25178-2.

Both use the shortest stencil, differences between neighboring columns. A wider one (central differences) misses the
shortest wave, to which a surface of single voxels owes most of its slope.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .height import as_height_map


def rms_gradient(height_map: ArrayLike, spacing: float = 1.0, periodic: bool = True) -> float:
    """Root mean square gradient Sdq, without unit: sqrt(<(dz/dx)^2> + <(dz/dy)^2>), by forward differences.

    height_map: (nx, ny), in the unit of spacing, the distance of neighboring columns. periodic: the differences
    across the seams count as well; otherwise each mean runs over the differences inside the map.
    A wave of wave number k reads sin(k spacing / 2) / (k spacing / 2) of its slope.
    Raises ValueError for a map that is not 2-D and finite, or a spacing that is not positive.
    """
    heights = as_height_map(height_map, spacing)
    rows = (_closed(heights, periodic, 0), _closed(heights, periodic, 1).T)
    squares = (np.diff(line, axis=0) ** 2 for line in rows if len(line) > 1)
    return float(np.sqrt(sum(float(square.mean()) for square in squares)) / spacing)


def developed_area_ratio(height_map: ArrayLike, spacing: float = 1.0, periodic: bool = True) -> float:
    """Developed interfacial area ratio Sdr: area of the surface over its projection, less 1 (0.02 is 2 %).

    The area by ISO 25178-2:2021, D.15: each cell of four neighboring columns is split into two triangles along
    either diagonal, and both areas are averaged. periodic closes the map across its seams; otherwise the
    (nx - 1)(ny - 1) cells inside count, and a map of one line has none: NaN.
    Raises ValueError for a map that is not 2-D and finite, or a spacing that is not positive.
    """
    heights = _closed(as_height_map(height_map, spacing), periodic, 0, 1)
    if min(heights.shape) < 2:
        return float("nan")
    along_x, along_y = ((np.diff(heights, axis=axis) / spacing) ** 2 for axis in (0, 1))
    # a triangle spanned by an x edge and a y edge of slopes p and q has the area sqrt(1 + p^2 + q^2) / 2
    corners = [
        np.sqrt(1 + p + q).mean()
        for p in (along_x[:, :-1], along_x[:, 1:])
        for q in (along_y[:-1, :], along_y[1:, :])
    ]
    return float(np.mean(corners) - 1)


def _closed(heights: NDArray[np.float64], periodic: bool, *axes: int) -> NDArray[np.float64]:
    """The map with its first line along each axis again behind the last, if it is periodic."""
    return np.pad(heights, [(0, int(axis in axes)) for axis in (0, 1)], mode="wrap") if periodic else heights
