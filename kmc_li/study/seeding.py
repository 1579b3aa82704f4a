"""[substrate] and [interphase]: what a deposit starts from, the roughness that it amplifies."""

import hashlib
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StrictStr, model_validator

from kmc_li.errors import UserError
from kmc_li.study import nucleation, presets
from kmc_li.study.validation import Measured, OneOf, Section, got

_LENGTHS_UM = (1e-4, 1e6)
_MOST_MAP_BYTES = 2**31


class Substrate(Section):
    """The relief of the current collector, metal at the start: a random rough surface or a measured one, and nuclei.
    Leave the section out for a plane."""

    preset: Annotated[str, OneOf(tuple(presets.SUBSTRATES))] | None = Field(
        None, description="whose roughness is the default"
    )
    roughness_um: Annotated[float, Measured("a length", "um", "0.1 um", 0, 1e6)] | None = Field(
        None, description="rms of the heights over the box; left out, flat"
    )
    correlation_length_um: Annotated[float, Measured("a length", "um", "1 um", *_LENGTHS_UM)] | None = Field(
        None, description="l of the spectrum (1 + k^2 l^2)^(-1-H): flat for longer waves, falling for shorter ones"
    )
    hurst: Annotated[float, Measured("a Hurst exponent", "", "0.8", 0.01, 1)] | None = Field(
        None, description="H of the spectrum; 1 is smooth below the correlation length, towards 0 ever more jagged"
    )
    map: StrictStr | None = Field(
        None, description="file of measured heights (.gwy, .tif, .npy, text), mirrored onto the box; beside the study"
    )
    map_pixel_um: Annotated[float, Measured("a length", "um", "0.02 um", *_LENGTHS_UM)] | None = Field(
        None, description="distance of the map's neighbouring heights, for a file that does not say it"
    )
    map_channel: StrictStr | None = Field(None, description="title of the channel in a .gwy file that has several")
    map_sha256: StrictStr | None = Field(
        None, description="of the map's content, noted when the study is read; a run is not resumed with another map"
    )
    nuclei_per_um2: Annotated[float, Measured("an areal density", "1/um^2", "0.5 1/um^2", 0, 1e6)] | None = Field(
        None, description="half spheres of metal at random places: their mean number on an area"
    )
    nucleus_radius_um: Annotated[float, Measured("a length", "um", "0.2 um", *_LENGTHS_UM)] | None = Field(
        None, description="of each nucleus"
    )
    nucleation_overpotential_V: Annotated[float, Measured("a voltage", "V", "50 mV", 1e-3, 10)] | None = Field(
        None, description=f"in place of the two keys above: {nucleation.LAW}"
    )
    source: StrictStr = Field("given in the study", description="where the values come from")

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, data: Any) -> Any:
        filled = presets.filled(data, presets.SUBSTRATES, None)
        if isinstance(filled, Mapping) and isinstance(filled.get("map"), str) and filled.get("map_sha256") is None:
            return {**filled, "map_sha256": _content_sha256(filled["map"])}
        return filled

    @model_validator(mode="after")
    def _one_relief(self) -> "Substrate":
        random = ("roughness_um", "correlation_length_um", "hurst")
        lacking = [key for key in random if getattr(self, key) is None]
        measured = [key for key in ("map_pixel_um", "map_channel", "map_sha256") if getattr(self, key) is not None]
        found = []
        if self.map is not None and len(lacking) < len(random):
            given = next(key for key in random if key not in lacking)
            found.append(f"substrate.map: got {got(self.map)}, must not stand beside {given}: say one or the other")
        elif self.map is None and 0 < len(lacking) < len(random):
            given = next(key for key in random if key not in lacking)
            found.append(f"substrate.{lacking[0]}: got nothing, must be given beside {given}")
        if self.map is None and measured:
            found.append(f"substrate.{measured[0]}: got a value, must be left out without a map")
        pair = {"nuclei_per_um2": self.nuclei_per_um2, "nucleus_radius_um": self.nucleus_radius_um}
        missing = [key for key, value in pair.items() if value is None]
        if self.nucleation_overpotential_V is not None and len(missing) < 2:
            other = next(key for key in pair if key not in missing)
            found.append(
                f"substrate.nucleation_overpotential_V: got {self.nucleation_overpotential_V:g}, must not stand beside "
                f"{other}, which follows from it: say one or the other"
            )
        elif len(missing) == 1:
            other = next(key for key in pair if key not in missing)
            found.append(f"substrate.{missing[0]}: got nothing, must be given beside {other}")
        if found:
            raise UserError(*found)
        return self

    @property
    def nuclei(self) -> tuple[float, float]:
        """Mean number of nuclei on a square micrometre, and the radius of each [um]; none: (0, 0)."""
        if self.nucleation_overpotential_V is not None:
            return nucleation.law(self.nucleation_overpotential_V)
        return self.nuclei_per_um2 or 0.0, self.nucleus_radius_um or 0.0

    def require_map(self) -> None:
        """Raise UserError unless the map is still the file that the study was read with."""
        if self.map is not None and _content_sha256(self.map) != self.map_sha256:
            raise UserError(f"substrate.map: got {got(self.map)}, must have the content that the study was read with")


class Interphase(Section):
    """Patches of the interphase: the charge-transfer resistance varies along the surface, log-normal with the given one
    as its mean. Needs a [surface]. Leave the section out for an even one."""

    resistance_spread: Annotated[float, Measured("a relative spread", "", "0.3", 0, 10)] = Field(
        description="standard deviation of the resistance over its mean"
    )
    correlation_length_um: Annotated[float, Measured("a length", "um", "1 um", *_LENGTHS_UM)] = Field(
        description="l of the autocorrelation exp(-r^2/l^2) of the resistance's logarithm: size of the patches"
    )
    source: StrictStr = Field("given in the study", description="where the values come from")


def beside(data: Mapping[str, Any], study: Path) -> Mapping[str, Any]:
    """The study's data with the path of a map taken from the folder of the study's file."""
    section = data.get("substrate")
    if not isinstance(section, Mapping) or not isinstance(section.get("map"), str):
        return data
    return {**data, "substrate": {**section, "map": str(study.absolute().parent / section["map"])}}


def _content_sha256(path: str) -> str:
    shown = f"substrate.map: got {got(path)}, must be a file of heights"
    try:
        file = Path(path)
        status = file.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MOST_MAP_BYTES:
            raise UserError(f"{shown} of at most 2 GB")
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except FileNotFoundError:
        raise UserError(f"{shown}: there is no such file") from None
    except OSError as error:
        raise UserError(f"{shown}: it cannot be read: {error.strerror or error}") from None
    except UserError:
        raise
    except ValueError:  # a path with a null character
        raise UserError(shown) from None
