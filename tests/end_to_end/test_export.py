"""`kmc-li export` of a real run, as a user types it."""

import re
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest

from kmc_li import load_run
from kmc_li.surfaces import read_height_map

PAGE = (Path(__file__).parents[2] / "docs" / "export.md").read_text()
COMMANDS = [line for line in PAGE.splitlines() if line.startswith("kmc-li export")]


@pytest.fixture(scope="module")
def ran(shared):
    shared.ok("run", "tiny", "-o", "results/one", "--seed", "1")
    return shared


@pytest.mark.parametrize("line", COMMANDS)
def test_the_commands_of_the_page(ran, line):
    _, *words = shlex.split(line)
    out = ran.ok(*words)
    assert out == f"file      {words[-1]}\n" and (ran.folder / words[-1]).stat().st_size > 200


def test_the_lines_of_python_of_the_page(ran):
    code = re.search(r"```python\n(.*?)```", PAGE, re.S).group(1)
    ran.ok("-c", code, command=[sys.executable])
    run = load_run(ran.folder / "results/one")
    assert len(list(ran.folder.glob("one-*.vti"))) == len(run.snapshots) == 4
    assert (ran.folder / "one.xyz").read_text().count("Lattice=") == 4
    heights = read_height_map(ran.folder / "one.gwy").z_um
    assert np.isclose(heights.mean(), run.series["thickness_um"][-1])


def test_what_is_wrong_is_one_line(ran):
    before = ran.files()
    for words, why in (
        (["results/one", "--format", "vti", "-o", "a.vtk"], "must end in .vti"),
        (["results/one", "--format", "obj", "-o", "a.obj"], "invalid choice"),
        (["results/one", "--format", "stl", "-o", "no/a.stl"], "does not exist"),
        (["results/two", "--format", "stl", "-o", "a.stl"], "results/two"),
        (["results/one", "--format", "csv", "--snapshots", "-o", "a.csv"], "only vti and extxyz"),
    ):
        code, out, err = ran("export", *words)
        assert code == 2 and out == "" and err.count("\n") == 1 and why in err, err
    assert ran.files() == before
