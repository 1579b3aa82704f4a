"""Cycled runs: Coulombic efficiency, thickness, roughness and dead lithium by cycle with 95 % bands, and their figure.

    python analysis/cycles.py results/cycling_bare results/cycling_piezo -o cycles.pdf
    python analysis/cycles.py results/cycling_bare --json

A folder may be one run or hold many; runs of one study form a group, named after their folder.
"""

import argparse
import sys

from kmc_li.errors import UserError
from kmc_li.figures import check_path, cycling_figure, is_cycled, save
from kmc_li.report.cycles import cycle_bands, cycles_table
from kmc_li.report.summary import as_json, load_groups


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folders", nargs="+", metavar="FOLDER", help="run folders, or folders of runs")
    parser.add_argument("-o", metavar="FIGURE", help="draw the cycles: .png, .pdf or .svg")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table, with every cycle")
    options = parser.parse_args()
    if options.o:
        check_path(options.o)

    groups = load_groups(options.folders)
    if not is_cycled(groups):
        raise UserError("not all of these runs have a [protocol] and a complete cycle")
    bands = {label: cycle_bands(runs) for label, runs in groups.items()}
    print(as_json(bands) if options.json else cycles_table(groups))
    if options.o:
        save(cycling_figure(groups), options.o)


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
