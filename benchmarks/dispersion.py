"""Growth and decay of waves against linear theory, with surface diffusion and with capillarity as the cut-off.

    python benchmarks/dispersion.py            # two voxel sizes, four seeds; some minutes

Waves along (100) and at 45 degrees, longer and shorter than the neutral one, start together in one box with amplitudes
of 0.12 voxel. No two of them add up to a third, so what they do to each other is of third order. Their growth over
three monolayers is given over that of a wave without a cut-off, V_m j k/(zF (1 + kW)): 0 for the neutral wave.
"""

import argparse
import itertools
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple
from unittest.mock import patch

import numpy as np
from tqdm import tqdm

from kmc_li import Parameters, UserError
from kmc_li.commands.parser import at_least
from kmc_li.engine import build
from kmc_li.engine.simulation import Simulation
from kmc_li.report.statistics import mean_band
from kmc_li.study import dispersion

BOX_UM, AMPLITUDE, LAYERS, QUANTA = 12.0, 0.12, 3, 256
WAVES = ((2, 2), (3, 0), (0, 4), (3, 3), (5, 0), (4, -4))  # in the box; sums of two are no third
VOXELS_UM = (0.1875, 0.125)
CUTOFFS = {
    "surface diffusion": {"surface.mullins_B_m4_s": 4e-29},
    "capillarity": {"surface.capillarity": True, "metal.surface_energy_J_m2": 30.0},
}


class Wave(NamedTuple):
    """One wave: its length, growth rates over that without a cut-off, by theory and as measured."""

    length_um: float
    diagonal: bool
    theory: float
    measured: float


def study(cutoff: str, voxel_um: float) -> Parameters:
    """Bare metal in that box; W = 0.83 um."""
    columns = round(BOX_UM / voxel_um)
    base = {
        "lattice": {"nx": columns, "ny": columns, "nz": 40, "voxel_um": voxel_um},
        "electrolyte": {"conductivity_S_m": 4.15e-4, "charge_transfer_resistance_ohm_cm2": 20.0},
        "plating": {"current_density_mA_cm2": 1.0},
        "surface": {"noise_volume_um3": voxel_um**3 / QUANTA, "capillarity": False},
        "stop": {"time_s": 1.0},
        "output": {"series_points": 1, "snapshots": 1},
    }
    p = Parameters.from_dict(base).replace(**CUTOFFS[cutoff])
    return p.replace(**{"stop.time_s": LAYERS / build.build_model(p).monolayer_rate})


def rates(cutoff: str, voxel_um: float, seed: int) -> list[Wave]:
    """Growth of all waves in one run."""
    p = study(cutoff, voxel_um)
    x, y = np.indices((p.lattice.nx, p.lattice.ny)) / p.lattice.nx
    offsets = np.random.default_rng(seed).uniform(0.0, 2.0 * np.pi, len(WAVES))
    phases = [2.0 * np.pi * (a * x + b * y) + offset for (a, b), offset in zip(WAVES, offsets, strict=True)]
    heights = 5.37 + AMPLITUDE * sum(np.sin(phase) for phase in phases)
    with patch.object(build, "substrate_heights", lambda parameters, seed: heights):
        simulation = Simulation(p, seed)
    before = _amplitudes(simulation, phases)
    while simulation.finished is None:
        simulation.advance(10**9)
    grown = np.log(_amplitudes(simulation, phases) / before) / simulation.time_s
    k = 2e6 * np.pi * np.hypot(*np.transpose(WAVES)) / BOX_UM
    free = p.replace(**{"surface.mullins_B_m4_s": 0.0, "surface.capillarity": False})
    alone, theory = dispersion.growth_rate_per_s(free, k), dispersion.growth_rate_per_s(p, k)
    columns = (2e6 * np.pi / k, [a * b != 0 for a, b in WAVES], theory / alone, grown / alone)
    return [Wave(*values) for values in zip(*columns, strict=True)]


def _amplitudes(simulation: Simulation, phases: list[np.ndarray]) -> np.ndarray:
    fills, box = simulation._state.method.fills, simulation._box
    heights = fills.volume.reshape(box)[:, :, 1:].sum(axis=2, dtype=np.float64) / fills.full
    return np.array([2.0 * np.abs(np.mean(heights * np.exp(1j * phase))) for phase in phases])


def neutral_um(waves: list[Wave]) -> float:
    """Length at which the measured growth passes zero, between the two waves beside it."""
    ordered = sorted(waves, key=lambda wave: -wave.length_um)
    for long, short in itertools.pairwise(ordered):
        if long.measured > 0.0 >= short.measured:
            share = long.measured / (long.measured - short.measured)
            return float(1.0 / (1.0 / long.length_um + share * (1.0 / short.length_um - 1.0 / long.length_um)))
    return float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=at_least(1), default=4)
    parser.add_argument("--jobs", type=at_least(1), default=os.cpu_count() or 1)
    options = parser.parse_args()
    tasks = [(c, v, seed) for c in CUTOFFS for v in VOXELS_UM for seed in range(options.seeds)]
    with ProcessPoolExecutor(options.jobs) as pool:
        done = dict(zip(tasks, tqdm(pool.map(rates, *zip(*tasks, strict=True)), total=len(tasks)), strict=True))
    print(f"growth over that without a cut-off; mean [95 % band], Student t, {options.seeds} seeds\n")
    print("| cut-off | wave | linear theory | " + " | ".join(f"voxel {v:g} µm" for v in VOXELS_UM) + " |")
    print("|---|---|---|" + "---|" * len(VOXELS_UM))
    for cutoff in CUTOFFS:
        runs = {v: [done[cutoff, v, seed] for seed in range(options.seeds)] for v in VOXELS_UM}
        some = runs[VOXELS_UM[0]][0]
        for i in sorted(range(len(WAVES)), key=lambda i: -some[i].length_um):
            way = "45°" if some[i].diagonal else "(100)"
            bands = [words([run[i].measured for run in runs[v]], "{:.2f}") for v in VOXELS_UM]
            print(f"| {cutoff} | {some[i].length_um:.2f} µm, {way} | {some[i].theory:.2f} | {' | '.join(bands)} |")
        expected = dispersion.neutral_wavelength_um(study(cutoff, VOXELS_UM[0]))
        bands = [words([neutral_um(run) for run in runs[v]], "{:.2f}") for v in VOXELS_UM]
        print(f"| {cutoff} | neutral (µm) | {expected:.2f} | {' | '.join(bands)} |")


def words(values: list[float], form: str) -> str:
    band = mean_band(np.array(values))
    return "{} [{}, {}]".format(*(form.format(value) for value in (band.mean, band.low, band.high)))


if __name__ == "__main__":
    try:
        main()
    except (UserError, KeyboardInterrupt) as error:
        sys.exit(str(error))
