"""The envelope of a deposit: the height of the topmost metal voxel of every column."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def as_occupancy(occupancy: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The array as bool (nx, ny, nz), a view; (nx, nz) becomes (nx, 1, nz).

    Raises ValueError for another dtype, another number of axes or an empty axis.
    """
    array = np.asarray(occupancy)
    if array.dtype != np.bool_:
        raise ValueError(f"occupancy must be bool (True where there is metal), got dtype {array.dtype}")
    if array.ndim == 2:
        array = array[:, None, :]
    if array.ndim != 3 or array.size == 0:
        raise ValueError(f"occupancy must have shape (nx, ny, nz) or (nx, nz), got {np.shape(occupancy)}")
    return array


def height_map(occupancy: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Top metal voxel index + 1 of every column: int64 (nx, ny) in voxels, 0 where a column has no metal.

    Metal that hangs free counts as well; mask with `attached_to_collector` to leave it out.
    Raises ValueError for an array that is no occupancy.
    """
    deposit = as_occupancy(occupancy)
    nz = deposit.shape[2]
    from_top = np.argmax(deposit[:, :, ::-1], axis=2).astype(np.int64)
    return np.where(deposit.any(axis=2), nz - from_top, 0)


def as_height_map(height_map: ArrayLike, spacing: float = 1.0) -> NDArray[np.float64]:
    """The heights as float64 (nx, ny).

    Raises ValueError for a map that is not 2-D, empty or not finite, or a spacing that is not positive.
    """
    heights = np.asarray(height_map, dtype=np.float64)
    if heights.ndim != 2 or heights.size == 0 or not np.isfinite(heights).all():
        raise ValueError(f"the height map must be finite with shape (nx, ny), got {heights.shape}")
    if not spacing > 0:
        raise ValueError(f"spacing must be positive, got {spacing!r}")
    return heights
