"""Many runs: which are done, skipped, taken up; what is refused. Processes are tested end to end."""

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from fake_simulation import install, tiny

from kmc_li.errors import UserError
from kmc_li.running.ensemble import processors, run_ensemble
from kmc_li.storage.store import load_run


@pytest.fixture
def engine(monkeypatch):
    return install(monkeypatch)


@pytest.fixture
def pool():
    with ThreadPoolExecutor(3) as pool:
        yield pool


def test_one_study_many_seeds(engine, pool, tmp_path):
    runs = run_ensemble(tiny(), [3, 1, 2], tmp_path / "e", executor=pool)[""]
    assert [run.seed for run in runs] == [3, 1, 2]
    assert sorted(p.name for p in (tmp_path / "e").iterdir()) == ["seed-0001", "seed-0002", "seed-0003"]
    assert len({run.state_sha256 for run in runs}) == 3


def test_any_number_of_workers_gives_the_same_bits(engine, tmp_path):
    hashes = []
    for workers in (1, 4):
        with ThreadPoolExecutor(workers) as pool:
            runs = run_ensemble(tiny(), range(4), tmp_path / str(workers), executor=pool)[""]
        hashes.append([run.state_sha256 for run in runs])
    assert hashes[0] == hashes[1]


def test_several_studies(engine, pool, tmp_path):
    studies = {"inert": tiny(**{"layer.d33_pC_N": 0.0}), "piezo": tiny()}
    groups = run_ensemble(studies, range(2), tmp_path, executor=pool)
    assert list(groups) == ["inert", "piezo"]
    assert groups["inert"][1].path == tmp_path / "inert" / "seed-0001"
    assert groups["inert"][0].parameters.layer.d33_pC_N == 0.0 != groups["piezo"][0].parameters.layer.d33_pC_N


def test_finished_runs_are_skipped_and_lost_ones_done_again(engine, pool, tmp_path):
    first = run_ensemble(tiny(), range(3), tmp_path, executor=pool)[""]
    shutil.rmtree(tmp_path / "seed-0001")
    begun = []
    engine.after_advance = lambda simulation: begun.append(simulation._rng)
    again = run_ensemble(tiny(), range(3), tmp_path, executor=pool)[""]
    assert len(set(map(id, begun))) == 1
    assert [run.state_sha256 for run in again] == [run.state_sha256 for run in first]
    assert again[0].provenance == first[0].provenance and again[1].provenance["date_utc"]


def test_half_finished_runs_are_taken_up(engine, tmp_path):
    broken = threading.Event()

    def crash_once(simulation):
        if simulation.events > 150 and not broken.is_set():
            broken.set()
            raise ZeroDivisionError

    engine.after_advance = crash_once
    often = tiny(**{"output.checkpoint_interval_s": 1e-3})
    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(ZeroDivisionError):
            run_ensemble(often, range(2), tmp_path, executor=pool)
        assert load_run(tmp_path / "seed-0000").finished is None
        runs = run_ensemble(often, range(2), tmp_path, executor=pool)[""]
        assert len(runs[0].provenance["resumed"]) == 1 and "resumed" not in runs[1].provenance
        whole = run_ensemble(often, range(2), tmp_path / "whole", executor=pool)[""]
    assert [run.state_sha256 for run in runs] == [run.state_sha256 for run in whole]


def test_a_folder_of_other_runs_is_refused_untouched(engine, pool, tmp_path):
    run_ensemble(tiny(), range(1), tmp_path, executor=pool)
    other = tiny(**{"layer.unscreened_share": 0.5})
    with pytest.raises(UserError, match="seed-0000 holds a run of other parameters"):
        run_ensemble(other, range(2), tmp_path, executor=pool)
    assert [p.name for p in tmp_path.iterdir()] == ["seed-0000"]
    with pytest.raises(UserError, match="holds a single run"):
        run_ensemble(tiny(), range(2), tmp_path / "seed-0000", executor=pool)
    (tmp_path / "seed-0001").mkdir()
    (tmp_path / "seed-0001" / "notes.txt").touch()
    with pytest.raises(UserError, match="seed-0001 is not empty"):
        run_ensemble(tiny(), range(2), tmp_path, executor=pool)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seeds": []}, "at least one study and one seed"),
        ({"seeds": [1, 1]}, "must be different"),
        ({"seeds": [-1]}, "must be different whole numbers >= 0"),
        ({"jobs": 0}, "jobs: got 0"),
        ({"parameters": {}}, "at least one study"),
        ({"parameters": {"../up": None}}, "its name is to be a folder's"),
        ({"executor": "slurm"}, "executor: got 'slurm', must be local or"),
    ],
)
def test_bad_input_writes_nothing(engine, tmp_path, arguments, message):
    with pytest.raises(UserError, match=message):
        run_ensemble(**{"parameters": tiny(), "seeds": [0], "out": tmp_path / "e"} | arguments)
    assert list(tmp_path.iterdir()) == []


def test_processors():
    assert processors() >= 1
