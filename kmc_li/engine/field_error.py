"""What a running field is worth: its error against the converged field of the same deposit."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kmc_li.kernels.base import verbs
from kmc_li.kernels.lattice.occupancy import Box
from kmc_li.kernels.layers import bare
from kmc_li.kernels.methods import guidance  # noqa: F401  enters its verb
from kmc_li.kernels.methods.multigrid import Multigrid, Settings
from kmc_li.kernels.selection import composition_rejection as selection
from kmc_li.kernels.solver import equations, hierarchy, krylov, rates
from kmc_li.kernels.solver.refresh import resistance_above, throughput
from kmc_li.kernels.state import COUNTERS, Model, State

TOLERANCE = 1e-6  # sum |residual| over the current of the converged field
NEWTON_STEPS = 50
CURRENT_HELD = Settings(tolerance=0.0, potential=0.0, reference=0.0, gap=0, extra_planes=0)


def planes_above(nx: int, ny: int) -> NDArray[np.float64]:
    """Thickness [voxels] of the planes above the highest bud: 16 of one voxel, then four each of 2, 4, 8, ... voxels.

    They reach at least two periods of the cell up; the slow growth costs rates less than 1e-4 (TV), as tested.
    """
    doublings = max(int(np.ceil(np.log2(max(nx, ny) / 4 + 1))), 1)
    return np.concatenate([np.ones(16), np.repeat(2.0 ** np.arange(1, doublings + 1), 4)])


class Converged(NamedTuple):
    """The field of a deposit, solved on a grid of its own."""

    problem: Multigrid
    box: Box
    cell: NDArray[np.uint8]
    top: int


def converged_field(model: Model, box: Box, state: State, above: NDArray[np.float64] | None = None) -> Converged:
    """The converged field of the present deposit in float64.

    Its own grid, so that it also tells what the frozen depth and the near top of the running field cost: all planes
    from the collector up, and above the highest bud planes of thickness `above` (default: `planes_above`). The layer is
    pressed anew.
    """
    top = int(np.nonzero(state.lattice.height_histogram)[0].max())
    law, layer, settings, weighted, running = verbs.physics(state.method)
    settings = settings or CURRENT_HELD
    if above is None:
        above = planes_above(box.nx, box.ny)
    if settings.potential > 0:
        above = above[np.cumsum(above) <= settings.reference - top]
    end = top + above.size + 1
    tall = Box(box.nx, box.ny, end + 1)
    shared, voxels = min(box.ns, tall.ns), box.nx * box.ny * tall.ns
    cell = np.zeros(tall, np.uint8)
    cell[:, :, :shared] = state.lattice.cell.reshape(box)[:, :, :shared]
    grids = hierarchy.allocate(*tall, krylov.precision(law), int((above > 1).sum()))
    problem = Multigrid(
        field=equations.allocate(tall, np.float64, weighted),
        hierarchy=grids,
        law=verbs.in_double(law, voxels),
        layer=bare.allocate(None) if layer is None else layer,
        sites=selection.allocate(1, 1),
        settings=settings,
        plane_current=np.zeros(1),
        reached=np.zeros(0, np.uint8),
        pore=np.zeros(0, np.int64),
    )
    n = np.zeros(1, COUNTERS).view(np.recarray)[0]
    n.top_plane, n.first_plane, n.end_plane = top, 1, end
    _set_equations(problem, tall, cell.ravel(), above, state, n)
    _start_from(problem, tall, running, box, state, shared)
    field, limit = problem.field, TOLERANCE * throughput(settings, box, state.counters[0])
    for _ in range(NEWTON_STEPS):  # one, unless the law is not linear
        if not verbs.is_linear(law):
            equations.linearise(field, problem.law, cell.ravel(), tall, 1, top + 3)
        if krylov.solve(field, grids, limit, 200)[0] == 0:
            break  # at the tangent's own potential, so this is the law's residual
    return Converged(problem, tall, cell.ravel(), top)


def converged_rates(
    model: Model, box: Box, state: State, above: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Rates of all voxels (flat) in float64 from the converged field of the present deposit (`converged_field`)."""
    return _rates(model, box, converged_field(model, box, state, above))


def _rates(model: Model, box: Box, field: Converged) -> NDArray[np.float64]:
    out = np.zeros(field.box)
    rates.write_rates(model, field.cell, field.box, field.problem, field.top + 2, out.ravel())
    return _cut(out, box)


