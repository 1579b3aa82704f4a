"""A stand-in for the engine with the same interface: random deposition on columns, no physics, no compiling.

Tests of storing, resuming and interrupting use it, so that they take milliseconds and fail for one reason only.
"""

import sys
import time
import types

import numpy as np

import kmc_li
from kmc_li.study.parameters import Parameters
from kmc_li.study.presets import study_path


def tiny(**changes):
    """The tiny study with dotted keys changed."""
    return Parameters.from_toml(study_path("tiny")).replace(**changes)


class Simulation:
    """Drops voxels on random columns, waits exponential times, keeps a field with a memory of the past."""

    after_advance = None  # a test's hook, called with the simulation

    def __init__(self, parameters, seed):
        box = parameters.lattice
        self.parameters = parameters
        self._rng = np.random.default_rng(seed)
        self.occupancy = np.zeros((box.nx, box.ny, box.nz), dtype=bool)
        self._memory = np.zeros(box.nx * box.ny)
        self.events, self.time_s = 0, 0.0
        self._target = parameters.target_voxels
        self._gap = max(1, self._target // parameters.output.series_points)
        self.finished = None
        self.at_record_point = False

    @classmethod
    def restore(cls, parameters, seed, arrays, scalars):
        self = cls(parameters, seed)
        self.occupancy[:] = arrays["occupancy"]
        self._memory[:] = arrays["memory"]
        self._rng.bit_generator.state = scalars["rng"]
        self.events, self.time_s, self.finished = scalars["events"], scalars["time_s"], scalars["finished"]
        return self

    def state(self):
        scalars = {"events": self.events, "time_s": self.time_s, "finished": self.finished}
        arrays = {"occupancy": self.occupancy.copy(), "memory": self._memory.copy()}
        return arrays, scalars | {"rng": self._rng.bit_generator.state}

    def advance(self, max_events):
        time.sleep(0.0011)  # longer than the checkpoint interval of tests that ask for 1 ms
        self.at_record_point = False
        for _ in range(max_events):
            if self.finished or self.at_record_point:
                break
            self._one()
            self.at_record_point = self.events % self._gap == 0
        if Simulation.after_advance:
            Simulation.after_advance(self)

    def _one(self):
        columns = self.occupancy.reshape(-1, self.occupancy.shape[2])
        column = int(self._rng.integers(len(columns)))
        self._memory *= 0.99
        self._memory[column] += 1.0
        self.time_s += self._rng.exponential() * (1.0 + self._memory[column])
        height = int(columns[column].sum())
        self.events += 1
        if height == columns.shape[1]:
            self.finished = "box is full"
            return
        columns[column, height] = True
        if self.events >= self._target:
            self.finished = "capacity"

    @property
    def progress(self):
        return min(1.0, self.events / self._target)

    @property
    def areal_capacity_mAh_cm2(self):
        return self.parameters.stop.capacity_mAh_cm2 * self.events / self._target

    def record(self):
        heights = self.occupancy.sum(axis=2)
        return {
            "events": self.events,
            "time_s": self.time_s,
            "areal_capacity_mAh_cm2": self.areal_capacity_mAh_cm2,
            "thickness_um": float(heights.mean()) * self.parameters.lattice.voxel_um,
            "roughness_Sq_um": float(heights.std()) * self.parameters.lattice.voxel_um,
            "porosity": 0.0,
        }

    def report(self):
        return {"field_tv": [0.001, float("nan")], "refreshes": self.events // 100}


def install(monkeypatch):
    """Put the stand-in where the package looks for the engine."""
    from kmc_li.engine import warm_up  # with the engine itself, before it is replaced

    monkeypatch.setattr(warm_up, "parts", lambda parameters: [])  # there is nothing to compile
    module = types.ModuleType("kmc_li.engine.simulation")
    module.Simulation, module.warm_up = Simulation, lambda: None
    monkeypatch.setitem(sys.modules, "kmc_li.engine.simulation", module)
    monkeypatch.setattr(kmc_li, "simulation", module, raising=False)
    monkeypatch.setattr(Simulation, "after_advance", None)
    return Simulation
