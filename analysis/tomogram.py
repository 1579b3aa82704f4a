"""Pores, surface and roughness of segmented tomograms, by the measures that deposits have.

    python analysis/tomogram.py cut.tif --voxel-um 0.05
    python analysis/tomogram.py cut.npy --voxel-um 0.05 --metal 1 3 --axes zyx --upside-down --names porosity tortuosity

Files: .tif stacks (need tifffile), .npy. z = 0 is taken for the collector; nothing is taken as periodic.
Units are in the names.
"""

import argparse
import sys

from kmc_li.errors import UserError
from kmc_li.morphology import measure_all
from kmc_li.report.summary import align, as_json
from kmc_li.surfaces import read_tomogram


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("files", nargs="+", metavar="FILE", help="segmented tomograms")
    parser.add_argument("--voxel-um", type=float, required=True, metavar="UM", help="edge of a voxel")
    parser.add_argument("--metal", type=int, nargs="+", metavar="LABEL", help="labels of metal [the higher of two]")
    parser.add_argument("--axes", metavar="XYZ", help="order of the file's axes [zyx for .tif, xyz for .npy]")
    parser.add_argument("--upside-down", action="store_true", help="the collector lies at the end of z")
    parser.add_argument("--names", nargs="+", metavar="NAME", help="measures wanted [all]")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()

    found = {}
    how = {"metal": options.metal, "axes": options.axes, "upside_down": options.upside_down}
    for path in options.files:
        cut = read_tomogram(path, options.voxel_um, **how)
        found[cut.source] = measure_all(cut.occupancy, cut.voxel_um, options.names, periodic=False)
    if options.json:
        print(as_json(found))
        return
    keys = next(iter(found.values()))
    print(align([["", *found], *([key, *(f"{one[key]:.4g}" for one in found.values())] for key in keys)]))


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
