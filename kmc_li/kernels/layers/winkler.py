"""The pressed layer as a Winkler foundation: each column bears p = clip(K (z - z0), 0, H) for itself.

Lengths in voxels, pressures in (stiffness * voxel), so a bud that stands one voxel above the rest plane carries 1.
"""

from typing import Any, NamedTuple

import numpy as np

from kmc_li.kernels.base import verbs
from kmc_li.kernels.base.jit import leaf, njit


class Winkler(NamedTuple):
    """Constants of the layer."""

    stack_pressure: float  # in stiffness * voxel
    hardness: float
    shift_per_pressure: float  # in j voxel / kappa
    thickness: float
    conductivity: float  # over the electrolyte's


def allocate(study: Any) -> Winkler:
    """The layer of a study (`study.Parameters`)."""
    unit_V = study.current_density_A_m2 * study.voxel_m / study.conductivity_S_m
    per_voxel_Pa = study.layer.winkler_stiffness_Pa_m * study.voxel_m
    return Winkler(
        stack_pressure=study.layer.stack_pressure_MPa * 1e6 / per_voxel_Pa,
        hardness=study.metal.hardness_MPa * 1e6 / per_voxel_Pa,
        shift_per_pressure=(study.layer.piezo_shift_V_Pa + study.pressure_shift_V_Pa) * per_voxel_Pa / unit_V,
        thickness=study.layer.thickness_um / study.lattice.voxel_um,
        conductivity=study.layer_conductivity_S_m / study.conductivity_S_m,
    )


@verbs.reversed_shifts.of(Winkler)
def reversed_shifts(layer):
    return layer._replace(shift_per_pressure=-layer.shift_per_pressure)


@verbs.shifts_faces.of(Winkler)
def shifts_faces(layer):
    return layer.shift_per_pressure != 0.0


@verbs.pressure_on.of(Winkler)
@leaf
def pressure(layer, height, rest):
    return min(max(height - rest, 0.0), layer.hardness)


@njit
def mean_pressure(layer, columns, top, area, rest):
    """Mean of the pressure over all columns; columns[h]: how many have height h."""
    total = 0.0
    for h in range(top, -1, -1):
        if h <= rest:
            break
        total += columns[h] * min(h - rest, layer.hardness)
    return total / area


@njit
def _near_rest_plane(layer, area, columns, top):
    """The rest plane but for rounding, where no column bears more than the hardness; else anything."""
    bearing, total, rest = 0.0, 0.0, 0.0
    for h in range(top, -1, -1):
        bearing += columns[h]
        total += columns[h] * np.float64(h)
        rest = (total - layer.stack_pressure * area) / max(bearing, 1.0)
        if rest >= h - 1:
            break
    return rest


@verbs.rest_plane.of(Winkler)
@njit
def rest_plane(layer, area, columns, top):
    """Height of the layer's rest plane at which the mean pressure is the stack's (bisection to the last bit)."""
    low, high = -layer.stack_pressure - 1.0, float(top)
    if layer.stack_pressure <= 0.0:
        return high
    near = _near_rest_plane(layer, area, columns, top)
    below, above = near - 1e-12 * (1.0 + abs(near)), near + 1e-12 * (1.0 + abs(near))
    if below > low and mean_pressure(layer, columns, top, area, below) > layer.stack_pressure:
        low = below
    if above < high and mean_pressure(layer, columns, top, area, above) <= layer.stack_pressure:
        high = above
    for _ in range(200):
        middle = 0.5 * (low + high)
        if middle <= low or middle >= high:
            break
        if mean_pressure(layer, columns, top, area, middle) > layer.stack_pressure:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


@njit
def set_shift(layer, shift, rest, first=0, end=1 << 40):
    """Shift of a face by the height of its centre (index: half voxels), at heights first..end-1."""
    first = max(first, 0)
    set_now = shift[first : max(min(end, shift.shape[0]), first)]
    for k in range(set_now.shape[0]):
        set_now[k] = layer.shift_per_pressure * pressure(layer, 0.5 * (first + k), rest)


@njit
def set_conductivity(layer, kappa, thickness, end, rest):
    """Conductivity of each plane, by the share of it that lies inside the layer; returns whether any changed."""
    changed = False
    bottom = 0.0
    for s in range(1, end):
        height = np.float64(thickness[s])
        inside = min(bottom + height, rest + layer.thickness) - max(bottom, rest)
        value = kappa.dtype.type(1.0 + (layer.conductivity - 1.0) * max(inside, 0.0) / height)
        changed = changed or value != kappa[s]
        kappa[s] = value
        bottom += height
    return changed


@verbs.press.of(Winkler)
@njit
def press(layer, area, columns, field, n):
    """Rest plane, face shifts and conductivity of the layer; returns the lowest plane whose equations changed."""
    before = n.rest_plane
    n.rest_plane = rest_plane(layer, area, columns, n.top_plane)
    set_shift(layer, field.shift, n.rest_plane, 2 * int(min(before, n.rest_plane)) - 1, 2 * n.end_plane + 2)
    changed = False
    if layer.conductivity != 1.0:
        changed = set_conductivity(layer, field.kappa, field.thickness, n.end_plane, n.rest_plane)
    return n.first_plane if changed else max(int(min(before, n.rest_plane)), n.first_plane)



@verbs.may_dissolve.of(Winkler)
@leaf
def may_dissolve(layer, shift, s):
    """A shift above 0 drives dissolution, one below 0 drives it everywhere else."""
    return shift[2 * s] > 0 or layer.shift_per_pressure < 0


@verbs.lowers_shifts.of(Winkler)
@leaf
def lowers_shifts(layer):
    return layer.shift_per_pressure < 0


@verbs.moved.of(Winkler)
@njit
def moved(layer, area, columns, n, height):
    """By how much the shifts of all pressed faces have changed, now that a column has or had this height."""
    if height <= n.rest_plane:
        return 0.0
    rest = rest_plane(layer, area, columns, n.top_plane)
    pressed = 0
    for h in range(n.top_plane, -1, -1):
        if h <= min(rest, n.rest_plane):
            break
        pressed += columns[h]
    return abs(rest - n.rest_plane) * abs(layer.shift_per_pressure) * pressed


@verbs.added_resistance.of(Winkler)
@leaf
def added_resistance(layer, reference, top, rest):
    inside = min(reference, rest + layer.thickness) - max(np.float64(top), rest)
    return max(inside, 0.0) * (1.0 / layer.conductivity - 1.0)


@verbs.in_parts.of(Winkler)
def in_parts(layer, parts):
    return layer._replace(stack_pressure=layer.stack_pressure * parts, hardness=layer.hardness * parts)


@verbs.shift_at.of(Winkler)
@leaf
def shift_at(layer, height, rest):
    return layer.shift_per_pressure * pressure(layer, height, rest)
