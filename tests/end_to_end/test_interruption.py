"""Kills and signals: nothing committed is lost, and what is resumed equals what was never disturbed."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

from kmc_li import load_run
from kmc_li.storage.store import find_runs
from kmc_li.study.presets import studies_folder

# Large enough to be interrupted, checkpointed at every chance.
CHANGES = {
    "nx = 8": "nx = 24",
    "ny = 8": "ny = 24",
    "nz = 32": "nz = 96",
    "voxel_um = 0.5": "voxel_um = 0.25",
    "series_points = 20": "series_points = 30\ncheckpoint_interval_s = 0.001",
}
CYCLED = """steps = [
    "plate 0.3 mAh/cm^2 at 1 mA/cm^2", "rest 1 min", "strip at 1 mA/cm^2 until 0.3 V",
    "plate 0.05 mAh/cm^2 at 4 mA/cm^2 on 20 ms off 60 ms",
]
"""
needs_proc = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds workers by /proc")


@pytest.fixture(scope="module")
def place(shared):
    """A terminal with the study and the sha256 of two undisturbed runs of it."""
    text = (studies_folder() / "tiny.toml").read_text()
    for old, new in CHANGES.items():
        assert old in text
        text = text.replace(old, new)
    shared.write("study.toml", text)
    shared.ok("ensemble", "study.toml", "--seeds", "2", "-o", "whole")
    shared.expected = hashes(shared, "whole")
    return shared


def hashes(terminal, folder):
    """Seed -> state_sha256 of the runs below a folder."""
    return {run.seed: run.state_sha256 for run in map(load_run, find_runs(terminal.folder / folder))}


def commits(folder):
    """How often a run has committed."""
    try:
        return len(json.loads((folder / "run.json").read_text())["segments"])
    except FileNotFoundError:
        return 0


def workers(process):
    """Process ids of the worker processes of an ensemble."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [int(pid) for pid in children if "spawn_main" in Path(f"/proc/{pid}/cmdline").read_text()]


def has_ended(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_killed_again_and_again_and_resumed(place):
    folder = place.folder / "killed"
    words = ["run", "study.toml", "-o", "killed", "--seed", "1"]
    for kill in range(3):
        before = commits(folder)
        process = place.start(*words)
        place.wait(process, lambda least=before + kill: commits(folder) > least)
        process.kill()
        assert place.finish(process).code == -signal.SIGKILL
        words = ["resume", "killed"]
    assert "state sha256 " + place.expected[1] in place.ok("resume", "killed")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_signals_checkpoint_and_say_how_to_go_on(place, number, code):
    name = f"stopped{code}"
    process = place.start("run", "study.toml", "-o", name)
    place.wait(process, lambda: commits(place.folder / name) > 0)
    process.send_signal(number)
    answer = place.finish(process)
    assert answer.code == code and answer.err.count("\n") == 1 and "Traceback" not in answer.err, answer
    assert f"checkpointed; go on by: kmc-li resume {name}" in answer.err
    assert hashes(place, name) == {0: None}
    assert "state sha256 " + place.expected[0] in place.ok("resume", name)


def test_a_second_writer_is_refused(place):
    process = place.start("run", "study.toml", "-o", "twice")
    place.wait(process, lambda: commits(place.folder / "twice") > 0)
    process.send_signal(signal.SIGSTOP)
    answer = place("resume", "twice")
    process.kill()
    place.finish(process)
    assert answer.code == 2 and "twice is being written by another process" in answer.err


def test_a_damaged_checkpoint_costs_time_only(place):
    folder = place.folder / "damaged"
    process = place.start("run", "study.toml", "-o", "damaged")
    place.wait(process, lambda: commits(folder) > 2)
    process.kill()
    place.finish(process)
    newest = folder / json.loads((folder / "run.json").read_text())["checkpoints"][-1]["name"]
    newest.write_bytes(newest.read_bytes()[:-1])
    answer = place("resume", "damaged")
    assert answer.code == 0 and f"warning: damaged/{newest.name} is damaged" in answer.err, answer
    assert "state sha256 " + place.expected[0] in answer.out


@needs_proc
def test_a_killed_worker_costs_an_ensemble_nothing(place):
    process = place.start("ensemble", "study.toml", "--seeds", "2", "--jobs", "2", "-o", "worker")
    place.wait(process, lambda: commits(place.folder / "worker/seed-0000") > 1)
    os.kill(workers(process)[0], signal.SIGKILL)
    answer = place.finish(process)
    assert answer.code == 0, answer
    assert hashes(place, "worker") == place.expected


@needs_proc
def test_an_ensemble_stops_on_sigterm_and_goes_on(place):
    words = ["ensemble", "study.toml", "--seeds", "2", "--jobs", "2", "-o", "stopped"]
    process = place.start(*words)
    place.wait(process, lambda: commits(place.folder / "stopped/seed-0001") > 0)
    pids = workers(process)
    process.terminate()
    answer = place.finish(process)
    assert answer.code == 143 and "of 2 runs are finished; the same command goes on" in answer.err, answer
    assert "Traceback" not in answer.err and all(map(has_ended, pids))
    place.ok(*words)
    assert hashes(place, "stopped") == place.expected


@needs_proc
def test_workers_end_with_a_killed_ensemble(place):
    words = ["ensemble", "study.toml", "--seeds", "2", "--jobs", "2", "-o", "orphans"]
    process = place.start(*words)
    place.wait(process, lambda: commits(place.folder / "orphans/seed-0001") > 0)
    pids = workers(process)
    process.kill()
    process.wait()
    end = time.monotonic() + 20
    while not all(map(has_ended, pids)):
        assert time.monotonic() < end, "workers outlive their parent"
        time.sleep(0.05)
    place.ok(*words)
    assert hashes(place, "orphans") == place.expected


def test_a_cycled_run_killed_in_any_step_goes_on_with_the_same_bits(place):
    """SIGKILL while it plates, strips, in pulses: nothing but what was committed is left, and that is enough."""
    text = (place.folder / "study.toml").read_text()
    text = text[: text.index("[stop]")] + "[protocol]\ncycles = 3\n" + CYCLED + text[text.index("[output]") :]
    place.write("cycled.toml", text)
    expected = place.ok("run", "cycled.toml", "-o", "cycled").partition("state sha256 ")[2][:64]
    words, folder = ["run", "cycled.toml", "-o", "cycled-killed"], place.folder / "cycled-killed"
    for kill in range(4):
        before = commits(folder)
        process = place.start(*words)
        place.wait(process, lambda least=before + 1 + 2 * kill: commits(folder) > least)
        process.kill()
        assert place.finish(process).code == -signal.SIGKILL
        words = ["resume", "cycled-killed"]
    assert "state sha256 " + expected in place.ok("resume", "cycled-killed")
    steps = load_run(folder).series["step"]
    assert len(expected) == 64 and set(steps) == {1.0, 2.0, 3.0, 4.0}
