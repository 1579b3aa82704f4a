"""No field: every site plates at the same rate (Eden growth), or nothing plates and atoms only hop."""

from typing import Any, NamedTuple

import numpy as np

from kmc_li.kernels import loop
from kmc_li.kernels.base import verbs
from kmc_li.kernels.base.codes import FULL, GROW_SITES, NOTHING, RUNNING
from kmc_li.kernels.base.jit import leaf, njit
from kmc_li.kernels.base.prefetch import prefetch
from kmc_li.kernels.lattice.occupancy import LI, NEIGHBOURS, around, is_empty
from kmc_li.kernels.lattice.surface import live_faces
from kmc_li.kernels.selection import composition_rejection as selection
from kmc_li.kernels.selection import hops
from kmc_li.kernels.selection.hops import at

NEVER = 1e299  # no time limit
AHEAD = 2  # attempts drawn before their turn (next, after), so that memory can be asked for what they touch


class Uniform(NamedTuple):
    """Sites that may plate, all in one class."""

    sites: selection.ClassLists
    hits: np.ndarray  # uint16 (places,): hits of the site at a place, all 0 but within `advance`


def allocate(needs: Any) -> Uniform:
    """Empty lists for a lattice (`engine.build.Needs`)."""
    sites = selection.allocate(needs.voxels, needs.surface)
    return Uniform(sites, np.zeros(sites.site.size, np.uint16))


@verbs.begin.of(Uniform)
def list_sites(method, model, box, state):
    if model.monolayer_rate > 0:
        list_all(method, model, box, state)


@verbs.restore.of(Uniform)
def nothing_to_restore(method, box, state):
    pass


@verbs.enlarge.of(Uniform)
def enlarged(method):
    sites = selection.grown(method.sites)
    return Uniform(sites, np.zeros(sites.site.size, np.uint16))


@verbs.rates_in_use.of(Uniform)
def rates_in_use(method, out):
    return False


@verbs.mean_field.of(Uniform)
def no_field(method, box, state):
    return None


@verbs.event_loop.of(Uniform)
def event_loop(method, model):
    """Loops of their own where nothing but plating or nothing but hops happens; the same process, only faster."""
    if not model.hop_rate.any():
        return advance
    return hops.advance if model.monolayer_rate == 0 else loop.advance


