"""The controlling numbers against values worked out by hand."""

import math

import pytest

from kmc_li import Parameters
from kmc_li.study.dimensionless import dimensionless_numbers, fitted, table

STUDY = {
    "lattice": {"nx": 10, "ny": 10, "nz": 100, "voxel_um": 0.1},
    "electrolyte": {"conductivity_S_m": 1e-3, "charge_transfer_resistance_ohm_cm2": 20.0},
    "plating": {"current_density_mA_cm2": 1.0},
    "stop": {"capacity_mAh_cm2": 1.0},
}
LAYER = {
    "thickness_um": 8.0, "modulus_GPa": 1.0, "poisson_ratio": 0.3, "d33_pC_N": 5.7, "relative_permittivity": 39.0,
    "unscreened_share": 0.01,
}  # fmt: skip


def study(**changes: object) -> Parameters:
    return Parameters.from_dict(STUDY).replace(**changes)


def numbers(p: Parameters) -> dict[str, float]:
    return {q.symbol or q.name: q.value for q in dimensionless_numbers(p)}


def test_faraday() -> None:
    """1 mA/cm^2 grows dense Li at 1.347 nm/s, 1 mAh/cm^2 is 4.85 um, one atom a voxel at 0.278 nm."""
    p = study()
    nm_per_s = 100.0 / numbers(p)["t_1"]
    assert nm_per_s == pytest.approx(1.347, abs=5e-4)
    assert p.target_voxels == pytest.approx(100 * 4.85 / 0.1, rel=1e-3)
    atom = study(**{"lattice.voxel_um": "0.278 nm", "stop": {"events": 1}})
    assert atom.voxel_charge_C / 1.602176634e-19 == pytest.approx(1.0, abs=0.01)
    assert atom.target_voxels is None
    assert study(**{"metal.preset": "Cu"}).voxel_charge_C / p.voxel_charge_C == pytest.approx(2 * 13.0 / 7.09)


def test_si_values() -> None:
    p = study()
    assert p.voxel_m == 1e-7
    assert p.current_density_A_m2 == 10.0
    assert p.charge_transfer_resistance_ohm_m2 == 2e-3
    assert p.molar_volume_m3_mol == 1.3e-5
    assert p.face_area_m2 == pytest.approx(1e-12, rel=1e-12)
    assert p.wagner_length_m == pytest.approx(2e-6, rel=1e-12)
    assert p.layer_conductivity_S_m == p.conductivity_S_m == 1e-3
    assert study(layer={**LAYER, "conductivity_S_m": "1 uS/cm"}).layer_conductivity_S_m == 1e-4


def test_monroe_newman() -> None:
    """0.1347 mV/MPa for Li."""
    p = study(layer=LAYER)
    assert p.pressure_shift_V_Pa * 1e6 * 1e3 == pytest.approx(0.1347, abs=5e-5)
    assert p.replace(**{"layer.pressure_term": False}).pressure_shift_V_Pa == 0.0
    assert study().pressure_shift_V_Pa == 0.0


def test_wagner_and_layer_numbers() -> None:
    """K D = 1 GPa x 0.1/8 = 12.5 MPa; g33 = 0.016507 V m/N; Pi = 0.01 g33 x 12.5 MPa x 8 um / 20 mV = 0.825."""
    got = numbers(study(layer=LAYER))
    assert got["W"] == pytest.approx(2.0) == got["W/R"]
    assert got["W/D"] == pytest.approx(20.0)
    assert got["j R_ct"] == pytest.approx(20.0)
    assert got["p_stack/(K D)"] == pytest.approx(0.35 / 12.5)
    assert got["Pi"] == pytest.approx(0.8254, abs=2e-4)
    assert got["Pi_p"] == pytest.approx(0.13474 * 12.5 / 20.0, rel=1e-3)
    opposite = numbers(study(layer={**LAYER, "orientation": 1}))
    assert opposite["Pi"] == -got["Pi"]


def test_pressure_ends_at_the_hardness() -> None:
    stiff = numbers(study(layer={**LAYER, "modulus_GPa": 115.0}))  # K D = 1437 MPa, H = 315 MPa
    soft = numbers(study(layer=LAYER))
    assert stiff["Pi"] / soft["Pi"] == pytest.approx(315 / 12.5)


