"""[ageing]: an interphase that grows on every face of the metal from the moment it lies open."""

from typing import Annotated

from pydantic import Field, StrictStr

from kmc_li.study.validation import Measured, Section


class Ageing(Section):
    """Growth of the interphase: the charge-transfer resistance of a face grows with its age from the given one, as
    sqrt(1 + age/time_constant_s), and a fresh face takes charge. For bare metal and linear kinetics. Leave the section
    out for an interphase that does not age."""

    time_constant_s: Annotated[float, Measured("a time", "s", "1 h", 1e-6, 1e12)] = Field(
        description="age at which the resistance of a face is sqrt(2) times that of a fresh one"
    )
    fresh_charge_mC_cm2: Annotated[float, Measured("a charge per area", "mC/cm^2", "5 mC/cm^2", 0, 1e9)] = Field(
        0.0, description="lost to the interphase for each area of metal that comes to lie open"
    )
    source: StrictStr = Field("given in the study", description="where the values come from")
