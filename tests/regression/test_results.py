"""Tables and figures of README and docs: as recorded, no older than the code they speak of, and what a fresh run gives."""

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "benchmarks"))

import page_tables  # noqa: E402
from page_tables import ENTRIES, FIGURES, MARKED, PAGES, load, with_tables  # noqa: E402

TEXT = {page: (ROOT / page).read_text() for page in PAGES}
RECORDED = {name: load(name) for name in ENTRIES}
ANEW = "run: python benchmarks/record.py {}"


def test_each_table_of_the_list_is_on_its_page_once():
    shown = [(page, name) for page, text in TEXT.items() for name in MARKED.findall(text)]
    assert sorted(shown) == sorted((entry.page, name) for name, entry in ENTRIES.items())
    assert {path.stem for path in page_tables.RESULTS.glob("*.json")} == set(ENTRIES)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_shows_the_records(page):
    assert with_tables(TEXT[page]) == TEXT[page], "run: python benchmarks/record.py --write"


@pytest.mark.parametrize("page", PAGES)
def test_no_table_of_numbers_and_no_figure_stands_without_its_record(page):
    assert not re.search(r"^\|.*\d.*\|$", MARKED.sub("", TEXT[page]), re.M)
    for picture in re.findall(r"!\[[^]]*\]\(([^)]+)\)|<img[^>]+src=\"([^\"]+)\"", TEXT[page]):
        path = ((ROOT / page).parent / "".join(picture)).resolve().relative_to(ROOT).as_posix()
        made = RECORDED[FIGURES[path]]["figures"][path]
        assert hashlib.sha256((ROOT / path).read_bytes()).hexdigest() == made, ANEW.format(FIGURES[path])


OTHERWISE = {"gallery.md": "tests/unit/test_pages.py", "parameters.md": "tests/unit/test_reference.py"}  # checked there


@pytest.mark.parametrize("page", sorted({path.name for path in (ROOT / "docs").glob("*.md")} - {*OTHERWISE}))
def test_other_pages_have_neither(page):
    """No picture, no table row with a number like 1.23 (0.1.0 is a version)."""
    if f"docs/{page}" not in PAGES:
        text = (ROOT / "docs" / page).read_text()
        assert not re.search(r"^\|.*(?<![\d.])\d+\.\d+(?![\d.]).*\|$|!\[|<img", text, re.M)


@pytest.mark.parametrize("name", ENTRIES)
def test_a_record_says_how_it_was_made_and_what_checks_it(name):
    record, entry = RECORDED[name], ENTRIES[name]
    assert (record["command"], record["check"], bool(record["kept"])) == (entry.command, entry.check, entry.kept)
    assert re.fullmatch(r"[0-9a-f]{7,40}", record["commit"])  # not -dirty
    assert re.match(r"\d{4}-\d\d-\d\d", record["date_utc"])
    assert (ROOT / entry.check).exists()
    assert f"`{entry.command}`, commit {record['commit'][:7]}" in page_tables.table(name)


@pytest.mark.parametrize("name", [name for name, entry in ENTRIES.items() if entry.pins and not entry.kept])
def test_a_record_is_as_young_as_the_trajectories(name):
    assert RECORDED[name]["trajectories"] == page_tables.trajectories(name), ANEW.format(name)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "study"),
    [("demo", "bare"), ("demo", "inert"), ("demo", "piezo"), ("scenarios", "anti_poled"), ("scenarios", "screened")],
)
def test_a_fresh_run_is_the_one_recorded(name, study):
    """Seed 0."""
    import kmc_li

    changes = {"anti_poled": {"layer.orientation": 1}, "screened": {"layer.unscreened_share": 0.0}}.get(study, {})
    width = {} if name == "demo" else {"lattice.nx": 32, "lattice.ny": 32}
    file = kmc_li.presets.study_path("seeded_piezo" if changes else f"seeded_{study}")
    parameters = kmc_li.Parameters.from_toml(file).replace(**width, **changes)
    run = kmc_li.simulate(parameters, seed=0)
    recorded = RECORDED[name]["runs"][study]["0"]
    assert {key: run.series[key][-1] for key in recorded} == pytest.approx(recorded, rel=1e-12), ANEW.format(name)


@pytest.mark.parametrize("name", ["demo", "scenarios"])
def test_bands_are_those_of_the_runs(name):
    from kmc_li.report.statistics import mean_band, ratio_band

    record = RECORDED[name]
    for study, runs in record["runs"].items():
        for key, band in record["bands"][study].items():
            again = mean_band([run[key] for run in runs.values()])._asdict()
            assert again == pytest.approx(band, rel=1e-12), (study, key)
    if record["ratio"]:
        thickness = {study: [run["thickness_um"] for run in runs.values()] for study, runs in record["runs"].items()}
        again = ratio_band(thickness["bare"], thickness["piezo"])
        assert again.mean == pytest.approx(record["ratio"]["mean"], rel=0.01)


@pytest.mark.slow
def test_a_grown_plane_is_the_one_recorded():
    """One seed alone is not in the table; all four of its quickest row are."""
    from benchmarks import staircase

    row = next(cells for cells in RECORDED["planes_grown"]["rows"] if cells[:2] == ["(110)", "1"])
    values = [staircase.speed("110", 1, False, seed) for seed in range(4)]
    assert sum(values) / 4 == pytest.approx(float(row[3].split()[0]), abs=6e-4), ANEW.format("planes_grown")


@pytest.mark.parametrize("plane", ["110", "321"])
def test_a_plane_as_cut_is_the_one_recorded(plane):
    from benchmarks import staircase

    row = next(cells for cells in RECORDED["planes"]["rows"] if cells[0] == f"({plane})")
    found = [staircase.current_over_area(plane, w, weights) for weights in (True, False) for w in (30.0, 1000.0)]
    assert found == pytest.approx([float(cell) for cell in row[1:]], abs=6e-4), ANEW.format("planes")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["plating_speed", "full_resolve", "engine_speed"])
def test_speeds_are_those_recorded(name):
    """In steps of a fixed loop beside it, within the band; the table is stale in both directions.

    A row outside it is looked at again, twice at most: what shares the machine slows code down for a while (a factor
    of 1.34 was seen between two runs of one program within a minute), code that has become slower stays slow.
    """
    import quick_speed
    from field import machine

    command = [sys.executable, quick_speed.__file__, name]  # a process of its own: libraries get one thread there
    same, outside = machine()["processor"] == RECORDED[name]["machine"]["processor"], None
    for _ in range(3):
        lines = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        assert len(lines) == len(quick_speed.ROWS[name])
        found = {line["row"]: line for line in lines if not _is_within(quick_speed.band(line["row"], same), line)}
        outside = found if outside is None else {row: line for row, line in found.items() if row in outside}
        if not outside:
            return
    raise AssertionError(f"{list(outside.values())}; {ANEW.format(name)}")


def _is_within(band, line):
    return 1 / band < line["ratio"] < band
