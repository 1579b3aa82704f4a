"""A cycled run as a battery cycler exports it: comma-separated values by record, by step and by cycle.

Signs are a cycler's, of this electrode against lithium: plating is a negative current at a negative voltage, stripping
a positive one. Capacities are positive and count from the start of the step.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from kmc_li.errors import UserError
from kmc_li.storage.cycles import StepRows, step_rows, voxel_mAh_cm2
from kmc_li.storage.files import check_path, write_atomically
from kmc_li.storage.run import Run

Row = Mapping[str, float | int | str]
RECORDED = ("thickness_um", "thickness_live_um", "roughness_Sq_um", "porosity", "rest_plane_um", "contact_share")


def write_cycler_csv(run: Run, path: str | Path) -> Path:
    """Write a line for each record: cycle, step, times, current, voltage, capacity, and the deposit; returns the path.

    Raises UserError for a run without a protocol or records, a name that does not end in .csv or cannot be written.
    """
    return _write(run, path, [row for step in _steps(run) for row in _records(run, step)])


def write_steps_csv(run: Run, path: str | Path) -> Path:
    """Write a line for each step: duration, capacity, mean and last voltage, the deposit at its end; as above."""
    rows = []
    for step in _steps(run):
        records = list(_records(run, step))
        time = np.diff([row["time_s"] for row in records], prepend=run.series["time_s"][step.start])
        voltage = np.array([row["voltage_V"] for row in records])
        mean = float((voltage * time).sum() / time.sum()) if time.sum() > 0 else float(voltage[-1])
        last = dict(records[-1])
        del last["record"]
        rows.append(last | {"mean_voltage_V": mean})
    return _write(run, path, rows)


def write_cycles_csv(run: Run, path: str | Path) -> Path:
    """Write a line for each complete cycle, the columns of Run.cycles and dead lithium as a charge; as above."""
    _steps(run)
    table = dict(run.cycles)
    table["dead_mAh_cm2"] = table["dead_voxels"] * voxel_mAh_cm2(run.parameters)
    whole = ("cycle", "dead_voxels")
    rows = [
        {name: int(value) if name in whole else float(value) for name, value in zip(table, values, strict=True)}
        for values in zip(*table.values(), strict=True)
    ]
    return _write(run, path, rows)


def _steps(run: Run) -> list[StepRows]:
    steps = step_rows(run.series, run.parameters)
    if not steps:
        raise UserError(f"{run.label}: a cycler's table needs a run with a [protocol] that has begun")
    return steps


def _records(run: Run, step: StepRows) -> Iterator[dict[str, float | int | str]]:
    series, unit = run.series, voxel_mAh_cm2(run.parameters)
    net, taken = series["plated"] - series["stripped"], series.get("interphase_voxels")
    for row in step.rows:
        yield {
            "record": row,
            "cycle": step.cycle,
            "step": step.step,
            "step_type": step.kind,
            "time_s": float(series["time_s"][row]),
            "step_time_s": float(series["time_s"][row] - series["time_s"][step.start]),
            "current_mA_cm2": 0.0 - float(series["current_density_mA_cm2"][row]),  # no minus before a zero
            "voltage_V": 0.0 - float(series["overpotential_V"][row]),
            "capacity_mAh_cm2": abs(float(net[row] - net[step.start])) * unit,
            "dead_mAh_cm2": float(series["dead_voxels"][row]) * unit,
            **({"interphase_mAh_cm2": float(taken[row]) * unit} if taken is not None else {}),
            **{name: float(series[name][row]) for name in RECORDED if name in series},
        }


def _write(run: Run, path: str | Path, rows: Sequence[Row]) -> Path:
    target = check_path(path, (".csv",), "a table")
    if not rows:
        raise UserError(f"{run.label}: no cycle is complete yet, so there is no line to write")
    lines = [",".join(rows[0])]
    lines += [",".join(cell if isinstance(cell, str) else repr(cell) for cell in row.values()) for row in rows]
    write_atomically(target, ("\n".join(lines) + "\n").encode())
    return target
