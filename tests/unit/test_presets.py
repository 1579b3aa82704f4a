"""Presets: sources, hand-computed consequences, and the study files that come with the package."""

import math
from pathlib import Path

import pytest

from kmc_li import Parameters, UserError
from kmc_li.study import presets
from kmc_li.study.constants import VACUUM_PERMITTIVITY_F_M


def test_every_value_has_a_source() -> None:
    assert set(presets.METALS) == {"Li", "Na", "K", "Mg", "Zn", "Cu"}
    for preset in (p for table in presets.TABLES.values() for p in table.values()):
        assert len(preset.source) > 20
    for preset in (*presets.SURFACES.values(), *presets.SUBSTRATES.values()):
        assert "assumed" in preset.source  # the share of mobile atoms; correlation length and exponent
    for name in ("Na", "K", "Mg", "Zn", "Cu", "Li"):
        assert presets.RECALLED in presets.METALS[name].source  # the surface energies at least


def test_metal_densities() -> None:
    """Molar mass over molar volume against handbook densities [g/cm^3]."""
    for name, mass, density in [
        ("Li", 6.94, 0.534), ("Na", 22.99, 0.97), ("K", 39.10, 0.89),
        ("Mg", 24.305, 1.74), ("Zn", 65.38, 7.13), ("Cu", 63.546, 8.96),
    ]:  # fmt: skip
        assert mass / presets.METALS[name].molar_volume_cm3_mol == pytest.approx(density, rel=0.01)


@pytest.mark.parametrize(("layer", "g33", "open_circuit_mV"), [
    ("BaTiO3 ceramic", 0.0113, 91.0), ("BaTiO3/PVDF composite", 0.0165, 132.0),
])  # fmt: skip
def test_open_circuit_voltage_over_8_um_at_1_MPa(layer: str, g33: float, open_circuit_mV: float) -> None:
    material = presets.LAYERS[layer]
    got = material.d33_pC_N * 1e-12 / (VACUUM_PERMITTIVITY_F_M * material.relative_permittivity)
    assert got == pytest.approx(g33, rel=0.01)
    assert got * 1e6 * 8e-6 * 1e3 == pytest.approx(open_circuit_mV, rel=0.01)


def test_lithium_is_harder_when_small() -> None:
    assert presets.lithium_hardness_MPa(1.0) == 315.0
    assert presets.lithium_hardness_MPa(10.0) == pytest.approx(3 * 105 * 10**-0.68)
    assert presets.lithium_hardness_MPa(1e5) == pytest.approx(2.1)  # the bulk
    for size in (0.0, -1.0, math.nan):
        with pytest.raises(ValueError, match="bud_diameter_um"):
            presets.lithium_hardness_MPa(size)


def test_inert_is_the_composite_without_charge() -> None:
    inert, composite = presets.LAYERS["inert"], presets.LAYERS["BaTiO3/PVDF composite"]
    assert inert.d33_pC_N == 0.0
    assert (inert.modulus_GPa, inert.poisson_ratio) == (composite.modulus_GPa, composite.poisson_ratio)


def load(name: str) -> Parameters:
    return Parameters.from_toml(presets.study_path(name))


def test_the_studies_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {"bare", "inert", "piezo", "anti_poled", "screened", "tiny", "literature"} <= set(presets.study_names())
    with pytest.raises(UserError, match="nope: no such file, and no study .* must be one of anti_poled, bare"):
        presets.study_path("nope")
    monkeypatch.chdir(tmp_path)
    shipped = presets.study_path("piezo")
    assert shipped.is_file() and shipped.name == "piezo.toml"
    (tmp_path / "piezo").mkdir()  # a run's folder does not hide the study, the user's own file does
    assert presets.study_path("piezo") == shipped
    for own in ("bare", "piezo.toml", "./piezo", "a/b.toml"):
        if "/" not in own:
            (tmp_path / own).write_text("")
        assert presets.study_path(own) == Path(own)


@pytest.mark.parametrize("name", presets.study_names())
def test_each_study_reads_and_returns_from_a_dict(name: str) -> None:
    p = load(name)
    assert p.title
    assert Parameters.from_dict(p.to_dict()) == p


def test_scenarios_differ_in_what_they_say() -> None:
    bare, inert, piezo, anti, screened = (load(n) for n in ("bare", "inert", "piezo", "anti_poled", "screened"))
    assert bare.layer is None
    for other in (inert, piezo, anti, screened):
        assert other.replace(layer=None, title=bare.title) == bare
    assert piezo.layer is not None and inert.layer is not None
    s = piezo.layer.unscreened_share
    assert piezo.replace(**{"layer.orientation": 1, "title": anti.title}) == anti
    fully = piezo.replace(**{"layer.unscreened_share": 0.0, "layer.unscreened_share_is_fitted": False})
    assert fully.replace(title=screened.title) == screened
    assert s > 0 and piezo.layer.unscreened_share_is_fitted and piezo.electrolyte.conductivity_is_fitted
    assert piezo.layer.piezo_shift_V_Pa > 0  # the paper's orientation slows a pressed bud
    assert anti.layer is not None and anti.layer.piezo_shift_V_Pa == -piezo.layer.piezo_shift_V_Pa
    assert inert.layer.piezo_shift_V_Pa == 0.0


def test_paper_scale() -> None:
    p = load("piezo")
    assert p.lattice.nx * p.lattice.voxel_um == p.lattice.ny * p.lattice.voxel_um == 16.0
    assert p.lattice.nx >= 64 and p.layer is not None and p.layer.thickness_um == 8.0
    assert (p.plating.current_density_mA_cm2, p.stop.capacity_mAh_cm2) == (1.0, 1.0)
    assert load("literature").wagner_length_m == pytest.approx(1.82e-3)
