"""Does the deposit depend on the field's tolerance? Sq, thickness and porosity of several seeds at each.

    python benchmarks/tolerance.py                                   # 64 x 64 columns, 12 seeds, some minutes
    python benchmarks/tolerance.py --columns 32 --seeds 8 --tolerance 0.2 1 5
    python benchmarks/tolerance.py --delta-over-W 1 --json tolerance.json

Bare lithium, 8 dense monolayers, Delta/W = 0.3 (voxel over Wagner length). Every deposit has a seed of its own, so that
the groups are independent. The table gives means with 95 % Student t bands, lengths in voxels, and the p-value (Welch's
t-test) of the two tolerances that differ most: of nine such pairs one below 0.1 is what chance brings.
"""

import argparse
import itertools
import json
import sys
from pathlib import Path
from typing import Any

from scipy.stats import ttest_ind
from tqdm import tqdm

from kmc_li import Parameters, UserError, simulate
from kmc_li.commands.parser import at_least
from kmc_li.report.statistics import mean_band

METRICS = {"roughness_Sq_um": "Sq", "thickness_um": "thickness", "porosity": "porosity"}
VOXEL_UM = 0.25


def study(columns: int, delta_over_W: float, tolerance: float, monolayers: int = 8) -> Parameters:
    """Bare lithium at a tolerance (share); the true error is taken at a few moments of each run."""
    return Parameters.from_dict(
        {
            "lattice": {"nx": columns, "ny": columns, "nz": 24 * monolayers, "voxel_um": VOXEL_UM},
            "electrolyte": {
                "conductivity_S_m": VOXEL_UM * 1e-6 / delta_over_W / 2e-3,
                "charge_transfer_resistance_ohm_cm2": 20.0,
            },
            "plating": {"current_density_mA_cm2": 1.0},
            "field": {"method": "multigrid", "tolerance": tolerance, "samples": 4},
            "stop": {"events": monolayers * columns**2},
            "output": {"series_points": 8, "snapshots": 0},
        }
    )


def measure(parameters: Parameters, seeds: range, tick: Any = lambda: None) -> dict[str, list[float]]:
    """Metric -> its value of each seed, lengths in voxels, with the mean true error (TV) of each run."""
    found: dict[str, list[float]] = {name: [] for name in (*METRICS, "tv")}
    for seed in seeds:
        run = simulate(parameters, seed)
        for name in METRICS:
            unit = parameters.lattice.voxel_um if name.endswith("_um") else 1.0
            found[name].append(float(run.series[name][-1]) / unit)
        found["tv"].append(float(run.report["field_tv_mean"]))
        tick()
    return found


def table(groups: dict[float, dict[str, list[float]]]) -> str:
    """Bands of all groups in Markdown, and how far they are apart."""
    lines = ["| tolerance | true TV | Sq (voxels) | thickness (voxels) | porosity |", "|---|---|---|---|---|"]
    for tolerance, values in groups.items():
        bands = [mean_band(values[name]) for name in METRICS]
        cells = [f"{b.mean:.{d}f} [{b.low:.{d}f}, {b.high:.{d}f}]" for b, d in zip(bands, (2, 2, 4), strict=True)]
        lines.append(f"| {100 * tolerance:g} % | {100 * mean_band(values['tv']).mean:.2g} % | {' | '.join(cells)} |")
    lines.append("")
    for name, words in METRICS.items():
        tests = [
            (float(ttest_ind(a[name], b[name], equal_var=False).pvalue), 100 * s, 100 * t)
            for (s, a), (t, b) in itertools.combinations(groups.items(), 2)
        ]
        p, one, other = min(tests)
        lines.append(f"{words}: greatest difference between {one:g} % and {other:g} %, p = {p:.2f} (Welch)")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--columns", type=at_least(1), default=64, metavar="N", help="box of N x N columns [64]")
    parser.add_argument("--delta-over-W", type=float, default=0.3, metavar="X", help="voxel over Wagner length [0.3]")
    parser.add_argument("--seeds", type=at_least(2), default=12, metavar="N", help="deposits at each, >= 2 [12]")
    parser.add_argument(
        "--tolerance", type=float, nargs="+", default=[0.2, 1.0, 5.0], metavar="PERCENT", help="two or more [0.2 1 5]"
    )
    parser.add_argument("--json", metavar="FILE", help="write every run's values there too")
    options = parser.parse_args()
    if options.seeds < 2 or len(options.tolerance) < 2:
        parser.error("a comparison takes two seeds and two tolerances at least")
    shares = [percent / 100 for percent in options.tolerance]
    studies = {share: study(options.columns, options.delta_over_W, share) for share in shares}
    groups = {}
    with tqdm(total=len(studies) * options.seeds, unit=" deposit", disable=None) as bar:
        for i, (tolerance, parameters) in enumerate(studies.items()):
            bar.set_description_str(f"tolerance {100 * tolerance:g} %")
            groups[tolerance] = measure(parameters, range(1000 * i, 1000 * i + options.seeds), bar.update)
    print(table(groups))
    if options.json:
        Path(options.json).write_text(json.dumps({f"{t:g}": v for t, v in groups.items()}, indent=1) + "\n")


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
