"""[surface], [substrate] and [interphase]: what is read, what follows, and the one line that each mistake gets."""

import copy
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from kmc_li import Parameters, UserError
from kmc_li.study import advice

STUDY: dict[str, Any] = {
    "lattice": {"nx": 16, "ny": 16, "nz": 96, "voxel_um": 0.25},
    "electrolyte": {"conductivity_S_m": 4e-4, "charge_transfer_resistance_ohm_cm2": 20.0},
    "plating": {"current_density_mA_cm2": 1.0},
    "surface": {},
    "stop": {"capacity_mAh_cm2": 1},
}
ROUGH = {"roughness_um": 0.1, "correlation_length_um": 1.0, "hurst": 0.8}


def changed(**changes: Any) -> dict[str, Any]:
    data = copy.deepcopy(STUDY)
    for key, value in changes.items():
        section, _, inner = key.partition(".")
        if inner:
            data.setdefault(section, {})[inner] = value
        else:
            data[section] = value
    return data


def study(**changes: Any) -> Parameters:
    return Parameters.from_dict(changed(**changes))


def test_without_a_surface_nothing_is_continuous() -> None:
    p = study(surface=None, **{"plating.noise_reduction_hits": 8})
    assert (p.continuum, p.quanta, p.mullins_B_m4_s, p.capillary_V_m, p.method) == (False, 8, 0.0, 0.0, "walkers")


def test_what_follows_from_a_surface() -> None:
    p = study()
    assert (p.continuum, p.quanta, p.mullins_B_m4_s, p.method) == (True, 1, 0.0, "signed")
    assert p.capillary_V_m == pytest.approx(0.5 * 13.0e-6 / 96485.332, rel=1e-7)  # 0.067 nV m
    assert study(**{"surface.capillarity": False}).capillary_V_m == 0.0
    assert study(**{"metal.preset": "Zn"}).capillary_V_m == pytest.approx(1.0 * 9.17e-6 / (2 * 96485.332), rel=1e-7)
    assert study(**{"plating.noise_reduction_hits": 64}).quanta == 64
    assert study(**{"surface.noise_volume_um3": 1e-4}).quanta == 156  # 0.015625 um^3 in parts of 0.0001
    assert study(**{"surface.noise_volume_um3": "1e5 nm^3"}).quanta == 156
    assert study(**{"surface.mullins_B_m4_s": 1e-31}).mullins_B_m4_s == 1e-31


def test_mullins_coefficient_follows_from_diffusion() -> None:
    """An atom of 2.159e-29 m^3 with a barrier of 0.15 eV at 298.15 K, all sites mobile: 8e-29 m^4/s by hand."""
    p = study(**{"surface.diffusion_prefactor_m2_s": 3.864e-8, "surface.diffusion_barrier_eV": 0.15})
    by_hand = 3.864e-8 * 2.9142e-3 * 0.5 * (13.0e-6 / 6.02214076e23) ** (4 / 3) / (1.380649e-23 * 298.15)
    assert p.mullins_B_m4_s == pytest.approx(by_hand, rel=1e-3) == pytest.approx(8.2e-29, rel=0.02)
    assert p.replace(**{"surface.mobile_share": 0.01}).mullins_B_m4_s == pytest.approx(0.01 * p.mullins_B_m4_s)
    warm = p.replace(**{"hops.temperature_K": 350.0})
    boltzmann = 2.718281828 ** (-0.15 / 8.617333e-5 * (1 / 350.0 - 1 / 298.15))
    assert warm.mullins_B_m4_s == pytest.approx(p.mullins_B_m4_s * boltzmann * 298.15 / 350.0, rel=1e-6)


