"""The tables of a battery tester, by step and by cycle, from the series of a run with a protocol."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kmc_li.study.parameters import Parameters

MEASURED = ("thickness_um", "thickness_live_um", "roughness_Sq_um", "porosity")
COLUMNS = (
    "cycle", "plated_mAh_cm2", "stripped_mAh_cm2", "coulombic_efficiency", "dead_voxels", "interphase_mAh_cm2",
    *MEASURED, "overpotential_V",
)  # fmt: skip
DONE = {"plate": "plated", "strip": "stripped", "rest": "rested"}
SIGN = {"plate": 1.0, "strip": -1.0, "rest": 0.0}
Series = Mapping[str, NDArray[np.float64]]


class StepRows(NamedTuple):
    """Where a step of the protocol stands in the series: the row at its start, and its last."""

    cycle: int  # from 1
    step: int  # of the cycle, from 1
    kind: str
    start: int
    end: int

    @property
    def rows(self) -> range:
        """The rows that were recorded in the step."""
        return range(self.start + 1, self.end + 1)


def voxel_mAh_cm2(parameters: Parameters) -> float:
    """Areal capacity of one voxel."""
    return parameters.voxel_charge_C / parameters.face_area_m2 / 3.6e4


def step_rows(series: Series, parameters: Parameters) -> list[StepRows]:
    """The steps that a run has begun, in turn; none without a protocol. The k-th snapshot is the end of the k-th."""
    if parameters.protocol is None or "cycle" not in series or series["cycle"].size < 2:
        return []
    kinds = [step.kind for step in parameters.protocol.parsed]
    number = (series["cycle"].astype(int) - 1) * len(kinds) + series["step"].astype(int) - 1
    ends = [*np.flatnonzero(np.diff(number[1:])) + 1, number.size - 1]
    starts = [0, *ends[:-1]]
    return [
        StepRows(int(number[end]) // len(kinds) + 1, k + 1, kinds[k], int(start), int(end))
        for start, end in zip(starts, ends, strict=True)
        for k in [int(number[end]) % len(kinds)]
    ]


def cycle_table(series: Series, parameters: Parameters, finished: str | None) -> dict[str, NDArray[np.float64]]:
    """name -> float64 (cycles,), complete cycles only; empty for a run without a protocol. finished: as of Run.

    plated, stripped    charge of the cycle (mAh/cm^2); coulombic_efficiency: stripped over plated, NaN without plating
    dead_voxels         at the end of the cycle
    interphase          lithium that an interphase that ages has taken in the cycle (mAh/cm^2), 0 without [ageing]
    thickness, Sq, porosity    of the deposit at the end of the cycle's last plating step
    overpotential_V     mean magnitude over the charge of the cycle
    """
    if parameters.protocol is None or "cycle" not in series:
        return {}
    begun = step_rows(series, parameters)
    done = begun if finished == "protocol" else begun[:-1]  # the last may still go on
    net, unit = series["plated"] - series["stripped"], voxel_mAh_cm2(parameters)
    taken = series.get("interphase_voxels", np.zeros(net.size))
    rows, each = [], len(parameters.protocol.steps)
    for cycle in range(1, len(done) // each + 1):
        here = done[(cycle - 1) * each : cycle * each]
        passed = {kind: sum(net[s.end] - net[s.start] for s in here if s.kind == kind) for kind in SIGN}
        plated, stripped = float(passed["plate"]) * unit, -float(passed["strip"]) * unit
        shown = [step.end for step in here if step.kind == "plate"] or [here[-1].end]
        weight = np.abs(np.diff(net[here[0].start : here[-1].end + 1]))
        potential = np.abs(series["overpotential_V"][here[0].start + 1 : here[-1].end + 1])
        over = float((potential * weight).sum() / weight.sum()) if weight.any() else np.nan
        rows.append([
            float(cycle), plated, stripped, stripped / plated if plated > 0 else np.nan,
            series["dead_voxels"][here[-1].end], float(taken[here[-1].end] - taken[here[0].start]) * unit,
            *(series[name][shown[-1]] for name in MEASURED), over,
        ])  # fmt: skip
    table = np.array(rows, np.float64).reshape(-1, len(COLUMNS))
    return {name: table[:, i].copy() for i, name in enumerate(COLUMNS)}
