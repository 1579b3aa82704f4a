"""What a deposit with seed, noise and cut-off of its own depends on: the voxel, the box, the noise, and its inputs.

    python benchmarks/continuum.py voxel noise width          # does it depend on what it must not depend on?
    python benchmarks/continuum.py finest                     # the same noise at two fine voxels: three hours of CPU
    python benchmarks/continuum.py current inputs             # and on what lithium depends on
    python benchmarks/continuum.py --kept results/continuum.jsonl    # goes on with what an earlier call has finished

Studies seeded_bare, seeded_inert and seeded_piezo in a box of 8 um unless a row says otherwise. One substrate a seed,
the same in space for every voxel; thickness and porosity are above its mean height. Half the charge comes from the
same runs.
"""

import argparse
import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from kmc_li import Parameters, UserError
from kmc_li.commands.parser import at_least
from kmc_li.engine.seeds import substrate_heights
from kmc_li.engine.simulation import Simulation
from kmc_li.report.statistics import mean_band, ratio_band
from kmc_li.study.presets import study_path

COLUMNS = {"thickness_um": "{:.2f}", "roughness_Sq_um": "{:.2f}", "porosity": "{:.3f}"}
BOTH, ALL = ("bare", "piezo"), ("bare", "inert", "piezo")
W, S, NOISE, RMS = (
    "electrolyte.conductivity_S_m", "layer.unscreened_share", "surface.noise_volume_um3", "substrate.roughness_um"
)  # fmt: skip
B, CURRENT = "surface.mullins_B_m4_s", "plating.current_density_mA_cm2"


class Case(NamedTuple):
    """One row of the table."""

    label: str
    voxel_um: float = 0.25
    width_um: float = 8.0
    height_um: float = 48.0
    changes: dict[str, float] = {}
    seeds: int = 8
    conditions: tuple[str, ...] = BOTH
    against: str = ""  # label of a case with the same seeds, whose runs it is also divided by


FINE = 0.03125**3  # um^3: an eighth of the studies' noise
PARTS = {
    "voxel": [
        Case("voxel 0.25 µm", conditions=ALL),
        Case("voxel 0.125 µm", 0.125, conditions=ALL),
    ],
    "finest": [
        Case("voxel 0.125 µm, noise / 8", 0.125, changes={NOISE: FINE}, conditions=ALL),
        Case(
            "voxel 0.0625 µm, noise / 8", 0.0625, changes={NOISE: FINE}, conditions=ALL,
            against="voxel 0.125 µm, noise / 8",
        ),
    ],
    "noise": [
        *(Case(f"{q} events a voxel", changes={NOISE: 0.25**3 / q}) for q in (8, 24, 256)),
    ],
    "width": [
        Case("width 16 µm", width_um=16.0, conditions=ALL),
        Case("width 32 µm", width_um=32.0, height_um=64.0, seeds=4, conditions=ALL),
        Case("width 64 µm", width_um=64.0, height_um=64.0, seeds=2, conditions=("bare",)),
    ],
    "current": [
        Case(f"{j:g} mA/cm², voxel 0.125 µm", 0.125, changes={CURRENT: j}, seeds=4) for j in (0.5, 1.0, 2.0, 6.0)
    ],
    "inputs": [
        *(Case(f"W = {w:g} µm", changes={W: 5e-4 * w}, seeds=4) for w in (1.66, 0.5, 0.35)),
        *(Case(f"s = {s:g}", changes={S: s}, seeds=4, conditions=("piezo",)) for s in (0.0, 0.004, 0.04)),
        *(Case(f"foil {rms:g} µm rms", changes={RMS: rms}, seeds=4) for rms in (0.05, 0.1, 0.4)),
        *(Case(f"B = {b:g} m⁴/s", changes={B: b}, seeds=4) for b in (1e-30, 2.5e-29)),
    ],
}  # fmt: skip


def study(condition: str, case: Case) -> Parameters:
    """The study of that condition with the case's voxels, box and inputs."""
    changes: dict[str, Any] = {key: v for key, v in case.changes.items() if condition != "bare" or key != S}
    return Parameters.from_toml(study_path(f"seeded_{condition}")).replace(
        **{
            "lattice.size_um": [case.width_um, case.width_um, case.height_um],
            "lattice.voxel_um": case.voxel_um,
            "output.series_points": 2,
            **changes,
        }
    )


