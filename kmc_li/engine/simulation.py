"""One run: Python owns time, records and interruption, the kernels only advance (kernels/loop.py)."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmc_li import morphology
from kmc_li.engine import build, observables
from kmc_li.engine.advance import UNLIMITED, advance
from kmc_li.engine.field_error import field_error
from kmc_li.engine.storable import flattened, unflattened
from kmc_li.kernels import hopping
from kmc_li.kernels.base import codes, verbs
from kmc_li.kernels.lattice.occupancy import LI, Box
from kmc_li.kernels.state import Model, State
from kmc_li.study.parameters import Parameters

REASONS = {codes.FULL: "box is full", codes.NOTHING: "nothing can happen"}


class Simulation:
    """A deposit that grows. Parameters and seed (int >= 0) determine every bit of it."""

    def __init__(self, parameters: Parameters, seed: int) -> None:
        self.parameters = parameters
        self.seed = seed
        self.finished: str | None = None
        self.at_record_point = False
        self._row = 0
        self._errors: list[dict[str, float]] = []
        self._model, self._box, self._state = build.build(parameters, seed)
        self._rng = np.random.Generator(np.random.PCG64(seed))

    @classmethod
    def restore(
        cls, parameters: Parameters, seed: int, arrays: dict[str, NDArray[Any]], scalars: dict[str, Any]
    ) -> "Simulation":
        """The simulation whose `state()` this is. Raises ValueError if the arrays do not belong to the parameters."""
        new = cls.__new__(cls)
        new.parameters, new.seed = parameters, seed
        new._resume(scalars)
        new._model, new._box, allocated = new._allocated()
        new._state = unflattened(allocated, arrays)
        for name, value in scalars["counters"].items():
            setattr(new._state.counters[0], name, value)
        verbs.restore(new._state.method, new._box, new._state)
        new._rng = np.random.Generator(np.random.PCG64())
        new._rng.bit_generator.state = scalars["rng"]
        new.finished, new._row, new.at_record_point = scalars["finished"], scalars["row"], scalars["at_record_point"]
        new._errors = list(scalars["errors"])
        return new

    def _resume(self, scalars: dict[str, Any]) -> None:
        """Take up what a kind of simulation of its own keeps, before its state is allocated."""

    def _allocated(self) -> tuple[Model, Box, State]:
        """Model, box and a state for the arrays of a checkpoint."""
        model, box = build.build_model(self.parameters), self.parameters.lattice
        empty = np.zeros((box.nx, box.ny, box.nz), np.bool_)
        return model, *build.allocate_state(self.parameters, empty, model=model, seed=self.seed)

    @property
    def _present(self) -> Parameters:
        """The study that the state was built for."""
        return self.parameters

    def state(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Everything that determines the future: arrays by name, and values that JSON holds."""
        counters = {name: self._state.counters[name][0].item() for name in self._state.counters.dtype.names or ()}
        scalars = {
            "counters": counters,
            "rng": self._rng.bit_generator.state,
            "row": self._row,
            "finished": self.finished,
            "at_record_point": self.at_record_point,
            "errors": list(self._errors),
        }
        return flattened(self._state), scalars

    def advance(self, max_events: int) -> None:
        """Carry out up to `max_events` events; stops before that at a record point and at the end."""
        if self.finished is not None:
            return
        n = self._state.counters[0]
        self.at_record_point = False
        stop = self.parameters.stop
        due = (self._row + 1) / self.parameters.output.series_points
        net, events, time_s = UNLIMITED, stop.events or UNLIMITED, stop.time_s or math.inf
        if self.parameters.target_voxels is not None:
            net = max(round(due * self.parameters.target_voxels), int(n.plated - n.stripped))
        elif stop.events is not None:
            events = math.ceil(due * stop.events)
        elif stop.time_s is not None:
            time_s = due * stop.time_s
        else:  # height only: a dense film of that height has all the rows, a porous one fewer
            net = math.ceil(due * self._model.nz * self._columns)
        limit = min(events, int(n.events) + max_events)
        code, self._state = advance(self._model, self._box, self._state, self._rng, limit, net, time_s)
        n = self._state.counters[0]
        at_limit = n.plated - n.stripped >= net or n.events >= events or n.time >= time_s
        if code in REASONS or at_limit:
            self.settle()
        if code in REASONS:
            height_limited = code == codes.FULL and stop.height_um is not None
            self.finished = "height" if height_limited else REASONS[code]
        elif at_limit:
            self._row += 1
            self.at_record_point = True
            self._sample()
            observables.close_window(self._state)
            self._finish()

    def settle(self) -> None:
        """Bring field and rates up to date with all that hops have changed."""
        if self._state.counters[0].changed > 0 and hopping.flush(self._model, self._box, self._state):
            verbs.refresh(self._state.method, self._model, self._box, self._state)

    def _finish(self) -> None:
        n, stop, target = self._state.counters[0], self.parameters.stop, self.parameters.target_voxels
        if target is not None and n.plated - n.stripped >= target:
            self.finished = "capacity"
        elif stop.events is not None and n.events >= stop.events:
            self.finished = "events"
        elif stop.time_s is not None and n.time >= stop.time_s:
            self.finished = "time"

    def _sample(self) -> None:
        """Compare the event probabilities in use with the converged field's, at moments spread over the run."""
        wanted = self.parameters.field.samples
        if int(self.progress * wanted + 1e-9) > len(self._errors):
            error = field_error(self._model, self._box, self._state)
            self._errors += [] if error is None else [error]

    @property
    def _columns(self) -> int:
        return self.parameters.lattice.nx * self.parameters.lattice.ny

    @property
    def events(self) -> int:
        """Voxels plated, stripped and hopped so far."""
        return int(self._state.counters[0].events)

    @property
    def time_s(self) -> float:
        """Simulated time [s]."""
        return float(self._state.counters[0].time)

    @property
    def areal_capacity_mAh_cm2(self) -> float:
        """Net charge passed over the flat area: voxels plated less stripped, by Faraday's law."""
        n = self._state.counters[0]
        coulomb_m2 = (n.plated - n.stripped) * self.parameters.voxel_charge_C / self.parameters.face_area_m2
        return float(coulomb_m2 / 3.6e4)

    @property
    def progress(self) -> float:
        """Share of the way to the nearest of the study's stops, 0..1."""
        n, stop = self._state.counters[0], self.parameters.stop
        shares = [0.0]
        if self.parameters.target_voxels:
            shares.append((n.plated - n.stripped) / self.parameters.target_voxels)
        if stop.events is not None:
            shares.append(n.events / stop.events)
        if stop.time_s is not None:
            shares.append(n.time / stop.time_s)
        if stop.height_um is not None:
            shares.append(n.top_plane / self._model.nz)
        return float(min(max(shares), 1.0))

    @property
    def occupancy(self) -> NDArray[np.bool_]:
        """The deposit: bool (nx, ny, nz)."""
        nz = self.parameters.lattice.nz
        cell = self._state.lattice.cell.reshape(self._box)
        occupied: NDArray[np.bool_] = (cell[:, :, 1 : nz + 1] & LI) != 0
        return occupied

    def record(self) -> dict[str, float]:
        """One row of the series."""
        n, voxel_um = self._state.counters[0], self.parameters.lattice.voxel_um
        occupancy = self.occupancy[:, :, : max(int(n.top_plane) + 1, 1)]
        height_map = morphology.height_map(occupancy)
        rough = morphology.roughness(height_map)
        row = {
            "events": float(n.events),
            "plated": float(n.plated),
            "stripped": float(n.stripped),
            "hops": float(n.hopped),
            "dead_voxels": float(n.dead_voxels),
            "time_s": float(n.time),
            "areal_capacity_mAh_cm2": self.areal_capacity_mAh_cm2,
            "thickness_um": morphology.thickness(occupancy) * voxel_um,
            "thickness_p95_um": morphology.thickness_percentile(occupancy) * voxel_um,
            "roughness_Sa_um": rough.Sa * voxel_um,
            "roughness_Sq_um": rough.Sq * voxel_um,
            "roughness_Sz_um": rough.Sz * voxel_um,
            "porosity": morphology.porosity(occupancy),
        }
        if self.parameters.ageing is not None:
            row["interphase_voxels"] = float(n.interphase)
        return row | observables.field_row(self._box, self._state, self._present)

    def report(self) -> dict[str, Any]:
        """End-of-run facts: counts, and the error of the field at the sampled moments."""
        n = self._state.counters[0]
        tv = [e["tv"] for e in self._errors]
        return {
            "events": int(n.events),
            "plated": int(n.plated),
            "stripped": int(n.stripped),
            "hops": int(n.hopped),
            "dead_voxels": int(n.dead_voxels),
            **({"interphase_voxels": int(n.interphase)} if self.parameters.ageing is not None else {}),
            "attempts": int(n.attempts),
            "field_method": self.parameters.method,
            "refreshes": int(n.refreshes),
            "events_per_refresh": float(n.events / max(n.refreshes, 1)),
            "cycles": int(n.cycles),
            "field_tv_mean": float(np.mean(tv)) if tv else None,
            "field_tv_worst": float(np.max(tv)) if tv else None,
            "field_error_samples": list(self._errors),
        }
