"""Where the next ion lands, found by letting it walk: the exact event probabilities, without solving for the potential.

A walker that steps along the links of the lattice with probability proportional to their conductance, 1 to an
electrolyte voxel and 1 / (W/voxel + 1/2) to a Li face, visits the voxels as often as the potential says: the equation
of the mean number of visits is that of phi (Witten and Sander, Phys. Rev. B 27, 5686 (1983)). So it is absorbed at a
voxel with probability I_f / I, whatever the deposit looks like, and at a cost that does not grow with the box. This
holds for the linear law without shifts; a shift, a layer or another law needs the potential itself.

Above the deposit nothing happens: a walker starts anywhere on the plane above the highest bud, which is where the even
current from far above puts it. One that leaves this plane upwards comes back to it after a while, displaced by a random
step of which the distribution on the periodic half lattice is known exactly.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from kmc_li.kernels import loop
from kmc_li.kernels.base import verbs
from kmc_li.kernels.base.jit import leaf, njit
from kmc_li.kernels.lattice.occupancy import around, high_plane
from kmc_li.kernels.lattice.surface import area_ratio_along, live_faces, wrapped
from kmc_li.kernels.laws.linear import Linear
from kmc_li.kernels.methods import free_regions, walk_tables
from kmc_li.kernels.methods.free_regions import bit, free, three

PATIENCE = 10**9  # moves after which a walker has nowhere to go: no metal is within reach
SPAN = walk_tables.SPAN
ROOM = 1 << 60  # no lists that could be full


class Walkers(NamedTuple):
    """Where metal is and is not; displacements of a walker on its way down from above, as alias tables; the law."""

    regions: free_regions.FreeRegions
    alias_probability: np.ndarray  # float64 (HEIGHTS, columns); without the inner ones where these have a table
    alias_index: np.ndarray  # int32 (HEIGHTS, columns)
    inner_probability: np.ndarray  # float64 (INNER, SPAN^2 + 1): displacements below SPAN/2 each way, all others as one
    inner_index: np.ndarray  # int32 (INNER, SPAN^2 + 1); no rows on small lattices
    law: Linear
    weighted: np.ndarray  # int64 (1,), 1: faces count with their share of the true area


def allocate(needs: Any) -> Walkers:
    """Tables for a lattice (`engine.build.Needs`)."""
    box = needs.box
    return Walkers(
        free_regions.FreeRegions(*walk_tables.free_regions(*box)),
        *walk_tables.returns(box.nx, box.ny),
        law=Linear(np.array([needs.wagner])),
        weighted=np.array([needs.weighted], np.int64),
    )


@verbs.begin.of(Walkers)
def begin(method, model, box, state):
    n = state.counters[0]
    free_regions.note_all(method.regions, state.lattice.cell, box)
    n.plate_sum = float(box.nx * box.ny)
    n.potential = float(method.law.wagner[0]) + 0.5


@verbs.restore.of(Walkers)
def restore(method, box, state):
    free_regions.note_all(method.regions, state.lattice.cell, box)


@verbs.rates_in_use.of(Walkers)
def rates_in_use(method, out):
    return False


@verbs.mean_field.of(Walkers)
def mean_field(method, box, state):
    """Means over the walkers since the record point before."""
    n = state.counters[0]
    return float(n.potential), float(n.high_share)


@verbs.physics.of(Walkers)
def physics(method):
    return method.law, None, None, bool(method.weighted[0]), None


@verbs.event_loop.of(Walkers)
def event_loop(method, model):
    return loop.advance


@verbs.room.of(Walkers)
@leaf
def room(method):
    return ROOM


@verbs.total_rate.of(Walkers)
@leaf
def total_rate(method, model, box, n):
    return max(n.plate_sum, 0.0) * model.monolayer_rate * model.hits


@verbs.draw.of(Walkers)
@njit
def draw(method, model, box, state, rng):
    n, area = state.counters[0], box.nx * box.ny
    if n.walkers % max(area // 256, 1) == 0:
        n.high_plane = high_plane(state.lattice.height_histogram, area, n.top_plane)
    return walk(state.lattice.cell, box, method, n, rng)


@verbs.withdraw.of(Walkers)
@njit
def withdraw(method, box, state, voxel):
    column, s = voxel // box.ns, voxel % box.ns
    metal = bit(method.regions, box.nx * box.ny, column, s)
    free_regions.note(method.regions, box, column, s, 1 - 2 * metal)


@verbs.update.of(Walkers)
@verbs.update_deferred.of(Walkers)
@leaf
def update(method, model, box, state, voxel):
    pass


@verbs.after_event.of(Walkers)
@leaf
def after_event(method, model, box, state, voxel):
    pass


@verbs.defers_updates.of(Walkers)
@leaf
def defers_updates(method):
    return False


@verbs.is_stale.of(Walkers)
@leaf
def is_stale(method, box, voxel, empty):
    return (bit(method.regions, box.nx * box.ny, voxel // box.ns, voxel % box.ns) == 0) != empty


@verbs.note_deferred.of(Walkers)
@leaf
def note_deferred(method, box, state, voxel):
    withdraw(method, box, state, voxel)


@verbs.refresh_is_due.of(Walkers)
@leaf
def refresh_is_due(method, n):
    return False


@verbs.hops_one_at_a_time.of(Walkers)
@leaf
def hops_one_at_a_time(method):
    return False


@verbs.contact_change.of(Walkers)
@leaf
def contact_change(method, n, before):
    pass


@leaf
def _area_ratio(regions, box, x, y, column, s):
    """Staircase area over true area at a voxel, as `surface.staircase_area_ratio`, from the bits."""
    gx, gy, gz = 0, 0, 0
    for i in range(-1, 2):
        base = wrapped(x + i, box.nx) * box.ny
        for j in range(-1, 2):
            bits = three(regions, box.nx * box.ny, base + wrapped(y + j, box.ny), s)
            smooth = (bits & 1) + (bits & 2) + (bits >> 2)
            gx += i * (2 - abs(j)) * smooth
            gy += j * (2 - abs(i)) * smooth
            gz += (2 - abs(i)) * (2 - abs(j)) * ((bits >> 2) - (bits & 1))
    return area_ratio_along(box, gx, gy, gz)


@njit
def _at_surface(cell, box, method, x, y, s, around_it, closed, dead, rng):
    """Step from a voxel next to metal: (direction or -1 for absorbed, conductance of all links).

    `around_it`: bits of the directions where metal is; `closed`: of those where there is no link.
    """
    faces, free_ways = 0, 0
    column = x * box.ny + y
    for q in range(6):
        faces += around_it >> q & 1
        free_ways += 1 - ((around_it | closed) >> q & 1)
    if dead > 0:
        faces = live_faces(cell, box, column, s)
    length = method.law.wagner[0]
    if method.weighted[0] == 1:
        length *= _area_ratio(method.regions, box, x, y, column, s)
    sink = faces / (length + 0.5)
    left = rng.random() * (free_ways + sink) - sink
    if left < 0.0:
        return -1, free_ways + sink
    last = 0
    for q in range(6):
        if (around_it | closed) >> q & 1 == 0 and left >= 0.0:
            left -= 1.0
            last = q
    return last, free_ways + sink


@leaf
def _wrap(x, n):
    return x if 0 <= x < n else x % n


@leaf
def _drawn(probability, index, start, size, rng):
    """Entry of an alias table that occupies `size` places from `start` on."""
    pick = int(rng.random() * size)
    return pick if rng.random() < probability[start + pick] else np.int64(index[start + pick])


@njit
def walk(cell, box, method, n, rng):
    """Voxel at which the next ion is absorbed; -1 where no metal can take it."""
    nx, ny, ns = box
    regions, launch = method.regions, n.top_plane + 1
    columns, dead = nx * ny, n.dead_voxels
    # Directions: west, east, south, north, below, above. A one-column axis has no links.
    closed = 3 * int(nx == 1) + 12 * int(ny == 1)
    first, gap, ways = 2 * int(nx == 1), 2 * int(ny == 1), 2 * int(nx > 1) + 2 * int(ny > 1) + 2
    column = int(rng.random() * columns)
    x, y, s = column // ny, column % ny, launch
    n.walkers += 1
    for _ in range(PATIENCE):
        while s > launch:
            height = min(int(math.log2(s - launch)), walk_tables.HEIGHTS - 1)
            s -= 2**height
            if height < method.inner_probability.shape[0]:
                pick = _drawn(method.inner_probability[height], method.inner_index[height], 0, SPAN * SPAN + 1, rng)
                if pick < SPAN * SPAN:
                    x, y = _wrap(x + pick // SPAN - SPAN // 2, nx), _wrap(y + pick % SPAN - SPAN // 2, ny)
                    continue
            pick = _drawn(method.alias_probability[height], method.alias_index[height], 0, nx * ny, rng)
            x, y = _wrap(x + pick // ny, nx), _wrap(y + pick % ny, ny)
        size = free(regions, x, y, s)
        if size >= 0:
            edge = 2 << size
            if launch - s < edge:
                n.visits += regions.visits[size, launch - s + edge - 1] / ways
            start, wide = regions.start[size], 2 * edge - 1
            pick = _drawn(regions.alias_probability, regions.alias_index, start, regions.start[size + 1] - start, rng)
            face = int(rng.random() * ways)
            out = edge if face & 1 else -edge
            along, across = pick % wide - edge + 1, pick // wide - edge + 1 if ny > 1 else 0
            if face < 2:
                x, y, s = _wrap(x + along, nx), _wrap(y + across, ny), s + out
            elif face < 4:
                x, y, s = _wrap(x + out, nx), _wrap(y + across, ny), s + along
            else:
                x, y, s = _wrap(x + across, nx), _wrap(y + out, ny), s + along
            continue
        column = x * ny + y
        west, east, south, north = around(box, column)
        own = three(regions, columns, column, s)
        metal = (own & 1) << 4 | (own & 4) << 3
        if nx > 1:
            metal |= bit(regions, columns, west, s) | bit(regions, columns, east, s) << 1
        if ny > 1:
            metal |= bit(regions, columns, south, s) << 2 | bit(regions, columns, north, s) << 3
        if metal == 0:
            direction = first + int(rng.random() * ways)
            if direction > 1:
                direction += gap
            total = float(ways)
        else:
            direction, total = _at_surface(cell, box, method, x, y, s, metal, closed, dead, rng)
        if s == launch:
            n.visits += 1.0 / total
        if direction < 0:
            n.high += int(s > n.high_plane + 1)
            return column * ns + s
        if direction < 2:
            x = _wrap(x + 2 * direction - 1, nx)
        elif direction < 4:
            y = _wrap(y + 2 * direction - 5, ny)
        else:
            s += 2 * direction - 9
    return -1
