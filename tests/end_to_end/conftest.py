"""The command as a user types it: another process, a folder of its own, nothing shared but the compiled cache.

`Terminal.start` starts the installed command. What is only typed and read is done by a fork of an interpreter that has
imported it all: the same, but for the second that this takes.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import pytest

SCRIPT = Path(sys.executable).parent / "kmc-li"
COMMAND = [str(SCRIPT)] if SCRIPT.exists() else [sys.executable, "-m", "kmc_li.cli"]
CHECKOUT = Path(__file__).parents[2]


_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["kmc_li.cli", "kmc_li.engine.warm_up", "kmc_li.running.pictures", "kmc_li.html_report"])


def _type(words, folder, answers):
    """In the fork: the command, with the files `answers` for what it says and complains of."""
    os.chdir(folder)
    for descriptor, file in enumerate((os.devnull, *answers)):
        os.dup2(os.open(file, os.O_RDWR), descriptor)
    from kmc_li.cli import main

    sys.exit(main(words))


class Answer(NamedTuple):
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


class Terminal:
    """Types commands in one folder."""

    def __init__(self, folder):
        self.folder = folder

    def start(self, *words, command=COMMAND):
        words = [*command, *map(str, words)]
        pipe = subprocess.PIPE
        return subprocess.Popen(
            words, cwd=self.folder, stdout=pipe, stderr=pipe, stdin=subprocess.DEVNULL, text=True
        )

    def finish(self, process, timeout=240):
        out, err = process.communicate(timeout=timeout)
        return Answer(process.returncode, out, err)

    def wait(self, process, condition, seconds=120):
        """Wait for a condition that must come while the process runs."""
        end = time.monotonic() + seconds
        while not condition():
            assert process.poll() is None, self.finish(process)
            assert time.monotonic() < end, "nothing happens"
            time.sleep(0.01)

    def __call__(self, *words, command=None, timeout=240):
        if command:
            return self.finish(self.start(*words, command=command), timeout)
        with tempfile.NamedTemporaryFile("r") as out, tempfile.NamedTemporaryFile("r") as err:
            process = _forks.Process(target=_type, args=(list(map(str, words)), self.folder, (out.name, err.name)))
            process.start()
            process.join(timeout)
            if process.exitcode is None:
                process.kill()
                raise TimeoutError(f"{words}: {out.read()}{err.read()}")
            return Answer(process.exitcode, out.read(), err.read())

    def ok(self, *words, command=None):
        answer = self(*words, command=command)
        assert answer.code == 0, answer
        return answer.out

    def script(self, name, *words):
        """Runs a script of the checkout."""
        return self(*words, command=[sys.executable, str(CHECKOUT / name)])

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path

    def files(self):
        """Every file below the folder with size and time of writing."""
        found = [file for file in self.folder.rglob("*")]
        return sorted((str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in found)


@pytest.fixture
def terminal(tmp_path):
    return Terminal(tmp_path)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A terminal whose folder the tests of a file share."""
    return Terminal(tmp_path_factory.mktemp("shared"))
