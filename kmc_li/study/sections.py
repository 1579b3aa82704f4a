"""The sections of a study as frozen models: every key with its unit, limits, meaning and default, if any.

The name of a quantity ends in its unit; a number is in that unit, a text brings its own ("8 um", "2 nm").
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, StrictStr, model_validator

from kmc_li.errors import UserError
from kmc_li.study import constants, presets, units
from kmc_li.study.choices import LAWS, LAYERS, METHOD_NAMES, NO_FIELD
from kmc_li.study.validation import Measured, OneOf, Section, Whole, got

MAX_VOXELS = (2**31 - 1) // 8  # so that an event index, 8 to a voxel, fits 32 bits
_SIZE_LIMITS_UM = (1e-4, 1e6)


class Metal(Section):
    """The metal that is plated."""

    preset: Annotated[str, OneOf(tuple(presets.METALS))] = Field("Li", description="whose values are the defaults")
    charge_number: Annotated[int, Whole(1, 4)] = Field(description="electrons that one ion takes when it is plated")
    molar_volume_cm3_mol: Annotated[
        float, Measured("a molar volume", "cm^3/mol", "13.0 cm^3/mol", 0.1, 1e4)
    ] = Field(description="volume of one mole of the metal")
    hardness_MPa: Annotated[float, Measured("a hardness", "MPa", "315 MPa", 1e-6, 1e6)] = Field(
        description="the largest pressure a bud bears before it yields"
    )
    surface_energy_J_m2: Annotated[float, Measured("a surface energy", "J/m^2", "0.5 J/m^2", 0, 100)] = Field(
        description="in the electrolyte: the gamma of capillarity and surface diffusion, which a [surface] switches on"
    )
    source: StrictStr = Field(description="where the values come from")

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, data: Any) -> Any:
        return presets.filled(data, presets.METALS, "Li")


class Lattice(Section):
    """The box of cubic voxels. It is periodic in x and y, and the current collector lies at z = 0.

    `size_um = [x, y, z]`, three lengths, may stand in place of nx, ny and nz.
    """

    nx: Annotated[int, Whole(1, 4096)] = Field(64, description="voxels along x")
    ny: Annotated[int, Whole(1, 4096)] = Field(64, description="voxels along y; 1 makes the box two-dimensional")
    nz: Annotated[int, Whole(1, 65536)] = Field(192, description="voxels along z, the height of the box")
    voxel_um: Annotated[float, Measured("a length", "um", "0.25 um", *_SIZE_LIMITS_UM)] = Field(
        0.25, description="edge of a voxel; 0.000278 um makes a voxel of one lithium atom"
    )
    film_voxels: Annotated[int, Whole(0, 65535)] = Field(0, description="thickness of the dense film at the start")
    adatom_share: Annotated[float, Measured("a share", "", "0.1", 0, 1)] = Field(
        0.0, description="share of the columns, drawn at random, that carry one voxel more at the start"
    )

    @model_validator(mode="before")
    @classmethod
    def _from_size(cls, data: Any) -> Any:
        """Accepts size_um = [x, y, z] in place of nx, ny, nz."""
        if not isinstance(data, Mapping) or data.get("size_um") is None:
            return data
        size, rest = data["size_um"], {key: value for key, value in data.items() if key != "size_um"}
        where = f"lattice.size_um: got {got(size)}"
        if {"nx", "ny", "nz"} & rest.keys():
            raise UserError(f"{where}, must not stand beside nx, ny, nz: say one or the other")
        if not isinstance(size, (list, tuple)) or len(size) != 3:
            raise UserError(f'{where}, must be three lengths (um), for example ["16 um", "16 um", "48 um"]')
        length = Measured("three lengths", "um", "16 um", *_SIZE_LIMITS_UM)
        edge = Measured("a length", "um", "0.25 um", *_SIZE_LIMITS_UM)
        counts = []
        for value in size:
            try:
                edge_um = edge.read(rest.get("voxel_um", 0.25))
            except ValueError:
                return rest  # the line about voxel_um says it
            try:
                ratio = length.read(value) / edge_um
            except ValueError as error:
                raise UserError(f"{where}, {error}") from None
            if abs(ratio - round(ratio)) > 1e-6 * max(ratio, 1.0) or round(ratio) < 1:
                raise UserError(f"{where}, must be whole numbers of voxels of {edge_um:g} um")
            counts.append(round(ratio))
        return rest | dict(zip(("nx", "ny", "nz"), counts, strict=True))

    @model_validator(mode="after")
    def _total(self) -> "Lattice":
        total = self.nx * self.ny * self.nz
        if total > MAX_VOXELS:
            raise UserError(
                f"lattice: got {self.nx} x {self.ny} x {self.nz} = {total} voxels, must be at most "
                f"{MAX_VOXELS}: take a smaller box or a larger voxel_um"
            )
        if self.film_voxels >= self.nz:
            raise UserError(f"lattice.film_voxels: got {self.film_voxels}, must be below lattice.nz, {self.nz}")
        return self

    @property
    def height_um(self) -> float:
        """Height of the box [um]."""
        return self.nz * self.voxel_um


class Electrolyte(Section):
    """The electrolyte and the interface. Conductivity times charge-transfer resistance is the Wagner length."""

    conductivity_S_m: Annotated[
        float, Measured("a conductivity", "S/m", "0.91 S/m", 1e-12, 1e8)
    ] = Field(description="conductivity of the electrolyte near the metal")
    charge_transfer_resistance_ohm_cm2: Annotated[
        float, Measured("an area resistance", "ohm cm^2", "20 ohm cm^2", 0, 1e9)
    ] = Field(description="of charge transfer and SEI at small currents; 0: primary distribution")
    exchange_current_density_mA_cm2: Annotated[
        float, Measured("a current density", "mA/cm^2", "7.1 mA/cm^2", 1e-12, 1e6)
    ] | None = Field(None, description="i0 of Butler-Volmer; left out, the reaction is all of the resistance")
    conductivity_is_fitted: StrictBool = Field(False, description="figures and tables then say that it is fitted")


class Plating(Section):
    """The plating current or what drives it, held constant, and the law of a face's share in it."""

    current_density_mA_cm2: Annotated[
        float, Measured("a current density", "mA/cm^2", "1 mA/cm^2", 1e-9, 1e6)
    ] = Field(description="over the electrode's flat area; above 0 plates; only a unit where the potential is held")
    control: Annotated[
        Literal["galvanostatic", "potentiostatic"], OneOf(("galvanostatic", "potentiostatic"))
    ] = Field("galvanostatic", description="what is held: the current, or the potential above the box")
    overpotential_V: Annotated[float, Measured("a voltage", "V", "50 mV", 1e-9, 1e3)] | None = Field(
        None, description="held field.top_gap_voxels above the box, so with the electrolyte's drop; potentiostatic only"
    )
    kinetics: Annotated[str, OneOf(LAWS)] = Field(
        "linear",
        description="linear, butler-volmer: shift and field decide, by the resistance or by i0 with the rest of the "
        "resistance in series; uniform: every site alike (Eden growth); none: hops only",
    )
    alpha_cathodic: Annotated[float, Measured("a transfer coefficient", "", "0.5", 0.01, 10)] = Field(
        0.5, description="alpha_c of Butler-Volmer, for each volt over RT/F, so with the charge number in it"
    )
    alpha_anodic: Annotated[float, Measured("a transfer coefficient", "", "0.5", 0.01, 10)] = Field(
        0.5, description="alpha_a of Butler-Volmer"
    )
    strip: StrictBool = Field(True, description="faces whose shift exceeds the potential dissolve")
    noise_reduction_hits: Annotated[int, Whole(1, 10_000)] = Field(
        1, description="plating attempts until a voxel turns to metal"
    )
    face_area_weights: StrictBool = Field(True, description="correct the area of inclined surfaces")
    breakdown_exponent: Annotated[float, Measured("an exponent", "", "1.0", 0, 10)] = Field(
        1.0, description="rates go as (face current)^exponent; 1 but for dielectric-breakdown validation"
    )

    @model_validator(mode="after")
    def _held(self) -> "Plating":
        given = "nothing" if self.overpotential_V is None else f"{self.overpotential_V:g}"
        if self.control == "galvanostatic":
            if self.overpotential_V is not None:
                raise UserError(
                    f'plating.overpotential_V: got {given}, must be left out unless plating.control = "potentiostatic"'
                )
            return self
        found = []
        if self.overpotential_V is None:
            found.append(
                'plating.overpotential_V: got nothing, must be given for plating.control = "potentiostatic"'
            )
        held = 'where the potential is held (plating.control = "potentiostatic")'
        if LAWS[self.kinetics] == NO_FIELD:
            found.append(f'plating.kinetics: got "{self.kinetics}", must follow the field {held}')
        if self.breakdown_exponent != 1.0:
            found.append(f"plating.breakdown_exponent: got {self.breakdown_exponent:g}, must be 1 {held}")
        if found:
            raise UserError(*found)
        return self


