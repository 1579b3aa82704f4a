"""One run: Python owns time, records and interruption, the kernels only advance. The one door to the kernels."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import build, exact, morphology
from .kernels import classes, clearance, hops, loop, multigrid, uniform
from .kernels.lattice import LI
from .kernels.state import LINEAR, UNIFORM, WALKERS
from .parameters import Parameters

UNLIMITED = 2**62
METHODS = {LINEAR: "multigrid", WALKERS: "walkers", UNIFORM: "none"}
REASONS = {loop.FULL: "box is full", loop.NOTHING: "nothing can happen"}
SKIPPED = (  # scratch, and what follows from the rest
    "tree.u", "tree.f", "search.", "walkers.", "clear.",
    "field.dirty", "field.work", "field.patch", "field.lanes", "field.fresh",
)  # fmt: skip


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
        new._model = build.build_model(parameters)
        box = parameters.lattice
        new._box, empty = build.allocate_state(
            new._model,
            np.zeros((box.nx, box.ny, box.nz), np.bool_),
            wagner=parameters.wagner_length_m / parameters.voxel_m,
            weighted=parameters.plating.face_area_weights,
            charge=build.charge_transfer(parameters),
        )
        new._state = _unflatten(empty, arrays)
        for name, value in scalars["counters"].items():
            setattr(new._state.counters[0], name, value)
        if new._model.kinetics == LINEAR:
            n = new._state.counters[0]
            multigrid.pair_planes(new._state.tree, n.lo, n.hi, new._state.field.thickness)
        if new._model.kinetics == WALKERS:
            clearance.note_all(new._state.clear, new._state.lattice.cell, new._box)
        new._rng = np.random.Generator(np.random.PCG64())
        new._rng.bit_generator.state = scalars["rng"]
        new.finished, new._row, new.at_record_point = scalars["finished"], scalars["row"], scalars["at_record_point"]
        new._errors = list(scalars["errors"])
        return new

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
        return _flatten(self._state), scalars

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
        while True:
            code = self._kernel(self._model, self._box, self._state, self._rng, limit, net, time_s)
            if code == loop.GROW_SITES:
                self._state = self._state._replace(sites=classes.grown(self._state.sites))
            elif code == loop.GROW_HOPPERS:
                self._state = self._state._replace(hoppers=hops.grown(self._state.hoppers))
            else:
                break
        n = self._state.counters[0]
        at_limit = n.plated - n.stripped >= net or n.events >= events or n.time >= time_s
        if code in REASONS or at_limit:
            loop.settle(self._model, self._box, self._state)
        if code in REASONS:
            height_limited = code == loop.FULL and stop.height_um is not None
            self.finished = "height" if height_limited else REASONS[code]
        elif at_limit:
            self._row += 1
            self.at_record_point = True
            self._sample()
            exact.close_window(self._state)
            self._finish()

    @property
    def _kernel(self) -> Any:
        """The event loop for these parameters: the general one, or one that is faster where there is no field."""
        if self._model.kinetics == UNIFORM and self._model.monolayer_rate == 0:
            return hops.advance
        if self._model.kinetics == UNIFORM and not self._model.hop_rate.any():
            return uniform.advance
        return loop.advance

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
        if self._model.kinetics == LINEAR and int(self.progress * wanted + 1e-9) > len(self._errors):
            self._errors.append(exact.field_error(self._model, self._box, self._state))

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
            shares.append(n.top / self._model.nz)
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
        n, p, voxel_um = self._state.counters[0], self.parameters, self.parameters.lattice.voxel_um
        occupancy = self.occupancy[:, :, : max(int(n.top), 1)]
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
        if self._model.kinetics != UNIFORM:
            row |= exact.field_row(self._model, self._box, self._state, p)
        return row

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
            "attempts": int(n.attempts),
            "field_method": METHODS[self._model.kinetics],
            "refreshes": int(n.refreshes),
            "events_per_refresh": float(n.events / max(n.refreshes, 1)),
            "cycles": int(n.cycles),
            "field_tv_mean": float(np.mean(tv)) if tv else None,
            "field_tv_worst": float(np.max(tv)) if tv else None,
            "field_error_samples": list(self._errors),
        }


def warm_up() -> None:
    """Compile every kernel (or load it from the cache) by a run of a few events with all of them in use."""
    tiny: dict[str, Any] = {
        "lattice": {"nx": 4, "ny": 4, "nz": 24},
        "electrolyte": {"conductivity_S_m": 4e-4, "charge_transfer_resistance_ohm_cm2": 20.0},
        "plating": {"current_density_mA_cm2": 1.0},
        "field": {"samples": 1, "method": "multigrid"},
        "stop": {"events": 8},
        "output": {"series_points": 1},
    }
    simulation = Simulation(Parameters.from_dict(tiny), 0)
    simulation.advance(8)
    simulation.record()
    Simulation.restore(simulation.parameters, 0, *simulation.state())


def _flatten(value: Any, prefix: str = "") -> dict[str, NDArray[Any]]:
    """Arrays of nested named tuples by dotted name."""
    found: dict[str, NDArray[Any]] = {}
    for name, item in value._asdict().items():
        if isinstance(item, tuple):
            found |= _flatten(item, f"{prefix}{name}.")
        elif name != "counters" and not f"{prefix}{name}".startswith(SKIPPED):
            found[prefix + name] = item
    return found


def _unflatten(value: Any, arrays: dict[str, NDArray[Any]], prefix: str = "") -> Any:
    """The nested named tuples with those arrays in place of their own."""
    changed = {}
    for name, item in value._asdict().items():
        key = prefix + name
        if isinstance(item, tuple):
            changed[name] = _unflatten(item, arrays, f"{key}.")
        elif key in arrays:
            given = np.ascontiguousarray(arrays[key])
            growing = key.startswith(("sites.", "hoppers."))
            if given.dtype != item.dtype or given.ndim != item.ndim or (given.shape != item.shape and not growing):
                raise ValueError(f"{key}: {given.dtype} {given.shape} does not belong to these parameters")
            changed[name] = given.copy()
        elif name != "counters" and not key.startswith(SKIPPED):
            raise ValueError(f"{key} is missing")
    return value._replace(**changed)
