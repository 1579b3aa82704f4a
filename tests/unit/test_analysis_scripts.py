"""The scripts of analysis/, run as a researcher runs them, on runs read back from disk."""

import json
import runpy
import sys
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import synthetic

from kmc_li import morphology as m
from kmc_li.report.statistics import mean_band, ratio_band
from kmc_li.storage.run import pack
from kmc_li.storage.store import History, RunFolder

SCRIPTS = Path(__file__).resolve().parents[2] / "analysis"
NAMES = ("roughness", "porosity", "thickness", "compare")


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


def store(run, path):
    """A run folder that holds a run made in memory."""
    rows = [
        dict(zip(run.series, map(float, row), strict=True)) for row in zip(*run.series.values(), strict=True)
    ]
    history = History(rows=rows, snapshots=[(rows[-1]["areal_capacity_mAh_cm2"], pack(run.occupancy))])
    with RunFolder.create(path, run.parameters, run.seed) as folder:
        folder.commit(history, run.occupancy, ({"occupancy": run.occupancy}, {"time_s": 1.0}), 1)


@pytest.fixture(scope="module")
def groups():
    return synthetic.synthetic_groups(("bare", "piezo"), seeds=2)


@pytest.fixture(scope="module")
def folder(groups, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs")
    for label, runs in groups.items():
        (out / label).mkdir()
        for run in runs:
            store(run, out / label / f"seed-{run.seed:04d}")
    return out


@pytest.fixture
def script(capsys, monkeypatch):
    """Runs a script with arguments as `python analysis/NAME.py ...` does: exit code, output, errors."""

    def run(name, *words):
        path = str(SCRIPTS / f"{name}.py")
        monkeypatch.setattr(sys, "argv", [path, *map(str, words)])
        code = 0
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                runpy.run_path(path, run_name="__main__")
            except SystemExit as end:
                code = end.code or 0
        return Done(code, *capsys.readouterr())

    return run


def test_scripts_print_the_numbers_of_the_package(script, folder, groups):
    edge = 0.25
    measures = {
        "roughness": ("Sq", lambda run: m.roughness(m.height_map(run.occupancy) * edge).Sq),
        "porosity": ("porosity", lambda run: m.porosity(run.occupancy)),
        "thickness": ("thickness", lambda run: m.thickness(run.occupancy) * edge),
    }
    for name, (key, measure) in measures.items():
        done = script(name, folder, "--json")
        assert (done.returncode, done.stderr) == (0, "")
        found = json.loads(done.stdout)
        for label, runs in groups.items():
            expected = mean_band([measure(run) for run in runs])
            assert found[label][key] == pytest.approx(expected._asdict())


def test_compare_prints_the_ratio(script, folder, groups):
    thick = {k: [float(run.series["thickness_um"][-1]) for run in runs] for k, runs in groups.items()}
    done = script("compare", folder, "--json", "--measured", "bare", "piezo", "1.73")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)["thickness_ratios"]["bare / piezo"]
    assert found == pytest.approx(ratio_band(thick["bare"], thick["piezo"])._asdict())


@pytest.mark.parametrize("name", NAMES)
def test_tables_and_figures(script, folder, tmp_path, name):
    figure = tmp_path / f"{name}.png"
    done = script(name, folder / "bare", folder / "piezo" / "seed-0000", "-o", figure)
    assert (done.returncode, done.stderr) == (0, "")
    assert "bare" in done.stdout and "piezo" in done.stdout and "Student t" in done.stdout
    assert figure.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", NAMES)
def test_bad_input_is_one_line_and_code_2(script, folder, tmp_path, name):
    (tmp_path / "empty").mkdir()
    cases = [[tmp_path / "nothing"], [tmp_path / "empty"], [folder, "-o", tmp_path / "figure.gif"]]
    if name == "compare":
        cases += [[folder, "--measured", "bare", "gold", "1"], [folder, "--measured", "bare", "piezo", "big"]]
    for words in cases:
        done = script(name, *words)
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1 and "Traceback" not in done.stderr
        assert done.stdout == ""


@pytest.mark.parametrize("name", NAMES)
def test_help_teaches(script, name):
    said = script(name, "--help").stdout
    assert f"python analysis/{name}.py kmc_li_demo" in said
    assert "run folders, or folders of runs" in said


def test_a_flat_film_has_no_hurst_exponent_and_no_error(script, tmp_path):
    run = synthetic.synthetic_run("bare", 0)
    flat = np.zeros_like(run.occupancy)
    flat[:, :, :3] = True
    store(type(run)(**{**vars(run), "occupancy": flat}), tmp_path / "flat")
    for name in ("roughness", "porosity", "thickness"):
        done = script(name, tmp_path / "flat", "--json")
        assert (done.returncode, done.stderr) == (0, "")
    (found,) = json.loads(script("roughness", tmp_path / "flat", "--json").stdout).values()
    assert found["Sq"]["mean"] == 0
    assert found["Hurst exponent"]["mean"] is None


def test_cycles(script, tmp_path):
    for name in ("bare", "piezo"):
        for seed in range(2):
            store(run := synthetic.cycled_run(name, seed), tmp_path / name / f"seed-{seed:04d}")
    done = script("cycles", tmp_path, "--json", "-o", tmp_path / "c.svg")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["piezo"]["coulombic_efficiency"]
    assert len(found) == 2 and found[0]["n"] == 2, "a stored run that is not finished: its last step may go on"
    assert found[1]["low"] < run.cycles["coulombic_efficiency"][1] < found[1]["high"]
    assert (tmp_path / "c.svg").stat().st_size > 10_000
    assert "efficiency" in script("cycles", tmp_path / "bare").stdout


def test_cycles_of_runs_without_any_are_refused(script, folder):
    done = script("cycles", folder)
    assert done.returncode == 2 and "[protocol]" in done.stderr and done.stderr.count("\n") == 1 and done.stdout == ""
