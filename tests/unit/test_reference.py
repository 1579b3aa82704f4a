"""`kmc-li parameters` and its page: every key is there, with the limits that reading a study enforces."""

import json
from pathlib import Path

import pytest
from small import LAYER, study

from kmc_li.cli import main
from kmc_li.errors import UserError
from kmc_li.study import reference
from kmc_li.study.parameters import Parameters
from kmc_li.study.presets import LAYERS, METALS

PAGE = Path(__file__).parents[2] / "docs" / "parameters.md"
MARK = "<!-- kmc-li parameters --markdown -->"
KEYS = reference.keys()
BASE = study(**LAYER)
PATCHES = {"resistance_spread": 0.3, "correlation_length_um": 1.0}
SEEDED = study(surface={}, substrate={}, interphase=PATCHES, **{"field.method": "auto"})
AGEING = {"time_constant_s": 60.0}
CYCLED = study(protocol={"steps": ["rest 1 s"]}, stop=None, ageing=AGEING, **{"field.method": "auto"})  # no [stop]


def test_every_key_of_a_filled_study_is_listed_once():
    listed = [(key.section, key.name) for key in KEYS]
    filled = {k: BASE.to_dict()[k] or SEEDED.to_dict()[k] or CYCLED.to_dict()[k] for k in BASE.to_dict()}
    held = [(s, k) for s, inner in filled.items() if isinstance(inner, dict) for k in inner]
    assert sorted(listed) == sorted([("", k) for k in filled if not isinstance(filled[k], dict)] + held)


@pytest.mark.parametrize("key", [k for k in KEYS if k.low is not None], ids=lambda k: f"{k.section}.{k.name}")
def test_the_limits_are_those_that_are_enforced(key):
    """Just outside, the study is refused with a line of this key that states the range."""
    dotted = f"{key.section}.{key.name}"
    base = next(p for p in (BASE, SEEDED, CYCLED) if getattr(p, key.section) is not None)
    for outside in (key.low - max(abs(key.low) * 1e-6, 1e-9), key.high + max(abs(key.high) * 1e-6, 1e-9)):
        with pytest.raises(UserError) as refused:
            base.replace(**{dotted: outside})
        assert any(line.startswith(f"{dotted}: got") and "must be" in line for line in refused.value.lines)
    for inside in (key.low, key.high):  # what other sections demand is told in other words
        try:
            base.replace(**{dotted: inside})
        except UserError as refused:
            told = f"a whole number from {key.low}" if key.type == "a whole number" else f"at least {key.low:g} and"
            assert not any(line.startswith(f"{dotted}: got") and told in line for line in refused.lines)


def test_defaults_are_those_of_a_study_that_leaves_them_out():
    least = {
        "electrolyte": {"conductivity_S_m": 1.0, "charge_transfer_resistance_ohm_cm2": 20.0},
        "plating": {"current_density_mA_cm2": 1.0},
        "layer": {"preset": "inert", "thickness_um": 8.0, "unscreened_share": 0.0},
        "stop": {"time_s": 1.0},
    }
    seeded = {key: SEEDED.to_dict()[key] for key in ("surface", "substrate", "interphase")}
    cycled = {key: CYCLED.to_dict()[key] for key in ("protocol", "ageing")}
    read = Parameters.from_dict(least).to_dict() | cycled | seeded
    least |= {"protocol": {"steps": ["rest 1 s"]}, "interphase": PATCHES, "ageing": AGEING}
    for key in KEYS:
        if key.section in least and key.name in least[key.section]:
            continue
        value = read[key.section][key.name] if key.section else read[key.name]
        if key.preset_values and key.section not in seeded:
            assert value == key.preset_values["Li" if key.section == "metal" else "inert"]
        elif key.name != "source":  # a preset brings its own
            assert value == key.default and not key.required, key


def test_required_is_what_cannot_be_left_out():
    with pytest.raises(UserError) as refused:
        Parameters.from_dict({"electrolyte": {}, "plating": {}, "layer": {"preset": "inert"}, "stop": {"events": 1}})
    with pytest.raises(UserError) as without_steps:
        CYCLED.replace(protocol={})
    with pytest.raises(UserError) as without_patches:
        SEEDED.replace(interphase={})
    lines = refused.value.lines + without_steps.value.lines + without_patches.value.lines
    missing = {line.partition(":")[0] for line in lines if "missing" in line}
    assert missing == {f"{key.section}.{key.name}" for key in KEYS if key.required}


def test_presets_are_all_there_with_their_sources(capsys):
    assert main(["parameters", "metal"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert all(f"source of {name}: {' '.join(metal.source.split())}" in told for name, metal in METALS.items())
    assert main(["parameters", "layer", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    d33 = next(key for key in found["keys"] if key["name"] == "d33_pC_N")
    assert d33["preset_values"] == {name: layer.d33_pC_N for name, layer in LAYERS.items()}
    assert d33["unit"] == "pC/N" and found["preset_sources"]["layer"]["inert"] == LAYERS["inert"].source


def test_an_unknown_section_gets_one_line(capsys):
    assert main(["parameters", "layers"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1
    assert "layers: is no section of a study, must be one of metal, lattice, electrolyte" in err


def test_lines_fit_a_terminal(capsys):
    main(["parameters"])
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 100


def test_the_page_holds_the_tables_of_the_command(capsys):
    main(["parameters", "--markdown"])
    assert PAGE.read_text().partition(MARK)[2].strip() == capsys.readouterr().out.strip(), (
        f"write what `kmc-li parameters --markdown` prints below {MARK} in docs/parameters.md"
    )
