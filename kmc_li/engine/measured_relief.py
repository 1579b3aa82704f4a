"""A measured height map on the columns of a box, mirrored so that it is periodic."""

import math

import numpy as np
from numpy.typing import NDArray

from kmc_li.surfaces import level, read_height_map

Array = NDArray[np.float64]
_POINTS = 8  # of a linear interpolation averaged over a column, for each of the map's heights


def heights_um(
    shape: tuple[int, int], voxel_um: float, path: str, pixel_um: float | None, channel: str | None, seed: list[int]
) -> Array:
    """Mean height of each column [um], float64 (nx, ny); the map's mean plane is taken off.

    A window of the map, half the box wide or a whole fraction of that, is laid there and back along each axis; the seed
    says where in the map it lies. Raises UserError for a file that cannot be read.
    """
    scan = level(read_height_map(path, pixel_um, channel=channel))
    drawn = np.random.Generator(np.random.PCG64(seed)).random(2)
    along = [_weights(side, voxel_um, count, scan.pixel_um, at)
             for side, count, at in zip(shape, scan.z_um.shape, drawn, strict=True)]  # fmt: skip
    return np.asarray(along[0] @ scan.z_um @ along[1].T)


def _weights(columns: int, voxel_um: float, count: int, pixel_um: float, drawn: float) -> Array:
    """What each of the map's heights along an axis adds to each column: float64 (columns, count)."""
    extent = (count - 1) * pixel_um
    box = columns * voxel_um if columns > 1 else 0.0  # a box of one column is a cut
    window = 0.5 * box / max(math.ceil(0.5 * box / extent), 1)
    points = min(max(math.ceil(_POINTS * voxel_um / pixel_um), 2), 512) if columns > 1 else 1
    x = (np.arange(columns * points) + 0.5) / points * voxel_um
    there_and_back = window - np.abs(x % (2.0 * window) - window) if window > 0.0 else np.zeros(1)
    place = (drawn * (extent - window) + there_and_back) / pixel_um
    below = np.clip(place.astype(np.int64), 0, count - 2)
    row, share = np.repeat(np.arange(columns), points), place - below
    out = np.zeros((columns, count))
    np.add.at(out, (row, below), (1.0 - share) / points)
    np.add.at(out, (row, below + 1), share / points)
    return out
