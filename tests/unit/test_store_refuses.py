"""What a run folder may not hold: foreign, edited, ill-fitting and hostile content is refused or stepped over."""

import io
import json

import h5py
import numpy as np
import pytest
from stored import PARAMETERS, SHAPE, names, part, reseal

from kmc_li.errors import UserError
from kmc_li.storage import store
from kmc_li.storage.hdf5 import DamagedFile
from kmc_li.storage.manifest import Manifest, read_manifest, sealed
from kmc_li.storage.store import RunFolder, StoreWarning, load_run


def test_what_is_no_run_is_refused(tmp_path):
    with pytest.raises(UserError, match="nowhere: no such folder"):
        load_run(tmp_path / "nowhere")
    with pytest.raises(UserError, match="holds no run"):
        load_run(tmp_path)
    file = tmp_path / "run.json"
    with pytest.raises(UserError, match="is a file, not the folder of a run"):
        file.touch()
        load_run(file)
    for content, message in {
        "": "not JSON",
        "{": "not JSON",
        "[" * 100_000: "not JSON",
        "[]": "no run of kmc_li",
        '{"format": "other"}': "no run of kmc_li",
        '{"format": "kmc_li run"}': "has run format None",
        '{"format": "kmc_li run", "format_version": 1}': "damaged or was edited",
    }.items():
        file.write_text(content)
        with pytest.raises(UserError, match=message):
            load_run(tmp_path)


def test_a_run_of_another_version_is_named(written):
    file = written / "run.json"
    content = json.loads(file.read_text())
    content["format_version"] = 3
    content["provenance"]["kmc_li"] = "9.1"
    file.write_text(json.dumps(content))
    with pytest.raises(
        UserError, match=r"has run format 3 \(written by kmc_li 9\.1\); this is kmc_li .* formats 1 to 2"
    ):
        load_run(written)


def test_an_edited_manifest_is_noticed(written):
    file = written / "run.json"
    file.write_text(file.read_text().replace('"seed": 5', '"seed": 6'))
    with pytest.raises(DamagedFile, match="was edited"):
        load_run(written)


@pytest.mark.parametrize(
    "name",
    ["../run/segments/000000.h5", "/etc/passwd", "segments/../../x.h5", "segments/000000.h5\n", "a.h5"],
)
def test_a_manifest_cannot_point_outside_its_folder(written, name):
    entry = read_manifest(written).segments[0].model_copy(update={"name": name})
    reseal(written, segments=[entry])
    with pytest.raises(DamagedFile, match="not what a run has"):
        load_run(written)


def test_bad_parameters_in_a_manifest_are_named_by_their_folder(written):
    parameters = read_manifest(written).parameters
    reseal(written, parameters={**parameters, "lattice": {"nx": 10**6}})
    with pytest.raises(UserError, match=r"run\.json: lattice\.nx"):
        load_run(written)


def replace_dataset(path, entry, name, build):
    """Rebuild a file with another dataset in place of one, and list it in the manifest as if it belonged."""
    file = path / entry.name
    buffer = io.BytesIO(file.read_bytes())
    with h5py.File(buffer, "r+") as content:
        del content[name]
        build(content, name)
    file.write_bytes(buffer.getvalue())
    return entry.model_copy(
        update={
            "sha256": store.hashlib.sha256(buffer.getvalue()).hexdigest(),
            "bytes": len(buffer.getvalue()),
        }
    )


@pytest.mark.parametrize(
    ("name", "build"),
    [
        ("occupancy", lambda f, n: f.create_dataset(n, (2**40,), "u1", chunks=(2**20,))),
        ("occupancy", lambda f, n: f.create_dataset(n, data=np.zeros(255, "u1"))),
        ("occupancy", lambda f, n: f.create_dataset(n, data=np.zeros(256, "i8"))),
        ("series/time_s", lambda f, n: f.create_dataset(n, data=np.zeros(2))),
        ("series/time_s", lambda f, n: f.create_dataset(n, data=np.zeros(3, "i8"))),
        ("series/time_s", lambda f, n: f.create_dataset("series/other", data=np.zeros(3))),
        ("series/time_s", lambda f, n: f.create_dataset("series/other", (0,), "f8")),
        ("series/time_s", lambda f, n: None),
        ("snapshots", lambda f, n: f.create_dataset(n, data=np.zeros((2, 256), "u1"))),
        ("snapshots", lambda f, n: f.__setitem__(n, h5py.ExternalLink("/etc/passwd", "a"))),
    ],
)
def test_a_segment_that_does_not_fit_its_run_is_refused(written, name, build):
    segments = read_manifest(written).segments
    segments[1] = replace_dataset(written, segments[1], name, build)
    reseal(written, segments=segments)
    with pytest.raises(DamagedFile, match=r"segments/000001\.h5 is (refused|damaged)"):
        load_run(written)


@pytest.mark.parametrize(
    ("name", "build"),
    [
        ("state/field", lambda f, n: f.create_dataset(n, (2**40,), "u1", chunks=(2**20,))),
        ("state/field", lambda f, n: f.create_dataset(n, data=np.zeros(SHAPE))),
        ("scalars", lambda f, n: None),
        ("scalars", lambda f, n: f.create_dataset(n, data=np.frombuffer(b"[" * 100_000, "u1"))),
        ("scalars", lambda f, n: f.create_dataset(n, data=np.frombuffer(b"{}", "u1"))),
        ("scalars", lambda f, n: f.create_dataset(n, (2**40,), "u1", chunks=(2**20,))),
    ],
)
def test_a_checkpoint_that_does_not_fit_its_run_falls_back(written, name, build):
    checkpoints = read_manifest(written).checkpoints
    checkpoints[1] = replace_dataset(written, checkpoints[1], name, build)
    reseal(written, checkpoints=checkpoints)
    with RunFolder.open(written) as folder, pytest.warns(StoreWarning, match="checkpoint-000003.h5 is"):
        assert folder.restart()[1] == part(1)[2][1]


# --- new folders ------------------------------------------------------------------------------------------------


def test_a_new_run_needs_an_unused_folder(written, tmp_path):
    with pytest.raises(UserError, match="already holds a run: go on by `kmc-li resume"):
        RunFolder.create(written, PARAMETERS, 5)
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="is a file"):
        RunFolder.create(tmp_path / "file", PARAMETERS, 5)
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.tex").touch()
    with pytest.raises(UserError, match="is not empty"):
        RunFolder.create(other, PARAMETERS, 5)
    assert names(other) == ["thesis.tex"]
    with pytest.raises(UserError, match="cannot write"):
        RunFolder.create(tmp_path / "file" / "below", PARAMETERS, 5)


def test_rows_of_one_run_have_one_set_of_names(path):
    with RunFolder.create(path, PARAMETERS, 5) as folder:
        folder.commit(*part(0))
        history, *rest = part(1)
        history.rows[1] = {"time_s": 1.0}
        with pytest.raises(ValueError, match="same names"):
            folder.commit(history, *rest)
        history.rows[:] = [{"time_s": 1.0}]
        with pytest.raises(ValueError, match="hold"):
            folder.commit(history, *rest)


def test_find_runs(written, tmp_path):
    assert store.find_runs(tmp_path) == store.find_runs(written) == [written]
    with pytest.raises(UserError, match="holds no run"):
        store.find_runs(written / "segments")


def test_manifest_round_trip():
    manifest = Manifest(parameters=PARAMETERS.to_dict(), seed=1, provenance={"note": '"manifest_sha256": "'})
    assert json.loads(sealed(manifest))["seed"] == 1
