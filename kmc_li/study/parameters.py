"""A whole study: read from TOML or a dict, checked as a whole, every mistake reported at once.

The properties of `Parameters` at its end are facts of the study in SI, as the simulation takes them.
"""

import math
import stat
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import Field, StrictStr, ValidationError, model_validator

from kmc_li.study import constants
from kmc_li.study import presets
from kmc_li.study import units
from kmc_li.errors import UserError
from kmc_li.study.choices import LAWS, NO_FIELD
from kmc_li.study.sections import (
    Electrolyte,
    Hops,
    Lattice,
    Layer,
    Metal,
    Numerics,
    Output,
    Plating,
    Stop,
    source_of,
)
from kmc_li.study.validation import Section, lines, rule, section_model

_MAX_STUDY_BYTES = 1_000_000
_LARGEST_RATE_BITS = 100  # rates are float32, below 2^128
_WALKING = 50.0  # voxels of Wagner length beyond which walkers are slower than the solver
_FULL = 0.9  # a dense deposit may fill this share of the box: growth is never dense


class Parameters(Section):
    """Everything that defines a run but its seed; frozen, comparable, equal after a round trip.

    `layer` is None for bare metal. All values a preset gives are filled in.
    """

    title: StrictStr = Field("", description="one line for figures and tables")
    description: StrictStr = Field("", description="what the study is for")
    metal: Metal = Field(default_factory=lambda: Metal.model_validate({}), description="what is plated")
    lattice: Lattice = Field(default_factory=lambda: Lattice.model_validate({}), description="the box")
    electrolyte: Electrolyte = Field(description="the electrolyte and its interface")
    plating: Plating = Field(description="the plating current")
    hops: Hops = Field(default_factory=lambda: Hops.model_validate({}), description="thermal hops")
    layer: Layer | None = Field(None, description="the interphase layer; leave it out for bare metal")
    field: Numerics = Field(
        default_factory=lambda: Numerics.model_validate({}), description="how the field is solved"
    )
    stop: Stop = Field(description="when a run ends")
    output: Output = Field(
        default_factory=lambda: Output.model_validate({}), description="what a run writes"
    )

    @model_validator(mode="after")
    def _together(self) -> "Parameters":
        wrong = _cross_checks({name: getattr(self, name) for name in type(self).model_fields})
        if wrong:
            raise UserError(*wrong)
        return self

    @classmethod
    def from_toml(cls, path: str | Path) -> "Parameters":
        """Reads a study file. Raises UserError: no such file, not TOML, or a line for each mistake in it."""
        text = _read_text(path)
        try:
            data = tomllib.loads(text)
        except (ValueError, RecursionError) as error:  # an int of 5000 digits is a plain ValueError
            reason = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "a value it cannot hold"
            raise UserError(f"{path}: is not TOML: {reason}") from None
        return cls.from_dict(data)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Parameters":
        """The parameters a dict of sections says, as a study file does. Raises UserError, one line each."""
        if not isinstance(data, Mapping):
            raise UserError("the study: must be a table of sections")
        try:
            return cls.model_validate(dict(data))
        except ValidationError as error:
            found = lines(error, cls)
        raise UserError(*dict.fromkeys(found + _cross_checks(_readable_sections(data))))

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON-able values, presets filled in; `from_dict` gives equal parameters back."""
        return self.model_dump(mode="python")

    def replace(self, **changes: Any) -> "Parameters":
        """A checked copy with dotted keys changed: ``p.replace(**{"layer.unscreened_share": 0.0})``.

        A new preset replaces the values of the old one, not those the study gave itself. Raises UserError.
        """
        data = self.to_dict()
        for section, table in (("metal", presets.METALS), ("layer", presets.LAYERS)):
            if any(key.startswith(f"{section}.") for key in changes) and data[section] is not None:
                data[section] = _without_preset(data[section], table)
        for key, value in changes.items():
            section, _, inner = key.partition(".")
            if not inner:
                data[section] = value
                continue
            values = data[section] if isinstance(data.get(section), Mapping) else {}
            if key == "lattice.size_um":
                values = {k: v for k, v in values.items() if k not in ("nx", "ny", "nz")}
            data[section] = {**values, inner: value}
        return type(self).from_dict(data)

    @property
    def voxel_m(self) -> float:
        """Edge of a voxel [m]."""
        return units.convert(self.lattice.voxel_um, "um", "m")

    @property
    def face_area_m2(self) -> float:
        """Flat area of the electrode, nx ny voxel faces [m^2]."""
        return self.lattice.nx * self.lattice.ny * self.voxel_m**2

    @property
    def conductivity_S_m(self) -> float:
        """Conductivity of the electrolyte [S/m]."""
        return self.electrolyte.conductivity_S_m

    @property
    def layer_conductivity_S_m(self) -> float:
        """Conductivity within the layer; the electrolyte's if none is given or there is no layer [S/m]."""
        given = self.layer.conductivity_S_m if self.layer is not None else None
        return self.conductivity_S_m if given is None else given

    @property
    def charge_transfer_resistance_ohm_m2(self) -> float:
        """Charge-transfer resistance of the metal's surface [ohm m^2]."""
        return units.convert(self.electrolyte.charge_transfer_resistance_ohm_cm2, "ohm cm^2", "ohm m^2")

    @property
    def thermal_voltage_V(self) -> float:
        """RT/F [V]."""
        return constants.GAS_J_MOL_K * self.hops.temperature_K / constants.FARADAY_C_MOL

    @property
    def exchange_current_density_A_m2(self) -> float:
        """i0 of Butler-Volmer kinetics: the given one, or that of which the charge-transfer resistance is the slope."""
        given = self.electrolyte.exchange_current_density_mA_cm2
        if given is not None:
            return units.convert(given, "mA/cm^2", "A/m^2")
        alphas = self.plating.alpha_cathodic + self.plating.alpha_anodic
        return self.thermal_voltage_V / (alphas * self.charge_transfer_resistance_ohm_m2)

    @property
    def method(self) -> str:
        """How the voxel is found that plates next: a name of choices.METHODS, or "none" where no field is followed.

        "auto" takes walkers where they can and are fast: they touch metal some W/voxel times before they land.
        """
        if LAWS[self.plating.kinetics] == NO_FIELD:
            return "none"
        if self.field.method != "auto":
            return self.field.method
        linear = self.plating.kinetics == "linear" and self.plating.breakdown_exponent == 1.0
        can = linear and self.plating.control == "galvanostatic" and self.layer is None
        return "walkers" if can and self.wagner_length_m <= _WALKING * self.voxel_m else "multigrid"

    @property
    def wagner_length_m(self) -> float:
        """W = conductivity times charge-transfer resistance [m]."""
        return self.conductivity_S_m * self.charge_transfer_resistance_ohm_m2

    @property
    def current_density_A_m2(self) -> float:
        """Plating current over the flat area [A/m^2]."""
        return units.convert(self.plating.current_density_mA_cm2, "mA/cm^2", "A/m^2")

    @property
    def reference_height_m(self) -> float:
        """Of the plane at which a potential is held, above the current collector [m]."""
        return (self.lattice.nz + self.field.top_gap_voxels) * self.voxel_m

    @property
    def molar_volume_m3_mol(self) -> float:
        """Molar volume of the metal [m^3/mol]."""
        return units.convert(self.metal.molar_volume_cm3_mol, "cm^3/mol", "m^3/mol")

    @property
    def voxel_charge_C(self) -> float:
        """Charge that plates one voxel, z F D^3/V_m [C]."""
        atoms_mol = self.voxel_m**3 / self.molar_volume_m3_mol
        return self.metal.charge_number * constants.FARADAY_C_MOL * atoms_mol

    @property
    def target_voxels(self) -> int | None:
        """Net voxels plated once stop.capacity_mAh_cm2 has passed, to the nearest; None if not given."""
        if self.stop.capacity_mAh_cm2 is None:
            return None
        charge_C = units.convert(self.stop.capacity_mAh_cm2, "mAh/cm^2", "C/m^2") * self.face_area_m2
        return round(charge_C / self.voxel_charge_C)

    @property
    def initial_voxels(self) -> int:
        """Voxels of metal at the start."""
        columns = self.lattice.nx * self.lattice.ny
        return self.lattice.film_voxels * columns + round(self.lattice.adatom_share * columns)

    @property
    def pressure_shift_V_Pa(self) -> float:
        """Monroe-Newman shift V_m/(z F) for each pascal, 0 if switched off or without a layer [V/Pa]."""
        if self.layer is None or not self.layer.pressure_term:
            return 0.0
        return self.molar_volume_m3_mol / (self.metal.charge_number * constants.FARADAY_C_MOL)


