"""Fractal dimension of 2-D deposits at W = 0: diffusion-limited aggregation and dielectric breakdown.

    python benchmarks/fractal.py                                    # exponents 0.5, 1, 2: some minutes
    python benchmarks/fractal.py --exponent 1 --voxels 1024 --columns 512 --seeds 40

Growth from one voxel on an insulating plane, rates as (current)^exponent. The plane is a mirror, so this is half of a
cluster that grows from a point, and its radius of gyration about the seed goes as N^(1/D) with small corrections to
scaling (a film grown from a line is still at D = 1.76 when its trees are 350 voxels high). The cell is some 8 times as
wide as the cluster is high, for the current comes from afar. D is one over the slope of log Rg against log N from
Rg = 12 voxels on, mean over clusters; its error: the standard error. Published: 1.71 for exponent 1 (DLA), 1.89 for 0.5
and 1.43 for 2 (Niemeyer, Pietronero, Wiesmann, Phys. Rev. Lett. 52, 1033 (1984); Hastings, ibid. 87, 175502 (2001)).
"""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmc_li import Parameters
from kmc_li.commands.parser import at_least
from kmc_li.engine import build
from kmc_li.engine import field_error as exact
from kmc_li.engine.advance import advance
from kmc_li.kernels.lattice.occupancy import BLOCKED, LI

PUBLISHED = {0.5: 1.89, 1.0: 1.71, 2.0: 1.43}
SMALLEST = 12.0  # voxels, mean Rg from which on the slope is fitted
VOXELS = {0.5: 4096, 1.0: 2896, 2.0: 724}  # with 1024 columns: clusters about 140 voxels high


def sizes(largest: int) -> NDArray[np.int64]:
    """Numbers of voxels at which the radius is taken: half powers of two."""
    return np.unique(np.round(2.0 ** np.arange(4, np.log2(largest) + 0.01, 0.5)).astype(np.int64))


def start(columns: int, exponent: float, tolerance: float, method: str = "multigrid") -> tuple[Any, Any, Any]:
    """Model, box and state of one voxel on an insulating plane."""
    planes = columns // 2
    parameters = Parameters.from_dict(
        {
            "lattice": {"nx": columns, "ny": 1, "nz": planes, "voxel_um": 0.25},
            "electrolyte": {"conductivity_S_m": 1.0, "charge_transfer_resistance_ohm_cm2": 0.0},
            "plating": {
                "current_density_mA_cm2": 1.0,
                "breakdown_exponent": exponent,
                "face_area_weights": False,
            },
            "field": {"method": method, "tolerance": tolerance},
            "stop": {"events": 1},
        }
    )
    seed = np.zeros((columns, 1, planes), np.bool_)
    seed[columns // 2, 0, 0] = True
    model = build.build_model(parameters)
    walk = method == "walkers"  # they know a plane that takes no current as a blocked collector, the solver as a wall
    box, state = build.allocate_state(parameters, seed, wagner=0.0, weighted=False, collector=walk)
    build.settle(model, box, state)
    if walk:
        state.lattice.cell.reshape(box)[~seed[:, 0, 0], 0, 0] |= np.uint8(BLOCKED)
        state.counters[0].dead_voxels = 1  # where some metal takes no current walkers look at each face
    return model, box, state


def cluster(
    columns: int,
    exponent: float,
    tolerance: float,
    seed: int,
    voxels: NDArray[np.int64],
    sampled: int = 99,
    method: str = "multigrid",
) -> NDArray[np.float64]:
    """Rows (radius of gyration, greatest radius, true TV of the field) at those numbers of voxels.

    The TV, which needs a converged field, is taken at the last `sampled` of them; NaN before.
    """
    model, box, state = start(columns, exponent, tolerance, method)
    rng = np.random.Generator(np.random.PCG64(seed))
    rows = []
    for left, n in zip(range(voxels.size, 0, -1), voxels, strict=True):
        _, state = advance(model, box, state, rng, n - 1)
        x, z = np.nonzero((state.lattice.cell.reshape(box)[:, 0, 1:] & LI) != 0)
        if x.size != n:
            raise ValueError(f"the box of {columns} columns is too small for {n} voxels")
        square = (x - columns // 2) ** 2 + (z + 0.5) ** 2
        tv = exact.field_error(model, box, state)["tv"] if left <= sampled else np.nan
        rows.append((square.mean() ** 0.5, square.max() ** 0.5, tv))
    return np.array(rows)


def dimension(voxels: NDArray[np.int64], radii: NDArray[np.float64], smallest: float = SMALLEST) -> tuple[float, float]:
    """D and its standard error from the radii of gyration (clusters, sizes)."""
    use = radii.mean(axis=0) >= smallest
    slopes = np.array([np.polyfit(np.log(voxels[use]), np.log(row[use]), 1)[0] for row in radii])
    mean = slopes.mean()
    return float(1 / mean), float(slopes.std(ddof=1) / np.sqrt(slopes.size) / mean**2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--exponent", type=float, nargs="+", default=list(PUBLISHED), metavar="ETA")
    parser.add_argument("--columns", type=at_least(1), default=1024, metavar="N", help="width of the cell [1024]")
    parser.add_argument("--voxels", type=at_least(1), metavar="N", help="of a cluster [4096, 2896, 724 by exponent]")
    parser.add_argument("--seeds", type=at_least(2), default=12, metavar="N", help="clusters, >= 2 [12]")
    parser.add_argument("--tolerance", type=float, default=1.0, metavar="PERCENT", help="field.tolerance [1]")
    parser.add_argument("--json", metavar="FILE", help="write all radii there too")
    options = parser.parse_args()
    found: dict[str, dict[str, Any]] = {}
    for exponent in options.exponent:
        began = time.process_time()
        voxels = sizes(options.voxels or VOXELS.get(exponent, 1024))
        clusters = range(options.seeds)
        rows = np.array([cluster(options.columns, exponent, options.tolerance / 100, s, voxels) for s in clusters])
        took = (time.process_time() - began) / options.seeds
        print(f"exponent {exponent:g}, {options.seeds} clusters of {voxels[-1]} voxels, {took:.1f} CPU s each")
        print("| N | Rg | greatest radius | D up to here, from N/4 | true TV |\n|---|---|---|---|---|")
        for i in range(4, voxels.size):
            gyration, greatest, tv = rows[:, i].mean(axis=0)
            d, error = dimension(voxels[i - 4 : i + 1], rows[:, i - 4 : i + 1, 0], 0)
            print(f"| {voxels[i]} | {gyration:.1f} | {greatest:.0f} | {d:.2f} ± {error:.2f} | {100 * tv:.1f} % |")
        d, error = dimension(voxels, rows[:, :, 0])
        expected = f", published {PUBLISHED[exponent]}" if exponent in PUBLISHED else ""
        print(f"D = {d:.3f} ± {error:.3f} from Rg = {SMALLEST:g} voxels on{expected}\n", flush=True)
        found[f"{exponent:g}"] = {"voxels": voxels.tolist(), "gyration": rows[:, :, 0].tolist(), "D": d, "error": error}
        found[f"{exponent:g}"]["greatest"] = rows[:, -1, 1].mean()
    print("| exponent | voxels | greatest radius | D | published |\n|---|---|---|---|---|")
    for name, one in found.items():
        row = name, one["voxels"][-1], f"{one['greatest']:.0f}", f"{one['D']:.3f} ± {one['error']:.3f}"
        print(f"| {' | '.join(map(str, row))} | {PUBLISHED.get(float(name), '')} |")
    if options.json:
        Path(options.json).write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    sys.exit(main())
