"""simulate and resume, with a stand-in for the engine: any cut, any stop, the same run."""

import os
import signal

import numpy as np
import pytest
from fake_simulation import install, tiny

import kmc_li
from kmc_li.errors import UserError
from kmc_li.running import driver
from kmc_li.running.driver import Interrupted, resume, simulate
from kmc_li.storage.store import StoreWarning, load_run

OFTEN = {"output.checkpoint_interval_s": 1e-3}


@pytest.fixture
def engine(monkeypatch):
    return install(monkeypatch)


def stop_at(engine, *marks, number=signal.SIGTERM):
    """Send this process a signal when the events pass each mark."""
    left = list(marks)

    def hook(simulation):
        if left and simulation.events >= left[0]:
            left.pop(0)
            os.kill(os.getpid(), number)

    engine.after_advance = hook


def same(a, b):
    assert a.state_sha256 == b.state_sha256 and a.finished == b.finished and a.seed == b.seed
    assert a.series.keys() == b.series.keys()
    assert all(np.array_equal(a.series[name], b.series[name]) for name in a.series)
    assert np.array_equal(a.occupancy, b.occupancy)
    assert a.snapshots.areal_capacity_mAh_cm2 == b.snapshots.areal_capacity_mAh_cm2
    assert all(np.array_equal(x.occupancy, y.occupancy) for x, y in zip(a.snapshots, b.snapshots, strict=True))


def test_in_memory_and_stored_are_the_same_run(engine, tmp_path):
    parameters = tiny()
    run = simulate(parameters, 4)
    assert run.finished == "capacity" and run.occupancy.sum() == parameters.target_voxels
    assert run.series["events"][0] == 0 and run.series["events"][-1] == parameters.target_voxels
    assert len(run.snapshots) == parameters.output.snapshots
    assert run.snapshots.areal_capacity_mAh_cm2[-1] == run.series["areal_capacity_mAh_cm2"][-1]
    assert np.array_equal(run.snapshots[-1].occupancy, run.occupancy)
    same(run, simulate(parameters, 4, tmp_path / "a"))
    same(run, simulate(tiny(**OFTEN), 4, tmp_path / "b"))
    assert len(list((tmp_path / "b/segments").iterdir())) > len(list((tmp_path / "a/segments").iterdir())) == 1
    assert simulate(parameters, 5).state_sha256 != run.state_sha256


@pytest.mark.parametrize("marks", [(1,), (40,), (150, 151), (20, 90, 250)])
@pytest.mark.parametrize("interval", [60.0, 1e-3])
def test_interrupted_and_resumed_equals_undisturbed(engine, tmp_path, marks, interval):
    parameters = tiny(**{"output.checkpoint_interval_s": interval})
    whole = simulate(parameters, 4)
    stop_at(engine, *marks)
    with pytest.raises(Interrupted) as stopped:
        simulate(parameters, 4, tmp_path / "run")
    assert stopped.value.signal_number == signal.SIGTERM
    assert "checkpointed; go on by: kmc-li resume" in str(stopped.value)
    for _ in marks[1:]:
        with pytest.raises(Interrupted):
            resume(tmp_path / "run")
    run = resume(tmp_path / "run")
    same(whole, run)
    assert len(run.provenance["resumed"]) == len(marks)
    assert run.report["refreshes"] == whole.report["refreshes"]


def test_crash_without_a_checkpoint_starts_again(engine, tmp_path):
    def crash(simulation):
        if simulation.events >= 100:
            raise ZeroDivisionError

    engine.after_advance = crash
    with pytest.raises(ZeroDivisionError):
        simulate(tiny(), 4, tmp_path / "run")
    engine.after_advance = None
    same(simulate(tiny(), 4), resume(tmp_path / "run"))


def test_a_damaged_checkpoint_costs_an_interval_and_no_bits(engine, tmp_path):
    parameters = tiny(**OFTEN)
    stop_at(engine, 200)
    with pytest.raises(Interrupted):
        simulate(parameters, 4, tmp_path / "run")
    newest = sorted((tmp_path / "run").glob("checkpoint-*.h5"))[-1]
    newest.write_bytes(newest.read_bytes()[:-50])
    with pytest.warns(StoreWarning, match="is damaged.*going on from"):
        run = resume(tmp_path / "run")
    same(simulate(parameters, 4), run)


