"""What measures are taken of: a surface (height map) or a deposit (occupancy), with what several of them share."""

from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .box_counting import fractal_dimension
from .buds import PRUNING, Buds, buds
from .current import bud_current_shares
from .fits import Exponent
from .height import as_height_map, as_occupancy, height_map
from .height_differences import hurst_from_differences
from .hurst import hurst_exponent
from .roughness import Roughness, roughness
from .spectrum import power_spectrum
from .surface_area import SurfaceArea, surface_area
from .undefined import Undefined


class Surface:
    """A height map and what is derived from it, each once.

    heights_um: float64 (nx, ny). pixel_um: distance of neighboring columns. periodic: whether x and y close across
    their seams. Raises ValueError for a map that is not 2-D and finite, or a pixel that is not positive.
    """

    def __init__(self, heights_um: ArrayLike, pixel_um: float, periodic: bool = False) -> None:
        self.heights_um = as_height_map(heights_um, pixel_um)
        self.pixel_um = pixel_um
        self.periodic = periodic

    @cached_property
    def roughness(self) -> Roughness:
        """Height parameters in um."""
        return roughness(self.heights_um)

    @property
    def longest_wave_um(self) -> float:
        """End of the Hurst windows: half the map, or a quarter where it has no periodicity (for the window's sake)."""
        return float(max(self.heights_um.shape) * self.pixel_um / (2 if self.periodic else 4))

    @cached_property
    def hurst(self) -> Exponent:
        """Hurst exponent of the spectrum, from wavelengths of four pixels on."""
        spectrum = power_spectrum(self.heights_um, self.pixel_um, self.periodic)
        return hurst_exponent(spectrum, 4 * self.pixel_um, self.longest_wave_um)

    @cached_property
    def hurst_of_differences(self) -> Exponent:
        """Hurst exponent of G(r), from two pixels to an eighth of the longest wave."""
        window = 2 * self.pixel_um, max(8 * self.pixel_um, self.longest_wave_um / 8)
        return hurst_from_differences(self.heights_um, *window, self.pixel_um, self.periodic)

    @property
    def least_prominence_um(self) -> float:
        """What a summit must stand out by to be a bud: 5 % of Sz (ISO 25178-3)."""
        return PRUNING * self.roughness.Sz

    @cached_property
    def buds(self) -> Buds:
        """Summits of at least the least prominence; heights in um."""
        return buds(self.heights_um, self.least_prominence_um, self.periodic)


class Deposit(Surface):
    """An occupancy and what is derived from it, each once; as a surface it is its height map.

    occupancy: bool (nx, ny, nz), True where there is metal. plating_current: (nx, ny, nz), any unit, the current into
    each empty voxel's metal faces, where it is known. Raises ValueError for an array that is no occupancy.
    """

    def __init__(
        self,
        occupancy: NDArray[np.bool_],
        voxel_um: float,
        periodic: bool = True,
        plating_current: NDArray[np.float64] | None = None,
    ) -> None:
        self.occupancy = as_occupancy(occupancy)
        self.voxel_um = voxel_um
        self.plating_current = plating_current
        super().__init__(height_map(self.occupancy) * voxel_um, voxel_um, periodic)

    @property
    def least_prominence_um(self) -> float:
        """What a summit must stand out by to be a bud: 5 % of Sz, and two voxels."""
        return max(super().least_prominence_um, 2 * self.voxel_um)

    @cached_property
    def bulk(self) -> NDArray[np.bool_]:
        """The whole layers from the first that is not all metal up to the mean height: bool (nx, ny, layers), a view.

        Raises Undefined where no layer is left.
        """
        top = int(np.ceil(self.heights_um.mean() / self.voxel_um * (1 - 1e-12)))
        open_layers = np.flatnonzero(~self.occupancy[:, :, :top].all(axis=(0, 1)))
        if not open_layers.size:
            raise Undefined("a dense film has no pores")
        return self.occupancy[:, :, int(open_layers[0]) : top]

    @cached_property
    def area(self) -> SurfaceArea:
        """Area between metal and void in voxel faces."""
        return surface_area(self.occupancy, self.periodic)

    @cached_property
    def dimension(self) -> Exponent:
        """Box-counting dimension of the metal from two voxels to a quarter of the cell or of the mean height."""
        sides = [side for side in (*self.occupancy.shape[:2], self.heights_um.mean() / self.voxel_um) if side > 1]
        return fractal_dimension(self.occupancy, 2, max(8.0, min(sides, default=0) / 4), self.periodic)

    @cached_property
    def bud_current_shares(self) -> NDArray[np.float64]:
        """Share of the plating current that each bud draws: float (buds,). Raises Undefined if it is not known."""
        if self.plating_current is None:
            raise Undefined("the plating current is not known")
        in_voxels = self.buds._replace(
            height=self.buds.height / self.voxel_um, prominence=self.buds.prominence / self.voxel_um
        )
        return bud_current_shares(self.plating_current, in_voxels)

    @cached_property
    def metal_voxels(self) -> int:
        """Number of metal voxels; raises Undefined for none."""
        metal = int(np.count_nonzero(self.occupancy))
        if not metal:
            raise Undefined("there is no metal")
        return metal
