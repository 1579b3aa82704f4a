"""Numbers of runs, groups of runs, tables and JSON."""

import json
import shutil

import numpy as np
import pytest
from fake_simulation import install, tiny

from kmc_li import morphology
from kmc_li.errors import UserError
from kmc_li.report.statistics import Band, mean_band, ratio_band
from kmc_li.report.summary import (
    align,
    as_json,
    band_words_short,
    bands,
    load_groups,
    metrics,
    metrics_table,
    report,
)
from kmc_li.running import demo
from kmc_li.running.driver import simulate


@pytest.fixture
def results(monkeypatch, tmp_path):
    """Two studies with three seeds each, and a single run."""
    install(monkeypatch)
    for name, changes in {"bare": {"layer": None}, "piezo": {}}.items():
        for seed in range(3):
            simulate(tiny(**changes), seed, tmp_path / name / f"seed-{seed:04d}")
    simulate(tiny(), 9, tmp_path / "single")
    return tmp_path


def test_metrics_are_the_morphology_in_micrometers(monkeypatch):
    install(monkeypatch)
    run = simulate(tiny(), 1)
    found = metrics(run)
    heights = morphology.height_map(run.occupancy)
    assert found["thickness_um"] == pytest.approx(0.5 * heights.mean())
    assert found["roughness_Sq_um"] == pytest.approx(0.5 * heights.std())
    assert found["roughness_Sz_um"] == pytest.approx(0.5 * (heights.max() - heights.min()))
    assert found["porosity"] == morphology.porosity(run.occupancy)
    assert found["areal_capacity_mAh_cm2"] == run.series["areal_capacity_mAh_cm2"][-1]
    assert found["thickness_um"] == pytest.approx(run.series["thickness_um"][-1])


def test_groups_are_called_by_their_folders(results):
    assert {name: len(runs) for name, runs in load_groups([results]).items()} == {
        "bare": 3, "piezo": 3, "single": 1,
    }  # fmt: skip
    assert list(load_groups([results / "piezo", results / "bare"])) == ["piezo", "bare"]
    assert list(load_groups([results / "bare" / "seed-0001"])) == ["bare"]
    assert len(load_groups((results / "bare").iterdir())["bare"]) == 3


def test_different_studies_of_one_name_stay_apart(results):
    shutil.copytree(results / "bare", results / "old" / "piezo")
    groups = load_groups([results / "piezo", results / "old"])
    assert [len(runs) for runs in groups.values()] == [3, 3]
    assert all(name.startswith("piezo (") for name in groups)


def test_one_run_does_not_count_twice(results):
    with pytest.raises(UserError, match="are the same run: a band needs different seeds"):
        load_groups([results / "bare", results / "bare" / "seed-0002"])
    with pytest.raises(UserError, match="holds no run"):
        load_groups([results / "bare", results / "piezo" / "seed-0000" / "segments"])


def test_bands_and_report(results):
    groups = load_groups([results])
    samples = [metrics(run)["thickness_um"] for run in groups["bare"]]
    assert bands(groups["bare"])["thickness_um"] == mean_band(samples)
    content = json.loads(as_json(report(groups)))
    assert content["bare"]["bands"]["thickness_um"]["n"] == 3
    assert content["single"]["bands"]["thickness_um"]["low"] is None
    assert content["bare"]["runs"][2]["seed"] == 2
    assert content["bare"]["runs"][2]["state_sha256"] == groups["bare"][2].state_sha256
    assert "kappa_eff" in content["bare"]["fitted"][0] and len(content["piezo"]["fitted"]) == 2


def test_table(results):
    text = metrics_table(load_groups([results]), ("thickness_um", "porosity"))
    head, *rows, note = text.split("\n")
    assert head.split() == ["runs", "thickness", "(um)", "porosity"]
    assert [row.split()[:2] for row in rows] == [["bare", "3"], ["piezo", "3"], ["single", "1"]]
    assert "[" in rows[0] and "[" not in rows[2] and "Student t" in note


def test_words_and_json():
    assert band_words_short(Band(29.1234, 28.0, 30.25, 4)) == "29.12 [28, 30.25]"
    assert band_words_short(Band(1.5, np.nan, np.nan, 1)) == "1.5"
    assert align([["a", "bb"], ["ccc", "d"]]) == "a    bb\nccc  d"
    assert json.loads(as_json({"a": [np.float32(1.5), np.inf], "b": Band(1.0, np.nan, 2.0, 3)})) == {
        "a": [1.5, None],
        "b": {"mean": 1.0, "low": None, "high": 2.0, "n": 3},
    }


def test_conclusion_of_the_demo(monkeypatch, tmp_path):
    install(monkeypatch)
    changes = {"bare": {"layer": None}, "inert": {"layer.d33_pC_N": 0.0}, "piezo": {}}
    groups = {
        name: [simulate(tiny(**change), 10 * k + seed) for seed in range(3)]
        for k, (name, change) in enumerate(changes.items())
    }
    said = []
    demo.conclude(groups, tmp_path, said.append)
    text = "\n".join(said)
    assert "1.73" in text and "kappa_eff" in text and "unscreened share s" in text
    assert {file.name for file in tmp_path.iterdir()} == {"comparison.png", "comparison.pdf", "summary.json"}
    content = json.loads((tmp_path / "summary.json").read_text())
    thick = {name: [run.series["thickness_um"][-1] for run in runs] for name, runs in groups.items()}
    expected = ratio_band(thick["bare"], thick["piezo"])
    assert content["thickness_ratio_bare_piezo"]["band"]["mean"] == pytest.approx(expected.mean)
    assert content["thickness_ratio_bare_piezo"]["band"]["high"] == pytest.approx(expected.high)
    assert content["thickness_ratio_bare_piezo"]["paper"] == 1.73
    assert set(content["studies"]) == {"bare", "inert", "piezo"} and content["provenance"]["numpy"]


def test_the_demo_leaves_other_folders_alone(tmp_path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(UserError, match="is not empty and holds no demo"):
        demo.demo(tmp_path)
    with pytest.raises(UserError, match="seeds: got 1"):
        demo.demo(tmp_path / "new", seeds=1)
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.tex"]
