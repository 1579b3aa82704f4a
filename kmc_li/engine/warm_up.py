"""Compiling what a study needs before it runs: once on a machine, noted in the cache, with its progress known."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kmc_li.engine import build
from kmc_li.engine.field_error import converged_rates
from kmc_li.engine.simulation import Simulation
from kmc_li.kernels.base import cache, jit, verbs
from kmc_li.study.parameters import Parameters


class Effort(NamedTuple):
    """What compiling a part takes, as measured, for the bar; a few functions more or less do no harm."""

    seconds: float  # on one core; only the ratio of the parts matters
    functions: int  # alone in a process
    after_others: int  # after the parts before it in the same process
    power: int  # the time runs as the share of functions to this power: in the solver the large ones come last


EFFORT = {
    "all": Effort(6, 75, 75, 1),
    "refresh": Effort(14, 104, 104, 2),
    "loop": Effort(8, 124, 75, 2),
    "reference": Effort(5, 71, 28, 2),
}
SOLVED = ("multigrid", "guided")  # methods with a potential of their own
HOPS = 50  # functions more where atoms hop


def kind(parameters: Parameters) -> str:
    """What decides which kernels a study needs: studies of one kind share them."""
    p = parameters
    parts = [p.method] + (["ageing"] if p.faces_age else [])
    if p.method in SOLVED:
        parts += [p.plating.kinetics, p.layer.model if p.layer else "bare"]
        parts += ["stripping"] if p.plating.strip and verbs.shifts_faces(build.build_layer(p)) else []
    elif p.method == "none":
        parts += [p.plating.kinetics]
    return "-".join(parts + (["hops"] if p.hops.enabled else []))


def parts(parameters: Parameters) -> list[str]:
    """What may be compiled by different processes at a time; none of it where the cache holds all."""
    if parameters.protocol is not None:
        return []  # its steps compile what they need as they come
    needed = ["all"]
    if parameters.method in SOLVED:
        needed = ["refresh", "loop"] + (["reference"] if parameters.field.samples else [])
    return [part for part in needed if jit.COMPILED and not _mark(parameters, part).exists()]


def compile_part(
    parameters: Parameters,
    part: str,
    report: Callable[[float], None] = lambda share: None,
    after_others: bool = False,
) -> None:
    """Compile one of `parts`; report(share done, 0..1) on the way. after_others: parts before it, in this process."""
    effort = EFFORT[part]
    total = effort.after_others if after_others else effort.functions
    total += HOPS if parameters.hops.enabled and part in ("all", "loop") else 0
    tiny = _tiny(parameters)
    with jit.watched(lambda count: report(min(count / total, 1.0) ** effort.power)):
        if part in ("all", "refresh"):
            simulation = Simulation(tiny, 0)
            if part == "all":
                while simulation.finished is None:
                    simulation.advance(8)
            simulation.record()
            Simulation.restore(tiny, 0, *simulation.state())
        else:
            model, deposit = build.build_model(tiny), build.initial_deposit(tiny, 0)
            box, state = build.allocate_state(tiny, deposit, model=model)
            if part == "loop":
                advance = verbs.event_loop(state.method, model)
                advance(model, box, state, np.random.Generator(np.random.PCG64(0)), 0, 0, 0.0)
            else:
                converged_rates(model, box, state)
    report(1.0)
    with contextlib.suppress(OSError):  # without the mark the next process looks for itself
        _mark(parameters, part).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _mark(parameters, part).touch()


def _mark(parameters: Parameters, part: str) -> Path:
    return cache.CACHE / f"compiled-{cache.DIGEST}" / f"{kind(parameters)}-{part}"


def _tiny(parameters: Parameters) -> Parameters:
    """A few columns and events of the study."""
    box = parameters.lattice
    return parameters.replace(
        **{
            "lattice.nx": min(box.nx, 4),
            "lattice.ny": min(box.ny, 4),
            "field.samples": 0,
            "stop": {"events": 8},
            "output.series_points": 1,
        }
    )
