"""What is allowed in a study and yet likely not what is meant: a line each, printed before a run."""

import math

import numpy as np
from numpy.typing import NDArray

from kmc_li.study import constants, dispersion
from kmc_li.study.parameters import Parameters

_ROUGHENING = 0.6  # kT/E_N of a simple cubic lattice
_VOXELS, _WAVES = 6, 4  # least voxels in the neutral wavelength, and least of the fastest waves in the box
_QUANTA = 8  # least events a voxel: an ion that comes and one that goes are two events
_ROUNDED = 0.05  # more than this share of the noise's volume is worth a line


def warnings(parameters: Parameters, heights_um: NDArray[np.float64] | None = None) -> list[str]:
    """The lines of a study; heights_um: its relief, for a measured map."""
    noise = [*_rounded_noise(parameters), *_coarse_noise(parameters)]
    return [*noise, *_scales(parameters, heights_um), *_facets(parameters)]


def _rounded_noise(p: Parameters) -> list[str]:
    given = None if p.surface is None else p.surface.noise_volume_um3
    if given is None:
        return []
    used = p.lattice.voxel_um**3 / p.quanta
    if abs(used - given) <= _ROUNDED * given:
        return []
    parts = f"the voxel in {p.quanta} part" + ("s" if p.quanta > 1 else "")
    return [f"surface.noise_volume_um3: got {given:.4g}, {used:.4g} um^3 is used, {parts}"]


def _coarse_noise(p: Parameters) -> list[str]:
    if not p.continuum or p.quanta >= _QUANTA:
        return []
    most = p.lattice.voxel_um**3 / _QUANTA
    where = f"surface.noise_volume_um3: a voxel fills in {p.quanta}"
    return [f"{where}, should fill in {_QUANTA} parts or more: at most {most:.4g} um^3"]


def _scales(p: Parameters, heights_um: NDArray[np.float64] | None) -> list[str]:
    """What sets the scale of a deposit must be seen by the voxels and fit the box."""
    if not p.continuum:
        return []
    found = []
    neutral_um, fastest_um = dispersion.neutral_wavelength_um(p), dispersion.fastest_wavelength_um(p)
    if neutral_um == 0.0:
        found.append("surface: without capillarity and surface diffusion the voxel sets the scale of the deposit")
    elif neutral_um < _VOXELS * p.lattice.voxel_um:
        found.append(
            f"lattice.voxel_um: got {p.lattice.voxel_um:g}, the neutral wavelength of {neutral_um:.3g} um has "
            f"{neutral_um / p.lattice.voxel_um:.2g} voxels, should have {_VOXELS}: take a voxel of "
            f"{neutral_um / _VOXELS:.2g} um"
        )
    side_um = min((side for side in (p.lattice.nx, p.lattice.ny) if side > 1), default=1) * p.lattice.voxel_um
    if side_um < _WAVES * fastest_um:
        found.append(
            f"lattice: the box is {side_um:.3g} um wide, should hold {_WAVES} waves of the fastest length, "
            f"{fastest_um:.3g} um"
        )
    if dispersion.end_roughness(p, heights_um).noise_dominates:
        found.append("surface.noise_volume_um3: the noise dominates the seed: make it smaller or give a [substrate]")
    return found


def _facets(p: Parameters) -> list[str]:
    """Voxels of many atoms, bonded as atoms are, hop into facets."""
    atom_m = math.cbrt(p.molar_volume_m3_mol / constants.AVOGADRO_PER_MOL)
    if not p.hops.enabled or p.hops.bond_energy_eV == 0.0 or p.voxel_m < 1.1 * atom_m:
        return []
    ratio = constants.BOLTZMANN_EV_K * p.hops.temperature_K / p.hops.bond_energy_eV
    if ratio >= _ROUGHENING:
        return []
    return [
        f"hops.bond_energy_eV: got {p.hops.bond_energy_eV:g}, kT/E_N is {ratio:.2g}: below roughening, about "
        f"{_ROUGHENING}, hops make facets of voxels, at any frequency; a [surface] smooths as atoms do"
    ]
