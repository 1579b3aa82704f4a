"""What an event does: change the voxel, repair the field around it, update the rates it touched."""

from . import classes, rates
from .field import relax_cell, set_cell
from .jit import leaf, njit
from .lattice import LI, NEIGHBOURS, clear, fill, is_empty
from .state import UNIFORM

WINDOW = 2  # half-width of the cube whose potential is relaxed after an event
SWEEPS = 2


@njit
def _update_neighbours(model, cell, field, sites, n, x, y, s):
    nx, ny, _ = cell.shape
    for d in range(7):
        x1, y1, s1 = neighbour(d, x, y, s, nx, ny)
        if (x1, y1) != (x, y) or d >= 4:
            rates.update(model, cell, field, sites, n, x1, y1, s1)


@leaf
def neighbour(d, x, y, s, nx, ny):
    """The voxel in direction d: 0-3 lateral, 4 below, 5 above, 6 the voxel itself."""
    if d == 0:
        return x - 1 if x > 0 else nx - 1, y, s
    if d == 1:
        return x + 1 if x + 1 < nx else 0, y, s
    if d == 2:
        return x, y - 1 if y > 0 else ny - 1, s
    if d == 3:
        return x, y + 1 if y + 1 < ny else 0, s
    return x, y, s - 1 if d == 4 else s + 1 if d == 5 else s


@njit
def _set_around(field, cell, x, y, s):
    """Equations of a changed voxel and of the cells that have it as a neighbour (by corners too if faces are weighted)."""
    nx, ny, _ = cell.shape
    reach = 3 if field.weight[0] == 1 else 1
    for i in range(-1, 2):
        for j in range(-1, 2):
            if (i == 0 or nx > 1) and (j == 0 or ny > 1):
                x1, y1 = wrapped(x + i, nx), wrapped(y + j, ny)
                for k in range(-1, 2):
                    if abs(i) + abs(j) + abs(k) <= reach and s + k > 0:
                        set_cell(field, cell, x1, y1, s + k)


@leaf
def wrapped(x, n):
    """Index of a periodic axis for x in -n..2n-1."""
    return x + n if x < 0 else x - n if x >= n else x


@njit
def _relax_window(phi, idiag, rhs, cx, cy, cz, x, y, s):
    """Gauss-Seidel in a cube around a voxel, there and back."""
    nx, ny, _ = phi.shape
    wx, wy = min(WINDOW, (nx - 1) // 2), min(WINDOW, (ny - 1) // 2)
    low, high = max(s - WINDOW, 1), s + WINDOW + 1
    for sweep in range(SWEEPS):
        sign = 1 - 2 * (sweep & 1)
        for i in range(-wx, wx + 1):
            xi = wrapped(x + sign * i, nx)
            for j in range(-wy, wy + 1):
                yj = wrapped(y + sign * j, ny)
                for k in range(low, high):
                    relax_cell(phi, idiag, rhs, cx, cy, cz, xi, yj, k if sign > 0 else low + high - 1 - k)


@njit
def _update_window(model, cell, field, sites, n, x, y, s):
    nx, ny, _ = cell.shape
    wx, wy = min(WINDOW, (nx - 1) // 2), min(WINDOW, (ny - 1) // 2)
    for i in range(-wx, wx + 1):
        xi = wrapped(x + i, nx)
        for j in range(-wy, wy + 1):
            yj = wrapped(y + j, ny)
            for k in range(max(s - WINDOW, 1), s + WINDOW + 1):
                here = cell[xi, yj, k]
                if (is_empty(here) and (here & NEIGHBOURS) != 0) or (not is_empty(here) and field.shift[2 * k] > 0):
                    rates.update(model, cell, field, sites, n, xi, yj, k)


@njit
def repair(model, cell, field, sites, n, x, y, s):
    """Equations and potential around a voxel that has just changed, and the rates that follow."""
    if model.kinetics == UNIFORM:
        _update_neighbours(model, cell, field, sites, n, x, y, s)
        return
    _set_around(field, cell, x, y, s)
    _relax_window(field.phi, field.idiag, field.rhs, field.cx, field.cy, field.cz, x, y, s)
    _update_window(model, cell, field, sites, n, x, y, s)


@leaf
def note_hopper(cell, hoppers, x, y, s):
    _, ny, ns = cell.shape
    voxel = (x * ny + y) * ns + s
    here = cell[x, y, s]
    neighbours = here & NEIGHBOURS
    cls = neighbours if (here & LI) != 0 and 1 <= neighbours <= 5 else -1
    spot = hoppers.where[voxel]
    if spot >= 0:
        if hoppers.owner[spot // classes.PAGE] == cls:
            return
        classes.remove(hoppers, voxel)
    if cls >= 0:
        classes.insert(hoppers, voxel, cls, 0)


@njit
def note_hoppers(cell, hoppers, x, y, s):
    """Put a voxel and its neighbours on the hop lists by their number of Li neighbours."""
    nx, ny, ns = cell.shape
    for d in range(7):
        x1, y1, s1 = neighbour(d, x, y, s, nx, ny)
        if 0 < s1 < ns and ((x1, y1) != (x, y) or d >= 4):
            note_hopper(cell, hoppers, x1, y1, s1)


@njit
def plate(model, state, x, y, s):
    """An empty voxel becomes Li."""
    cell, n = state.lattice.cell, state.counters[0]
    rates.withdraw(cell, state.sites, n, x, y, s)
    fill(state.lattice, x, y, s)
    if model.hop_rate[5] > 0:
        note_hoppers(cell, state.hoppers, x, y, s)
    repair(model, cell, state.field, state.sites, n, x, y, s)
    n.top = max(n.top, s)


@njit
def strip(model, state, x, y, s):
    """A Li voxel dissolves."""
    cell, n = state.lattice.cell, state.counters[0]
    rates.withdraw(cell, state.sites, n, x, y, s)
    clear(state.lattice, x, y, s)
    if model.hop_rate[5] > 0:
        note_hoppers(cell, state.hoppers, x, y, s)
    repair(model, cell, state.field, state.sites, n, x, y, s)


@njit
def hop(model, state, x, y, s, direction):
    """Try to move a Li voxel one step; false when the target is taken or would leave it without a neighbour."""
    cell, n = state.lattice.cell, state.counters[0]
    nx, ny, _ = cell.shape
    if (direction < 2 and nx == 1) or (2 <= direction < 4 and ny == 1):
        return False
    x1, y1, s1 = neighbour(direction, x, y, s, nx, ny)
    if s1 < 1 or s1 > model.nz:
        return False
    target = cell[x1, y1, s1]
    if not is_empty(target) or (target & NEIGHBOURS) < 2:
        return False
    rates.withdraw(cell, state.sites, n, x, y, s)
    clear(state.lattice, x, y, s)
    rates.withdraw(cell, state.sites, n, x1, y1, s1)
    fill(state.lattice, x1, y1, s1)
    note_hoppers(cell, state.hoppers, x, y, s)
    note_hoppers(cell, state.hoppers, x1, y1, s1)
    repair(model, cell, state.field, state.sites, n, x, y, s)
    repair(model, cell, state.field, state.sites, n, x1, y1, s1)
    n.top = max(n.top, s1)
    return True
