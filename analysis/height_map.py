"""Roughness of measured height maps (AFM, profilometer), by the measures that deposits have.

    python analysis/height_map.py scan.gwy
    python analysis/height_map.py one.csv two.csv --pixel-um 0.02 --height-unit nm --level lines plane

Files: .gwy, .tif (needs tifffile), .npy, text. The map is levelled by its mean plane unless --level says otherwise, and
not taken as periodic. Units are in the names.
"""

import argparse
import sys

from kmc_li.errors import UserError
from kmc_li.morphology import measure_surface
from kmc_li.report.summary import align, as_json
from kmc_li.surfaces import level, read_height_map


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("files", nargs="+", metavar="FILE", help="height maps")
    parser.add_argument("--pixel-um", type=float, metavar="UM", help="edge of a pixel, where the file does not say it")
    parser.add_argument("--height-unit", metavar="UNIT", help="of the numbers, where the file does not say it [um]")
    parser.add_argument("--channel", metavar="TITLE", help="of a .gwy file with several height channels")
    parser.add_argument("--level", nargs="*", default=["plane"], metavar="HOW",
                        help="plane, lines (median of each) or a polynomial's order, in turn [plane]")  # fmt: skip
    parser.add_argument("--names", nargs="+", metavar="NAME", help="measures wanted [all]")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()

    found = {}
    for path in options.files:
        scan = read_height_map(path, options.pixel_um, height_unit=options.height_unit, channel=options.channel)
        for how in options.level:
            scan = level(scan, "polynomial", int(how)) if how.isdecimal() else level(scan, how)
        found[scan.source] = measure_surface(scan.z_um, scan.pixel_um, options.names)
    if options.json:
        print(as_json(found))
        return
    for source in found:
        print(source)
    keys = next(iter(found.values()))
    print(align([[key, *(f"{measures[key]:.4g}" for measures in found.values())] for key in keys]))


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
