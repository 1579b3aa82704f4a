"""Bare, inert and piezo cycled beside each other: thickness and efficiency against the cycle, with 95 % bands.

    python runs/cycling.py -o results/cycling                       # 24 runs of 20 cycles on 32 x 32 columns
    python runs/cycling.py --columns 64 --seeds 8 -o results/large
    python runs/cycling.py --ageing --cycles 5 -o results/ageing    # with an interphase that ages, or takes its share

Prints the tables of docs/validation.md and draws cycles.png beside the runs, with --ageing of bare lithium. Finished
runs are never done again.
"""

import argparse
import sys

from kmc_li import Parameters, UserError
from kmc_li.figures import cycling_figure, is_cycled, save
from kmc_li.report.statistics import mean_band
from kmc_li.running.ensemble import run_ensemble
from kmc_li.study.presets import study_path

STUDIES = {name: (name, {}) for name in ("cycling_bare", "cycling_inert", "cycling_piezo")}
GROWS, TAKES = {"ageing.time_constant_s": 600.0}, {"ageing.fresh_charge_mC_cm2": 5.0}
AGEING = {
    "cycling_bare": ("cycling_bare", {}),
    "bare_ages_in_10_min": ("cycling_bare", GROWS),
    "bare_takes_5_mC": ("cycling_bare", TAKES),
    "bare_ages_and_takes": ("cycling_bare", GROWS | TAKES),
    "inert_takes_5_mC": ("cycling_inert", TAKES),
    "piezo_takes_5_mC": ("cycling_piezo", TAKES),
}
SHOWN = (1, 2, 5, 10, 15, 20)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--columns", type=int, default=32, help="width of the box in voxels [32]")
    parser.add_argument("--seeds", type=int, default=8, help="number of runs of each study [8]")
    parser.add_argument("--jobs", type=int, help="number of worker processes [one for each processor]")
    parser.add_argument("--cycles", type=int, help="how many, at most [those of the studies, 20]")
    parser.add_argument("--ageing", action="store_true", help="studies with a section [ageing], and one without")
    parser.add_argument("-o", metavar="DIR", required=True, help="folder that receives all runs")
    options = parser.parse_args()

    common = {"lattice.nx": options.columns, "lattice.ny": options.columns}
    if options.cycles is not None:
        common["protocol.cycles"] = options.cycles
    studies = {
        name: Parameters.from_toml(study_path(study)).replace(**common | changes)
        for name, (study, changes) in (AGEING if options.ageing else STUDIES).items()
    }
    groups = run_ensemble(studies, range(options.seeds), options.o, options.jobs, progress=True, tell=print)
    print("| study | cycle | thickness (µm) | efficiency (%) | dead lithium (µm, dense) | interphase (mAh/cm²) |")
    print("|---|---|---|---|---|---|")
    for name, runs in groups.items():
        p = runs[0].parameters
        um = p.lattice.voxel_um / (p.lattice.nx * p.lattice.ny)
        complete = min(len(run.cycles["cycle"]) for run in runs)
        for cycle in (cycle for cycle in SHOWN if cycle <= complete):
            cells = []
            for key, unit in (("thickness_um", 1.0), ("coulombic_efficiency", 100.0), ("dead_voxels", um)):
                band = mean_band([unit * run.cycles[key][cycle - 1] for run in runs])
                cells.append(f"{band.mean:.1f} ({band.low:.1f} .. {band.high:.1f})")
            cells.append(f"{mean_band([run.cycles['interphase_mAh_cm2'][cycle - 1] for run in runs]).mean:.3f}")
            print(f"| {name.removeprefix('cycling_')} | {cycle} | {' | '.join(cells)} |")
        ends = ", ".join(sorted({str(run.finished) for run in runs}))
        print(f"{name}: n = {len(runs)}, ended by {ends}", file=sys.stderr)
    if is_cycled(groups):
        short = {name.removeprefix("cycling_"): groups[name] for name in groups if not options.ageing or "bare" in name}
        save(cycling_figure(short), f"{options.o}/cycles.png")


# Worker processes import this file again: without this line each would start all runs anew.
if __name__ == "__main__":
    try:
        main()
    except (UserError, KeyboardInterrupt) as error:
        sys.exit(str(error))
