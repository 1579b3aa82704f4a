"""Deposits that guided walkers grow beside those of a tight tolerance: differences in standard errors.

    python benchmarks/guided_bias.py anti_poled --guided 160 --multigrid 80     # a quarter of an hour, two processes
    python benchmarks/guided_bias.py piezo --guided 96 --multigrid 32
    python benchmarks/guided_bias.py anti_poled --guided 300 --finer 300 --tolerance 0.0002

A bias at the few pressed faces hardly shows in the error of the field (TV); the deposits add it up. The multigrid is
another method, but slow; guided walkers of a tight tolerance share their method with the others, not their error: with
0.0002 the potential is refreshed at least forty times a monolayer.
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np

import kmc_li
from kmc_li.commands.parser import at_least
from kmc_li.engine.simulation import Simulation

USUAL = 0.01  # tolerance of the studies
MEASURES = ("thickness_um", "roughness_Sq_um", "porosity")


def grown(case: tuple[str, str, int, int, float, float]) -> list[float]:
    """The measures of one deposit."""
    study, method, seed, columns, capacity, tolerance = case
    changes = {"lattice.nx": columns, "lattice.ny": columns, "stop.capacity_mAh_cm2": capacity, "field.method": method}
    changes |= {"field.samples": 0, "field.tolerance": tolerance, "output.series_points": 5}
    start = kmc_li.Parameters.from_toml(kmc_li.presets.study_path(study))
    simulation = Simulation(start.replace(**changes), seed)
    while simulation.finished is None:
        simulation.advance(10**9)
    row = simulation.record()
    return [row[name] for name in MEASURES]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("study", help="inert, piezo or anti_poled")
    parser.add_argument("--guided", type=at_least(2), default=96, metavar="N", help="deposits by guided walkers [96]")
    parser.add_argument("--multigrid", type=at_least(2), default=32, metavar="N", help="deposits by the multigrid [32]")
    parser.add_argument("--finer", type=at_least(0), default=0, metavar="N", help="in its place, by guided walkers")
    parser.add_argument("--columns", type=at_least(1), default=48, metavar="N", help="along x and y [48]")
    parser.add_argument("--capacity", type=float, default=0.25, metavar="MAH_CM2", help="areal capacity [0.25]")
    parser.add_argument("--tolerance", type=float, default=0.001, metavar="TV", help="of what is compared with [0.001]")
    options = parser.parse_args()
    rest, name = (options.columns, options.capacity), "guided" if options.finer else "multigrid"
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        walked = pool.map(grown, [(options.study, "guided", seed, *rest, USUAL) for seed in range(options.guided)])
        seeds = range(1000, 1000 + (options.finer or options.multigrid))
        solved = pool.map(grown, [(options.study, name, seed, *rest, options.tolerance) for seed in seeds])
        a, b = np.array(list(walked)), np.array(list(solved))
    error = np.sqrt(a.var(axis=0, ddof=1) / len(a) + b.var(axis=0, ddof=1) / len(b))
    print(f"{options.study}, guided beside {name} at {100 * options.tolerance:g} %")
    for k, measure in enumerate(MEASURES):
        difference = a[:, k].mean() - b[:, k].mean()
        share = difference / b[:, k].mean()
        print(f"{measure:16s} {a[:, k].mean():.4f}  {b[:, k].mean():.4f}  "
              f"difference {100 * share:+.2f} %  {difference / error[k]:+.2f} standard errors")  # fmt: skip


if __name__ == "__main__":
    main()
