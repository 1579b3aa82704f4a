"""The tables and figures of README and docs: the command that makes each, what makes it stale, how it is written.

docs/results/NAME.json is the record of one table: the command, the commit, the date, the machine and the numbers. On
the page it stands between `<!-- results: NAME -->` and `<!-- end -->`, written there by `record.py`.

What makes a record stale. Numbers of deposits follow from trajectories: the record holds a fingerprint of the pinned
ones it depends on (tests/regression/pins.json). Speeds follow from every line of the kernels and from the machine: a
test measures a row or two again, beside a fixed loop (quick_speed.py), and allows a band. Numbers of the field on given
deposits are computed again by the test that the table names here.
"""

import hashlib
import json
import re
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[1]
RESULTS, PINS = ROOT / "docs" / "results", ROOT / "tests" / "regression" / "pins.json"
PAGES = ("README.md", "docs/field.md", "docs/engine.md", "docs/validation.md")
MARKED = re.compile(r"<!-- results: (\w+) -->.*?<!-- end -->", re.S)


class Entry(NamedTuple):
    """Where a table comes from."""

    page: str
    command: str  # as a user types it
    check: str  # the test that computes part of it again
    head: str = ""  # first cell of the table that the command prints; none where runs are stored
    pins: tuple[str, ...] = ()  # pinned trajectories it depends on
    speed: bool = False
    kept: bool = False  # takes an hour: an earlier run's is kept, its record says of which commit


OURS = "tests/regression/test_results.py"
TWIN = "python benchmarks/twin.py --columns 64 --weights --seeds 64 --walkers --field 0.2 1 5"
CONVERGENCE = ("docs/validation.md", "python benchmarks/convergence.py", "tests/physics/test_convergence.py")
PLANES = ("docs/validation.md", "python benchmarks/staircase.py --grow --seeds 4", "tests/physics/test_staircase.py")
FIELD = ("docs/field.md", "python benchmarks/field.py --docs", OURS)
STUDIES_SPEED = (
    "python benchmarks/field.py --studies inert piezo anti_poled butler-volmer potentiostatic wide --columns 64"
)
CYCLING = ("docs/engine.md", "python benchmarks/cycling.py", "tests/physics/test_cycling.py")
DEMO = ("study seeded_bare", "study seeded_inert", "study seeded_piezo")
BARE = ("bare", "walkers", "study bare")
ENTRIES = {
    "demo": Entry("README.md", "kmc-li demo", OURS, pins=DEMO),
    "scenarios": Entry(
        "README.md", "python runs/scenarios.py -o results/scenarios", OURS, pins=DEMO
    ),
    "plating_speed": Entry(*FIELD, head="columns", speed=True),
    "full_resolve": Entry(*FIELD, head="solver", speed=True),
    "studies_speed": Entry("docs/field.md", STUDIES_SPEED, "tests/physics/test_guided.py", head="study", speed=True),
    "pressed_share": Entry(
        "docs/field.md", "python benchmarks/pressed_share.py --seeds 12", "tests/physics/test_guided.py", head="layer",
        pins=("study anti_poled", "study inert", "study piezo"),
    ),
    "solver_bias": Entry("docs/field.md", TWIN, "tests/physics/test_twin.py", head="grown by", pins=BARE),
    "engine_speed": Entry("docs/engine.md", "python benchmarks/engine.py --quick", OURS, head="what", speed=True),
    "cycling_speed": Entry(*CYCLING, head="cycled", speed=True),
    "cycling_walks": Entry(*CYCLING, head="over all cycles", speed=True),
    "cycling_first": Entry(*CYCLING, head="first cycle", speed=True),
    "buds": Entry(*CONVERGENCE, head="tip over flat"),
    "cell_width": Entry(*CONVERGENCE, head="width of the cell"),
    "waves": Entry(*CONVERGENCE, head="i1/(i k a)"),
    "dispersion": Entry(
        "docs/validation.md", "python benchmarks/dispersion.py", "tests/physics/test_dispersion.py", head="cut-off",
        pins=("study seeded_piezo",),
    ),
    "noise": Entry(
        "docs/validation.md", "python benchmarks/noise.py", "tests/physics/test_noise.py",
        head="noise from a flat start", pins=("study seeded_bare",),
    ),
    "continuum": Entry(
        "docs/validation.md", "python benchmarks/continuum.py voxel noise width current inputs",
        "tests/physics/test_dispersion.py", head="seeded deposit", pins=DEMO, kept=True,
    ),
    "finest": Entry(
        "docs/validation.md", "python benchmarks/continuum.py finest", "tests/physics/test_dispersion.py",
        head="seeded deposit", pins=DEMO, kept=True,
    ),
    "compact_radius": Entry(
        "docs/validation.md", "python benchmarks/compact_radius.py", "tests/physics/test_compact_radius.py",
        head="W (voxels)", pins=BARE,
    ),
    "top_boundary": Entry(*CONVERGENCE, head="top above the deposit"),
    "planes": Entry(*PLANES, head="plane"),
    "planes_grown": Entry(*PLANES, head="grown plane", pins=("plain faces", "noise reduction", "bare")),
    "twin": Entry("docs/validation.md", TWIN, "tests/physics/test_twin.py", head="grown by", pins=BARE),
    "twin_cases": Entry(
        "docs/validation.md", "python benchmarks/twin.py", "tests/physics/test_twin.py", pins=BARE, kept=True
    ),
    "fractal": Entry(
        "docs/validation.md", "python benchmarks/fractal.py --seeds 24", "tests/physics/test_fractal.py",
        pins=("breakdown exponent", "primary distribution", "2-D"), kept=True,
    ),
}  # fmt: skip
FIGURES = {"docs/demo.png": "demo"}  # each of the command that makes the table

