"""A run with a protocol: the steps of a cycler in turn, on one deposit.

Each step of another kind or current begins with a state built anew from the deposit, its field at rest; between steps
nothing else is carried over but the deposit, the counts, the time and the random numbers. At rest only time passes.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmc_li import morphology
from kmc_li.engine import build, dead_lithium, observables
from kmc_li.engine.advance import UNLIMITED, advance
from kmc_li.engine.simulation import REASONS, Simulation
from kmc_li.errors import UserError
from kmc_li.kernels.base import codes, verbs
from kmc_li.kernels.lattice.occupancy import DEAD, LI, Box, Lattice
from kmc_li.kernels.methods import stripping
from kmc_li.kernels.selection.hops import NoHops
from kmc_li.kernels.state import Model, State
from kmc_li.study import units
from kmc_li.study.parameters import NO_STOP, Parameters
from kmc_li.study.protocol import Step

CARRIED = (
    "initial", "interphase", "owed", "events", "plated", "stripped", "hopped", "attempts", "time", "cycles",
    "refreshes",
)  # fmt: skip
SIGN = {"plate": 1, "strip": -1, "rest": 0}
Drive = tuple[str, float, float | None]  # what a state is built for: kind, current, potential
ENDS = ("capacity", "time", "cut-off", "nothing left")


def step_parameters(parameters: Parameters, step: Step) -> Parameters:
    """The study as it is during a step that passes current; of one that strips, its mirror image."""
    changes: dict[str, Any] = {"protocol": None, "stop": NO_STOP}
    if step.potential_V is None:
        changes["plating.current_density_mA_cm2"] = step.current_mA_cm2
    else:
        changes |= {"plating.control": "potentiostatic", "plating.overpotential_V": step.potential_V}
        changes["field.method"] = "multigrid"
    if step.kind == "strip":
        at = parameters.plating
        changes |= {"plating.alpha_cathodic": at.alpha_anodic, "plating.alpha_anodic": at.alpha_cathodic}
        changes.setdefault("field.method", _stripping_method(parameters))
    return parameters.replace(**changes)


def _stripping_method(parameters: Parameters) -> str:
    """Guided walkers serve only where no face carries the reverse of the reversed current."""
    layer = build.build_layer(parameters)
    reverse = verbs.shifts_faces(layer) and not verbs.lowers_shifts(verbs.reversed_shifts(layer))
    return "multigrid" if parameters.method == "guided" and reverse else parameters.method


def _require_mirror(parameters: Parameters) -> None:
    layer = build.build_layer(parameters)
    if parameters.layer is not None and type(layer) not in verbs.reversed_shifts.alternatives:
        must = "must be one that knows its `reversed_shifts` (kernels/base/verbs.py) where a [protocol] strips"
        raise UserError(f'layer.model: got "{parameters.layer.model}", {must}')


class Cycling(Simulation):
    """A deposit that is plated and stripped. Parameters and seed determine every bit of it."""

    def __init__(self, parameters: Parameters, seed: int) -> None:
        assert parameters.protocol is not None
        self.parameters, self.seed, self.finished = parameters, seed, None
        self.at_record_point, self.at_step_end = False, False
        self._row, self._errors = 0, []
        self._steps = parameters.protocol.parsed
        self._rng = np.random.Generator(np.random.PCG64(seed))
        self._ends = dict.fromkeys(ENDS, 0)
        first = next((step for step in self._steps if step.kind == "plate"), Step("plate", 1.0))
        self._drive: Drive = first.kind, first.current_mA_cm2, first.potential_V
        if any(step.kind == "strip" for step in self._steps):
            _require_mirror(parameters)
        self._build(build.initial_deposit(parameters, seed))
        self._index = -1
        self._begin()

    # Where the run is in its protocol.

    @property
    def step(self) -> Step:
        """The step that is being done."""
        return self._steps[self._index % len(self._steps)]

    @property
    def _present(self) -> Parameters:
        """The study as it is during the step that the state was built for."""
        kind, current, potential = self._drive
        return step_parameters(self.parameters, Step(kind, current, potential_V=potential))

    @property
    def _total(self) -> int:
        assert self.parameters.protocol is not None
        return len(self._steps) * self.parameters.protocol.cycles

    def _allocated(self) -> tuple[Model, Box, State]:
        box, strips = self.parameters.lattice, self._drive[0] == "strip"
        return self._allocate(np.zeros((box.nx, box.ny, box.nz), np.bool_), strips)

    def _allocate(
        self, occupancy: NDArray[np.bool_] | tuple[Box, Lattice], strips: bool
    ) -> tuple[Model, Box, State]:
        present = self._present
        rate = build.build_model(present).monolayer_rate
        model = build.build_model(self.parameters)._replace(monolayer_rate=rate)
        return model, *build.allocate_state(present, occupancy, model=model, strips=strips)

    def _build(self, occupancy: NDArray[np.bool_], before: Any = None) -> None:
        self._model, self._box, self._state = self._allocate(occupancy, self._drive[0] == "strip")
        n = self._state.counters[0]
        n.initial = int(np.count_nonzero(occupancy))
        for name in CARRIED if before is not None else ():
            setattr(n, name, getattr(before, name))
        build.settle(self._model, self._box, self._state)

    def _switch(self) -> None:
        """A state for another current, which takes over what the present one knows of the deposit."""
        old = self._state
        self._model, self._box, state = self._allocate((self._box, old.lattice), self._drive[0] == "strip")
        for name in (*CARRIED, "top_plane", "dead_voxels"):
            state.counters[0][name] = old.counters[0][name]
        self._state = verbs.take_over(state.method, old, self._model, self._box, state)

    def _begin(self) -> None:
        """The next step: its state, and what is counted from its start."""
        self._index += 1
        self.at_step_end = False
        step, n = self.step, self._state.counters[0]
        live = int(n.initial + n.plated - n.stripped - n.dead_voxels)
        drive = step.kind, step.current_mA_cm2, step.potential_V
        if step.kind != "rest" and drive != self._drive and not (step.kind == "strip" and live == 0):
            before, self._drive, kind = self._present.method, drive, type(self._state.method)
            static = isinstance(self._state.hoppers, NoHops)
            if static and self._present.method == before and kind in verbs.take_over.alternatives:
                self._switch()
            else:
                self._build(self.occupancy, n.copy())
            n = self._state.counters[0]
        if self.parameters.faces_age:
            self._state.method.ageing[1:] = float(n.time), step.on_s, step.off_s
        n.cut_off_walkers, n.cut_off_visits = 0, 0.0
        self._start = {
            "net": int(n.plated - n.stripped),
            "time": float(n.time),
            "live": live,
            "rows": 0,
            "settled": 0,
        }

    def _voxels(self, capacity_mAh_cm2: float) -> int:
        charge_C = units.convert(capacity_mAh_cm2, "mAh/cm^2", "C/m^2") * self.parameters.face_area_m2
        return round(charge_C / self.parameters.voxel_charge_C)

    def _on_time(self, elapsed_s: float) -> float:
        """For how long the current has flowed when a time has passed since the start of the step."""
        on, off = self.step.on_s, self.step.off_s
        if on == 0.0:
            return elapsed_s
        pulses = math.floor(elapsed_s / (on + off))
        return pulses * on + min(elapsed_s - pulses * (on + off), on)

    @property
    def time_s(self) -> float:
        """Simulated time [s], with the pauses between pulses, in which nothing happens and which cost nothing."""
        now, start, step = float(self._state.counters[0].time), float(self._start["time"]), self.step
        if step.on_s == 0.0 or self.at_step_end or now <= start:
            return now
        return now + (math.ceil((now - start) / step.on_s) - 1) * step.off_s

    @property
    def _settles_at(self) -> int:
        """Voxels stripped in this step after which dead Li falls next: after each monolayer."""
        assert self.parameters.protocol is not None
        if self.step.kind != "strip" or self.parameters.protocol.dead_lithium == "floats":
            return UNLIMITED
        return (int(self._start["settled"]) + 1) * self._columns

    def _settle(self) -> None:
        """Let loose metal fall; a method that cannot follow is built anew."""
        occupancy = dead_lithium.settle(self._model, self._box, self._state)
        if occupancy is not None:
            hits = self._state.hits
            self._build(occupancy[:, :, 1 : self.parameters.lattice.nz + 1], self._state.counters[0].copy())
            self._state.hits[:] = hits

    def _passed(self) -> int:
        n = self._state.counters[0]
        return SIGN[self.step.kind] * (int(n.plated - n.stripped) - int(self._start["net"]))

    def advance(self, max_events: int) -> None:
        """Carry out up to `max_events` events; stops before that at a record point and at the end of a step."""
        if self.finished is not None:
            return
        if self.at_step_end:
            self._begin()
        self.at_record_point = False
        step, n, start = self.step, self._state.counters[0], self._start
        due = (start["rows"] + 1) / max(self.parameters.output.series_points // self._total, 1)
        target = UNLIMITED if step.capacity_mAh_cm2 is None else self._voxels(step.capacity_mAh_cm2)
        end = np.inf if step.time_s is None else start["time"] + self._on_time(step.time_s)
        span = target if target < UNLIMITED else int(start["live"]) if step.kind == "strip" else UNLIMITED
        row, row_time = UNLIMITED, end
        if span < UNLIMITED:
            row = min(max(round(due * span), self._passed(), 1), target)
        elif step.time_s is not None:
            row_time = min(start["time"] + self._on_time(due * step.time_s), end)
        code = codes.RUNNING
        if step.kind == "rest":
            n.time = end
        elif step.kind == "strip" and start["live"] == 0:
            code = codes.NOTHING
        else:
            code = self._pass_current(int(n.events) + max_events, min(row, self._settles_at), row_time)
        self._note(code, target, end, self._passed() >= row or self._state.counters[0].time >= row_time)

    def _pass_current(self, events: int, passed: int, time_s: float) -> int:
        """The event loop of the step."""
        net, what = int(self._start["net"]), (self._model, self._box, self._state, self._rng, events)
        if self.step.kind == "plate":
            most = UNLIMITED if passed == UNLIMITED else net + passed
            code, self._state = advance(*what, most, time_s)
        else:
            p, cut_off_V = self._present, self.step.cut_off_V
            unit_V = p.current_density_A_m2 * p.voxel_m / p.conductivity_S_m
            most = UNLIMITED if passed == UNLIMITED else passed - net
            cut_off = 1e300 if cut_off_V is None else cut_off_V / unit_V
            code, self._state = advance(*what, most, time_s, stripping.advance, (cut_off,))
        return code

    def _note(self, code: int, target: int, end: float, row_is_due: bool) -> None:
        """What the step has come to: its end, the end of the run, or a row."""
        ended = None
        if code == codes.FULL or (code == codes.NOTHING and self.step.kind == "plate"):
            cycle = f"cycle {self._index // len(self._steps) + 1} of {self._total // len(self._steps)}"
            self.finished = f"{REASONS[code]} in {cycle} (lattice.nz is {self.parameters.lattice.nz})"
        elif self._passed() >= target:
            ended = "capacity"
        elif self._state.counters[0].time >= end:
            ended = "time"
        elif code == codes.CUT_OFF:
            ended = "cut-off"
        elif code == codes.NOTHING:
            ended = "nothing left"
        if self._passed() >= self._settles_at or (ended is not None and self._settles_at < UNLIMITED):
            self._start["settled"] = self._passed() // self._columns
            self._settle()
        if ended is not None or row_is_due:
            self._start["rows"] += 1
            self.at_record_point = True
            observables.close_window(self._state)
        if ended is not None:
            passed_s = float(self.step.time_s or 0.0) if ended == "time" else self.time_s - float(self._start["time"])
            self._state.counters[0].time = float(self._start["time"]) + passed_s
            self._ends[ended] += 1
            self.at_step_end = True
            if self._index + 1 == self._total:
                self.finished = "protocol"

    @property
    def progress(self) -> float:
        """Share of the protocol that is done, 0..1."""
        step, share = self.step, 0.0
        if step.capacity_mAh_cm2 is not None:
            share = self._passed() / max(self._voxels(step.capacity_mAh_cm2), 1)
        elif step.time_s is not None:
            share = (self.time_s - float(self._start["time"])) / step.time_s
        elif self._start["live"] > 0:
            share = self._passed() / self._start["live"]
        share = 1.0 if self.at_step_end else min(max(share, 0.0), 1.0)
        return min((self._index + share) / self._total, 1.0)

    def record(self) -> dict[str, float]:
        """One row of the series, with the step and with what is live; signs are those of the current."""
        sign, row = SIGN[self.step.kind], super().record()
        row["time_s"] = self.time_s
        for name in ("overpotential_V", "current_density_mA_cm2"):
            row[name] *= sign
        nz = self.parameters.lattice.nz
        cell = self._state.lattice.cell.reshape(self._box)[:, :, 1 : nz + 1]
        live = (cell & (LI | DEAD)) == LI
        row["thickness_live_um"] = morphology.thickness(live) * self.parameters.lattice.voxel_um
        row["cycle"] = float(self._index // len(self._steps) + 1)
        row["step"] = float(self._index % len(self._steps) + 1)
        return row

    def report(self) -> dict[str, Any]:
        """End-of-run facts, with how many steps ended for which reason."""
        return super().report() | {"step_ends": dict(self._ends)}

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Everything that determines the future, the place in the protocol included."""
        arrays, scalars = super().state()
        place = {"index": self._index, "start": dict(self._start), "ended": self.at_step_end}
        return arrays, scalars | {"protocol": place | {"drive": list(self._drive), "ends": dict(self._ends)}}

    def _resume(self, scalars: dict[str, Any]) -> None:
        assert self.parameters.protocol is not None
        place, self._steps = scalars["protocol"], self.parameters.protocol.parsed
        self._index, self._start, self.at_step_end = place["index"], dict(place["start"]), place["ended"]
        kind, current, potential = place["drive"]
        self._drive, self._ends = (kind, current, potential), dict(place["ends"])
