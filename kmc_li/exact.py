"""What a running field is worth: its error against the converged one, and the numbers of a series row."""

import numpy as np
from numpy.typing import NDArray

from .kernels import classes, field, krylov, multigrid, rates
from .kernels.lattice import Box
from .kernels.layer import resistance_above, rest_plane, set_conductivity, set_shift
from .kernels.refresh import throughput
from .kernels.state import WALKERS, Model, State
from .kernels.walkers import high_plane
from .parameters import Parameters

TOLERANCE = 1e-6  # sum |residual| over the current of the converged field
NEWTON_STEPS = 50


def planes_above(nx: int, ny: int) -> NDArray[np.float64]:
    """Thickness [voxels] of the planes above the highest bud: 16 of one voxel, then four each of 2, 4, 8, ... voxels.

    They reach at least two periods of the cell up; the slow growth costs rates less than 1e-4 (TV), as tested.
    """
    doublings = max(int(np.ceil(np.log2(max(nx, ny) / 4 + 1))), 1)
    return np.concatenate([np.ones(16), np.repeat(2.0 ** np.arange(1, doublings + 1), 4)])


def converged_rates(
    model: Model, box: Box, state: State, above: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Rates of all voxels (flat) in float64 from the converged field of the present deposit.

    Its own grid, so that it also tells what the frozen depth and the near top of the running field cost: all planes
    from the collector up, and above the highest bud planes of thickness `above` (default: `planes_above`). The layer is
    pressed anew.
    """
    n = state.counters[0]
    top = int(np.nonzero(state.lattice.columns)[0].max())
    if above is None:
        above = planes_above(box.nx, box.ny)
    if model.potential > 0:
        above = above[np.cumsum(above) <= model.reference - top]
    planes = top + above.size
    tall = Box(box.nx, box.ny, planes + 2)
    shared = min(box.ns, tall.ns)
    cell = np.zeros(tall, np.uint8)
    cell[:, :, :shared] = state.lattice.cell.reshape(box)[:, :, :shared]
    at = state.field
    problem = field.allocate(tall, np.float64, float(at.wagner[0]), bool(at.weight[0]), at.charge.tolist())
    tree = multigrid.allocate(*tall, np.float64, int((above > 1).sum()))
    problem.thickness[top + 1 : planes + 1] = above
    rest = 0.0
    if model.layer:
        columns = state.lattice.columns
        rest = rest_plane(columns, top, box.nx * box.ny, model.stack_pressure, model.hardness)
        set_shift(problem.shift, rest, model.hardness, model.shift_per_pressure)
        set_conductivity(
            problem.kappa, problem.thickness, planes + 1, rest, model.layer_thickness, model.layer_conductivity
        )
    field.set_planes(problem, tree, 1, planes + 1)
    if model.potential > 0:
        beyond = resistance_above(model, problem.kappa, problem.thickness, top, planes + 1, rest)
        field.hold_top(problem, tall, planes + 1, beyond, model.potential)
    field.set_cells(problem, cell.ravel(), tall, 1, planes + 1)
    if model.potential == 0:
        field.set_top(problem.rhs, tall, planes)
    start = problem.phi.reshape(tall)
    if state.field.phi.size == state.lattice.cell.size:
        running = state.field.phi.reshape(box)
        start[:, :, :shared] = running[:, :, :shared]
        start[:, :, int(n.uniform) :] = running[:, :, int(n.uniform) - 1, None]
    else:
        start[:] = state.field.wagner[0] + 0.5
    problem.phi[problem.idiag == 0] = 0.0
    if model.potential > 0:
        start[:, :, planes + 1] = model.potential
    for _ in range(NEWTON_STEPS):  # one, unless the law is Butler-Volmer's
        if state.field.charge[0] > 0:
            field.linearise(problem, cell.ravel(), tall, 1, top + 3)
        multigrid.coarsen_all(
            problem.idiag, problem.sink, problem.cx, problem.cy, problem.cz, problem.dirty, tree, problem.work
        )
        if krylov.solve(problem, tree, TOLERANCE * throughput(model, box, n), 200)[0] == 0:
            break  # at the tangent's own potential, so this is the law's residual
    out = np.zeros(tall)
    rates.write_rates(model, cell.ravel(), tall, problem, top + 2, out.ravel())
    rates_in_use = np.zeros(box)
    rates_in_use[:, :, :shared] = out[:, :, :shared]
    return rates_in_use.ravel()


def field_error(model: Model, box: Box, state: State) -> dict[str, float]:
    """Total variation between the event probabilities in use and those of the converged field, and the bound.

    tv = 1/2 sum |p - p*| over all voxels that may plate or dissolve; bound = sum |residual| / (j A), inside
    the last cycle of the last refresh, before its coarse correction. Where a potential is held,
    current = sum k / sum k* - 1.
    """
    exact = converged_rates(model, box, state)
    used = np.zeros(exact.size)
    classes.write_rates(state.sites, used)
    n = state.counters[0]
    tv = 0.5 * np.abs(used / used.sum() - exact / exact.sum()).sum()
    error = {"tv": float(tv), "bound": float(n.residual), "net_plated": float(n.plated - n.stripped)}
    return error | ({"current": float(used.sum() / exact.sum() - 1.0)} if model.potential > 0 else {})


def close_window(state: State) -> None:
    """At a record point of a run with walkers: turn what they counted since the last one into means, start anew."""
    n = state.counters[0]
    if n.walkers > 0:
        n.potential, n.high_share = n.visits / n.walkers, n.high / n.walkers
    n.walkers, n.visits, n.high = 0, 0.0, 0


def _mean_field(model: Model, box: Box, state: State) -> tuple[float, float]:
    """(mean potential on the plane above the highest bud, share of the plating current that goes to high columns)."""
    n = state.counters[0]
    if model.kinetics == WALKERS:
        return float(n.potential), float(n.high_share)
    above = int(n.top) + 1
    current = state.plane_current[: box.ns]
    high = current[high_plane(state.lattice.columns, box.nx * box.ny, above) + 2 :].sum() / max(current.sum(), 1e-300)
    return float(state.field.phi.reshape(box)[:, :, above].mean()), float(high)


def _net_current(model: Model, box: Box, state: State) -> float:
    """Current over the flat area, over the set one."""
    n = state.counters[0]
    return float(n.plate_sum - n.strip_sum) / (box.nx * box.ny) if model.potential > 0 else 1.0


def field_row(model: Model, box: Box, state: State, parameters: Parameters) -> dict[str, float]:
    """Field and layer columns of a series row. What walkers find are means since the record point before."""
    n = state.counters[0]
    unit_V = parameters.current_density_A_m2 * parameters.voxel_m / parameters.conductivity_S_m
    height = state.lattice.height
    potential, high_share = _mean_field(model, box, state)
    row: dict[str, float] = {
        "high_current_share": high_share,
        "overpotential_V": potential * unit_V,
        "current_density_mA_cm2": parameters.plating.current_density_mA_cm2 * _net_current(model, box, state),
        "field_tv_estimate": float(n.drift),
        "field_bound": float(n.residual),
        "rest_plane_um": 0.0,
        "contact_share": 0.0,
        "peak_pressure_MPa": 0.0,
    }
    if parameters.layer is not None:
        top = int(height.max())
        rest = rest_plane(state.lattice.columns, top, box.nx * box.ny, model.stack_pressure, model.hardness)
        per_voxel_MPa = parameters.layer.winkler_stiffness_Pa_m * parameters.voxel_m / 1e6
        row["rest_plane_um"] = float(rest * parameters.lattice.voxel_um)
        row["contact_share"] = float((height > rest).mean())
        row["peak_pressure_MPa"] = float(min(top - rest, model.hardness) * per_voxel_MPa)
    return row
