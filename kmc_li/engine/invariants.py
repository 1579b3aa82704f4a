"""Recount everything a running simulation keeps up to date from its occupancy alone: slow, for tests and debugging.

    check(simulation)    raises InvariantError that says what is wrong and where

What is recounted: neighbour counts, column heights and their histogram, dead metal, membership and classes of the lists
of sites and hoppers, stored rates against the present field, the running totals, counts of events and Faraday's law.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kmc_li.engine.build import initial_deposit
from kmc_li.kernels import hopping
from kmc_li.kernels.base import verbs
from kmc_li.kernels.lattice.connectivity import Search
from kmc_li.kernels.lattice.occupancy import BLOCKED, DEAD, LI, NEIGHBOURS, WALL, Box
from kmc_li.kernels.methods import dead_contacts, free_cubes, free_regions, walk_tables
from kmc_li.kernels.methods.ageing import AgedWalkers
from kmc_li.kernels.methods.guided import Guided
from kmc_li.kernels.methods.multigrid import Multigrid
from kmc_li.kernels.methods.uniform import Uniform
from kmc_li.kernels.methods.walkers import Walkers
from kmc_li.kernels.selection import composition_rejection as selection
from kmc_li.kernels.selection.hops import HopLists
from kmc_li.kernels.solver import rates
from kmc_li.kernels.state import Model, State
from kmc_li.morphology import attached_to_collector

if TYPE_CHECKING:
    from kmc_li.engine.simulation import Simulation

TOTALS = 1e-5  # relative: sums of float32 changes against a fresh sum


class InvariantError(AssertionError):
    """What the simulation keeps does not follow from its occupancy."""


def check(simulation: "Simulation") -> None:
    """Raise InvariantError unless everything follows from the occupancy; changes nothing."""
    model, box, state = simulation._model, simulation._box, _copied(simulation._state)
    # What hops have changed may wait for the next event of the field.
    if state.counters[0].changed > 0 and hopping.flush(model, box, state):
        verbs.refresh(state.method, model, box, state)
    check_lattice(box, state)
    check_dead(model, box, state)
    if isinstance(state.method, (Multigrid, Uniform)):
        check_lists(state.method.sites, "sites")
        check_sites(model, box, state)
        check_rates(model, box, state)
    if isinstance(state.method, (Walkers, AgedWalkers, Guided)):
        check_regions(box, state)
    check_hoppers(box, state)
    check_charge(simulation)


def _copied(value: Any) -> Any:
    """Named tuples of arrays with all arrays copied."""
    return (
        value.copy() if isinstance(value, np.ndarray)
        else type(value)(*(_copied(item) for item in value)) if isinstance(value, tuple) else value
    )  # fmt: skip


def _require(holds: Any, message: str) -> None:
    if not holds:
        raise InvariantError(message)


def _same(found: NDArray[Any], expected: NDArray[Any], name: str) -> None:
    wrong = np.argwhere(found != expected)
    if wrong.size:
        at = tuple(int(i) for i in wrong[0])
        raise InvariantError(f"{name} {at}: is {found[at]}, counted {expected[at]} ({len(wrong)} wrong)")


def check_lattice(box: Box, state: State) -> None:
    """Neighbor counts, heights and the histogram of heights."""
    cell = state.lattice.cell.reshape(box)
    li = (cell & LI) != 0
    _require((li[:, :, 0] | ((cell[:, :, 0] & WALL) != 0)).all(), "the collector's plane has a hole")
    count = np.zeros(box, np.int64)
    for axis, size in ((0, box.nx), (1, box.ny)):
        if size > 1:
            count += np.roll(li, 1, axis).astype(int) + np.roll(li, -1, axis)
    count[:, :, 1:] += li[:, :, :-1]
    count[:, :, :-1] += li[:, :, 1:]
    _same((cell & NEIGHBOURS)[:, :, 1:].astype(int), count[:, :, 1:], "neighbour count of voxel")
    planes = np.arange(box.ns)
    heights = np.where(li, planes, 0).max(axis=2)
    _same(state.lattice.height.reshape(box.nx, box.ny), heights, "height of column")
    _same(state.lattice.height_histogram, np.bincount(heights.ravel(), minlength=box.ns + 1), "columns of height")
    top = int(state.counters[0].top_plane)
    _require(heights.max() <= top, f"top: is {top}, counted {heights.max()}")


def check_dead(model: Model, box: Box, state: State) -> None:
    """Dead is what labels do not join to the collector's plane, and all of it is counted."""
    cell = state.lattice.cell.reshape(box)
    dead, counted = (cell & DEAD) != 0, int(state.counters[0].dead_voxels)
    li = (cell & LI) != 0
    expected = li & ~attached_to_collector(li) if model.tracks_contact else np.zeros_like(li)
    _same(dead, expected, "dead voxel")
    _require(counted == dead.sum(), f"dead_voxels: is {counted}, counted {dead.sum()}")
    marked = isinstance(state.search, Search) and state.search.mark.any()
    _require(not marked, "a search for dead metal left its marks behind")


