"""Signed walkers: ions, and where metal dissolves ions that are missing, both in volumes far below a voxel.

A face passes the current G (phi - V). Walkers find G phi: they land where the current goes if no face has a shift. What
is left is a source G V at each face that has one: Li dissolves there at this rate, and each ion walks to where it
lands. Where V < 0 Li plates at that rate, and the walk finds where the Li for it dissolves. So no potential is needed,
the rates are exact for any shift of any face, and charge is conserved event by event. Because an ion that comes and one
that goes are two events, this needs events that are small against a voxel, or there would be noise that is not there.

Surface, curvature and shifts are measured anew several times a monolayer, and surface diffusion (kernels/filling) moves
Li at the same moments.
"""

from typing import Any, NamedTuple

import numpy as np

from kmc_li.kernels.base import verbs
from kmc_li.kernels.base.codes import FULL, NOTHING, REFRESH, RUNNING
from kmc_li.kernels.base.jit import leaf, njit
from kmc_li.kernels.filling import diffusion, surface
from kmc_li.kernels.filling import fills as filling
from kmc_li.kernels.filling.fills import Fills
from kmc_li.kernels.lattice.occupancy import NEIGHBOURS, high_plane, is_empty, top
from kmc_li.kernels.lattice.surface import live_faces
from kmc_li.kernels.laws.linear import Linear
from kmc_li.kernels.methods import free_regions, walk_tables, walkers

CADENCE = 0.1  # monolayers between two measurements of the surface
MOST_STEPS = 20  # of surface diffusion between two measurements, where little or nothing plates
PER_VOXEL = 16  # steps in which the layer sees the height of a column
TINY = 1e-9  # of the current through a column: shifts that drive less are none


class Signed(NamedTuple):
    """What walkers need, how full voxels are, and the faces that have a shift."""

    regions: free_regions.FreeRegions
    alias_probability: np.ndarray
    alias_index: np.ndarray
    inner_probability: np.ndarray
    inner_index: np.ndarray
    contacts: walkers.Contacts
    law: Linear
    held: np.ndarray  # no potential is
    layer: Any
    fine_layer: Any  # the same in parts of a voxel
    fills: Fills
    resistance: np.ndarray  # float64 (columns,): R_ct there over its mean
    mullins: float  # B / voxel^4 [1/s]
    capillary: float  # shift for a curvature of 1/voxel, in j voxel / kappa
    heights: np.ndarray  # int64: how many columns have a height, in parts of a voxel
    shifted: np.ndarray  # int32: cells of the surface whose faces have a shift
    sources: np.ndarray  # float64: running sum of |G V| over them
    positive: np.ndarray  # int8: 1 where Li dissolves, 0 where it plates


def planes(settings: Any) -> int:
    """Planes above the box, for the smoothed surface."""
    return surface.REACH + 1


def allocate(needs: Any) -> Signed:
    """Arrays for a lattice (`engine.build.Needs`)."""
    box = needs.box
    fills = filling.allocate(box, needs.quanta)
    return Signed(
        free_regions.FreeRegions(*walk_tables.free_regions(*box)),
        *walk_tables.returns(box.nx, box.ny),
        contacts=walkers.contacts(needs),
        law=Linear(np.array([needs.wagner])),
        held=np.zeros(2),
        layer=needs.layer,
        fine_layer=verbs.in_parts(needs.layer, PER_VOXEL),
        fills=fills,
        resistance=needs.resistance,
        mullins=needs.mullins,
        capillary=needs.capillary,
        heights=np.zeros(PER_VOXEL * (box.ns + 1), np.int64),
        shifted=np.zeros(needs.voxels, np.int32),
        sources=np.zeros(needs.voxels),
        positive=np.zeros(needs.voxels, np.int8),
    )


@verbs.begin.of(Signed)
def begin(method, model, box, state):
    n = state.counters[0]
    free_regions.note_all(method.regions, state.lattice.cell, box)
    filling.fill_all(method.fills, state.lattice.cell)
    filling.count_all(method.fills, state.lattice.cell, box)
    n.plate_sum = float(box.nx * box.ny)
    n.potential = float(method.law.wagner[0]) + 0.5
    n.rest_plane = float(box.ns)
    refresh(method, model, box, state)


