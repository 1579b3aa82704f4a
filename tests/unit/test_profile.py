"""Potentials rescaled plane by plane, against the dense Galerkin system and a field whose planes are off by factors."""

import numpy as np
import pytest

from kmc_li.kernels.lattice import occupancy
from kmc_li.kernels.laws.linear import Linear
from kmc_li.kernels.solver import equations, hierarchy, krylov, multigrid, profile

PLANES = 14


@pytest.fixture
def problem():
    """(field, grids, box) of a rough deposit, with a source at the top and the converged potential."""
    rng = np.random.default_rng(4)
    box, deposit = occupancy.from_occupancy(rng.random((8, 6, PLANES)) < np.linspace(0.7, -0.4, PLANES), PLANES + 3)
    field, grids = equations.allocate(box, np.float64, True), hierarchy.allocate(*box, np.float64, 0)
    equations.set_planes(field, grids, 1, PLANES)
    equations.set_cells(field, Linear(np.array([3.3])), deposit.cell, box, 1, PLANES)
    equations.set_top(field.rhs, box, PLANES - 1)
    krylov.solve(field, grids, 1e-9, 300)
    return field, grids, box


def rescale(field, grids, box):
    profile.rescale(
        field.phi, field.inverse_diagonal, field.rhs, field.cx, field.cy, field.cz, grids, np.zeros(3 * box.ns), field.work
    )


def residual(field, grids):
    out = np.zeros_like(field.phi)
    multigrid.residual(field.phi, field.inverse_diagonal, field.rhs, field.cx, field.cy, field.cz, grids, out)
    return out


def test_planes_that_are_off_by_factors_come_back(problem):
    field, grids, box = problem
    exact = field.phi.copy()
    field.phi.reshape(box)[:] *= np.linspace(0.6, 1.9, box.ns)
    rescale(field, grids, box)
    np.testing.assert_allclose(field.phi, exact, rtol=1e-7, atol=1e-9)


def test_the_factors_solve_the_galerkin_equations(problem):
    """With whatever shape: what is left of the residual, weighted with the shape, is nothing in any plane."""
    field, grids, box = problem
    field.phi.reshape(box)[:] *= 1.0 + 0.2 * np.sin(2 * np.pi * np.arange(box.nx) / box.nx)[:, None, None]
    shape, before = field.phi.copy(), np.abs(residual(field, grids)).sum()
    rescale(field, grids, box)
    weighted = (shape * residual(field, grids)).reshape(box).sum(axis=(0, 1))
    assert np.abs(weighted).max() < 1e-9 * before


def test_factors_beyond_belief_are_cut(problem):
    field, grids, box = problem
    exact = field.phi.copy()
    field.phi[:] *= 100.0
    rescale(field, grids, box)
    np.testing.assert_allclose(field.phi, profile.LEAST * 100.0 * exact, rtol=1e-6, atol=1e-9)
