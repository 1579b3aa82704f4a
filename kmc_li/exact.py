"""What a running field is worth: its error against the converged one, and the numbers of a series row."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .kernels import classes, field, krylov, multigrid, rates
from .kernels.jit import njit
from .kernels.layer import rest_plane, set_conductivity, set_shift
from .kernels.state import Model, State
from .parameters import Parameters

TOLERANCE = 1e-6  # sum |residual| over the current of the converged field


def converged_rates(model: Model, state: State) -> NDArray[np.float64]:
    """Rates (nx, ny, ns) of all voxels in float64 from the converged field of the present deposit.

    Its own grid: all planes from the collector up, uniform for half a period above the highest bud (so that it also
    tells what the stretched planes and the frozen depth of the running field cost), the layer pressed anew.
    """
    cell, n = state.lattice.cell, state.counters[0]
    nx, ny, ns = cell.shape
    top = int(np.nonzero(state.lattice.columns)[0].max())
    planes = top + 2 + max(8, max(nx, ny) // 2)
    tall = np.zeros((nx, ny, planes + 2), np.uint8)
    keep = min(ns, planes + 2)
    tall[:, :, :keep] = cell[:, :, :keep]
    problem = field.allocate(nx, ny, planes + 2, np.float64, float(state.field.wagner[0]), bool(state.field.weight[0]))
    tree = multigrid.allocate(nx, ny, planes + 2, np.float64, 0)
    problem.kappa[:] = 1.0
    problem.thickness[:] = 1.0
    if model.layer:
        rest = rest_plane(state.lattice.columns, top, nx * ny, model.stack_pressure, model.hardness)
        set_shift(problem.shift, rest, model.hardness, model.shift_per_pressure)
        set_conductivity(
            problem.kappa, problem.thickness, planes + 1, rest, model.layer_thickness, model.layer_conductivity
        )
    field.set_planes(problem, tree, 1, planes + 1)
    field.set_cells(problem, tall, 1, planes + 1)
    field.set_top(problem, planes)
    shared = min(ns, planes + 2)
    problem.phi[:, :, :shared] = np.where(tall[:, :, :shared] < 8, state.field.phi[:, :, :shared], 0.0)
    problem.phi[:, :, int(n.uniform) : planes + 1] = state.field.phi[:, :, int(n.uniform) - 1, None]
    problem.phi[problem.idiag == 0] = 0.0
    multigrid.coarsen_all(problem.idiag, problem.sink, problem.cx, problem.cy, problem.cz, tree)
    krylov.solve(
        problem.phi, problem.idiag, problem.rhs, problem.cx, problem.cy, problem.cz, tree, problem.work,
        TOLERANCE * nx * ny, 200,
    )  # fmt: skip
    out = np.zeros((nx, ny, ns))
    _all_rates(model, tall, problem, top + 2, out)
    return out


@njit
def _all_rates(model, cell, problem, end, out):  # type: ignore[no-untyped-def]
    for x in range(cell.shape[0]):
        for y in range(cell.shape[1]):
            for s in range(1, end):
                out[x, y, s] = rates.site_rate(model, cell, problem, x, y, s)


@njit
def listed_rates(lists, out):  # type: ignore[no-untyped-def]
    """Rates in use, by flat voxel index."""
    for cls in range(lists.count.shape[0]):
        for n in range(lists.count[cls]):
            spot = lists.table[cls, n // classes.PAGE] * classes.PAGE + n % classes.PAGE
            out[lists.site[spot]] = lists.rate[spot]


def field_error(model: Model, state: State) -> dict[str, float]:
    """Total variation between the event probabilities in use and those of the converged field, and the bound.

    tv = 1/2 sum |p - p*| over all voxels that may plate or dissolve; bound = sum |residual| / (j A) at the last refresh.
    """
    exact = converged_rates(model, state).ravel()
    used = np.zeros(exact.size)
    listed_rates(state.sites, used)
    n = state.counters[0]
    tv = 0.5 * np.abs(used / used.sum() - exact / exact.sum()).sum()
    return {"tv": float(tv), "bound": float(n.residual), "net_plated": float(n.plated - n.stripped)}


def field_row(model: Model, state: State, parameters: Parameters) -> dict[str, float]:
    """Field and layer columns of a series row."""
    n, cell = state.counters[0], state.lattice.cell
    nx, ny, _ = cell.shape
    unit_V = parameters.current_density_A_m2 * parameters.voxel_m / parameters.conductivity_S_m
    height = state.lattice.height
    x, y = np.nonzero(height == height.max())
    s = np.minimum(height[x, y] + 1, cell.shape[2] - 1)
    tip = state.field.sink[x, y, s] * state.field.phi[x, y, s] - state.field.rhs[x, y, s]
    row: dict[str, float] = {
        "tip_to_mean_current": float(tip.mean()),
        "overpotential_V": float(state.field.phi[:, :, int(n.uniform) - 1].mean() * unit_V),
        "field_tv_estimate": float(n.drift),
        "field_bound": float(n.residual),
        "rest_plane_um": 0.0,
        "contact_share": 0.0,
        "peak_pressure_MPa": 0.0,
    }
    if parameters.layer is not None:
        stiffness: Any = parameters.layer.winkler_stiffness_Pa_m
        top = int(height.max())
        rest = rest_plane(state.lattice.columns, top, nx * ny, model.stack_pressure, model.hardness)
        row["rest_plane_um"] = float(rest * parameters.lattice.voxel_um)
        row["contact_share"] = float((height > rest).mean())
        row["peak_pressure_MPa"] = float(min(top - rest, model.hardness) * stiffness * parameters.voxel_m / 1e6)
    return row
