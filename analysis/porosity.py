"""Porosity of deposits: voids under the envelope, shut pores, metal that has lost the collector.

    python analysis/porosity.py kmc_li_demo
    python analysis/porosity.py out/bare out/piezo -o porosity.pdf

A folder may be one run or hold many; runs of one study form a group. All numbers are shares, 0 to 1.
"""

import argparse
import sys

import numpy as np

from kmc_li.errors import UserError
from kmc_li.figures import check_path, profiles_figure, save
from kmc_li.morphology import closed_porosity, detached_share, height_map, porosity, porosity_profile
from kmc_li.report.statistics import mean_bands
from kmc_li.report.summary import NOTE, align, as_json, band_words_short, load_groups
from kmc_li.storage.run import Run


def measure(run: Run) -> dict[str, float]:
    """What is measured of each run."""
    profile = porosity_profile(run.occupancy)
    layers = int(np.ceil(height_map(run.occupancy).mean()))  # up to the mean height of the envelope
    lower, upper = np.array_split(profile[:layers], 2) if layers > 1 else (profile[:1], profile[:1])
    return {
        "porosity": porosity(run.occupancy),
        "lower half": float(np.mean(lower)),
        "upper half": float(np.mean(upper)),
        "shut pores": closed_porosity(run.occupancy),
        "detached metal": detached_share(run.occupancy),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folders", nargs="+", metavar="FOLDER", help="run folders, or folders of runs")
    parser.add_argument("-o", metavar="FIGURE", help="draw the profiles over height: .png, .pdf or .svg")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    if options.o:
        check_path(options.o)

    groups = load_groups(options.folders)
    bands = {label: mean_bands([measure(run) for run in runs]) for label, runs in groups.items()}
    if options.json:
        print(as_json(bands))
    else:
        rows = [[label, *map(band_words_short, found.values())] for label, found in bands.items()]
        print(align([["", *next(iter(bands.values()))], *rows]), NOTE, sep="\n")
    if options.o:
        save(profiles_figure(groups), options.o)


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
