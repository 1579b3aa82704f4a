"""What a series row says of field and layer."""

from kmc_li.engine.build import build_layer
from kmc_li.kernels.base import verbs
from kmc_li.kernels.lattice.occupancy import Box
from kmc_li.kernels.state import State
from kmc_li.study.parameters import Parameters


def close_window(state: State) -> None:
    """At a record point of a run with walkers: turn what they counted since the last one into means, start anew."""
    n = state.counters[0]
    if n.walkers > 0:
        n.potential, n.high_share = n.visits / (n.span or n.walkers), n.high / n.walkers
    if n.span > 0.0:  # a potential is held, and of the walkers that set out some escape
        n.plate_sum = state.lattice.height.size * n.walkers / n.span + n.strip_sum
    n.walkers, n.span, n.visits, n.high = 0, 0.0, 0.0, 0


def _net_current(box: Box, state: State, parameters: Parameters) -> float:
    """Current over the flat area, over the set one."""
    n, held = state.counters[0], parameters.plating.control == "potentiostatic"
    return float(n.plate_sum - n.strip_sum) / (box.nx * box.ny) if held else 1.0


def field_row(box: Box, state: State, parameters: Parameters) -> dict[str, float]:
    """Field and layer columns of a series row, none where there is no field; of walkers, means since the row before."""
    n, p = state.counters[0], parameters
    found = verbs.mean_field(state.method, box, state)
    if found is None:
        return {}
    potential, high_share = found
    unit_V = p.current_density_A_m2 * p.voxel_m / p.conductivity_S_m
    row: dict[str, float] = {
        "high_current_share": high_share,
        "overpotential_V": potential * unit_V,
        "current_density_mA_cm2": p.plating.current_density_mA_cm2 * _net_current(box, state, p),
        "field_tv_estimate": float(n.drift),
        "field_bound": float(n.residual),
        "rest_plane_um": 0.0,
        "contact_share": 0.0,
        "peak_pressure_MPa": 0.0,
    }
    if p.layer is not None:
        height, layer = state.lattice.height, build_layer(p)
        top = int(height.max())
        rest = verbs.rest_plane(layer, box.nx * box.ny, state.lattice.height_histogram, top)
        row["rest_plane_um"] = float(rest * p.lattice.voxel_um)
        row["contact_share"] = float((height > rest).mean())
        per_voxel_MPa = p.layer.winkler_stiffness_Pa_m * p.voxel_m / 1e6
        row["peak_pressure_MPa"] = float(verbs.pressure_on(layer, float(top), rest) * per_voxel_MPa)
    return row
