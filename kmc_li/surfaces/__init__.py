"""Users' own data: height maps of a microscope and segmented tomograms, for the measures of `kmc_li.morphology`.

    scan = surfaces.level(surfaces.read_height_map("scan.gwy"))
    morphology.measure_surface(scan.z_um, scan.pixel_um)

    cut = surfaces.read_tomogram("cut.tif", voxel_um=0.05)
    morphology.measure_all(cut.occupancy, cut.voxel_um, periodic=False)
"""

from .height_map import HeightMap, read_height_map
from .level import level
from .tomogram import Tomogram, read_tomogram

__all__ = ["HeightMap", "Tomogram", "level", "read_height_map", "read_tomogram"]
