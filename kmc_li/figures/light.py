"""Light on the faces that are seen: a lamp from the upper left with its shadow, and a sky that crevices do not see."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from kmc_li.figures.raster import Faces, Frame, View, edges_of, face_corner, frame_of, inverse_map, signs, visible

_LAMP_LEFT, _LAMP_ELEVATION = -75.0, 42.0  # degrees, the azimuth seen from the camera
_LAMP, _SKY = 0.55, 0.6
_SHADOW_PIXELS = 900
_BIAS = 0.35  # voxels that a shadow starts behind what casts it, so that no face shades itself
_SOFT = 0.4  # voxels, half width of a shadow's edge
_CREVICES = ((1.2, 0.7), (4.5, 0.8))  # blur [voxels] and weight of the two sizes of crevices that darken


def points_seen(faces: Faces, seen: NDArray[np.int64], view: View, frame: Frame) -> NDArray[np.float64]:
    """Where the rays of pixels meet the faces they see: (pixels, 3) [voxels], in the order of nonzero(seen >= 0)."""
    row, column = np.nonzero(seen >= 0)
    face = seen[row, column]
    at, axis = face_corner(faces, view)[face], faces.axis[face]
    right, up = view.axes()[:2]
    across = (column + 0.5) / frame.scale + frame.left - at @ right
    upward = (row + 0.5) / frame.scale + frame.bottom - at @ up
    for normal in range(3):
        which, inverse = np.nonzero(axis == normal)[0], inverse_map(normal, view)
        if inverse is None:
            continue
        for k, edge in enumerate(edges_of(normal)):
            along = inverse[k, 0] * across[which] + inverse[k, 1] * upward[which]
            at[which, edge] += np.clip(along, 0, 1)
    return at


def brightness(
    metal: NDArray[np.bool_], at: NDArray[np.float64], axis: NDArray[np.int64], view: View
) -> NDArray[np.float64]:
    """Factor on the colour of points (n, 3) on faces with these axes."""
    lamp = View(view.azimuth + _LAMP_LEFT, _LAMP_ELEVATION)
    normal = np.zeros_like(at)
    normal[np.arange(axis.size), axis] = signs(view)[axis]
    towards = np.clip(normal @ lamp.axes()[2], 0, None)
    lit = np.zeros(axis.size)
    facing = towards > 0
    lit[facing] = _lit_share(metal, at[facing], lamp)
    return np.asarray(_LAMP * towards * lit + _SKY * _open_sky(metal, at, normal))


def _lit_share(metal: NDArray[np.bool_], at: NDArray[np.float64], lamp: View) -> NDArray[np.float64]:
    """Share of the lamp that points see, by a shadow map: what the lamp itself sees of the deposit."""
    shape = metal.shape[0], metal.shape[1], metal.shape[2]
    frame = frame_of(shape, lamp, min(_SHADOW_PIXELS, 5 * (shape[0] + shape[1])))
    faces, seen = visible(metal, lamp, frame)
    nearest = np.full(seen.shape, -np.inf)
    nearest[seen >= 0] = points_seen(faces, seen, lamp, frame) @ lamp.axes()[2]
    depth = at @ lamp.axes()[2]
    place = lamp.project(at) - (frame.left, frame.bottom)
    share = np.zeros(depth.size)
    offsets = [(u, v) for u in (-1, 0, 1) for v in (-1, 0, 1)]
    for offset in offsets:
        pixel = ((place + np.multiply(offset, _SOFT)) * frame.scale).astype(np.int64)
        column = np.clip(pixel[:, 0], 0, frame.columns - 1)
        row = np.clip(pixel[:, 1], 0, frame.rows - 1)
        share += nearest[row, column] <= depth + _BIAS + _SOFT
    return share / len(offsets)


def _open_sky(
    metal: NDArray[np.bool_], at: NDArray[np.float64], normal: NDArray[np.float64]
) -> NDArray[np.float64]:
    """How open the surroundings of points are: 1 on a plane, less in a crevice, a little more on a tip."""
    sky = np.ones(len(at))
    for blur, weight in _CREVICES:
        density = gaussian_filter(metal.astype(np.float32), blur, mode=("wrap", "wrap", "constant"))
        place = (at + blur * normal * 0.6 - 0.5).T
        place[:2] %= np.array(metal.shape[:2])[:, None]
        around = map_coordinates(density, place, order=1, mode="grid-wrap")
        # a plane seen from 0.6 blurs above it fills 27 % of a Gaussian
        sky -= weight * (around - 0.27)
    return np.clip(sky, 0.22, 1.15)