def guided_and_converged_rates(
    model: Model, box: Box, state: State
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(rates of all voxels as guided walkers draw them, those of the converged field), flat.

    Where walkers land is itself a field: that of the conductances that they find, solved without any noise.
    """
    conductance, source, dissolving = verbs.guidance(state.method, box, state)
    field = converged_field(model, box, state)
    exact, problem = _rates(model, box, field), field.problem
    _conduct(problem, field.box, box, conductance, source)
    krylov.solve(problem.field, problem.hierarchy, TOLERANCE * box.nx * box.ny, 200)
    landing = problem.field.surface_conductance * problem.field.phi
    return _cut(landing.reshape(field.box), box) + dissolving, exact


def _cut(tall: NDArray[np.float64], box: Box) -> NDArray[np.float64]:
    found, shared = np.zeros(box), min(box.ns, tall.shape[2])
    found[:, :, :shared] = tall[:, :, :shared]
    return found.ravel()


def _conduct(
    problem: Multigrid, tall: Box, box: Box, conductance: NDArray[np.float64], source: NDArray[np.float64]
) -> None:
    """Faces that conduct as walkers find them, and ions that start at them, in place of shifted ones."""
    field, shared = problem.field, min(box.ns, tall.ns)
    sink, diagonal = field.surface_conductance.reshape(tall), field.inverse_diagonal.reshape(tall)
    given, faces = conductance.reshape(box)[:, :, :shared], sink[:, :, :shared] > 0
    total = 1.0 / diagonal[:, :, :shared][faces] - sink[:, :, :shared][faces] + given[faces]
    closed = total < 1e-9  # metal all around, and what a layer holds back takes nothing
    diagonal[:, :, :shared][faces] = np.where(closed, 0.0, 1.0 / np.where(closed, 1.0, total))
    sink[:, :, :shared][faces] = given[faces]
    rhs = field.rhs.reshape(tall)[:, :, :shared]
    rhs[faces] = 0.0
    rhs += source.reshape(box)[:, :, :shared]


def _set_equations(
    problem: Multigrid, tall: Box, cell: NDArray[np.uint8], above: NDArray[np.float64], state: State, n: np.record
) -> None:
    """Planes, pressed layer, equations and top of the tall grid."""
    field, end, held = problem.field, n.end_plane, problem.settings.potential
    field.thickness[n.top_plane + 1 : end] = above
    verbs.press(problem.layer, tall.nx * tall.ny, state.lattice.height_histogram, field, n)
    equations.set_planes(field, problem.hierarchy, 1, end)
    if held > 0:
        beyond = resistance_above(problem, n.top_plane, end, n.rest_plane)
        equations.hold_top(field, tall, end, beyond, held)
    equations.set_cells(field, problem.law, cell, tall, 1, end)
    if held == 0:
        equations.set_top(field.rhs, tall, end - 1)


def _start_from(
    problem: Multigrid, tall: Box, running: NDArray[np.floating] | None, box: Box, state: State, shared: int
) -> None:
    """The running potential as a first guess, or that of an even film."""
    field, n = problem.field, state.counters[0]
    start = field.phi.reshape(tall)
    if running is not None:
        phi = running.reshape(box)
        start[:, :, :shared] = phi[:, :, :shared]
        start[:, :, int(n.stretch_start) :] = phi[:, :, int(n.stretch_start) - 1, None]
    else:
        start[:] = problem.law.wagner[0] + 0.5
    field.phi[field.inverse_diagonal == 0] = 0.0
    if problem.settings.potential > 0:
        start[:, :, tall.ns - 1] = problem.settings.potential


def field_error(model: Model, box: Box, state: State) -> dict[str, float] | None:
    """Total variation between the event probabilities in use and those of the converged field, and the bound.

    tv = 1/2 sum |p - p*| over all voxels that may plate or dissolve; bound = sum |residual| / (j A), inside
    the last cycle of the last refresh, before its coarse correction. Where a potential is held,
    current = sum k / sum k* - 1. None where the method keeps no rates, and so has no error of this kind.
    """
    used = np.zeros(state.lattice.cell.size)
    if verbs.rates_in_use(state.method, used):
        exact = converged_rates(model, box, state)
    elif type(state.method) in verbs.guidance.alternatives:
        used, exact = guided_and_converged_rates(model, box, state)
    else:
        return None
    n = state.counters[0]
    tv = 0.5 * np.abs(used / used.sum() - exact / exact.sum()).sum()
    error = {"tv": float(tv), "bound": float(n.residual), "net_plated": float(n.plated - n.stripped)}
    held = verbs.physics(state.method)[2].potential > 0
    return error | ({"current": float(used.sum() / exact.sum() - 1.0)} if held else {})
