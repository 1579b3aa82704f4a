"""A deposit in three dimensions, shaded voxels coloured by height.

    python analysis/view_3d.py kmc_li_demo/bare/seed-0000 -o deposit.png
    python analysis/view_3d.py results/one --azimuth 30 --elevation 40 --width-mm 180 -o deposit.pdf
"""

import argparse
import sys

import kmc_li
from kmc_li.figures import View, check_path, deposit_figure, save


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folder", metavar="FOLDER", help="a run folder")
    parser.add_argument("-o", metavar="FIGURE", required=True, help=".png, .pdf or .svg")
    parser.add_argument("--azimuth", type=float, default=-58.0, help="of the camera, degrees from the x axis [-58]")
    parser.add_argument("--elevation", type=float, default=24.0, help="of the camera above the collector, degrees [24]")
    parser.add_argument("--width-mm", type=float, default=85.0, help="of the figure [85, a column]")
    parser.add_argument("--pyvista", action="store_true", help="let pyvista draw it (pip install 'kmc_li[viz]')")
    options = parser.parse_args()
    check_path(options.o)

    run = kmc_li.load_run(options.folder)
    view = View(options.azimuth, options.elevation)
    save(deposit_figure(run, view, options.width_mm, options.pyvista), options.o)


if __name__ == "__main__":
    try:
        main()
    except kmc_li.UserError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
