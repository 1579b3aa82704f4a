"""Roughness that noise alone makes from a flat start, against linear theory.

    python benchmarks/noise.py            # three voxel sizes, three noise volumes; some minutes

Metal arrives in lumps of the noise volume V, so a wave of the height has the power S with dS/dt = 2 omega S + V v,
where omega is its growth rate (`kmc_li.study.dispersion`) and v the growth of the film. The power is averaged over all
waves of a band of lengths and given over the theory's. Bare lithium, W = 0.83 um, 1 mA/cm2, box 8 um wide.
"""

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from kmc_li import Parameters, UserError
from kmc_li.commands.parser import at_least
from kmc_li.engine import build
from kmc_li.engine.simulation import Simulation
from kmc_li.report.statistics import mean_band
from kmc_li.study import dispersion

BOX_UM = 8.0
VOLUME = 0.03125**3  # um^3: 512, 64 and 8 events a voxel of 0.25, 0.125 and 0.0625 um
BANDS_UM = ((4.2, np.inf), (2.1, 4.2), (1.05, 2.1))  # lengths of waves


class Case(NamedTuple):
    """One row of the table."""

    voxel_um: float
    layers: float
    seeds: int
    volume_um3: float = VOLUME
    mullins_B_m4_s: float = 5e-30


CASES = [
    Case(0.25, 0.5, 12),
    Case(0.125, 0.5, 16),
    Case(0.0625, 0.5, 8),
    Case(0.25, 2, 12),
    Case(0.125, 4, 24),
    Case(0.0625, 8, 8),
    Case(0.125, 4, 12, VOLUME / 4),
    Case(0.125, 4, 6, VOLUME / 16),
    Case(0.125, 8, 12),
    Case(0.125, 4, 24, mullins_B_m4_s=0.0),
]


def study(case: Case) -> Parameters:
    """Bare lithium on a flat collector, stopped when so many layers would be full."""
    columns = round(BOX_UM / case.voxel_um)
    p = Parameters.from_dict(
        {
            "lattice": {"nx": columns, "ny": columns, "nz": columns // 2, "voxel_um": case.voxel_um},
            "electrolyte": {"conductivity_S_m": 4.15e-4, "charge_transfer_resistance_ohm_cm2": 20.0},
            "plating": {"current_density_mA_cm2": 1.0},
            "surface": {
                "noise_volume_um3": case.volume_um3,
                "capillarity": False,
                "mullins_B_m4_s": case.mullins_B_m4_s,
            },
            "stop": {"time_s": 1.0},
            "output": {"series_points": 1, "snapshots": 1},
        }
    )
    return p.replace(**{"stop.time_s": case.layers / build.build_model(p).monolayer_rate})


def wavenumbers(p: Parameters) -> NDArray[np.float64]:
    """Of every wave that the box holds [rad/um], as numpy orders them."""
    k = 2.0 * np.pi * np.fft.fftfreq(p.lattice.nx, p.lattice.voxel_um)
    return np.hypot(*np.meshgrid(k, k))


def power(case: Case, seed: int) -> NDArray[np.float64]:
    """Of every wave [um^4] after one run."""
    p = study(case)
    simulation = Simulation(p, seed)
    while simulation.finished is None:
        simulation.advance(10**9)
    fills, voxel_um = simulation._state.method.fills, case.voxel_um
    inside = fills.volume.reshape(simulation._box)[:, :, 1:]
    heights = inside.sum(axis=2, dtype=np.float64) / fills.full * voxel_um
    return np.abs(np.fft.fft2(heights - heights.mean())) ** 2 * (voxel_um / p.lattice.nx) ** 2


def expected(case: Case) -> NDArray[np.float64]:
    """The same by linear theory; 0 for the film itself."""
    p = study(case)
    k, grown_um, time_s = wavenumbers(p), case.layers * case.voxel_um, p.stop.time_s
    found, waves = np.zeros(k.shape), k > 0
    exponent = 2.0 * dispersion.growth_rate_per_s(p, 1e6 * k[waves]) * time_s
    found[waves] = case.volume_um3 * grown_um * np.expm1(exponent) / exponent
    return found


def over_theory(case: Case, seed: int) -> list[float]:
    """Power over the theory's in each band of lengths, one run."""
    found, theory, k = power(case, seed), expected(case), wavenumbers(study(case))
    bands = [(2.0 * np.pi / high < k) & (k <= 2.0 * np.pi / low) for low, high in BANDS_UM]
    return [float(found[band].mean() / theory[band].mean()) for band in bands]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--jobs", type=at_least(1), default=os.cpu_count() or 1)
    options = parser.parse_args()
    tasks = [(case, seed) for case in CASES for seed in range(case.seeds)]
    with ProcessPoolExecutor(options.jobs) as pool:
        done = dict(zip(tasks, tqdm(pool.map(over_theory, *zip(*tasks, strict=True)), total=len(tasks)), strict=True))
    print("power over linear theory, mean [95 % band] over seeds, Student t\n")
    bands = "waves above 4.2 µm | 2.1 to 4.2 µm | 1.05 to 2.1 µm"
    print(f"| noise from a flat start | events a voxel | layers | B (m⁴/s) | {bands} |")
    print("|---|---|---|---|---|---|---|")
    for case in CASES:
        runs = np.array([done[case, seed] for seed in range(case.seeds)])
        found = ["{:.2f} [{:.2f}, {:.2f}]".format(*mean_band(column)[:3]) for column in runs.T]
        events = round(case.voxel_um**3 / case.volume_um3)
        head = f"| voxel {case.voxel_um:g} µm | {events} | {case.layers:g} | {case.mullins_B_m4_s:g} "
        print(f"{head}| {' | '.join(found)} |")


if __name__ == "__main__":
    try:
        main()
    except (UserError, KeyboardInterrupt) as error:
        sys.exit(str(error))
