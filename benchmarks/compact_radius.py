"""The radius up to which a cluster on an insulating plane grows compact: in proportion to W where noise roughens it.

    python benchmarks/compact_radius.py            # W from 1 to 32 voxels, 2-D; some minutes

Reactive walkers make a compact cluster at first and a branched one from a radius on that Jacobson and Miller
("Continuum limit of dendritic deposition", arXiv 2204.01173) found proportional to the ratio of diffusion and reaction,
here W. A half disc of four voxels stands on a plane that takes no current; whole voxels are plated, without a cut-off.
The compact radius is that of the first half ring, a quarter of its radius wide, of which less than half is metal.
"""

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from kmc_li import Parameters, UserError
from kmc_li.commands.parser import at_least
from kmc_li.engine import build
from kmc_li.engine.simulation import Simulation
from kmc_li.kernels.lattice.occupancy import BLOCKED
from kmc_li.report.statistics import mean_band

NUCLEUS = 4  # voxels, its radius
LENGTHS = (1, 2, 4, 8, 16, 32)
HALF, RING = 0.5, 1.25  # share of metal in a half ring, and its outer over its inner radius


def cluster(wagner: float, seed: int, events: int) -> NDArray[np.bool_]:
    """A grown half disc: bool (columns, planes)."""
    columns = max(256, round(64 * wagner))
    planes = columns // 2
    p = Parameters.from_dict(
        {
            "lattice": {"nx": columns, "ny": 1, "nz": planes, "voxel_um": 1.0},
            "electrolyte": {"conductivity_S_m": 1.0, "charge_transfer_resistance_ohm_cm2": 1e-2 * wagner},
            "plating": {"current_density_mA_cm2": 1.0},
            "stop": {"events": events},
            "output": {"series_points": 1, "snapshots": 1},
        }
    )
    simulation = Simulation(p, seed)
    x, z = np.indices((columns, planes))
    nucleus = np.hypot(x - columns // 2, z + 0.5) < NUCLEUS
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
    """Radius [voxels] in the middle of the first half ring of which less than HALF is metal."""
    columns, planes = occupancy.shape
    x, z = np.indices(occupancy.shape)
    rings = np.minimum(np.hypot(x - columns // 2, z + 0.5).astype(int), planes)
    voxels, metal = (np.r_[0, np.bincount(rings.ravel(), what).cumsum()] for what in (None, occupancy.ravel()))
    inner = np.arange(NUCLEUS, int(planes / RING))
    outer = np.maximum((RING * inner).astype(int), inner + 2)
    share = (metal[outer] - metal[inner]) / (voxels[outer] - voxels[inner])
    first = int(np.flatnonzero(share < HALF)[0])
    return float(inner[first] + outer[first]) / 2.0


def measured(task: tuple[int, int]) -> float:
    """Compact radius of one cluster that has grown to about twice as far."""
    wagner, seed = task
    return compact_radius(cluster(float(wagner), seed, max(5000, 400 * wagner**2)))


def exponent(radii: dict[int, list[float]]) -> tuple[float, float]:
    """Of the mean radius as a power of W, and its standard error, from single seeds."""
    w, seeds = np.log(list(radii)), len(next(iter(radii.values())))
    slopes = [np.polyfit(w, np.log([radii[one][seed] for one in radii]), 1)[0] for seed in range(seeds)]
    return float(np.mean(slopes)), float(np.std(slopes, ddof=1) / np.sqrt(seeds))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seeds", type=at_least(1), default=6)
    parser.add_argument("--jobs", type=at_least(1), default=os.cpu_count() or 1)
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
