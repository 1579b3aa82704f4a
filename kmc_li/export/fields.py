"""Potential and current around a deposit, and the layer pressed on it, as a study says."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kmc_li import field, layer
from kmc_li.morphology import height_map
from kmc_li.study.parameters import Parameters


class Electric(NamedTuple):
    """The converged field around a deposit; arrays are float64 (nx, ny, nz)."""

    potential_V: NDArray[np.float64]  # electrolyte minus metal; 0 in Li
    plating_current_A: NDArray[np.float64]  # into the Li faces of each electrolyte voxel; below 0 where it dissolves


class Pressed(NamedTuple):
    """The layer on a deposit; arrays are float64 (nx, ny), of the topmost Li of each column."""

    rest_plane_m: float
    pressure_Pa: NDArray[np.float64]
    piezo_charge_C_m2: NDArray[np.float64]  # on the layer's upper face, before screening: -s_pol d33 p
    face_shift_V: NDArray[np.float64]


def has_linear_field(parameters: Parameters) -> bool:
    """Whether the public solver answers for this study: it knows linear kinetics only, and faces of one age."""
    return parameters.plating.kinetics == "linear" and not parameters.faces_age


def electric(parameters: Parameters, occupancy: NDArray[np.bool_]) -> Electric:
    """The field around a deposit under what the study holds: current or potential, layer, dead Li as an insulator.

    Solved in full precision, on planes up to one period of the cell above the deposit (where a potential is held: up to
    where it is held); higher up the potential rises by j/kappa. Raises ValueError unless `has_linear_field`.
    """
    p = parameters
    if not has_linear_field(p):
        raise ValueError(f'plating.kinetics: got "{p.plating.kinetics}", the solver knows "linear" and one age only')
    nx, ny, nz = occupancy.shape
    heights = height_map(occupancy)
    held = p.plating.overpotential_V
    above = max(p.field.top_gap_voxels, nx, ny)
    top = int(heights.max())
    planes = nz + p.field.top_gap_voxels if held is not None else top + above
    kappa = np.full(max(planes, nz), p.conductivity_S_m)
    shift: Callable[[NDArray[np.float64]], NDArray[np.float64]] | None = None
    if p.layer is not None:
        rest_m = layer.press(heights, p).rest_plane_m
        kappa = _conductivity(p, rest_m, top, kappa.size)
        shift = partial(layer.face_shift, rest_plane_m=rest_m, parameters=p)
    shared = min(nz, planes)
    box = np.zeros((nx, ny, planes), np.bool_)
    box[:, :, :shared] = occupancy[:, :, :shared]
    found = field.solve(
        box,
        voxel_m=p.voxel_m,
        conductivity_S_m=kappa[:planes],
        charge_transfer_resistance_ohm_m2=p.charge_transfer_resistance_ohm_m2,
        current_density_A_m2=None if held is not None else p.current_density_A_m2,
        top_potential_V=held,
        face_shift_V=shift,
        face_area_weights=p.plating.face_area_weights,
        insulate_dead=True,
    )
    potential, current = np.zeros(occupancy.shape), np.zeros(occupancy.shape)
    potential[:, :, :shared] = found.potential_V[:, :, :shared]
    current[:, :, :shared] = found.plating_current_A[:, :, :shared]
    half_ohm_m2 = 0.5 * p.voxel_m / kappa[shared - 1 :]
    rise = np.cumsum(half_ohm_m2[:-1] + half_ohm_m2[1:]) * p.current_density_A_m2
    potential[:, :, shared:] = potential[:, :, shared - 1].mean() + rise[: nz - shared]
    return Electric(potential, current)


def pressed(parameters: Parameters, occupancy: NDArray[np.bool_]) -> Pressed:
    """The study's layer on a deposit. Raises ValueError for a study without a layer."""
    state = layer.press(height_map(occupancy), parameters)
    assert parameters.layer is not None
    charge_C_N = -parameters.layer.orientation * parameters.layer.d33_pC_N * 1e-12
    return Pressed(state.rest_plane_m, state.pressure_Pa, state.pressure_Pa * charge_C_N + 0.0, state.face_shift_V)


def _conductivity(parameters: Parameters, rest_plane_m: float, top: int, planes: int) -> NDArray[np.float64]:
    """Conductivity of each plane [S/m]: in planes that the layer fills in part, the mean beside metal, as in a run.

    Above the deposit, where current only flows upright, the two parts are in series.
    """
    p = parameters
    assert p.layer is not None
    rest, thick = rest_plane_m / p.voxel_m, p.layer.thickness_um / p.lattice.voxel_um
    bottom = np.arange(planes, dtype=np.float64)
    inside = np.clip(np.minimum(bottom + 1, rest + thick) - np.maximum(bottom, rest), 0.0, 1.0)
    beside = inside * p.layer_conductivity_S_m + (1.0 - inside) * p.conductivity_S_m
    in_series = 1.0 / (inside / p.layer_conductivity_S_m + (1.0 - inside) / p.conductivity_S_m)
    return np.asarray(np.where(bottom < top, beside, in_series))
