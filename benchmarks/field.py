"""How fast the field follows the deposit, and how exactly: plating events a CPU second against TV.

    python benchmarks/field.py --quick                    # 64 x 64 and 256 x 256 columns, at most 90 s
    python benchmarks/field.py --docs                     # the tables of docs/field.md, some minutes
    python benchmarks/field.py --json field.json          # all of it, about an hour
    python benchmarks/field.py --columns 64 --delta-over-W 0.3 --tolerance 0.5 1 2 5
    python benchmarks/field.py --columns 64 --monolayers 32            # a deposit four times thicker
    python benchmarks/field.py --columns 256 --method multigrid        # the solver alone
    python benchmarks/field.py --studies piezo --columns 64            # the product's own studies, see study_speed.py
    python benchmarks/field.py --studies all --columns 64 256 --voxel-um 0.25 0.125 --method multigrid

What is measured. Voxels plated on a bare collector with the live field; CPU time of the event loop alone (one core).
Growth is repeated with the same seed, which gives the same deposit; each monolayer's time is the median of the repeats.
TV = 1/2 sum |p - p*| between the event probabilities in use and those of the field converged in double precision, at
random moments of the run; the time to find p* is not counted. Walkers have no p to look up: 20,000 of them are let go
on the frozen deposit, and their TV is 1/2 sum |count/20,000 - p*| less what chance alone makes of it: a noise
of about 0.2 % of either sign at one moment. Delta/W is the voxel over the Wagner length: 0.03 grows
a film, 0.3 the dendrites of the studies, inf (W = 0, no charge-transfer resistance) the most open deposits.

Beside it, in the same run: what one would write without this code, see full_resolve.py. pyamg is optional
(pip install "kmc_li[solve]"). Other work on the machine slows the figures down, up to two times where two hardware
threads share a core; the load is printed.
"""

import one_core  # noqa: F401  # isort: skip

import argparse
import json
import math
import os
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import study_speed
from full_resolve import SCIPY_DEFAULT, Deposit, Outcome, equal_tv, resolve
from growth import SAMPLES, Case, Growth, error, grow
from tqdm import tqdm

from kmc_li import UserError
from kmc_li.commands.parser import at_least
from kmc_li.storage.provenance import provenance
from kmc_li.study.choices import METHODS


