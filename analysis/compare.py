"""Compare groups of runs: table of thickness, roughness and porosity, thickness ratios, and the main figure.

    python analysis/compare.py kmc_li_demo -o comparison.pdf
    python analysis/compare.py out/bare out/piezo --measured bare piezo 1.73 -o comparison.pdf

A folder may be one run or hold many; runs of one study form a group, named after their folder.
"""

import argparse
import sys

from kmc_li.errors import UserError
from kmc_li.figures import check_path, comparison_figure, save
from kmc_li.figures.series import common_capacity
from kmc_li.figures.thickness import check_reference, thickness_ratios
from kmc_li.report.statistics import RATIO_METHOD
from kmc_li.report.summary import as_json, band_words_short, bands, load_groups, metrics_table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folders", nargs="+", metavar="FOLDER", help="run folders, or folders of runs")
    parser.add_argument("--measured", nargs=3, metavar=("OVER", "UNDER", "RATIO"),
                        help="two groups and the thickness ratio measured for them")  # fmt: skip
    parser.add_argument("-o", metavar="FIGURE", help="draw the comparison: .png, .pdf or .svg")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()
    if options.o:
        check_path(options.o)

    groups = load_groups(options.folders)
    reference = None
    if options.measured:
        over, under, value = options.measured
        try:
            reference = (over, under, float(value))
        except ValueError:
            raise UserError(f"--measured: got '{value}', must be a number such as 1.73") from None
        check_reference(groups, reference)
    first = reference[0] if reference else next(iter(groups))
    figure = comparison_figure(groups, reference) if options.o else None
    ratios = thickness_ratios(groups, first, common_capacity(groups))
    if options.json:
        found = {label: bands(runs) for label, runs in groups.items()}
        print(
            as_json({"groups": found, "thickness_ratios": {f"{first} / {k}": v for k, v in ratios.items()}})
        )
    else:
        print(metrics_table(groups))
        for label, ratio in ratios.items():
            print(f"thickness {first} / {label}: {band_words_short(ratio)} ({RATIO_METHOD})")
    if figure:
        save(figure, options.o)


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
