"""The scripts of analysis/ on measures by name and on users' own data, run as a researcher runs them."""

import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
import solids
import synthetic

from kmc_li import morphology as m
from kmc_li.report.statistics import mean_band
from kmc_li.storage.run import pack
from kmc_li.storage.store import History, RunFolder

SCRIPTS = Path(__file__).resolve().parents[2] / "analysis"


@pytest.fixture
def script(capsys, monkeypatch):
    """Runs a script with arguments as `python analysis/NAME.py ...` does: exit code, output, errors."""

    def run(name, *words):
        path = str(SCRIPTS / f"{name}.py")
        monkeypatch.setattr(sys, "argv", [path, *map(str, words)])
        try:
            runpy.run_path(path, run_name="__main__")
        except SystemExit as end:
            return end.code or 0, *capsys.readouterr()
        return 0, *capsys.readouterr()

    return run


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Two seeds of one study: (their folder, their runs)."""
    out, grown = tmp_path_factory.mktemp("bare"), [synthetic.synthetic_run("bare", seed) for seed in range(2)]
    for run in grown:
        rows = [dict(zip(run.series, map(float, row), strict=True)) for row in zip(*run.series.values(), strict=True)]
        snapshots = [(rows[-1]["areal_capacity_mAh_cm2"], pack(run.occupancy))]
        with RunFolder.create(out / f"seed-{run.seed:04d}", run.parameters, run.seed) as folder:
            folder.commit(History(rows=rows, snapshots=snapshots), run.occupancy, ({"occupancy": run.occupancy}, {}), 1)
    return out, grown


def test_measures_of_runs(script, runs):
    folder, grown = runs
    code, said, wrong = script("measures", folder, "--json", "--names", "tortuosity", "roughness_Sq", "porosity")
    assert (code, wrong) == (0, "")
    ((_, found),) = json.loads(said).items()
    assert list(found) == ["tortuosity", "roughness_Sq_um", "porosity"]
    expected = mean_band([m.measure_all(run.occupancy, 0.25, ["tortuosity"])["tortuosity"] for run in grown])
    assert found["tortuosity"] == pytest.approx(expected._asdict())
    code, said, wrong = script("measures", folder)
    assert (code, wrong) == (0, "") and "Student t" in said
    for measure in m.MEASURES:
        assert (measure.key in said) == (measure.of != "current")


def test_list_of_measures(script):
    code, said, _ = script("measures", "--list")
    assert code == 0 and said.count("\n") == len(m.MEASURES)


def test_height_map_by_script(script, tmp_path):
    n, pixel = 64, 0.1
    x = np.arange(n) * pixel
    heights = np.sin(2 * np.pi * x / 1.6)[None, :] + np.linspace(0, 9, n)[:, None]  # rows are scan lines
    np.savetxt(tmp_path / "scan.txt", heights * 1e3)
    words = [tmp_path / "scan.txt", "--pixel-um", pixel, "--height-unit", "nm"]
    code, said, wrong = script("height_map", *words, "--level", "lines", "--json")
    assert (code, wrong) == (0, "")
    ((source, found),) = json.loads(said).items()
    assert source.endswith("scan.txt, median of each line taken off")
    assert found["roughness_Sq_um"] == pytest.approx(np.sqrt(0.5))
    code, said, _ = script("height_map", *words, "--level", "lines", "1", "plane", "--names", "roughness_Sq")
    assert code == 0 and "polynomial of order 1 taken off, mean plane taken off" in said and "roughness_Sq_um" in said
    code, said, _ = script("height_map", *words, "--level", "--names", "roughness_Sz")
    assert code == 0 and said.splitlines()[0] == str(tmp_path / "scan.txt")


def test_tomogram_by_script(script, tmp_path):
    np.save(tmp_path / "cut.npy", solids.sphere((20, 20, 24), 6, (10, 10, 10)).astype(np.uint8))
    code, said, wrong = script("tomogram", tmp_path / "cut.npy", "--voxel-um", 0.5, "--json")
    assert (code, wrong) == (0, "")
    ((_, found),) = json.loads(said).items()
    assert found["specific_surface_per_um"] == pytest.approx(3 / 3.0, rel=0.03)
    code, said, _ = script("tomogram", tmp_path / "cut.npy", "--voxel-um", 0.5, "--metal", 1, "--names", "porosity")
    assert code == 0 and "porosity" in said


@pytest.mark.parametrize(
    "words",
    [
        ("measures",),
        ("measures", "nothing"),
        ("height_map", "nothing.csv"),
        ("height_map", "map.csv"),
        ("height_map", "map.csv", "--pixel-um", "1", "--level", "hard"),
        ("height_map", "map.csv", "--pixel-um", "1", "--names", "porosity"),
        ("tomogram", "map.csv", "--voxel-um", "1"),
    ],
)
def test_bad_input_is_one_line_and_code_2(script, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    Path("map.csv").write_text("1 2 3\n4 5 6\n7 8 9\n")
    code, said, wrong = script(*words)
    assert (code, said) == (2, "") and wrong.count("\n") == 1


@pytest.mark.parametrize("name", ["measures", "height_map", "tomogram"])
def test_help_teaches(script, name):
    code, said, _ = script(name, "--help")
    assert code == 0 and f"python analysis/{name}.py" in said
