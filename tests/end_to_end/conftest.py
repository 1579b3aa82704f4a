"""The command as a user types it: another process, a folder of its own, nothing shared but the compiled cache."""

import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest

SCRIPT = Path(sys.executable).parent / "kmc-li"
COMMAND = [str(SCRIPT)] if SCRIPT.exists() else [sys.executable, "-m", "kmc_li.cli"]
CHECKOUT = Path(__file__).parents[2]


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

    def __call__(self, *words, command=COMMAND):
        return self.finish(self.start(*words, command=command))

    def ok(self, *words, command=COMMAND):
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