def explain() -> str:
    """All keys of a study: section, what the value must be, default, meaning."""
    out: list[str] = []
    for key, field in Parameters.model_fields.items():
        model = section_model(Parameters, key)
        if model is None:
            out.append(f"{key}: {rule(field)} [{field.default!r}]; {field.description}")
            continue
        out += ["", f"[{key}]  {(model.__doc__ or '').strip()}"]
        for inner, part in model.model_fields.items():
            default = "must be given or comes with the preset" if part.is_required() else part.default
            default = str(default).lower() if isinstance(default, bool) else default
            shown = "not set" if default is None else default
            out.append(f"  {inner} = {shown}\n      {part.description}: {rule(part)}")
    out.insert(out.index("") + 1, "(sections)")
    return "\n".join(out)


def _read_text(path: str | Path) -> str:
    try:
        file = Path(path)
        status = file.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_STUDY_BYTES:
            raise UserError(f"{path}: is no study file, must be a TOML file of less than 1 MB")
        return file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from None
    except UserError:
        raise
    except ValueError:  # not UTF-8, or a path with a null character
        raise UserError(f"{str(path)!r}: is no text file (UTF-8)") from None


def _readable_sections(data: Mapping[str, Any]) -> dict[str, Any]:
    """The sections that are right on their own, unknown keys left out: for the checks across sections."""
    sections: dict[str, Any] = {}
    for key in Parameters.model_fields:
        model = section_model(Parameters, key)
        if model is None:
            continue
        given = data.get(key)
        if given is None and key == "layer":
            sections[key] = None
            continue
        given = {} if given is None else given
        if not isinstance(given, Mapping):
            continue
        try:
            known = {k: v for k, v in given.items() if k in model.model_fields or k == "size_um"}
            sections[key] = model.model_validate(known)
        except ValidationError:
            continue
    return sections


