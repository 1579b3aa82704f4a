"""Thickness of deposits: mean over columns of the top height, its percentiles, and that of a dense film.

    python analysis/thickness.py kmc_li_demo
    python analysis/thickness.py out/bare out/piezo -o thickness.pdf

A folder may be one run or hold many; runs of one study form a group. Lengths in um.
"""

import argparse
import sys

from kmc_li.errors import UserError
from kmc_li.figures import check_path, save, series_figure
from kmc_li.morphology import height_map, solid_profile, thickness, thickness_percentile
from kmc_li.report.statistics import mean_bands
from kmc_li.report.summary import NOTE, align, as_json, band_words_short, load_groups
from kmc_li.storage.run import Run


def measure(run: Run) -> dict[str, float]:
    """What is measured of each run."""
    edge = run.parameters.lattice.voxel_um
    return {
        "thickness": thickness(run.occupancy) * edge,
        "median": thickness_percentile(run.occupancy, 50) * edge,
        "95 % height": thickness_percentile(run.occupancy, 95) * edge,
        "highest": float(height_map(run.occupancy).max()) * edge,
        "if it were dense": float(solid_profile(run.occupancy).sum()) * edge,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folders", nargs="+", metavar="FOLDER", help="run folders, or folders of runs")
    parser.add_argument("-o", metavar="FIGURE", help="draw thickness against charge: .png, .pdf or .svg")
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
        save(series_figure(groups, ["thickness_um", "thickness_p95_um"]), options.o)


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
