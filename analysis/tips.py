"""Potential, stream lines and current around the highest tip of a run's deposit, and how much current the tips draw.

    python analysis/tips.py kmc_li_demo/bare/seed-0000 -o tips.png
    python analysis/tips.py results/one --json

The field is solved anew to convergence around the deposit at the end of the run.
"""

import argparse
import sys

import kmc_li
from kmc_li.export.fields import electric, has_linear_field
from kmc_li.figures import check_path, save, tips_figure
from kmc_li.morphology import tip_to_mean_current
from kmc_li.report.summary import as_json


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", metavar="FOLDER", help="a run folder")
    parser.add_argument("-o", metavar="FIGURE", help=".png, .pdf or .svg")
    parser.add_argument("--json", action="store_true", help="print JSON instead of words")
    options = parser.parse_args()
    if options.o:
        check_path(options.o)

    run = kmc_li.load_run(options.folder)
    if not has_linear_field(run.parameters):
        raise kmc_li.UserError(f"{options.folder}: the field is solved for linear kinetics only")
    field = electric(run.parameters, run.occupancy)
    current = field.plating_current_A
    tips = {f"{share:g}": tip_to_mean_current(current, run.occupancy, share) for share in (0, 0.01, 0.05)}
    if options.json:
        print(as_json({"tip_to_mean_current": tips}))
    else:
        for share, ratio in tips.items():
            words = f"the highest {100 * float(share):g} % of columns" if float(share) else "the highest column"
            print(f"current density on {words} over the mean: {ratio:.3g}")
    if options.o:
        save(tips_figure(run, field), options.o)


if __name__ == "__main__":
    try:
        main()
    except kmc_li.UserError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
