"""A local pool of workers for an ensemble: first runs start while the kernels of later ones are still being compiled.

Progress and the wish to stop go over shared memory.
"""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait as wait_for_exit
from typing import Any

from kmc_li.engine import warm_up
from kmc_li.errors import UserError
from kmc_li.running.driver import Interrupted
from kmc_li.running.progress import Progressing, bar, charge_words
from kmc_li.running.signals import noted_signals
from kmc_li.running.task import Task, is_done, perform
from kmc_li.study.parameters import Parameters

_POOLS = 3  # a worker that dies (killed, out of memory) takes its pool with it; so often a new one is tried
_PARTS = 3  # to compile for a kind of study, at most
_FIELDS = 3  # of the board, for each run and each part to compile: share done, events in this process, areal capacity

_board: Any = None


def run_locally(todo: list[Task], total: int, jobs: int, progress: bool, tell: Callable[[str], None]) -> None:
    """Do the tasks on `jobs` worker processes; raises as `run_ensemble` does."""
    context = multiprocessing.get_context("spawn")
    board = context.Array("d", _FIELDS * (total + _PARTS * total) + 1, lock=False)
    with noted_signals() as received, bar(progress, total=total) as shown:
        for attempt in range(1, _POOLS + 1):
            board[-1] = 0.0
            try:
                with ProcessPoolExecutor(jobs, context, _enter_worker, (board,)) as pool:
                    _Work(pool, todo, total, jobs, board, shown, tell).go(received)
            except BrokenProcessPool:
                if attempt == _POOLS and not received:
                    raise UserError(
                        f"worker processes died {_POOLS} times (killed, or out of memory?); what is finished "
                        "is kept: try fewer jobs; the same command goes on"
                    ) from None
            todo = [task for task in todo if not is_done(task)]
            if not todo:
                return
            if received:
                name = signal.Signals(received[0]).name
                raise Interrupted(
                    f"stopped by {name}, checkpointed: {total - len(todo)} of {total} runs are finished; "
                    "the same command goes on",
                    received[0],
                )


class _Work:
    """Which task goes to the pool next: a run whose kernels are there, or the compiling of others."""

    def __init__(
        self, pool: Any, todo: list[Task], total: int, jobs: int, board: Any, shown: Any, tell: Callable[[str], None]
    ) -> None:
        self.pool, self.jobs, self.board, self.shown = pool, jobs, board, shown
        self.total, self.before, self.submitted, self.begun = total, total - len(todo), len(todo), time.monotonic()
        self.runs: dict[str, list[Task]] = {}
        self.cold: list[tuple[str, str, Parameters]] = []  # kind, part, study
        for task in todo:
            parameters = Parameters.from_dict(task.parameters)
            kind = warm_up.kind(parameters)
            if kind not in self.runs:
                self.runs[kind] = []
                self.cold += [(kind, part, parameters) for part in warm_up.parts(parameters)]
            self.runs[kind].append(task)
        for kind in dict.fromkeys(kind for kind, *_ in self.cold):
            tell(f"compiling the kernels for {kind} studies, once on this machine ...")
        self.parts = len(self.cold)
        self.compiling: dict[Future[None], str] = {}
        self.running: set[Future[None]] = set()

    def _next(self) -> bool:
        """Hand one task to the pool; False if none may start now."""
        ready = [kind for kind in self.runs if self.runs[kind] and kind not in self._unready()]
        may_compile = self.cold and (not ready or len(self.compiling) < self.jobs - 1)
        if may_compile:
            kind, part, parameters = self.cold.pop(0)
            place = self.total + self.parts - len(self.cold) - 1
            self.compiling[self.pool.submit(_compile_on_board, parameters.to_dict(), part, place)] = kind
        elif ready:
            self.running.add(self.pool.submit(_perform_on_board, self.runs[ready[0]].pop(0)))
        return bool(may_compile or ready)

    def _unready(self) -> set[str]:
        return {*(kind for kind, *_ in self.cold), *self.compiling.values()}

    def go(self, received: list[int]) -> None:
        """Submit and wait, showing how far all is; returns early once a signal was received."""
        try:
            while not received:
                while len(self.running) + len(self.compiling) < self.jobs and self._next():
                    pass
                pending = {*self.running, *self.compiling}
                if not pending:
                    return
                finished, _ = wait(pending, timeout=0.5, return_when="FIRST_COMPLETED")
                for future in finished:
                    self.running.discard(future)
                    self.compiling.pop(future, None)
                    future.result()
                self._show()
        finally:
            if self.running or self.compiling:
                self.board[-1] = 1.0
            for future in (*self.running, *self.compiling):
                future.cancel()

    def _show(self) -> None:
        end = _FIELDS * self.total
        share, events, charge = (sum(self.board[field:end:_FIELDS]) for field in range(_FIELDS))
        words = charge_words(charge / self.submitted, events / (time.monotonic() - self.begun))
        if self.compiling:
            done = sum(self.board[end : end + _FIELDS * self.parts : _FIELDS])
            words = f"compiling {100 * done / self.parts:.0f} %, {words}"
        self.shown.set_description_str(words, refresh=False)
        self.shown.update(self.before + share - self.shown.n)


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


def _compile_on_board(study: dict[str, Any], part: str, number: int) -> None:
    def report(share: float) -> None:
        _board[_FIELDS * number] = share
        if _board[-1]:
            os._exit(128 + signal.SIGTERM)

    if not _board[-1]:
        warm_up.compile_part(Parameters.from_dict(study), part, report)


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
