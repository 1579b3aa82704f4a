"""Parameters: what is read, and the one clear line that each kind of mistake gets."""

import copy
import json
import math
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kmc_li
from kmc_li import Parameters, UserError
from kmc_li.study import presets
from kmc_li.study.parameters import explain
from kmc_li.study.sections import MAX_VOXELS

STUDY: dict[str, Any] = {
    "title": "a study",
    "lattice": {"nx": 16, "ny": 16, "nz": 96, "voxel_um": 0.25},
    "electrolyte": {"conductivity_S_m": 4e-4, "charge_transfer_resistance_ohm_cm2": 20.0},
    "plating": {"current_density_mA_cm2": "1 mA/cm^2"},
    "layer": {"preset": "BaTiO3/PVDF composite", "thickness_um": "8 um", "unscreened_share": 0.01},
    "stop": {"capacity_mAh_cm2": 1},
}


def changed(**changes: Any) -> dict[str, Any]:
    """STUDY with dotted keys changed, unchecked."""
    data = copy.deepcopy(STUDY)
    for key, value in changes.items():
        section, _, inner = key.partition(".")
        if inner:
            data.setdefault(section, {})[inner] = value
        else:
            data[section] = value
    return data


def errors(data: Any) -> list[str]:
    with pytest.raises(UserError) as caught:
        Parameters.from_dict(data)
    return str(caught.value).splitlines()


def error(key: str, value: Any) -> str:
    found = errors(changed(**{key: value}))
    assert len(found) == 1, found
    return found[0]


def test_reads_numbers_texts_and_presets() -> None:
    p = Parameters.from_dict(STUDY)
    assert p.layer is not None
    assert (p.layer.thickness_um, p.layer.modulus_GPa, p.layer.d33_pC_N) == (8.0, 1.0, 5.7)
    assert type(p.stop.capacity_mAh_cm2) is float
    assert p.metal.hardness_MPa == 315.0
    same = changed(**{"lattice": {"size_um": ["4 um", 4, "24000 nm"]}, "plating.current_density_mA_cm2": "10 A/m²"})
    assert Parameters.from_dict(same) == p
    assert Parameters.from_dict(changed(**{"lattice.nx": np.int64(16), "lattice.voxel_um": np.float64(0.25)})) == p
    assert Parameters.from_dict(changed(**{"lattice.nx": 16.0})) == p


def test_explicit_keys_override_the_preset_and_the_source_says_so() -> None:
    p = Parameters.from_dict(changed(**{"layer.modulus_GPa": "3 GPa", "metal": {"preset": "Na", "hardness_MPa": 9}}))
    assert p.layer is not None
    assert (p.layer.modulus_GPa, p.layer.poisson_ratio, p.metal.hardness_MPa) == (3.0, 0.35, 9.0)
    assert p.layer.source.endswith("given in the study: modulus_GPa")
    assert p.metal.source.endswith("given in the study: hardness_MPa")
    assert p.metal.molar_volume_cm3_mol == 23.7


def test_round_trip() -> None:
    for data in (STUDY, changed(layer=None), changed(stop={"events": 10, "time_s": "1 h"})):
        p = Parameters.from_dict(data)
        through_json = json.loads(json.dumps(p.to_dict(), allow_nan=False))
        assert Parameters.from_dict(through_json) == p
        assert pickle.loads(pickle.dumps(p)) == p
        assert Parameters.from_dict(p.to_dict()).to_dict() == p.to_dict()


def test_replace() -> None:
    p = Parameters.from_dict(changed(**{"metal": {"hardness_MPa": 9.0}}))
    q = p.replace(**{"layer.preset": "inert", "metal.preset": "Na", "lattice.size_um": [2, 4, 24]})
    assert q.layer is not None and p.layer is not None
    assert (q.layer.d33_pC_N, q.layer.thickness_um, q.layer.source) == (0.0, 8.0, presets.LAYERS["inert"].source)
    assert (q.metal.molar_volume_cm3_mol, q.metal.hardness_MPa) == (23.7, 9.0)
    assert (q.lattice.nx, q.lattice.ny, q.lattice.nz) == (8, 16, 96)
    assert p.layer.d33_pC_N == 5.7 and p.replace() == p
    assert p.replace(layer=None).layer is None
    assert p.replace(layer=None).replace(layer=p.to_dict()["layer"]) == p
    with pytest.raises(UserError, match="layer.thicknes: unknown key, did you mean thickness_um"):
        p.replace(**{"layer.thicknes": 3})
    with pytest.raises(UserError, match="nothing: unknown key"):
        p.replace(**{"nothing.at.all": 3})
    with pytest.raises(UserError, match=r"layer\.modulus_GPa: missing"):
        p.replace(layer=None).replace(**{"layer.thickness_um": 3})


