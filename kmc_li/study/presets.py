"""Metals, layers and study files that come with the package; every value names its source.

Values marked RECALLED are orders of magnitude from memory: check them before you cite them.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kmc_li.errors import UserError

RECALLED = "order of magnitude, recalled, check before citing"


@dataclass(frozen=True)
class Metal:
    """A metal to plate: charge of its ion, molar volume, hardness of a bud and surface energy."""

    charge_number: int
    molar_volume_cm3_mol: float
    hardness_MPa: float
    surface_energy_J_m2: float
    source: str


@dataclass(frozen=True)
class LayerMaterial:
    """A layer material: Young's modulus, Poisson ratio, d33 along the field and permittivity along it."""

    modulus_GPa: float
    poisson_ratio: float
    d33_pC_N: float
    relative_permittivity: float
    source: str


@dataclass(frozen=True)
class SurfaceDiffusion:
    """How atoms move on a metal's surface: D0 exp(-E/kT) of a mobile atom, and the share of sites that hold one."""

    diffusion_prefactor_m2_s: float
    diffusion_barrier_eV: float
    mobile_share: float
    source: str


@dataclass(frozen=True)
class Relief:
    """A rough surface: rms of its heights, correlation length and Hurst exponent."""

    roughness_um: float
    correlation_length_um: float
    hurst: float
    source: str


def lithium_hardness_MPa(bud_diameter_um: float) -> float:
    """Hardness of a lithium bud, 3 max(0.7, 105 (d/um)^-0.68) MPa, d > 0. Source: Xu et al., PNAS 2017."""
    if not bud_diameter_um > 0:
        raise ValueError(f"bud_diameter_um: got {bud_diameter_um!r}, must be above 0")
    return 3.0 * max(0.7, 105.0 * math.pow(bud_diameter_um, -0.68))


def _other_metal(charge: int, volume: float, hardness: float, surface_energy: float) -> Metal:
    return Metal(
        charge, volume, hardness, surface_energy,
        "charge and molar volume: handbook. Surface energy, and hardness in bulk (Brinell; a micrometer bud "
        f"is harder, one of Li some hundred times: give hardness_MPa if a layer presses on it): {RECALLED}",
    )  # fmt: skip


METALS: dict[str, Metal] = {
    "Li": Metal(
        1, 13.0, lithium_hardness_MPa(1.0), 0.5,
        "molar volume: handbook (534 kg/m^3). Hardness: three times the yield stress 105 (d/um)^-0.68 MPa of "
        "Xu et al., PNAS 2017, for a bud of d = 1 um. Surface energy: 0.52 to 0.59 J/m^2 by facet in vacuum "
        f"(Vitos et al., Surf. Sci. 411, 186, 1998), somewhat less assumed in the electrolyte; {RECALLED}",
    ),
    "Na": _other_metal(1, 23.7, 0.7, 0.26),
    "K": _other_metal(1, 43.9, 0.4, 0.15),
    "Mg": _other_metal(2, 13.97, 260.0, 0.8),
    "Zn": _other_metal(2, 9.17, 400.0, 1.0),
    "Cu": _other_metal(2, 7.09, 400.0, 1.8),
}  # fmt: skip

_COMPOSITE = (1.0, 0.35, 5.7, 39.0)

LAYERS: dict[str, LayerMaterial] = {
    "BaTiO3 ceramic": LayerMaterial(
        115.0, 0.31, 191.0, 1904.0,
        "computed from the elastic and piezoelectric constants of the poled ceramic",
    ),
    "BaTiO3/PVDF composite": LayerMaterial(
        *_COMPOSITE,
        "d33 and permittivity: Yamada model of a poled composite, half its volume BaTiO3. "
        f"Modulus (0.5 to 3 GPa) and Poisson ratio: {RECALLED}",
    ),
    "beta-PVDF": LayerMaterial(
        2.0, 0.35, -25.0, 12.0, f"d33 -20 to -33 pC/N, permittivity 10 to 13, modulus 1 to 3 GPa: {RECALLED}"
    ),
    "inert": LayerMaterial(
        _COMPOSITE[0], _COMPOSITE[1], 0.0, _COMPOSITE[3],
        f"the control experiment: mechanics of the composite ({RECALLED}), no piezoelectricity",
    ),
}  # fmt: skip

