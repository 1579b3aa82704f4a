"""Guided walkers: they land as the converged field says if they know the potential, and nearly so as they keep it."""

import numpy as np
import pytest

import kmc_li
from kmc_li.engine import build, field_error
from kmc_li.engine.advance import advance
from kmc_li.engine.simulation import Simulation
from kmc_li.kernels.base import codes, verbs
from kmc_li.kernels.methods.free_regions import CONTACT, METAL, PAD, WAYS
from kmc_li.kernels.solver import equations

BUTLER_VOLMER = {"plating.kinetics": "butler-volmer", "electrolyte.exchange_current_density_mA_cm2": 2.0}
CASES = {
    "piezo": ("piezo", {}),
    "inert": ("inert", {}),
    "anti-poled": ("anti_poled", {}),
    "dissolving": ("piezo", {"layer.unscreened_share": 0.1}),
    "butler-volmer": ("bare", BUTLER_VOLMER),
    "butler-volmer, piezo": ("piezo", BUTLER_VOLMER),
    "2-D": ("piezo", {"lattice.nx": 256, "lattice.ny": 1}),
}


def study(name, capacity, columns=32, **changes):
    small = {"lattice.nx": columns, "lattice.ny": columns, "field.method": "guided", "field.samples": 0}
    small |= {"stop.capacity_mAh_cm2": capacity, "output.series_points": 1}
    start = kmc_li.Parameters.from_toml(kmc_li.presets.study_path(name))
    return start.replace(**small | changes)


def landings(simulation):
    """(rates as guided walkers draw them, rates of the converged field), flat, both of sum 1."""
    model, box, state = simulation._model, simulation._box, simulation._state
    used, exact = field_error.guided_and_converged_rates(model, box, state)
    return used / used.sum(), exact / exact.sum()


@pytest.mark.parametrize("name", CASES)
def test_with_the_converged_potential_they_land_as_the_converged_field_says(name):
    """The method has no other error than that of its potential: here it gets the exact one."""
    which, changes = CASES[name]
    simulation = Simulation(study(which, 0.1, **changes), 3)
    while simulation.finished is None:
        simulation.advance(10**9)
    used, exact = landings(simulation)
    assert 0.5 * np.abs(used - exact).sum() < 0.01
    off = 0.5 * np.abs(used - exact).sum()
    state, box = simulation._state, simulation._box
    phi = field_error.converged_field(simulation._model, box, state).problem.field.phi.reshape(box.nx, box.ny, -1)
    _take_over(simulation, phi)
    state.method.fall[:] = 0.0
    if simulation._model.strip:  # these currents too, by the same potential
        _list_again(simulation)
    used, exact = landings(simulation)
    assert 0.5 * np.abs(used - exact).sum() < 2e-5 < off


@pytest.mark.parametrize("name", CASES)
def test_no_face_conducts_more_than_walkers_count_on(name):
    """They look only at the contacts at which they may land by the table; it must not leave out any."""
    which, changes = CASES[name]
    simulation = Simulation(study(which, 0.1, **changes), 3)
    while simulation.finished is None:
        simulation.advance(500)
        method, box = simulation._state.method, simulation._box
        n, contacts = simulation._state.counters[0], method.contacts
        conductance = verbs.guidance(method, box, simulation._state)[0].reshape(box)
        x, y, s = np.nonzero(conductance > 0.0)
        places = method.regions.x_place[x + PAD] + method.regions.y_place[y + PAD] + ((s >> 2 << 6) | (s & 3))
        code, conductance = method.regions.code[places], conductance[x, y, s]
        asked = s <= verbs.plain_below(method, n)
        assert ((code >= CONTACT) & (code < METAL)).all()
        assert asked.sum() > 300
        chance = conductance / (conductance + contacts.ways[code & WAYS])
        assert (chance * 2.0**32 < contacts.landing[code] * (1.0 + 1e-6))[asked].all()  # W is single precision
        if not verbs.is_linear(method.law):  # more than the linear law says, which therefore would not do
            assert (chance > contacts.most[1] / (contacts.most[1] + contacts.ways[code & WAYS])).any()


def _take_over(simulation, phi):
    """Into the planes that the grid holds, with equations that are all up to date."""
    from kmc_li.kernels.base.jit import njit
    from kmc_li.kernels.methods import guide_grid

    @njit
    def set_equations(method, model, box, lattice, counters):
        guide_grid.set_equations(method, model, box, lattice, counters[0])

    state, box, n = simulation._state, simulation._box, simulation._state.counters[0]
    set_equations(state.method, simulation._model, box, state.lattice, state.counters)
    places, base = state.method.field.window
    end = min(int(n.stretch_start), phi.shape[2])
    kept = state.method.field.phi[: box.nx * box.ny * places].reshape(box.nx, box.ny, places)
    kept[:, :, n.first_plane - base : end - base] = phi[:, :, n.first_plane : end]


def _list_again(simulation):
    from kmc_li.kernels.base.jit import njit
    from kmc_li.kernels.methods import dissolving

    @njit
    def again(method, model, box, lattice, counters):
        dissolving.list_all(method, model, lattice.cell, box, lattice.height, counters[0])

    state = simulation._state
    again(state.method, simulation._model, simulation._box, state.lattice, state.counters)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["piezo", "anti-poled", "dissolving", "butler-volmer", "butler-volmer, piezo", "2-D"])
