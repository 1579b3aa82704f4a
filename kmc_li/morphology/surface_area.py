"""Area of the surface between metal and pores: counted in voxel faces, and corrected for the staircase."""

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .height import as_occupancy

SIGMA = 1.5  # voxels, of the Gaussian that gives the normals: less follows the steps, more rounds off edges
RADIUS = 5  # voxels, where the Gaussian is cut off
HALO = RADIUS + 2
SLAB = 24  # x layers at a time, so that a large box needs little memory


class SurfaceArea(NamedTuple):
    """Area in voxel faces (multiply by the edge squared): all faces, and the smooth surface they stand for."""

    faces: float
    smooth: float


def surface_area(occupancy: NDArray[np.bool_], periodic: bool = True) -> SurfaceArea:
    """Area between metal and void of an occupancy (nx, ny, nz), in voxel faces.

    faces counts the faces between a metal and a void voxel: right for blocks, 3/2 of the truth for spheres. smooth
    weighs each face by the part of the local normal that it shows, |n_axis| of the smoothed occupancy's gradient
    (Flin et al., IEEE Trans. Image Process. 14, 585 (2005)). That is exact on planes along the axes; spheres placed at
    random are off by 2 % (worst of 100: 11 %) at a radius of 3 voxels, 0.5 % (1.5 %) at 6, 0.2 % (0.7 %) from 12 on.
    Sharp edges lose area within some 2 voxels: a cube of 20 voxels reads 6 % low, a column one voxel wide 5 %. A body
    that is rough voxel by voxel has no normals to speak of, and its faces count half: there `smooth` is no estimate.
    periodic: faces across the seams of x and y count. The bottom and top of the box never do, nor, if not periodic,
    its sides. Raises ValueError for an array that is no occupancy.
    """
    deposit = as_occupancy(occupancy)
    nx = deposit.shape[0]
    sides: Literal["wrap", "edge"] = "wrap" if periodic else "edge"
    padded = np.pad(deposit, [(0, 0), (HALO, HALO), (0, 0)], mode=sides)
    padded = np.pad(padded, [(0, 0), (0, 0), (HALO, HALO)], mode="edge")
    faces = smooth = 0.0
    for first in range(0, nx, SLAB):
        last = min(first + SLAB, nx)
        layers = np.arange(first - HALO, last + HALO)
        slab = padded[layers % nx if periodic else layers.clip(0, nx - 1)]
        found = _slab_area(slab)
        faces, smooth = faces + found.faces, smooth + found.smooth
    return SurfaceArea(faces, smooth)


def _slab_area(slab: NDArray[np.bool_]) -> SurfaceArea:
    """Area between each voxel inside the halo and its next neighbors along x, y and z."""
    from scipy.ndimage import gaussian_filter

    density = gaussian_filter(slab.astype(np.float32), SIGMA, mode="nearest", radius=RADIUS)
    gradient = [_inner(density, 1, axis) - _inner(density, -1, axis) for axis in range(3)]  # one voxel of halo left
    metal = slab[HALO - 1 : 1 - HALO, HALO - 1 : 1 - HALO, HALO - 1 : 1 - HALO]
    here = (slice(1, -1),) * 3
    faces = smooth = 0.0
    for axis in range(3):
        there = tuple(slice(2, None) if a == axis else slice(1, -1) for a in range(3))
        face = metal[here] != metal[there]
        normal = np.stack([part[here][face] + part[there][face] for part in gradient])
        length = np.sqrt((normal**2).sum(axis=0))
        # between layers one voxel thick the smoothed occupancy is even: the face itself is all there is
        shown = np.divide(np.abs(normal[axis]), length, out=np.ones_like(length), where=length > 1e-4)
        faces, smooth = faces + int(np.count_nonzero(face)), smooth + float(shown.sum(dtype=np.float64))
    return SurfaceArea(faces, smooth)


def _inner(array: NDArray[np.float32], shift: int, axis: int) -> NDArray[np.float32]:
    """The array less all but one layer of its halo, moved by a voxel along one axis."""
    cut = HALO - 1
    shifts = [shift if a == axis else 0 for a in range(3)]
    return array[tuple(slice(cut + s, side - cut + s) for s, side in zip(shifts, array.shape, strict=True))]
