"""Levelling a height map as users of atomic force microscopes do."""

from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.polynomial.legendre import legvander
from numpy.typing import NDArray

from kmc_li.errors import UserError

from .height_map import HeightMap

HIGHEST = 10
METHODS = ("plane", "polynomial", "lines")


def level(
    height_map: HeightMap, method: Literal["plane", "polynomial", "lines"] = "plane", order: int = 2
) -> HeightMap:
    """The map less its background, mean (or median) height 0.

    plane: the least-squares plane. polynomial: the least-squares polynomial of total degree `order` in x and y (1 is
    the plane, 0 the mean). lines: from each scan line its median, which takes off the steps between lines and, of
    real structure, all that is the same along x.
    Raises UserError for another method, or an order outside 0..10 or with more terms than the map can tell apart.
    """
    if method not in METHODS:
        raise UserError(f"level: got '{method}', must be one of: {', '.join(METHODS)}")
    if method == "lines":
        flat = height_map.z_um - np.median(height_map.z_um, axis=0)
        return replace(height_map, z_um=flat, source=f"{height_map.source}, median of each line taken off")
    degree = 1 if method == "plane" else order
    most = min(HIGHEST, min(height_map.z_um.shape) - 1)
    if isinstance(degree, bool) or not isinstance(degree, int) or not 0 <= degree <= most:
        raise UserError(f"level: order: got {degree!r}, must be a whole number from 0 to {most}")
    done = "mean plane" if method == "plane" else f"polynomial of order {degree}"
    flat = height_map.z_um - _background(height_map.z_um, degree)
    return replace(height_map, z_um=flat, source=f"{height_map.source}, {done} taken off")


def _background(heights: NDArray[np.float64], degree: int) -> NDArray[np.float64]:
    """The least-squares polynomial of that total degree, by its normal equations in products of Legendre's."""
    along_x, along_y = (legvander(np.linspace(-1, 1, side), degree) for side in heights.shape)
    a, b = (power.ravel() for power in np.indices((degree + 1, degree + 1)))
    a, b = a[a + b <= degree], b[a + b <= degree]
    overlap_x, overlap_y = along_x.T @ along_x, along_y.T @ along_y
    normal = overlap_x[np.ix_(a, a)] * overlap_y[np.ix_(b, b)]
    weights = np.zeros((degree + 1, degree + 1))
    weights[a, b] = np.linalg.solve(normal, (along_x.T @ heights @ along_y)[a, b])
    return np.asarray(along_x @ weights @ along_y.T)
