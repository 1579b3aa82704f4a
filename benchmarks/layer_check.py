"""The engine's deposits under a layer against those of the twin that solves the field after every event.

    python benchmarks/layer_check.py                                  # piezo, 12 x 12 columns, 24 deposits of each
    python benchmarks/layer_check.py --study anti_poled --columns 32 --rows 1 --seeds 200
    python benchmarks/layer_check.py --study piezo --share 0.04 --method multigrid --tolerance 0.1 1 --json check.json

A study of the package in a small box, its voxels, layer and kinetics as they are. `--share`: the unscreened share of
the layer's charge, ten times the study's for deposits that dissolve and leave dead metal. Each run makes as many
events, so that the net charge and the time, by the clock of the set current, are free to differ. The table gives
means and standard errors, lengths in voxels, and by how many standard errors of the difference each is off the twin.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

import layer_twin
import numpy as np
import twin
from numpy.typing import NDArray
from tqdm import tqdm

from kmc_li import Parameters, UserError, simulate
from kmc_li.commands.parser import at_least
from kmc_li.study.choices import METHODS
from kmc_li.study.presets import study_path

METRICS = (*twin.METRICS, "dead", "net charge", "time")  # dead metal in voxels, charge and time in monolayers


class Case(NamedTuple):
    """What is grown."""

    study: str = "piezo"
    nx: int = 12
    ny: int = 12
    monolayers: float = 8.0  # events a column
    changes: tuple[tuple[str, Any], ...] = ()  # dotted keys of the study and their values

    @property
    def events(self) -> int:
        return round(self.monolayers * self.nx * self.ny)

    @property
    def parameters(self) -> Parameters:
        changes = {
            "lattice.nx": self.nx,
            "lattice.ny": self.ny,
            "lattice.nz": 40 + round(self.monolayers * (16 if self.ny > 1 else 24)),
            "stop": {"events": self.events},
            "field.samples": 0,
            "output.series_points": 1,
            "output.snapshots": 0,
        }
        return Parameters.from_toml(study_path(self.study)).replace(**changes | dict(self.changes))

    def by_twin(self, seed: int) -> list[float]:
        p = self.parameters
        grown = layer_twin.deposit(layer_twin.constants_of(p), self.nx, self.ny, p.lattice.nz, self.events, seed)
        return self._measures(grown.occupancy, grown.dead, grown.plated - grown.stripped, grown.time)

    def by_engine(self, seed: int, method: str, tolerance: float) -> list[float]:
        """tolerance: of the field (share), for methods that have one."""
        p = self.parameters.replace(**{"field.method": method, "field.tolerance": tolerance})
        run = simulate(p, seed)
        if run.finished != "events":
            raise ValueError(str(run.finished))
        net = run.report["plated"] - run.report["stripped"]
        monolayer_s = p.voxel_charge_C / (p.current_density_A_m2 * p.voxel_m**2)
        return self._measures(run.occupancy, run.report["dead_voxels"], net, run.series["time_s"][-1] / monolayer_s)

    def _measures(self, occupancy: NDArray[np.bool_], dead: int, net: int, time: float) -> list[float]:
        return [*twin.measures(occupancy), float(dead), net / (self.nx * self.ny), float(time)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--study", default="piezo", metavar="NAME", help="bare, inert, piezo, anti_poled ... [piezo]")
    parser.add_argument("--share", type=float, metavar="X", help="layer.unscreened_share in place of the study's")
    parser.add_argument("--layer-conductivity", type=float, metavar="S_M", help="in place of the study's")
    parser.add_argument("--columns", type=at_least(1), default=12, metavar="N", help="columns along x [12]")
    parser.add_argument("--rows", type=at_least(1), metavar="N", help="columns along y [as along x]; 1 is 2-D")
    parser.add_argument("--monolayers", type=float, default=8, metavar="X", help="events a column [8]")
    parser.add_argument("--seeds", type=at_least(2), default=24, metavar="N", help="deposits of each, >= 2 [24]")
    parser.add_argument("--engine-seeds", type=at_least(1), metavar="N", help="deposits of the engine [as of the twin]")
    parser.add_argument("--method", nargs="+", default=["multigrid"], choices=tuple(METHODS), help="[multigrid]")
    parser.add_argument("--tolerance", type=float, nargs="+", default=[0.1], metavar="PERCENT", help="[0.1]")
    parser.add_argument("--json", metavar="FILE", help="write every deposit's measures there too")
    options = parser.parse_args()
    if min(options.seeds, options.engine_seeds or 2) < 2:
        parser.error("--seeds: a standard error takes two deposits at least")
    keys = {"layer.unscreened_share": options.share, "layer.conductivity_S_m": options.layer_conductivity}
    case = Case(
        options.study,
        options.columns,
        options.columns if options.rows is None else options.rows,
        options.monolayers,
        tuple((key, value) for key, value in keys.items() if value is not None),
    )
    ways: dict[str, Any] = {"twin": case.by_twin}
    for method in options.method:
        for percent in options.tolerance:
            case.parameters.replace(**{"field.method": method, "field.tolerance": percent / 100})
            ways[f"{method}, {percent:g} %"] = lambda seed, m=method, t=percent / 100: case.by_engine(seed, m, t)
    counts = [options.seeds] + [options.engine_seeds or options.seeds] * (len(ways) - 1)
    groups = {}
    with tqdm(total=sum(counts), unit=" deposit", disable=None) as bar:
        for number, ((name, grow), count) in enumerate(zip(ways.items(), counts, strict=True)):
            bar.set_description_str(name)
            values = []
            for seed in range(count):
                values.append(grow(1000 * number + seed))
                bar.update()
            groups[name] = np.array(values)
    print(twin.table(groups, METRICS))
    if options.json:
        Path(options.json).write_text(json.dumps({name: values.tolist() for name, values in groups.items()}) + "\n")


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
