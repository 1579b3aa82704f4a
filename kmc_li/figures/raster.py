"""Which face of which voxel is seen at every pixel of a parallel projection: numpy alone, exact.

The lattice needs no depth buffer: along a ray towards the camera no coordinate turns back, so of two voxels on one ray
the one later in lexicographic order (each axis in its sign of the view) is in front.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kmc_li.errors import UserError
from kmc_li.morphology.height import as_occupancy

_SEAM = 1e-9  # pixels on the seam of two faces belong to both, so that rounding leaves no pinhole


class View(NamedTuple):
    """A camera infinitely far away: azimuth from the x axis, elevation above the collector, both in degrees."""

    azimuth: float = -58.0
    elevation: float = 24.0

    def axes(self) -> NDArray[np.float64]:
        """Unit vectors to the right, upwards and towards the camera: rows of a (3, 3) array."""
        a, e = np.radians(self.azimuth), np.radians(self.elevation)
        toward = [np.cos(e) * np.cos(a), np.cos(e) * np.sin(a), np.sin(e)]
        up = [-np.sin(e) * np.cos(a), -np.sin(e) * np.sin(a), np.cos(e)]
        return np.array([[-np.sin(a), np.cos(a), 0.0], up, toward])

    def project(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Right and up of points (..., 3), in their unit: (..., 2)."""
        return np.asarray(points @ self.axes()[:2].T)


class Frame(NamedTuple):
    """The part of the picture plane that is drawn: lower left corner [voxels], columns, rows, pixels a voxel."""

    left: float
    bottom: float
    columns: int
    rows: int
    scale: float

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """left, right, bottom, top [voxels], as imshow wants it."""
        return (
            self.left,
            self.left + self.columns / self.scale,
            self.bottom,
            self.bottom + self.rows / self.scale,
        )


class Faces(NamedTuple):
    """Faces that look towards the camera: int64 (faces,) each.

    x, y, z: the voxel. axis: 0, 1, 2 for a normal along x, y, z (its sign is that of the view). cut: bool, True where
    the metal goes on behind the periodic seam.
    """

    x: NDArray[np.int64]
    y: NDArray[np.int64]
    z: NDArray[np.int64]
    axis: NDArray[np.int64]
    cut: NDArray[np.bool_]


def check_view(view: View) -> View:
    """The view. Raises UserError for an elevation that does not look down on the deposit, or no number."""
    if not np.isfinite(view.azimuth) or not 0 < view.elevation <= 90:
        raise UserError(
            f"view: got azimuth {view.azimuth:g}, elevation {view.elevation:g}, "
            "must be degrees, the elevation above 0 and at most 90"
        )
    return view


def frame_of(shape: tuple[int, int, int], view: View, columns: int, margin: float = 0.03) -> Frame:
    """The frame that holds a box (nx, ny, nz) with a margin, this many pixels wide."""
    corners = view.project(np.array(shape) * np.indices((2, 2, 2)).reshape(3, 8).T)
    low, high = corners.min(axis=0), corners.max(axis=0)
    pad = margin * float((high - low).max())
    scale = columns / float(high[0] - low[0] + 2 * pad)
    rows = int(np.ceil((high[1] - low[1] + 2 * pad) * scale))
    return Frame(float(low[0]) - pad, float(low[1]) - pad, columns, rows, scale)


def signs(view: View) -> NDArray[np.int64]:
    """The side of every axis that is seen: +1 or -1, (3,)."""
    return np.where(view.axes()[2] >= 0, 1, -1).astype(np.int64)


