"""A whole study: read from TOML or a dict, checked as a whole, every mistake reported at once.

The properties of `Parameters` at its end are facts of the study in SI, as the simulation takes them.
"""

import stat
import tomllib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import Field, StrictStr, ValidationError, model_validator

from kmc_li.errors import UserError
from kmc_li.study import constants, presets, units
from kmc_li.study.ageing import Ageing
from kmc_li.study.checks import cross_checks
from kmc_li.study.choices import LAWS, NO_FIELD
from kmc_li.study.protocol import Protocol
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
)
from kmc_li.study.seeding import Interphase, Substrate, beside
from kmc_li.study.surface import Surface
from kmc_li.study.validation import Section, lines, rule, section_model

_MAX_STUDY_BYTES = 1_000_000
NO_STOP = {"events": 10**15}  # what [stop] holds where a protocol ends the run
_WALKING = 80.0  # voxels of Wagner length beyond which walkers are slower than the solver


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
    surface: Surface | None = Field(None, description="noise, capillarity, surface diffusion in place of the voxel's")
    substrate: Substrate | None = Field(None, description="relief of the current collector; leave it out for a plane")
    interphase: Interphase | None = Field(None, description="patches of the interphase; leave it out for an even one")
    ageing: Ageing | None = Field(None, description="growth of the interphase; leave it out for one that does not age")
    layer: Layer | None = Field(None, description="the interphase layer; leave it out for bare metal")
    field: Numerics = Field(
        default_factory=lambda: Numerics.model_validate({}), description="how the field is solved"
    )
    stop: Stop = Field(description="when a run ends")
    protocol: Protocol | None = Field(None, description="a cycler's steps, in place of [stop]")
    output: Output = Field(
        default_factory=lambda: Output.model_validate({}), description="what a run writes"
    )

    @model_validator(mode="before")
    @classmethod
    def _ends_with_its_protocol(cls, data: Any) -> Any:
        """A run with a protocol ends with it; its section [stop] is left out, and stands for no limit."""
        if not isinstance(data, Mapping) or data.get("protocol") is None:
            return data
        if data.get("stop") not in (None, NO_STOP, {key: None for key in Stop.model_fields} | NO_STOP):
            raise UserError("stop: got a section, must be left out with a [protocol], whose last step ends the run")
        return {**data, "stop": NO_STOP}

    @model_validator(mode="after")
    def _together(self) -> "Parameters":
        wrong = cross_checks({name: getattr(self, name) for name in type(self).model_fields})
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
        return cls.from_dict(beside(data, Path(path)))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Parameters":
        """The parameters a dict of sections says, as a study file does. Raises UserError, one line each."""
        if not isinstance(data, Mapping):
            raise UserError("the study: must be a table of sections")
        try:
            return cls.model_validate(dict(data))
        except ValidationError as error:
            found = lines(error, cls)
        raise UserError(*dict.fromkeys(found + cross_checks(_readable_sections(data))))

    def to_dict(self) -> dict[str, Any]:
        """Everything as JSON-able values, presets filled in; `from_dict` gives equal parameters back."""
        return self.model_dump(mode="python")

    def replace(self, **changes: Any) -> "Parameters":
        """A checked copy with dotted keys changed: ``p.replace(**{"layer.unscreened_share": 0.0})``.

        A new preset replaces the values of the old one, not those the study gave itself. Raises UserError.
        """
        data = self.to_dict()
        for section, table in presets.TABLES.items():
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
            if key == "substrate.map":
                values = {k: v for k, v in values.items() if k != "map_sha256"}
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

        "auto" takes walkers where they can and are fast: they touch metal some W/voxel times before they land. Where a
        layer shifts faces or the law is curved, they are guided; with a [surface] they carry a sign.
        """
        if LAWS[self.plating.kinetics] == NO_FIELD:
            return "none"
        if self.field.method != "auto":
            return self.field.method
        if self.continuum:
            return "signed"
        if self.faces_age:
            return "walkers"
        can = self.plating.breakdown_exponent == 1.0
        can = can and not (self.plating.control == "potentiostatic" and self.hops.enabled)
        if not can or self.wagner_length_m > _WALKING * self.voxel_m:
            return "multigrid"
        if self.layer is None and self.plating.kinetics == "linear":
            return "walkers"
        even = self.layer is None or self.layer_conductivity_S_m == self.conductivity_S_m
        known = self.plating.kinetics in ("linear", "butler-volmer")
        return "guided" if even and known and not self.hops.enabled else "multigrid"

    @property
    def faces_age(self) -> bool:
        """Whether the resistance of faces grows with their age."""
        return self.ageing is not None and self.ageing.time_constant_s is not None

    @property
    def continuum(self) -> bool:
        """Whether voxels fill in parts, with noise and cut-off of their own: there is a section [surface]."""
        return self.surface is not None

    @property
    def quanta(self) -> int:
        """Parts in which a voxel fills."""
        hits = self.plating.noise_reduction_hits
        return hits if self.surface is None else self.surface.quanta(self.lattice.voxel_um, hits)

    @property
    def mullins_B_m4_s(self) -> float:
        """Mullins coefficient of surface diffusion, 0 without a [surface] [m^4/s]."""
        if self.surface is None:
            return 0.0
        metal_and_heat = self.metal.surface_energy_J_m2, self.molar_volume_m3_mol, self.hops.temperature_K
        return self.surface.mullins_m4_s(*metal_and_heat)

    @property
    def capillary_V_m(self) -> float:
        """Face shift gamma V_m/(z F) for a total curvature of 1/m; 0 without capillarity or a [surface] [V m]."""
        if self.surface is None or not self.surface.capillarity:
            return 0.0
        faraday = self.metal.charge_number * constants.FARADAY_C_MOL
        return self.metal.surface_energy_J_m2 * self.molar_volume_m3_mol / faraday

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
        if given is None and Parameters.model_fields[key].default is None:
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


def _without_preset(section: Mapping[str, Any], table: Mapping[str, Any]) -> dict[str, Any]:
    """A filled section with what its preset gave taken out again."""
    if section["preset"] is None:
        return dict(section)
    preset = asdict(table[section["preset"]])
    changed = [key for key in preset if key != "source" and section[key] != preset[key]]
    preset["source"] = presets.source_of(preset["source"], changed)
    return {key: value for key, value in section.items() if key not in preset or value != preset[key]}
