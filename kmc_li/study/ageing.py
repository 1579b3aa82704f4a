"""[ageing]: an interphase that forms and grows on every face of the metal from the moment it lies open."""

from typing import Annotated

from pydantic import Field, StrictStr, model_validator

from kmc_li.errors import UserError
from kmc_li.study import units
from kmc_li.study.validation import Measured, Section


class Ageing(Section):
    """Growth of the interphase: the charge-transfer resistance of a face grows with its age from the given one, as
    sqrt(1 + age/time_constant_s), on bare metal with linear kinetics; and a fresh face takes charge. Leave the section
    out for an interphase that does neither."""

    time_constant_s: Annotated[float, Measured("a time", "s", "1 h", 1e-6, 1e12)] | None = Field(
        None, description="age at which a face resists sqrt(2) times as much as a fresh one; left out, as much"
    )
    fresh_charge_mC_cm2: Annotated[float, Measured("a charge per area", "mC/cm^2", "5 mC/cm^2", 0, 1e9)] = Field(
        0.0, description="lost to the interphase for each area of metal that comes to lie open"
    )
    source: StrictStr = Field("given in the study", description="where the values come from")

    def fresh_share(self, voxel_m: float, voxel_charge_C: float) -> float:
        """What a fresh face takes, in voxels of charge."""
        return units.convert(self.fresh_charge_mC_cm2, "mC/cm^2", "C/m^2") * voxel_m**2 / voxel_charge_C

    @model_validator(mode="after")
    def _says_something(self) -> "Ageing":
        if self.time_constant_s is None and self.fresh_charge_mC_cm2 == 0.0:
            raise UserError("ageing.time_constant_s: got nothing, must be given, or fresh_charge_mC_cm2 above 0")
        return self
