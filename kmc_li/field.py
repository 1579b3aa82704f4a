"""The electrolyte's field around a given deposit: the converged solution, for a user with an array in hand."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kmc_li.kernels.lattice import connectivity
from kmc_li.kernels.lattice import occupancy as lattice
from kmc_li.kernels.laws.linear import Linear
from kmc_li.kernels.solver import equations, hierarchy, krylov

MAX_ITERATIONS = 2000


class FieldSolution(NamedTuple):
    """Potential and currents of a converged field."""

    potential_V: NDArray[np.float64]  # (nx, ny, nz), electrolyte minus metal potential; 0 in Li
    plating_current_A: NDArray[np.float64]  # (nx, ny, nz), into the Li faces of each empty voxel; < 0 dissolves
    residual_bound: float  # sum |residual| over the total current: bounds the error of the current balance
    iterations: int


class NotConverged(RuntimeError):
    """The iteration stopped short of its tolerance."""


def solve(
    occupancy: ArrayLike,
    *,
    voxel_m: float,
    conductivity_S_m: float | ArrayLike,
    charge_transfer_resistance_ohm_m2: float,
    current_density_A_m2: float | None = None,
    top_potential_V: float | None = None,
    face_shift_V: Callable[[NDArray[np.float64]], ArrayLike] | ArrayLike | None = None,
    tolerance: float = 1e-8,
    face_area_weights: bool = True,
    insulate_dead: bool = False,
) -> FieldSolution:
    """Solve div(kappa grad phi) = 0 with charge transfer on Li faces and a uniform current or potential at the top.

    occupancy: bool (nx, ny, nz), True for Li; periodic in x and y, current collector below z = 0, top plane empty.
    voxel_m: edge [m]. conductivity_S_m: of the electrolyte [S/m], a number or one for each plane (nz,).
    charge_transfer_resistance_ohm_m2: R_ct [ohm m^2] >= 0; 0 is the primary distribution (W = 0).
    current_density_A_m2: through the top plane [A/m^2], > 0 plates; or top_potential_V: of its upper face [V].
    face_shift_V: shift of the Li faces [V]: a function of the height of a face's centre above the collector [m], or an
    array (nz,) of values at voxel centres, interpolated to horizontal faces.
    tolerance: sum |residual| over the total current. face_area_weights: count a staircase's faces with their share of
    the true area (normal from the occupancy smoothed over 3 voxels), which matters where W is not small.
    insulate_dead: Li without a path to the collector, through faces and across the sides of the box, takes no current,
    as in a run; by default all Li is one electrode.

    Finite volumes as in MODEL: I = kappa_h voxel (phi_j - phi_i) between electrolyte voxels with kappa_h the harmonic
    mean, I = voxel^2 (phi - V) / (R_ct / w + voxel / (2 kappa)) into a Li face of area share w.
    Raises ValueError for arguments of wrong shape or sign, NotConverged if the iteration stalls.
    """
    li, kappa, shift = _checked(
        occupancy, voxel_m, conductivity_S_m, charge_transfer_resistance_ohm_m2, face_shift_V
    )
    held = _one_of(current_density_A_m2, top_potential_V)
    nx, ny, nz = li.shape
    reference = float(kappa[-1])
    drop = abs(held) * voxel_m / reference if top_potential_V is None else abs(held)
    unit_V = max(drop, float(np.abs(shift).max()), 1e-300)
    wagner = reference * charge_transfer_resistance_ohm_m2 / voxel_m
    box, deposit = lattice.from_occupancy(li, nz + 2)
    if insulate_dead:
        connectivity.mark_all(deposit.cell, box, connectivity.allocate(deposit.cell.size))
    problem, law = equations.allocate(box, np.float64, face_area_weights), Linear(np.array([wagner]))
    grids = hierarchy.allocate(*box, krylov.precision(law), 0)
    problem.kappa[1 : nz + 1] = kappa / reference
    problem.shift[: shift.size] = shift / unit_V
    equations.set_planes(problem, grids, 1, nz + 1)
    if top_potential_V is not None:
        equations.hold_top(problem, box, nz + 1, 0.0, held / unit_V)
    equations.set_cells(problem, law, deposit.cell, box, 1, nz + 1)
    shifts = problem.rhs.copy()
    if top_potential_V is None:
        flux = held * voxel_m / reference / unit_V
        problem.rhs.reshape(box)[:, :, nz] += flux
    else:  # what a bare collector would draw; metal on it draws more
        flux = held / unit_V / (wagner + float((reference / kappa).sum()))
    throughput = nx * ny * abs(flux) + float(np.abs(shifts).sum())
    iterations, residual = krylov.solve(problem, grids, tolerance * throughput, MAX_ITERATIONS)
    if residual > tolerance * throughput:
        bound = residual / throughput
        raise NotConverged(f"field residual {bound:.1e} after {iterations} iterations, asked {tolerance:g}")
    current = (problem.surface_conductance * problem.phi - shifts).reshape(box)[:, :, 1 : nz + 1]
    return FieldSolution(
        potential_V=problem.phi.reshape(box)[:, :, 1 : nz + 1] * unit_V,
        plating_current_A=current * (reference * voxel_m * unit_V),
        residual_bound=residual / throughput if throughput > 0 else 0.0,
        iterations=iterations,
    )


def _one_of(current: float | None, potential: float | None) -> float:
    """What is held at the top, or ValueError."""
    if (current is None) == (potential is None):
        raise ValueError("current_density_A_m2, top_potential_V: must be given one of the two")
    name, value = ("current_density_A_m2", current) if potential is None else ("top_potential_V", potential)
    if value is None or not np.isfinite(value):
        raise ValueError(f"{name}: got {value}, must be finite")
    return value


def _checked(
    occupancy: ArrayLike,
    voxel_m: float,
    conductivity_S_m: float | ArrayLike,
    resistance: float,
    face_shift_V: Callable[[NDArray[np.float64]], ArrayLike] | ArrayLike | None,
) -> tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64]]:
    """Occupancy, conductivity by plane and shift by half-voxel height, or ValueError."""
    li = np.asarray(occupancy)
    if li.ndim != 3 or 0 in li.shape or li.dtype != np.bool_:
        raise ValueError(f"occupancy: got {li.dtype} of shape {li.shape}, must be bool of shape (nx, ny, nz)")
    if li[:, :, -1].any():
        raise ValueError("occupancy: its top plane holds Li, must be electrolyte, for the current enters there")
    for name, value, zero in (("voxel_m", voxel_m, False), ("charge_transfer_resistance_ohm_m2", resistance, True)):
        if not (np.isfinite(value) and (value > 0 or (zero and value == 0))):
            raise ValueError(f"{name}: got {value}, must be {'>= 0' if zero else '> 0'}")
    nz = li.shape[2]
    kappa = np.array(np.broadcast_to(np.asarray(conductivity_S_m, np.float64), (nz,)))
    if not (np.isfinite(kappa).all() and (kappa > 0).all()):
        raise ValueError("conductivity_S_m: must be > 0, a number or one for each plane")
    heights = 0.5 * np.arange(2 * nz + 1)
    if face_shift_V is None:
        shift = np.zeros(heights.size)
    elif callable(face_shift_V):
        shift = _evaluate(face_shift_V, heights * voxel_m)
    else:
        values = np.asarray(face_shift_V, np.float64)
        if values.shape != (nz,):
            raise ValueError(f"face_shift_V: got shape {values.shape}, must be a function of height or ({nz},)")
        shift = np.interp(heights, np.arange(nz) + 0.5, values)
    if not np.isfinite(shift).all():
        raise ValueError("face_shift_V: must be finite at every height of the box")
    return li, kappa, shift


def _evaluate(
    function: Callable[[NDArray[np.float64]], ArrayLike], heights_m: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The shift at all heights, also from a function that takes one height at a time."""
    try:
        values = np.asarray(function(heights_m), np.float64)
    except (TypeError, ValueError):
        values = np.array([function(h) for h in heights_m], np.float64)
    return np.array(np.broadcast_to(values, heights_m.shape))
