"""How many events the engine carries out in a CPU second, with and without the live field.

    python benchmarks/engine.py --quick                   # at most 60 s once the kernels are compiled
    python benchmarks/engine.py --json engine.json        # all rows, median of 9
    python benchmarks/engine.py --memory                  # also the largest boxes: 67 million voxels, some minutes

What is measured. CPU time of `Simulation.advance` alone (one core), from the start of a run to its end; the median of
at least five runs with different seeds. H1 is the hop-only model that SPPARKS and kmos were timed with: L x L columns,
four full layers and 10 % adatoms, rate exp(-2 n) for n neighbours, here up to t = 2000, executed hops only. Uniform
plating is Eden growth, every site at one rate. With the live field: plating at Delta/W = 0.3 on 64 x 64 columns, and
the same with about 100 hops a plated voxel, by walkers, which draw from the field itself, and by the solver, whose TV
is that of field.py (the time to find the exact field is not counted). Memory is the largest resident size of a process
that does nothing else, its box filled as far as it says. Other work on the machine slows all figures down, up to two
times where two hardware threads share a core; the load is printed.
"""

import one_core  # noqa: F401  # isort: skip

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from field import load, machine
from tqdm import tqdm

from kmc_li import Parameters
from kmc_li.engine.simulation import Simulation
from kmc_li.study.constants import BOLTZMANN_EV_K

H1 = {50: 12, 100: 4, 200: 1, 400: 1}  # runs timed as one, so that each figure is of 0.6 million hops or more
TEMPERATURE_K = 298.15
HOP_FREQUENCY = 1.0e7  # 1/s, with the barriers of Li: about 100 hops a voxel plated
ELECTROLYTE = {"conductivity_S_m": 0.25e-6 / 0.3 / 2e-3, "charge_transfer_resistance_ohm_cm2": 20.0}  # Delta/W = 0.3
COULOMB_M2_A_LAYER = 0.25e-6 / 13.0e-6 * 96485.33212


def study(nx: int, nz: int, stop: dict[str, Any], **sections: Any) -> Parameters:
    """A study of nx x nx x nz voxels of 0.25 um at 1 mA/cm^2."""
    found: dict[str, Any] = {
        "lattice": {"nx": nx, "ny": nx, "nz": nz, "voxel_um": 0.25},
        "electrolyte": ELECTROLYTE,
        "plating": {"current_density_mA_cm2": 1.0},
        "stop": stop,
        "output": {"series_points": 1, "snapshots": 0},
    }
    for name, values in sections.items():
        found[name] = {**found.get(name, {}), **values}
    return Parameters.from_dict(found)


def h1(side: int, time_s: float = 2000.0) -> Parameters:
    """H1; the collector stands in for the atoms below the lowest layer, which no vacancy reaches in that time."""
    return study(
        side, 20, {"time_s": time_s},
        lattice={"film_voxels": 4, "adatom_share": 0.1},
        plating={"kinetics": "none"},
        hops={
            "enabled": True, "attempt_frequency_per_s": 1.0, "surface_barrier_eV": 0.0,
            "bond_energy_eV": 2 * BOLTZMANN_EV_K * TEMPERATURE_K, "temperature_K": TEMPERATURE_K,
        },
    )  # fmt: skip


def uniform(side: int, layers: int) -> Parameters:
    """Eden growth of so many layers."""
    return study(side, 3 * layers + 40, {"events": layers * side**2}, plating={"kinetics": "uniform"})


def with_field(method: str, layers: float, samples: int, frequency_per_s: float = 0.0) -> Parameters:
    """Plating at Delta/W = 0.3 on 64 x 64 columns, with hops of that attempt frequency."""
    field = {"method": method, "samples": samples}
    hops = {"enabled": frequency_per_s > 0, "attempt_frequency_per_s": frequency_per_s}
    stop = {"capacity_mAh_cm2": layers * COULOMB_M2_A_LAYER / 3.6e4}
    return study(64, round(12 * layers) + 40, stop, field=field, hops=hops, output={"series_points": 20})


def run(parameters: Parameters, seed: int) -> tuple[float, dict[str, Any]]:
    """(CPU seconds of the event loop, the run's report) of one run from start to end."""
    simulation = Simulation(parameters, seed)
    sample, spent = simulation._sample, [0.0]

    def untimed() -> None:  # the exact field is no part of the engine
        start = time.process_time()
        sample()
        spent[0] += time.process_time() - start

    simulation._sample = untimed  # type: ignore[method-assign]
    start = time.process_time()
    while simulation.finished is None:
        simulation.advance(1_000_000)
    return time.process_time() - start - spent[0], simulation.report()