@verbs.restore.of(Signed)
def restore(method, box, state):
    free_regions.note_all(method.regions, state.lattice.cell, box)
    filling.count_all(method.fills, state.lattice.cell, box)


@verbs.refresh.of(Signed)
def refresh(method, model, box, state):
    _refresh(method, model, box, state)


@verbs.rates_in_use.of(Signed)
def rates_in_use(method, out):
    return False


@verbs.mean_field.of(Signed)
def mean_field(method, box, state):
    n = state.counters[0]
    return float(n.potential), float(n.high_share)


@verbs.physics.of(Signed)
def physics(method):
    return None


@verbs.event_loop.of(Signed)
def event_loop(method, model):
    return advance


@verbs.withdraw.of(Signed)
@njit
def withdraw(method, box, state, voxel):
    walkers.withdraw(method, box, state, voxel)


@verbs.most_sink.of(Signed)
@leaf
def most_sink(method, n, s, faces):
    return 1e300


@verbs.plain_below.of(Signed)
@leaf
def plain_below(method, n):
    return -1


@verbs.sink.of(Signed)
@leaf
def sink(method, cell, box, n, x, y, s, faces):
    """Conductance of a cell: that of the area it stands for, which lies up to half a voxel off its face."""
    column = x * box.ny + y
    i, length = column * box.ns + s, method.law.wagner[0] * method.resistance[column]
    if faces == 0:
        return 0.0
    if method.fills.conductance[i] == 0.0:
        offset = 0.5 - np.float64(method.fills.volume[i]) / method.fills.full
        method.fills.conductance[i] = np.float64(method.fills.carried[i]) / max(length + offset, 0.05)
    return method.fills.conductance[i]


@njit
def _press(method, box, state):
    """Rest plane of the layer on the real heights of the columns."""
    n, height = state.counters[0], state.lattice.height
    fills, found, highest = method.fills, method.heights, 0
    for h in range(min(PER_VOXEL * (n.top_plane + 3), found.shape[0])):
        found[h] = 0
    for column in range(box.nx * box.ny):
        h = _height_in_parts(fills, box, height, column)
        found[h] += 1
        highest = max(highest, h)
    rest = verbs.rest_plane(method.fine_layer, box.nx * box.ny, found, highest)
    n.rest_plane = rest / PER_VOXEL


@leaf
def _height_in_parts(fills, box, height, column):
    share = np.float64(fills.volume[column * box.ns + height[column] + 1]) / fills.full
    return int(max(PER_VOXEL * (height[column] + min(max(share, -1.0), 1.0)), 0.0))


