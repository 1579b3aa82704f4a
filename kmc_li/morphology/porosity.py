"""Porosity: the void share of the space that a deposit's envelope encloses."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .height import as_occupancy, height_map


def porosity(occupancy: NDArray[np.bool_], start_voxels: int = 0) -> float:
    """Void share under the envelope (below each column's top), 0..1.

    start_voxels leaves the layers below the starting surface out of the count, so that a thick substrate does
    not dilute the answer. Where nothing stands above it there is no envelope and the porosity is 0.
    Raises ValueError for an array that is no occupancy or a start outside the box.
    """
    deposit = as_occupancy(occupancy)
    if not 0 <= start_voxels <= deposit.shape[2]:
        raise ValueError(f"start_voxels must lie in the box (0..{deposit.shape[2]}), got {start_voxels}")
    enclosed = int(np.maximum(height_map(deposit) - start_voxels, 0).sum())
    metal = int(np.count_nonzero(deposit[:, :, start_voxels:]))
    return 1.0 - metal / enclosed if enclosed else 0.0


def porosity_profile(
    occupancy: NDArray[np.bool_], against: Literal["height", "depth"] = "height"
) -> NDArray[np.float64]:
    """Porosity by height above the collector, or by depth below each column's own top: float (nz,).

    Entry k is the void share of the voxels k layers up (or k layers below the top) that lie under the
    envelope; NaN where none does. By depth, entry 0 is 0 by construction: a top is metal.
    Raises ValueError for an array that is no occupancy or another `against`.
    """
    deposit = as_occupancy(occupancy)
    heights = height_map(deposit)
    nz = deposit.shape[2]
    # columns whose envelope reaches past layer k, the same count by height and by depth
    enclosed = (heights.ravel()[:, None] > np.arange(nz)).sum(axis=0)
    if against == "height":
        metal = np.count_nonzero(deposit, axis=(0, 1))
    elif against == "depth":
        x, y, z = np.nonzero(deposit)
        metal = np.bincount(heights[x, y] - 1 - z, minlength=nz)
    else:
        raise ValueError(f"against must be 'height' or 'depth', got {against!r}")
    with np.errstate(invalid="ignore"):
        return np.where(enclosed > 0, 1.0 - metal / enclosed, np.nan)


def solid_profile(occupancy: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Metal share of every whole layer by height above the collector: float (nz,), 0..1."""
    deposit = as_occupancy(occupancy)
    return np.asarray(np.mean(deposit, axis=(0, 1), dtype=np.float64))