def speed(parameters: Parameters, repeats: int, kind: str = "events", times: int = 1) -> tuple[float, dict[str, Any]]:
    """(median of events a CPU second over `repeats` seeds, or groups of `times` seeds, report of the last run)."""
    found, report = [], {}
    for i in range(repeats):
        seconds, events = 0.0, 0
        for seed in range(i * times, (i + 1) * times):
            spent, report = run(parameters, seed)
            seconds, events = seconds + spent, events + report[kind]
        found.append(events / seconds)
    return statistics.median(found), report


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """All rows."""
    repeats = 5 if options.quick else 9
    found: dict[str, Any] = {"H1": {}, "uniform_plating": {}, "plating_with_field": {}, "hops_with_field": {}}
    with tqdm(total=len(H1) + 6, disable=None) as bar:

        def note(row: str, key: str, value: float) -> None:
            found[row][key] = value
            bar.update()

        for side, times in H1.items():
            note("H1", str(side), speed(h1(side), repeats, "hops", times)[0])
        note("uniform_plating", "64", speed(uniform(64, 200), repeats)[0])
        note("uniform_plating", "256", speed(uniform(256, 30), repeats)[0])
        for row, frequency, layers, kind in (
            ("plating_with_field", 0.0, 4 if options.quick else 8, "plated"),
            ("hops_with_field", HOP_FREQUENCY, 2 if options.quick else 4, "hops"),
        ):
            for method, into in (("walkers", found[row]), ("multigrid", found[row].setdefault("multigrid", {}))):
                rate, report = speed(with_field(method, layers, 10, frequency), repeats, kind)
                into |= {
                    "64": rate,
                    "method": method,
                    "tv": report["field_tv_mean"] or 0.0,
                    "tv_worst": report["field_tv_worst"] or 0.0,
                    "hops_per_plated": report["hops"] / report["plated"],
                }
                bar.update()
    return found


MEMORY: dict[str, dict[str, dict[str, Any]]] = {
    "plating with field": {"field": {"method": "multigrid", "samples": 0}},
    "hops without field": {
        "plating": {"kinetics": "none"},
        "hops": {"enabled": True, "attempt_frequency_per_s": 2e4},
    },
}


def resident(case: str) -> dict[str, float]:
    """Largest resident size [GB] of this process after the case: 256 x 256 x 1024 voxels, 1000 planes full."""
    start = {"lattice": {"film_voxels": 1000, "adatom_share": 0.1}}
    simulation = Simulation(study(256, 1024, {"events": 20_000}, **start, **MEMORY[case]), 0)
    while simulation.finished is None:
        simulation.advance(100_000)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"peak_GB": peak / 1e9, "bytes_per_voxel": peak / (256 * 256 * 1024)}


def memory() -> dict[str, Any]:
    """The same of each case, in processes of their own."""
    found = {}
    for case in MEMORY:
        command = [sys.executable, __file__, "--memory-case", case]
        found[case] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def table(found: dict[str, Any]) -> str:
    """The figures in Markdown."""
    lines = ["| what | columns | events a CPU second |", "|---|---|---|"]
    names = {"H1": "H1, executed hops", "uniform_plating": "plating, uniform rates"}
    for row, name in names.items():
        lines += [f"| {name} | {side}² | {value / 1e6:.1f} M |" for side, value in found[row].items()]
    for row, name in (("plating_with_field", "plating, live field"), ("hops_with_field", "hops, live field")):
        for r in (found[row], found[row]["multigrid"]):
            tv = f"TV {100 * r['tv']:.2f} %, worst {100 * r['tv_worst']:.2f} %" if r["tv"] else "exact"
            each = f"; {r['hops_per_plated']:.0f} hops a plated voxel" if r["hops_per_plated"] else ""
            lines.append(f"| {name}, {r['method']} ({tv}{each}) | 64² | {r['64'] / 1e6:.3f} M |")
    for case, r in found.get("memory", {}).items():
        lines.append(f"\n{case}, 256 x 256 x 1024 voxels: {r['peak_GB']:.2f} GB, {r['bytes_per_voxel']:.0f} B a voxel")
    return "\n".join(lines)


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="at most 60 s once the kernels are compiled")
    parser.add_argument("--memory", action="store_true", help="also the largest boxes, some minutes and 3 GB")
    parser.add_argument("--memory-case", choices=MEMORY, help=argparse.SUPPRESS)
    parser.add_argument("--json", metavar="FILE", help="write all figures there too")
    return parser


def main() -> None:
    options = arguments().parse_args()
    if options.memory_case:
        print(json.dumps(resident(options.memory_case)))
        return
    started = time.monotonic()
    facts = machine()
    print(f"{facts['processor']}, {facts['cpu_count']} cores, load {facts['load']}")
    found = measure(options)
    if options.memory:
        found["memory"] = memory()
    facts["load_at_the_end"] = load()
    print(f"\n{table(found)}\n\nload at the end {facts['load_at_the_end']}, {time.monotonic() - started:.0f} s in all")
    if options.json:
        Path(options.json).write_text(json.dumps(found | {"machine": facts}, indent=1, allow_nan=False) + "\n")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
