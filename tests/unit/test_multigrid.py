"""Multigrid: it converges to the equations' solution on any box and deposit, and its cycles contract."""

import numpy as np
import pytest

from kmc_li.kernels.lattice import occupancy as lattice
from kmc_li.kernels.laws.linear import Linear
from kmc_li.kernels.solver import equations as field
from kmc_li.kernels.solver import hierarchy, krylov, multigrid

SHAPES = [(1, 1, 9), (1, 17, 20), (32, 1, 40), (2, 2, 12), (7, 5, 19), (16, 16, 24), (12, 10, 33), (3, 64, 30)]


def problem(shape, seed=0, wagner=1.0, dtype=np.float64, stretched=0, share=0.3, before=0.0):
    """Random deposit in the lower half of a box, current 1 a column through the top plane of the grid.

    `before`: what the coarse grids hold from earlier uses.
    """
    rng = np.random.default_rng(seed)
    occupancy = rng.random(shape) < share
    occupancy[:, :, shape[2] // 2 :] = False
    box, deposit = lattice.from_occupancy(occupancy, shape[2] + stretched + 2)
    at, law = field.allocate(box, dtype, True), Linear(np.array([wagner], dtype))
    tree = hierarchy.allocate(*box, dtype, stretched)
    for grid in (tree.gx, tree.gy, tree.gz, tree.sink, tree.idiag, tree.u, tree.f):
        grid[:] = before
    hi = shape[2] + 1 + stretched
    at.thickness[shape[2] + 1 : hi] = 2.0 ** np.arange(1, stretched + 1)
    field.set_planes(at, tree, 1, hi)
    field.set_cells(at, law, deposit.cell, box, 1, hi)
    field.set_top(at.rhs, box, hi - 1)
    hierarchy.coarsen_all(at.inverse_diagonal, at.surface_conductance, at.cx, at.cy, at.cz, at.dirty, tree, at.work)
    return box, at, tree


def cycles(at, tree, count):
    args = (at.phi, at.inverse_diagonal, at.rhs, at.cx, at.cy, at.cz, tree, at.work)
    return np.array([multigrid.cycle(*args) for _ in range(count)])


def residual(at, tree):
    out = np.zeros_like(at.phi)
    multigrid.residual(at.phi, at.inverse_diagonal, at.rhs, at.cx, at.cy, at.cz, tree, out)
    return out


@pytest.mark.parametrize("stretched", [0, 3])
@pytest.mark.parametrize("wagner", [0.0, 1.0, 30.0])
@pytest.mark.parametrize("shape", SHAPES)
def test_cycles_contract_on_random_deposits(shape, wagner, stretched):
    _, at, tree = problem(shape, wagner=wagner, stretched=stretched)
    norms = cycles(at, tree, 30)
    floor = 1e-12 * shape[0] * shape[1]
    rate = (norms[-1] / norms[9]) ** (1 / 20) if norms[9] > floor else 0.0
    assert rate < 0.82, norms
    assert norms[-1] < max(0.01 * norms[0], floor), norms


@pytest.mark.parametrize("stretched", [0, 3])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_cycle_does_not_see_what_the_coarse_grids_held_before(shape, stretched):
    """Loops over them run past the planes in use."""
    (_, new, tree), (_, used, worn) = problem(shape, stretched=stretched), problem(shape, stretched=stretched, before=7.0)
    np.testing.assert_array_equal(cycles(used, worn, 3), cycles(new, tree, 3))
    np.testing.assert_array_equal(used.phi, new.phi)


@pytest.mark.parametrize("shape", SHAPES)
def test_conjugate_gradients_reach_the_limit_asked_for(shape):
    _, at, tree = problem(shape)
    iterations, norm = krylov.solve(at, tree, 1e-9, 200)
    assert norm <= 1e-9 and iterations < 60
    assert np.abs(residual(at, tree)).sum() < 2e-9
    assert (at.surface_conductance * at.phi).sum() == pytest.approx(shape[0] * shape[1], rel=1e-9)


def test_cycles_and_conjugate_gradients_agree():
    _, at, tree = problem((12, 10, 33), stretched=3)
    cycles(at, tree, 200)
    slow = at.phi.copy()
    at.phi[:] = 0
    krylov.solve(at, tree, 1e-10, 200)
    np.testing.assert_allclose(at.phi, slow, atol=1e-8 * slow.max())


def test_single_precision_converges_to_its_rounding():
    _, at, tree = problem((16, 16, 24), dtype=np.float32)
    norms = cycles(at, tree, 40)
    _, exact, deep = problem((16, 16, 24))
    krylov.solve(exact, deep, 1e-10, 200)
    assert norms[-1] < 1e-3 * 256
    np.testing.assert_allclose(at.surface_conductance * at.phi, exact.surface_conductance * exact.phi, atol=1e-4)


def test_residual_is_that_of_the_equations():
    """Cell by cell: sum of links (phi_j - phi_i) - sink phi + source."""
    box, at, tree = problem((5, 4, 11), stretched=2)
    at.phi[:] = np.where(at.inverse_diagonal > 0, np.random.default_rng(1).random(at.phi.size), 0)
    phi, out = at.phi.reshape(box), residual(at, tree).reshape(box)
    free = at.inverse_diagonal.reshape(box) > 0
    for x, y, s in np.argwhere(free):
        expected = at.rhs.reshape(box)[x, y, s] - at.surface_conductance.reshape(box)[x, y, s] * phi[x, y, s]
        for other, conductance in (
            (((x + 1) % box.nx, y, s), at.cx[s]),
            (((x - 1) % box.nx, y, s), at.cx[s]),
            ((x, (y + 1) % box.ny, s), at.cy[s]),
            ((x, (y - 1) % box.ny, s), at.cy[s]),
            ((x, y, s - 1), at.cz[s]),
            ((x, y, s + 1), at.cz[s + 1]),
        ):
            if conductance > 0 and free[other]:
                expected += conductance * (phi[other] - phi[x, y, s])
        assert out[x, y, s] == pytest.approx(expected, abs=1e-12)
    assert (out[~free] == 0).all()


def test_coarse_grids_keep_the_conductance_to_metal():
    """Sinks add up on every level, so that the last grid carries the right mean current."""
    _, at, tree = problem((7, 5, 19), stretched=3)
    for level in range(1, tree.shape.shape[0]):
        start, end = tree.offset[level], tree.offset[level + 1]
        assert tree.sink[start:end].sum() == pytest.approx(at.surface_conductance.sum(), rel=1e-12)


def test_planes_between_stretched_ones_conduct_by_their_distance():
    _, at, _ = problem((3, 3, 8), stretched=3)
    thickness = [1, 1, 2, 4, 8]
    for s, (below, here) in enumerate(zip(thickness[:-1], thickness[1:], strict=True), start=8):
        assert at.cz[s] == pytest.approx(2 / (below + here))
        assert at.cx[s] == here
    assert at.cz[12] == 0 and at.cz[1] == 0


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("shape", [(8, 8, 16), (7, 5, 16), (1, 9, 16), (2, 2, 16)])
def test_coarse_grids_follow_single_changes(shape, weighted):
    """Conductances kept up to date column by column equal those built from nothing."""
    rng = np.random.default_rng(4)
    box, deposit = lattice.from_occupancy(rng.random(shape) < 0.2, shape[2] + 2)
    at, law = field.allocate(box, np.float64, weighted), Linear(np.ones(1))
    tree = hierarchy.allocate(*box, np.float64, 0)
    field.set_planes(at, tree, 1, shape[2] + 1)
    field.set_cells(at, law, deposit.cell, box, 1, shape[2] + 1)
    arrays = (at.inverse_diagonal, at.surface_conductance, at.cx, at.cy, at.cz, at.dirty, tree, at.work)
    hierarchy.coarsen_all(*arrays)
    for _ in range(20):
        for _ in range(3):
            column, s = int(rng.integers(box.nx * box.ny)), int(rng.integers(1, shape[2]))
            change = lattice.clear if deposit.cell[column * box.ns + s] & lattice.LI else lattice.fill
            change(deposit.cell, deposit.height, deposit.height_histogram, box, column, s)
            field.set_around(at, law, deposit.cell, box, column, s)
        hierarchy.coarsen_all(*arrays)
        kept = [grid.copy() for grid in (tree.gx, tree.gy, tree.gz, tree.sink, tree.idiag)]
        equations = [a.copy() for a in (at.inverse_diagonal, at.surface_conductance, at.rhs)]
        field.set_cells(at, law, deposit.cell, box, 1, shape[2] + 1)
        hierarchy.coarsen_all(*arrays)
        for a, b in zip(kept, (tree.gx, tree.gy, tree.gz, tree.sink, tree.idiag), strict=True):
            np.testing.assert_array_equal(a, b)
        for a, b in zip(equations, (at.inverse_diagonal, at.surface_conductance, at.rhs), strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("nx", [1, 2, 3, 4, 5, 6, 8, 13, 64])
def test_stages_that_follow_each_other_wait_for_the_rows_beside(nx):
    """Each row goes through all three stages; when it does, its neighbours are through the one before and no further."""
    lag, done = multigrid._lag(nx), np.zeros(nx, int)
    for k in range(nx + 2 * lag):
        for stage in range(3):
            x = multigrid._row(k, stage, lag, nx)
            if x >= 0:
                beside = [done[x - 1], done[(x + 1) % nx]]
                assert done[x] == stage
                if lag < nx:  # else the rows of a stage come one after the other, as they always did
                    assert min(beside) >= stage and max(beside) <= stage + 1
                else:
                    assert min(beside) >= stage
                done[x] += 1
    assert (done == 3).all()
    assert lag < nx or nx % 2 == 1 or nx == 2