def test_round_trip_and_replace(tmp_path: Path) -> None:
    (tmp_path / "map.csv").write_text("0 1\n1 0\n")
    p = study(**{
        "surface": {"preset": "Li", "noise_volume_um3": 1e-5}, "substrate": {"preset": "Cu foil", "nuclei_per_um2": 1,
        "nucleus_radius_um": 0.1}, "interphase": {"resistance_spread": 0.3, "correlation_length_um": 1.0},
    })  # fmt: skip
    assert Parameters.from_dict(json.loads(json.dumps(p.to_dict(), allow_nan=False))) == p
    other = p.replace(**{"substrate.preset": "Li foil"})
    assert other.substrate is not None and p.substrate is not None
    assert other.substrate.roughness_um != p.substrate.roughness_um and other.substrate.nuclei_per_um2 == 1.0
    assert p.replace(**{"substrate.hurst": 1.0}).substrate.source.endswith("given in the study: hurst")  # type: ignore[union-attr]
    assert study(surface=None, substrate=ROUGH).substrate is not None


def test_a_map_is_known_by_its_content(tmp_path: Path) -> None:
    """Its path is the study's, its hash is stored: the stored study is read without the file."""
    (tmp_path / "maps").mkdir()
    file = tmp_path / "maps" / "scan.csv"
    file.write_text("0 1\n1 0\n")
    (tmp_path / "study.toml").write_text(
        "[electrolyte]\nconductivity_S_m = 4e-4\ncharge_transfer_resistance_ohm_cm2 = 20\n[plating]\n"
        'current_density_mA_cm2 = 1\n[stop]\nevents = 8\n[substrate]\nmap = "maps/scan.csv"\nmap_pixel_um = 0.1\n'
    )
    p = Parameters.from_toml(tmp_path / "study.toml")
    assert p.substrate is not None and p.substrate.map == str(file)
    assert p.substrate.map_sha256 == hashlib.sha256(b"0 1\n1 0\n").hexdigest()
    p.substrate.require_map()
    file.write_text("0 2\n1 0\n")
    with pytest.raises(UserError, match="must have the content that the study was read with"):
        p.substrate.require_map()
    again = p.replace(**{"substrate.map": str(file)})
    assert again.substrate is not None and again.substrate.map_sha256 != p.substrate.map_sha256
    file.unlink()
    assert Parameters.from_dict(p.to_dict()) == p
    with pytest.raises(UserError, match="there is no such file"):
        p.substrate.require_map()


def test_nuclei_from_the_overpotential() -> None:
    """Number by the cube of the overpotential, radius by its inverse (Pei et al. 2017)."""
    at = [study(**{"substrate": {"nucleation_overpotential_V": eta}}).substrate for eta in (0.05, 0.1)]
    assert at[0] is not None and at[1] is not None
    assert at[1].nuclei[0] / at[0].nuclei[0] == pytest.approx(8.0)
    assert at[1].nuclei[1] / at[0].nuclei[1] == pytest.approx(0.5)
    both = study(**{"substrate": {"nuclei_per_um2": 2, "nucleus_radius_um": "100 nm"}}).substrate
    assert both is not None and both.nuclei == (2.0, 0.1)
    flat = study(substrate={}).substrate
    assert flat is not None and flat.nuclei == (0.0, 0.0)