def grow(task: tuple[str, Case, int]) -> list[dict[str, float]]:
    """Rows at half and at all of the charge; fewer if the box was full before."""
    condition, case, seed = task
    parameters = study(condition, case)
    simulation, rows = Simulation(parameters, seed), []
    relief_um = float(substrate_heights(parameters, seed).mean()) * parameters.lattice.voxel_um
    while simulation.finished is None:
        simulation.advance(10**9)
        if simulation.at_record_point:
            row = simulation.record()
            above_um = row["thickness_um"] - relief_um
            porosity = row["porosity"] * row["thickness_um"] / above_um
            rows.append({**{key: row[key] for key in COLUMNS}, "thickness_um": above_um, "porosity": porosity})
    return rows


def done_before(path: Path | None) -> dict[tuple[str, str, int], list[dict[str, float]]]:
    """Runs that are in a file of an earlier call, by case, condition and seed."""
    if path is None or not path.exists():
        return {}
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    return {(label, condition, seed): rows for label, condition, seed, rows in entries}


def cells(runs: dict[str, list[list[dict[str, float]]]], condition: str) -> list[str]:
    """Bands of one condition at half and all of the charge."""
    found = []
    for half in (0, 1):
        rows = [rows[half] for rows in runs[condition] if len(rows) > half]
        for key, form in COLUMNS.items():
            found.append(_words(mean_band(np.array([row[key] for row in rows])), form) if len(rows) > 1 else "box full")
    return found


def ratios(runs: dict[str, list[list[dict[str, float]]]]) -> list[str]:
    """Bare over piezoelectric, thickness and roughness, at half and all of the charge."""
    found = []
    for half in (0, 1):
        for key in ("thickness_um", "roughness_Sq_um"):
            values = [[rows[half][key] for rows in runs[name] if len(rows) > half] for name in BOTH]
            found.append(_words(ratio_band(*values), "{:.2f}") if min(map(len, values)) > 1 else "box full")
        found.append("")
    return found


def by_seed(runs: list[list[dict[str, float]]], before: list[list[dict[str, float]]]) -> list[str]:
    """Each number over that of the run with the same seed in another case, at half and all of the charge."""
    pairs = [[(one[half], other[half]) for one, other in zip(runs, before, strict=True)] for half in (0, 1)]
    return [
        _words(mean_band(np.array([one[key] / other[key] for one, other in pairs[half]])), "{:.2f}")
        for half in (0, 1)
        for key in COLUMNS
    ]


def _words(band: Any, form: str) -> str:
    return "{} [{}, {}]".format(*(form.format(value) for value in (band.mean, band.low, band.high)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="PART", help=", ".join(PARTS) + " [all]")
    parser.add_argument("--kept", type=Path, metavar="FILE", help="JSON lines of finished runs, read and added to")
    parser.add_argument("--jobs", type=at_least(1), default=os.cpu_count() or 1)
    options = parser.parse_args()
    cases = [case for part in options.parts or PARTS for case in PARTS[part]]
    tasks = [(name, case, seed) for case in cases for name in case.conditions for seed in range(case.seeds)]
    done = done_before(options.kept)
    left = [task for task in tasks if (task[1].label, task[0], task[2]) not in done]
    with ProcessPoolExecutor(options.jobs) as pool:
        for (name, case, seed), rows in zip(left, tqdm(pool.map(grow, left), total=len(left)), strict=True):
            done[case.label, name, seed] = rows
            if options.kept:
                with options.kept.open("a") as file:
                    file.write(json.dumps([case.label, name, seed, rows]) + "\n")
    print("mean [95 % band], Student t; thickness and Sq in µm; a ratio is bare over piezo, of thickness and of Sq\n")
    heads = [f"{name}, {charge} mAh/cm²" for charge in ("0.5", "1") for name in ("thickness", "Sq", "porosity")]
    print(f"| seeded deposit | condition | seeds | {' | '.join(heads)} |\n{'|---' * (3 + len(heads))}|")
    for case in cases:
        runs = {name: [done[case.label, name, seed] for seed in range(case.seeds)] for name in case.conditions}
        for name in case.conditions:
            print(f"| {case.label} | {name} | {case.seeds} | {' | '.join(cells(runs, name))} |")
        if set(BOTH) <= runs.keys():
            print(f"| {case.label} | ratio | {case.seeds} | {' | '.join(ratios(runs))} |")
        for name in case.conditions if case.against else ():
            before = [done[case.against, name, seed] for seed in range(case.seeds)]
            fine, coarse = (label.split(",")[0] for label in (case.label, case.against))
            row = f"| {fine} over {coarse}, by seed | {name} | {case.seeds} "
            print(f"{row}| {' | '.join(by_seed(runs[name], before))} |")


if __name__ == "__main__":
    try:
        main()
    except (UserError, KeyboardInterrupt) as error:
        sys.exit(str(error))
