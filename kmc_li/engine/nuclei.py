"""Half spheres of metal on the collector, as heights of columns."""

import math

import numpy as np
from numpy.typing import NDArray

from kmc_li.errors import UserError

Array = NDArray[np.float64]
_MOST = 1_000_000
_UNRESOLVED = 0.125  # radius over voxel below which a nucleus is its volume, in one column
_POINTS = 8  # along a radius, over which the height of a column is averaged


def heights_um(shape: tuple[int, int], voxel_um: float, per_um2: float, radius_um: float, seed: list[int]) -> Array:
    """Mean height of each column [um], float64 (nx, ny). The number of nuclei is a Poisson number, so that one place
    knows nothing of another; number and places do not depend on the voxel.

    A box one voxel wide along y is a cut: it meets the half spheres whose centres lie within a radius of it.
    Raises UserError for more nuclei than a million.
    """
    nx, ny = shape
    width_um, depth_um = nx * voxel_um, 2.0 * radius_um if ny == 1 else ny * voxel_um
    mean = per_um2 * width_um * depth_um
    if mean > _MOST:
        raise UserError(
            f"substrate.nuclei_per_um2: got {per_um2:g}, must be at most {_MOST / (width_um * depth_um):.4g} for "
            f"{_MOST} nuclei in the box"
        )
    rng = np.random.Generator(np.random.PCG64(seed))
    places = rng.random((rng.poisson(mean), 2)) * (width_um, depth_um)
    radii = np.full(len(places), radius_um)
    if ny == 1:  # the radius of the cut, through the box's middle
        radii = np.sqrt((radius_um**2 - (places[:, 1] - radius_um) ** 2).clip(0.0))
        places[:, 1] = 0.5 * voxel_um
    if radius_um < _UNRESOLVED * voxel_um:
        volume_um = math.pi / 2.0 * radii**2 / voxel_um if ny == 1 else 2.0 * math.pi / 3.0 * radii**3 / voxel_um**2
        column = (places[:, 0] // voxel_um).astype(np.int64) * ny + (places[:, 1] // voxel_um).astype(np.int64)
        return np.asarray(np.bincount(column, volume_um, nx * ny).reshape(shape), np.float64)
    return _union(shape, voxel_um, places, radii)


def _union(shape: tuple[int, int], voxel_um: float, places: Array, radii: Array) -> Array:
    """The highest nucleus above each point of a fine grid, averaged over columns; a row of columns at a time."""
    nx, ny = shape
    points = int(np.clip(math.ceil(_POINTS * voxel_um / radii.max(initial=voxel_um)), 2, 64))
    across = points if ny > 1 else 1
    step, rows, width, depth = voxel_um / across, ny * across, nx * voxel_um, ny * voxel_um
    out = np.zeros(shape)
    for column in range(nx):
        x = (column + (np.arange(points) + 0.5) / points) * voxel_um
        middle = (column + 0.5) * voxel_um
        away = np.abs((places[:, 0] - middle + 0.5 * width) % width - 0.5 * width)
        strip = np.zeros((points, rows))
        for at in np.flatnonzero(away < radii + 0.5 * voxel_um):
            first = math.floor((places[at, 1] - radii[at]) / step)
            y = np.arange(first, first + min(math.ceil(2.0 * radii[at] / step) + 2, rows)) % rows
            dx = (x - places[at, 0] + 0.5 * width) % width - 0.5 * width
            dy = ((y + 0.5) * step - places[at, 1] + 0.5 * depth) % depth - 0.5 * depth
            square = radii[at] ** 2 - dx[:, None] ** 2 - dy[None, :] ** 2
            strip[:, y] = np.maximum(strip[:, y], np.sqrt(square.clip(0.0)))
        out[column] = strip.reshape(points, ny, across).mean(axis=(0, 2))
    return out