class Hops(Section):
    """Thermal hops of surface voxels: rate per direction nu exp(-(E_S + n E_N)/kT), n the metal neighbours."""

    enabled: StrictBool = Field(False, description="whether surface voxels hop")
    attempt_frequency_per_s: Annotated[float, Measured("a frequency", "1/s", "2e12 1/s", 0, 1e16)] = Field(
        2e12, description="nu, by default an atom's; for larger voxels scale it by (atom/voxel)^4, see docs/model.md"
    )
    surface_barrier_eV: Annotated[float, Measured("an energy", "eV", "0.15 eV", 0, 10)] = Field(
        0.15, description="E_S, the barrier without neighbours (Li: Vishnugopi 2020)"
    )
    bond_energy_eV: Annotated[float, Measured("an energy", "eV", "0.15 eV", 0, 10)] = Field(
        0.15, description="E_N, added for each neighbour (Li: Vishnugopi 2020)"
    )
    temperature_K: Annotated[float, Measured("a temperature", "K", "298.15 K", 100, 1500)] = Field(
        298.15, description="temperature of the hops and of Butler-Volmer kinetics"
    )


class Layer(Section):
    """The interphase layer on the deposit, held flat by the separator; leave the section out for bare metal."""

    preset: Annotated[str, OneOf(tuple(presets.LAYERS))] | None = Field(
        None, description="whose values are the defaults"
    )
    thickness_um: Annotated[float, Measured("a length", "um", "8 um", *_SIZE_LIMITS_UM)] = Field(
        description="thickness of the layer under no load"
    )
    modulus_GPa: Annotated[float, Measured("a modulus", "GPa", "1 GPa", 1e-9, 1e4)] = Field(
        description="Young's modulus of the layer"
    )
    poisson_ratio: Annotated[float, Measured("a Poisson ratio", "", "0.35", 0, 0.4999)] = Field(
        description="Poisson ratio of the layer, used if it is clamped"
    )
    clamped: StrictBool = Field(False, description="press with the confined modulus E(1-v)/((1+v)(1-2v)) in place of E")
    conductivity_S_m: Annotated[
        float, Measured("a conductivity", "S/m", "0.01 S/m", 1e-12, 1e8)
    ] | None = Field(None, description="conductivity of the wetted layer; left out, the electrolyte's")
    d33_pC_N: Annotated[
        float, Measured("a piezoelectric coefficient", "pC/N", "5.7 pC/N", -1e5, 1e5)
    ] = Field(description="d33 along the field; 0 makes the layer inert")
    relative_permittivity: Annotated[
        float, Measured("a relative permittivity", "", "39.0", 1, 1e6)
    ] = Field(description="relative permittivity along the field")
    orientation: Annotated[Literal[-1, 1], OneOf((-1, 1))] = Field(
        -1, description="s_pol, the poling; -1 is that of the paper, with positive charge above a tip"
    )
    unscreened_share: Annotated[float, Measured("a share", "", "0.01", 0, 1)] = Field(
        description="s, the share of the piezo charge that the electrolyte leaves unscreened"
    )
    unscreened_share_is_fitted: StrictBool = Field(False, description="figures and tables then say that it is fitted")
    stressed_depth_um: Annotated[
        float, Measured("a length", "um", "8 um", *_SIZE_LIMITS_UM)
    ] | None = Field(None, description="depth to which a bud stresses the layer; left out, its thickness")
    stack_pressure_MPa: Annotated[
        float, Measured("a pressure", "MPa", "0.35 MPa", 1e-6, 1e4)
    ] = Field(
        0.35, description="mean pressure of the cell stack, from which the rest plane follows"
    )
    pressure_term: StrictBool = Field(True, description="include the Monroe-Newman shift p V_m/(z F)")
    model: Annotated[str, OneOf(LAYERS)] = Field("winkler", description="how the layer presses on the deposit")
    source: StrictStr = Field("given in the study", description="where the values come from")

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, data: Any) -> Any:
        return presets.filled(data, presets.LAYERS, None)

    @model_validator(mode="after")
    def _depth(self) -> "Layer":
        if self.stressed_depth_um is not None and self.stressed_depth_um > self.thickness_um:
            raise UserError(
                f"layer.stressed_depth_um: got {self.stressed_depth_um:g}, must be at most the thickness of "
                f"{self.thickness_um:g} um"
            )
        return self

    @property
    def effective_modulus_Pa(self) -> float:
        """Young's modulus, or the confined one of a clamped layer [Pa]."""
        nu = self.poisson_ratio
        confined = (1.0 - nu) / ((1.0 + nu) * (1.0 - 2.0 * nu)) if self.clamped else 1.0
        return self.modulus_GPa * 1e9 * confined

    @property
    def winkler_stiffness_Pa_m(self) -> float:
        """K = E/h: pressure for each meter of indentation [Pa/m]."""
        return self.effective_modulus_Pa / units.convert(self.thickness_um, "um", "m")

    @property
    def stressed_depth_m(self) -> float:
        """h_eff [m]: the depth a bud stresses, the thickness if none is given."""
        depth = self.thickness_um if self.stressed_depth_um is None else self.stressed_depth_um
        return units.convert(depth, "um", "m")

    @property
    def piezo_shift_V_Pa(self) -> float:
        """Signed face shift for each pascal, s (-s_pol d33) h_eff/(eps0 eps_r) [V/Pa]."""
        charge = -self.orientation * self.d33_pC_N * 1e-12
        permittivity = constants.VACUUM_PERMITTIVITY_F_M * self.relative_permittivity
        return self.unscreened_share * charge * self.stressed_depth_m / permittivity + 0.0  # no minus zero


