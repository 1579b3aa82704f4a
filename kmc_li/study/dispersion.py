"""Linear theory of a study with a [surface]: how fast waves on bare metal grow, and what comes from seed and noise.

A wave of height a cos(kx) on a surface that grows at the current density j changes its potential by A exp(-kz) cos(kx).
With Ohm's law, the resistance R = W/kappa and the face's shift G k^2 a on a crest, G = gamma V_m/(zF), its current is

    i_1 = k (j - kappa G k^2)/(1 + k W) a,     da/dt = V_m/(zF) i_1 - B k^4 a = omega(k) a .

It holds for slopes well below 1, and says nothing of a layer: what presses on crests slows them further.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kmc_li.study import constants, spectra, units
from kmc_li.study.parameters import Parameters

Array = NDArray[np.float64]
_SHORTEST = 1e12  # rad/m: far below an atom
_MOST = 300.0  # exponents beyond it are cut: a wave that has grown so much is not linear any more


class EndRoughness(NamedTuple):
    """Rms of the heights at the end of a run by linear theory [um]; seed is None for a measured map not given."""

    seed: float | None
    noise: float

    @property
    def noise_dominates(self) -> bool:
        """Whether the random arrival of ions makes more of the roughness than what the deposit starts from."""
        return self.seed is not None and self.noise > self.seed

    @property
    def line(self) -> str:
        """Which of the two dominates, in words."""
        said, noise = "roughness at the end by linear theory", f"{self.noise:.3g} um from the noise"
        if self.seed is None:
            return f"{said}: {noise}; the map's is not known"
        winner = "noise" if self.noise_dominates else "seed"
        return f"{said}: {self.seed:.3g} um from the seed, {noise}: {winner} dominates"


def growth_rate_per_s(parameters: Parameters, k_per_m: ArrayLike) -> Array:
    """omega(k) of bare metal [1/s], k > 0 in rad/m: above 0 a wave grows."""
    p, k = parameters, np.asarray(k_per_m, np.float64)
    driven = p.current_density_A_m2 - p.conductivity_S_m * p.capillary_V_m * k**2
    return _m_per_C_m2(p) * k * driven / (1.0 + k * p.wagner_length_m) - p.mullins_B_m4_s * k**4


def neutral_wavelength_um(parameters: Parameters) -> float:
    """Waves shorter than this decay; 0 without capillarity and surface diffusion [um]."""
    k = _neutral_k(parameters)
    return 2e6 * math.pi / k if math.isfinite(k) else 0.0


def fastest_wavelength_um(parameters: Parameters) -> float:
    """The wave that grows fastest of those that a box of voxels can hold, two voxels at least [um]."""
    return 2e6 * math.pi / _fastest_k(parameters)


def duration_s(parameters: Parameters) -> float:
    """Until the first of the study's stops, a dense deposit supposed [s]."""
    p, stop = parameters, parameters.stop
    ends = [] if stop.time_s is None else [stop.time_s]
    if stop.capacity_mAh_cm2 is not None:
        ends.append(units.convert(stop.capacity_mAh_cm2, "mAh/cm^2", "C/m^2") / p.current_density_A_m2)
    speed_m_s = _m_per_C_m2(p) * p.current_density_A_m2
    if stop.height_um is not None:
        ends.append(1e-6 * stop.height_um / speed_m_s)
    if stop.events is not None:
        ends.append(stop.events * p.voxel_m**3 / p.face_area_m2 / speed_m_s)
    return min(ends)


def seed_growth_factor(parameters: Parameters) -> float:
    """By what the fastest wave is multiplied over the run, at most e^300."""
    rate = growth_rate_per_s(parameters, _fastest_k(parameters))
    return math.exp(min(float(rate) * duration_s(parameters), _MOST))


def end_roughness(parameters: Parameters, heights_um: Array | None = None) -> EndRoughness:
    """Rms at the end from relief and patches, and from noise: dS/dt = 2 omega S + v q, q what arrives at once [m^3].

    S(k) integrates over d^2k/(2 pi)^2 to the mean square; summed over the waves of the box that its voxels hold.
    heights_um: of the columns at the start, for a measured map; what a rough surface or nuclei have is known.
    """
    p = parameters
    k, times = _waves(p)
    if k.size == 0:
        return EndRoughness(0.0, 0.0)
    rate, end_s = growth_rate_per_s(p, k), duration_s(p)
    grown = np.exp(np.minimum(rate * end_s, _MOST))
    speed_m_s = _m_per_C_m2(p) * p.current_density_A_m2
    quantum_m3 = p.voxel_m**3 / p.quanta
    noise = speed_m_s * quantum_m3 / p.face_area_m2 * end_s * _integrated(2.0 * rate * end_s)
    seed = _relief(p, k, heights_um)
    if seed is not None:
        uneven = k * p.wagner_length_m / (1.0 + k * p.wagner_length_m) * speed_m_s * end_s * _integrated(rate * end_s)
        seed = seed * grown**2 + _patches(p, k) * uneven**2
    rms_um = [None if square is None else 1e6 * math.sqrt(float((times * square).sum())) for square in (seed, noise)]
    return EndRoughness(rms_um[0], rms_um[1] or 0.0)