@njit
def _list_sources(method, box, state, first):
    """Cells of the surface whose faces have a shift, and what that drives."""
    n, cell, fills, listed, total = state.counters[0], state.lattice.cell, method.fills, 0, 0.0
    for column in range(box.nx * box.ny):
        for s in range(first, fills.end[column]):
            i = column * box.ns + s
            if not is_empty(cell[i]) or (cell[i] & NEIGHBOURS) == 0:
                continue
            faces = live_faces(cell, box, column, s)
            if faces == 0:
                continue
            shift = 0.0
            if fills.area[i] > np.float32(0.0):
                shift += method.capillary * np.float64(fills.curvature[i])
            height = s - 0.5
            if not is_empty(cell[i - 1]):
                height = s - 1 + np.float64(fills.volume[i]) / fills.full
            if height > n.rest_plane:
                shift += verbs.shift_at(method.layer, height, n.rest_plane)
            source = shift * sink(method, cell, box, n, column // box.ny, column % box.ny, s, faces)
            if abs(source) > TINY:
                total += abs(source)
                method.shifted[listed], method.sources[listed] = i, total
                method.positive[listed] = 1 if source > 0.0 else 0
                listed += 1
    n.listed, n.strip_sum = listed, total


@njit
def _refresh(method, model, box, state):
    n = state.counters[0]
    if method.mullins > 0.0 and n.time > n.settled:
        first = diffusion.diffuse(box, state, method.mullins * (n.time - n.settled))
    else:
        first = surface.look(box, state)
    n.top_plane = top(state.lattice.height_histogram, n.top_plane)
    _press(method, box, state)
    _list_sources(method, box, state, first)
    n.settled = n.time
    interval = CADENCE / model.monolayer_rate
    if method.mullins > 0.0:
        interval = min(interval, MOST_STEPS * diffusion.STEP / method.mullins)
    n.due = n.time + interval
    n.refreshes += 1


@njit
def _chosen(method, n, pick):
    """Entry of the list of sources whose share a number below their sum falls into."""
    low, high = 0, n.listed - 1
    while low < high:
        middle = (low + high) // 2
        if method.sources[middle] > pick:
            high = middle
        else:
            low = middle + 1
    return low


@njit
def _still_surface(cell, box, voxel):
    """The cell, or where it has filled up meanwhile one next to it, that is at the surface now; -1: none."""
    for _ in range(3):
        if is_empty(cell[voxel]):
            return voxel if live_faces(cell, box, voxel // box.ns, voxel % box.ns) > 0 else -1
        found = voxel + 1
        if not is_empty(cell[found]):
            for k in range(4):
                other = filling.beside(box, voxel, k)
                if is_empty(cell[other]):
                    found = other
        voxel = found
    return -1


@njit
def _exchange(method, box, state, rng):
    """An ion that a shift has driven out of the metal goes to where it lands; or the reverse of it."""
    n, cell, quantum = state.counters[0], state.lattice.cell, method.fills.quantum
    entry = _chosen(method, n, rng.random() * n.strip_sum)
    start = _still_surface(cell, box, int(method.shifted[entry]))
    if start < 0:
        return
    column, s = start // box.ns, start % box.ns
    visits, high = n.visits, n.high
    end = walkers.walk_from(cell, box, method, n, rng, column // box.ny, column % box.ny, s)
    if end < 0:
        return
    if method.positive[entry] == 1:
        if end != start:
            filling.lose(box, state, start, quantum, True)
            filling.gain(box, state, end, quantum)
        n.high -= int(s > n.high_plane + 1)
    else:
        if end != start:
            filling.lose(box, state, end, quantum, True)
            filling.gain(box, state, start, quantum)
        n.visits, n.high = 2.0 * visits - n.visits, 2 * high - n.high + int(s > n.high_plane + 1)


@njit
def advance(model, box, state, rng, max_events, max_net, max_time):
    """Carry out events until a limit is met: kernels.loop.advance with events smaller than a voxel.

    `events` and `plated` count the charge in whole voxels. The current is the set one; what shifts drive adds nothing.
    """
    n, method, area, quanta = state.counters[0], state.method, box.nx * box.ny, model.hits
    per_current = model.monolayer_rate * quanta
    while n.events < max_events and n.plated < max_net and n.time < max_time:
        if n.top_plane >= model.nz:
            return FULL
        current = n.plate_sum + n.strip_sum
        wait = rng.standard_exponential() / (current * per_current)
        if n.time + wait > min(n.due, max_time):  # waiting has no memory
            n.time = min(n.due, max_time)
            return REFRESH
        n.time += wait
        n.attempts += 1
        if n.strip_sum > 0.0 and rng.random() * current < n.strip_sum:
            _exchange(method, box, state, rng)
            continue
        if n.walkers % max(area // 256, 1) == 0:
            n.high_plane = high_plane(state.lattice.height_histogram, area, n.top_plane)
        voxel = walkers.walk(state.lattice.cell, box, method, n, rng)
        if voxel < 0:
            return NOTHING
        filling.gain(box, state, voxel, method.fills.quantum)
        n.quanta += 1
        n.plated = n.quanta // quanta
        n.events = n.plated
    return RUNNING
