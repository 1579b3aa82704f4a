"""What must hold between the sections of a study: one line for each thing wrong."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from kmc_li.study import constants, units
from kmc_li.study.ageing import Ageing
from kmc_li.study.choices import LAWS, NO_FIELD
from kmc_li.study.protocol import Protocol
from kmc_li.study.sections import Electrolyte, Hops, Lattice, Layer, Metal, Numerics, Plating, Stop
from kmc_li.study.seeding import Interphase
from kmc_li.study.surface import MOST_QUANTA, Surface

_FULL = 0.9  # a dense deposit may fill this share of the box: growth is never dense
_LARGEST_RATE_BITS = 100  # rates are float32, below 2^128


def cross_checks(sections: Mapping[str, Any]) -> list[str]:
    """A line for each thing wrong between sections; a check whose sections are not all there is left out."""
    checks: tuple[tuple[Callable[..., list[str]], tuple[str, ...]], ...] = (
        (_check_layer_fits, ("lattice", "layer", "field")),
        (_check_height_fits, ("lattice", "stop")),
        (_check_exponent, ("lattice", "plating")),
        (_check_without_plating, ("plating", "hops", "stop")),
        (_check_charge_fits, ("lattice", "stop", "plating", "metal")),
        (_check_layer_bears, ("layer", "metal", "plating")),
        (_check_method, ("layer", "plating", "field", "electrolyte", "hops", "surface")),
        (_check_surface, ("surface", "plating", "hops", "protocol", "layer", "electrolyte")),
        (_check_noise, ("surface", "lattice", "plating")),
        (_check_interphase, ("interphase", "surface", "electrolyte")),
        (_check_ageing, ("ageing", "surface", "layer", "plating", "hops", "field", "protocol", "electrolyte")),
        (_check_fresh_charge, ("ageing", "lattice", "metal")),
        (_check_butler_volmer, ("electrolyte", "plating", "hops")),
        (_check_protocol, ("protocol", "lattice", "plating", "metal", "hops")),
    )
    return [line for check, needs in checks if all(n in sections for n in needs)
            for line in check(*(sections[n] for n in needs))]  # fmt: skip


def _check_layer_fits(lattice: Lattice, layer: Layer | None, numerics: Numerics) -> list[str]:
    found = []
    gap_um = numerics.top_gap_voxels * lattice.voxel_um
    if numerics.top_gap_voxels >= lattice.nz:
        found.append(
            f"field.top_gap_voxels: got {numerics.top_gap_voxels}, must be below lattice.nz, {lattice.nz}"
        )
    elif layer is not None and layer.thickness_um + gap_um > lattice.height_um:
        found.append(
            f"layer.thickness_um: got {layer.thickness_um:g}, must be at most {lattice.height_um - gap_um:g} "
            f"to fit the box ({lattice.height_um:g} um high, {gap_um:g} um of it kept free at the top)"
        )
    return found


def _check_layer_bears(layer: Layer | None, metal: Metal, plating: Plating) -> list[str]:
    if layer is None:
        return []
    found = []
    if layer.stack_pressure_MPa >= metal.hardness_MPa:
        found.append(
            f"layer.stack_pressure_MPa: got {layer.stack_pressure_MPa:g}, must be below metal.hardness_MPa of "
            f"{metal.hardness_MPa:g} MPa: the metal would yield everywhere"
        )
    if LAWS[plating.kinetics] == NO_FIELD:
        kind = f'plating.kinetics: got "{plating.kinetics}"'
        found.append(f'{kind}, must be "linear" or "butler-volmer" under a layer, which acts through the field')
    return found


def _check_method(
    layer: Layer | None, plating: Plating, numerics: Numerics, electrolyte: Electrolyte, hops: Hops,
    surface: Surface | None,
) -> list[str]:  # fmt: skip
    if surface is not None:
        wrong = numerics.method not in ("auto", "signed")
        return [f'field.method: got "{numerics.method}", must be "signed" or "auto" with a [surface]'] if wrong else []
    if numerics.method == "signed":
        return ['field.method: got "signed", must be another method, or "auto", without a [surface]']
    if numerics.method not in ("walkers", "guided"):
        return []
    must = f'field.method: got "{numerics.method}", must be "multigrid" or "auto"'
    if plating.breakdown_exponent != 1.0:
        return [f"{must} unless rates are linear in the current"]
    if plating.control != "galvanostatic" and hops.enabled:
        return [f"{must} where the potential is held and atoms hop"]
    if numerics.method == "walkers":
        must = must.replace("must be", 'must be "guided",')
        if layer is not None:
            return [f"{must} under a layer, whose shifts need the potential"]
        return [] if plating.kinetics == "linear" else [f"{must} unless rates are linear in the potential"]
    if hops.enabled:
        return [f"{must} where atoms hop"]
    if layer is not None and layer.conductivity_S_m not in (None, electrolyte.conductivity_S_m):
        return [f"{must} under a layer of another conductivity than the electrolyte's"]
    return []


def _check_surface(
    surface: Surface | None, plating: Plating, hops: Hops, protocol: Protocol | None, layer: Layer | None,
    electrolyte: Electrolyte,
) -> list[str]:  # fmt: skip
    """What voxels that fill in parts cannot be combined with."""
    if surface is None:
        return []
    found = []
    with_it = "with a [surface]"
    if plating.kinetics != "linear":
        found.append(f'plating.kinetics: got "{plating.kinetics}", must be "linear" {with_it}')
    if plating.control != "galvanostatic":
        found.append(f'plating.control: got "{plating.control}", must be "galvanostatic" {with_it}')
    if plating.breakdown_exponent != 1.0:
        found.append(f"plating.breakdown_exponent: got {plating.breakdown_exponent:g}, must be 1 {with_it}")
    if hops.enabled:
        found.append(f"hops.enabled: got true, must be false {with_it}, which has its own surface diffusion")
    if protocol is not None:
        found.append(f"protocol: got a section, must be left out {with_it}")
    if layer is not None and layer.conductivity_S_m not in (None, electrolyte.conductivity_S_m):
        found.append(
            f"layer.conductivity_S_m: got {layer.conductivity_S_m:g}, must be left out, or the electrolyte's "
            f"{electrolyte.conductivity_S_m:g} S/m, {with_it}"
        )
    return found


def _check_noise(surface: Surface | None, lattice: Lattice, plating: Plating) -> list[str]:
    """A voxel fills in a whole number of parts that the engine can count."""
    given = None if surface is None else surface.noise_volume_um3
    if surface is None or given is None:
        return []
    where, voxel_um3 = f"surface.noise_volume_um3: got {given:g}", lattice.voxel_um**3
    if plating.noise_reduction_hits != 1:
        beside = f"plating.noise_reduction_hits (got {plating.noise_reduction_hits})"
        return [f"{where}, must not stand beside {beside}, which says the same: say one or the other"]
    quanta = voxel_um3 / given
    if quanta < 1.0 - 1e-9:
        return [f"{where}, must be at most {voxel_um3:.4g} um^3, a voxel's volume"]
    if round(quanta) > MOST_QUANTA:
        least = voxel_um3 / MOST_QUANTA
        return [f"{where}, must be at least {least:.4g} um^3, a voxel's volume over {MOST_QUANTA}"]
    return []


def _check_interphase(interphase: Interphase | None, surface: Surface | None, electrolyte: Electrolyte) -> list[str]:
    if interphase is None:
        return []
    if surface is None:
        return ["interphase: got a section, must stand beside a [surface]: patches need voxels that fill in parts"]
    if electrolyte.charge_transfer_resistance_ohm_cm2 > 0.0:
        return []
    return ["electrolyte.charge_transfer_resistance_ohm_cm2: got 0, must be above 0 for an [interphase] to vary it"]


def _check_ageing(
    ageing: Ageing | None, surface: Surface | None, layer: Layer | None, plating: Plating, hops: Hops,
    numerics: Numerics, protocol: Protocol | None, electrolyte: Electrolyte,
) -> list[str]:  # fmt: skip
    """What charge of fresh faces cannot be combined with; ages are followed by walkers alone, over bare metal."""
    if ageing is None:
        return []
    wrong = [
        (surface is None, "surface: got a section, must be left out"),
        (LAWS[plating.kinetics] != NO_FIELD, f'plating.kinetics: got "{plating.kinetics}", must follow the field'),
        (not hops.enabled, "hops.enabled: got true, must be false"),
    ]
    found = [f"{line} with [ageing]" for holds, line in wrong if not holds]
    if ageing.time_constant_s is None or found:
        return found
    wrong = [
        (layer is None, "layer: got a section, must be left out"),
        (plating.kinetics == "linear", f'plating.kinetics: got "{plating.kinetics}", must be "linear"'),
        (plating.control == "galvanostatic", f'plating.control: got "{plating.control}", must be "galvanostatic"'),
        (plating.breakdown_exponent == 1.0,
         f"plating.breakdown_exponent: got {plating.breakdown_exponent:g}, must be 1"),
        (numerics.method in ("auto", "walkers"),
         f'field.method: got "{numerics.method}", must be "walkers" or "auto"'),
        (electrolyte.charge_transfer_resistance_ohm_cm2 > 0.0,
         "electrolyte.charge_transfer_resistance_ohm_cm2: got 0, must be above 0"),
    ]  # fmt: skip
    follow = "with ageing.time_constant_s: ages are followed by walkers over bare metal"
    found = [f"{line} {follow}" for holds, line in wrong if not holds]
    for text, step in zip(protocol.steps, protocol.parsed, strict=True) if protocol is not None else ():
        if step.potential_V is not None:
            found.append(f"protocol.steps: got {text[:60]!r}, must be at a set current or rest {follow}")
    return found


def _check_fresh_charge(ageing: Ageing | None, lattice: Lattice, metal: Metal) -> list[str]:
    """Metal that leaves lays open five faces at most: they must not take more than there is in a voxel."""
    if ageing is None:
        return []
    mol_cm2 = 1e-4 * lattice.voxel_um / metal.molar_volume_cm3_mol
    most = 0.2 * 1e3 * metal.charge_number * constants.FARADAY_C_MOL * mol_cm2
    if ageing.fresh_charge_mC_cm2 < most:
        return []
    got = f"ageing.fresh_charge_mC_cm2: got {ageing.fresh_charge_mC_cm2:g}"
    return [f"{got}, must be below {most:.4g} mC/cm^2, a fifth of what a layer of voxels holds"]


def _check_butler_volmer(electrolyte: Electrolyte, plating: Plating, hops: Hops) -> list[str]:
    """The resistance is the slope of the law at small currents and what lies in series with it."""
    if plating.kinetics != "butler-volmer":
        return []
    given, key = electrolyte.charge_transfer_resistance_ohm_cm2, "electrolyte.charge_transfer_resistance_ohm_cm2"
    i0_mA_cm2 = electrolyte.exchange_current_density_mA_cm2
    if i0_mA_cm2 is None:
        return [] if given > 0 else [f"{key}: got 0, must be above 0 for Butler-Volmer kinetics unless i0 is given"]
    thermal_mV = 1e3 * constants.GAS_J_MOL_K * hops.temperature_K / constants.FARADAY_C_MOL
    least = thermal_mV / ((plating.alpha_cathodic + plating.alpha_anodic) * i0_mA_cm2)
    if given >= least * (1.0 - 1e-3):
        return []
    slope = "RT/((alpha_c + alpha_a) F i0) of Butler-Volmer kinetics"
    return [f"{key}: got {given:g}, must be at least {least:.4g}, {slope}"]


def _check_height_fits(lattice: Lattice, stop: Stop) -> list[str]:
    if stop.height_um is not None and stop.height_um < lattice.voxel_um:
        return [f"stop.height_um: got {stop.height_um:g}, must be at least one voxel of {lattice.voxel_um:g} um"]
    if stop.height_um is None or stop.height_um <= lattice.height_um:
        return []
    most_um = lattice.height_um
    return [f"stop.height_um: got {stop.height_um:g}, must be at most the box height of {most_um:g} um"]


def _check_exponent(lattice: Lattice, plating: Plating) -> list[str]:
    """One voxel may draw nearly all the current; its power must stay a number the engine can hold."""
    most = _LARGEST_RATE_BITS / max(math.log2(lattice.nx * lattice.ny), 1.0)
    if plating.breakdown_exponent <= most:
        return []
    return [
        f"plating.breakdown_exponent: got {plating.breakdown_exponent:g}, must be at most {most:.4g} for "
        f"{lattice.nx} x {lattice.ny} columns: rates would differ by more than the engine can hold"
    ]


def _check_without_plating(plating: Plating, hops: Hops, stop: Stop) -> list[str]:
    if plating.kinetics != "none":
        return []
    without = 'without plating (plating.kinetics = "none")'
    given = {"capacity_mAh_cm2": stop.capacity_mAh_cm2, "height_um": stop.height_um}
    found = [f"stop.{key}: got {v:g}, must be left out {without}" for key, v in given.items() if v is not None]
    return found if hops.enabled else [*found, f"hops.enabled: got false, must be true {without}"]


def _check_charge_fits(lattice: Lattice, stop: Stop, plating: Plating, metal: Metal) -> list[str]:
    found = []
    um_per_mAh_cm2 = (
        units.convert(1.0, "mAh/cm^2", "C/m^2")
        * units.convert(metal.molar_volume_cm3_mol, "cm^3/mol", "m^3/mol")
        / (metal.charge_number * constants.FARADAY_C_MOL)
        * 1e6
    )
    most_um = _FULL * (lattice.height_um - lattice.film_voxels * lattice.voxel_um)
    fits = f" for the dense deposit to stay below {_FULL} of the box height of {lattice.height_um:g} um"
    if stop.capacity_mAh_cm2 is not None and stop.capacity_mAh_cm2 * um_per_mAh_cm2 > most_um:
        found.append(
            f"stop.capacity_mAh_cm2: got {stop.capacity_mAh_cm2:g}, must be at most "
            f"{most_um / um_per_mAh_cm2:.4g}{fits}"
        )
    least = lattice.voxel_um / um_per_mAh_cm2 / (lattice.nx * lattice.ny)
    if stop.capacity_mAh_cm2 is not None and stop.capacity_mAh_cm2 < least:
        found.append(
            f"stop.capacity_mAh_cm2: got {stop.capacity_mAh_cm2:g}, must be at least {least:.4g}, "
            "the charge of one voxel"
        )
    only_time = stop.capacity_mAh_cm2 is None and stop.height_um is None and stop.events is None
    set_current = plating.kinetics != "none" and plating.control == "galvanostatic"
    if stop.time_s is not None and only_time and set_current:
        capacity = plating.current_density_mA_cm2 * stop.time_s / 3600.0
        if capacity * um_per_mAh_cm2 > most_um:
            most_s = most_um / um_per_mAh_cm2 / plating.current_density_mA_cm2 * 3600.0
            found.append(
                f"stop.time_s: got {stop.time_s:g}, must be at most {most_s:.4g}{fits}"
            )
    return found


def _check_protocol(
    protocol: Protocol | None, lattice: Lattice, plating: Plating, metal: Metal, hops: Hops
) -> list[str]:
    """What the steps of a cycler cannot be combined with."""
    if protocol is None:
        return []
    found = []
    with_it = "with a [protocol]"
    if LAWS[plating.kinetics] == NO_FIELD:
        found.append(f'plating.kinetics: got "{plating.kinetics}", must follow the field {with_it}')
    if plating.control != "galvanostatic":
        found.append(f'plating.control: got "{plating.control}", must be "galvanostatic" {with_it}')
    if plating.breakdown_exponent != 1.0:
        found.append(f"plating.breakdown_exponent: got {plating.breakdown_exponent:g}, must be 1 {with_it}")
    if hops.enabled:
        found.append(f"hops.enabled: got true, must be false {with_it}: hops between steps are not simulated")
    m3_mol = units.convert(metal.molar_volume_cm3_mol, "cm^3/mol", "m^3/mol")
    um_per_mAh_cm2 = 3.6e4 * m3_mol / (metal.charge_number * constants.FARADAY_C_MOL) * 1e6
    most = _FULL * (lattice.height_um - lattice.film_voxels * lattice.voxel_um) / um_per_mAh_cm2
    least = lattice.voxel_um / um_per_mAh_cm2 / (lattice.nx * lattice.ny)
    for text, step in zip(protocol.steps, protocol.parsed, strict=True):
        given = step.capacity_mAh_cm2
        if given is not None and not least <= given <= (most if step.kind == "plate" else 1e6):
            limits = f"from {least:.4g}, one voxel, to {most:.4g} mAh/cm^2, {_FULL} of the box"
            found.append(f"protocol.steps: got {text[:60]!r}, must pass {limits}")
    return found
