"""The converged field around a run's deposit, with the layer pressed on it as the study says: for figures."""

import numpy as np
from numpy.typing import NDArray

from kmc_li import field, layer
from kmc_li.morphology import height_map
from kmc_li.storage.run import Run
from kmc_li.study.parameters import Parameters

_TOLERANCE = 1e-6


def field_around(run: Run) -> field.FieldSolution:
    """The field of the deposit at the end of a run, by linear charge transfer: arrays (nx, ny, nz).

    The run's last current enters evenly one period of the cell above the highest metal. Dead lithium counts as
    electrode.
    """
    p, deposit = run.parameters, run.occupancy
    nx, ny, nz = deposit.shape
    heights = height_map(deposit)
    planes = int(heights.max()) + max(p.field.top_gap_voxels, nx, ny)
    box = np.zeros((nx, ny, planes), dtype=np.bool_)
    shared = min(nz, planes)
    box[:, :, :shared] = deposit[:, :, :shared]
    conductivity, rest_m = np.full(planes, p.conductivity_S_m), np.inf
    if p.layer is not None:
        rest_m = layer.press(heights, p).rest_plane_m
        inside = _share_inside(p, rest_m / p.voxel_m, planes)
        conductivity += (p.layer_conductivity_S_m - p.conductivity_S_m) * inside
    current = run.series.get("current_density_mA_cm2")
    found = field.solve(
        box,
        voxel_m=p.voxel_m,
        conductivity_S_m=conductivity,
        charge_transfer_resistance_ohm_m2=p.charge_transfer_resistance_ohm_m2,
        current_density_A_m2=p.current_density_A_m2 if current is None else 10 * float(current[-1]),
        face_shift_V=lambda heights_m: _face_shift(p, heights_m, rest_m),
        tolerance=_TOLERANCE,
        face_area_weights=p.plating.face_area_weights,
    )
    return found._replace(
        potential_V=_as_high(found.potential_V, nz), plating_current_A=_as_high(found.plating_current_A, nz)
    )


def _face_shift(parameters: Parameters, heights_m: NDArray[np.float64], rest_m: float) -> NDArray[np.float64]:
    """Shift of a face by the height of its centre [V]."""
    if parameters.layer is None:
        return np.zeros(heights_m.shape)
    hardness_Pa = 1e6 * parameters.metal.hardness_MPa
    pressure = np.clip(parameters.layer.winkler_stiffness_Pa_m * (heights_m - rest_m), 0, hardness_Pa)
    return np.asarray(pressure * (parameters.layer.piezo_shift_V_Pa + parameters.pressure_shift_V_Pa))


def _share_inside(parameters: Parameters, rest: float, planes: int) -> NDArray[np.float64]:
    """Share of each plane that lies inside the layer, which rests at this height [voxels]."""
    assert parameters.layer is not None
    bottom, thick = np.arange(planes), parameters.layer.thickness_um / parameters.lattice.voxel_um
    return np.asarray(np.clip(np.minimum(bottom + 1, rest + thick) - np.maximum(bottom, rest), 0, 1))


def _as_high(values: NDArray[np.float64], nz: int) -> NDArray[np.float64]:
    """The array cut or, by its last plane, continued to nz planes."""
    missing = max(nz - values.shape[2], 0)
    return np.pad(values[:, :, :nz], ((0, 0), (0, 0), (0, missing)), mode="edge")
