"""[surface]: a deposit without the lattice's own noise and facets, with lithium's cut-off in their place."""

import math
from typing import Annotated, Any

from pydantic import Field, StrictBool, StrictStr, model_validator

from kmc_li.errors import UserError
from kmc_li.study import constants, presets
from kmc_li.study.validation import Measured, OneOf, Section

MOST_QUANTA = 32768  # parts of a voxel that the engine counts


class Surface(Section):
    """Voxels that fill in parts, capillarity and surface diffusion: what sets the scale of a deposit in place of the
    voxel. Leave the section out for voxels that turn to metal at once."""

    preset: Annotated[str, OneOf(tuple(presets.SURFACES))] | None = Field(
        None, description="whose surface diffusion is the default"
    )
    noise_volume_um3: Annotated[float, Measured("a volume", "um^3", "1e-5 um^3", 1e-13, 1e18)] | None = Field(
        None, description="arrives at once, at most a voxel's; left out, a voxel's over plating.noise_reduction_hits"
    )
    capillarity: StrictBool = Field(
        True, description="curvature shifts every face by metal.surface_energy_J_m2 V_m/(z F) (Gibbs-Thomson)"
    )
    mullins_B_m4_s: Annotated[float, Measured("a Mullins coefficient", "m^4/s", "1e-31 m^4/s", 0, 1e-6)] = Field(
        0.0, description="B of surface diffusion, dh/dt = -B d4h/dx4; or give the keys below, from which it follows"
    )
    diffusion_prefactor_m2_s: Annotated[
        float, Measured("a diffusion coefficient", "m^2/s", "4e-8 m^2/s", 0, 1)
    ] | None = Field(None, description="D0 of the surface diffusion D0 exp(-E/kT) of a mobile atom")
    diffusion_barrier_eV: Annotated[float, Measured("an energy", "eV", "0.15 eV", 0, 10)] | None = Field(
        None, description="E of the surface diffusion; the temperature is hops.temperature_K"
    )
    mobile_share: Annotated[float, Measured("a share", "", "0.01", 0, 1)] | None = Field(
        None, description="share of the surface's sites that hold a mobile atom; left out, all of them"
    )
    source: StrictStr = Field("given in the study", description="where the values come from")

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, data: Any) -> Any:
        return presets.filled(data, presets.SURFACES, None)

    @model_validator(mode="after")
    def _one_diffusion(self) -> "Surface":
        given = {"diffusion_prefactor_m2_s": self.diffusion_prefactor_m2_s,
                 "diffusion_barrier_eV": self.diffusion_barrier_eV}  # fmt: skip
        missing = [key for key, value in given.items() if value is None]
        other = next((key for key in (*given, "mobile_share") if getattr(self, key) is not None), None)
        if self.mullins_B_m4_s > 0.0 and other is not None:
            raise UserError(
                f"surface.mullins_B_m4_s: got {self.mullins_B_m4_s:g}, must not stand beside {other}, from which it "
                "follows: say one or the other"
            )
        if other is not None and missing:
            raise UserError(f"surface.{missing[0]}: got nothing, must be given beside {other}")
        return self

    def mullins_m4_s(self, surface_energy_J_m2: float, molar_volume_m3_mol: float, temperature_K: float) -> float:
        """B [m^4/s]: the given one, or D_s gamma Omega^2 n_s/(k_B T) with n_s = mobile share x Omega^(-2/3) (Mullins,
        J. Appl. Phys. 28, 333, 1957)."""
        if self.diffusion_prefactor_m2_s is None or self.diffusion_barrier_eV is None:
            return self.mullins_B_m4_s
        barrier = self.diffusion_barrier_eV / (constants.BOLTZMANN_EV_K * temperature_K)
        diffusion_m2_s = self.diffusion_prefactor_m2_s * math.exp(-barrier)
        share = 1.0 if self.mobile_share is None else self.mobile_share
        atom_m3 = molar_volume_m3_mol / constants.AVOGADRO_PER_MOL
        thermal_J = constants.BOLTZMANN_J_K * temperature_K
        return diffusion_m2_s * surface_energy_J_m2 * share * math.pow(atom_m3, 4 / 3) / thermal_J

    def quanta(self, voxel_um: float, hits: int) -> int:
        """Parts in which a voxel fills: its volume over that of the noise."""
        return hits if self.noise_volume_um3 is None else round(voxel_um**3 / self.noise_volume_um3)
