"""How fast inclined planes plate against (100) where charge transfer controls, with and without face weights.

    python benchmarks/staircase.py             # currents on planes as they are cut; a minute
    python benchmarks/staircase.py --grow      # and planes that grow, with and without noise reduction

A plane inclined against the lattice shows up to sqrt 3 times its area in voxel faces. In the continuum every plane
draws the same current over its true area at the same potential where W is large, so the tables show current over true
area and potential, and speed along the normal, over those of (100).
"""

import argparse
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmc_li import Parameters, field
from kmc_li.commands.parser import at_least
from kmc_li.engine import build
from kmc_li.engine.advance import advance

SLOPES = {  # along x and y
    "110": (1.0, 0.0), "111": (1.0, 1.0), "310": (1 / 3, 0.0), "210": (0.5, 0.0), "120": (2.0, 0.0),
    "211": (0.5, 0.5), "221": (1.0, 0.5), "321": (2 / 3, 1 / 3),
}  # fmt: skip
EDGE = 6  # columns left out on each side of an edge


def ridges(slopes: tuple[float, float], half: int = 24) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Saw-tooth of planes of these slopes with edges `half` columns apart, and which columns are away from edges."""
    x = np.arange(2 * half) + 0.5
    wave = np.minimum(x, 2 * half - x)
    away = np.abs((x % half) - half / 2) < half / 2 - EDGE
    along_y = slopes[1] != 0
    width = x.size if along_y else 4
    height = slopes[0] * wave[:, None] + (slopes[1] * wave if along_y else np.zeros(width))
    tall = int(height.max()) + 8
    inside = np.broadcast_to(away[:, None] & (away if along_y else np.ones(width, bool)), (x.size, width))
    return np.arange(tall) + 0.5 < height[:, :, None], inside


def current_over_area(plane: str, wagner: float, weights: bool) -> float:
    """Current on the inclined planes over true area and potential, over that of (100)."""
    slopes = SLOPES[plane]
    occupancy, inside = ridges(slopes)
    solution = field.solve(
        occupancy,
        voxel_m=1.0,
        conductivity_S_m=1.0,
        charge_transfer_resistance_ohm_m2=wagner,
        current_density_A_m2=1.0,
        face_area_weights=weights,
    )
    current = solution.plating_current_A
    mean = (solution.potential_V * current)[inside].sum() / current[inside].sum()
    area = inside.sum() * np.sqrt(1 + slopes[0] ** 2 + slopes[1] ** 2)
    return float(current[inside].sum() / area / mean * (wagner + 0.5))


def bud(plane: str, height: int, width: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """A ridge of (110) or a pyramid of (111) planes on a flat, the columns of its planes, and those of the flat."""
    x = np.abs(np.arange(width) + 0.5 - width / 2)
    y = x if plane == "111" else np.zeros(width // 4)
    steep = height - x[:, None] - y
    apart = (x[:, None] > EDGE) & ((y > EDGE) | (plane == "110"))
    occupancy = np.arange(height + 60) + 0.5 < steep[:, :, None]
    return occupancy, apart & (steep > 2 * EDGE) & (steep < height - EDGE), steep < -EDGE


def speed(plane: str, hits: int, weights: bool, seed: int, wagner: float = 3000.0, layers: int = 12) -> float:
    """Speed along the normal of growing (110) or (111) planes over that of (100) in the same cell."""
    occupancy, planes, flat = bud(plane, 40, 112)
    parameters = Parameters.from_dict(
        {
            "lattice": {"nx": occupancy.shape[0], "ny": occupancy.shape[1], "nz": occupancy.shape[2], "voxel_um": 0.25},
            "electrolyte": {
                "conductivity_S_m": 0.25e-6 * wagner / 2e-3,
                "charge_transfer_resistance_ohm_cm2": 20.0,
            },
            "plating": {"current_density_mA_cm2": 1.0, "noise_reduction_hits": hits, "face_area_weights": weights},
            "field": {"method": "multigrid"},
            "stop": {"events": 1},
        }
    )
    model = build.build_model(parameters)
    box, state = build.allocate_state(parameters, occupancy, wagner=wagner, weighted=weights)
    build.settle(model, box, state)
    rng = np.random.Generator(np.random.PCG64(seed))
    before = _heights(box, state)
    events = layers * flat.size
    _, state = advance(model, box, state, rng, events)
    grown = _heights(box, state) - before
    return float(grown[planes].mean() / np.sqrt(int(plane[1]) + int(plane[2]) + 1) / grown[flat].mean())


def _heights(box: Any, state: Any) -> NDArray[np.float64]:
    """Li voxels of each column: what has been plated, pores left out."""
    return ((state.lattice.cell.reshape(box) & 8) != 0).sum(axis=2).astype(float)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--grow", action="store_true", help="let the planes grow, too")
    parser.add_argument("--seeds", type=at_least(2), default=4, metavar="N", help="of each that grows, >= 2 [4]")
    options = parser.parse_args()
    print("| plane | weights, W = 30 voxels | W = 1000 | plain faces, W = 30 | W = 1000 |\n|---|---|---|---|---|")
    for plane in SLOPES:
        cells = [f"{current_over_area(plane, w, weights):.3f}" for weights in (True, False) for w in (30.0, 1000.0)]
        print(f"| ({plane}) | {' | '.join(cells)} |", flush=True)
    if options.grow:
        print("\n| grown plane | hits | weights | plain faces |\n|---|---|---|---|")
        for plane in ("110", "111"):
            for hits in (1, 8, 64):
                cells = []
                for weights in (True, False):
                    values = np.array([speed(plane, hits, weights, seed) for seed in range(options.seeds)])
                    cells.append(f"{values.mean():.3f} ± {values.std(ddof=1) / np.sqrt(values.size):.3f}")
                print(f"| ({plane}) | {hits} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
