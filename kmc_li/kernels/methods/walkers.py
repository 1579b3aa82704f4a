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

from typing import Any, NamedTuple

import numpy as np

from kmc_li.kernels import loop
from kmc_li.kernels.base import verbs
from kmc_li.kernels.base.codes import ESCAPED, NO_METAL
from kmc_li.kernels.base.jit import leaf, njit
from kmc_li.kernels.lattice.occupancy import high_plane
from kmc_li.kernels.lattice.surface import area_ratio_along, live_faces, wrapped
from kmc_li.kernels.laws.linear import Linear
from kmc_li.kernels.methods import above, dead_contacts, free_regions, walk_tables
from kmc_li.kernels.methods.free_cubes import half_width
from kmc_li.kernels.methods.free_regions import BITS, CONTACT, NEAR, PAD, WAYS, bit, entry, place, three, wrap
from kmc_li.kernels.methods.multigrid import Settings
from kmc_li.kernels.methods.walk_draws import FIRST_FACTOR, MASK, SECOND_FACTOR, drawn, following, uniform

PATIENCE = 10**9  # moves after which a walker has nowhere to go: no metal is within reach
FEW = 10**7  # the same for an ion that has dissolved, maybe into a closed pore where nothing plates
SPAN = walk_tables.SPAN
ROOM = 1 << 60  # no lists that could be full


class Contacts(NamedTuple):
    """What a walker needs to know of a voxel that touches metal, by the mask of the directions in which metal is."""

    faces: np.ndarray  # int64 (64,): how many these are
    ways: np.ndarray  # int64 (64,): how many links to electrolyte there are
    directions: np.ndarray  # int64 (64 * 6,): these
    most: np.ndarray  # float64 (7,): greatest conductance that so many faces can have
    landing: np.ndarray  # int64 (256,): by the code: greatest chance to land, times 2^32; 0 where there is none


class Walkers(NamedTuple):
    """Where metal is and is not; displacements of a walker on its way down from above, as alias tables; the law."""

    regions: free_regions.FreeRegions
    alias_probability: np.ndarray  # float64 (HEIGHTS, columns); without the inner ones where these have a table
    alias_index: np.ndarray  # int32 (HEIGHTS, columns)
    inner_probability: np.ndarray  # float64 (INNER, SPAN^2 + 1): displacements below SPAN/2 each way, all others as one
    inner_index: np.ndarray  # int32 (INNER, SPAN^2 + 1); no rows on small lattices
    contacts: Contacts
    law: Linear
    weighted: np.ndarray  # int64 (1,), 1: faces count with their share of the true area
    held: np.ndarray  # float64 (2,): potential held above the box, and how high; 0 where the current is set


@njit
def note_most(contacts, most):
    """What a face conducts at most, of which follows the greatest chance to land at each kind of contact."""
    for mask in range(1, WAYS + 1):
        conductance = most * contacts.faces[mask]
        contacts.landing[CONTACT | mask] = int(conductance / (contacts.ways[mask] + conductance) * 2.0**32) + 1


def contacts(needs: Any) -> Contacts:
    """Tables for a lattice (`engine.build.Needs`)."""
    most = np.arange(7) / (needs.wagner + 0.5)
    found = Contacts(*walk_tables.contacts(needs.box.nx, needs.box.ny), most, np.zeros(256, np.int64))
    note_most(found, most[1])
    return found


def allocate(needs: Any) -> Walkers:
    """Tables for a lattice (`engine.build.Needs`)."""
    box = needs.box
    return Walkers(
        free_regions.FreeRegions(*walk_tables.free_regions(*box, needs.marks)),
        *walk_tables.returns(box.nx, box.ny),
        contacts=contacts(needs),
        law=Linear(np.array([needs.wagner])),
        weighted=np.array([needs.weighted], np.int64),
        held=np.array([needs.settings.potential, needs.settings.reference]),
    )


@verbs.begin.of(Walkers)
def begin(method, model, box, state):
    n = state.counters[0]
    dead_contacts.enter_all(method.regions, state.lattice.cell, box)
    above.begin(method, box, n)


@verbs.take_over.of(Walkers)
def take_over(method, old, model, box, state):
    method = method._replace(regions=old.method.regions)
    dead_contacts.mark_floor(method.regions, state.lattice.cell, box)
    above.begin(method, box, state.counters[0])
    return state._replace(method=method)


@verbs.restore.of(Walkers)
def restore(method, box, state):
    dead_contacts.enter_all(method.regions, state.lattice.cell, box)


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
    potential, reference = method.held
    held = Settings(0.0, float(potential), float(reference), gap=0, extra_planes=0) if potential > 0 else None
    return method.law, None, held, bool(method.weighted[0]), None


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
    return above.launched(method, box, n) * model.monolayer_rate * model.hits


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
    n = state.counters[0]
    dead_contacts.mark_around(method.regions, state.lattice.cell, box, voxel, n.dead_voxels + n.stripping == 0)


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
def area_ratio(regions, box, x, y, column, s):
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


@verbs.most_sink.of(Walkers)
@leaf
def most_sink(method, n, s, faces):
    """What so many faces can conduct at most."""
    return method.contacts.most[faces]


@verbs.plain_below.of(Walkers)
@leaf
def plain_below(method, n):
    return above.NOWHERE


@verbs.sink.of(Walkers)
@leaf
def sink(method, cell, box, n, x, y, s, faces):
    """Conductance of the faces of a voxel that touches metal."""
    length = method.law.wagner[0]
    if method.weighted[0] == 1:
        length *= area_ratio(method.regions, box, x, y, x * box.ny + y, s)
    return faces / (length + 0.5)


