"""Roughness of deposits: ISO 25178 height parameters, correlation length and Hurst exponent.

    python analysis/roughness.py kmc_li_demo
    python analysis/roughness.py out/bare out/piezo -o roughness.pdf

A folder may be one run or hold many; runs of one study form a group. Sa, Sq, Sz, Sp, Sv and Sal in um.
"""

import argparse
import sys

from kmc_li.errors import UserError
from kmc_li.figures import check_path, save, series_figure
from kmc_li.morphology import (
    Undefined,
    autocorrelation_length,
    height_map,
    hurst_exponent,
    power_spectrum,
    roughness,
)
from kmc_li.report.statistics import mean_bands
from kmc_li.report.summary import NOTE, align, as_json, band_words_short, load_groups
from kmc_li.storage.run import Run


def measure(run: Run) -> dict[str, float]:
    """What is measured of each run."""
    edge = run.parameters.lattice.voxel_um
    heights = height_map(run.occupancy) * edge
    found = roughness(heights)._asdict() | {"Sal": autocorrelation_length(heights, edge)}
    try:  # between 4 voxels and half the box, where the surface may be self-affine
        longest = max(heights.shape) * edge / 2
        found["Hurst exponent"] = hurst_exponent(power_spectrum(heights, edge), 4 * edge, longest).value
    except Undefined:  # a flat film or a tiny box leaves no slope to fit
        found["Hurst exponent"] = float("nan")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folders", nargs="+", metavar="FOLDER", help="run folders, or folders of runs")
    parser.add_argument("-o", metavar="FIGURE", help="draw Sa, Sq, Sz against charge: .png, .pdf or .svg")
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
        save(series_figure(groups, ["roughness_Sa_um", "roughness_Sq_um", "roughness_Sz_um"]), options.o)


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
