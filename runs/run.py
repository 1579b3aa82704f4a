"""Grow one deposit, or go on with one that was interrupted, and print what came out. Copy it and edit it.

    python runs/run.py runs/studies/tiny.toml -o results/tiny --seed 1

A run of a big box takes long; it is checkpointed all the time. Ctrl-C stops it, the same command goes on.
"""

import argparse
import sys
from pathlib import Path

from kmc_li import Parameters, UserError, resume, simulate
from kmc_li.report.summary import metrics
from kmc_li.study.dimensionless import table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("study", help="a TOML file")
    parser.add_argument("-o", metavar="DIR", required=True, type=Path, help="folder that receives the run")
    parser.add_argument("--seed", type=int, default=0, help="seed of the random numbers [0]")
    options = parser.parse_args()

    if (options.o / "run.json").exists():
        run = resume(options.o, progress=True)
    else:
        parameters = Parameters.from_toml(options.study)
        # Anything can be changed here, by the key that it has in the file:
        # parameters = parameters.replace(**{"layer.thickness_um": 4.0})
        print(table(parameters))
        run = simulate(parameters, options.seed, options.o, progress=True)

    print(f"{run.label}, seed {run.seed}: ended by {run.finished}")
    for name, value in metrics(run).items():
        print(f"{name:24} {value:.4g}")
    # run.occupancy is the deposit, bool (nx, ny, nz); run.series["porosity"] a column against
    # run.series["areal_capacity_mAh_cm2"]; run.snapshots the deposit at earlier moments.


if __name__ == "__main__":
    try:
        main()
    except (UserError, KeyboardInterrupt) as error:
        sys.exit(str(error))