def _cross_checks(sections: Mapping[str, Any]) -> list[str]:
    """A line for each thing wrong between sections; a check whose sections are not all there is left out."""
    checks: tuple[tuple[Callable[..., list[str]], tuple[str, ...]], ...] = (
        (_check_layer_fits, ("lattice", "layer", "field")),
        (_check_height_fits, ("lattice", "stop")),
        (_check_exponent, ("lattice", "plating")),
        (_check_without_plating, ("plating", "hops", "stop")),
        (_check_charge_fits, ("lattice", "stop", "plating", "metal")),
        (_check_layer_bears, ("layer", "metal", "plating")),
        (_check_method, ("layer", "plating", "field")),
        (_check_butler_volmer, ("electrolyte", "plating", "hops")),
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


def _check_method(layer: Layer | None, plating: Plating, numerics: Numerics) -> list[str]:
    if numerics.method != "walkers":
        return []
    must = 'field.method: got "walkers", must be "multigrid" or "auto"'
    if layer is not None:
        return [f"{must} under a layer, whose shifts need the potential"]
    if plating.kinetics != "linear" or plating.breakdown_exponent != 1.0:
        return [f"{must} unless rates are linear in the current"]
    if plating.control != "galvanostatic":
        return [f"{must} where the potential is held: walkers carry a set current"]
    return []


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


def _without_preset(section: Mapping[str, Any], table: Mapping[str, Any]) -> dict[str, Any]:
    """A filled section with what its preset gave taken out again."""
    if section["preset"] is None:
        return dict(section)
    preset = asdict(table[section["preset"]])
    changed = [key for key in preset if key != "source" and section[key] != preset[key]]
    preset["source"] = source_of(preset["source"], changed)
    return {key: value for key, value in section.items() if key not in preset or value != preset[key]}
