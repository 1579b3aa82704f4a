"""Every command and every piece of Python in README and docs, page by page in a folder of its own, as a reader types it.

Studies are made small, and an ensemble's runs are done one after another in this process (its workers have tests of their
own). What cannot be run here stands in ELSEWHERE with the test that runs it.
"""

import contextlib
import re
import runpy
import shlex
import sys
import warnings
from concurrent.futures import Executor, Future
from pathlib import Path

import numpy as np
import pytest

from kmc_li import cli
from kmc_li.commands import parser
from kmc_li.running import ensemble
from kmc_li.running.task import perform
from kmc_li.study.parameters import Parameters

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", "CONTRIBUTING.md", *(str(p.relative_to(ROOT)) for p in sorted((ROOT / "docs").rglob("*.md"))))
PAGES = tuple(page for page in PAGES if "_build" not in page)
OWN_TESTS = {"docs/extending.md": "tests/unit/test_extending.py", "docs/gallery.md": "tests/unit/test_pages.py"}
BLOCK = re.compile(r"(?:<!-- file: (\S+?)(?:, after (\S+))? -->\n)?^```(\S*)\n(.*?)^```$", re.S | re.M)

# what a reader types that is not run here -> what runs it
ELSEWHERE = {
    "python3 -m venv": ".ci/run",
    "pip --python": ".ci/run",
    "source .venv/bin/activate": ".ci/run",
    "sbatch": "tests/end_to_end/test_commands.py::test_array_script_runs_and_goes_on",
}


class Scheduler(Executor):
    """In place of a dask scheduler: does what it is given at once."""

    def submit(self, function, /, *arguments, **named):
        done = Future()
        done.set_result(function(*arguments, **named))
        return done


@pytest.fixture
def reader(monkeypatch, tmp_path):
    """A folder with what a checkout has, small studies, and no workers."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    for name in ("runs", "analysis", "benchmarks", "docs"):
        Path(name).symlink_to(ROOT / name)
    read = Parameters.from_toml

    def small(path):
        study = read(path)
        size, stop = study.lattice, study.stop
        least = {"lattice.nx": min(size.nx, 8), "lattice.ny": min(size.ny, 8), "field.samples": 0, "output.snapshots": 2}
        if study.protocol is not None:
            return study.replace(**least)
        return study.replace(**least, **{"stop.capacity_mAh_cm2": min(stop.capacity_mAh_cm2 or 1.0, 0.1)})

    monkeypatch.setattr(Parameters, "from_toml", staticmethod(small))
    monkeypatch.setattr(ensemble, "run_locally", lambda todo, *rest: [perform(task) for task in todo])
    monkeypatch.setattr(ensemble, "_opened", lambda address: contextlib.nullcontext(Scheduler()))
    return prepared


def prepared(page):
    """What a page takes for granted: the reader's own files and earlier results."""
    if page == "README.md":
        Path("my.toml").write_text((ROOT / "runs/studies/bare.toml").read_text())
        assert cli.main(["run", "bare", "-o", "results/bare/seed-0000"]) == 0
    if page == "docs/export.md":
        assert cli.main(["run", "tiny", "-o", "results/one"]) == 0
    if page == "docs/howto/cluster.md":
        assert cli.main(["run", "runs/studies/piezo.toml", "-o", "results/piezo/seed-0000"]) == 0
    if page == "docs/howto/own_data.md":
        for study in ("bare", "piezo"):
            assert cli.main(["run", study, "-o", f"results/{study}/seed-0000"]) == 0
        rng = np.random.default_rng(1)
        np.savetxt("scan.csv", rng.normal(0, 30, (40, 32)), delimiter=",")
        np.save("cut.npy", rng.random((12, 12, 16)) < np.linspace(1, 0, 16))


def blocks(page):
    """(kind, text, file to write, file that comes before it in that file) of each block of a page, in order."""
    found = BLOCK.findall((ROOT / page).read_text())
    return [(kind, text, name, before) for name, before, kind, text in found]


def commands(text):
    """The commands of a block, without comments; one line may hold several."""
    lines = [re.sub(r"(^|\s)#.*", "", line).strip() for line in text.splitlines()]
    return [part.strip() for line in lines if line for part in line.split("&&")]


def script(words):
    """Runs a Python script as `python FILE ARGUMENTS` does."""
    before, sys.argv = sys.argv, list(words)
    try:
        runpy.run_path(words[0], run_name="__main__")
    except SystemExit as end:
        assert not end.code, f"{words}: {end.code}"
    finally:
        sys.argv = before


def typed(command):
    """Runs a command, or sees that it stands in ELSEWHERE."""
    words = shlex.split(re.sub(r"^\.venv/bin/", "", command))
    if "--seeds" in words:
        seeds = words.index("--seeds") + 1
        words[seeds] = str(min(int(words[seeds]), 3))
    if where := next((test for start, test in ELSEWHERE.items() if command.startswith(start)), None):
        file, _, name = where.partition("::")
        assert (ROOT / file).exists() and (not name or f"def {name}" in (ROOT / file).read_text()), where
    elif words[0] == "kmc-li" and words[1] == "demo" or words[:3] == ["python", "-m", "pytest"]:
        return  # README's two commands, which .ci/run and tests/regression/test_results.py perform
    elif words[0] == "kmc-li":
        try:
            code = cli.main(words[1:])
        except SystemExit as end:
            code = end.code
        assert not code, command
    else:
        assert words[0] == "python", f"neither run here nor named in ELSEWHERE: {command}"
        script(words[1:])


@pytest.mark.parametrize("page", [page for page in PAGES if page not in OWN_TESTS])
def test_a_reader_can_type_it(page, reader, capfd):
    if not any(kind in ("", "python") for kind, *_ in blocks(page)):
        return
    reader(page)
    names = {"__name__": "__main__"}
    for kind, text, name, before in blocks(page):
        if name:
            Path(name).write_text((Path(before).read_text() if before else "") + text)
        elif kind == "python":
            exec(compile(text, page, "exec"), names)
        elif kind == "":
            for command in commands(text):
                typed(command)


@pytest.mark.parametrize("page", PAGES)
def test_commands_within_sentences_exist(page):
    """`kmc-li VERB` names a verb; `python FILE` a script that knows these options."""
    help = parser.parser().format_help()
    for command in dict.fromkeys(re.findall(r"(?<!`)`((?:kmc-li|python) [^`]+)`", (ROOT / page).read_text())):
        words = shlex.split(command)
        if words[0] == "kmc-li":
            assert words[1] in ("--help", "VERB") or re.search(rf"^    {words[1]}\b", help, re.M), command
        elif words[1] != "-m":
            text = (ROOT / words[1]).read_text()
            assert all(f'"{word}"' in text for word in words[2:] if word.startswith("--")), command


def test_what_is_run_elsewhere_is_still_on_a_page():
    every = "\n".join((ROOT / page).read_text() for page in PAGES)
    assert all(start in every for start in ELSEWHERE)
    assert all((ROOT / test).exists() for test in OWN_TESTS.values())