LINES = [
    ({"surface.noise_volume_um3": 1}, "surface.noise_volume_um3: got 1, must be at most 0.01562 um^3, a voxel's volume"),
    ({"surface.noise_volume_um3": 1e-7}, "surface.noise_volume_um3: got 1e-07, must be at least 4.768e-07 um^3"),
    ({"surface.noise_volume_um3": 1e-4, "plating.noise_reduction_hits": 4},
     "surface.noise_volume_um3: got 0.0001, must not stand beside plating.noise_reduction_hits (got 4)"),
    ({"surface.noise_volume_um3": "1 um^2"}, "must be a volume (um^3)"),
    ({"surface": {"mullins_B_m4_s": 1e-30, "diffusion_barrier_eV": 0.1}},
     "surface.mullins_B_m4_s: got 1e-30, must not stand beside diffusion_barrier_eV, from which it follows"),
    ({"surface": {"preset": "Li", "mullins_B_m4_s": 1e-30}}, "must not stand beside diffusion_prefactor_m2_s"),
    ({"surface.diffusion_barrier_eV": 0.1},
     "surface.diffusion_prefactor_m2_s: got nothing, must be given beside diffusion_barrier_eV"),
    ({"surface.mobile_share": 0.1}, "surface.diffusion_prefactor_m2_s: got nothing, must be given beside mobile_share"),
    ({"surface.mullins_B_m4_s": -1}, "surface.mullins_B_m4_s: got -1, must be a Mullins coefficient (m^4/s)"),
    ({"surface.capillarity": 1}, "surface.capillarity: got 1, must be true or false"),
    ({"surface.gamma": 1}, "surface.gamma: unknown key"),
    ({"plating.kinetics": "butler-volmer"}, 'plating.kinetics: got "butler-volmer", must be "linear" with a [surface]'),
    ({"plating.control": "potentiostatic", "plating.overpotential_V": 0.1},
     'plating.control: got "potentiostatic", must be "galvanostatic" with a [surface]'),
    ({"plating.breakdown_exponent": 2}, "plating.breakdown_exponent: got 2, must be 1 with a [surface]"),
    ({"hops.enabled": True}, "hops.enabled: got true, must be false with a [surface]"),
    ({"protocol": {"steps": ["rest 1 h"]}, "stop": None}, "protocol: got a section, must be left out with a [surface]"),
    ({"layer": {"preset": "inert", "thickness_um": 8, "unscreened_share": 0, "conductivity_S_m": 1}},
     "layer.conductivity_S_m: got 1, must be left out, or the electrolyte's 0.0004 S/m, with a [surface]"),
    ({"field.method": "multigrid"}, 'field.method: got "multigrid", must be "signed" or "auto" with a [surface]'),
    ({"field.method": "signed", "surface": None},
     'field.method: got "signed", must be another method, or "auto", without a [surface]'),
    ({"interphase": {"resistance_spread": 0.3, "correlation_length_um": 1}, "surface": None},
     "interphase: got a section, must stand beside a [surface]"),
    ({"interphase": {"resistance_spread": 0.3, "correlation_length_um": 1},
      "electrolyte.charge_transfer_resistance_ohm_cm2": 0}, "must be above 0 for an [interphase] to vary it"),
    ({"interphase.resistance_spread": 0.3}, "interphase.correlation_length_um: missing, must be a length (um)"),
    ({"substrate.roughness_um": 0.1}, "substrate.correlation_length_um: got nothing, must be given beside roughness_um"),
    ({"substrate": ROUGH | {"hurst": 1.5}}, "substrate.hurst: got 1.5, must be a Hurst exponent"),
    ({"substrate": ROUGH | {"map": "nowhere.csv"}}, "substrate.map: got 'nowhere.csv', must be a file of heights"),
    ({"substrate": ROUGH | {"map": __file__}}, "must not stand beside roughness_um: say one or the other"),
    ({"substrate.map": "/dev/null"}, "substrate.map: got '/dev/null', must be a file of heights"),
    ({"substrate.map": "a\0b"}, "must be a file of heights"),
    ({"substrate.map_pixel_um": 1}, "substrate.map_pixel_um: got a value, must be left out without a map"),
    ({"substrate.nuclei_per_um2": 1}, "substrate.nucleus_radius_um: got nothing, must be given beside nuclei_per_um2"),
    ({"substrate.nucleus_radius_um": 1}, "substrate.nuclei_per_um2: got nothing, must be given beside nucleus_radius_um"),
    ({"substrate": {"nuclei_per_um2": 1, "nucleation_overpotential_V": 0.1}},
     "substrate.nucleation_overpotential_V: got 0.1, must not stand beside nuclei_per_um2, which follows from it"),
    ({"substrate.preset": "Li foli"}, 'did you mean "Li foil"?'),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "line"), LINES, ids=range(len(LINES)))
def test_one_clear_line(changes: dict[str, Any], line: str) -> None:
    with pytest.raises(UserError) as caught:
        Parameters.from_dict(changed(**changes))
    assert len(caught.value.lines) == 1, caught.value.lines
    assert line in caught.value.lines[0]


def test_a_rounded_noise_volume_is_told() -> None:
    told = advice.warnings(study(**{"surface.noise_volume_um3": 0.0105}))
    assert told[0] == "surface.noise_volume_um3: got 0.0105, 0.01562 um^3 is used, the voxel in 1 part"
    assert not any("is used" in line for line in advice.warnings(study(**{"surface.noise_volume_um3": 1e-4})))
