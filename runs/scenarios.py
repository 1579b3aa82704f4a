"""All five scenarios side by side: bare, inert, piezo, anti-poled and screened, on a box of a chosen width.

    python runs/scenarios.py -o results/scenarios
    python runs/scenarios.py --columns 64 --seeds 8 -o results/large

Finished runs are never done again.
"""

import argparse
import sys

from kmc_li import Parameters, UserError
from kmc_li.report.summary import metrics_table
from kmc_li.running.ensemble import run_ensemble
from kmc_li.study.presets import study_path

SCENARIOS = {  # study, and what differs from it
    "bare": ("seeded_bare", {}),
    "inert": ("seeded_inert", {}),
    "piezo": ("seeded_piezo", {}),
    "anti_poled": ("seeded_piezo", {"layer.orientation": 1}),
    "screened": ("seeded_piezo", {"layer.unscreened_share": 0.0}),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--columns", type=int, default=32, help="width of the box in voxels [32]")
    parser.add_argument("--seeds", type=int, default=4, help="number of runs of each scenario [4]")
    parser.add_argument("--jobs", type=int, help="number of worker processes [one for each processor]")
    parser.add_argument("-o", metavar="DIR", required=True, help="folder that receives all runs")
    options = parser.parse_args()

    width = {"lattice.nx": options.columns, "lattice.ny": options.columns}
    studies = {
        name: Parameters.from_toml(study_path(study)).replace(**width, **changes)
        for name, (study, changes) in SCENARIOS.items()
    }
    groups = run_ensemble(studies, range(options.seeds), options.o, options.jobs, progress=True, tell=print)
    print(metrics_table(groups))
    for name, runs in groups.items():
        print(f"{name}: ended by {', '.join(str(run.finished) for run in runs)}")


# Worker processes import this file again: without this line each would start all runs anew.
if __name__ == "__main__":
    try:
        main()
    except (UserError, KeyboardInterrupt) as error:
        sys.exit(str(error))
