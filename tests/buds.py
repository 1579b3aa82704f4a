"""Buds on a plane, voxel by voxel, and what of their current can be compared with the continuum.

How to measure a tip. A voxelised sphere ends in a flat plateau of about sqrt(2 R) voxels' radius. Where W is not small
against a voxel the plateau does not matter and the voxels above its center tell the tip's current. With W = 0 current
crowds at the plateau's rim and its center lacks it by (step height)/(plateau width) ~ sqrt(voxel/R): those voxels read 9 to
13 % low at R = 8..26 and converge as R^-1/2 only. What does converge fast is the current on a part of the bud. At W = 0
the current on any conducting half spheroid is its projected area over the depolarization factor N, so the current,
weighted smoothly with the distance from the axis, over the area of the base, equally weighted, is tip over flat = 1/N.
"""

from functools import cache
from typing import NamedTuple

import numpy as np

from kmc_li import field

POWER = 3  # of the weight (1 - rho^2/R^2)^POWER that the current on a bud is averaged with


class Bud(NamedTuple):
    tip: float  # current density into the voxels above the middle of the plateau
    on_base: float  # weighted current on the bud over the weighted area of its base
    corner: float  # current density on the flat at the corner of the cell
    mean: float  # over the whole top
    current: np.ndarray


def voxels(radius, height, columns_x, columns_y, planes):
    """Half spheroid (half ellipse if columns_y is 1) of voxels whose center is inside; its axis is an edge of voxels."""
    x, z = np.arange(columns_x) + 0.5 - columns_x / 2, np.arange(planes) + 0.5
    y = np.arange(columns_y) + 0.5 - columns_y / 2 if columns_y > 1 else np.zeros(1)
    return (x[:, None, None] ** 2 + y[:, None] ** 2) / radius**2 + (z / height) ** 2 < 1


def faces(occupancy, current):
    """(centers (faces, 3), currents (faces,)) of all Li faces; a voxel's current is shared evenly among its faces."""
    collector, empty = np.ones((*occupancy.shape[:2], 1), bool), ~occupancy
    below = np.concatenate([collector, occupancy[:, :, :-1]], axis=2)
    above = np.concatenate([occupancy[:, :, 1:], ~collector], axis=2)
    sides = [(axis, -0.5 * step, np.roll(occupancy, step, axis)) for axis in (0, 1) for step in (1, -1)]
    sides = [(axis, shift, li & empty) for axis, shift, li in [*sides, (2, -0.5, below), (2, 0.5, above)]]
    count = sum(li.astype(int) for _, _, li in sides)
    centers, values = [], []
    for axis, shift, li in sides:
        center = np.argwhere(li) + 0.5
        center[:, axis] += shift
        centers.append(center)
        values.append(current[li] / count[li])
    return np.concatenate(centers), np.concatenate(values)


@cache
def solve(radius, height=None, *, wagner=0.0, cell=8.0, planar=False, weights=True, shift=None, above=None):
    """The field around a bud of `radius` and `height` voxels in a cell `cell` radii wide; W = wagner * radius.

    above: distance of the top from the bud in radii; left out, it is far.
    shift(z / radius): shift of the faces in units of (mean current density x radius / conductivity).
    """
    height = radius if height is None else height
    nx = 2 * round(cell * radius / 2)
    ny = 1 if planar else nx
    planes = int(height + ((cell / 2 if planar else 3) if above is None else above) * radius)
    occupancy = voxels(radius, height, nx, ny, planes)
    solution = field.solve(
        occupancy,
        voxel_m=1.0,
        conductivity_S_m=1.0,
        charge_transfer_resistance_ohm_m2=wagner * radius,
        current_density_A_m2=1.0,
        face_shift_V=None if shift is None else lambda z: radius * shift(z / radius),
        face_area_weights=weights,
        tolerance=1e-6,
    )
    current = solution.plating_current_A
    x, y = nx // 2, ny // 2
    tops = current[x - 1 : x + 1, max(y - 1, 0) : y + 1, int(occupancy[x, y].sum())]
    base, area = _on_base(occupancy, current, radius, planar)
    return Bud(float(tops.mean()), base / area, float(current[0, 0, 0]), float(current.sum()) / (nx * ny), current)


def _on_base(occupancy, current, radius, planar):
    center, value = faces(occupancy, current)
    away = center[:, :2] - np.array(occupancy.shape[:2]) / 2
    share = (away[:, 0] ** 2 + (0 if planar else away[:, 1] ** 2)) / radius**2
    on_bud = (center[:, 2] > 0) & (share < 1)
    weighted = float((value[on_bud] * (1 - share[on_bud]) ** POWER).sum())
    if planar:
        x = np.linspace(-1, 1, 20001)
        return weighted, radius * np.trapezoid((1 - x**2) ** POWER, x)
    return weighted, np.pi * radius**2 / (POWER + 1)


def sinusoid(wave, wagner_k):
    """(k a, i1/i / (k a)): the coefficient of cos(kx) in the current on a surface a cos(kx), 2-D, k W = wagner_k.

    Voxels round heights, so the wave compared with is the one the lattice holds: the first Fourier component of both.
    """
    k = 2 * np.pi / wave
    x = np.arange(wave) + 0.5
    heights = np.round((18 + 14 * np.cos(k * x)) * wave / 1024).astype(int)
    solution = field.solve(
        np.arange(wave // 2)[None, None, :] < heights[:, None, None],
        voxel_m=1.0,
        conductivity_S_m=1.0,
        charge_transfer_resistance_ohm_m2=wagner_k / k,
        current_density_A_m2=1.0,
        tolerance=1e-10,
    )
    in_current = 2 * (solution.plating_current_A.sum(axis=(1, 2)) * np.cos(k * x)).mean()
    in_height = 2 * (heights * np.cos(k * x)).mean()
    return k * in_height, in_current / (k * in_height)