def measure(
    case: Case, tick: Callable[[int], None] = lambda events: None, until: float = math.inf
) -> tuple[dict[str, Any], Growth]:
    """The row of a case, and its deposit."""
    columns = case.nx * case.ny
    total = case.monolayers * columns
    moments = np.sort(np.random.default_rng(case.seed + 1000).integers(1, total, case.samples, endpoint=True))
    first = grow(case, moments, tick, until)
    grown = first.cpu_s.size
    times = [first.cpu_s]
    for _ in range(case.repeats - 1):
        if time.monotonic() > until or grown < case.monolayers:
            break
        times.append(grow(case, np.array([], int), tick).cpu_s)
    median = np.median(times, axis=0)
    quarter = max(grown // 4, 1)
    n = first.state.counters[0]
    if case.samples and not first.tv:  # cut short before the first moment
        first.tv.append(error(*first[2:], case))
    known = len(first.tv) > 0
    row = {
        "columns": case.nx,
        "ny": case.ny,
        "delta_over_W": case.delta_over_W if math.isfinite(case.delta_over_W) else "inf",
        "tolerance": case.tolerance,
        "method": case.method,
        "events_per_cpu_s": float(grown * columns / median.sum()),
        "tv_mean": float(np.mean(first.tv)) if known else None,
        "tv_worst": float(np.max(first.tv)) if known else None,
        "tv_moments": len(first.tv),
        "monolayers": grown,
        "repeats": len(times),
        "face_area_weights": case.face_area_weights,
        "events_per_cpu_s_best": float(grown * columns / min(t.sum() for t in times)),
        "events_per_cpu_s_first_quarter": float(quarter * columns / median[:quarter].sum()),
        "events_per_cpu_s_last_quarter": float(quarter * columns / median[-quarter:].sum()),
        "events_per_cpu_s_by_monolayer": (columns / median).tolist(),
        "events_per_refresh": float(n.events / n.refreshes) if n.refreshes else None,
        "highest_voxel": int(n.top_plane),
    }
    return row, first


def without_kmc_li(
    case: Case,
    ours: dict[str, Any],
    walked: dict[str, Any] | None = None,
    short: bool = False,
    say: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """Library solvers on the same deposit at half its height, at the tolerance that gives our TV and at a usual one.

    `ours`: the solver's row; `walked`: that of walkers on the same deposit.

    Each is timed while 60 % of a monolayer grows; `short`: 8 %, and one case less.
    """
    columns = case.nx * case.ny
    percent = max(round(0.01 * columns), 1)
    half_as_thick = case._replace(method="multigrid", monolayers=max(case.monolayers // 2, 1), repeats=1)
    half = grow(half_as_thick, np.array([], int))
    here = Deposit(half.box, half.state)
    solvers = ["scipy", "pyamg"] if find_spec("pyamg") else ["scipy"]
    rows = []

    def add(what: str, outcome: Outcome, reached: bool) -> None:
        rows.append(
            {
                "tolerance_is": what,
                **outcome._asdict(),
                "tv_no_worse": reached,
                "cpu_s_per_event": outcome.event_s,
                "ratio": outcome.event_s * ours["events_per_cpu_s"],
            }
        )

    for solver in solvers:
        for every in (1, percent):
            if short and solver == "pyamg" and every > 1:
                continue
            say(f"{solver}, a solve after each {every} events")
            events, moments = (8 * percent, 2) if short else (60 * percent, 6)
            add("equal TV", *equal_tv(here, solver, every, ours["tv_mean"], events, moments))
            usual = resolve(here, solver, every, SCIPY_DEFAULT, 8 if every == 1 else 4 * every, 2)
            add("rtol 1e-5", usual, usual.tv <= ours["tv_mean"])
    found = {
        "columns": case.nx,
        "ny": case.ny,
        "delta_over_W": case.delta_over_W,
        "tolerance": case.tolerance,
        "events_per_cpu_s": ours["events_per_cpu_s"],
        "tv_mean": ours["tv_mean"],
        "pyamg": "measured" if "pyamg" in solvers else 'missing: pip install "kmc_li[solve]"',
        "methods": rows,
    }
    for what, key in (("equal TV", "ratio_equal_tv"), ("rtol 1e-5", "ratio_usual_tolerance")):
        found[key] = min((r["ratio"] for r in rows if r["tolerance_is"] == what and r["every"] == 1), default=None)
    if walked is not None and found["ratio_usual_tolerance"] is not None:
        speed = walked["events_per_cpu_s"] / ours["events_per_cpu_s"]
        found["ratio_walkers"] = found["ratio_usual_tolerance"] * speed  # both are exact, to 1e-5
    return found


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    found = provenance()
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return {"processor": names[0] if names else "unknown", "load": load(), **found}


def load() -> float | None:
    """Processes that wanted a core in the last minute."""
    return round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None


def table(rows: list[dict[str, Any]]) -> str:
    """The plating rows in Markdown."""
    lines = [
        "| columns | Δ/W | method | monolayers | events/s | first → last quarter | TV mean | worst | moments |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for r in rows:
        plain = "" if r["face_area_weights"] else ", plain faces"
        tv = [f"{100 * r[k]:.2f} %" if r[k] is not None else "" for k in ("tv_mean", "tv_worst")]
        how = "walkers" if r["method"] == "walkers" else f"solver, {100 * r['tolerance']:g} %"
        quarters = [round(r[f"events_per_cpu_s_{q}_quarter"], -2) for q in ("first", "last")]
        lines.append(
            f"| {r['columns']} × {r['ny']}{plain} | {r['delta_over_W']} | {how} "
            f"| {r['monolayers']} | {round(r['events_per_cpu_s'], -2):,.0f} | {quarters[0]:,.0f} → {quarters[1]:,.0f} "
            f"| {tv[0]} | {tv[1]} | {r['tv_moments']} |"
        )
    return "\n".join(lines)


def resolve_table(found: dict[str, Any]) -> str:
    """The library solvers in Markdown."""
    lines = [
        "| solver | solve after | tolerance | iterations a solve | a solve | an event | TV | kmc_li is faster |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for r in found["methods"]:
        after = "each event" if r["every"] == 1 else f"{r['every']} events"
        tolerance = f"{r['rtol']:.0e}" + (" (equal TV)" if r["tolerance_is"] == "equal TV" else "")
        worse = "" if r["tv_no_worse"] else " (worse)"
        lines.append(
            f"| {r['solver']} | {after} | {tolerance} | {r['iterations']:.2g} | {1e3 * r['solve_s']:.2g} ms "
            f"| {1e6 * r['cpu_s_per_event']:,.0f} µs | {100 * r['tv']:.2g} %{worse} | {r['ratio']:,.0f} × |"
        )
    setup = [r["setup_s"] for r in found["methods"] if r["setup_s"] > 0]
    lines.append(f"\npyamg: {found['pyamg']}" + (f"; setting up its hierarchy took {setup[0]:.2g} s" if setup else ""))
    return "\n".join(lines)


def cases(options: argparse.Namespace) -> list[Case]:
    """The rows asked for."""

    def case(nx: int, ny: int, ratio: float, percent: float, **more: Any) -> Case:
        samples = next((count for limit, count in SAMPLES.items() if nx * ny <= limit**2), 2)
        more = {"monolayers": options.monolayers, "repeats": options.repeats, "samples": samples} | more
        return Case(nx, ny, ratio, percent / 100, **more)

    solver = {"method": "multigrid"}
    if options.quick:
        thick = case(64, 64, 0.3, 1, monolayers=32, samples=2, repeats=1)
        large = case(256, 256, 0.3, 1, samples=1, repeats=1)
        return [case(64, 64, 0.3, 1), thick, large, case(64, 64, 0.3, 1, samples=5, repeats=1, **solver)]
    if options.docs:
        rows = [case(64, 64, ratio, 1) for ratio in (0.3, 0.03, 3.0, math.inf)]
        rows += [case(64, 64, 0.3, 1, monolayers=32, samples=2, repeats=1)]
        rows += [case(256, 256, 0.3, 1, samples=1, repeats=1)]
        return rows + [case(64, 64, ratio, 1, **solver) for ratio in (0.03, 0.3, 3.0)]
    ratios = options.delta_over_W or [0.03, 0.3, 3.0, math.inf]
    if options.columns or options.delta_over_W or options.tolerance or options.method:
        return [
            case(n, 1 if options.two_d else n, ratio, percent, face_area_weights=not options.plain_faces, method=method)
            for method in ([options.method] if options.method else ["walkers", "multigrid"])
            for n in options.columns or [64] for ratio in options.delta_over_W or [0.3]
            for percent in options.tolerance or [1.0]
        ]  # fmt: skip
    rows = [case(64, 64, ratio, 1) for ratio in ratios]
    rows += [case(64, 64, ratio, percent, **solver) for ratio in ratios for percent in (0.5, 1, 2, 5)]
    plain = {"face_area_weights": False}
    for method in ({}, solver):
        rows += [case(64, 64, 0.3, 1, **method, **plain)]
        thick = {"monolayers": 4 * options.monolayers, "repeats": 1} | method
        rows += [case(64, 64, ratio, 1, **thick) for ratio in (0.03, 0.3)]
        rows += [case(n, n, ratio, 1, repeats=1, **method) for n in (128, 256) for ratio in ratios]
        rows += [case(512, 512, 0.3, 1, repeats=1, **method)]
        rows += [case(1024, 1, ratio, 1, **method) for ratio in ratios] + [case(4096, 1, 0.3, 1, **method)]
    return rows


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few rows, at most 90 s once the kernels are compiled")
    parser.add_argument("--docs", action="store_true", help="the rows of docs/field.md, some minutes")
    parser.add_argument("--columns", type=at_least(1), nargs="+", metavar="N", help="boxes of N x N, in place of all")
    parser.add_argument("--two-d", action="store_true", help="with --columns: N x 1")
    parser.add_argument("--delta-over-W", type=float, nargs="+", metavar="X", help="Δ/W; inf: W = 0")
    parser.add_argument("--method", choices=tuple(METHODS), help="this one alone")
    parser.add_argument("--tolerance", type=float, nargs="+", metavar="PERCENT", help="of the solver, 0.01 to 20 [1]")
    parser.add_argument("--plain-faces", action="store_true", help="without face-area weights")
    parser.add_argument("--monolayers", type=at_least(1), default=8, metavar="N", help="thickness if dense [8]")
    parser.add_argument("--repeats", type=at_least(1), default=3, metavar="N", help="times a deposit is grown [3]")
    parser.add_argument("--no-libraries", action="store_true", help="leave out scipy's and pyamg's solvers")
    parser.add_argument("--json", metavar="FILE", help="write all figures there too")
    names = ("all", *study_speed.STUDIES)
    parser.add_argument("--studies", nargs="+", choices=names, metavar="NAME", help=f"studies: {', '.join(names)}")
    parser.add_argument("--voxel-um", type=float, nargs="+", default=[0.25], metavar="UM", help="of the studies [0.25]")
    wide = f"Wagner length of the study wide [{study_speed.WIDE_UM:g}]"
    parser.add_argument("--wide-um", type=float, default=study_speed.WIDE_UM, metavar="UM", help=wide)
    parser.add_argument("--capacity", type=float, default=0.5, metavar="MAH_CM2", help="of the studies [0.5 mAh/cm^2]")
    moments = "with TV, of a study [40 for 64 columns]; 0: none"
    parser.add_argument("--moments", type=at_least(0), metavar="N", help=moments)
    return parser


def main() -> None:
    options = arguments().parse_args()
    started = time.monotonic()
    facts = machine()
    versions = ", ".join(f"{name} {facts[name]}" for name in ("python", "numpy", "scipy", "numba"))
    print(f"{facts['processor']}, {facts['cpu_count']} cores, load {facts['load']}")
    print(f"kmc_li {facts['kmc_li']} ({facts['commit'][:10]}), {versions}", flush=True)
    if options.studies:
        study_speed.run(options, facts)
        print(f"load at the end {load()}")
        return
    chosen = cases(options)
    rows: list[dict[str, Any]] = []
    libraries: dict[str, Any] = {}
    total = sum(c.monolayers * c.nx * c.ny * c.repeats for c in chosen)
    until = time.monotonic() + 65 if options.quick else math.inf  # then the last row ends with its monolayer
    with tqdm(total=total, unit=" events", unit_scale=True, disable=None) as bar:
        for case in chosen:
            bar.set_description_str(case.label)
            try:
                row, _ = measure(case, bar.update, until)
            except RuntimeError as error:
                bar.write(str(error), file=sys.stderr)
                continue
            rows.append(row)
            save(options.json, rows, libraries, facts)
            standard = (case.delta_over_W, case.tolerance, case.face_area_weights) == (0.3, 0.01, True)
            solved = standard and case.method == "multigrid" and case.ny > 1 and case.samples
            if solved and not (libraries or options.no_libraries):
                same = (r for r in rows if (r["method"], r["columns"], r["ny"]) == ("walkers", case.nx, case.ny))
                walked = next((r for r in same if (r["delta_over_W"], r["monolayers"]) == (0.3, case.monolayers)), None)
                libraries = without_kmc_li(case, row, walked, options.quick or options.docs, bar.set_description_str)
    facts["load_at_the_end"] = load()
    print(f"\n{table(rows)}\n\nevents/s: a CPU second of one core; load at the end {facts['load_at_the_end']}")
    compare_boxes(rows)
    if libraries:
        print(f"\nThe same deposit ({libraries['columns']} columns a side) with a library's solver:\n")
        print(resolve_table(libraries))
        if "ratio_walkers" in libraries:
            print(f"\nwalkers are {libraries['ratio_walkers']:,.0f} times faster than a solve to 1e-5 after each event")
    print(f"\n{time.monotonic() - started:.0f} s in all")
    save(options.json, rows, libraries, facts)


def save(path: str | None, rows: list[dict[str, Any]], libraries: dict[str, Any], facts: dict[str, Any]) -> None:
    """All figures so far, if there is a file for them."""
    if path:
        text = json.dumps({"plating": rows, "full_resolve": libraries, "machine": facts}, indent=1, allow_nan=False)
        Path(path).write_text(text + "\n")


def cost(row: dict[str, Any], monolayers: int) -> float:
    """CPU time of an event [s], the mean over the first monolayers."""
    return sum(1 / speed for speed in row["events_per_cpu_s_by_monolayer"][:monolayers]) / monolayers


def compare_boxes(rows: list[dict[str, Any]]) -> None:
    """Cost of an event in larger boxes and thicker deposits over that in 64 x 64 columns, by the same method."""
    same = [r for r in rows if (r["delta_over_W"], r["tolerance"], r["face_area_weights"]) == (0.3, 0.01, True)]
    for method in ("walkers", "multigrid"):
        here = [r for r in same if r["method"] == method and r["ny"] >= 64]
        base = next((r for r in here if r["columns"] == 64), None)
        for r in here if base else []:
            if r is not base:
                n = r["monolayers"]
                ratio = cost(r, n) / cost(base, min(n, base["monolayers"]))
                where = f"{r['columns']} x {r['ny']} ({n} monolayers)"
                print(f"{method}: an event at {where} costs {ratio:.2f} times that at 64 x 64")


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
