"""The radius up to which a cluster on an insulating plane grows compact: proportional to W where noise alone roughens it.

    python benchmarks/compact_radius.py            # W from 1 to 32 voxels, 2-D, eight seeds; some minutes

Reactive walkers make a compact cluster at first and a branched one from a radius on that Jacobson and Miller ("Continuum
limit of dendritic deposition", arXiv 2204.01173) found proportional to the ratio of diffusion and reaction, here W. A
half disc of four voxels stands on a plane that takes no current; whole voxels are plated, without a cut-off. The compact
radius is that of the largest half disc of which four fifths are metal.
"""

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from kmc_li import Parameters, UserError
from kmc_li.engine import build
from kmc_li.engine.simulation import Simulation
from kmc_li.kernels.lattice.occupancy import BLOCKED
from kmc_li.report.statistics import mean_band

NUCLEUS = 4  # voxels, its radius
COLUMNS, PLANES = 1536, 768
LENGTHS = (1, 2, 4, 8, 16, 32)
FULL = 0.8  # share of metal in a compact half disc


def cluster(wagner: float, seed: int, events: int) -> NDArray[np.bool_]:
    """A grown half disc: bool (COLUMNS, PLANES)."""
    p = Parameters.from_dict(
        {
            "lattice": {"nx": COLUMNS, "ny": 1, "nz": PLANES, "voxel_um": 1.0},
            "electrolyte": {"conductivity_S_m": 1.0, "charge_transfer_resistance_ohm_cm2": 1e-2 * wagner},
            "plating": {"current_density_mA_cm2": 1.0},
            "stop": {"events": events},
            "output": {"series_points": 1, "snapshots": 1},
        }
    )
    simulation = Simulation(p, seed)
    x, z = np.indices((COLUMNS, PLANES))
    nucleus = np.hypot(x - COLUMNS // 2, z + 0.5) < NUCLEUS
    box, state = build.allocate_state(p, nucleus[:, None, :])
    build.settle(simulation._model, box, state)
    insulating = ~nucleus[:, 0]
    state.lattice.cell.reshape(box)[insulating, 0, 0] |= np.uint8(BLOCKED)
    state.counters[0].dead_voxels = 1  # where some metal takes no current walkers look at each face
    simulation._state = state
    while simulation.finished is None:
        simulation.advance(10**9)
    return simulation.occupancy[:, 0, :]


def compact_radius(occupancy: NDArray[np.bool_]) -> float:
    """Radius [voxels] up to which FULL of the half disc is metal."""
    x, z = np.indices(occupancy.shape)
    rings = np.minimum(np.hypot(x - COLUMNS // 2, z + 0.5).astype(int), PLANES)
    share = np.bincount(rings.ravel(), occupancy.ravel()).cumsum() / np.bincount(rings.ravel()).cumsum()
    return float(np.flatnonzero(share >= FULL)[-1] + 1)


def measured(task: tuple[int, int]) -> float:
    """Compact radius of one cluster that has grown well beyond it."""
    wagner, seed = task
    return compact_radius(cluster(float(wagner), seed, max(5000, 240 * wagner**2)))


def exponent(radii: dict[int, list[float]]) -> tuple[float, float]:
    """Of the mean radius as a power of W, and its standard error, from single seeds."""
    w, seeds = np.log(list(radii)), len(next(iter(radii.values())))
    slopes = [np.polyfit(w, np.log([radii[one][seed] for one in radii]), 1)[0] for seed in range(seeds)]
    return float(np.mean(slopes)), float(np.std(slopes, ddof=1) / np.sqrt(seeds))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    tasks = [(w, seed) for w in LENGTHS for seed in range(options.seeds)]
    with ProcessPoolExecutor(options.jobs) as pool:
        found = dict(zip(tasks, tqdm(pool.map(measured, tasks), total=len(tasks)), strict=True))
    radii = {w: [found[w, seed] for seed in range(options.seeds)] for w in LENGTHS}
    print(f"mean [95 % band], Student t, {options.seeds} seeds\n")
    print("| W (voxels) | compact radius (voxels) | radius / W |\n|---|---|---|")
    for w, values in radii.items():
        band = mean_band(np.array(values))
        print(f"| {w} | {band.mean:.1f} [{band.low:.1f}, {band.high:.1f}] | {band.mean / w:.1f} |")
    print("\ncompact radius ∝ W^{:.2f} ± {:.2f} (standard error)".format(*exponent(radii)))


if __name__ == "__main__":
    try:
        main()
    except (UserError, KeyboardInterrupt) as error:
        sys.exit(str(error))
