"""Many runs over many processors: each run is a folder, so that whatever stops is taken up where it was.

out/seed-0000, seed-0001 ...    one study
out/NAME/seed-0000 ...          several studies, each under its name
"""

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, as_completed
from pathlib import Path

from kmc_li.errors import UserError
from kmc_li.running.pool import run_locally
from kmc_li.running.progress import bar
from kmc_li.running.task import Task, is_done, perform
from kmc_li.storage.manifest import MANIFEST
from kmc_li.storage.run import Run
from kmc_li.storage.store import load_run
from kmc_li.study.parameters import Parameters


def run_ensemble(
    parameters: Parameters | Mapping[str, Parameters],
    seeds: Sequence[int],
    out: str | Path,
    jobs: int | None = None,
    executor: str | Executor = "local",
    progress: bool = False,
    tell: Callable[[str], None] = lambda line: None,
) -> dict[str, list[Run]]:
    """Run each study with each seed; name -> its runs in the order of the seeds.

    parameters: one study, or name -> study (each gets a folder of its name). jobs: worker processes (None:
    one for each processor). executor: "local", "tcp://HOST:PORT" of a dask scheduler whose workers see the
    same file system (needs kmc_li[hpc]), or any concurrent.futures.Executor. The same call again skips
    finished runs and goes on with the others. A run's bits depend on its study and seed only. tell(line):
    for what takes long.

    Raises UserError for bad input and for a folder that holds other runs, before anything is written, and
    if workers keep dying; Interrupted after SIGINT or SIGTERM, once all running runs are checkpointed.
    """
    tasks, todo = plan_ensemble(parameters, seeds, out, jobs, executor)
    if todo:
        if executor == "local":
            run_locally(todo, len(tasks), min(jobs or processors(), len(todo)), progress, tell)
        else:
            with _opened(executor) as pool, bar(progress, total=len(tasks), initial=len(tasks) - len(todo)) as shown:
                for future in as_completed([pool.submit(perform, task) for task in todo]):
                    future.result()
                    shown.update()
    runs = [load_run(task.folder) for task in tasks]
    share = len(seeds)
    return {name: runs[i * share : (i + 1) * share] for i, name in enumerate(_named(parameters))}


def plan_ensemble(
    parameters: Parameters | Mapping[str, Parameters],
    seeds: Sequence[int],
    out: str | Path,
    jobs: int | None = None,
    executor: str | Executor = "local",
) -> tuple[list[Task], list[Task]]:
    """All tasks of an ensemble, and those not finished. Raises UserError for whatever is wrong with it."""
    if jobs is not None and jobs < 1:
        raise UserError(f"jobs: got {jobs}, must be at least 1")
    if isinstance(executor, str) and executor != "local" and not executor.startswith(("tcp://", "tls://")):
        raise UserError(f"executor: got {executor!r}, must be local or a dask scheduler, tcp://HOST:PORT")
    tasks = _tasks(_named(parameters), seeds, Path(out))
    return tasks, [task for task in tasks if not is_done(task)]


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _named(parameters: Parameters | Mapping[str, Parameters]) -> dict[str, Parameters]:
    return {"": parameters} if isinstance(parameters, Parameters) else dict(parameters)


def _tasks(studies: Mapping[str, Parameters], seeds: Sequence[int], out: Path) -> list[Task]:
    if not studies or not seeds:
        raise UserError("an ensemble needs at least one study and one seed")
    if len(set(seeds)) < len(seeds) or min(seeds) < 0:
        raise UserError(f"seeds: got {list(seeds)}, must be different whole numbers >= 0")
    for name in studies:
        if name in (".", "..") or "/" in name or "\0" in name:
            raise UserError(f"study {name!r}: its name is to be a folder's, and cannot")
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file; an ensemble needs a folder")
    if (out / MANIFEST).exists():
        raise UserError(f"{out} holds a single run; an ensemble needs another folder")
    return [
        Task(index, study.to_dict(), seed, str(out / name / f"seed-{seed:04d}"))
        for index, (name, study, seed) in enumerate((n, p, s) for n, p in studies.items() for s in seeds)
    ]


@contextlib.contextmanager
def _opened(executor: str | Executor) -> Iterator[Executor]:
    if isinstance(executor, Executor):
        yield executor
        return
    try:
        from distributed import Client
    except ImportError:
        raise UserError('a dask scheduler needs the package distributed: pip install "kmc_li[hpc]"') from None
    try:
        client = Client(executor, timeout=10)
    except OSError as error:
        raise UserError(f"no dask scheduler answers at {executor}") from error
    with client:
        yield client.get_executor()
