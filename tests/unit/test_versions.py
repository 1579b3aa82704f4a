"""Run folders of other versions: older formats are read, newer ones refused, none is resumed by another version."""

import json

import pytest
from fake_simulation import install, tiny

from kmc_li import UserError, load_run, resume
from kmc_li.running.driver import simulate
from kmc_li.storage import manifest


@pytest.fixture
def engine(monkeypatch):
    return install(monkeypatch)


def rewrite(folder, edit):
    """run.json with an edited content, sealed anew as its writer would have."""
    file = folder / manifest.MANIFEST
    content = json.loads(file.read_text())
    edit(content)
    content["manifest_sha256"] = "0" * 64
    data = (json.dumps(content, indent=1) + "\n").encode()
    at = data.index(b"0" * 64 + b'"\n}')
    digest = manifest._digest_of(data, at)
    file.write_bytes(data[:at] + digest.encode() + data[at + 64 :])


def as_version_1(content):
    content["format_version"] = 1
    content["provenance"]["kmc_li"] = "0.1.0"
    layer = content["parameters"]["layer"]
    del layer["model"]
    layer["coupling"] = "dipole"


def test_a_run_of_format_1_is_read_as_it_was(engine, tmp_path):
    run = simulate(tiny(), 3, tmp_path / "run")
    rewrite(tmp_path / "run", as_version_1)
    old = load_run(tmp_path / "run")
    assert old.parameters == run.parameters and old.parameters.layer.model == "winkler"
    assert (old.occupancy == run.occupancy).all() and old.state_sha256 == run.state_sha256


def test_an_unfinished_run_of_another_version_is_not_resumed(engine, tmp_path):
    simulate(tiny(), 3, tmp_path / "run")
    rewrite(tmp_path / "run", lambda content: (as_version_1(content), content.update(finished=None, state_sha256=None)))
    with pytest.raises(UserError, match="begun by kmc_li 0.1.0; this is kmc_li"):
        resume(tmp_path / "run")


def test_a_newer_format_is_refused_in_one_line(engine, tmp_path):
    simulate(tiny(), 3, tmp_path / "run")
    rewrite(tmp_path / "run", lambda content: content.update(format_version=3))
    with pytest.raises(UserError, match=r"run format 3 .*reads formats 1 to 2") as caught:
        load_run(tmp_path / "run")
    assert len(caught.value.lines) == 1
