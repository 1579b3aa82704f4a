"""Morphology of a deposit: arrays in, numbers out (numpy and scipy only).

An occupancy is a bool array (nx, ny, nz), True where there is metal, z = 0 at the collector, periodic in x
and y; (nx, nz) is read as ny = 1. Lengths are in voxels: multiply by the voxel's edge. Measures by name, in um:
`measure_all`, with the table MEASURES. `periodic=False` is for pieces cut out of something larger.
"""

from .autocorrelation import autocorrelation, autocorrelation_length, texture_aspect_ratio
from .box_counting import BoxCounts, box_counts, fractal_dimension
from .buds import Buds, buds
from .chords import Chords, chord_lengths, mean_chord
from .clusters import (
    attached_to_collector,
    closed_porosity,
    cluster_sizes,
    detached_share,
    label_periodic,
)
from .current import bud_current_shares, current_profile, tip_to_mean_current
from .fits import Exponent
from .growth import growth_exponent
from .height import height_map
from .height_differences import HeightDifferences, height_height_correlation, hurst_from_differences
from .hurst import hurst_exponent
from .measures import MEASURES, Measure, measure_all, measure_surface
from .porosity import porosity, porosity_profile, solid_profile
from .roughness import Roughness, roughness
from .sample import Deposit, Surface
from .slope import developed_area_ratio, rms_gradient
from .spectrum import Spectrum, power_spectrum
from .surface_area import SurfaceArea, surface_area
from .thickness import thickness, thickness_percentile
from .tortuosity import tortuosity
from .undefined import Undefined

__all__ = [
    "BoxCounts",
    "Buds",
    "Chords",
    "Deposit",
    "Exponent",
    "HeightDifferences",
    "MEASURES",
    "Measure",
    "Roughness",
    "Spectrum",
    "Surface",
    "SurfaceArea",
    "Undefined",
    "attached_to_collector",
    "autocorrelation",
    "autocorrelation_length",
    "box_counts",
    "bud_current_shares",
    "buds",
    "chord_lengths",
    "closed_porosity",
    "cluster_sizes",
    "current_profile",
    "detached_share",
    "developed_area_ratio",
    "fractal_dimension",
    "growth_exponent",
    "height_height_correlation",
    "height_map",
    "hurst_exponent",
    "hurst_from_differences",
    "label_periodic",
    "mean_chord",
    "measure_all",
    "measure_surface",
    "porosity",
    "porosity_profile",
    "power_spectrum",
    "rms_gradient",
    "roughness",
    "solid_profile",
    "surface_area",
    "texture_aspect_ratio",
    "thickness",
    "thickness_percentile",
    "tip_to_mean_current",
    "tortuosity",
]
