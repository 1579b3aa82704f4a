"""What a deposit starts from, by [substrate] and [interphase]: the same place in space for every voxel.

Streams of random numbers: [seed] are a run's events, [seed, 1] its adatoms, the next ones are used here.
"""

import math

import numpy as np
from numpy.typing import NDArray

from kmc_li.engine import measured_relief, nuclei, waves
from kmc_li.errors import UserError
from kmc_li.study import spectra
from kmc_li.study.parameters import Parameters

_ROUGH, _NUCLEI, _MAP, _PATCHES = 2, 3, 4, 5
_HIGHEST = 0.5  # share of the box that a substrate may fill
_BITS = 2.0**-24  # numbers are rounded to it: the last bits of a Fourier transform depend on the machine


def substrate_heights(parameters: Parameters, seed: int) -> NDArray[np.float64]:
    """Heights of the relief in voxels, float64 (nx, ny), the lowest 0; zeros without a [substrate].

    Raises UserError for a map that cannot be read or has changed, too many nuclei, or a relief too high for the box.
    """
    box, relief = parameters.lattice, parameters.substrate
    shape, voxel_um = (box.nx, box.ny), box.voxel_um
    heights_um = np.zeros(shape)
    if relief is None:
        return heights_um
    if relief.map is not None:
        relief.require_map()
        how = relief.map, relief.map_pixel_um, relief.map_channel
        heights_um += measured_relief.heights_um(shape, voxel_um, *how, [seed, _MAP])
    elif relief.roughness_um and relief.correlation_length_um is not None and relief.hurst is not None:
        spectrum = spectra.self_affine(relief.correlation_length_um, relief.hurst, _dimensions(shape))
        heights_um += relief.roughness_um * waves.surface(shape, _sides_um(parameters), spectrum, [seed, _ROUGH])
    density_um2, radius_um = relief.nuclei
    if density_um2 > 0.0:
        heights_um += nuclei.heights_um(shape, voxel_um, density_um2, radius_um, [seed, _NUCLEI])
    heights = _rounded((heights_um - heights_um.min()) / voxel_um)
    if box.film_voxels + heights.max() > _HIGHEST * box.nz:
        raise UserError(
            f"substrate: its relief is {heights.max() * voxel_um:.4g} um high in a box of {box.height_um:g} um, must "
            f"reach at most {_HIGHEST:g} of it: take a higher box or a lower relief"
        )
    return heights


def resistance_ratio(parameters: Parameters, seed: int) -> NDArray[np.float64]:
    """Charge-transfer resistance above each column over the mean one, float64 (nx, ny), mean 1; ones if it is even.

    Log-normal, its logarithm a Gaussian surface; the spread is that of an unbounded one.
    """
    shape, patches = (parameters.lattice.nx, parameters.lattice.ny), parameters.interphase
    if patches is None or patches.resistance_spread == 0.0:
        return np.ones(shape)
    spectrum = spectra.gaussian(patches.correlation_length_um, _dimensions(shape))
    spread = math.sqrt(math.log1p(patches.resistance_spread**2))
    ratio = np.exp(spread * waves.surface(shape, _sides_um(parameters), spectrum, [seed, _PATCHES]))
    return _rounded(ratio / ratio.mean())


def _dimensions(shape: tuple[int, int]) -> int:
    return max(sum(side > 1 for side in shape), 1)


def _sides_um(parameters: Parameters) -> tuple[float, float]:
    box = parameters.lattice
    return box.nx * box.voxel_um, box.ny * box.voxel_um


def _rounded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.round(values / _BITS) * _BITS)
