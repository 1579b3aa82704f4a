"""Thickness of a deposit: what a cross-section micrograph measures."""

import numpy as np
from numpy.typing import NDArray

from .height import height_map


def thickness(occupancy: NDArray[np.bool_], start_voxels: float = 0) -> float:
    """Mean over columns of the top height above the starting surface [voxels].

    start_voxels: height of that surface. Where metal was stripped below it a column counts negative.
    Raises ValueError for an array that is no occupancy.
    """
    return float(height_map(occupancy).mean() - start_voxels)


def thickness_percentile(occupancy: NDArray[np.bool_], q: float = 95, start_voxels: float = 0) -> float:
    """The q-th percentile over columns of the top height above the starting surface [voxels].

    Percentiles between two columns are interpolated linearly. Raises ValueError for q outside 0..100.
    """
    if not 0 <= q <= 100:
        raise ValueError(f"q must lie between 0 and 100, got {q!r}")
    return float(np.percentile(height_map(occupancy), q) - start_voxels)
