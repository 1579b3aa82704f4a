"""Rates of plating and dissolution of single voxels, kept in the class lists."""

import numpy as np

from . import classes
from .field import face_currents, law_arrays, live_faces, strip_current
from .jit import leaf, njit
from .lattice import NEIGHBOURS, around, is_empty
from .local import FAR, wrapped
from .state import UNIFORM

SMALLEST = 2.0**classes.LOWEST  # a rate below it counts as zero


@leaf
def may_strip(model, shift, s):
    """Whether a Li voxel of this plane can dissolve: a shift above 0 drives it, one below 0 does it to all others."""
    return model.strip and s > 0 and (shift[2 * s] > 0 or model.shift_per_pressure < 0)


@leaf
def site_rate(model, cell, box, phi, sink, rhs, shift, law, column, s):
    """Rate of a voxel in units of the current through one column: plating if it is empty, dissolution if it is Li."""
    i = column * box.ns + s
    here = cell[i]
    if is_empty(here):
        if model.kinetics == UNIFORM:
            faces = live_faces(cell, box, column, s) if model.connects else here & NEIGHBOURS
            return 1.0 if faces != 0 else 0.0
        if sink[i] == 0:
            current = 0.0
        elif rhs[i] == 0 and law[0][0] == 0.0:
            current = max(np.float64(sink[i]) * np.float64(phi[i]), 0.0)
        else:
            current = face_currents(cell, box, phi, sink, shift, law, column, s)[0]
    elif may_strip(model, shift, s):
        current = strip_current(cell, box, phi, sink, shift, law, column, s)
    else:
        return 0.0
    return current if model.exponent == 1.0 or current <= 0.0 else current**model.exponent


@leaf
def plain_below(model, field, n):
    """Plane below which a cell's rate is its conductance to Li times its potential, and no Li dissolves."""
    if model.kinetics == UNIFORM or model.exponent != 1.0 or model.shift_per_pressure < 0 or field.charge[0] > 0.0:
        return 0
    return int(n.rest)


@njit
def update_voxel(model, cell, box, field, sites, n, column, s):
    """Put the present rate of one voxel on the lists and into the running totals."""
    voxel = column * box.ns + s
    here = cell[voxel]
    empty = is_empty(here)
    if sites.where[voxel] < 0:
        if empty:
            if (here & NEIGHBOURS) == 0:
                return
        elif not may_strip(model, field.shift, s):
            return
    phi, sink, rhs, shift = field.phi, field.sink, field.rhs, field.shift
    rate = np.float32(site_rate(model, cell, box, phi, sink, rhs, shift, law_arrays(field), column, s))
    change = classes.put(sites, voxel, rate)
    if empty:
        n.plate_sum += change
    else:
        n.strip_sum += change


@njit
def update_neighbours(model, cell, box, field, sites, n, column, s):
    """Rates of a voxel and of its neighbours."""
    for other in around(box, column):
        update_voxel(model, cell, box, field, sites, n, other, s)
    for k in range(max(s - 1, 1), s + 2):
        update_voxel(model, cell, box, field, sites, n, column, k)


@njit
def _reclass(cell, sites, n, a, new):
    """List the rates new[0..] of the voxels from a on, some of which change their class."""
    for k in range(new.shape[0]):
        change = classes.put(sites, a + k, new[k])
        if is_empty(cell[a + k]):
            n.plate_sum += change
        else:
            n.strip_sum += change


@leaf
def _update_column(cell, phi, sink, sites, n, a, new, lanes):
    """Rates of the voxels from a on, all at once; lanes[k] takes up by how much they change."""
    height = new.shape[0]
    potential, conductance, listed = phi[a : a + height], sink[a : a + height], sites.rate[a : a + height]
    zero, smallest = new.dtype.type(0), new.dtype.type(SMALLEST)
    for k in range(height):
        current = potential[k] * conductance[k]
        new[k] = current if current >= smallest else zero
    moved = np.int32(0)
    is_bits, was_bits = new.view(np.int32), listed.view(np.int32)
    for k in range(height):
        moved |= is_bits[k] ^ was_bits[k]
    if moved >> 23 != 0:  # one leaves its power of two, that is, its class
        _reclass(cell, sites, n, a, new)
        return
    for k in range(height):
        lanes[k] += np.float64(new[k]) - np.float64(listed[k])
    for k in range(height):
        listed[k] = new[k]


@njit
def update_window(model, cell, box, field, tree, sites, n, column, first, end):
    """Rates of all columns that the repair after an event reaches."""
    nx, ny, _ = tree.shape[1]
    x, y = column // box.ny // 2, column % box.ny // 2
    wx, wy, plain = min(FAR, (nx - 1) // 2), min(FAR, (ny - 1) // 2), plain_below(model, field, n)
    height, lanes = max(min(end, plain) - first, 0), field.lanes
    phi, sink, new = field.phi, field.sink, field.fresh[:height]
    for k in range(height):
        lanes[k] = 0.0
    for i in range(-wx, wx + 1):
        xc = wrapped(x + i, nx)
        for j in range(-wy, wy + 1):
            yc = wrapped(y + j, ny)
            for xf in range(2 * xc, min(2 * xc + 2, box.nx)):
                for yf in range(2 * yc, min(2 * yc + 2, box.ny)):
                    column = xf * box.ny + yf
                    if height > 0:
                        _update_column(cell, phi, sink, sites, n, column * box.ns + first, new, lanes)
                    for s in range(first + height, end):
                        update_voxel(model, cell, box, field, sites, n, column, s)
    for k in range(height):
        n.plate_sum += lanes[k]


@njit
def update_columns(model, cell, box, field, sites, n, column, reach, first, end):
    """Rates of planes first..end-1 of the columns up to `reach` away."""
    x, y = column // box.ny, column % box.ny
    wx, wy, plain = min(reach, (box.nx - 1) // 2), min(reach, (box.ny - 1) // 2), plain_below(model, field, n)
    height, lanes = max(min(end, plain) - first, 0), field.lanes
    new = field.fresh[:height]
    for k in range(height):
        lanes[k] = 0.0
    for i in range(-wx, wx + 1):
        for j in range(-wy, wy + 1):
            other = wrapped(x + i, box.nx) * box.ny + wrapped(y + j, box.ny)
            if height > 0:
                _update_column(cell, field.phi, field.sink, sites, n, other * box.ns + first, new, lanes)
            for s in range(first + height, end):
                update_voxel(model, cell, box, field, sites, n, other, s)
    for k in range(height):
        n.plate_sum += lanes[k]


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
            out[column * box.ns + s] = site_rate(model, cell, box, phi, sink, rhs, shift, law_arrays(field), column, s)
