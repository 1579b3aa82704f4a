"""Equations of whole columns against those of single cells."""

import numpy as np
import pytest

from kmc_li.kernels.lattice import occupancy
from kmc_li.kernels.laws.linear import Linear
from kmc_li.kernels.solver import equations, hierarchy, plain_cells


@pytest.mark.parametrize("shape", [(8, 6, 20), (5, 7, 12), (16, 1, 12), (1, 9, 12)])
@pytest.mark.parametrize("weighted", [False, True])
def test_equations_of_whole_columns_are_those_of_single_cells(shape, weighted):
    rng = np.random.default_rng(3)
    metal = rng.random(shape) < np.linspace(0.8, 0.0, shape[2])
    box, deposit = occupancy.from_occupancy(metal, shape[2] + 3)
    dead = (deposit.cell >= occupancy.LI) & (rng.random(deposit.cell.size) < 0.2)
    deposit.cell[dead & (np.arange(deposit.cell.size) % box.ns > 0)] |= occupancy.DEAD
    law, planes = Linear(np.array([3.3])), (2, shape[2] - 2)
    plain = plain_cells.allocate(box, np.float64, 3.3, weighted)
    fields = [equations.allocate(box, np.float64, weighted) for _ in range(2)]
    for field in fields:
        equations.set_planes(field, hierarchy.allocate(*box, np.float64, 2), 1, shape[2])
        field.phi[:] = 2.5
    fields[1].window[:] = shape[2] - 2, 1  # held closer together
    equations.set_cells(fields[0], law, deposit.cell, box, *planes)
    plain_cells.set_plain(fields[1], plain, deposit.cell, box, *planes)
    for name in ("phi", "inverse_diagonal", "surface_conductance", "rhs"):
        one = getattr(fields[0], name).reshape(box)[:, :, planes[0] : planes[1]]
        places = fields[1].window[0]
        other = getattr(fields[1], name)[: box.nx * box.ny * places].reshape(box.nx, box.ny, places)
        np.testing.assert_allclose(other[:, :, planes[0] - 1 : planes[1] - 1], one, rtol=1e-14, atol=0)
    assert (fields[0].surface_conductance > 0).sum() > 20
