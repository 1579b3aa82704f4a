"""A deposit grown monolayer by monolayer with the event loop timed, and the error of its field at moments between."""

import math
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy.special import gammaln

from kmc_li import Parameters
from kmc_li.engine import build
from kmc_li.engine import field_error as exact
from kmc_li.engine.advance import advance
from kmc_li.kernels.base.codes import RUNNING
from kmc_li.kernels.base.jit import njit
from kmc_li.kernels.methods import walkers

VOXELS_A_MONOLAYER = {0.0: 96.0, 0.5: 48.0, 5.0: 24.0, math.inf: 10.0}  # room for the highest bud, by W/voxel up to
SAMPLES = {64: 20, 128: 8, 256: 4}  # moments at which TV is taken, by columns along x up to; 2 beyond


DRAWN = 20_000  # walkers let go at a moment


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


@njit
def let_go(cell: Any, box: Any, method: Any, counters: Any, rng: Any, drawn: int, counts: Any) -> None:
    for _ in range(drawn):
        counts[walkers.walk(cell, box, method, counters[0], rng)] += 1


def walkers_tv(model: Any, box: Any, state: Any, seed: int) -> float:
    """TV between walkers and the converged field, the mean of its noise taken off (of a Poisson number, exactly)."""
    exact_rates = exact.converged_rates(model, box, state)
    expected = DRAWN * exact_rates / exact_rates.sum()
    counts = np.zeros(expected.size, np.int64)
    rng = np.random.Generator(np.random.PCG64([seed, int(state.counters[0].events)]))
    let_go(state.lattice.cell, box, state.method, state.counters.copy(), rng, DRAWN, counts)
    few = expected[expected > 0]
    floor = np.floor(few)
    chance = 2 * np.exp((floor + 1) * np.log(few) - few - gammaln(floor + 1))
    return float(0.5 * (np.abs(counts - expected).sum() - chance.sum()) / DRAWN)


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
    if case.method == "walkers":
        return walkers_tv(model, box, state, case.seed)
    return exact.field_error(model, box, state)["tv"]
