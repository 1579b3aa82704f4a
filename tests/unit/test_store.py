"""Run folders: what is committed stays, what is damaged is noticed, what is foreign is refused."""

import multiprocessing
import random
import shutil

import numpy as np
import pytest
from stored import PARAMETERS, names, part

from kmc_li.errors import UserError
from kmc_li.storage import files, store
from kmc_li.storage.hdf5 import DamagedFile
from kmc_li.storage.store import RunFolder, StoreWarning, load_run, state_sha256


def test_what_is_committed_is_loaded(written):
    run = load_run(written)
    assert run.seed == 5 and run.parameters == PARAMETERS and run.finished is None and run.path == written
    assert run.series["time_s"].tolist() == [n + 0.1 * i for n in range(3) for i in range(3)]
    assert np.array_equal(run.occupancy, part(2)[1])
    assert run.snapshots.areal_capacity_mAh_cm2 == (0.0, 0.1, 0.2)
    for number, (_, occupancy) in enumerate(run.snapshots):
        assert np.array_equal(occupancy, part(number)[1])
    assert {"kmc_li", "commit", "date_utc"} <= run.provenance.keys()


def test_the_state_comes_back_bit_for_bit(written):
    with RunFolder.open(written) as folder:
        arrays, scalars = folder.restart()
    expected_arrays, expected_scalars = part(2)[2]
    assert scalars == expected_scalars
    assert state_sha256(arrays, scalars) == state_sha256(expected_arrays, expected_scalars)


def test_two_checkpoints_are_kept_and_one_at_the_end(written):
    assert names(written) == [
        ".lock", "checkpoint-000002.h5", "checkpoint-000003.h5", "run.json",
        "segments/000000.h5", "segments/000001.h5", "segments/000002.h5",
    ]  # fmt: skip
    with RunFolder.open(written) as folder:
        folder.restart()
        folder.commit(*part(3), finished="capacity", report={"tv": [0.1, float("nan")]})
    assert [name for name in names(written) if "checkpoint" in name] == ["checkpoint-000004.h5"]
    run = load_run(written)
    assert run.finished == "capacity" and run.state_sha256 == state_sha256(*part(3)[2])
    assert run.report["tv"][0] == 0.1


def test_state_hash_sees_everything():
    arrays, scalars = {"a": np.arange(6.0)}, {"t": 1.0}
    variants = [
        (arrays, scalars),
        ({"b": np.arange(6.0)}, scalars),
        ({"a": np.arange(6.0).reshape(2, 3)}, scalars),
        ({"a": np.arange(6.0).astype("f4")}, scalars),
        ({"a": np.nextafter(np.arange(6.0), 9)}, scalars),
        (arrays, {"t": np.nextafter(1.0, 2)}),
        (arrays, {"t": 1}),
        ({**arrays, "c": np.zeros(0)}, scalars),
    ]
    assert len({state_sha256(*variant) for variant in variants}) == len(variants)
    both = {"a": np.zeros(2), "b": np.ones(2)}
    assert state_sha256(both, {"x": 1, "y": 2}) == state_sha256(
        dict(reversed(both.items())), {"y": 2, "x": 1}
    )


# --- interruption -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("writes", range(7))
def test_a_kill_between_any_two_writes_leaves_the_last_commit(path, monkeypatch, writes):
    """Each commit is three writes; killed after `writes` of them, whole commits count and nothing else."""
    real, left = store.write_atomically, [writes + 1]  # one for the first run.json

    class Killed(BaseException):
        pass

    def write(target, data):
        if left[0] == 0:
            (target.with_name(f".{target.name}.tmp")).write_bytes(data[:100])
            raise Killed
        left[0] -= 1
        real(target, data)

    monkeypatch.setattr(store, "write_atomically", write)
    with pytest.raises(Killed), RunFolder.create(path, PARAMETERS, 5) as folder:
        for number in range(3):
            folder.commit(*part(number))
    monkeypatch.undo()
    commits = writes // 3
    with RunFolder.open(path) as folder:
        state = folder.restart()
        assert len(folder.manifest.segments) == commits
        assert state is None if commits == 0 else state[1] == part(commits - 1)[2][1]
        for number in range(commits, 3):
            folder.commit(*part(number))
    assert load_run(path).series["time_s"].size == 9
    assert not [name for name in names(path) if "tmp" in name]