def test_error_along_a_run(name):
    """Forty moments, ten of them the event after a column has come to bear pressure for the first time."""
    which, changes = CASES[name]
    simulation, tv, pressed = Simulation(study(which, 0.25, **changes), 5), [], []
    total = simulation.parameters.target_voxels
    moments = np.sort(np.random.default_rng(8).integers(total // 20, int(0.95 * total), 40))
    for k, moment in enumerate(moments):
        while simulation.events < moment and simulation.finished is None:
            simulation.advance(int(moment - simulation.events))
        n, height = simulation._state.counters[0], simulation._state.lattice.height
        bears = height > n.rest_plane
        for _ in range(200 if k % 4 == 0 and simulation.parameters.layer else 0):
            simulation.advance(1)
            n, height = simulation._state.counters[0], simulation._state.lattice.height
            if ((height > n.rest_plane) & ~bears).any():
                break
        used, exact = landings(simulation)
        tv.append(0.5 * np.abs(used - exact).sum())
        above = np.arange(simulation._box.ns) > simulation._state.counters[0].rest_plane
        shares = [rates.reshape(-1, simulation._box.ns)[:, above].sum() for rates in (used, exact)]
        pressed.append(shares)
    print(f"{name}: TV {100 * np.mean(tv):.3f} % mean, {100 * np.max(tv):.3f} % worst")
    assert np.mean(tv) < 0.005 and np.max(tv) < 0.015
    if simulation.parameters.layer:
        used, exact = np.mean(pressed, axis=0)
        print(f"share on pressed faces {exact:.3f}, used over exact {used / exact:.4f}")
        assert exact > 0.02 and abs(used / exact - 1) < 0.02


@pytest.mark.slow
@pytest.mark.parametrize("name", ["piezo", "inert", "anti-poled", "butler-volmer"])
def test_the_error_falls_with_the_tolerance(name):
    """It is below what was asked for, and at a hundredth of the tolerance less than a quarter, in two deposits each."""
    which, changes = CASES[name]
    found = []
    for tolerance in (0.01, 0.0001):
        tv = []
        for seed in (1, 2):
            simulation = Simulation(study(which, 0.1, **changes, **{"field.tolerance": tolerance}), seed)
            while simulation.finished is None:
                simulation.advance(150)
                used, exact = landings(simulation)
                tv.append(0.5 * np.abs(used - exact).sum())
        found.append(np.mean(tv))
        assert found[-1] < tolerance
    print(f"{name}: TV {100 * found[0]:.4f} and {100 * found[1]:.4f} %")
    assert found[1] < 0.25 * found[0]


def test_a_bud_that_is_held_back_shrinks_and_no_charge_is_lost():
    """One column stands five voxels above a film under a strongly charged layer: it dissolves and the flat plates."""
    parameters = study("piezo", 0.05, 16, **{"layer.unscreened_share": 0.3})
    deposit = np.zeros((16, 16, 192), bool)
    deposit[:, :, :3] = True
    deposit[8, 8, :8] = True
    model, stripped, heights = build.build_model(parameters), 0, []
    for seed in range(6):
        box, state = build.allocate_state(parameters, deposit, model=model)
        build.settle(model, box, state)
        rng, before = np.random.Generator(np.random.PCG64(seed)), int(deposit.sum())
        for events in range(1, 41):
            _, state = advance(model, box, state, rng, events)
            n, metal = state.counters[0], int((state.lattice.cell.reshape(box)[:, :, 1:] & 8 != 0).sum())
            assert metal == before + n.plated - n.stripped
            assert n.plated - n.stripped in (n.events, n.events - 2 * n.stripped)
        stripped += int(n.stripped)
        heights.append(int(state.lattice.height[8 * 16 + 8]))
        assert state.lattice.height.min() >= 3  # the film below does not dissolve
    assert stripped >= 18  # the multigrid's mean is 5.6 in each
    assert np.mean(heights) < 7


@pytest.mark.parametrize("size", [1, 2])
def test_an_ion_that_dissolves_into_a_closed_pore_stays_where_it_was(size):
    """While the potential of a pore is too low nothing plates in it and no walk from it ends; the run goes on."""
    parameters = study("piezo", 0.05, 40, **{"layer.unscreened_share": 0.3})
    deposit = np.zeros((40, 40, 192), bool)
    deposit[:, :, :3] = True
    for x, y in ((8, 8), (7, 8), (9, 8), (8, 7), (8, 9)):
        deposit[x, y, :12] = True
    pore = slice(12 - size, 12)  # planes above the rest plane: no face of theirs plates
    deposit[8, 8, 11 - size : 11] = False
    simulation = Simulation(parameters, 1)
    model, box = simulation._model, simulation._box
    _, simulation._state = build.allocate_state(parameters, deposit, model=model)
    state = simulation._state
    build.settle(model, box, state)
    at = equations.place(state.method.field, 8 * 40 + 8, pore.start)
    state.method.field.phi[at : at + size] *= 0.3
    _list_again(simulation)
    conductance, source, _ = (array.reshape(box)[8, 8, pore] for array in verbs.guidance(state.method, box, state))
    n, rng = state.counters[0], np.random.Generator(np.random.PCG64(1))
    assert conductance.max() <= 0 and source.sum() > 0.01 * n.strip_sum
    draw, found = _drawer(), []
    while found.count(codes.ESCAPED) < 2 and len(found) < 2000:
        found.append(draw(state.method, model, box, state, rng))
        state.method.queued[0] = -1
    assert found.count(codes.ESCAPED) == 2 and codes.NO_METAL not in found
    code, state = advance(model, box, state, rng, 100)
    assert code == codes.RUNNING and state.counters[0].events == 100


def _drawer():
    from kmc_li.kernels.base.jit import njit

    @njit
    def draw(method, model, box, state, rng):
        return verbs.draw(method, model, box, state, rng)

    return draw
