"""The table that a battery tester shows: one row a cycle, from the rows of the series of a run with a protocol."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from kmc_li.study.parameters import Parameters

MEASURED = ("thickness_um", "thickness_live_um", "roughness_Sq_um", "porosity")


def cycle_table(series: Mapping[str, NDArray[np.float64]], parameters: Parameters) -> dict[str, NDArray[np.float64]]:
    """name -> float64 (cycles,), complete cycles only; empty for a run without a protocol.

    plated, stripped    charge of the cycle (mAh/cm^2); coulombic_efficiency: stripped over plated, NaN without plating
    dead_voxels         at the end of the cycle
    thickness, Sq, porosity    of the deposit at the end of the cycle's last plating step
    overpotential_V     mean magnitude over the charge of the cycle
    """
    if parameters.protocol is None or "cycle" not in series:
        return {}
    kinds, number, step = [s.kind for s in parameters.protocol.parsed], series["cycle"], series["step"]
    full = parameters.protocol.cycles
    unit = parameters.voxel_charge_C / parameters.face_area_m2 / 3.6e4
    passed = np.abs(np.diff(series["plated"] - series["stripped"], prepend=np.nan))
    passed[0] = 0.0
    plating = np.isin(step, [i + 1.0 for i, kind in enumerate(kinds) if kind == "plate"])
    rows: list[list[float]] = []
    for cycle in range(1, full + 1):
        here = np.flatnonzero(number == cycle)
        complete = (number > cycle).any() or (cycle == full and series["step"][-1] == len(kinds) and here.size > 0)
        if not complete:
            break
        last, first = here[-1], here[0] - 1 if cycle > 1 else 0
        net = np.diff((series["plated"] - series["stripped"])[first : last + 1])
        sign = np.array([1.0 if k == "plate" else -1.0 if k == "strip" else 0.0 for k in kinds])
        sign = sign[step[first + 1 : last + 1].astype(int) - 1]
        plated, stripped = float(net[sign > 0].sum()) * unit, -float(net[sign < 0].sum()) * unit
        shown = here[plating[here]][-1] if plating[here].any() else last
        weight = passed[here]
        potential = np.abs(series["overpotential_V"][here])
        over = float((potential * weight).sum() / weight.sum()) if weight.any() else np.nan
        rows.append([
            float(cycle), plated, stripped, stripped / plated if plated > 0 else np.nan, series["dead_voxels"][last],
            *(series[name][shown] for name in MEASURED), over,
        ])  # fmt: skip
    names = (
        "cycle", "plated_mAh_cm2", "stripped_mAh_cm2", "coulombic_efficiency", "dead_voxels", *MEASURED,
        "overpotential_V",
    )  # fmt: skip
    table = np.array(rows, np.float64).reshape(-1, len(names))
    return {name: table[:, i].copy() for i, name in enumerate(names)}
