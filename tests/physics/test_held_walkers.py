"""Walkers where a potential is held: what they draw is the current of the converged field, and lands where it says."""

import numpy as np
import pytest
from small import LAYER, WALKERS, chi_squared_p, grown, study

from kmc_li.engine import build, observables
from kmc_li.engine import field_error as exact
from kmc_li.kernels.base.codes import ESCAPED
from kmc_li.kernels.base.jit import njit
from kmc_li.kernels.base.verbs import draw
from kmc_li.kernels.methods import above

HELD = {"plating.control": "potentiostatic", "plating.overpotential_V": 0.05}
GUIDED = {"field.method": "guided"}
ATTEMPTS = 400_000
BOXES = {
    "near the plane": {"lattice.nx": 24, "lattice.ny": 24, "lattice.nz": 24, "field.top_gap_voxels": 1},
    "far below it": {"lattice.nx": 7, "lattice.ny": 6, "lattice.nz": 60},
    "2-D": {"lattice.nx": 40, "lattice.ny": 1, "lattice.nz": 48},
    "one column": {"lattice.nx": 1, "lattice.ny": 1, "lattice.nz": 24},
}


@njit
def attempt(model, box, state, rng, attempts, counts):
    """Landings by voxel; returns how many walkers escaped."""
    escaped = 0
    for _ in range(attempts):
        voxel = draw(state.method, model, box, state, rng)
        if voxel == ESCAPED:
            escaped += 1
        else:
            counts[voxel] += 1
    return escaped


def landings(simulation):
    """(landings of so many attempts, current that they make in units of that through a column, its standard error)."""
    model, box, state = simulation._model, simulation._box, simulation._state
    counts, n = np.zeros(state.lattice.cell.size, np.int64), state.counters[0]
    assert n.top_plane < model.nz
    set_out = float(above.launched.py_func(state.method, box, n))
    escaped = attempt(model, box, state, np.random.default_rng(5), ATTEMPTS, counts)
    assert counts.sum() + escaped == ATTEMPTS and escaped > 100
    per_attempt = set_out / ATTEMPTS
    return counts, per_attempt * counts.sum(), per_attempt * np.sqrt(counts.sum() * escaped / ATTEMPTS)


@pytest.mark.parametrize("name", BOXES)
def test_current_and_landings_are_those_of_the_converged_field(name):
    simulation = grown(study(**HELD | WALKERS | BOXES[name] | {"stop.capacity_mAh_cm2": 0.2}), seed=2)
    model, box, state = simulation._model, simulation._box, simulation._state
    rates, n = exact.converged_rates(model, box, state), state.counters[0]
    counts, current, error = landings(simulation)
    field = exact.converged_field(model, box, state)
    potential = field.problem.field.phi.reshape(field.box)[:, :, n.top_plane + 1].mean()
    assert n.visits / n.span == pytest.approx(potential, rel=0.01)
    assert abs(current - rates.sum()) < 4 * error
    assert error < 3e-3 * current
    if name != "one column":
        assert chi_squared_p(counts, rates) > 0.01


def test_under_a_layer_too():
    ratios, tvs = [], []
    for seed in range(3, 9):  # some moments right after a refresh, some long after
        simulation = grown(study(**HELD | GUIDED | LAYER | BOXES["near the plane"]), seed=seed)
        model, box, state = simulation._model, simulation._box, simulation._state
        used, rates = exact.guided_and_converged_rates(model, box, state)
        ratios.append(used.sum() / rates.sum())
        tvs.append(0.5 * np.abs(used / used.sum() - rates / rates.sum()).sum())
        if state.counters[0].strip_sum == 0.0:
            quiet, expected = simulation, used
    assert abs(np.mean(ratios) - 1) < 0.005 and np.abs(np.array(ratios) - 1).max() < 0.02
    assert np.mean(tvs) < 0.005 and max(tvs) < 0.01
    counts, current, error = landings(quiet)
    assert abs(current - expected.sum()) < 4 * error
    assert chi_squared_p(counts, expected) > 0.01


def test_a_film_draws_the_current_of_ohms_law_at_the_start():
    p = study(**HELD | WALKERS | {"lattice.film_voxels": 5, "stop.capacity_mAh_cm2": 0.4})
    _, box, state = build.build(p)
    expected = 0.05 / (20e-4 + (32 + 4 - 5) * 0.5e-6 / 4.15e-4)
    row = observables.field_row(box, state, p)
    assert row["current_density_mA_cm2"] == pytest.approx(0.1 * expected, rel=1e-6)


@pytest.mark.parametrize("how", ["walkers", "guided"])
def test_time_current_and_charge(how):
    """The time that a charge takes is the multigrid's; each row's current is charge over time; metal is charge."""
    changes = HELD | {"stop.capacity_mAh_cm2": 0.3, "lattice.nx": 12, "lattice.ny": 12}
    changes |= LAYER if how == "guided" else {}
    solver = {"field.method": "multigrid", "field.tolerance": 0.002}
    times, rows = {}, []
    for method in ({"field.method": how}, solver):
        runs = [grown(study(**changes | method), seed) for seed in range(6)]
        times[method["field.method"]] = np.array([run.time_s for run in runs])
        rows.append(runs[0].record())
        n = runs[0]._state.counters[0]
        assert runs[0].occupancy.sum() == n.plated - n.stripped
    walked, solved = times[how], times["multigrid"]
    error = np.sqrt((walked.var(ddof=1) + solved.var(ddof=1)) / 6)
    assert abs(walked.mean() - solved.mean()) < 4 * error
    assert rows[0]["current_density_mA_cm2"] == pytest.approx(rows[1]["current_density_mA_cm2"], rel=0.05)
