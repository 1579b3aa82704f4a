"""Many runs over many processors: each run is a folder, so that whatever stops is taken up where it was.

out/seed-0000, seed-0001 ...    one study
out/NAME/seed-0000 ...          several studies, each under its name
"""

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait as wait_for_exit
from pathlib import Path
from typing import Any, NamedTuple

from kmc_li.driver import Interrupted, resume_reporting, simulate_reporting, warm_up
from kmc_li.errors import UserError
from kmc_li.manifest import MANIFEST, parameters_of, read_manifest
from kmc_li.parameters import Parameters
from kmc_li.progress import Progressing, bar, charge_words
from kmc_li.run import Run
from kmc_li.signals import noted_signals
from kmc_li.store import load_run, require_unused

_POOLS = 3  # a worker that dies (killed, out of memory) takes its pool with it; so often a new one is tried
_FIELDS = 3  # of the progress board, for each run: share done, events in this process, areal capacity


class Task(NamedTuple):
    """One run of an ensemble; parameters as a dict, so that any executor can carry it."""

    number: int
    parameters: dict[str, Any]
    seed: int
    folder: str


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
            warm_up(tell)
            _run_locally(todo, len(tasks), min(jobs or processors(), len(todo)), progress)
        else:
            with _opened(executor) as pool, bar(progress, total=len(tasks)) as shown:
                _collect(pool, todo, len(tasks), None, shown, [])
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
    return tasks, [task for task in tasks if not _is_done(task)]


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


def _is_done(task: Task) -> bool:
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
    if _is_done(task):
        return
    if (Path(task.folder) / MANIFEST).exists():
        resume_reporting(task.folder, report)
    else:
        simulate_reporting(Parameters.from_dict(task.parameters), task.seed, task.folder, report)


# The local pool: progress and the wish to stop go over shared memory.

_board: Any = None


def _enter_worker(board: Any) -> None:
    global _board
    _board = board
    # Ctrl-C reaches the whole process group; the parent decides and tells the workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    """A worker whose parent was killed checkpoints and ends, instead of waiting for work for ever."""
    wait_for_exit([sentinel])
    os.kill(os.getpid(), signal.SIGTERM)


def _perform_on_board(task: Task) -> None:
    place = _FIELDS * task.number
    start: list[int] = []

    def report(simulation: Progressing) -> None:
        if not start:
            start.append(simulation.events)
        events = simulation.events - start[0]
        _board[place : place + _FIELDS] = [simulation.progress, events, simulation.areal_capacity_mAh_cm2]
        if _board[-1]:
            os.kill(os.getpid(), signal.SIGTERM)

    if _board[-1]:
        return
    try:
        perform(task, report)
        _board[place] = 1.0
    except Interrupted:
        # Told to stop by a signal and not by the parent, the pool is gone: take no other task from its queue.
        if not _board[-1]:
            os._exit(128 + signal.SIGTERM)


def _run_locally(todo: list[Task], total: int, jobs: int, progress: bool) -> None:
    context = multiprocessing.get_context("spawn")
    board = context.Array("d", _FIELDS * total + 1, lock=False)
    with noted_signals() as received, bar(progress, total=total) as shown:
        for attempt in range(1, _POOLS + 1):
            board[-1] = 0.0
            try:
                with ProcessPoolExecutor(jobs, context, _enter_worker, (board,)) as pool:
                    _collect(pool, todo, total, board, shown, received)
            except BrokenProcessPool:
                if attempt == _POOLS and not received:
                    raise UserError(
                        f"worker processes died {_POOLS} times (killed, or out of memory?); what is finished "
                        "is kept: try fewer jobs; the same command goes on"
                    ) from None
            todo = [task for task in todo if not _is_done(task)]
            if not todo:
                return
            if received:
                name = signal.Signals(received[0]).name
                raise Interrupted(
                    f"stopped by {name}, checkpointed: {total - len(todo)} of {total} runs are finished; "
                    "the same command goes on",
                    received[0],
                )


def _collect(
    pool: Executor, todo: list[Task], total: int, board: Any, shown: Any, received: list[int]
) -> None:
    """Submit the tasks and wait, showing how far they are; returns early once a signal was received."""
    work = perform if board is None else _perform_on_board
    futures = [pool.submit(work, task) for task in todo]
    pending, begun = set(futures), time.monotonic()
    try:
        while pending and not received:
            finished, pending = wait(pending, timeout=0.5)
            for future in finished:
                future.result()
            _show(shown, board, total - len(todo), len(futures), len(pending), begun)
    finally:
        if pending and board is not None:
            board[-1] = 1.0
        for future in pending:
            future.cancel()


def _show(shown: Any, board: Any, before: int, submitted: int, pending: int, begun: float) -> None:
    if board is None:
        shown.update(before + submitted - pending - shown.n)
        return
    share, events, charge = (sum(board[field:-1:_FIELDS]) for field in range(_FIELDS))
    words = charge_words(charge / submitted, events / (time.monotonic() - begun))
    shown.set_description_str(words, refresh=False)
    shown.update(before + share - shown.n)


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
