"""The table of measures: one line each, all that is measured of a deposit or a height map by name.

A new measure is a file with a function and a line here. Its function takes a `Surface` or a `Deposit` (sample.py) and
returns a number in the unit of the line, or raises Undefined where the sample has no such number.
"""

from collections.abc import Callable, Iterable
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kmc_li.errors import UserError

from .autocorrelation import autocorrelation_length, texture_aspect_ratio
from .chords import mean_chord
from .clusters import closed_porosity, detached_share
from .current import tip_to_mean_current
from .porosity import porosity
from .sample import Deposit, Surface
from .slope import developed_area_ratio, rms_gradient
from .thickness import thickness, thickness_percentile
from .tortuosity import tortuosity
from .undefined import Undefined


class Measure(NamedTuple):
    """One measure. of: what it is taken of; a surface measure is taken of a deposit's height map as well.

    "current" needs the plating current of a deposit.
    """

    name: str
    unit: str
    of: Literal["surface", "deposit", "current"]
    function: Callable[[Any], float]
    meaning: str

    @property
    def key(self) -> str:
        """The name with its unit: 'roughness_Sq_um', 'porosity'."""
        return f"{self.name}_{self.unit}" if self.unit else self.name


# fmt: off
MEASURES: tuple[Measure, ...] = (
    Measure("roughness_Sa", "um", "surface", lambda s: s.roughness.Sa, "mean absolute deviation from the mean plane"),
    Measure("roughness_Sq", "um", "surface", lambda s: s.roughness.Sq,
            "root mean square deviation from the mean plane"),
    Measure("roughness_Sz", "um", "surface", lambda s: s.roughness.Sz, "highest less lowest"),
    Measure("roughness_Sp", "um", "surface", lambda s: s.roughness.Sp, "highest peak above the mean plane"),
    Measure("roughness_Sv", "um", "surface", lambda s: s.roughness.Sv, "deepest pit below the mean plane"),
    Measure("roughness_Ssk", "", "surface", lambda s: s.roughness.Ssk, "skewness: positive for peaks on a plain"),
    Measure("roughness_Sku", "", "surface", lambda s: s.roughness.Sku, "kurtosis: 3 for Gaussian heights"),
    Measure("roughness_Sdq", "", "surface", lambda s: rms_gradient(s.heights_um, s.pixel_um, s.periodic),
            "root mean square gradient, forward differences"),
    Measure("roughness_Sdr", "", "surface", lambda s: developed_area_ratio(s.heights_um, s.pixel_um, s.periodic),
            "area of the surface over its projection, less 1"),
    Measure("roughness_Sal", "um", "surface",
            lambda s: autocorrelation_length(s.heights_um, s.pixel_um, periodic=s.periodic),
            "shortest decay of the autocorrelation to 0.2"),
    Measure("roughness_Str", "", "surface", lambda s: texture_aspect_ratio(s.heights_um, periodic=s.periodic),
            "texture aspect ratio: 1 isotropic, 0 grooves"),
    Measure("hurst_exponent", "", "surface", lambda s: s.hurst.value, "Hurst exponent from the power spectrum"),
    Measure("hurst_error", "", "surface", lambda s: s.hurst.error, "its standard error"),
    Measure("hurst_shortest", "um", "surface", lambda s: s.hurst.low, "its window: shortest wavelength"),
    Measure("hurst_longest", "um", "surface", lambda s: s.hurst.high, "its window: longest wavelength"),
    Measure("hurst_differences", "", "surface", lambda s: s.hurst_of_differences.value,
            "Hurst exponent from height differences G(r)"),
    Measure("hurst_differences_error", "", "surface", lambda s: s.hurst_of_differences.error, "its standard error"),
    Measure("hurst_differences_shortest", "um", "surface", lambda s: s.hurst_of_differences.low,
            "its window: shortest distance"),
    Measure("hurst_differences_longest", "um", "surface", lambda s: s.hurst_of_differences.high,
            "its window: longest distance"),
    Measure("buds", "", "surface", lambda s: s.buds.x.size, "summits that stand out by 5 % of Sz (and two voxels)"),
    Measure("bud_density", "per_um2", "surface", lambda s: s.buds.x.size / (s.heights_um.size * s.pixel_um**2),
            "the same by area"),
    Measure("bud_prominence", "um", "surface", lambda s: s.buds.prominence.mean(),
            "their mean height above the saddle to a higher one"),
    Measure("bud_height", "um", "surface", lambda s: s.buds.height.mean(), "their mean height above 0"),
    Measure("thickness", "um", "deposit", lambda d: thickness(d.occupancy) * d.voxel_um,
            "mean height of the envelope"),
    Measure("thickness_p95", "um", "deposit", lambda d: thickness_percentile(d.occupancy) * d.voxel_um,
            "95 % of the envelope lies below"),
    Measure("porosity", "", "deposit", lambda d: porosity(d.occupancy), "void share under the envelope"),
    Measure("closed_porosity", "", "deposit", lambda d: closed_porosity(d.occupancy, d.periodic),
            "share of shut pores under the envelope"),
    Measure("bulk_porosity", "", "deposit", lambda d: 1 - np.mean(d.bulk),
            "void share of the layers up to the mean height"),
    Measure("detached_share", "", "deposit", lambda d: detached_share(d.occupancy, d.periodic),
            "share of the metal without a path to the collector"),
    Measure("pore_chord_lateral", "um", "deposit", lambda d: mean_chord(~d.bulk, (0, 1), d.periodic) * d.voxel_um,
            "mean chord of the pores along x and y, up to the mean height"),
    Measure("pore_chord_vertical", "um", "deposit", lambda d: mean_chord(~d.bulk, (2,), d.periodic) * d.voxel_um,
            "mean chord of the pores along z, whole chords only"),
    Measure("metal_chord_lateral", "um", "deposit", lambda d: mean_chord(d.bulk, (0, 1), d.periodic) * d.voxel_um,
            "mean chord of the metal along x and y, up to the mean height"),
    Measure("metal_chord_vertical", "um", "deposit", lambda d: mean_chord(d.bulk, (2,), d.periodic) * d.voxel_um,
            "mean chord of the metal along z, whole chords only"),
    Measure("specific_surface", "per_um", "deposit", lambda d: d.area.smooth / d.metal_voxels / d.voxel_um,
            "area over volume of the metal, staircase corrected: for features of 3 voxels or more"),
    Measure("specific_surface_faces", "per_um", "deposit", lambda d: d.area.faces / d.metal_voxels / d.voxel_um,
            "area over volume of the metal, all voxel faces"),
    Measure("roughness_factor", "", "deposit", lambda d: d.area.smooth / d.heights_um.size,
            "area of the metal over the projected area, staircase corrected"),
    Measure("tortuosity", "", "deposit", lambda d: tortuosity(~d.bulk, 2, d.periodic),
            "tortuosity factor of the pores along z, up to the mean height"),
    Measure("fractal_dimension", "", "deposit", lambda d: d.dimension.value, "box-counting dimension of the metal"),
    Measure("fractal_dimension_error", "", "deposit", lambda d: d.dimension.error, "its standard error"),
    Measure("fractal_dimension_smallest", "um", "deposit", lambda d: d.dimension.low * d.voxel_um,
            "its window: smallest box"),
    Measure("fractal_dimension_largest", "um", "deposit", lambda d: d.dimension.high * d.voxel_um,
            "its window: largest box"),
    Measure("tip_to_mean_current", "", "current", lambda d: tip_to_mean_current(d.plating_current, d.occupancy),
            "current density on the highest columns over the mean"),
    Measure("bud_current_share", "", "current", lambda d: d.bud_current_shares.sum(),
            "share of the current that lands on the buds' upper halves"),
)
# fmt: on


