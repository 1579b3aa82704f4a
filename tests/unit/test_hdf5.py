"""The container: what it brings back, and what it refuses before reading."""

import io
from pathlib import Path

import h5py
import numpy as np
import pytest

from kmc_li.storage.hdf5 import DamagedFile, dump, parse

HERE = Path("file.h5")


def anything(name, shape, dtype):
    return True


def built(build):
    """The bytes of a file that build(file) fills."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        build(file)
    return buffer.getvalue()


@pytest.mark.parametrize("dtype", ["bool", "u1", "i4", "u8", "i8", "f4", "f8"])
@pytest.mark.parametrize("shape", [(), (0,), (5,), (3, 4, 200)])
def test_round_trip(dtype, shape):
    array = (np.random.default_rng(1).random(shape) * 3).astype(dtype)
    back = parse(dump({"group/a": array, "b": array}, {"note": "text"}), HERE, anything)
    assert back.keys() == {"group/a", "b"}
    for name in back:
        assert back[name].dtype == array.dtype and back[name].shape == shape
        assert np.array_equal(back[name], array)


def test_special_floats_keep_their_bits():
    array = np.array([np.nan, -np.nan, np.inf, -0.0, 5e-324])
    assert parse(dump({"a": array}, {}), HERE, anything)["a"].tobytes() == array.tobytes()


@pytest.fixture
def secret(tmp_path):
    """A file of this machine that no run file may make readable."""
    path = tmp_path / "secret.h5"
    path.write_bytes(dump({"a": np.arange(100.0)}, {}))
    return path


def hostile(secret):
    """Name -> what builds a file that reads or grows more than it should."""

    def external_storage(file):
        file.create_dataset("a", (8,), "u1", external=[(str(secret), 0, 8)])

    def virtual(file):
        layout = h5py.VirtualLayout(shape=(100,), dtype="f8")
        layout[:] = h5py.VirtualSource(str(secret), "a", shape=(100,))
        file.create_virtual_dataset("a", layout)

    def external_link(file):
        file["a"] = h5py.ExternalLink(str(secret), "a")

    def soft_link(file):
        file["a"] = h5py.SoftLink("/b")
        file["b"] = np.zeros(3)

    def soft_link_in_group(file):
        file.create_group("g")["a"] = h5py.SoftLink("/b")

    def cycle(file):
        file["loop"] = file["/"]

    def nested(file):
        file["g/h/a"] = np.zeros(3)

    def text(file):
        file["a"] = "text of any length"

    def compound(file):
        file["a"] = np.zeros(3, dtype=[("x", "f8"), ("y", "i4")])

    def references(file):
        file["b"] = np.zeros(3)
        file["a"] = np.array([file["b"].ref], dtype=h5py.ref_dtype)

    def nested_array_type(file):
        file.create_dataset("a", (3,), np.dtype(("f8", (4,))))

    def committed_type(file):
        file["a"] = np.dtype("f8")

    def resizable(file):
        file.create_dataset("a", (1,), "f8", maxshape=(None,), chunks=(2**28,))

    def foreign_filter(file):
        file.create_dataset("a", data=np.zeros(1000), compression="lzf")

    def empty(file):
        file["a"] = h5py.Empty("f8")

    return {name: value for name, value in locals().items() if callable(value)}


@pytest.mark.parametrize("name", sorted(hostile(None)))
def test_hostile_files_are_refused(secret, name):
    data = built(hostile(secret)[name])
    with pytest.raises(DamagedFile, match=r"^file\.h5 is (refused|damaged)"):
        parse(data, HERE, anything)


def test_external_storage_would_have_leaked(secret):
    """The danger is real: h5py alone returns another file's content."""
    data = built(hostile(secret)["external_storage"])
    with h5py.File(io.BytesIO(data)) as file:
        assert file["a"][()].tobytes() == secret.read_bytes()[:8]


def test_absurd_shape_is_refused_before_reading():
    data = built(lambda file: file.create_dataset("a", (2**37,), "f8", chunks=(2**20,), compression="gzip"))
    assert len(data) < 10_000
    asked = []

    def admit(name, shape, dtype):
        asked.append((name, shape, dtype))
        return False

    with pytest.raises(DamagedFile, match=r"'a' declares shape \(137438953472,\)"):
        parse(data, HERE, admit)
    assert asked == [("a", (2**37,), np.dtype("f8"))]


@pytest.mark.parametrize("data", [b"", b"no HDF5 at all", dump({"a": np.zeros(1000)}, {})[:700]])
def test_what_is_no_whole_file_is_damaged(data):
    with pytest.raises(DamagedFile, match="is damaged"):
        parse(data, HERE, anything)