@leaf
def site_rate(model, cell, box, voxel):
    """1 for an empty voxel at live Li, else 0."""
    here = cell[voxel]
    if not is_empty(here):
        return 0.0
    faces = live_faces(cell, box, voxel // box.ns, voxel % box.ns) if model.tracks_contact else here & NEIGHBOURS
    return 1.0 if faces != 0 else 0.0


@njit
def _update_voxel(method, model, cell, box, n, voxel):
    """Put the present rate of one voxel on the lists."""
    if is_empty(cell[voxel]):
        if method.sites.where[voxel] < 0 and (cell[voxel] & NEIGHBOURS) == 0:
            return
        n.plate_sum += selection.put(method.sites, voxel, np.float32(site_rate(model, cell, box, voxel)))


@njit
def list_all(method, model, box, state):
    """Sites of the whole deposit."""
    n = state.counters[0]
    for column in range(box.nx * box.ny):
        for s in range(1, min(n.top_plane + 2, box.ns - 1)):
            _update_voxel(method, model, state.lattice.cell, box, n, column * box.ns + s)


@verbs.room.of(Uniform)
@njit
def room(method):
    return selection.room(method.sites)


@verbs.total_rate.of(Uniform)
@leaf
def total_rate(method, model, box, n):
    return (max(n.plate_sum, 0.0) + max(n.strip_sum, 0.0)) * model.monolayer_rate * model.hits


@verbs.draw.of(Uniform)
@njit
def draw(method, model, box, state, rng):
    return selection.draw(method.sites, rng)


@verbs.withdraw.of(Uniform)
@njit
def withdraw(method, box, state, voxel):
    state.counters[0].plate_sum += selection.put(method.sites, voxel, np.float32(0))


@verbs.update.of(Uniform)
@verbs.update_deferred.of(Uniform)
@njit
def update(method, model, box, state, voxel):
    """Rates of a voxel and of its neighbours."""
    cell, n, column, s = state.lattice.cell, state.counters[0], voxel // box.ns, voxel % box.ns
    for other in around(box, column):
        _update_voxel(method, model, cell, box, n, other * box.ns + s)
    for k in range(max(s - 1, 1), s + 2):
        _update_voxel(method, model, cell, box, n, column * box.ns + k)


@verbs.after_event.of(Uniform)
@leaf
def after_event(method, model, box, state, voxel):
    pass


@verbs.defers_updates.of(Uniform)
@leaf
def defers_updates(method):
    return False


@verbs.is_stale.of(Uniform)
@leaf
def is_stale(method, box, voxel, empty):
    return True


@verbs.note_deferred.of(Uniform)
@njit
def note_deferred(method, box, state, voxel):
    if not is_empty(state.lattice.cell[voxel]):
        withdraw(method, box, state, voxel)


@verbs.refresh_is_due.of(Uniform)
@leaf
def refresh_is_due(method, n):
    return False


@verbs.hops_one_at_a_time.of(Uniform)
@leaf
def hops_one_at_a_time(method):
    return True


@verbs.contact_change.of(Uniform)
@leaf
def contact_change(method, n, before):
    pass


@leaf
def _open(cell, sites, cls, voxel, later):
    """A voxel has a new Li neighbour: if it is empty it may plate from now on."""
    here = int(cell[at(voxel)])
    cell[at(voxel)] = here + 1
    if here == 0:
        spot = selection.append(sites, voxel, cls)
        if not later:
            sites.where[at(voxel)] = spot
            sites.rate[at(voxel)] = 1


@leaf
def _spot(pages, i):
    """Place of the site number i of a class."""
    return pages[i >> selection.SHIFT] * selection.PAGE + (i & (selection.PAGE - 1))


@njit
def _note_places(method, cls, hits, listed):
    """Enter places, rates and hits of all sites by voxel, or take them out: their hits are then noted by place."""
    sites = method.sites
    for i in range(sites.count[cls]):
        spot = _spot(sites.table[cls], i)
        voxel = np.int64(sites.site[spot])
        sites.where[at(voxel)] = spot if listed else -1
        sites.rate[at(voxel)] = 1 if listed else 0
        if hits.size > 1:
            hits[voxel], method.hits[spot] = method.hits[spot], hits[voxel]  # one of the two is 0


@leaf
def _ask_for_site(sites, hits, pages, i):
    """Memory that tells of site number i, about."""
    spot = _spot(pages, i)
    prefetch(sites.site, spot)
    prefetch(hits, spot)


@leaf
def _ask_for_cells(sites, cell, height, box, pages, i):
    """Memory of the voxel of site number i, about, and of its neighbours; none across the boundary."""
    voxel = np.int64(sites.site[_spot(pages, i)])
    for away in (0, box.ns, -box.ns, box.ny * box.ns, -box.ny * box.ns):
        prefetch(cell, voxel + away)
    prefetch(height, voxel // box.ns)


@njit
def advance(model, box, state, rng, max_events, max_net, max_time):
    """Plate until a limit is met: the same process, limits and answers as loop.advance.

    Attempts are drawn ahead only where none of them can be the last one, so each carries the numbers it would anyway.
    """
    n, sites, cell = state.counters[0], state.method.sites, state.lattice.cell
    height, columns = state.lattice.height, state.lattice.height_histogram
    cls = selection.class_of(1.0)
    pages = sites.table[cls]
    each = model.monolayer_rate * model.hits
    first, attempts, time, top = n.events, n.attempts, n.time, n.top_plane
    events, last, code = first, min(max_events, first + max_net - (n.plated - n.stripped)), RUNNING
    # What is known of sites by voxel is entered at the end, at less cost than event by event.
    later = last - first > sites.count[cls]
    hits = state.method.hits if later else state.hits
    far, drawn = later and max_time > NEVER, 0  # times are not known ahead
    wait, next_wait, after_wait, pick, next_pick, after_pick = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    if later:
        _note_places(state.method, cls, state.hits, False)
    while events < last and time < max_time:
        if top >= model.nz:
            code = FULL
            break
        more = selection.room(sites) - 8
        if more < 0:
            code = GROW_SITES
            break
        count = sites.count[cls]
        if count * each <= 0.0:
            code = NOTHING
            break
        attempts += 1
        if drawn == 0:
            wait, pick, drawn = rng.standard_exponential(), rng.random(), 1
        if far and events + AHEAD < last and top + AHEAD < model.nz and count > AHEAD and more > AHEAD * selection.PAGE:
            if drawn == 1:
                next_wait, next_pick, drawn = rng.standard_exponential(), rng.random(), 2
            after_wait, after_pick, drawn = rng.standard_exponential(), rng.random(), 3
            _ask_for_site(sites, hits, pages, int(after_pick * count))
            _ask_for_cells(sites, cell, height, box, pages, int(next_pick * count))
        time += wait / (count * each)
        i = int(pick * count)
        wait, next_wait, pick, next_pick, drawn = next_wait, after_wait, next_pick, after_pick, drawn - 1
        spot = _spot(pages, i)
        voxel = np.int64(sites.site[spot])
        if model.hits > 1:
            mine = at(spot) if later else at(voxel)
            hits[mine] += 1
            if hits[mine] < model.hits:
                continue
            hits[mine] = 0
        end = _spot(pages, count - 1)
        moved = np.int64(selection.fill_place(sites, spot, cls))
        if later:
            hits[at(spot)] = hits[at(end)]
            hits[at(end)] = 0
        else:
            sites.where[at(moved)] = spot
            sites.where[at(voxel)] = -1
            sites.rate[at(voxel)] = 0
        cell[voxel] = int(cell[voxel]) | LI
        column = voxel // box.ns
        s = voxel - column * box.ns
        for other in around(box, column):
            if other != column:
                _open(cell, sites, cls, other * box.ns + s, later)
        if s > 1:
            _open(cell, sites, cls, voxel - 1, later)
        else:
            cell[voxel - 1] = int(cell[voxel - 1]) + 1
        _open(cell, sites, cls, voxel + 1, later)
        if s > height[column]:
            columns[height[column]] -= 1
            columns[s] += 1
            height[column] = s
            top = max(top, s)
        events += 1
    if later:
        _note_places(state.method, cls, state.hits, True)
    n.plated += events - first
    n.events, n.attempts, n.time, n.top_plane = events, attempts, time, top
    n.plate_sum = sites.count[cls]
    return code