_JUMPS = "prefactor: jumps of 0.278 nm at 2e12/s, over 4. Share of mobile atoms: 1 assumed, the most there can be"

SURFACES: dict[str, SurfaceDiffusion] = {
    "Li": SurfaceDiffusion(
        3.86e-8, 0.15, 1.0,
        f"barrier: on a terrace, Vishnugopi et al., Phys. Chem. Chem. Phys. 22, 11286 (2020), as for hops. {_JUMPS}",
    ),
    "Li, across steps": SurfaceDiffusion(
        3.86e-8, 0.2, 1.0,
        "barrier: across a step of (100), about 0.2 eV, above 0.5 eV on (111) and (211), Zhou et al., J. Power Sources "
        f"630, 236181 (2025). {_JUMPS}",
    ),
}  # fmt: skip

_SHAPE = "Correlation length and exponent: assumed"

SUBSTRATES: dict[str, Relief] = {
    "Li foil": Relief(0.3, 1.0, 0.8, f"rms (100 to 500 nm): {RECALLED}. {_SHAPE}"),
    "Cu foil": Relief(
        0.2, 1.0, 0.8,
        "rms: a sixth, assumed, of the Rz of 1.2 um of the smoothest of four electrolytic foils (1.2 to 2.8 um), "
        f"Metals 12, 2110 (2022), doi 10.3390/met12122110. {_SHAPE}",
    ),
}  # fmt: skip

# by the section that takes them
TABLES: dict[str, Mapping[str, Any]] = {
    "metal": METALS, "surface": SURFACES, "substrate": SUBSTRATES, "layer": LAYERS,
}  # fmt: skip


def studies_folder() -> Path:
    package = Path(__file__).resolve().parents[1]
    # A wheel carries the first, a checkout (also an editable install of one) has the second.
    for folder in (package / "studies", package.parent / "runs" / "studies"):
        if folder.is_dir():
            return folder
    raise UserError("the study files that come with kmc_li are missing: install the package again")


def study_names() -> list[str]:
    """The names of the studies that come with the package, sorted."""
    return sorted(path.stem for path in studies_folder().glob("*.toml"))


def study_path(study: str | Path) -> Path:
    """The file meant by a path, or by the bare name of a study that comes with the package ("piezo").

    A folder of that name, such as an earlier run's, does not hide the study. A path that does not exist comes
    back as it is: reading it gives the clear error. Raises UserError for a bare name that is neither.
    """
    path = Path(study)
    if path.is_file() or path.name != str(study) or path.suffix:
        return path
    if path.name not in study_names():
        raise UserError(
            f"{study}: no such file, and no study of this name comes with kmc_li, must be one of "
            f"{', '.join(study_names())}"
        )
    return studies_folder() / f"{path.name}.toml"


def _same(given: Any, preset: float) -> bool:
    return type(given) in (int, float) and bool(given == preset)


def source_of(preset_source: str, changed: list[str]) -> str:
    """The source of a section that takes a preset and changes some of its keys."""
    return preset_source + (f"; but given in the study: {', '.join(changed)}" if changed else "")


def filled(data: Any, table: Mapping[str, Any], default: str | None) -> Any:
    """The section's data with what it does not say taken from its preset."""
    if not isinstance(data, Mapping):
        return data
    chosen = default if data.get("preset") is None else data["preset"]
    if chosen is None:
        return data
    known = isinstance(chosen, str) and chosen in table
    # An unknown preset is filled in too: it deserves one line, not one for each key then missing.
    preset = asdict(table[chosen] if known else next(iter(table.values())))
    given = {key: value for key, value in data.items() if value is not None}
    changed = [k for k in preset if k in given and k != "source" and not _same(given[k], preset[k])]
    preset["source"] = source_of(preset["source"], changed)
    return preset | given | {"preset": chosen}
