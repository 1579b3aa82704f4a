"""simulate and resume: advance in short steps, record, store, and stop only where it can go on."""

import signal
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kmc_li import __version__
from kmc_li.errors import UserError
from kmc_li.running.progress import Report, bar, run_bar
from kmc_li.running.signals import noted_signals
from kmc_li.storage.files import StoreWarning
from kmc_li.storage.history import History
from kmc_li.storage.manifest import Manifest, read_manifest
from kmc_li.storage.provenance import provenance
from kmc_li.storage.run import Run, Snapshots, pack, unpack
from kmc_li.storage.store import RunFolder, load_run, require_unused, state_sha256
from kmc_li.study.parameters import Parameters

if TYPE_CHECKING:
    from kmc_li.engine.simulation import Simulation

_SECONDS_AN_ADVANCE = 0.25
_FIRST_ADVANCE = 2_000


class Interrupted(KeyboardInterrupt):
    """SIGINT or SIGTERM arrived; the run was checkpointed first. signal_number: which; str: how to go on."""

    def __init__(self, message: str, signal_number: int) -> None:
        super().__init__(message, signal_number)
        self.signal_number = signal_number

    def __str__(self) -> str:
        return str(self.args[0])


def simulate(parameters: Parameters, seed: int, out: str | Path | None = None, progress: bool = False) -> Run:
    """Grow one deposit to the study's stop.

    seed: int >= 0; one seed gives the same bits on every machine. out: a new or empty folder that receives
    the run (checkpointed, so that `resume` can complete it); None keeps the run in memory. progress: show a
    bar (silent off a terminal). Raises UserError for bad input, before anything is written; Interrupted
    after SIGINT or SIGTERM, once the run in `out` is checkpointed.
    """
    with run_bar(progress) as report:
        return simulate_reporting(parameters, seed, out, report)


def resume(path: str | Path, progress: bool = False) -> Run:
    """Complete the run in a folder to its original target, bit for bit as if it had never stopped.

    A finished run is returned as it is. Raises UserError for a folder that is no run, is damaged beyond its
    checkpoints, was written by another version of kmc_li or is being written; Interrupted as in `simulate`.
    """
    with run_bar(progress) as report:
        return resume_reporting(path, report)


def compile_kernels(parameters: Parameters, tell: Callable[[str], None], progress: bool = False) -> None:
    """Compile what a study needs unless this machine's cache holds it; tell(line): before it starts."""
    from kmc_li.engine import warm_up

    parts = warm_up.parts(parameters)
    if not parts:
        return
    tell(f"compiling the kernels for {warm_up.kind(parameters)} studies, once on this machine ...")
    seconds = [warm_up.EFFORT[part].seconds for part in parts]
    # the time left from the mean speed since the start: functions differ too much for a moving mean
    with bar(progress, total=sum(seconds), desc="compiling", smoothing=0) as shown:
        for done, part in enumerate(parts):

            def report(share: float, before: float = sum(seconds[:done]), whole: float = seconds[done]) -> None:
                shown.update(before + share * whole - shown.n)

            warm_up.compile_part(parameters, part, report, after_others=done > 0)


def simulate_reporting(parameters: Parameters, seed: int, out: str | Path | None, report: Report) -> Run:
    """`simulate`, with report(simulation) called after every advance."""
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise UserError(f"seed: got {seed!r}, must be a whole number >= 0")
    if out is None:
        return _in_memory(_engine(parameters)(parameters, seed), parameters, seed, report)
    out = Path(out)
    require_unused(out)
    simulation = _engine(parameters)(parameters, seed)
    with noted_signals() as received, RunFolder.create(out, parameters, seed) as folder:
        _drive_stored(simulation, folder, received, report, fresh=True)
    return load_run(out)


def resume_reporting(path: str | Path, report: Report) -> Run:
    """`resume`, with report(simulation) called after every advance."""
    path = Path(path)
    past = check_resumable(path).provenance
    with noted_signals() as received, RunFolder.open(path) as folder:
        if folder.manifest.finished is None:
            if folder.parameters.substrate is not None:
                folder.parameters.substrate.require_map()
            _warn_of_changes(path, past)
            simulation, fresh = _restored(folder)
            folder.note_resumed()
            _drive_stored(simulation, folder, received, report, fresh)
    return load_run(path)


def check_resumable(path: Path) -> Manifest:
    """The manifest of a run that can be resumed or is finished. Raises UserError if there is none."""
    manifest = read_manifest(path)
    origin = manifest.provenance.get("kmc_li")
    if manifest.finished is None and origin != __version__:
        raise UserError(
            f"{path} was begun by kmc_li {origin}; this is kmc_li {__version__}, which may go on "
            "differently: resume with that version, or start again"
        )
    return manifest


