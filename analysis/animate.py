"""A film of growth from the snapshots of runs, side by side at the same areal capacity.

    python analysis/animate.py kmc_li_demo/bare kmc_li_demo/piezo -o growth.gif
    python analysis/animate.py results/one -o growth.gif --azimuth 30 --elevation 40

A study keeps output.snapshots deposits on the way (10, if it does not say otherwise); 60 make a smooth film.
"""

import argparse
import sys

from kmc_li.errors import UserError
from kmc_li.figures import Film, View, check_film_path, save_film
from kmc_li.report.summary import load_groups


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folders", nargs="+", metavar="FOLDER", help="run folders, or folders of runs (the first seed)")
    parser.add_argument("-o", metavar="FILM", required=True, help=".gif, or .mp4 where ffmpeg is installed")
    parser.add_argument("--fps", type=float, default=8.0, help="frames a second [8]")
    parser.add_argument("--azimuth", type=float, default=-58.0, help="of the camera, degrees [-58]")
    parser.add_argument("--elevation", type=float, default=24.0, help="of the camera, degrees [24]")
    options = parser.parse_args()
    check_film_path(options.o)

    runs = {label: runs[0] for label, runs in load_groups(options.folders).items()}
    film = Film(runs, View(options.azimuth, options.elevation))
    save_film(film, options.o, options.fps)
    print(f"{options.o}: {len(film.moments)} frames")


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
