"""Areal roughness of a height map: the height parameters of ISO 25178-2, section 4.2."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike


class Roughness(NamedTuple):
    """Height parameters about the mean plane. Sa, Sq, Sz, Sp, Sv in the map's unit; Ssk, Sku without unit.

    Sa mean absolute deviation, Sq root mean square, Sz highest minus lowest, Ssk skewness (positive: peaks on
    a plain), Sku kurtosis (3 for Gaussian heights), Sp highest peak above and Sv deepest pit below the mean plane
    (both positive, Sp + Sv = Sz). A flat map has NaN Ssk and Sku: they are 0 / 0 there.
    """

    Sa: float
    Sq: float
    Sz: float
    Ssk: float
    Sku: float
    Sp: float
    Sv: float


def roughness(height_map: ArrayLike) -> Roughness:
    """Roughness of a map of heights, (nx, ny), ints or floats of any unit.

    The reference is the mean plane; no tilt or waviness is removed, since a periodic cell has no tilt.
    Raises ValueError for an empty map or non-finite heights.
    """
    heights = np.asarray(height_map, dtype=np.float64)
    if heights.size == 0 or not np.isfinite(heights).all():
        raise ValueError(f"roughness needs a map of finite heights, got shape {heights.shape}")
    deviation = heights - heights.mean()
    span = float(heights.max() - heights.min())
    if span == 0.0:
        return Roughness(0.0, 0.0, 0.0, float("nan"), float("nan"), 0.0, 0.0)
    square = float(np.mean(deviation**2))
    return Roughness(
        Sa=float(np.mean(np.abs(deviation))),
        Sq=float(np.sqrt(square)),
        Sz=span,
        Ssk=float(np.mean(deviation**3) / square**1.5),
        Sku=float(np.mean(deviation**4) / square**2),
        Sp=float(deviation.max()),
        Sv=float(-deviation.min()),
    )
