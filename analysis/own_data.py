"""Measured height maps (AFM) and segmented tomograms beside simulated deposits, in one figure and one table.

    python analysis/own_data.py results/bare results/piezo --height-map scan.gwy -o beside.pdf
    python analysis/own_data.py results/piezo --height-map scan.csv --pixel-um 0.05 --height-unit nm \\
        --tomogram cut.npy --voxel-um 0.1 -o beside.png
"""

import argparse
import sys
from pathlib import Path

from kmc_li.errors import UserError
from kmc_li.figures import check_path, measured_figure, save
from kmc_li.morphology import measure_all, measure_surface
from kmc_li.report.summary import align, load_groups
from kmc_li.surfaces import level, read_height_map, read_tomogram

SURFACE = ["roughness_Sa", "roughness_Sq", "roughness_Sz", "roughness_Sdr"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folders", metavar="DIR", nargs="+", help="runs, or folders with runs below them")
    parser.add_argument("--height-map", nargs="+", default=[], metavar="FILE", help=".gwy, .tif, .npy or text")
    parser.add_argument("--pixel-um", type=float, metavar="UM", help="edge of a pixel, where the file does not say it")
    parser.add_argument("--height-unit", metavar="UNIT", help="of the numbers, where the file does not say it [um]")
    parser.add_argument("--tomogram", nargs="+", default=[], metavar="FILE", help=".tif stack or .npy, segmented")
    parser.add_argument("--voxel-um", type=float, metavar="UM", help="edge of the tomograms' voxels")
    parser.add_argument("-o", metavar="FIGURE", dest="figure", required=True, help="a .png, .pdf or .svg file")
    options = parser.parse_args()
    check_path(options.figure)
    if options.tomogram and options.voxel_um is None:
        raise UserError("--voxel-um: got nothing, must be the edge of the tomograms' voxels in um")

    groups = load_groups(options.folders)
    maps = {
        Path(path).stem: level(read_height_map(path, options.pixel_um, height_unit=options.height_unit))
        for path in options.height_map
    }
    tomograms = {Path(path).stem: read_tomogram(path, options.voxel_um) for path in options.tomogram}
    save(measured_figure(groups, maps, tomograms), options.figure)

    rows = {name: measure_surface(scan.z_um, scan.pixel_um, SURFACE) for name, scan in maps.items()}
    for name, cut in tomograms.items():
        rows[name] = measure_all(cut.occupancy, cut.voxel_um, [*SURFACE, "porosity"], periodic=False)
    for label, runs in groups.items():
        for run in runs:
            edge = run.parameters.lattice.voxel_um
            rows[f"{label}, seed {run.seed}"] = measure_all(run.occupancy, edge, [*SURFACE, "porosity"])
    keys = list(dict.fromkeys(key for found in rows.values() for key in found))
    table = [[name, *(f"{found[key]:.4g}" if key in found else "" for key in keys)] for name, found in rows.items()]
    print(align([["", *keys], *table]))
    print(f"\nfigure    {options.figure}")


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
