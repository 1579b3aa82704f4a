"""The solved field: the potential of every voxel, repaired around each event, refreshed by multigrid cycles.

For any law and any layer. Its error, the total variation of the event probabilities, is kept at a tolerance.
"""

from typing import Any, NamedTuple

import numpy as np

from kmc_li.kernels import loop
from kmc_li.kernels.base import verbs
from kmc_li.kernels.base.jit import leaf, njit
from kmc_li.kernels.lattice.occupancy import high_plane, is_empty
from kmc_li.kernels.selection import composition_rejection as selection
from kmc_li.kernels.solver import equations, hierarchy, local_repair, rates, sealed
from kmc_li.kernels.solver import refresh as global_refresh

WIDE = 400.0  # voxels of Wagner length from which on a voxel changes the next columns only, and all of them slowly
PLANES, SWEEPS = 8, 1  # height of the window that is relaxed after a hop, and how often
SUDDEN = 0.3  # current that Li takes or gives up as it revives or dies, over the tolerance, that calls for a refresh
LAYER_SHARE = 0.3  # current moved by the layer between refreshes, over the tolerance, that calls for one at once
START_INTERVAL = 1.0  # events to the first refresh, before the drift is known
FIRST_REFRESHES = 20  # they bring the field of the initial deposit to rest


class Settings(NamedTuple):
    """How exact, and what is held at the top."""

    tolerance: float
    potential: float  # held at the height `reference`, in j voxel / kappa; 0: the current is held instead
    reference: float
    gap: int  # even planes kept above the highest bud
    extra_planes: int  # stretched planes above those


class Multigrid(NamedTuple):
    """The field, what its faces obey, and the sites by their rates."""

    field: equations.Field
    hierarchy: hierarchy.Hierarchy
    law: Any
    layer: Any
    sites: selection.ClassLists  # empty voxels that may plate and Li voxels that may dissolve
    settings: Settings
    plane_current: np.ndarray  # float64 (3 ns,): rates of plating by plane at the last refresh; its scratch
    reached: np.ndarray  # uint8, 0: marks of the search for sealed pores
    pore: np.ndarray  # int64 (sealed.SMALL,): its list


def planes(settings: Settings) -> int:
    """How many planes the lattice needs above its own for the field."""
    return settings.gap + global_refresh.SLACK + settings.extra_planes + 1


def allocate(needs: Any) -> Multigrid:
    """Arrays for a lattice (`engine.build.Needs`)."""
    box = needs.box
    return Multigrid(
        field=equations.allocate(box, needs.dtype, needs.weighted),
        hierarchy=hierarchy.allocate(*box, needs.dtype, needs.settings.extra_planes),
        law=needs.law,
        layer=needs.layer,
        sites=selection.allocate(needs.voxels, needs.surface),
        settings=needs.settings,
        plane_current=np.zeros(3 * box.ns),
        reached=np.zeros(needs.voxels, np.uint8),
        pore=np.zeros(sealed.SMALL, np.int64),
    )


def start_even(method, box, n):
    """The potential of an even film as thick as the highest bud."""
    settings, phi, wagner = method.settings, method.field.phi.reshape(box), method.law.wagner[0]
    phi[:] = wagner + 0.5
    if settings.potential > 0:
        height = np.maximum(np.arange(box.ns) - 0.5 - n.top_plane, 0.5)
        phi[:] = settings.potential * (wagner + height) / (wagner + settings.reference - n.top_plane)


@verbs.begin.of(Multigrid)
def begin(method, model, box, state):
    """Field and rates of the initial deposit, starting from an even film's potential: a flat one is then at rest."""
    n = state.counters[0]
    n.first_plane, n.interval, n.rest_plane = 1, START_INTERVAL, float(box.ns)
    start_even(method, box, n)
    for _ in range(FIRST_REFRESHES):
        global_refresh.refresh(method, model, box, state.lattice, state.counters)


@verbs.restore.of(Multigrid)
def restore(method, box, state):
    n = state.counters[0]
    hierarchy.pair_planes(method.hierarchy, n.first_plane, n.end_plane, method.field.thickness)


@verbs.enlarge.of(Multigrid)
def enlarge(method):
    return method._replace(sites=selection.grown(method.sites))


@verbs.rates_in_use.of(Multigrid)
def rates_in_use(method, out):
    selection.write_rates(method.sites, out)
    return True


@verbs.mean_field.of(Multigrid)
def mean_field(method, box, state):
    n = state.counters[0]
    above = int(n.top_plane) + 1
    current = method.plane_current[: box.ns]
    high = current[high_plane(state.lattice.height_histogram, box.nx * box.ny, above) + 2 :].sum()
    potential = float(method.field.phi.reshape(box)[:, :, above].mean())
    return potential, float(high / max(current.sum(), 1e-300))


@verbs.physics.of(Multigrid)
def physics(method):
    return method.law, method.layer, method.settings, bool(method.field.weighted[0]), method.field.phi


@verbs.event_loop.of(Multigrid)
def event_loop(method, model):
    return loop.advance


@verbs.refresh.of(Multigrid)
def refresh(method, model, box, state):
    n = state.counters[0]
    early = _is_early(method, n)
    global_refresh.refresh(method, model, box, state.lattice, state.counters)
    n.overdue = 0
    if not early:
        global_refresh.plan(method.settings.tolerance, n, 2.0 if _is_wide(method) else 1.3)


