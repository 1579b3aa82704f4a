"""Where the current goes: to the tips, or down the flanks."""

import numpy as np
from numpy.typing import NDArray

from .buds import Buds
from .height import as_occupancy, height_map


def tip_to_mean_current(
    plating_current: NDArray[np.float64], occupancy: NDArray[np.bool_], tip_share: float = 0.0
) -> float:
    """Current density onto the deposit's highest tips over the mean current density of the electrode.

    plating_current: (nx, ny, nz), any unit, the current into each empty voxel's metal faces (negative where
    it dissolves). The tips are the columns of the greatest height, or of the highest `tip_share` of columns;
    each is represented by the empty voxel on its top. The mean is the total over nx ny columns. 1 on a flat
    film. Returns NaN when no current flows or the tips touch the top of the box. Raises ValueError for arrays
    of other shapes.
    """
    deposit = as_occupancy(occupancy)
    current = _as_current(plating_current)
    if current.shape != deposit.shape:
        raise ValueError(f"current {current.shape} and occupancy {deposit.shape} must have one shape")
    if not 0 <= tip_share <= 1:
        raise ValueError(f"tip_share must lie between 0 and 1, got {tip_share!r}")
    heights = height_map(deposit)
    mean = float(current.sum()) / heights.size
    lowest_tip = np.sort(heights, axis=None)[-max(1, int(tip_share * heights.size))]
    x, y = np.nonzero((heights >= lowest_tip) & (heights < deposit.shape[2]))
    if mean == 0.0 or x.size == 0:
        return float("nan")
    return float(current[x, y, heights[x, y]].mean() / mean)


def current_profile(plating_current: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of the total current by height above the collector: float (nz,), summing to 1.

    NaN throughout when the total is 0. Raises ValueError for an array that is not (nx, ny, nz) or (nx, nz).
    """
    current = _as_current(plating_current)
    total = current.sum()
    if total == 0.0:
        return np.full(current.shape[2], np.nan)
    return np.asarray(current.sum(axis=(0, 1)) / total)


def bud_current_shares(plating_current: NDArray[np.float64], found: Buds) -> NDArray[np.float64]:
    """Share of the total current that each bud's upper half draws: float (buds,).

    plating_current: (nx, ny, nz), any unit, the current into each empty voxel's metal faces. found: the buds of the
    height map in voxels. A bud draws what lands in its domain above half its prominence, flanks included.
    NaN throughout when the total is 0. Raises ValueError for arrays of other shapes.
    """
    current = _as_current(plating_current)
    if current.shape[:2] != found.domain.shape:
        raise ValueError(f"current {current.shape} and height map {found.domain.shape} must have the same columns")
    total = float(current.sum())
    if total == 0.0:
        return np.full(found.height.size, np.nan)
    half = (found.height - found.prominence / 2)[found.domain]
    above = np.where(np.arange(current.shape[2]) >= half[:, :, None], current, 0.0).sum(axis=2)
    return np.bincount(found.domain.ravel(), above.ravel(), minlength=found.height.size) / total


def _as_current(plating_current: NDArray[np.float64]) -> NDArray[np.float64]:
    current = np.asarray(plating_current, dtype=np.float64)
    if current.ndim == 2:
        current = current[:, None, :]
    if current.ndim != 3 or current.size == 0 or not np.isfinite(current).all():
        raise ValueError(f"current must be finite with shape (nx, ny, nz), got {np.shape(plating_current)}")
    return current
