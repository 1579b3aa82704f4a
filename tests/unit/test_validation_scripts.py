"""The validation scripts as a user calls them, on boxes of a second: their tables and their JSON."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import fractal, twin

# Compiled functions of a script that was run by itself are found in the cache under its name alone.
sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))


@pytest.fixture
def call(monkeypatch, capsys):
    """Run a script's main with command-line arguments; returns what it prints."""

    def run(script, *arguments):
        monkeypatch.setattr("sys.argv", [script.__file__, *map(str, arguments)])
        script.main()
        return capsys.readouterr().out

    return run


def test_twin(call, tmp_path):
    file = tmp_path / "twin.json"
    printed = call(
        twin, "--columns", 8, "--monolayers", 2, "--seeds", 3, "--walkers", "--field", 5, "--weights", "--json", file
    )
    groups = json.loads(file.read_text())
    assert list(groups) == ["twin", "engine, walkers", "engine, field at 5 %"]
    assert np.shape(list(groups.values())) == (3, 3, len(twin.METRICS))
    assert all(f"| {name} | {np.mean(rows, axis=0)[0]:.4g} ± " in printed for name, rows in groups.items())


def test_twin_says_that_its_box_is_full():
    with pytest.raises(ValueError, match="full after"):
        twin.deposit(8, 8, 6, 8 * 8 * 5, 1.0, 0)


def test_measures_of_a_known_deposit():
    occupancy = np.zeros((2, 1, 5), bool)
    occupancy[0, 0, [0, 3]] = True
    assert twin.measures(occupancy) == (2.0, 2.0, 0.5, 2.0)


def test_fractal(call, tmp_path):
    file = tmp_path / "fractal.json"
    printed = call(fractal, "--exponent", 1, "--columns", 128, "--voxels", 362, "--seeds", 2, "--json", file)
    found = json.loads(file.read_text())["1"]
    assert f"D = {found['D']:.3f} ± {found['error']:.3f}" in printed
    assert found["voxels"][-1] == 362
    assert np.shape(found["gyration"]) == (2, len(found["voxels"]))


def test_dimension_of_exact_radii():
    """Rg = N^(1/D) gives D; a cluster that grows as N^(1/D) with another D shifts the mean slope."""
    voxels = fractal.sizes(4096)
    radii = np.array([voxels ** (1 / 1.6), 2.0 * voxels ** (1 / 1.6)])
    assert fractal.dimension(voxels, radii) == pytest.approx((1.6, 0.0), abs=1e-12)
    d, error = fractal.dimension(voxels, np.array([voxels**0.5, voxels**0.7]))
    assert (d, error) == (pytest.approx(1 / 0.6), pytest.approx(0.1 / 0.6**2))
