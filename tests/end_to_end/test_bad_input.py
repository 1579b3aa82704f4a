"""Bad input as users give it: one clear line for each mistake, exit code 2, nothing written, no traceback."""

import json
import os

import pytest
from fake_simulation import install

from kmc_li.running.driver import simulate
from kmc_li.storage.manifest import Manifest, sealed
from kmc_li.study.parameters import Parameters
from kmc_li.study.presets import studies_folder

TINY = (studies_folder() / "tiny.toml").read_text()


def refused(terminal, *words, lines=1):
    """Types a command that must be refused; what it said."""
    before = terminal.files()
    answer = terminal(*words)
    assert answer.code == 2, answer
    assert answer.out == ""
    assert lines is None or answer.err.count("\n") == lines, answer.err
    assert all(line.startswith("kmc-li") for line in answer.err.splitlines())
    assert "Traceback" not in answer.err
    assert terminal.files() == before
    return answer.err


def changed(old, new):
    """The tiny study with a line changed."""
    assert old in TINY
    return TINY.replace(old, new)


STUDIES = {
    "unknown key": (changed("nx = 8", "nx = 8\nmx = 8"), "lattice.mx"),
    "unknown section": (TINY + "\n[magic]\nx = 1\n", "magic"),
    "wrong unit": (changed("thickness_um = 8.0", 'thickness_um = "8 kg"'), "layer.thickness_um: got '8 kg'"),
    "no unit at all": (
        changed("thickness_um = 8.0", 'thickness_um = "thick"'),
        "layer.thickness_um: got 'thick'",
    ),
    "negative thickness": (
        changed("thickness_um = 8.0", "thickness_um = -8.0"),
        "layer.thickness_um: got -8",
    ),
    "not a number": (
        changed("capacity_mAh_cm2 = 0.5", "capacity_mAh_cm2 = nan"),
        "stop.capacity_mAh_cm2: got nan",
    ),
    "infinite": (
        changed("capacity_mAh_cm2 = 0.5", "capacity_mAh_cm2 = inf"),
        "stop.capacity_mAh_cm2: got inf",
    ),
    "layer above the box": (changed("thickness_um = 8.0", "thickness_um = 80.0"), "layer"),
    "a million voxels": (changed("nx = 8", "nx = 1_000_000"), "lattice.nx: got 1000000"),
    "a text for a number": (changed("nx = 8", 'nx = "eight"'), "lattice.nx: got 'eight'"),
    "unknown preset": (changed('preset = "Li"', 'preset = "Unobtainium"'), "metal.preset"),
    "more than the box holds": (changed("capacity_mAh_cm2 = 0.5", "capacity_mAh_cm2 = 50"), "capacity"),
    "no potential to hold": (
        TINY.replace("[plating]", '[plating]\ncontrol = "potentiostatic"'),
        "plating.overpotential_V: got nothing",
    ),
    "no stop": (changed("capacity_mAh_cm2 = 0.5", ""), "stop"),
    "not TOML": ("nx: 8\n", "is not TOML"),
    "binary": ("\0\1\2", "is not TOML"),
}


@pytest.mark.parametrize("name", STUDIES)
def test_bad_studies(terminal, name):
    text, expected = STUDIES[name]
    terminal.write("study.toml", text)
    assert expected in refused(terminal, "validate", "study.toml")


@pytest.mark.parametrize("verb", ["run", "ensemble"])
def test_bad_studies_are_not_run(terminal, verb):
    terminal.write("study.toml", STUDIES["a million voxels"][0])
    words = ["--seeds", "2"] if verb == "ensemble" else []
    assert "lattice.nx" in refused(terminal, verb, "study.toml", *words, "-o", "out")


def test_an_empty_study_says_what_is_missing(terminal):
    terminal.write("study.toml", "")
    said = refused(terminal, "validate", "study.toml", lines=None)
    assert all(section in said for section in ("electrolyte", "plating", "stop"))