def test_sigint_is_a_keyboard_interrupt_and_handlers_come_back(engine, tmp_path):
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    stop_at(engine, 50, number=signal.SIGINT)
    with pytest.raises(KeyboardInterrupt, match="stopped by SIGINT at 1[0-9] %"):
        simulate(tiny(), 4, tmp_path / "run")
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
    assert load_run(tmp_path / "run").finished is None


def test_resuming_a_finished_run_changes_nothing(engine, tmp_path):
    run = simulate(tiny(), 4, tmp_path / "run")
    before = {file: file.read_bytes() for file in (tmp_path / "run").rglob("*.*") if file.name != ".lock"}
    same(run, resume(tmp_path / "run"))
    assert {file: file.read_bytes() for file in before} == before


@pytest.mark.parametrize("seed", [-1, 1.5, True, "1", None])
def test_a_bad_seed_writes_nothing(engine, tmp_path, seed):
    with pytest.raises(UserError, match="seed: got"):
        simulate(tiny(), seed, tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_out_must_be_unused(engine, tmp_path):
    simulate(tiny(), 4, tmp_path / "run")
    with pytest.raises(UserError, match="already holds a run"):
        simulate(tiny(), 4, tmp_path / "run")
    with pytest.raises(UserError, match="no such folder"):
        resume(tmp_path / "other")


def test_another_version_does_not_go_on_with_a_run(engine, tmp_path, monkeypatch):
    stop_at(engine, 50)
    with pytest.raises(Interrupted):
        simulate(tiny(), 4, tmp_path / "run")
    monkeypatch.setattr(driver, "__version__", "99.0")
    with pytest.raises(UserError, match=rf"was begun by kmc_li {kmc_li.__version__}; this is kmc_li 99\.0"):
        resume(tmp_path / "run")


def test_other_code_goes_on_with_a_warning(engine, tmp_path, monkeypatch):
    stop_at(engine, 50)
    with pytest.raises(Interrupted):
        simulate(tiny(), 4, tmp_path / "run")
    now = driver.provenance()
    monkeypatch.setattr(driver, "provenance", lambda: now | {"numba": "0.1"})
    with pytest.warns(StoreWarning, match="numba changed since the run was begun"):
        assert resume(tmp_path / "run").finished == "capacity"


def test_a_run_does_not_go_on_with_another_map(engine, tmp_path):
    (tmp_path / "map.csv").write_text("0,1\n1,0\n")
    mapped = tiny(substrate={"map": str(tmp_path / "map.csv"), "map_pixel_um": 1.0})
    stop_at(engine, 100)
    with pytest.raises(Interrupted):
        simulate(mapped, 1, tmp_path / "run")
    (tmp_path / "map.csv").write_text("0,2\n1,0\n")
    with pytest.raises(UserError, match="substrate.map: got .* must have the content that the study was read with"):
        resume(tmp_path / "run")
    (tmp_path / "map.csv").write_text("0,1\n1,0\n")
    assert resume(tmp_path / "run").finished == "capacity"


def test_a_full_box_ends_a_run(engine):
    run = simulate(tiny(**{"lattice.nz": 6, "layer": None}), 4)
    assert run.finished == "box is full" and run.series["events"][-1] < tiny().target_voxels


def test_an_engine_that_stands_still_is_not_waited_for(engine, monkeypatch, tmp_path):
    real = engine.advance

    def stuck(self, max_events):
        real(self, max_events if self.events < 50 else 0)

    monkeypatch.setattr(engine, "advance", stuck)
    with pytest.raises(RuntimeError, match="the engine stands still at [0-9]+ events"):
        simulate(tiny(), 1, tmp_path / "run")


def test_advances_adapt_to_the_engine(engine, monkeypatch):
    """A slow engine is called for few events at a time, so that a signal is obeyed soon."""
    asked = []
    real = engine.advance

    def slow(self, max_events):
        asked.append(max_events)
        driver.time.sleep(0.02)
        real(self, max_events)

    monkeypatch.setattr(engine, "advance", slow)
    simulate(tiny(), 1)
    assert asked[-1] < asked[0] / 2