def test_killed_before_the_first_manifest_the_folder_counts_as_empty(path):
    (path / "segments").mkdir(parents=True)
    (path / ".run.json.tmp").write_text("{")
    (path / ".lock").touch()
    RunFolder.create(path, PARAMETERS, 5).__exit__()
    with pytest.raises(UserError, match="no data yet"):
        load_run(path)


def test_a_full_disk_is_one_clear_line_and_costs_nothing(written, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    with RunFolder.open(written) as folder:
        folder.restart()
        monkeypatch.setattr(files.os, "fsync", full)
        with pytest.raises(UserError, match="cannot write .*segments/000003.h5: No space left on device"):
            folder.commit(*part(3))
        monkeypatch.undo()
        assert load_run(written).series["time_s"].size == 9
        assert not [name for name in names(written) if "tmp" in name]
        history = part(3)
        folder.commit(*history)
    assert load_run(written).series["time_s"].size == 12


def test_a_reader_beside_the_writer_sees_whole_commits(path):
    with RunFolder.create(path, PARAMETERS, 5) as folder:
        for number in range(3):
            folder.commit(*part(number))
            run = load_run(path)
            assert run.series["time_s"].size == 3 * (number + 1)
            assert np.array_equal(run.occupancy, part(number)[1])


def _open_elsewhere(path, answer):
    try:
        RunFolder.open(path)
        answer.put("opened")
    except UserError as error:
        answer.put(str(error))


def test_two_processes_cannot_write_one_run(written):
    context = multiprocessing.get_context("spawn")
    answer = context.SimpleQueue()
    with RunFolder.open(written):
        with pytest.raises(UserError, match="is being written by another process"):
            RunFolder.open(written)
        worker = context.Process(target=_open_elsewhere, args=(written, answer))
        worker.start()
        said = answer.get()
        worker.join()
    assert "is being written by another process (process " in said
    RunFolder.open(written).__exit__()


# --- damage -----------------------------------------------------------------------------------------------------


def flip(file, rng):
    data = bytearray(file.read_bytes())
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    file.write_bytes(data)


@pytest.mark.parametrize("name", ["run.json", "segments/000001.h5"])
def test_every_bit_flip_in_what_is_loaded_is_noticed(written, name):
    rng, file = random.Random(name), written / name
    sound = file.read_bytes()
    for _ in range(150):
        flip(file, rng)
        with pytest.raises(UserError):
            load_run(written)
        file.write_bytes(sound)
    load_run(written)


def test_every_bit_flip_in_a_checkpoint_falls_back_to_the_one_before(written, tmp_path):
    rng = random.Random(3)
    for trial in range(60):
        copy = shutil.copytree(written, tmp_path / str(trial))
        flip(copy / "checkpoint-000003.h5", rng)
        with RunFolder.open(copy) as folder:
            with pytest.warns(
                StoreWarning, match="checkpoint-000003.h5 is damaged.*going on from checkpoint-000002"
            ):
                _, scalars = folder.restart()
        assert scalars == part(1)[2][1]
        assert load_run(copy).series["time_s"].size == 6


@pytest.mark.parametrize("size", [0, 1, 1000])
def test_a_truncated_checkpoint_falls_back(written, size):
    file = written / "checkpoint-000003.h5"
    file.write_bytes(file.read_bytes()[:size])
    with RunFolder.open(written) as folder, pytest.warns(StoreWarning, match="is damaged"):
        assert folder.restart()[1] == part(1)[2][1]


def test_a_missing_last_segment_falls_back_and_others_do_not(written):
    (written / "segments/000002.h5").unlink()
    with pytest.raises(DamagedFile, match="segments/000002.h5 cannot be read: No such file"):
        load_run(written)
    with RunFolder.open(written) as folder:
        with pytest.warns(StoreWarning, match="segments/000002.h5"):
            assert folder.restart()[1] == part(1)[2][1]
        folder.commit(*part(2))
    assert load_run(written).series["time_s"].size == 9
    (written / "segments/000000.h5").unlink()
    with RunFolder.open(written) as folder, pytest.raises(DamagedFile, match="no sound checkpoint is left"):
        folder.restart()


def test_snapshots_are_checked_when_read(written):
    snapshots = load_run(written).snapshots
    flip(written / "segments/000001.h5", random.Random(1))
    assert snapshots[0].occupancy.any()
    with pytest.raises(DamagedFile, match="segments/000001.h5 is damaged"):
        snapshots[1]


# --- foreign and hostile ------------------------------------------------------------------------------------------
