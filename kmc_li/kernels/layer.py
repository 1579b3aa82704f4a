"""The pressed layer: its rest plane, the shift of the Li faces it touches, the conductivity it brings along.

Lengths in voxels, pressures in (stiffness * voxel), so a bud that stands one voxel above the rest plane carries 1.
"""

import numpy as np

from .jit import njit


@njit
def mean_pressure(columns, top, columns_total, rest, hardness):
    """Mean over columns of clip(height - rest, 0, hardness)."""
    total = 0.0
    for h in range(top, -1, -1):
        if h <= rest:
            break
        total += columns[h] * min(h - rest, hardness)
    return total / columns_total


@njit
def rest_plane(columns, top, columns_total, stack_pressure, hardness):
    """Height of the layer's rest plane at which the mean pressure is the stack's (bisection to the last bit)."""
    low, high = -stack_pressure - 1.0, float(top)
    if stack_pressure <= 0.0:
        return high
    for _ in range(200):
        middle = 0.5 * (low + high)
        if middle <= low or middle >= high:
            break
        if mean_pressure(columns, top, columns_total, middle, hardness) > stack_pressure:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


@njit
def set_shift(shift, rest, hardness, shift_per_pressure):
    """Shift of a face by the height of its centre (index: half voxels)."""
    for h in range(shift.shape[0]):
        pressure = min(max(0.5 * h - rest, 0.0), hardness)
        shift[h] = shift_per_pressure * pressure


@njit
def resistance_above(model, kappa, thickness, top, hi, rest):
    """Resistance of a column from the upper face of plane hi - 1 to the reference plane.

    With what the planes above the deposit lack, which hold the mean conductivity where the layer ends inside them.
    """
    total = model.reference - top
    if model.layer:
        inside = min(model.reference, rest + model.layer_thickness) - max(np.float64(top), rest)
        total += max(inside, 0.0) * (1.0 / model.layer_conductivity - 1.0)
    for s in range(top + 1, hi):
        total -= np.float64(thickness[s]) / np.float64(kappa[s])
    return max(total, 0.0)


@njit
def set_conductivity(kappa, thickness, hi, rest, layer_thickness, ratio):
    """Conductivity of each plane, by the share of it that lies inside the layer; returns whether any changed."""
    changed = False
    bottom = 0.0
    for s in range(1, hi):
        height = np.float64(thickness[s])
        inside = min(bottom + height, rest + layer_thickness) - max(bottom, rest)
        value = kappa.dtype.type(1.0 + (ratio - 1.0) * max(inside, 0.0) / height)
        changed = changed or value != kappa[s]
        kappa[s] = value
        bottom += height
    return changed