def test_frozen() -> None:
    p = Parameters.from_dict(STUDY)
    with pytest.raises(ValueError, match="frozen"):
        p.plating.strip = False  # type: ignore[misc]


LINES = [
    ("plating.curent_density_mA_cm2", 1, "plating.curent_density_mA_cm2: unknown key, did you mean current_density_mA_cm2?"),
    ("colour", 1, "colour: unknown key, the study has title, description, metal, lattice, electrolyte, plating, hops"),
    ("field.zzz", 1, "field.zzz: unknown key, the section [field] has method, tolerance, top_gap_voxels, samples"),
    ("line\nbreak", 1, "'line\\nbreak': unknown key"),
    ("plating.current_density_mA_cm2", "1 mA/kg",
     "plating.current_density_mA_cm2: got '1 mA/kg', must be a current density (mA/cm^2), at least 1e-09 and at most "
     "1e+06, for example \"1 mA/cm^2\" ('mA/kg' is not of the kind of 'mA/cm^2')"),
    ("plating.current_density_mA_cm2", -1, "got -1, must be a current density (mA/cm^2), at least 1e-09"),
    ("plating.current_density_mA_cm2", "1", "(no unit given)"),
    ("plating.kinetics", "linar", 'got \'linar\', must be one of "linear", "butler-volmer", "uniform", "none"; did you mean "linear"?'),
    ("plating.alpha_cathodic", 0, "plating.alpha_cathodic: got 0, must be a transfer coefficient, at least 0.01"),
    ("plating.control", "potential", 'must be one of "galvanostatic", "potentiostatic"'),
    ("plating.control", "potentiostatic",
     'plating.overpotential_V: got nothing, must be given for plating.control = "potentiostatic"'),
    ("plating.overpotential_V", "50 mV",
     'plating.overpotential_V: got 0.05, must be left out unless plating.control = "potentiostatic"'),
    ("plating", {"current_density_mA_cm2": 1, "control": "potentiostatic", "overpotential_V": 0},
     "plating.overpotential_V: got 0, must be a voltage (V), at least 1e-09"),
    ("plating", {"current_density_mA_cm2": 1, "control": "potentiostatic", "overpotential_V": "50 mA"},
     "plating.overpotential_V: got '50 mA', must be a voltage (V)"),
    ("plating", {"current_density_mA_cm2": 1, "control": "potentiostatic", "overpotential_V": 1, "breakdown_exponent": 2},
     'plating.breakdown_exponent: got 2, must be 1 where the potential is held'),
    ("plating.strip", "yes", "plating.strip: got 'yes', must be true or false"),
    ("plating.strip", 1, "plating.strip: got 1, must be true or false"),
    ("layer.thickness_um", -8, "layer.thickness_um: got -8, must be a length (um), at least 0.0001"),
    ("layer.thickness_um", "-8 um", "layer.thickness_um: got '-8 um', must be a length"),
    ("layer.thickness_um", math.nan, "layer.thickness_um: got nan, must be a length"),
    ("layer.thickness_um", math.inf, "layer.thickness_um: got inf, must be a length"),
    ("layer.thickness_um", True, "layer.thickness_um: got true, must be a length"),
    ("layer.thickness_um", [8], "layer.thickness_um: got [8], must be a length"),
    ("layer.thickness_um", "8 furlong", "unknown unit 'furlong'"),
    ("layer.thickness_um", 40, "layer.thickness_um: got 40, must be at most 23 to fit the box (24 um high"),
    ("layer.stressed_depth_um", 9, "layer.stressed_depth_um: got 9, must be at most the thickness of 8 um"),
    ("layer.unscreened_share", 1.5, "layer.unscreened_share: got 1.5, must be a share, at least 0 and at most 1"),
    ("layer.orientation", 0, "layer.orientation: got 0, must be one of -1, 1"),
    ("layer.orientation", True, "layer.orientation: got true, must be one of -1, 1"),
    ("layer.preset", "BaTO3 ceramic", 'did you mean "BaTiO3 ceramic"?'),
    ("layer.preset", 3, "layer.preset: got 3, must be one of"),
    ("layer", 3, "layer: got 3, must be a section with keys"),
    ("metal.preset", "Lithium", 'metal.preset: got \'Lithium\', must be one of "Li", "Na", "K", "Mg", "Zn", "Cu"'),
    ("lattice.nx", 10**6, "lattice.nx: got 1000000, must be a whole number from 1 to 4096"),
    ("lattice.nz", 10**6, "lattice.nz: got 1000000, must be a whole number from 1 to 65536"),
    ("lattice.ny", 0, "lattice.ny: got 0, must be a whole number from 1 to 4096"),
    ("lattice.ny", 1.5, "lattice.ny: got 1.5, must be a whole number"),
    ("lattice.ny", math.nan, "lattice.ny: got nan, must be a whole number"),
    ("lattice.ny", 10**5000, "lattice.ny: got a value too long to print, must be a whole number"),
    ("lattice.voxel_um", 10**5000, "lattice.voxel_um: got a value too long to print, must be a length"),
    ("lattice", {"nx": 4096, "ny": 4096, "nz": 65536}, f"1099511627776 voxels, must be at most {MAX_VOXELS}"),
    ("lattice", {"size_um": [16, 16]}, "lattice.size_um: got [16, 16], must be three lengths (um)"),
    ("lattice", {"size_um": [16, 16, 48.1]}, "must be whole numbers of voxels of 0.25 um"),
    ("lattice", {"size_um": [16, 16, "1 A"]}, "got [16, 16, '1 A'], must be three lengths"),
    ("lattice", {"size_um": [16, 16, math.inf]}, "lattice.size_um: got [16, 16, inf], must be three lengths"),
    ("lattice", {"size_um": [16, 16, 48], "nx": 4}, "must not stand beside nx, ny, nz"),
    ("lattice", {"size_um": [1e6, 4, 48]}, "lattice.nx: got 4000000, must be a whole number from 1 to 4096"),
    ("field.top_gap_voxels", 96, "field.top_gap_voxels: got 96, must be below lattice.nz, 96"),
    ("stop", {}, "stop: got nothing, must be at least one of capacity_mAh_cm2, time_s, height_um, events"),
    ("stop.capacity_mAh_cm2", 10, "stop.capacity_mAh_cm2: got 10, must be at most 4.453 for the dense deposit"),
    ("stop.capacity_mAh_cm2", 1e-6, "must be at least 0.0002013, the charge of one voxel"),
    ("metal", {"molar_volume_cm3_mol": 5e-324}, "metal.molar_volume_cm3_mol: got 5e-324, must be a molar volume"),
    ("stop", {"time_s": "10 h"}, "stop.time_s: got 36000, must be at most 1.603e+04 for the dense deposit"),
    ("stop.height_um", 25, "stop.height_um: got 25, must be at most the box height of 24 um"),
    ("stop.events", 0, "stop.events: got 0, must be a whole number from 1"),
    ("title", 3, "title: got 3, must be a text"),
    ("hops", [1], "hops: got [1], must be a section with keys"),
    ("electrolyte", {"conductivity_S_m": 1}, "electrolyte.charge_transfer_resistance_ohm_cm2: missing, must be an area"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value", "line"), LINES, ids=range(len(LINES)))
def test_one_clear_line(key: str, value: Any, line: str) -> None:
    assert line in error(key, value)


def test_butler_volmer_needs_a_resistance_that_holds_its_slope() -> None:
    plating = {"current_density_mA_cm2": 1, "kinetics": "butler-volmer"}
    key = "electrolyte.charge_transfer_resistance_ohm_cm2"
    slope = "must be at least 25.69, RT/((alpha_c + alpha_a) F i0) of Butler-Volmer kinetics"
    with_i0 = {"plating": plating, "electrolyte.exchange_current_density_mA_cm2": 1}
    assert errors(changed(**with_i0)) == [f"{key}: got 20, {slope}"]
    assert errors(changed(**{"plating": plating, key: 0})) == [
        f"{key}: got 0, must be above 0 for Butler-Volmer kinetics unless i0 is given"
    ]
    p = Parameters.from_dict(changed(**{"plating": plating}))
    assert p.exchange_current_density_A_m2 == pytest.approx(0.0256926 / 20e-4, rel=1e-5)
    assert p.method == "guided"


def test_an_exponent_that_rates_cannot_follow() -> None:
    """One voxel may draw the current of all columns: its power must be a number that a float32 holds."""
    with_exponent = {"lattice.nx": 128, "lattice.ny": 128, "plating.breakdown_exponent": 8}
    assert errors(changed(**with_exponent)) == [
        "plating.breakdown_exponent: got 8, must be at most 7.143 for 128 x 128 columns: rates would differ by more than "
        "the engine can hold"
    ]
    assert Parameters.from_dict(changed(**with_exponent | {"plating.breakdown_exponent": 7}))


def test_a_long_time_is_fine_where_something_else_stops_first() -> None:
    assert Parameters.from_dict(changed(**{"stop.time_s": 1e9})).stop.time_s == 1e9


def test_missing_sections_say_what_they_need() -> None:
    assert errors({}) == [
        "electrolyte: missing, the section [electrolyte] must be given: the electrolyte and its interface (it needs "
        "conductivity_S_m, charge_transfer_resistance_ohm_cm2)",
        "plating: missing, the section [plating] must be given: the plating current (it needs current_density_mA_cm2)",
        "stop: missing, the section [stop] must be given: when a run ends",
    ]
    assert errors([1]) == ["the study: must be a table of sections"]


def test_all_errors_at_once() -> None:
    """Also those between sections, beside an unknown key and a wrong value elsewhere."""
    found = errors(changed(**{
        "layer.thickness_um": 40, "layer.zzz": 1, "hops.temperature_K": "1 mA", "stop.height_um": 30,
        "lattice.nx": "four", "lattice.ny": -1, "output.snapshots": None,
    }))  # fmt: skip
    assert [line.split(":")[0] for line in found] == [
        "lattice.nx", "lattice.ny", "hops.temperature_K", "layer.zzz", "output.snapshots",
    ]  # fmt: skip
    found = errors(changed(**{"layer.thickness_um": 40, "stop.height_um": 30, "layer.zzz": 1, "bar": 2}))
    assert [line.split(":")[0] for line in found] == ["layer.zzz", "bar", "layer.thickness_um", "stop.height_um"]


def test_toml_file(tmp_path: Path) -> None:
    good = tmp_path / "study.toml"
    text = presets.study_path("piezo").read_text(encoding="utf-8")
    good.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())  # as an editor on Windows may write it
    assert Parameters.from_toml(good) == Parameters.from_toml(str(presets.study_path("piezo")))


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"title = ", "is not TOML: Invalid value"),
        (b"voxel = 0,25", "is not TOML: "),
        (b"a = " + b"9" * 5000, "is not TOML: "),
        (b"a = " + b"[" * 20000, "is not TOML: "),
        (b"\xff\xfe\x00", "is no text file"),
        (b"#" * 1_000_001, "must be a TOML file of less than 1 MB"),
        (b"", "electrolyte: missing"),
        (b"[stop]\nevents = 0x" + b"f" * 9999, "stop.events: got a value too long to print"),
        (b"[layer]\nthickness_um = 2020-01-01", "layer.thickness_um: got datetime.date(2020, 1, 1)"),
        (b"[plating]\nstrip = nan", "plating.strip: got nan, must be true or false"),
    ],
)
def test_bad_files(tmp_path: Path, content: bytes, line: str) -> None:
    path = tmp_path / "study.toml"
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        Parameters.from_toml(path)
    assert line in str(caught.value)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nowhere.toml: no such file"):
        Parameters.from_toml(tmp_path / "nowhere.toml")
    with pytest.raises(UserError, match="is no study file"):
        Parameters.from_toml(tmp_path)
    with pytest.raises(UserError, match="cannot be read: Not a directory"):
        (tmp_path / "file").write_text("")
        Parameters.from_toml(tmp_path / "file" / "study.toml")
    with pytest.raises(UserError):
        Parameters.from_toml("a\0b")
    with pytest.raises(UserError, match="cannot be read: File name too long"):
        Parameters.from_toml("a" * 5000)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match="is no study file"):
        Parameters.from_toml(tmp_path / "pipe")


def test_user_error_survives_a_process_boundary() -> None:
    error = pickle.loads(pickle.dumps(UserError("a: one", "b: two")))
    assert (str(error), error.lines) == ("a: one\nb: two", ("a: one", "b: two"))


def test_explain_names_every_key() -> None:
    text = explain()
    for key in ("capacity_mAh_cm2", "top_gap_voxels", "d33_pC_N", "breakdown_exponent"):
        assert f"  {key} = " in text
    assert 'a length (um), at least 0.0001 and at most 1e+06, for example "8 um"' in text
    assert "noise_reduction_hits = 1\n" in text and "strip = true\n" in text


def test_import_is_light_and_lazy() -> None:
    program = (
        "import sys, kmc_li; heavy = {'numba', 'matplotlib', 'scipy', 'h5py', 'pydantic'} & set(sys.modules);"
        "assert not heavy, heavy; kmc_li.Parameters;"
        "heavy = {'numba', 'matplotlib', 'h5py'} & set(sys.modules); assert not heavy, heavy;"
        "assert {'simulate', 'load_run', 'Run', 'morphology'} <= set(dir(kmc_li))"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = kmc_li.nothing
