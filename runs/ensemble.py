"""Several studies with several seeds each on all processors; a table with 95 % bands. Copy it and edit it.

    python runs/ensemble.py runs/studies/bare.toml runs/studies/piezo.toml --seeds 8 -o results

Each run is a folder results/STUDY/seed-NNNN. Finished runs are never done again: add seeds or studies, or
start it once more after an interruption, and only what is missing is done.
"""

import argparse
import sys
from pathlib import Path

from kmc_li import Parameters, UserError
from kmc_li.report.summary import metrics_table
from kmc_li.running.ensemble import run_ensemble


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("studies", nargs="+", metavar="STUDY", type=Path, help="TOML files")
    parser.add_argument("--seeds", type=int, default=4, help="number of runs of each study [4]")
    parser.add_argument("--jobs", type=int, help="number of worker processes [one for each processor]")
    parser.add_argument("--executor", default="local", help="where runs are done: local, or tcp://HOST:PORT of dask")
    parser.add_argument("-o", metavar="DIR", required=True, help="folder that receives all runs")
    options = parser.parse_args()

    studies = {study.stem: Parameters.from_toml(study) for study in options.studies}
    seeds = range(options.seeds)
    where = options.o, options.jobs, options.executor
    groups = run_ensemble(studies, seeds, *where, progress=True, tell=print)
    print(metrics_table(groups))


# Worker processes import this file again: without this line each would start the ensemble anew.
if __name__ == "__main__":
    try:
        main()
    except (UserError, KeyboardInterrupt) as error:
        sys.exit(str(error))
