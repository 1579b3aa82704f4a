"""Tables and the figure in the README: as recorded, from today's trajectories, and what a fresh run gives."""

import json
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "benchmarks"))
README = (ROOT / "README.md").read_text()
RECORDS = re.findall(r"<!-- results: (\w+) -->", README)


def test_the_readme_shows_the_records():
    from record import with_tables

    assert RECORDS == ["demo", "scenarios"]
    assert with_tables(README) == README


def test_no_table_of_numbers_stands_without_its_record():
    outside = re.sub(r"<!-- results: \w+ -->.*?<!-- end -->", "", README, flags=re.S)
    assert not re.search(r"^\|.*\d.*\|$", outside, re.M)


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_is_as_young_as_the_trajectories(name):
    from record import fingerprint

    found = json.loads((ROOT / "docs" / "results" / f"{name}.json").read_text())
    assert found["trajectories"] == fingerprint(), f"run: python benchmarks/record.py {name}"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "study"),
    [("demo", "bare"), ("demo", "inert"), ("demo", "piezo"), ("scenarios", "anti_poled"), ("scenarios", "screened")],
)
def test_a_fresh_run_is_the_one_recorded(name, study):
    """Seed 0, without the samples of the field's error, which change no trajectory."""
    from record import study_of

    import kmc_li

    found = json.loads((ROOT / "docs" / "results" / f"{name}.json").read_text())["runs"][study]["0"]
    run = kmc_li.simulate(study_of(name, study).replace(**{"field.samples": 0}), seed=0)
    assert {key: run.series[key][-1] for key in found} == pytest.approx(found, rel=1e-12)
