"""Guided walkers: ions that walk to where the current goes also where faces are shifted or the law is curved.

A walker that finds at a face the conductance G' = I / phi, with the current I that the law gives at the potential phi,
visits the cells as often as phi says, for phi solves the walkers' own equation: then G' phi = I is what lands. So
shifts never enter the walk as sources, and phi is needed only where a face draws something else than G phi: at the few
faces that the layer presses, or at all faces if the law is curved. There it is kept by a solver (guide.py). An error of
phi moves the current of those faces alone, by the share V / (phi - V) of its own, for a shift V.

Faces of which the current is negative dissolve at their rate, and each ion that leaves walks on from there until it
lands: charge is conserved in every single event. Where a potential is held it may escape instead.
"""

from typing import Any, NamedTuple

import numpy as np

from kmc_li.kernels import loop
from kmc_li.kernels.base import verbs
from kmc_li.kernels.base.codes import ESCAPED, NO_METAL
from kmc_li.kernels.base.jit import leaf, njit
from kmc_li.kernels.lattice.occupancy import any_live, high_plane, is_empty
from kmc_li.kernels.lattice.surface import live_faces
from kmc_li.kernels.methods import (
    above,
    dead_contacts,
    dissolving,
    free_regions,
    guide,
    multigrid,
    walk_tables,
    walkers,
)
from kmc_li.kernels.methods.guide_grid import FLOOR, START
from kmc_li.kernels.methods.multigrid import Settings
from kmc_li.kernels.solver import columns, equations, hierarchy

FIRST_REFRESHES, NEXT_REFRESHES = 20, 6  # at most: of a new deposit, and after a change of the current
SETTLED = 0.05  # sum of residuals over the current, with which the potential is fit to begin
planes = multigrid.planes


class Guided(NamedTuple):
    """What walkers need, and the potential that guides them."""

    regions: free_regions.FreeRegions
    alias_probability: np.ndarray
    alias_index: np.ndarray
    inner_probability: np.ndarray
    inner_index: np.ndarray
    contacts: walkers.Contacts
    weighted: np.ndarray
    held: np.ndarray
    field: equations.Field
    hierarchy: hierarchy.Hierarchy
    columns: columns.Columns
    law: Any
    layer: Any
    settings: Settings
    sums: np.ndarray  # float64 (9 ns,): scratch
    former: np.ndarray  # float (voxels,): scratch: the potential before a cycle
    floor: np.ndarray  # float (columns,): conductance of the cells of the lowest plane to what lies below
    drawn: np.ndarray  # float64 (2 columns,): scratch: current of what is followed, before a refresh and after it
    dissolving: np.ndarray  # float64 (columns,): current by which a column's Li dissolves
    queued: np.ndarray  # int64 (1,): voxel at which an ion that has dissolved elsewhere lands next; -1: none
    fall: np.ndarray  # float64 (2,): of phi with each event, and more for each voxel of height (guide._height)
    most: np.ndarray  # float64 (1,): what a face conducts at most, if the law is curved; as of the last refresh
    planned: np.ndarray  # int64 (4,): bud at which a refresh is due, the grid's floor then, bud now; deposit at first
    listed: np.ndarray  # float64 (1,): rest plane when the dissolving currents were summed last


def allocate(needs: Any) -> Guided:
    """Arrays for a lattice (`engine.build.Needs`)."""
    box = needs.box
    regions = free_regions.FreeRegions(*walk_tables.free_regions(*box, needs.marks))
    returns = walk_tables.returns(box.nx, box.ny)
    return Guided(
        regions, *returns,
        contacts=walkers.contacts(needs),
        weighted=np.array([needs.weighted], np.int64),
        held=np.array([needs.settings.potential, needs.settings.reference]),
        field=equations.allocate(box, needs.dtype, needs.weighted),
        hierarchy=hierarchy.allocate(*box, needs.dtype, needs.settings.extra_planes),
        columns=columns.allocate(box, needs.dtype, needs.wagner, needs.weighted),
        law=needs.law,
        layer=needs.layer,
        settings=needs.settings,
        sums=np.zeros(9 * box.ns),
        former=np.zeros(needs.voxels, needs.dtype),
        floor=np.zeros(box.nx * box.ny, needs.dtype),
        drawn=np.zeros(2 * box.nx * box.ny),
        dissolving=np.zeros(box.nx * box.ny),
        queued=np.array([-1], np.int64),
        fall=np.zeros(2),
        most=np.array([1e300]),
        planned=np.zeros(4, np.int64),
        listed=np.zeros(1),
    )  # fmt: skip