def _warn_of_changes(path: Path, past: Mapping[str, Any]) -> None:
    present = provenance()
    changed = [key for key in ("source_sha256", "numba", "numpy") if past.get(key) != present[key]]
    if changed:
        warnings.warn(
            f"{path}: {', '.join(changed)} changed since the run was begun; the result may differ "
            "from an undisturbed run's",
            StoreWarning,
            stacklevel=4,
        )


def _engine(parameters: Parameters) -> "type[Simulation]":
    if parameters.protocol is not None:
        from kmc_li.engine.cycling import Cycling

        return Cycling
    from kmc_li.engine.simulation import Simulation

    return Simulation


def _restored(folder: RunFolder) -> "tuple[Simulation, bool]":
    parameters, seed = folder.parameters, folder.manifest.seed
    state = folder.restart()
    if state is None:
        return _engine(parameters)(parameters, seed), True
    try:
        return _engine(parameters).restore(parameters, seed, *state), False
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{folder.path}: its checkpoint does not fit its parameters ({error})") from error


def _in_memory(simulation: "Simulation", parameters: Parameters, seed: int, report: Report) -> Run:
    history = History()
    for _ in _recorded(simulation, history, parameters.output.snapshots, taken=0, fresh=True):
        report(simulation)
    shape = simulation.occupancy.shape
    bits = [packed for _, packed in history.snapshots]
    return Run(
        occupancy=simulation.occupancy.copy(),
        series=history.columns(),
        parameters=parameters,
        seed=seed,
        snapshots=Snapshots([c for c, _ in history.snapshots], lambda index: unpack(bits[index], shape)),
        provenance=provenance(),
        finished=simulation.finished,
        report=simulation.report(),
        state_sha256=state_sha256(*simulation.state()),
        path=None,
    )


def _drive_stored(
    simulation: "Simulation", folder: RunFolder, received: list[int], report: Report, fresh: bool
) -> None:
    output, history = folder.parameters.output, History()
    committed = time.monotonic()
    for _ in _recorded(simulation, history, output.snapshots, folder.snapshots_taken, fresh):
        report(simulation)
        if simulation.finished is not None:
            break
        if received or time.monotonic() - committed >= output.checkpoint_interval_s:
            folder.commit(history, simulation.occupancy, simulation.state(), simulation.events)
            committed = time.monotonic()
        if received:
            raise Interrupted(
                f"stopped by {signal.Signals(received[0]).name} at {100 * simulation.progress:.0f} % "
                f"({simulation.areal_capacity_mAh_cm2:.3g} mAh/cm2), checkpointed; "
                f"go on by: kmc-li resume {folder.path}",
                received[0],
            )
    folder.commit(
        history,
        simulation.occupancy,
        simulation.state(),
        simulation.events,
        simulation.finished,
        simulation.report(),
    )


def _recorded(
    simulation: "Simulation", history: History, snapshots: int, taken: int, fresh: bool
) -> Iterator[None]:
    """Advance to the end and record on the way; yields after each advance, whose length changes nothing.

    taken: snapshots recorded before; fresh: nothing is recorded yet, so the first row is due.
    """

    def record() -> None:
        nonlocal taken
        history.rows.append(simulation.record())
        # The k-th of n snapshots is due at k/n of the run; a record point takes one at most.
        due = int(simulation.progress * snapshots + 1e-9) > taken
        if simulation.parameters.protocol is not None:  # one at the end of each step
            due = snapshots > 0 and getattr(simulation, "at_step_end", False)
        if due:
            taken += 1
            history.snapshots.append((simulation.areal_capacity_mAh_cm2, pack(simulation.occupancy)))

    if fresh:
        record()
    events = _FIRST_ADVANCE
    while simulation.finished is None:
        start, before, before_s = time.perf_counter(), simulation.events, simulation.time_s
        simulation.advance(events)
        stands = (simulation.events, simulation.time_s) == (before, before_s)  # attempts in vain take time
        if stands and simulation.finished is None and not simulation.at_record_point:
            raise RuntimeError(f"the engine stands still at {before} events, time {simulation.time_s} s")
        rate = (simulation.events - before) / max(time.perf_counter() - start, 1e-6)
        # Short enough to obey a signal soon, long enough that the call costs nothing.
        events = max(100, min(2 * events, int(rate * _SECONDS_AN_ADVANCE)))
        if simulation.at_record_point or simulation.finished is not None:
            record()
        yield
