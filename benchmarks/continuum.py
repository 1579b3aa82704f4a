"""Whether a deposit with seed, noise and cut-off of its own depends on the voxel or on the width of the box.

    python benchmarks/continuum.py                                       # voxels of 0.25 and 0.125 um, 8 um wide
    python benchmarks/continuum.py --voxels 0.25 --widths 8 16 32        # the same waves in wider boxes

One substrate a seed, the same in space for every voxel; thickness and porosity are above its mean height.
Half the charge comes from the same runs.
"""

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from tqdm import tqdm

from kmc_li import Parameters, UserError
from kmc_li.engine.seeds import substrate_heights
from kmc_li.engine.simulation import Simulation
from kmc_li.report.statistics import mean_band
from kmc_li.study.presets import study_path

COLUMNS = ("thickness_um", "roughness_Sq_um", "porosity")


def study(name: str, voxel_um: float, width_um: float, height_um: float) -> Parameters:
    """The study of that name with other voxels and another box; noise of the same volume."""
    return Parameters.from_toml(study_path(name)).replace(
        **{
            "lattice.size_um": [width_um, width_um, height_um],
            "lattice.voxel_um": voxel_um,
            "output.series_points": 2,
        }
    )


def grow(task: tuple[Parameters, int]) -> tuple[list[dict[str, float]], float]:
    """Rows at half and at all of the charge, and CPU seconds."""
    parameters, seed = task
    started, simulation, rows = time.process_time(), Simulation(parameters, seed), []
    relief_um = float(substrate_heights(parameters, seed).mean()) * parameters.lattice.voxel_um
    while simulation.finished is None:
        simulation.advance(10**9)
        if simulation.at_record_point:
            row = simulation.record()
            above_um = row["thickness_um"] - relief_um
            porosity = row["porosity"] * row["thickness_um"] / above_um
            rows.append(row | {"thickness_um": above_um, "porosity": porosity})
    return rows, time.process_time() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--studies", nargs="+", default=["seeded_bare", "seeded_piezo"], help="names of studies")
    parser.add_argument("--voxels", nargs="+", type=float, default=[0.25, 0.125], help="edges of a voxel [um]")
    parser.add_argument("--widths", nargs="+", type=float, default=[8.0], help="widths of the box [um]")
    parser.add_argument("--height", type=float, default=64.0, help="height of the box [um]")
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()

    cases = [(n, v, w) for w in options.widths for v in options.voxels for n in options.studies]
    tasks = [(study(*case, options.height), seed) for case in cases for seed in range(options.seeds)]
    with ProcessPoolExecutor(options.jobs) as pool:
        done = list(tqdm(pool.map(grow, tasks), total=len(tasks), unit="run"))
    print("mean and 95 % band; at half and all of the charge; runs that filled the box are left out")
    heads = "  ".join(f"{column:>22s}" for column in COLUMNS)
    print(f"{'study':14s} {'voxel':>7s} {'width':>6s} {'half':>5s} {'runs':>4s}  {heads}  CPU s")
    for i, (name, voxel, width) in enumerate(cases):
        runs = done[i * options.seeds : (i + 1) * options.seeds]
        for half in (0, 1):
            rows = [rows[half] for rows, _ in runs if len(rows) > half]
            cells = []
            for column in COLUMNS:
                band = mean_band(np.array([row[column] for row in rows])) if len(rows) > 1 else None
                cells.append(f"{band.mean:8.3f} [{band.low:5.3f}, {band.high:5.3f}]" if band else "too few runs")
            cpu = np.mean([seconds for _, seconds in runs])
            which, shown = "yes" if half == 0 else "no", "  ".join(f"{cell:>22s}" for cell in cells)
            print(f"{name:14s} {voxel:7g} {width:6g} {which:>5s} {len(rows):4d}  {shown}  {cpu:5.1f}")


if __name__ == "__main__":
    try:
        main()
    except (UserError, KeyboardInterrupt) as error:
        sys.exit(str(error))
