"""The current on faces that a layer presses: as guided walkers draw it over what the converged field says.

    python benchmarks/pressed_share.py --seeds 12              # all three layers, some minutes
    python benchmarks/pressed_share.py anti_poled --seeds 24

Where walkers land is itself a field, that of the conductances that they find. It is solved for, so the error has no
noise of drawing. It is taken at random moments between refreshes, and told apart by how much had plated: in the share
of all pressed faces, and in that share weighted by the height above the rest plane. Errors are standard errors over
moments.
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from multiprocessing import get_context

import numpy as np
from landings import at_shifted_faces
from numpy.typing import NDArray
from study_speed import Growing, Row, parameters
from tqdm import tqdm

from kmc_li.commands.parser import at_least
from kmc_li.engine.field_error import guided_and_converged_rates

STUDIES = ("anti_poled", "piezo", "inert")
LAYERS = (0.0, 0.5, 1.5, 3.0, np.inf)  # monolayers plated, between which moments are put together
SHORTEST, LONGEST = 50, 700  # events from one moment to the next


def moments(case: tuple[str, int, int, float]) -> NDArray[np.float64]:
    """Of one deposit, a row a moment: monolayers, TV; share of pressed faces, in use and exact; the same weighted."""
    study, seed, columns, capacity = case
    row = Row(study, columns, capacity_mAh_cm2=capacity, seed=seed, moments=0)
    growing, rng, events = Growing(parameters(row), seed), np.random.default_rng(seed), 0
    found, area = [], columns**2
    while growing.to(events := events + int(rng.integers(SHORTEST, LONGEST))):
        state, box = growing.state, growing.box
        used, exact = (r / r.sum() for r in guided_and_converged_rates(growing.model, box, state))
        pressed, n = at_shifted_faces(box, state, exact), state.counters[0]
        height = np.maximum(np.arange(exact.size) % box.ns - n.rest_plane, 0.0) * pressed
        shares = [float(np.sum(weight * rates)) for weight in (pressed, height) for rates in (used, exact)]
        found.append([n.plated / area, 0.5 * float(np.abs(used - exact).sum()), *shares])
    return np.array(found)


def line(study: str, low: float, high: float, rows: NDArray[np.float64]) -> str:
    """One row of the table."""
    cells = [study, f"{low:g} to {high:g}" if high < np.inf else f"from {low:g}", str(len(rows))]
    cells += [f"{100 * rows[:, 1].mean():.3f} %", f"{rows[:, 3].mean():.4f}"]
    for used, exact in ((2, 3), (4, 5)):
        error = 100 * (rows[:, used] - rows[:, exact]) / rows[:, exact].mean()
        cells.append(f"{error.mean():+.2f} ± {error.std(ddof=1) / len(error) ** 0.5:.2f} %")
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("studies", nargs="*", default=STUDIES, metavar="STUDY", help=f"of {', '.join(STUDIES)} [all]")
    parser.add_argument("--seeds", type=at_least(1), default=10, metavar="N", help="deposits of each [10]")
    parser.add_argument("--columns", type=at_least(1), default=48, metavar="N", help="along x and y [48]")
    parser.add_argument("--capacity", type=float, default=0.3, metavar="MAH_CM2", help="areal capacity [0.3]")
    options = parser.parse_args()
    if unknown := set(options.studies) - set(STUDIES):
        parser.error(f"studies: got {min(unknown)}, must be of {', '.join(STUDIES)}")
    size = options.columns, options.capacity
    cases = [(study, seed, *size) for study in options.studies for seed in range(options.seeds)]
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        found = list(tqdm(pool.map(moments, cases), total=len(cases), desc="deposits"))
    print("| layer | monolayers | moments | TV, mean | share on pressed faces | off by | weighted by height, off by |")
    print("|---|---|---|---|---|---|---|")
    for k, study in enumerate(options.studies):
        rows = np.concatenate(found[k * options.seeds : (k + 1) * options.seeds])
        for low, high in pairwise(LAYERS):
            some = rows[(rows[:, 0] >= low) & (rows[:, 0] < high)]
            if len(some) > 1:
                print(line(study, low, high, some))


if __name__ == "__main__":
    main()