@njit
def _at_contact(method, cell, box, n, x, y, s, mask, a, b):
    """Step from a voxel that touches metal: (direction or -1 for absorbed, conductance of all links)."""
    contacts, chance = method.contacts, uniform(a, b)
    faces, ways = contacts.faces[mask], contacts.ways[mask]
    if n.dead_voxels + n.stripping > 0:
        faces = live_faces(cell, box, x * box.ny + y, s)
    # What the faces can conduct at most decides most draws; on the launch plane visits count by the exact total.
    most = verbs.most_sink(method, n, s, faces)
    total = ways + most
    if chance * total < most or s > n.top_plane:
        conductance = verbs.sink(method, cell, box, n, x, y, s, faces)
        total = ways + conductance
        if chance * total < conductance:
            return -1, total
    return contacts.directions[6 * mask + ((b & MASK) * ways >> 32)], total


@verbs.draw.of(Walkers)
@njit
def draw(method, model, box, state, rng):
    n, area = state.counters[0], box.nx * box.ny
    if n.walkers % max(area // 256, 1) == 0:
        n.high_plane = high_plane(state.lattice.height_histogram, area, n.top_plane)
    return walk(state.lattice.cell, box, method, n, rng)


@njit
def walk(cell, box, method, n, rng):
    """Voxel at which the next ion is absorbed; NO_METAL where none can take it, ESCAPED: it has gone up."""
    x, y = int(rng.random() * box.nx), int(rng.random() * box.ny)
    n.walkers += 1
    voxel = walk_from(cell, box, method, n, rng, x, y, n.top_plane + 1)
    if method.held[0] > 0.0:
        n.span += (box.nx * box.ny) / above.launched(method, box, n)
        n.walkers -= int(voxel == ESCAPED)
    return voxel


@leaf
def walk_from(cell, box, method, n, rng, x, y, s):
    """Voxel at which a walker is absorbed that starts at an empty voxel no higher than the launch plane; as `walk`."""
    return walk_at_most(cell, box, method, n, rng, x, y, s, PATIENCE)


@njit
def walk_at_most(cell, box, method, n, rng, x, y, s, patience):
    """The same with so many moves."""
    regions, launch, last = method.regions, n.top_plane + 1, above.last_plane(method)
    ways, ceiling, landing = method.contacts.ways[0], min(launch, last), method.contacts.landing
    plain = min(ceiling - 1, verbs.plain_below(method, n))
    a, b = int(rng.random() * 2.0**53) + 1, int(rng.random() * 2.0**53) + 1
    for _ in range(patience):
        a, b = following(a, FIRST_FACTOR), following(b, SECOND_FACTOR)
        at = place(regions, x, y, s)  # x and y may lie beyond the box; they are brought back to it meanwhile
        x, y = entry(regions.x, x + PAD), entry(regions.y, y + PAD)
        if s > launch:
            if n.visits > n.most_visits > 0.0:
                return NO_METAL
            if last < above.NOWHERE:
                x, y, s = above.move(regions, box, x, y, s, launch, last, a, b)
                if s < 0:
                    return ESCAPED
                continue
            height = walk_tables.HEIGHTS - 1
            while 1 << height > s - launch:
                height -= 1
            s -= 1 << height
            if height < method.inner_probability.shape[0]:
                pick = drawn(method.inner_probability[height], method.inner_index[height], 0, SPAN * SPAN + 1, a, b)
                if pick < SPAN * SPAN:
                    x, y = x + pick // SPAN - SPAN // 2, y + pick % SPAN - SPAN // 2
                    continue
                a, b = following(a, FIRST_FACTOR), following(b, SECOND_FACTOR)  # the last ones are what led here
            pick = drawn(method.alias_probability[height], method.alias_index[height], 0, box.nx * box.ny, a, b)
            x, y = wrap(x + pick // box.ny, box.nx), wrap(y + pick % box.ny, box.ny)
            continue
        code = np.int64(entry(regions.code, at))
        size = entry(regions.steps, 2 * code + 1)
        highest = ceiling - NEAR + code if code < CONTACT else plain
        if size > 0 and s <= highest and (a & MASK) >= entry(landing, code):
            # a small cube below the launch plane, or a contact at which it surely does not land
            line = entry(regions.steps, 2 * code) + (((a if code < CONTACT else b) & MASK) * size >> 32)
        elif code < CONTACT:
            cube = 3 * min(half_width(regions, box, x, y, s, at, code), last - s)
            start, size = entry(regions.cubes, cube), entry(regions.cubes, cube + 1)
            cube = entry(regions.cubes, cube + 2)
            if launch - s < cube:
                n.visits += regions.visits[cube, launch - s + cube - 1] / ways
            line = start + ((a & MASK) * size >> 32)
        else:
            direction, total = _at_contact(method, cell, box, n, x, y, s, code & WAYS, a, b)
            if total <= 0.0:
                return NO_METAL  # a closed voxel in which nothing plates
            if s == launch:
                n.visits += 1.0 / total
            if direction < 0:
                n.high += int(s > n.high_plane + 1)
                return (x * box.ny + y) * box.ns + s
            if direction < 2:
                x += 2 * direction - 1
            elif direction < 4:
                y += 2 * direction - 5
            else:
                s += 2 * direction - 9
            continue
        jump = entry(regions.exits, 2 * line + 1) >> 30 * int((b & MASK) >= entry(regions.exits, 2 * line))
        x, y, s = x + (jump & BITS) - PAD, y + (jump >> 10 & BITS) - PAD, s + (jump >> 20 & BITS) - PAD
    return NO_METAL