def check_lists(lists: selection.ClassLists, name: str) -> None:
    """Pages belong to one class or are free, `where` and `site` are inverse to each other."""
    members = listed(lists)
    _require(len(set(members[:, 0])) == len(members), f"{name}: a voxel is listed twice")
    where = np.full(lists.where.size, -1)
    where[members[:, 0]] = members[:, 2]
    _same(lists.where, where, f"{name}: position of voxel")
    used = [int(p) for c, n in enumerate(lists.count) for p in lists.table[c, : -(-n // selection.PAGE)]]
    free = [int(p) for p in lists.free[: lists.free[-1]]]
    _require(sorted(used + free) == list(range(lists.owner.size)), f"{name}: pages are lost or shared")
    spanned = np.flatnonzero(lists.count)
    _require(
        not spanned.size or (lists.span[0] <= spanned[0] and spanned[-1] < lists.span[1]),
        f"{name}: classes {spanned} reach beyond their span {lists.span}",
    )
    for c, n in enumerate(lists.count):
        pages = lists.table[c, : -(-n // selection.PAGE)]
        _require((lists.owner[pages] == c).all(), f"{name}: a page of class {c} has another owner")


def listed(lists: selection.ClassLists) -> NDArray[np.int64]:
    """(voxel, class, position) of all listed sites, int64 (sites, 3)."""
    rows = [
        (int(lists.site[spot]), cls, spot)
        for cls, count in enumerate(lists.count)
        for n in range(count)
        for spot in [int(lists.table[cls, n // selection.PAGE]) * selection.PAGE + n % selection.PAGE]
    ]
    return np.array(rows, np.int64).reshape(-1, 3)


def check_hoppers(box: Box, state: State) -> None:
    """Li voxels with 1 to 5 Li neighbours are listed under their number; one with 6 may still be on the list of 5."""
    lists = state.hoppers
    if not isinstance(lists, HopLists):
        return
    where = np.zeros_like(lists.where)
    for cls in range(1, 6):
        n = int(lists.count[cls])
        where[lists.site[cls, :n]] = 8 * np.arange(n) + cls
    _same(lists.where, where, "hop list: position of voxel")
    cell, found = state.lattice.cell.reshape(box)[:, :, 1:], (where & 7).reshape(box)[:, :, 1:]
    _require(not (where & 7).reshape(box)[:, :, 0].any(), "hop list: the collector may hop")
    count = np.where((cell & LI) != 0, cell & NEIGHBOURS, 0).astype(int)
    expected = np.where(count == 6, found * (found == 5), count)
    _same(found, expected, "hop list of voxel")


def check_sites(model: Model, box: Box, state: State) -> None:
    """Listed rates are positive, within their class, and belong to a voxel with a Li face or an empty neighbour."""
    members, cell = listed(state.method.sites), state.lattice.cell
    if len(members) == 0:
        return
    voxels, cls, _ = members.T
    rate, bound = state.method.sites.rate[voxels].astype(float), state.method.sites.bound[cls]
    outside = (rate < 0.5 * bound) | (rate >= bound)
    _require(not outside.any(), f"sites: {outside.sum()} rates lie outside their class, as {rate[outside][:3]}")
    empty, count = cell[voxels] < LI, (cell[voxels] & NEIGHBOURS).astype(int)
    _require((_live_neighbours(box, cell)[voxels[empty]] > 0).all(), "sites: an empty voxel without live Li may plate")
    _require(((cell[voxels] & DEAD) == 0).all(), "sites: dead metal may dissolve")
    _require((voxels[~empty] % box.ns > 0).all(), "sites: the collector may dissolve")
    faces = 2 + 2 * (box.nx > 1) + 2 * (box.ny > 1)
    _require((count[~empty] < faces).all(), "sites: a buried voxel may dissolve")
    _require(model.strip or empty.all(), "sites: metal may dissolve although dissolution is off")


def _live_neighbours(box: Box, cell: NDArray[np.uint8]) -> NDArray[np.int64]:
    live = ((cell & (LI | DEAD | BLOCKED)) == LI).reshape(box)
    count = np.zeros(box, np.int64)
    for axis in (0, 1):
        count += np.roll(live, 1, axis).astype(int) + np.roll(live, -1, axis)
    count[:, :, 1:] += live[:, :, :-1]
    count[:, :, :-1] += live[:, :, 1:]
    return count.ravel()


def check_rates(model: Model, box: Box, state: State, tolerance: float = 1e-5) -> None:
    """Running totals equal the sum of listed rates; just after a refresh these equal the rates of the field."""
    n, members = state.counters[0], listed(state.method.sites)
    voxels = members[:, 0]
    rate, empty = state.method.sites.rate[voxels].astype(float), state.lattice.cell[voxels] < LI
    for name, total, counted in (
        ("plate_sum", float(n.plate_sum), rate[empty].sum()),
        ("strip_sum", float(n.strip_sum), rate[~empty].sum()),
    ):
        allowed = TOTALS * max(rate.sum(), 1e-30)
        _require(abs(total - counted) <= allowed, f"{name}: is {total!r}, counted {counted!r}")
    if model.monolayer_rate == 0:
        return
    if isinstance(state.method, Multigrid) and n.since > 0:
        return  # rates outside the windows of events lag behind the field until the next refresh
    fresh = np.zeros(state.lattice.cell.size)
    end = min(int(n.top_plane) + 2, box.ns - 1)  # a full box lists sites in the plane above it, which are never drawn
    if isinstance(state.method, Multigrid):
        rates.write_rates(model, state.lattice.cell, box, state.method, end, fresh)
    else:
        plane = np.arange(fresh.size) % box.ns
        touching = _live_neighbours(box, state.lattice.cell) > 0
        fresh[touching & (state.lattice.cell < LI) & (plane > 0) & (plane < end)] = 1.0
    used = np.zeros_like(fresh)
    used[voxels] = rate
    plane = np.arange(fresh.size) % box.ns
    grid = (plane >= n.first_plane) & (plane < end)
    floor = state.method.sites.bound[0]  # smaller rates are left out
    wrong = np.flatnonzero(grid & (np.abs(used - fresh) > tolerance * np.abs(fresh) + floor))
    if wrong.size:
        at = tuple(int(i) for i in np.unravel_index(wrong[0], box))
        raise InvariantError(f"rate of voxel {at}: listed {used[wrong[0]]!r}, the field says {fresh[wrong[0]]!r}")


def check_regions(box: Box, state: State) -> None:
    """Free regions know of all metal and of nothing else; the current is the set one, unless a potential is held."""
    marks = bool(state.method.regions.marks[0])
    fresh, n = free_regions.FreeRegions(*walk_tables.free_regions(*box, marks)), state.counters[0]
    dead_contacts.enter_all(fresh, state.lattice.cell, box)
    free_cubes.settle(state.method.regions, box)
    _same(state.method.regions.metal, fresh.metal, "metal in word")
    _same(free_cubes.codes(state.method.regions, box), free_cubes.codes(fresh, box), "code of voxel")
    _same(state.method.regions.near, fresh.near, "distance of block")
    codes, live = free_cubes.codes(fresh, box), _live_neighbours(box, state.lattice.cell).reshape(box)
    touching = ((codes & free_regions.WAYS) > 0) & (codes >= free_regions.CONTACT)
    without = touching & (live == 0) & (state.lattice.cell < LI).reshape(box)
    _same((codes > free_regions.METAL) & (codes < free_regions.EITHER), without & marks, "contact without current")
    if isinstance(state.method, Guided):
        return
    is_set = n.plate_sum == box.nx * box.ny and n.strip_sum == 0
    _require(state.method.held[0] > 0 or is_set, f"plate_sum: is {n.plate_sum}, must be the area")


def check_charge(simulation: "Simulation") -> None:
    """Voxels come and go by plating and stripping alone; events are counted once; charge is theirs by Faraday."""
    n, p = simulation._state.counters[0], simulation.parameters
    present, net = int(np.count_nonzero(simulation.occupancy)), int(n.plated - n.stripped)
    at_first = int(np.count_nonzero(initial_deposit(p, simulation.seed)))
    message = f"{present} Li voxels: {at_first} at first, {n.plated} plated less {n.stripped} stripped"
    message += f" and {n.interphase} in the interphase"
    _require(present == at_first + net - n.interphase, message)
    _require(n.events == n.plated + n.stripped + n.hopped, f"events: {n.events} is not the sum of its kinds")
    coulomb_m2 = net * p.voxel_charge_C / p.face_area_m2
    charge = simulation.areal_capacity_mAh_cm2 * 3.6e4
    _require(abs(charge - coulomb_m2) <= 1e-12 * abs(coulomb_m2), f"charge {charge} C/m^2, voxels say {coulomb_m2}")
