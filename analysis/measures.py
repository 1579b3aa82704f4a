"""All measures of deposits by name: roughness, buds, pores, chords, surface, tortuosity, dimension.

    python analysis/measures.py --list
    python analysis/measures.py kmc_li_demo
    python analysis/measures.py out/bare out/piezo --names tortuosity specific_surface --json

A folder may be one run or hold many; runs of one study form a group. Units are in the names.
"""

import argparse
import math
import sys

from kmc_li.errors import UserError
from kmc_li.morphology import MEASURES, measure_all
from kmc_li.report.statistics import mean_bands
from kmc_li.report.summary import NOTE, align, as_json, band_words_short, load_groups


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folders", nargs="*", metavar="FOLDER", help="run folders, or folders of runs")
    parser.add_argument("--names", nargs="+", metavar="NAME", help="measures wanted [all]")
    parser.add_argument("--list", action="store_true", help="say what there is and what it means")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    if options.list:
        print(align([[measure.key, measure.meaning] for measure in MEASURES]))
        return
    if not options.folders:
        raise UserError("no folder given: name run folders, or folders of runs")

    bands = {}
    for label, runs in load_groups(options.folders).items():
        rows = [measure_all(run.occupancy, run.parameters.lattice.voxel_um, options.names) for run in runs]
        # pores that do not reach through have an infinite tortuosity, and so no mean
        bands[label] = mean_bands([{k: v if math.isfinite(v) else math.nan for k, v in row.items()} for row in rows])
    if options.json:
        print(as_json(bands))
        return
    lines = [[key, *(band_words_short(found[key]) for found in bands.values())] for key in next(iter(bands.values()))]
    print(align([["", *bands], *lines]), NOTE, sep="\n")


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
