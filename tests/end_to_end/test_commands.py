"""Every verb on the tiny study, with the real engine: what it prints, writes and repeats."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from kmc_li import load_run
from kmc_li.report.summary import metrics
from kmc_li.storage.store import find_runs
from kmc_li.study.presets import studies_folder

CHECKOUT = Path(__file__).parents[2]
SCRIPT = Path(sys.executable).parent / "kmc-li"


@pytest.fixture(scope="module")
def results(shared):
    """One run and, with the same seeds, ensembles by one and by two workers."""
    shared.ran = shared.ok("run", "tiny", "-o", "run", "--seed", "1")
    for jobs in (1, 2):
        shared.ok("ensemble", "tiny", "--seeds", "3", "--jobs", jobs, "-o", f"jobs{jobs}/tiny")
    return shared


def hashes(terminal, folder):
    """Seed -> state_sha256 of the runs below a folder."""
    return {run.seed: run.state_sha256 for run in map(load_run, find_runs(terminal.folder / folder))}


def test_a_run_tells_its_numbers_its_results_and_what_is_next(results):
    out = results.ran
    places = [
        out.index(word) for word in ("W/R", "thickness (um)", "state sha256", "kmc-li analyze run --json")
    ]
    assert places == sorted(places)
    assert "fitted, not measured: unscreened share s" in out


def test_a_terminal_sees_charge_speed_and_time_left(results):
    """On a terminal there is a bar; its lines are redrawn in place."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    words = [str(SCRIPT), "ensemble", "tiny", "--seeds", "1", "-o", "seen"]
    done = subprocess.run(words, cwd=results.folder, stdout=subprocess.PIPE, stderr=theirs, timeout=240)
    os.close(theirs)
    shown = os.read(ours, 100_000).decode()
    assert done.returncode == 0, shown
    assert re.search(r"\d+%\|.*\| \d\.\d{3} mAh/cm2, [\d,]+ events/s \[\d\d:\d\d<", shown), shown


def test_a_run_is_what_the_api_loads(results):
    run = load_run(results.folder / "run")
    assert run.finished == "capacity" and run.seed == 1 and run.occupancy.shape == (8, 8, 32)
    series = run.series
    assert len(series["time_s"]) == run.parameters.output.series_points + 1
    assert len(run.snapshots) == run.parameters.output.snapshots
    # Faraday: charge in voxels is the deposit, exactly
    assert (
        run.occupancy.sum() == run.parameters.target_voxels == series["plated"][-1] - series["stripped"][-1]
    )
    assert series["areal_capacity_mAh_cm2"][-1] == pytest.approx(0.5, abs=0.5 / run.occupancy.sum())
    assert (np.diff(series["time_s"]) > 0).all()
    for name, value in metrics(run).items():
        assert series[name][-1] == pytest.approx(value), name
    assert run.report["field_tv_worst"] is not None


def test_the_files_open_without_kmc_li(results):
    with h5py.File(results.folder / "run" / "segments" / "000000.h5") as file:
        rows = file["series/thickness_um"][()]
        bits = np.unpackbits(file["occupancy"][()])
    manifest = json.loads((results.folder / "run" / "run.json").read_text())
    run = load_run(results.folder / "run")
    assert np.array_equal(rows, run.series["thickness_um"])
    assert np.array_equal(bits.reshape(8, 8, 32), run.occupancy)
    assert manifest["seed"] == 1 and manifest["parameters"]["lattice"]["nx"] == 8


def test_one_seed_gives_the_same_bits_with_any_number_of_workers(results):
    one, two, single = (hashes(results, name) for name in ("jobs1", "jobs2", "run"))
    assert one == two and list(one) == [0, 1, 2] and len(set(one.values())) == 3
    assert single[1] == one[1]


def test_an_ensemble_again_does_nothing_twice(results):
    before = results.files()
    out = results.ok("ensemble", "tiny", "--seeds", "3", "-o", "jobs2/tiny")
    assert "tiny  3" in out and results.files() == before


def test_analyze(results):
    out = results.ok("analyze", "jobs2")
    assert out.splitlines()[1].split()[:2] == ["tiny", "3"] and "Student t" in out
    content = json.loads(results.ok("analyze", "jobs2", "--json"))
    band = content["tiny"]["bands"]["thickness_um"]
    assert band["low"] < band["mean"] < band["high"] and band["n"] == 3
    told = {run["seed"]: run["state_sha256"] for run in content["tiny"]["runs"]}
    assert told == hashes(results, "jobs2")


@pytest.mark.parametrize("name", ["f.png", "f.pdf", "f.svg"])
def test_compare(results, name):
    out = results.ok("compare", "jobs1/tiny", "run", "-o", name)
    assert name in out and (results.folder / name).stat().st_size > 5_000


def test_validate(results):
    for study in ("bare", "inert", "piezo", "anti_poled", "screened", "literature", "tiny"):
        assert "is valid" in results.ok("validate", study)


def test_scripts_to_copy(results):
    """The scripts give the bits that the commands give."""
    study = results.write("my.toml", (studies_folder() / "tiny.toml").read_text())
    for _ in range(2):
        answer = results.script("runs/run.py", study, "-o", "script/run", "--seed", "1")
        assert answer.code == 0 and "ended by capacity" in answer.out, answer
    assert hashes(results, "script/run")[1] == hashes(results, "run")[1]
    answer = results.script("runs/ensemble.py", study, "--seeds", "2", "-o", "script/many")
    assert answer.code == 0 and "my  2" in answer.out, answer
    key = "layer.unscreened_share"
    answer = results.script("runs/sweep.py", study, key, "0", "0.02", "--seeds", "2", "-o", "script/sweep")
    assert answer.code == 0 and f"{key}=0.02  2" in answer.out, answer
    shares = {
        run.parameters.layer.unscreened_share
        for run in map(load_run, find_runs(results.folder / "script/sweep"))
    }
    assert shares == {0.0, 0.02}


@pytest.mark.parametrize("words", [["run.py"], ["ensemble.py"], ["sweep.py", "layer.thickness_um", "4"]])
def test_scripts_say_what_is_wrong(results, words):
    script, *rest = words
    answer = results.script(f"runs/{script}", "missing.toml", *rest, "-o", "x")
    assert answer.code != 0 and answer.err == "missing.toml: no such file\n"


def test_array_script_runs_and_goes_on(results):
    """Each task of the array is a run of its own seed; submitted again, finished ones end at once."""
    words = ["bash", str(CHECKOUT / "runs" / "slurm_array.sh"), "tiny", "array"]
    path = f"{SCRIPT.parent}{os.pathsep}{os.environ['PATH']}"
    for expected in ("ended by capacity; seed 1", "is finished already"):
        environment = os.environ | {"SLURM_ARRAY_TASK_ID": "1", "PATH": path}
        done = subprocess.run(words, cwd=results.folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0 and expected in done.stdout, done
    assert hashes(results, "array")[1] == hashes(results, "run")[1]