@verbs.begin.of(Guided)
def begin(method, model, box, state):
    n = state.counters[0]
    dead_contacts.enter_all(method.regions, state.lattice.cell, box)
    above.begin(method, box, n)
    _begin_even(method, model, box, state)


def _begin_even(method, model, box, state):
    """Potential of a deposit of which nothing is known yet."""
    n = state.counters[0]
    n.first_plane, n.interval, n.rest_plane = 1, 1.0, float(box.ns)
    multigrid.start_even(method, box, n)
    n.stretch_start = n.end_plane = box.ns  # from this the first refresh makes its grid
    method.planned[FLOOR] = 1
    _settle(method, model, box, state, FIRST_REFRESHES)


def _settle(method, model, box, state, most):
    """Refresh until the potential is fit to begin with; where nothing can dissolve there is none."""
    n = state.counters[0]
    method.planned[START] = n.plated - n.stripped
    for _ in range(most if n.stripping == 0 or any_live(state.lattice, box) else 0):
        guide.refresh(method, model, box, state.lattice, state.counters)
        if n.residual < SETTLED:
            break


@verbs.take_over.of(Guided)
def take_over(method, old, model, box, state):
    """The potential is kept, too: that of a linear law is the same for any current, in its own unit.

    Not where no lithium was left that could dissolve: then no face bounds it.
    """
    n, kept = state.counters[0], ("field", "hierarchy", "floor", "planned")
    if old.counters[0].stripping > 0 and not any_live(state.lattice, box):
        state = walkers.take_over(method, old, model, box, state)
        _begin_even(state.method, model, box, state)
        return state
    method = method._replace(**{name: getattr(old.method, name) for name in kept})
    state = walkers.take_over(method, old, model, box, state)
    for name in ("first_plane", "stretch_start", "end_plane", "rest_plane"):
        n[name] = old.counters[0][name]
    if n.dead_voxels == 0:  # so far the grid may have begun where it was lit
        state.method.planned[FLOOR] = 1
    _settle(state.method, model, box, state, NEXT_REFRESHES)
    return state


@verbs.restore.of(Guided)
def restore(method, box, state):
    n = state.counters[0]
    dead_contacts.enter_all(method.regions, state.lattice.cell, box)
    field, base = method.field, int(method.field.window[1])
    guide.note_landing(method)
    hierarchy.pair_planes(method.hierarchy, n.first_plane - base, n.end_plane - base, field.thickness[base:])


@verbs.rates_in_use.of(Guided)
def rates_in_use(method, out):
    return False


@verbs.mean_field.of(Guided)
def mean_field(method, box, state):
    n = state.counters[0]
    return float(n.potential), float(n.high_share)


@verbs.physics.of(Guided)
def physics(method):
    return method.law, method.layer, method.settings, bool(method.weighted[0]), None


@verbs.event_loop.of(Guided)
def event_loop(method, model):
    return loop.advance


@verbs.room.of(Guided)
@leaf
def room(method):
    return walkers.ROOM


@verbs.total_rate.of(Guided)
@leaf
def total_rate(method, model, box, n):
    if method.queued[0] >= 0:
        return np.inf  # an ion that has dissolved lands at once
    return (above.launched(method, box, n) + n.strip_sum) * model.monolayer_rate * model.hits