def exposed_faces(occupancy: NDArray[np.bool_], view: View) -> Faces:
    """All faces towards the camera that border on a void or on the side of the box."""
    metal, found = as_occupancy(occupancy), []
    for axis, sign in enumerate(signs(view)):
        if abs(view.axes()[2, axis]) < 1e-12:
            continue
        ahead = np.roll(metal, -sign, axis)
        rim = np.zeros(metal.shape, dtype=np.bool_)
        rim[(slice(None),) * axis + (-1 if sign > 0 else 0,)] = True
        x, y, z = np.nonzero(metal & (~ahead | rim))
        on_rim = (rim & ahead)[x, y, z] if axis < 2 else np.zeros(x.size, dtype=np.bool_)
        found.append(Faces(x, y, z, np.full(x.size, axis), on_rim))
    return Faces(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def visible(occupancy: NDArray[np.bool_], view: View, frame: Frame) -> tuple[Faces, NDArray[np.int64]]:
    """Faces and, for every pixel, the index of the one seen there, -1 for none: int64 (rows, columns), row 0 lowest.

    A pixel is its centre. Raises ValueError for an array that is no occupancy.
    """
    metal = as_occupancy(occupancy)
    faces = exposed_faces(metal, view)
    side = signs(view)
    x, y, z = (np.where(s > 0, c, n - 1 - c) for s, c, n in zip(side, faces[:3], metal.shape, strict=True))
    order = np.argsort((x * metal.shape[1] + y) * metal.shape[2] + z, kind="stable")
    faces = Faces(x=faces.x[order], y=faces.y[order], z=faces.z[order], axis=faces.axis[order], cut=faces.cut[order])
    buffer = np.full(frame.rows * frame.columns, -1, dtype=np.int64)
    for axis in range(3):
        _paint(buffer, np.nonzero(faces.axis == axis)[0], face_corner(faces, view), axis, view, frame)
    return faces, buffer.reshape(frame.rows, frame.columns)


def face_corner(faces: Faces, view: View) -> NDArray[np.float64]:
    """The corner of every face with the least coordinates: (faces, 3) [voxels]."""
    corner = np.stack(faces[:3], axis=1).astype(np.float64)
    here = np.arange(faces.axis.size)
    corner[here, faces.axis] += (signs(view) > 0)[faces.axis]
    return corner


def edges_of(axis: int) -> tuple[int, int]:
    """The two axes that a face normal to this one extends along."""
    return (1, 2) if axis == 0 else (0, 2) if axis == 1 else (0, 1)


def inverse_map(axis: int, view: View) -> NDArray[np.float64] | None:
    """From the picture plane [voxels] to the coordinates on a face: (2, 2); None for a face seen edge on."""
    forward = view.axes()[:2][:, edges_of(axis)]
    return None if abs(np.linalg.det(forward)) < 1e-12 else np.asarray(np.linalg.inv(forward))


def _paint(
    buffer: NDArray[np.int64],
    which: NDArray[np.int64],
    corner: NDArray[np.float64],
    axis: int,
    view: View,
    frame: Frame,
) -> None:
    """Raise the buffer to a face's number at every pixel whose centre the face covers."""
    inverse = inverse_map(axis, view)
    if which.size == 0 or inverse is None:
        return
    at = (view.project(corner[which]) - (frame.left, frame.bottom)) * frame.scale - 0.5
    spans = view.axes()[:2][:, edges_of(axis)] * frame.scale  # columns: the two edges, in pixels
    low = np.minimum(spans, 0).sum(axis=1)
    first = np.ceil(at + low - 1e-6).astype(np.int64)
    wide, tall = np.ceil(np.abs(spans).sum(axis=1) + 1e-6).astype(int) + 1
    a0, b0 = ((first - at) @ (inverse / frame.scale).T).T
    (a_u, a_v), (b_u, b_v) = inverse / frame.scale
    for v in range(tall):
        row = first[:, 1] + v
        for u in range(wide):
            a, b, column = a0 + (a_u * u + a_v * v), b0 + (b_u * u + b_v * v), first[:, 0] + u
            hit = (a >= -_SEAM) & (a <= 1 + _SEAM) & (b >= -_SEAM) & (b <= 1 + _SEAM)
            hit &= (column >= 0) & (column < frame.columns) & (row >= 0) & (row < frame.rows)
            np.maximum.at(buffer, row[hit] * frame.columns + column[hit], which[hit])
