"""Tables and figures of README and docs: run a command, record what it says, write the tables where they stand.

    python benchmarks/record.py demo scenarios     # some minutes; leaves docs/results/*.json and docs/demo.png
    python benchmarks/record.py --all              # whatever a command of minutes makes: half an hour
    python benchmarks/record.py --write            # only write the tables anew from the records

Tables that one command makes are recorded together. page_tables.py has the list, and what makes a record stale; the
tests compare pages, records and a fresh run (tests/regression/test_results.py). Commit first: a record names a commit.
"""

import argparse
import hashlib
import json
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import page_tables
from field import load, machine
from page_tables import ENTRIES, FIGURES, MEASURES, PAGES, ROOT

from kmc_li.report.summary import as_json, load_groups, report
from kmc_li.storage.provenance import source_sha256
from kmc_li.storage.store import find_runs, load_run

NOTED = {  # how lines begin that belong to a table
    "plating_speed": ("walkers: an event",), "full_resolve": ("walkers are", "pyamg:"), "engine_speed": (),
    "studies_speed": (), "cycling_speed": (), "cycling_walks": (), "cycling_first": (),
    "compact_radius": ("compact radius",),
}  # fmt: skip


def run(command: str, out: Path | None = None) -> str:
    """What a command prints, `out` in place of the folder it names."""
    words = shlex.split(command)
    start = ["-m", "kmc_li.cli"] if words[0] == "kmc-li" else []
    arguments = [*start, *words[1:]]
    if out is not None:
        named = arguments.index("-o") if "-o" in arguments else len(arguments)
        arguments = [*arguments[:named], "-o", str(out)]
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    print(done.stdout, flush=True)
    return done.stdout


def facts(name: str, command: str, before: float | None) -> dict[str, Any]:
    """Everything of a record but its numbers."""
    here, entry = machine(), ENTRIES[name]
    return {
        "command": command,
        "commit": here["commit"],
        "date_utc": here["date_utc"],
        "machine": {"processor": here["processor"], "cores": here["cpu_count"], "load": before},
        "versions": {key: here[key] for key in ("python", "numpy", "scipy", "numba")},
        "kernels": page_tables.kernels(),
        "trajectories": page_tables.trajectories(name),
        "check": entry.check,
        "speed": entry.speed,
        "kept": False,
    }


def of_runs(name: str, out: Path) -> dict[str, Any]:
    """Each run's values and the bands of a command that stores runs; its figure goes where it is shown."""
    run(ENTRIES[name].command, out)
    studies = [study for study in page_tables.STUDIES if (out / study).exists()]
    found = json.loads(as_json(report(load_groups([str(out / study) for study in studies]))))
    made = [load_run(path).provenance for path in find_runs(out)]  # maybe by an earlier call, see --folder
    if {one["source_sha256"] for one in made} != {source_sha256()}:
        raise SystemExit(f"{out} holds runs of other code: record in a new folder")
    summary = out / "summary.json"
    ratio = json.loads(summary.read_text())["thickness_ratio_bare_piezo"]["band"] if summary.exists() else None
    figures = {}
    for path in (path for path, command in FIGURES.items() if command == name):
        shutil.copy(out / "comparison.png", ROOT / path)
        figures[path] = hashlib.sha256((ROOT / path).read_bytes()).hexdigest()
    return {
        "commit": made[-1]["commit"],
        "date_utc": made[-1]["date_utc"],
        "runs": {
            study: {str(one["seed"]): {key: one["metrics"][key] for key in MEASURES} for one in found[study]["runs"]}
            for study in studies
        },
        "bands": {study: {key: found[study]["bands"][key] for key in MEASURES} for study in studies},
        "ratio": ratio,
        "figures": figures,
    }


def record(names: list[str], command: str, folder: Path) -> None:
    """Run a command and save the records of those of its tables that are asked for."""
    before = load()
    if not ENTRIES[names[0]].head:
        for name in names:
            page_tables.save(name, {**facts(name, command, before), **of_runs(name, folder / name)})
        return
    text = run(command)
    tables = page_tables.printed_tables(text)
    for name in names:
        head, rows = tables[ENTRIES[name].head]
        found: dict[str, Any] = {"head": head, "rows": rows}
        if ENTRIES[name].speed:
            import quick_speed

            found["steps_per_cpu_s"] = quick_speed.yardstick()
            found["notes"] = [line.strip() for line in text.splitlines() if line.startswith(NOTED.get(name, ()))]
        page_tables.save(name, {**facts(name, command, before), **found})


def write() -> None:
    """All pages, with their tables as recorded."""
    for page in PAGES:
        path = ROOT / page
        path.write_text(page_tables.with_tables(path.read_text()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[*ENTRIES, []], metavar="NAME", help=", ".join(ENTRIES))
    parser.add_argument("--all", action="store_true", help="all tables that a command of minutes makes")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="keep runs there, and use those that are finished")
    parser.add_argument("--write", action="store_true", help="write the tables from the records, run nothing")
    options = parser.parse_args()
    names = [name for name, entry in ENTRIES.items() if not entry.kept] if options.all else options.names
    by_command: dict[str, list[str]] = {}
    for name in names:
        by_command.setdefault(ENTRIES[name].command, []).append(name)
    with tempfile.TemporaryDirectory() as temporary:
        for command, together in by_command.items():
            record(together, command, options.folder or Path(temporary))
    write()


if __name__ == "__main__":
    main()
