"""docs/extending.md for real: each example is taken out of the page, listed with its one line, and run."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "extending.md").read_text()

LAW = """
from scipy.optimize import brentq
study_ = study(**{"plating.kinetics": "cubic", "lattice.nx": 16, "lattice.ny": 16, "lattice.nz": 48,
                  "field.samples": 4, "stop.capacity_mAh_cm2": 0.1})
simulation = Simulation(study_, 1)
wagner = study_.wagner_length_m / study_.voxel_m
drop = brentq(lambda e: e * (1 + e * e / 4) / (wagner + 0.5) - 1, 0, 10)  # current 1 through every face of the film
box, field = simulation._box, simulation._state.method.field
np.testing.assert_allclose(field.phi.reshape(box)[:, :, 1], drop, rtol=1e-4)
grow(simulation)
plated = simulation._state.counters[0].plate_sum
assert abs(plated / 256 - 1) < 0.01  # over a rough deposit the field still carries the set current
assert simulation.report()["field_tv_mean"] < study_.field.tolerance  # and the solver keeps its promise for this law
"""
METHOD = """
study_ = study(**{"field.method": "falling", "lattice.nx": 64, "lattice.ny": 64, "lattice.nz": 64,
                  "stop.capacity_mAh_cm2": 1.0})
simulation = grow(Simulation(study_, 1))
heights = simulation.occupancy.sum(axis=2)
assert (heights == kmc_li.morphology.height_map(simulation.occupancy)).all()  # no overhang
mean, columns = heights.mean(), heights.size
assert mean > 9 and abs(heights.var() / mean - 1) < 3 * np.sqrt(2 / columns)  # Poisson: the variance is the mean
"""
LAYER_MODEL = """
study_ = study(**LAYER | {"layer.model": "stiffening", "stop.capacity_mAh_cm2": 0.3, "field.samples": 0})
simulation = grow(Simulation(study_, 1))
pressed = kmc_li.layer.press(kmc_li.morphology.height_map(simulation.occupancy), study_)
assert abs(pressed.pressure_Pa.mean() / 0.35e6 - 1) < 1e-9  # the stack's
heights, rest = kmc_li.morphology.height_map(simulation.occupancy), pressed.rest_plane_m / study_.voxel_m
stiffness = study_.layer.winkler_stiffness_Pa_m * study_.voxel_m
expected = np.minimum(np.clip(heights - rest, 0, None) ** 2 * stiffness, study_.metal.hardness_MPa * 1e6)
np.testing.assert_allclose(pressed.pressure_Pa, expected, rtol=1e-9)
"""
PROGRAM = """
import sys
import numpy as np
import kmc_li
from kmc_li.study import choices
{line}
from small import LAYER, study
from kmc_li.engine.simulation import Simulation

def grow(simulation):
    while simulation.finished is None:
        simulation.advance(10**9)
    return simulation
{checks}
print("checked")
"""
CASES = {"law": LAW, "method": METHOD, "layer": LAYER_MODEL}


def block(marker):
    return re.search(rf"<!-- {marker} -->\n```python\n(.*?)```", PAGE, re.S).group(1)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "jit"), [("law", "0"), ("method", "0"), ("layer", "0"), ("method", "1")])
def test_an_example_is_one_file_and_one_line(kind, jit, tmp_path):
    """In a process of its own: what comes from outside the package is compiled there and not cached. jit "1": off."""
    file = re.search(rf"<!-- {kind}: (\w+)\.py -->", PAGE).group(1)
    (tmp_path / f"{file}.py").write_text(block(f"{kind}: {file}.py"))
    table, name = re.search(rf'The line: `(\w+)\["(\w+)"\] = "kmc_li\.kernels\.\w+\.{file}"`', PAGE).groups()
    program = PROGRAM.format(line=f'choices.{table}["{name}"] = "{file}"', checks=CASES[kind])
    paths = os.pathsep.join([str(tmp_path), str(ROOT / "tests"), str(ROOT)])
    environment = os.environ | {"PYTHONPATH": paths, "NUMBA_DISABLE_JIT": jit}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "checked" in done.stdout, done.stderr[-2000:]


def test_a_measure_is_one_function_and_one_line(monkeypatch):
    from kmc_li import morphology
    from kmc_li.morphology import measures

    names = {}
    exec(block("measure: overhangs.py"), names)  # the page's own text
    line = eval(block("line").strip().rstrip(","), names | {"Measure": measures.Measure})
    monkeypatch.setattr(measures, "MEASURES", (*measures.MEASURES, line))
    occupancy = np.zeros((3, 2, 4), bool)
    occupancy[:, :, 0] = True
    occupancy[0, 0, 2] = occupancy[1, 1, 3] = True  # two of six columns overhang
    assert morphology.measure_all(occupancy, 0.5, ["overhang_share"]) == {"overhang_share": pytest.approx(1 / 3)}
