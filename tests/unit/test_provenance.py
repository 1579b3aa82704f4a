"""Where a result comes from."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from kmc_li import __version__
from kmc_li.storage import provenance

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="no git here")


def git(folder, *arguments):
    name = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    done = subprocess.run(
        ["git", "-C", folder, *name, *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_facts():
    facts = provenance.provenance()
    assert facts["kmc_li"] == __version__ and facts["numpy"] == np.__version__
    assert {"numba", "scipy", "h5py", "python", "commit", "date_utc", "cpu_count", "command"} <= facts.keys()
    assert facts["date_utc"].endswith("+00:00")
    assert json.loads(json.dumps(facts)) == facts


def test_source_hash_sees_an_edit(monkeypatch, tmp_path):
    package = Path(provenance.__file__).parents[1]
    copy = shutil.copytree(package, tmp_path / "kmc_li", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(provenance, "__file__", str(copy / "storage" / "provenance.py"))
    hashes = []
    for text in ("", "# an edit\n"):
        with (copy / "kernels" / "__init__.py").open("a") as file:
            file.write(text)
        provenance.source_sha256.cache_clear()
        hashes.append(provenance.source_sha256())
    provenance.source_sha256.cache_clear()
    monkeypatch.undo()
    assert hashes[0] == provenance.source_sha256() != hashes[1]


@needs_git
def test_commit_only_of_a_tracked_copy(tmp_path):
    package = tmp_path / "kmc_li"
    (package / "storage").mkdir(parents=True)
    (package / "storage" / "provenance.py").write_text("a = 1\n")
    assert provenance.commit_of(package) == "unknown"
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "the user's own repository")
    provenance.commit_of.cache_clear()
    assert provenance.commit_of(package) == "unknown"
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "tracked")
    provenance.commit_of.cache_clear()
    assert provenance.commit_of(package) == git(tmp_path, "rev-parse", "HEAD")
    (package / "storage" / "provenance.py").write_text("a = 2\n")
    provenance.commit_of.cache_clear()
    assert provenance.commit_of(package) == git(tmp_path, "rev-parse", "HEAD") + "-dirty"
    provenance.commit_of.cache_clear()
