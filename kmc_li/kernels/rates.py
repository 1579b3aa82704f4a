"""Rates of plating and dissolution of single voxels, kept in the class lists."""

import numpy as np

from . import classes
from .field import face_currents, live_faces, strip_current, wrapped
from .jit import leaf, njit
from .lattice import NEIGHBOURS, is_empty
from .state import UNIFORM


@leaf
def may_strip(model, shift, s):
    """Whether a Li voxel of this plane can dissolve: a shift above 0 drives it, one below 0 does it to all others."""
    return model.strip and s > 0 and (shift[2 * s] > 0 or model.shift_per_pressure < 0)


@leaf
def site_rate(model, cell, box, phi, sink, rhs, shift, column, s):
    """Rate of a voxel in units of the current through one column: plating if it is empty, dissolution if it is Li."""
    i = column * box.ns + s
    here = cell[i]
    if is_empty(here):
        if model.kinetics == UNIFORM:
            faces = live_faces(cell, box, column, s) if model.connects else here & NEIGHBOURS
            return 1.0 if faces != 0 else 0.0
        if rhs[i] == 0:
            current = max(np.float64(sink[i]) * np.float64(phi[i]), 0.0)
        else:
            current = face_currents(cell, box, phi, sink, shift, column, s)[0]
    elif may_strip(model, shift, s):
        current = strip_current(cell, box, phi, sink, shift, column, s)
    else:
        return 0.0
    return current if model.exponent == 1.0 or current <= 0.0 else current**model.exponent


@njit
def update_window(model, cell, box, field, sites, n, column, s, reach):
    """Put the present rates of a cube around a voxel on the lists and into the running totals."""
    phi, sink, rhs, shift = field.phi, field.sink, field.rhs, field.shift
    x, y = column // box.ny, column % box.ny
    wx, wy = min(reach, box.nx // 2), min(reach, box.ny // 2)
    plate, strip = 0.0, 0.0
    for i in range(-wx, wx + 1):
        for j in range(-wy, wy + 1):
            other = wrapped(x + i, box.nx) * box.ny + wrapped(y + j, box.ny)
            for k in range(max(s - reach, 1), s + reach + 1):
                voxel = other * box.ns + k
                here = cell[voxel]
                if is_empty(here):
                    if (here & NEIGHBOURS) != 0 or sites.where[voxel] >= 0:
                        rate = np.float32(site_rate(model, cell, box, phi, sink, rhs, shift, other, k))
                        plate += classes.put(sites, voxel, rate)
                elif may_strip(model, shift, k) or sites.where[voxel] >= 0:
                    rate = np.float32(site_rate(model, cell, box, phi, sink, rhs, shift, other, k))
                    strip += classes.put(sites, voxel, rate)
    n.plate_sum += plate
    n.strip_sum += strip


@leaf
def withdraw(cell, sites, n, voxel):
    """Take a voxel off the lists before it turns from empty to Li or back."""
    change = classes.put(sites, voxel, np.float32(0))
    if is_empty(cell[voxel]):
        n.plate_sum += change
    else:
        n.strip_sum += change


@njit
def write_rates(model, cell, box, field, end, out):
    """out[voxel] = rate, for all voxels of planes 1..end-1."""
    phi, sink, rhs, shift = field.phi, field.sink, field.rhs, field.shift
    for column in range(box.nx * box.ny):
        for s in range(1, end):
            out[column * box.ns + s] = site_rate(model, cell, box, phi, sink, rhs, shift, column, s)