def test_all_mistakes_of_a_study_at_once(terminal):
    text = (
        TINY.replace("nx = 8", "nx = 0").replace("thickness_um = 8.0", 'thickness_um = "8 V"') + "\n[magic]\n"
    )
    terminal.write("study.toml", text)
    said = refused(terminal, "run", "study.toml", "-o", "out", lines=3)
    assert "lattice.nx" in said and "layer.thickness_um" in said and "magic" in said


def test_studies_that_are_not_there(terminal):
    assert "no.toml: no such file" in refused(terminal, "run", "no.toml", "-o", "out")
    assert "no study of this name" in refused(terminal, "run", "pizeo", "-o", "out")
    (terminal.folder / "folder").mkdir()
    assert "folder" in refused(terminal, "run", "folder", "-o", "out")


@pytest.fixture
def run_folder(terminal, monkeypatch):
    """A run folder in the terminal's folder (its content does not matter here)."""
    install(monkeypatch)
    simulate(Parameters.from_toml(studies_folder() / "tiny.toml"), 0, terminal.folder / "run")
    return terminal.folder / "run"


def test_output_folders_that_are_taken(terminal, run_folder):
    assert "already holds a run" in refused(terminal, "run", "tiny", "-o", "run")
    (terminal.folder / "thesis").mkdir()
    terminal.write("thesis/chapter.tex", "")
    assert "thesis is not empty" in refused(terminal, "run", "tiny", "-o", "thesis")
    assert "is a file" in refused(terminal, "run", "tiny", "-o", "thesis/chapter.tex")
    assert "is not empty" in refused(terminal, "demo", "-o", "thesis")
    assert "single run" in refused(terminal, "ensemble", "tiny", "--seeds", "1", "-o", "run")


def test_folders_that_are_no_runs(terminal):
    (terminal.folder / "empty").mkdir()
    for verb in ("resume", "analyze"):
        assert "holds no run" in refused(terminal, verb, "empty")
        assert "no such folder" in refused(terminal, verb, "nowhere")
    assert "holds no run" in refused(terminal, "compare", "empty", "-o", "f.png")
    terminal.write("empty/run.json", '{"name": "a web project"}')
    for verb in ("resume", "analyze"):
        assert "holds no run of kmc_li" in refused(terminal, verb, "empty")


def test_a_run_of_another_version(terminal, run_folder):
    file = run_folder / "run.json"
    content = json.loads(file.read_text())
    file.write_text(json.dumps(content | {"format_version": 7}))
    for verb in ("resume", "analyze"):
        assert "has run format 7" in refused(terminal, verb, "run")
    content.pop("manifest_sha256")
    old = Manifest.model_validate(content)
    unfinished = {"provenance": {"kmc_li": "0.0.1"}, "finished": None}
    file.write_bytes(sealed(old.model_copy(update=unfinished)))
    assert "was begun by kmc_li 0.0.1" in refused(terminal, "resume", "run")


@pytest.mark.parametrize("name", ["run.json", "segments/000000.h5"])
def test_a_damaged_run(terminal, run_folder, name):
    data = bytearray((run_folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (run_folder / name).write_bytes(data)
    for verb in ("resume", "analyze"):
        assert "damaged" in refused(terminal, verb, "run")


def test_figures_that_cannot_be_written(terminal, run_folder):
    assert "must end in one of .png" in refused(terminal, "compare", "run", "-o", "figure.bmp")
    assert "does not exist" in refused(terminal, "compare", "run", "-o", "nowhere/figure.png")


def test_a_place_that_cannot_be_written(terminal):
    place = "/proc/kmc_li" if os.path.isdir("/proc") else "/kmc_li"
    answer = terminal("run", "tiny", "-o", place)
    assert answer.code == 2 and answer.err.count("\n") == 1 and f"cannot write {place}" in answer.err


@pytest.mark.parametrize(
    "words", [["run"], ["run", "tiny"], ["fly"], ["demo", "--seeds", "many"], ["--speed"]]
)
def test_wrong_usage(terminal, words):
    assert "--help" in refused(terminal, *words)
