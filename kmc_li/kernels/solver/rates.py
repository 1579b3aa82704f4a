"""Rates of plating and dissolution of single voxels by the solved field, kept in the class lists.

`method` is kernels.methods.multigrid.Multigrid, `n` the counters.
"""

import numpy as np

from kmc_li.kernels.base import verbs
from kmc_li.kernels.base.jit import leaf, njit
from kmc_li.kernels.lattice.occupancy import NEIGHBOURS, is_empty
from kmc_li.kernels.lattice.surface import wrapped
from kmc_li.kernels.selection import composition_rejection as selection
from kmc_li.kernels.solver.equations import face_currents, strip_current
from kmc_li.kernels.solver.local_repair import FAR

SMALLEST = 2.0**selection.LOWEST  # a rate below it counts as zero


@leaf
def may_strip(model, method, s):
    """Whether a Li voxel of this plane can dissolve."""
    return model.strip and s > 0 and verbs.may_dissolve(method.layer, method.field.shift, s)


@leaf
def site_rate(model, cell, box, method, column, s):
    """Rate of a voxel in units of the current through one column: plating if it is empty, dissolution if it is Li."""
    i, field, law = column * box.ns + s, method.field, method.law
    if is_empty(cell[i]):
        if field.surface_conductance[i] == 0:
            current = 0.0
        elif field.rhs[i] == 0 and verbs.is_linear(law):
            current = max(np.float64(field.surface_conductance[i]) * np.float64(field.phi[i]), 0.0)
        else:
            current = face_currents(cell, box, field, law, column, s)[0]
    elif may_strip(model, method, s):
        current = strip_current(cell, box, field, law, column, s)
    else:
        return 0.0
    return current if model.exponent == 1.0 or current <= 0.0 else current**model.exponent


@leaf
def plain_below(model, method, n):
    """Plane below which a cell's rate is its conductance to Li times its potential, and no Li dissolves."""
    if model.exponent != 1.0 or verbs.lowers_shifts(method.layer) or not verbs.is_linear(method.law):
        return 0
    return int(n.rest_plane)


@njit
def update_voxel(model, cell, box, method, n, column, s):
    """Put the present rate of one voxel on the lists and into the running totals."""
    voxel, sites = column * box.ns + s, method.sites
    here = cell[voxel]
    empty = is_empty(here)
    if sites.where[voxel] < 0:
        if empty:
            if (here & NEIGHBOURS) == 0:
                return
        elif not may_strip(model, method, s):
            return
    change = selection.put(sites, voxel, np.float32(site_rate(model, cell, box, method, column, s)))
    if empty:
        n.plate_sum += change
    else:
        n.strip_sum += change


@njit
def _reclass(cell, sites, n, a, new):
    """List the rates new[0..] of the voxels from a on, some of which change their class."""
    for k in range(new.shape[0]):
        change = selection.put(sites, a + k, new[k])
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


@leaf
def _update_planes(model, cell, box, method, n, column, first, end, plain):
    """Rates of planes first..end-1 of a column: at once below `plain`, one by one above."""
    field, height = method.field, max(min(end, plain) - first, 0)
    new, lanes = field.fresh[:height], field.lanes
    if height > 0:
        a = column * box.ns + first
        _update_column(cell, field.phi, field.surface_conductance, method.sites, n, a, new, lanes)
    for s in range(first + height, end):
        update_voxel(model, cell, box, method, n, column, s)


@leaf
def _clear_lanes(lanes, height):
    for k in range(height):
        lanes[k] = 0.0


@leaf
def _add_lanes(lanes, height, n):
    for k in range(height):
        n.plate_sum += lanes[k]


@njit
def update_window(model, cell, box, method, n, column, first, end):
    """Rates of all columns that the repair after an event reaches."""
    nx, ny, _ = method.hierarchy.shape[1]
    x, y = column // box.ny // 2, column % box.ny // 2
    wx, wy, plain = min(FAR, (nx - 1) // 2), min(FAR, (ny - 1) // 2), plain_below(model, method, n)
    height, lanes = max(min(end, plain) - first, 0), method.field.lanes
    _clear_lanes(lanes, height)
    for i in range(-wx, wx + 1):
        xc = wrapped(x + i, nx)
        for j in range(-wy, wy + 1):
            yc = wrapped(y + j, ny)
            for xf in range(2 * xc, min(2 * xc + 2, box.nx)):
                for yf in range(2 * yc, min(2 * yc + 2, box.ny)):
                    _update_planes(model, cell, box, method, n, xf * box.ny + yf, first, end, plain)
    _add_lanes(lanes, height, n)


@njit
def update_columns(model, cell, box, method, n, column, reach, first, end):
    """Rates of planes first..end-1 of the columns up to `reach` away."""
    x, y = column // box.ny, column % box.ny
    wx, wy, plain = min(reach, (box.nx - 1) // 2), min(reach, (box.ny - 1) // 2), plain_below(model, method, n)
    height, lanes = max(min(end, plain) - first, 0), method.field.lanes
    _clear_lanes(lanes, height)
    for i in range(-wx, wx + 1):
        for j in range(-wy, wy + 1):
            other = wrapped(x + i, box.nx) * box.ny + wrapped(y + j, box.ny)
            _update_planes(model, cell, box, method, n, other, first, end, plain)
    _add_lanes(lanes, height, n)


@njit
def write_rates(model, cell, box, method, end, out):
    """out[voxel] = rate by the present field, for all voxels of planes 1..end-1."""
    for column in range(box.nx * box.ny):
        for s in range(1, end):
            out[column * box.ns + s] = site_rate(model, cell, box, method, column, s)