STUDIES = {
    "bare": "bare", "inert": "inert layer (d₃₃ = 0)", "piezo": "piezoelectric layer",
    "anti_poled": "anti-poled layer", "screened": "fully screened layer",
}  # fmt: skip
MEASURES = {"thickness_um": "{:.2f}", "roughness_Sq_um": "{:.2f}", "porosity": "{:.3f}"}


def load(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text())
    return found


def save(name: str, record: dict[str, Any]) -> None:
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")


def trajectories(name: str) -> str | None:
    """Fingerprint of the pinned trajectories that a table depends on."""
    pins = json.loads(PINS.read_text())
    chosen = {pin: pins[pin] for pin in sorted(ENTRIES[name].pins)}
    return hashlib.sha256(json.dumps(chosen).encode()).hexdigest()[:16] if chosen else None


def kernels() -> str:
    """sha256 over the files of the kernels, names included."""
    folder, digest = ROOT / "kmc_li" / "kernels", hashlib.sha256()
    for source in sorted(folder.rglob("*.py")):
        digest.update(source.relative_to(folder).as_posix().encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def printed_tables(text: str) -> dict[str, tuple[list[str], list[list[str]]]]:
    """First cell -> (head, rows) of all Markdown tables in a text."""
    found, block = {}, []
    for line in [*text.splitlines(), ""]:
        if line.startswith("|"):
            block.append([cell.strip() for cell in line.strip().strip("|").split("|")])
        elif block:
            found[block[0][0]] = block[0], block[2:]
            block = []
    return found


def of_runs(record: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Head and rows of a table of studies."""
    n = len(record["runs"]["bare"])
    head = [f"mean [95 % band], Student t, {n} seeds", "thickness (µm)", "roughness Sq (µm)", "porosity"]
    rows = [
        [STUDIES[study], *(words(bands[key], form) for key, form in MEASURES.items())]
        for study, bands in record["bands"].items()
    ]
    return head, rows


def words(band: dict[str, float], form: str) -> str:
    return "{} [{}, {}]".format(*(form.format(band[key]) for key in ("mean", "low", "high")))


def table(name: str) -> str:
    """The Markdown of a record: table, what the command said beside it, where it comes from."""
    record = load(name)
    head, rows = of_runs(record) if "runs" in record else (record["head"], record["rows"])
    lines = [f"| {' | '.join(row)} |" for row in (head, *rows)]
    lines.insert(1, "|" + "---|" * len(head))
    notes = list(record.get("notes", []))
    if record.get("ratio"):
        ratio = words(record["ratio"], "{:.2f}")
        notes.append(f"Thickness bare over piezoelectric: {ratio}; the paper measured 29/16.8 = 1.73.")
    for note in notes:
        lines += ["", note]
    return "\n".join([*lines, "", source(record)])


def source(record: dict[str, Any]) -> str:
    """One line: command, commit, date, for speeds the machine."""
    parts = [f"`{record['command']}`", f"commit {record['commit'][:7]}", record["date_utc"][:10]]
    if record["kept"]:
        parts.append(f"{record['kept']}; today's code: {record['check']}")
    elif record["speed"]:
        m = record["machine"]
        parts.append(f"{m['processor']}, {m['cores']} cores, load {m['load']}")
    return f"({', '.join(parts)})"


def with_tables(text: str) -> str:
    """A page with all its tables as the records have them; one without a record stays empty."""

    def written(match: re.Match[str]) -> str:
        known = (RESULTS / f"{match[1]}.json").exists()
        return f"<!-- results: {match[1]} -->\n\n{table(match[1]) if known else ''}\n\n<!-- end -->"

    return MARKED.sub(written, text)
