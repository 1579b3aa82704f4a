"""A deposit grown monolayer by monolayer with the event loop timed, and the error of its field at moments between."""

import math
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from landings import moment

from kmc_li import Parameters
from kmc_li.engine import build
from kmc_li.engine.advance import advance
from kmc_li.kernels.base.codes import RUNNING

VOXELS_A_MONOLAYER = {0.0: 96.0, 0.5: 48.0, 5.0: 24.0, math.inf: 10.0}  # room for the highest bud, by W/voxel up to
SAMPLES = {64: 20, 128: 8, 256: 4}  # moments at which TV is taken, by columns along x up to; 2 beyond


class Case(NamedTuple):
    """One row of the table."""

    nx: int
    ny: int
    delta_over_W: float
    tolerance: float
    method: str = "walkers"
    monolayers: int = 8
    samples: int = 20
    repeats: int = 3
    face_area_weights: bool = True
    seed: int = 1

    @property
    def label(self) -> str:
        how = "walkers" if self.method == "walkers" else f"{100 * self.tolerance:g} %"
        return f"{self.nx} x {self.ny}, Delta/W {self.delta_over_W:g}, {how}"


class Growth(NamedTuple):
    """One deposit, timed."""

    cpu_s: np.ndarray  # (monolayers grown,)
    tv: list[float]
    model: Any
    box: Any
    state: Any


def parameters(case: Case) -> Parameters:
    """A bare collector of voxels of 0.25 um; W/voxel by the conductivity, or no resistance at all."""
    wagner = 1.0 / case.delta_over_W
    room = next(value for limit, value in VOXELS_A_MONOLAYER.items() if wagner <= limit)
    primary = wagner == 0.0
    return Parameters.from_dict(
        {
            "lattice": {"nx": case.nx, "ny": case.ny, "nz": round(room * case.monolayers) + 8, "voxel_um": 0.25},
            "electrolyte": {
                "conductivity_S_m": 1e-3 if primary else wagner * 0.25e-6 / 2e-3,
                "charge_transfer_resistance_ohm_cm2": 0.0 if primary else 20.0,
            },
            "plating": {"current_density_mA_cm2": 1.0, "face_area_weights": case.face_area_weights},
            "field": {"method": case.method, "tolerance": case.tolerance, "samples": 0},
            "stop": {"events": case.monolayers * case.nx * case.ny},
        }
    )


def grow(
    case: Case, moments: np.ndarray, tick: Callable[[int], None] = lambda events: None, until: float = math.inf
) -> Growth:
    """Grow a deposit, monolayer by monolayer until `until` (time.monotonic()), with TV after `moments` events each."""
    model, box, state = build.build(parameters(case))
    rng = np.random.Generator(np.random.PCG64(case.seed))
    columns = case.nx * case.ny
    cpu_s, tv, done = [], [], 0
    for layer in range(1, case.monolayers + 1):
        spent, first = 0.0, done
        inside = [int(m) for m in moments if first < m <= layer * columns]
        for stop in [*inside, layer * columns]:
            start = time.process_time()
            code, state = advance(model, box, state, rng, stop)
            spent += time.process_time() - start
            if code != RUNNING:
                raise RuntimeError(f"{case.label}: the deposit reached the top after {layer - 1} monolayers")
            if stop in inside:
                tv.append(error(model, box, state, case))
            tick(stop - done)
            done = stop
        cpu_s.append(spent)
        if time.monotonic() > until:
            break
    return Growth(np.array(cpu_s), tv, model, box, state)


def error(model: Any, box: Any, state: Any, case: Case) -> float:
    """TV of the event probabilities of a deposit at rest."""
    return moment(model, box, state, case.seed).tv
