"""The numbers that decide what a deposit will look like, printed before a run.

There is no concentration field in the model: it holds for currents far below the limiting current.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kmc_li.study import advice, constants, dispersion, units
from kmc_li.study.parameters import Parameters

SINGLE_ATOM_PER_S = 2e12  # the default attempt frequency, of an atom of Li (Vishnugopi 2020)
LEAST_OHM_M2 = 1e-20  # a resistance below it counts as none
BUD_RADIUS_UM = 1.0  # the bud that W/R is stated for


class Quantity(NamedTuple):
    """A number with what it tells; `unit` is empty for a dimensionless one."""

    name: str
    symbol: str
    value: float
    meaning: str
    unit: str = ""


def dimensionless_numbers(parameters: Parameters) -> list[Quantity]:
    """The controlling numbers of a study, those that apply to it, all finite.

    Without a charge-transfer resistance there is no kinetic overpotential to compare shifts with, without a
    layer no pressure: these are left out then.
    """
    p = parameters
    resistance = p.charge_transfer_resistance_ohm_m2 if p.charge_transfer_resistance_ohm_m2 > LEAST_OHM_M2 else 0.0
    eta_V = p.current_density_A_m2 * resistance
    wagner_um = p.wagner_length_m * 1e6
    monolayer_s = p.voxel_charge_C / (p.current_density_A_m2 * p.voxel_m**2)
    per_voxel = wagner_um / p.lattice.voxel_um
    voxel = f"a voxel of {p.lattice.voxel_um:g} um"
    out = [
        Quantity("Wagner length", "W", wagner_um, "conductivity x charge-transfer resistance", "um"),
        Quantity(
            "Wagner length / bud radius", "W/R", wagner_um / BUD_RADIUS_UM,
            f"R = {BUD_RADIUS_UM:g} um; below about 1 tips run hot, far above 1 the current is even",
        ),
        Quantity("Wagner length / voxel", "W/D", per_voxel, f"{voxel}; above 1 resolves W"),
        Quantity("kinetic overpotential", "j R_ct", eta_V * 1e3, "what a shift competes with", "mV"),
        Quantity("monolayer time", "t_1", monolayer_s, f"for {voxel} all over the electrode", "s"),
        Quantity("hop rate / plate rate", "", _hops_per_plating(p, monolayer_s), _hops_meaning(p)),
    ]  # fmt: skip
    atom_m = (p.molar_volume_m3_mol / constants.AVOGADRO_PER_MOL) ** (1 / 3)
    if p.hops.enabled and p.voxel_m > 1.1 * atom_m:
        ratio = p.hops.attempt_frequency_per_s / SINGLE_ATOM_PER_S * (p.voxel_m / atom_m) ** 4
        given = "1 if surface diffusion smooths as that of single atoms; set hops.attempt_frequency_per_s to"
        meaning = f"{given} {SINGLE_ATOM_PER_S * (atom_m / p.voxel_m) ** 4:.3g} 1/s for it"
        out.append(Quantity("Mullins coefficient / single atoms'", "B/B_a", ratio, meaning))
    i0 = p.electrolyte.exchange_current_density_mA_cm2
    if i0 is not None and resistance > 0.0:
        slope = constants.GAS_J_MOL_K * p.hops.temperature_K / constants.FARADAY_C_MOL
        implied = slope / units.convert(i0, "mA/cm^2", "A/m^2") / resistance
        rest = "the rest is SEI or fitted"
        out.append(Quantity("Butler-Volmer share of R_ct", "RT/(F i0 R_ct)", implied, rest))
    return out + _ageing_numbers(p, monolayer_s) + _surface_numbers(p) + _layer_numbers(p, eta_V)


def _hops_per_plating(p: Parameters, monolayer_s: float) -> float:
    if not p.hops.enabled:
        return 0.0
    barrier_eV = p.hops.surface_barrier_eV + p.hops.bond_energy_eV
    thermal_eV = constants.BOLTZMANN_EV_K * p.hops.temperature_K
    return p.hops.attempt_frequency_per_s * math.exp(-barrier_eV / thermal_eV) * monolayer_s


def _hops_meaning(p: Parameters) -> str:
    return "per direction, of a voxel with one neighbor" if p.hops.enabled else "hops are switched off"


def _ageing_numbers(p: Parameters, monolayer_s: float) -> list[Quantity]:
    """How fast the interphase grows, and what it takes."""
    out = []
    if p.ageing is not None and p.ageing.time_constant_s is not None:
        ratio = math.sqrt(1.0 + monolayer_s / p.ageing.time_constant_s)
        meaning = "near 1 faces stay fresh until they are plated on; far above 1 fresh ones take most of the current"
        out.append(Quantity("resistance a monolayer time old / fresh", "R(t_1)/R", ratio, meaning))
    if p.ageing is not None and p.ageing.fresh_charge_mC_cm2 > 0.0:
        share = p.ageing.fresh_share(p.voxel_m, p.voxel_charge_C)
        meaning = "lost to the interphase; a voxel lays open a few faces as it comes and goes"
        out.append(Quantity("charge of a fresh face / of a voxel", "", share, meaning))
    return out


def _surface_numbers(p: Parameters) -> list[Quantity]:
    """Scale and growth of waves on bare metal, by linear theory."""
    if not p.continuum:
        return []
    neutral_um, fastest_um = dispersion.neutral_wavelength_um(p), dispersion.fastest_wavelength_um(p)
    per_voxel = [f"{length / p.lattice.voxel_um:.3g} voxels" for length in (neutral_um, fastest_um)]
    times = f"over {dispersion.duration_s(p):.3g} s; at most e^300"
    return [
        Quantity("neutral wavelength", "l_0", neutral_um, f"{per_voxel[0]}; shorter waves decay", "um"),
        Quantity("fastest growing wavelength", "l_max", fastest_um, f"{per_voxel[1]}, on bare metal", "um"),
        Quantity("growth of the fastest wave", "exp(w t)", dispersion.seed_growth_factor(p), times),
    ]


def _layer_numbers(p: Parameters, eta_V: float) -> list[Quantity]:
    if p.layer is None:
        return []
    step_Pa = p.layer.winkler_stiffness_Pa_m * p.voxel_m
    pressure_Pa = min(step_Pa, p.metal.hardness_MPa * 1e6)
    at = f"at {pressure_Pa / 1e6:.3g} MPa, a bud one voxel above the rest plane"
    contact = p.layer.stack_pressure_MPa * 1e6 / step_Pa
    share = "the share of columns that touch the layer, if small"
    out = [Quantity("stack pressure / pressure of one voxel", "p_stack/(K D)", contact, share)]
    if eta_V > 0.0:
        piezo_V = p.layer.piezo_shift_V_Pa * pressure_Pa
        pressure_V = p.pressure_shift_V_Pa * pressure_Pa
        sign = "above 0 slows a pressed bud, above about 1 stops it; below 0 speeds it"
        monroe = "the same for the Monroe-Newman term"
        out += [
            Quantity("piezo shift / kinetic overpotential", "Pi", piezo_V / eta_V, f"{at}; {sign}"),
            Quantity("pressure shift / kinetic overpotential", "Pi_p", pressure_V / eta_V, f"{at}; {monroe}"),
        ]
    return out


def table(parameters: Parameters, heights_um: NDArray[np.float64] | None = None) -> str:
    """The numbers as lines of text: name, symbol, value, meaning; then what dominates, fitted inputs, warnings.

    heights_um: the relief at the start (nx, ny), which a measured map is judged by.
    """
    rows = [
        (q.name, q.symbol, f"{q.value:.4g}{' ' + q.unit if q.unit else ''}", q.meaning)
        for q in dimensionless_numbers(parameters)
    ]
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = [f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:<{widths[2]}}  {d}" for a, b, c, d in rows]
    lines += [dispersion.end_roughness(parameters, heights_um).line] if parameters.continuum else []
    lines += [f"fitted, not measured: {f}" for f in fitted(parameters)]
    return "\n".join(lines + [f"warning: {line}" for line in advice.warnings(parameters, heights_um)])


def fitted(parameters: Parameters) -> list[str]:
    """The inputs that a study marks as fitted, with their values, for figures and tables to name."""
    p, out = parameters, []
    if p.electrolyte.conductivity_is_fitted:
        out.append(f"near-surface conductivity kappa_eff = {p.conductivity_S_m:.3g} S/m")
    if p.layer is not None and p.layer.unscreened_share_is_fitted:
        out.append(f"unscreened share s = {p.layer.unscreened_share:.3g}")
    return out