class Numerics(Section):
    """How the field decides where the next voxel plates, and how exactly."""

    method: Annotated[str, OneOf(METHOD_NAMES)] = Field(
        "auto",
        description="walkers: exact, linear kinetics without a layer; guided: walkers under a layer or with "
        "Butler-Volmer kinetics; signed: with a [surface]; multigrid: all others; auto: walkers of a kind if they can",
    )
    tolerance: Annotated[float, Measured("a share", "", "0.01", 1e-4, 0.2)] = Field(
        0.01,
        description="allowed total variation between the event probabilities used and exact; guided walkers stay well "
        "below 0.01, and look at the field more often for less; other walkers have no error",
    )
    top_gap_voxels: Annotated[int, Whole(1, 4096)] = Field(
        4, description="least distance of the plane where the current enters from the deposit"
    )
    samples: Annotated[int, Whole(0, 10_000)] = Field(
        8, description="moments at which a run solves the exact field to report its true error"
    )


class Stop(Section):
    """When a run ends: at the first of those given, at least one."""

    capacity_mAh_cm2: Annotated[
        float, Measured("an areal capacity", "mAh/cm^2", "1 mAh/cm^2", 1e-12, 1e6)
    ] | None = Field(None, description="net charge plated")
    time_s: Annotated[float, Measured("a time", "s", "1 h", 1e-12, 1e12)] | None = Field(
        None, description="simulated time"
    )
    height_um: Annotated[float, Measured("a length", "um", "30 um", *_SIZE_LIMITS_UM)] | None = Field(
        None, description="of the highest metal"
    )
    events: Annotated[int, Whole(1, 10**15)] | None = Field(
        None, description="voxels plated, stripped and hopped, all together"
    )

    @model_validator(mode="after")
    def _any(self) -> "Stop":
        if (self.capacity_mAh_cm2, self.time_s, self.height_um, self.events) == (None, None, None, None):
            raise UserError(
                "stop: got nothing, must be at least one of capacity_mAh_cm2, time_s, height_um, events"
            )
        return self


class Output(Section):
    """What a run writes, and how often."""

    series_points: Annotated[int, Whole(1, 100_000)] = Field(100, description="rows of the time series")
    snapshots: Annotated[int, Whole(0, 10_000)] = Field(10, description="deposits kept on the way")
    checkpoint_interval_s: Annotated[float, Measured("a time", "s", "60 s", 1e-3, 1e6)] = Field(
        60.0, description="computing time between two checkpoints"
    )
