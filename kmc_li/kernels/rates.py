"""Rates of plating and dissolution of single voxels, kept in the class lists."""

import numpy as np

from . import classes
from .field import face_currents, strip_current
from .jit import leaf
from .lattice import NEIGHBOURS, is_empty
from .state import UNIFORM


@leaf
def site_rate(model, cell, field, x, y, s):
    """Rate of a voxel in units of the current through one column: plating if it is empty, dissolution if it is Li."""
    here = cell[x, y, s]
    if is_empty(here):
        if (here & NEIGHBOURS) == 0:
            return 0.0
        if model.kinetics == UNIFORM:
            return 1.0
        current = face_currents(field, cell, x, y, s)[0]
    elif model.strip and s > 0 and field.shift[2 * s] > 0:
        current = strip_current(field, cell, x, y, s)
    else:
        return 0.0
    return current if model.exponent == 1.0 else current**model.exponent


@leaf
def update(model, cell, field, sites, n, x, y, s):
    """Put a voxel's present rate on the lists and into the running totals."""
    _, ny, ns = cell.shape
    rate = np.float32(site_rate(model, cell, field, x, y, s))
    change = classes.put(sites, (x * ny + y) * ns + s, rate)
    if is_empty(cell[x, y, s]):
        n.plate_sum += change
    else:
        n.strip_sum += change


@leaf
def withdraw(cell, sites, n, x, y, s):
    """Take a voxel off the lists before it turns from empty to Li or back."""
    _, ny, ns = cell.shape
    change = classes.put(sites, (x * ny + y) * ns + s, np.float32(0))
    if is_empty(cell[x, y, s]):
        n.plate_sum += change
    else:
        n.strip_sum += change