def test_clamped_layer_is_stiffer() -> None:
    """(1 - v)/((1 + v)(1 - 2v)) = 0.7/(1.3 x 0.4) = 1.34615 for v = 0.3."""
    free, clamped = study(layer=LAYER).layer, study(layer={**LAYER, "clamped": True}).layer
    assert free is not None and clamped is not None
    assert free.winkler_stiffness_Pa_m == pytest.approx(1.25e14)
    assert clamped.winkler_stiffness_Pa_m / free.winkler_stiffness_Pa_m == pytest.approx(1.346154, rel=1e-6)


def test_stressed_depth_scales_the_shift() -> None:
    part = study(layer={**LAYER, "stressed_depth_um": "800 nm"})
    assert numbers(part)["Pi"] == pytest.approx(0.08254, abs=2e-5)


def test_hops_and_kinetics() -> None:
    """2e12/s x exp(-0.30 eV/kT) at 298.15 K = 1.698e7 /s, for a monolayer time of 74.2 s."""
    assert numbers(study())["hop rate / plate rate"] == 0.0
    on = numbers(study(**{"hops.enabled": True}))
    assert on["hop rate / plate rate"] / on["t_1"] == pytest.approx(1.698e7, rel=1e-3)
    with_i0 = numbers(study(**{"electrolyte.exchange_current_density_mA_cm2": 7.1}))
    assert with_i0["RT/(F i0 R_ct)"] == pytest.approx(25.693 / 7.1 / 20.0, rel=1e-3)


def test_primary_distribution_has_no_overpotential_to_compare_with() -> None:
    got = numbers(study(layer=LAYER, **{"electrolyte.charge_transfer_resistance_ohm_cm2": 0}))
    assert got["W"] == 0.0
    assert "Pi" not in got and "Pi_p" not in got
    assert all(math.isfinite(v) for v in got.values())


def test_table_names_what_is_fitted() -> None:
    p = study(layer={**LAYER, "unscreened_share_is_fitted": True}, **{"electrolyte.conductivity_is_fitted": True})
    assert fitted(study(layer=LAYER)) == []
    assert fitted(p) == ["near-surface conductivity kappa_eff = 0.001 S/m", "unscreened share s = 0.01"]
    text = table(p)
    assert "fitted, not measured: unscreened share s = 0.01" in text
    assert "R = 1 um" in text and "12.5 MPa" in text
    assert len(text.splitlines()) == len(dimensionless_numbers(p)) + 2


def test_hops_of_voxels_larger_than_an_atom_say_what_frequency_keeps_the_mullins_coefficient() -> None:
    """B = D^4 nu f(E_S/kT, E_N/kT): the attempt frequency that keeps it goes as 1/D^4."""
    name = "B/B_a"
    assert name not in numbers(study())
    assert name not in numbers(study(**{"hops.enabled": True, "lattice.voxel_um": 2.784e-4, "stop.capacity_mAh_cm2": 1e-4}))
    given = {"hops.enabled": True, "lattice.voxel_um": 0.5}
    atom_um = (13.0e-6 / 6.02214076e23) ** (1 / 3) * 1e6
    assert numbers(study(**given))[name] == pytest.approx((0.5 / atom_um) ** 4, rel=1e-9)
    scaled = given | {"hops.attempt_frequency_per_s": 2e12 * (atom_um / 0.5) ** 4}
    assert numbers(study(**scaled))[name] == pytest.approx(1.0, rel=1e-9)


def test_an_interphase_that_ages_has_its_numbers():
    p = study(**{"field.method": "auto", "ageing": {"time_constant_s": 60.0, "fresh_charge_mC_cm2": 5.0}})
    found = {q.symbol or q.name: q.value for q in dimensionless_numbers(p)}
    second = p.voxel_charge_C / (p.current_density_A_m2 * p.voxel_m**2)
    assert found["R(t_1)/R"] == pytest.approx((1 + second / 60) ** 0.5)
    assert found["charge of a fresh face / of a voxel"] == pytest.approx(50 * p.voxel_m**2 / p.voxel_charge_C)
    assert "fresh" not in table(study())
