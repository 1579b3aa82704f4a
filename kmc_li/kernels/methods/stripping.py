"""The event loop while the current strips: the field is that of plating mirrored, so what is drawn is where metal goes.

With all potentials and shifts of the other sign, the reversed current solves the equations of plating. The voxel that
would plate is then the place beside which metal dissolves: of its faces one is drawn by its current, and the Li behind
it leaves. In the same way, Li that would dissolve is plated on. A foreign collector does not dissolve, so its faces
are insulated (BLOCKED).
"""

from kmc_li.kernels import contact, events, hopping, interphase  # noqa: F401  contact and hopping enter their verbs
from kmc_li.kernels.base import verbs
from kmc_li.kernels.base.codes import CONTINUE, CUT_OFF, NOTHING, NOTHING_PENDING, REFRESH, RUNNING
from kmc_li.kernels.base.jit import leaf, njit
from kmc_li.kernels.lattice.connectivity import faces
from kmc_li.kernels.lattice.occupancy import is_empty, top
from kmc_li.kernels.lattice.surface import conducts, live_faces
from kmc_li.kernels.methods import dead_contacts, guide
from kmc_li.kernels.methods.guide_grid import TOP
from kmc_li.kernels.methods.guided import Guided
from kmc_li.kernels.methods.multigrid import Multigrid
from kmc_li.kernels.methods.walkers import Walkers
from kmc_li.kernels.solver.equations import place, strip_face


@njit
def advance(model, box, state, rng, max_events, max_stripped, max_time, cut_off):
    """Dissolve until a limit is met; returns why it stopped, as `loop.advance`, or CUT_OFF.

    `max_stripped` counts voxels stripped less plated since the start of the run. `cut_off` is the mean potential above
    the deposit, in j voxel / kappa, beyond which stripping ends; the mean over 1/16 of a monolayer is compared with it.
    """
    n, method, window = state.counters[0], state.method, max(box.nx * box.ny // 16, 16)
    while n.events < max_events and n.stripped - n.plated < max_stripped and n.time < max_time:
        if n.initial + n.plated - n.stripped - n.dead_voxels <= 0:
            return NOTHING
        if n.pending == NOTHING_PENDING:
            code = verbs.wait(state.hoppers, model, box, state, rng, max_events, max_time)
            if code != CONTINUE:
                return code
            if n.time > max_time:  # the waiting time has no memory: what was due later is drawn again
                n.time, n.pending = max_time, NOTHING_PENDING
                return RUNNING
        before = n.visits
        n.most_visits = min(before + cut_off * window - n.cut_off_visits, 1e300)
        drawn = verbs.draw(method, model, box, state, rng)
        if drawn < 0:
            return CUT_OFF if n.visits > n.most_visits else NOTHING
        voxel = verbs.behind(method, state.lattice.cell, box, n, drawn, rng)
        n.cut_off_walkers += 1
        n.cut_off_visits += n.visits - before
        n.pending = NOTHING_PENDING
        if voxel >= 0 and _is_last_hit(model, state, voxel):
            events.change(model, box, state, voxel, False)
            if model.fresh_share > 0.0:
                interphase.note_laid_open(model, box, state, voxel)
            verbs.after_event(method, model, box, state, voxel)
            n.top_plane = top(state.lattice.height_histogram, n.top_plane)
            n.events += 1
            n.since += 1
        if n.cut_off_walkers >= window:
            potential = verbs.potential_above(method, box, n)
            n.cut_off_walkers, n.cut_off_visits = 0, 0.0
            if potential > cut_off:
                return CUT_OFF
        if n.initial + n.plated - n.stripped - n.dead_voxels > 0 and verbs.refresh_is_due(method, n):
            return REFRESH
    return RUNNING


@leaf
def _is_last_hit(model, state, voxel):
    if model.hits == 1:
        return True
    state.hits[voxel] += 1
    if state.hits[voxel] < model.hits:
        return False
    state.hits[voxel] = 0
    return True


@verbs.behind.of(Walkers)
@njit
def behind_walker(method, cell, box, n, voxel, rng):
    """All faces of a voxel conduct alike."""
    return _even(cell, box, voxel, rng)


@njit
def _even(cell, box, voxel, rng):
    left = int(rng.random() * live_faces(cell, box, voxel // box.ns, voxel % box.ns))
    for other in faces(box, voxel):
        if other != voxel and conducts(cell[other]):
            if left == 0:
                return other
            left -= 1
    return -1


@leaf
def _face_current(method, cell, box, voxel, other, count, phi):
    """Current of the face between two voxels, in the direction in which the first of them, at phi, has been drawn."""
    s = voxel % box.ns
    if not is_empty(cell[voxel]):
        half = 2 * s if other == voxel + 1 else 2 * s - 2 if other == voxel - 1 else 2 * s - 1
        return strip_face(cell, box, method.field, method.law, other // box.ns, other % box.ns, half)
    if not conducts(cell[other]):
        return 0.0
    one = (0, 0, 1) if other == voxel + 1 else (0, 1, 0) if other == voxel - 1 else (1, 0, 0)
    field, a = method.field, place(method.field, voxel // box.ns, s)
    share = field.surface_conductance[a] / count
    return verbs.currents(method.law, voxel, phi, one, field.shift, field.kappa[s], share, s)[0]


@verbs.behind.of(Multigrid)
@njit
def behind_site(method, cell, box, n, voxel, rng):
    """A neighbour by the current of the face between; -1 if the rate that drew the voxel is out of date."""
    phi = float(method.field.phi[place(method.field, voxel // box.ns, voxel % box.ns)])
    return _by_current(method, cell, box, voxel, rng, phi)


@verbs.behind.of(Guided)
@njit
def behind_landing(method, cell, box, n, voxel, rng):
    """A neighbour by the current of the face between, as the walker found it."""
    s = voxel % box.ns
    if not guide.is_followed(method, n, s):
        return _even(cell, box, voxel, rng)
    return _by_current(method, cell, box, voxel, rng, guide.present(method, n, voxel // box.ns, s))


@njit
def _by_current(method, cell, box, voxel, rng, phi):
    count = max(live_faces(cell, box, voxel // box.ns, voxel % box.ns), 1)
    total = 0.0
    for other in faces(box, voxel):
        if other != voxel:
            total += _face_current(method, cell, box, voxel, other, count, phi)
    left, last = rng.random() * total, -1
    for other in faces(box, voxel):
        if other != voxel:
            current = _face_current(method, cell, box, voxel, other, count, phi)
            if current > 0.0 and left >= 0.0:
                last = other
            left -= current
    return last


@verbs.potential_above.of(Walkers, Guided)
@leaf
def potential_of_walkers(method, box, n):
    return n.cut_off_visits / n.cut_off_walkers


@verbs.potential_above.of(Multigrid)
@njit
def potential_of_field(method, box, n):
    total, s = 0.0, n.top_plane + 1
    for column in range(box.nx * box.ny):
        total += method.field.phi[column * box.ns + s]
    return total / (box.nx * box.ny)


@verbs.note_moved.of(Walkers)
@njit
def walkers_know(method, box, state, moved):
    for i in range(moved):
        dead_contacts.mark_around(method.regions, state.lattice.cell, box, int(state.search.voxel[i]), False)


@verbs.note_moved.of(Guided)
@njit
def equations_wait(method, box, state, moved):
    """The refresh that follows sets all equations, up to where dead Li has been."""
    walkers_know(method, box, state, moved)
    for i in range(moved):
        method.planned[TOP] = max(method.planned[TOP], int(state.search.voxel[i]) % box.ns)
