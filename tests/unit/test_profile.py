"""Potentials rescaled plane by plane, and taken further by factors a plane: against the equations that choose these."""

import numpy as np
import pytest

from kmc_li.kernels.lattice import occupancy
from kmc_li.kernels.laws.linear import Linear
from kmc_li.kernels.solver import equations, extrapolation, hierarchy, krylov, multigrid, profile

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


def extrapolate(field, grids, box, former):
    extrapolation.extrapolate(
        field.phi, former, field.inverse_diagonal, field.rhs, field.cx, field.cy, field.cz, grids, np.zeros(9 * box.ns),
        field.work,
    )  # fmt: skip


def cycle(field, grids):
    conductances = field.inverse_diagonal, field.surface_conductance, field.cx, field.cy, field.cz
    hierarchy.coarsen_all(*conductances, field.dirty, grids, field.work)
    multigrid.cycle(field.phi, field.inverse_diagonal, field.rhs, *conductances[2:], grids, field.work)


def rough(box):
    """An error that no factor of whole planes takes away, of another size in each plane; 0 in Li once multiplied."""
    rng = np.random.default_rng(1)
    return rng.uniform(0.05, 0.3, box.ns) * rng.uniform(-1, 1, (box.nx, box.ny, 1))


def test_a_change_that_went_a_share_of_its_way_goes_all_of_it(problem):
    """Another share in each plane, and the plane as a whole off by a factor besides."""
    field, grids, box = problem
    exact = field.phi.copy()
    error, left = exact.reshape(box) * rough(box), np.linspace(0.3, 0.8, box.ns)
    former = ((exact.reshape(box) + error) * np.linspace(0.7, 1.2, box.ns)).ravel()
    field.phi[:] = ((exact.reshape(box) + left * error) * np.linspace(0.7, 1.2, box.ns)).ravel()
    extrapolate(field, grids, box, former)
    np.testing.assert_allclose(field.phi, exact, rtol=1e-6, atol=1e-8)


def test_the_factors_of_potential_and_change_solve_the_galerkin_equations(problem):
    """What is left of the residual, weighted with either shape, is nothing in any plane."""
    field, grids, box = problem
    field.phi.reshape(box)[:] *= 1.0 + rough(box)
    former = field.phi.copy()
    cycle(field, grids)
    shape, change = field.phi.copy(), field.phi - former
    before = np.abs(residual(field, grids)).sum()
    extrapolate(field, grids, box, former)
    for each in (shape, change):
        weighted = (each * residual(field, grids)).reshape(box).sum(axis=(0, 1))
        assert np.abs(weighted).max() < 1e-8 * before


def test_no_change_leaves_the_factors_of_planes(problem):
    """A potential that the cycle has not moved gives no direction: what is left is a rescaled potential."""
    field, grids, box = problem
    field.phi.reshape(box)[:] *= 1.0 + rough(box)
    start = field.phi.copy()
    rescale(field, grids, box)
    rescaled, field.phi[:] = field.phi.copy(), start
    extrapolate(field, grids, box, start)
    np.testing.assert_allclose(field.phi, rescaled, rtol=1e-9, atol=1e-12)


def test_two_cycles_taken_further_leave_less_than_four(problem):
    """Paid with less than one: the error that cycles leave again and again is the one that the factors see."""
    field, grids, box = problem
    exact, error = field.phi.copy(), {}
    for cycles, further in ((2, True), (4, False)):
        field.phi[:] = exact * (1.0 + 0.3 * rough(box)).ravel() + 0.2 * (exact > 0)
        for _ in range(cycles):
            former = field.phi.copy()
            cycle(field, grids)
        if further:
            extrapolate(field, grids, box, former)
        error[further] = np.abs(field.phi - exact).sum()
    assert error[True] < error[False], error