@verbs.draw.of(Guided)
@njit
def draw(method, model, box, state, rng):
    n, area, cell = state.counters[0], box.nx * box.ny, state.lattice.cell
    if method.queued[0] >= 0:
        voxel, method.queued[0] = method.queued[0], -1
        column, s = voxel // box.ns, voxel % box.ns
        if live_faces(cell, box, column, s) > 0 and is_empty(cell[voxel]):
            return voxel
        landing = walkers.walk_from(cell, box, method, n, rng, column // box.ny, column % box.ny, s)
        n.walkers -= int(landing == ESCAPED)
        return landing
    if n.walkers % max(area // 256, 1) == 0:
        n.high_plane = high_plane(state.lattice.height_histogram, area, n.top_plane)
    if n.strip_sum > 0.0 and rng.random() * (above.launched(method, box, n) + n.strip_sum) < n.strip_sum:
        metal, start = dissolving.ion(method, box, state, rng)
        if metal >= 0:
            column, s = start // box.ns, start % box.ns
            landing = walkers.walk_at_most(cell, box, method, n, rng, column // box.ny, column % box.ny, s, walkers.FEW)
            if landing == NO_METAL:
                return NO_METAL if n.visits > n.most_visits > 0.0 else ESCAPED  # it goes back to where it came from
            n.walkers -= int(landing == ESCAPED)
            method.queued[0] = max(landing, -1)
            return metal
    landing = walkers.walk(cell, box, method, n, rng)
    if landing < 0 and landing != ESCAPED and n.since > 0:
        n.interval = 0.0  # no face takes it: the potential has not fallen as far as was foreseen
    return landing


@verbs.most_sink.of(Guided)
@leaf
def most_sink(method, n, s, faces):
    """What so many faces can conduct at most: it decides most contacts without looking the potential up."""
    if not guide.is_followed(method, n, s):
        return walkers.most_sink(method, n, s, faces)
    if not verbs.is_linear(method.law):
        return method.most[0] * faces
    return 1e300 if verbs.lowers_shifts(method.layer) else walkers.most_sink(method, n, s, faces)


@njit
def _curved(method, cell, box, n, x, y, s, faces, phi):
    """Current that a law which is not linear lets plate on the faces of a cell."""
    column, field, law = x * box.ny + y, method.field, method.law
    if s > n.rest_plane:
        return equations.cell_currents(cell, box, field, law, column, s, phi)[0]
    ratio = walkers.area_ratio(method.regions, box, x, y, column, s) if method.weighted[0] == 1 else 1.0
    slope, rest = verbs.tangent(law, column * box.ns + s, phi, (faces, 0, 0), field.shift, field.kappa[s], ratio, s)
    return slope * phi - rest


@verbs.plain_below.of(Guided)
@leaf
def plain_below(method, n):
    return int(n.rest_plane) if verbs.lowers_shifts(method.layer) else above.NOWHERE


@verbs.sink.of(Guided)
@njit
def sink(method, cell, box, n, x, y, s, faces):
    """Conductance of a cell's faces for a walker: the current that they draw over the potential."""
    if not guide.is_followed(method, n, s):
        return walkers.sink(method, cell, box, n, x, y, s, faces)
    column = x * box.ny + y
    phi = guide.present(method, n, column, s)
    if not verbs.is_linear(method.law):
        return min(_curved(method, cell, box, n, x, y, s, faces, phi) / phi, method.most[0] * faces)
    conductance = walkers.sink(method, cell, box, n, x, y, s, faces)
    return equations.currents_through(cell, box, method.field, method.law, column, s, phi, conductance)[0] / phi


@verbs.withdraw.of(Guided)
@njit
def withdraw(method, box, state, voxel):
    walkers.withdraw(method, box, state, voxel)


@verbs.update.of(Guided)
@verbs.update_deferred.of(Guided)
@njit
def update(method, model, box, state, voxel):
    n = state.counters[0]
    dead_contacts.mark_around(method.regions, state.lattice.cell, box, voxel, n.dead_voxels + n.stripping == 0)
    guide.mend(method, model, box, state.lattice, n, voxel // box.ns, voxel % box.ns)


@verbs.after_event.of(Guided)
@leaf
def after_event(method, model, box, state, voxel):
    pass


@verbs.defers_updates.of(Guided)
@leaf
def defers_updates(method):
    return False


@verbs.is_stale.of(Guided)
@leaf
def is_stale(method, box, voxel, empty):
    return walkers.is_stale(method, box, voxel, empty)


@verbs.note_deferred.of(Guided)
@leaf
def note_deferred(method, box, state, voxel):
    walkers.withdraw(method, box, state, voxel)


@verbs.refresh.of(Guided)
def refresh(method, model, box, state):
    guide.refresh(method, model, box, state.lattice, state.counters)


@verbs.refresh_is_due.of(Guided)
@leaf
def refresh_is_due(method, n):
    area = method.dissolving.shape[0]
    soon = n.strip_sum > guide.SOME * area and n.since >= guide.CAREFUL * area
    return soon or n.since >= n.interval or n.top_plane >= method.planned[guide.CEILING]


@verbs.hops_one_at_a_time.of(Guided)
@leaf
def hops_one_at_a_time(method):
    return False


@verbs.contact_change.of(Guided)
@leaf
def contact_change(method, n, before):
    pass