def _m_per_C_m2(p: Parameters) -> float:
    """Height of dense metal for a charge on an area, V_m/(zF)."""
    return p.molar_volume_m3_mol / (p.metal.charge_number * constants.FARADAY_C_MOL)


def _neutral_k(p: Parameters) -> float:
    """Where omega changes its sign [rad/m]; infinity if it does not."""
    if p.capillary_V_m == 0.0 and p.mullins_B_m4_s == 0.0:
        return math.inf
    low, high = 0.0, 1.0
    while growth_rate_per_s(p, high) > 0.0:
        low, high = high, 2.0 * high
        if low > _SHORTEST:
            return math.inf
    for _ in range(100):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if growth_rate_per_s(p, middle) > 0.0 else (low, middle)
    return 0.5 * (low + high)


def _fastest_k(p: Parameters) -> float:
    """omega has one maximum below its zero: narrowed down by thirds [rad/m]."""
    low, high = 0.0, min(_neutral_k(p), math.pi / p.voxel_m)
    for _ in range(120):
        third = (high - low) / 3.0
        left, right = growth_rate_per_s(p, [low + third, high - third])
        low, high = (low, high - third) if left > right else (low + third, high)
    return 0.5 * (low + high)


def _integrated(exponent: Array) -> Array:
    """(exp(x) - 1)/x, the mean of exp over 0..x."""
    x = np.minimum(exponent, 2.0 * _MOST)
    small = np.abs(x) < 1e-8
    return np.asarray(np.where(small, 1.0, np.expm1(x) / np.where(small, 1.0, x)))


def _axes(p: Parameters) -> list[tuple[int, float]]:
    """Voxels and unit of the wave number [rad/m] along each axis of more than one voxel."""
    return [(side, 2.0 * math.pi / (side * p.voxel_m)) for side in (p.lattice.nx, p.lattice.ny) if side > 1]


def _waves(p: Parameters) -> tuple[Array, Array]:
    """Wave numbers [rad/m] of a quarter of the waves that the grid holds, and how many each stands for."""
    k, times = np.zeros(1), np.ones(1)
    for side, unit in _axes(p):
        number = np.arange((side + 1) // 2)
        k = np.hypot(k[:, None], unit * number[None, :]).ravel()
        times = (times[:, None] * np.where(number > 0, 2.0, 1.0)[None, :]).ravel()
    return k[k > 0.0], times[k > 0.0]


def _relief(p: Parameters, k: Array, heights_um: Array | None) -> Array | None:
    """Mean square [m^2] of each wave of the substrate; None for a measured map that is not given."""
    relief, axes = p.substrate, _axes(p)
    if relief is None:
        return np.zeros_like(k)
    if relief.map is not None:
        return None if heights_um is None else _powers(1e-6 * heights_um)
    out = np.zeros_like(k)
    if relief.roughness_um and relief.correlation_length_um is not None and relief.hurst is not None:
        spectrum = spectra.self_affine(1e-6 * relief.correlation_length_um, relief.hurst, len(axes))
        share = spectrum.power(k) / spectra.total(spectrum, [unit for _, unit in axes])
        out += (1e-6 * relief.roughness_um) ** 2 * share
    per_um2, radius_um = relief.nuclei
    if per_um2 > 0.0:
        box = math.prod(2.0 * math.pi / unit for _, unit in axes)
        out += spectra.half_spheres(1e12 * per_um2, 1e-6 * radius_um, k, len(axes)) / box
    return out


def _powers(heights: Array) -> Array:
    """Mean square of each of the `_waves` of given heights, the mean of those of a wave and its mirror images."""
    power = np.abs(np.fft.fft2(heights) / heights.size) ** 2
    for axis in (0, 1):
        number = np.arange((heights.shape[axis] + 1) // 2)
        power = 0.5 * (power.take(number, axis) + power.take(-number, axis))
    return np.asarray(power.ravel()[1:])


def _patches(p: Parameters, k: Array) -> Array:
    """Mean square of each wave of the relative resistance."""
    if p.interphase is None:
        return np.zeros_like(k)
    axes = _axes(p)
    spectrum = spectra.gaussian(1e-6 * p.interphase.correlation_length_um, len(axes))
    return p.interphase.resistance_spread**2 * spectrum.power(k) / spectra.total(spectrum, [u for _, u in axes])