def measure_all(
    occupancy: NDArray[np.bool_],
    voxel_um: float,
    names: Iterable[str] | None = None,
    *,
    periodic: bool = True,
    plating_current: NDArray[np.float64] | None = None,
) -> dict[str, float]:
    """Measures of a deposit or a segmented tomogram by name, units in the names: {'roughness_Sq_um': 1.8, ...}.

    occupancy: bool (nx, ny, nz), True where there is metal, z = 0 at the collector. voxel_um: its edge. names: those
    wanted, with or without unit ('porosity', 'roughness_Sq'); None for all. periodic: x and y close across their
    seams. plating_current: (nx, ny, nz), the current into each empty voxel's metal faces, any unit; without it the
    measures of the current are left out. NaN where the deposit has no such number, infinity for the tortuosity of
    pores without a way through. The measures and their meanings: MEASURES.
    Raises UserError for unknown names or names that need the current, ValueError for an array that is no occupancy.
    """
    deposit = Deposit(occupancy, voxel_um, periodic, plating_current)
    kinds = {"surface", "deposit"} | ({"current"} if plating_current is not None else set())
    return _take(deposit, _chosen(names, kinds))


def measure_surface(
    heights_um: ArrayLike, pixel_um: float, names: Iterable[str] | None = None, *, periodic: bool = False
) -> dict[str, float]:
    """Measures of a height map by name, as `measure_all` has them of a deposit's.

    heights_um: (nx, ny), levelled as wanted. pixel_um: distance of neighboring columns.
    Raises UserError for unknown names or names that need an occupancy, ValueError for a map that is not 2-D and finite.
    """
    return _take(Surface(heights_um, pixel_um, periodic), _chosen(names, {"surface"}))


def _chosen(names: Iterable[str] | None, kinds: set[str]) -> list[Measure]:
    """The measures of these names, in the order of the names, or all of these kinds."""
    if names is None:
        return [measure for measure in MEASURES if measure.of in kinds]
    wanted = [(name, next((m for m in MEASURES if name in (m.key, m.name)), None)) for name in names]
    for name, measure in wanted:
        if measure is None:
            raise UserError(f"unknown measure '{name}', must be one of: {', '.join(m.key for m in MEASURES)}")
        if measure.of not in kinds:
            needs = {"deposit": "an occupancy", "current": "the plating current"}[measure.of]
            raise UserError(f"measure '{name}' needs {needs}")
    return [measure for _, measure in wanted if measure is not None]


def _take(sample: Surface, measures: Iterable[Measure]) -> dict[str, float]:
    taken = {}
    for measure in measures:
        try:
            taken[measure.key] = float(measure.function(sample))
        except Undefined:
            taken[measure.key] = float("nan")
    return taken
