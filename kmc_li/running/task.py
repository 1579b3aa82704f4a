"""One run of an ensemble: what it is, whether it is done, and doing it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from kmc_li.errors import UserError
from kmc_li.running.driver import resume_reporting, simulate_reporting
from kmc_li.running.progress import Progressing
from kmc_li.storage.manifest import MANIFEST, parameters_of, read_manifest
from kmc_li.storage.store import require_unused
from kmc_li.study.parameters import Parameters


class Task(NamedTuple):
    """Parameters are a dict, so that any executor can carry them."""

    number: int
    parameters: dict[str, Any]
    seed: int
    folder: str


def is_done(task: Task) -> bool:
    """Whether the task's run is there and finished. Raises UserError if its folder holds anything else."""
    folder = Path(task.folder)
    if not (folder / MANIFEST).exists():
        require_unused(folder)
        return False
    manifest = read_manifest(folder)
    same = parameters_of(folder, manifest) == Parameters.from_dict(task.parameters)
    if not same or manifest.seed != task.seed:
        raise UserError(f"{folder} holds a run of other parameters: name another folder")
    return manifest.finished is not None


def perform(task: Task, report: Callable[[Progressing], None] = lambda simulation: None) -> None:
    """Do one run, or the rest of it. Raises as `simulate` and `resume` do."""
    if is_done(task):
        return
    if (Path(task.folder) / MANIFEST).exists():
        resume_reporting(task.folder, report)
    else:
        simulate_reporting(Parameters.from_dict(task.parameters), task.seed, task.folder, report)
