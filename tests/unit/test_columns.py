"""Equations of whole columns against those of single cells."""

import numpy as np
import pytest

from kmc_li import Parameters
from kmc_li.kernels.lattice import occupancy
from kmc_li.kernels.laws import butler_volmer
from kmc_li.kernels.laws.linear import Linear
from kmc_li.kernels.solver import columns, equations, hierarchy
from kmc_li.study.presets import study_path


@pytest.mark.parametrize("shape", [(8, 6, 20), (5, 7, 12), (16, 1, 12), (1, 19, 12)])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kinetics", ["linear", "butler-volmer"])
def test_equations_of_whole_columns_are_those_of_single_cells(shape, weighted, kinetics):
    rng = np.random.default_rng(3)
    metal = rng.random(shape) < np.linspace(0.8, 0.0, shape[2])
    metal[shape[0] // 2 :, :, 5:] = False  # where nothing touches the upper planes
    box, deposit = occupancy.from_occupancy(metal, shape[2] + 3)
    dead = (deposit.cell >= occupancy.LI) & (rng.random(deposit.cell.size) < 0.2)
    deposit.cell[dead & (np.arange(deposit.cell.size) % box.ns > 0)] |= occupancy.DEAD
    first, shifted, end = 2, 7 if kinetics == "linear" else 2, shape[2] - 2
    law = Linear(np.array([3.3]))
    if kinetics == "butler-volmer":
        law = butler_volmer.allocate(Parameters.from_toml(study_path("bare")).replace(**{"plating.kinetics": kinetics}), deposit.cell.size, float)
    whole = columns.allocate(box, np.float64, 3.3, weighted)
    fields = [equations.allocate(box, np.float64, weighted) for _ in range(2)]
    for field in fields:
        equations.set_planes(field, hierarchy.allocate(*box, np.float64, 2), 1, shape[2])
        field.phi[:] = 2.5
        field.shift[2 * shifted :] = np.linspace(0.1, 1.0, field.shift.size - 2 * shifted)  # and of a face below it: 0
    fields[1].window[:] = shape[2] - 2, 1  # held closer together
    equations.set_cells(fields[0], law, deposit.cell, box, first, end)
    columns.set_columns(fields[1], whole, law, deposit.cell, box, deposit.height, first, shifted, end)
    for name in ("phi", "inverse_diagonal", "surface_conductance", "rhs"):
        one = getattr(fields[0], name).reshape(box)[:, :, first:end]
        places = fields[1].window[0]
        other = getattr(fields[1], name)[: box.nx * box.ny * places].reshape(box.nx, box.ny, places)
        np.testing.assert_allclose(other[:, :, first - 1 : end - 1], one, rtol=1e-14, atol=0)
    assert (fields[0].surface_conductance > 0).sum() > 20