@leaf
def _is_wide(method):
    return method.law.wagner[0] > WIDE


@leaf
def _is_early(method, n):
    """Whether the deposit is about to leave its grid, or something jumped."""
    return n.overdue == 1 or n.top_plane + min(method.settings.gap, 2) >= n.stretch_start


@verbs.refresh_is_due.of(Multigrid)
@leaf
def refresh_is_due(method, n):
    return _is_early(method, n) or n.since >= n.interval


@verbs.room.of(Multigrid)
@njit
def room(method):
    return selection.room(method.sites)


@verbs.total_rate.of(Multigrid)
@leaf
def total_rate(method, model, box, n):
    total = (max(n.plate_sum, 0.0) + max(n.strip_sum, 0.0)) * model.monolayer_rate * model.hits
    if method.settings.potential == 0.0 and n.plate_sum > n.strip_sum:
        total *= box.nx * box.ny / (n.plate_sum - n.strip_sum)  # galvanostatic: the net current is the set one
    return total


@verbs.draw.of(Multigrid)
@njit
def draw(method, model, box, state, rng):
    return selection.draw(method.sites, rng)


@verbs.withdraw.of(Multigrid)
@njit
def withdraw(method, box, state, voxel):
    """Off the lists before it turns from empty to Li or back."""
    n, change = state.counters[0], selection.put(method.sites, voxel, np.float32(0))
    if is_empty(state.lattice.cell[voxel]):
        n.plate_sum += change
    else:
        n.strip_sum += change


@njit
def _update_near(method, model, box, state, voxel, near):
    """Potential and rates of the next columns."""
    field, grids, n = method.field, method.hierarchy, state.counters[0]
    column, s = voxel // box.ns, voxel % box.ns
    first, end = max(s - PLANES // 2 + 1, 1), s + PLANES // 2 + 1
    if s >= n.first_plane:
        first, end = max(first, n.first_plane), min(end, n.end_plane)
        phi, idiag, rhs, cx, cy, cz = field.phi, field.inverse_diagonal, field.rhs, field.cx, field.cy, field.cz
        local_repair.relax(phi, idiag, rhs, cx, cy, cz, box, column, first, end, near, SWEEPS, field.patch)
        low, high = local_repair.window(grids, s)
        if (high - low) % 2 == 0:
            hierarchy.coarsen_near(idiag, field.surface_conductance, cx, cy, cz, grids, column, low, high)
    rates.update_columns(model, state.lattice.cell, box, method, n, column, near, first, end)


@verbs.update.of(Multigrid)
@njit
def update(method, model, box, state, voxel):
    """Equations and potential around a voxel that has just changed, and the rates that follow."""
    cell, column, s = state.lattice.cell, voxel // box.ns, voxel % box.ns
    equations.set_around(method.field, method.law, cell, box, column, s)
    if method.law.wagner[0] > sealed.WIDE:  # one voxel changes hardly anything beyond its neighbours
        _update_near(method, model, box, state, voxel, 1 if _is_wide(method) else local_repair.NEAR)
        if not is_empty(cell[voxel]):
            sealed.drain_beside(model, box, state.lattice, method, state.counters[0], voxel)
        return
    first, end = local_repair.repair(method.field, method.hierarchy, box, column, s)
    rates.update_window(model, cell, box, method, state.counters[0], column, first, end)


@verbs.after_event.of(Multigrid)
@leaf
def after_event(method, model, box, state, voxel):
    """Refresh at once if a column that has or had this height moved the layer so far that pressed faces are off."""
    n, s = state.counters[0], voxel % box.ns
    height, columns = max(state.lattice.height[voxel // box.ns], s), state.lattice.height_histogram
    current = verbs.moved(method.layer, box.nx * box.ny, columns, n, height)
    most = LAYER_SHARE * method.settings.tolerance * verbs.stiffest(method.law)
    if current > most * global_refresh.throughput(method.settings, box, n):
        n.overdue = 1


@verbs.defers_updates.of(Multigrid)
@leaf
def defers_updates(method):
    return True


@verbs.is_stale.of(Multigrid)
@leaf
def is_stale(method, box, voxel, empty):
    return (method.field.inverse_diagonal[voxel] != 0) != empty


@verbs.note_deferred.of(Multigrid)
@njit
def note_deferred(method, box, state, voxel):
    """Equations around a changed voxel, and off the lists what it no longer is."""
    cell, n, change = state.lattice.cell, state.counters[0], selection.put(method.sites, voxel, np.float32(0))
    if is_empty(cell[voxel]):
        n.strip_sum += change
    else:
        n.plate_sum += change
    equations.set_around(method.field, method.law, cell, box, voxel // box.ns, voxel % box.ns)


@verbs.update_deferred.of(Multigrid)
@njit
def update_deferred(method, model, box, state, voxel):
    """After hops, too, what goes beyond the next columns waits for the refresh."""
    _update_near(method, model, box, state, voxel, local_repair.NEAR)


@verbs.hops_one_at_a_time.of(Multigrid)
@leaf
def hops_one_at_a_time(method):
    return False


@verbs.contact_change.of(Multigrid)
@leaf
def contact_change(method, n, before):
    if abs(n.plate_sum + n.strip_sum - before) > SUDDEN * method.settings.tolerance * before:
        n.overdue = 1
