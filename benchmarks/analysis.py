"""Time and memory of all measures of one large deposit, on one core.

    python benchmarks/analysis.py                      # 256 x 256 x 512 voxels, everything
    python benchmarks/analysis.py --shape 128 128 256 --json

The deposit is made up: correlated noise, cut at a share of metal, under a rough envelope, on a dense film. Each line is
the first measure that needs the work and what that takes; the total is that of one call that measures everything, in a
process of its own, with the peak of its memory (occupancy and interpreter included).
"""

import one_core  # noqa: F401  # isort: skip

import argparse
import json
import multiprocessing
import resource
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from kmc_li import morphology
from kmc_li.commands.parser import at_least
from kmc_li.morphology import MEASURES, Deposit, Undefined


def made_up_deposit(shape: tuple[int, int, int], metal: float, seed: int = 0) -> NDArray[np.bool_]:
    """Porous metal with features of some four voxels, its envelope on average at 90 % of the box."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal(shape, dtype=np.float32)
    noise = gaussian_filter(noise, 1.5, mode=("wrap", "wrap", "nearest"), output=noise)
    tops = gaussian_filter(rng.standard_normal(shape[:2]), shape[0] / 32, mode="wrap")
    tops = shape[2] * np.clip(0.9 + 0.04 * tops / tops.std(), 0, 0.99)
    box = noise > np.quantile(noise[::4, ::4, ::4], 1 - metal)
    box &= np.arange(shape[2]) < tops[:, :, None]
    box[:, :, :2] = True
    return box


def measure_everything(shape: tuple[int, int, int], metal: float) -> dict[str, Any]:
    """Seconds, peak memory and the numbers of one call of measure_all."""
    box = made_up_deposit(shape, metal)
    made = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    found = morphology.measure_all(box, 0.25)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": seconds, "peak_GB": peak / 2**20, "peak_before_GB": made / 2**20, "measures": found}


def measure_one_by_one(shape: tuple[int, int, int], metal: float) -> dict[str, float]:
    """Seconds of each measure in the order of the table; what several share counts for the first."""
    deposit, seconds = Deposit(made_up_deposit(shape, metal), 0.25), {}
    for measure in MEASURES:
        if measure.of != "current":
            start = time.perf_counter()
            try:
                measure.function(deposit)
            except Undefined:
                pass
            seconds[measure.key] = time.perf_counter() - start
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--shape", type=at_least(1), nargs=3, default=(256, 256, 512), metavar=("NX", "NY", "NZ"))
    parser.add_argument("--metal", type=float, default=0.3, help="share of metal under the envelope [0.3]")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    options = parser.parse_args()

    # spawned: the peak of a forked process would count the parent's
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        whole = pool.apply(measure_everything, (tuple(options.shape), options.metal))
    single = measure_one_by_one(tuple(options.shape), options.metal)
    if options.json:
        print(json.dumps({"shape": options.shape, "metal": options.metal, **whole, "seconds_each": single}, indent=1))
        return
    for key, seconds in single.items():
        if seconds >= 0.01:
            print(f"{key:28} {seconds:7.2f} s   {whole['measures'][key]:.6g}")
    shape = " x ".join(map(str, options.shape))
    print(f"everything of {shape} voxels: {whole['seconds']:.1f} s, peak {whole['peak_GB']:.2f} GB "
          f"({whole['peak_before_GB']:.2f} GB while the deposit was made up)")  # fmt: skip


if __name__ == "__main__":
    main()
