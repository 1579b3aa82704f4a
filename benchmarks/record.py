"""Tables and figures of the README from one command at one commit: run, record, write them where they stand.

    python benchmarks/record.py demo scenarios     # some minutes; leaves docs/results/*.json, docs/demo.png, README.md
    python benchmarks/record.py --write            # only write the tables anew from the records

A record holds the command, the commit, the values of each run and the fingerprint of all pinned trajectories. The tests
compare the README with the records, the fingerprint with today's and one run of each study, bit for bit.
"""

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from kmc_li import Parameters, presets
from kmc_li.report.summary import as_json, load_groups, report
from kmc_li.storage.provenance import provenance

ROOT = Path(__file__).resolve().parents[1]
RESULTS, README, PINS = ROOT / "docs" / "results", ROOT / "README.md", ROOT / "tests" / "regression" / "pins.json"
NAMES = {
    "bare": "bare", "inert": "inert layer (d₃₃ = 0)", "piezo": "piezoelectric layer",
    "anti_poled": "anti-poled layer", "screened": "fully screened layer",
}  # fmt: skip
MEASURES = {"thickness_um": "{:.2f}", "roughness_Sq_um": "{:.2f}", "porosity": "{:.3f}"}
COMMANDS = {
    "demo": ["-m", "kmc_li.cli", "demo", "-o"],
    "scenarios": [str(ROOT / "runs" / "scenarios.py"), "-o"],
}
SHOWN = {"demo": "kmc-li demo", "scenarios": "python runs/scenarios.py -o results/scenarios"}


def fingerprint() -> str:
    """Of all pinned trajectories: a table of results is as old as they are."""
    return hashlib.sha256(PINS.read_bytes()).hexdigest()[:16]


def record(name: str) -> dict[str, Any]:
    """Run a command and keep what its tables need."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / name
        subprocess.run([sys.executable, *COMMANDS[name], str(out)], check=True)
        groups = load_groups([str(out / study) for study in NAMES if (out / study).exists()])
        found = json.loads(as_json(report(groups)))
        summary = out / "summary.json"
        ratio = json.loads(summary.read_text())["thickness_ratio_bare_piezo"]["band"] if summary.exists() else None
        if name == "demo":
            shutil.copy(out / "comparison.png", ROOT / "docs" / "demo.png")
    facts = provenance()
    return {
        "command": SHOWN[name],
        "commit": facts["commit"],
        "date_utc": facts["date_utc"],
        "trajectories": fingerprint(),
        "runs": {
            study: {str(run["seed"]): {key: run["metrics"][key] for key in MEASURES} for run in one["runs"]}
            for study, one in found.items()
        },
        "bands": {study: {key: one["bands"][key] for key in MEASURES} for study, one in found.items()},
        "ratio": ratio,
    }


def words(band: dict[str, float], form: str) -> str:
    return "{} [{}, {}]".format(*(form.format(band[key]) for key in ("mean", "low", "high")))


def table(name: str) -> str:
    """The Markdown of a record, with the command and the commit that made it."""
    found = json.loads((RESULTS / f"{name}.json").read_text())
    n = len(found["runs"]["bare"])
    lines = [f"| mean [95 % band], Student t, {n} seeds | thickness (µm) | roughness Sq (µm) | porosity |"]
    lines.append("|---|---|---|---|")
    for study, bands in found["bands"].items():
        cells = (words(bands[key], form) for key, form in MEASURES.items())
        lines.append(f"| {NAMES[study]} | {' | '.join(cells)} |")
    if found["ratio"]:
        ratio = words(found["ratio"], "{:.2f}")
        lines += ["", f"Thickness bare over piezoelectric: {ratio}; the paper measured 29/16.8 = 1.73."]
    lines += ["", f"(`{found['command']}`, commit {found['commit'][:7]}, {found['date_utc'][:10]})"]
    return "\n".join(lines)


def with_tables(text: str) -> str:
    """A page with all its tables as the records have them."""
    def fill(match: re.Match[str]) -> str:
        return f"<!-- results: {match[1]} -->\n\n{table(match[1])}\n\n<!-- end -->"

    return re.sub(r"<!-- results: (\w+) -->.*?<!-- end -->", fill, text, flags=re.S)


def study_of(name: str, study: str) -> Parameters:
    """The study behind a row."""
    parameters = Parameters.from_toml(presets.study_path(study))
    return parameters if name == "demo" else parameters.replace(**{"lattice.nx": 32, "lattice.ny": 32})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[*COMMANDS, []], help="what to run and record")
    parser.add_argument("--write", action="store_true", help="write the tables from the records")
    options = parser.parse_args()
    for name in options.names:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{name}.json").write_text(json.dumps(record(name), indent=1, ensure_ascii=False) + "\n")
    README.write_text(with_tables(README.read_text()))


if __name__ == "__main__":
    main()
