"""Plating and stripping in turn: exact shares of a reversed current, charge to the voxel, dead metal, the same bits."""

import numpy as np
import pytest
from small import LAYER, chi_squared_p, grown, study

from kmc_li.engine import build, invariants
from kmc_li.engine.cycling import Cycling
from kmc_li.engine.field_error import converged_rates, field_error
from kmc_li.errors import UserError
from kmc_li.kernels import events
from kmc_li.kernels.base import verbs
from kmc_li.kernels.lattice.occupancy import LI
from kmc_li.kernels.layers import winkler  # noqa: F401  enters its verbs
from kmc_li.kernels.methods import free_regions
from kmc_li.kernels.solver import refresh
from kmc_li.morphology import attached_to_collector
from kmc_li.study.parameters import Parameters
from kmc_li.study.presets import study_path

STEPS = ["plate 0.3 mAh/cm^2 at 1 mA/cm^2", "rest 10 min", "strip at 1 mA/cm^2 until 0.3 V"]
WALKERS = {"field.method": "walkers"}


def cycled(steps=STEPS, cycles=2, points=24, seed=3, chunk=10**9, **changes):
    """A finished run of a protocol, each of its steps checked as it ends."""
    protocol = {"protocol": {"steps": list(steps), "cycles": cycles}, "stop": None, "lattice.nz": 96, "output.series_points": points}
    simulation, rows = Cycling(study(**protocol | {"field.samples": 0} | changes), seed), []
    rows.append(simulation.record())
    while simulation.finished is None:
        simulation.advance(chunk)
        if simulation.at_record_point:
            rows.append(simulation.record())
        if simulation.at_step_end:
            invariants.check(simulation)  # dead is what labels do not join, charge is that of the voxels
    return simulation, rows


def rough():
    """Stems with overhangs, one cut through, on a collector that is bare in places."""
    li = np.zeros((4, 4, 8), bool)
    li[0, 0, :5] = li[1, 0, 3] = li[2, 2, :3] = li[3, 2, 1] = True
    li[2, 0, 5:7] = True  # dead
    return li


def exact_shares(li, wagner, shift, above=16):
    """Share of each live voxel in a current that strips, from a dense solution written for this test alone.

    shift: of a face by the height of its centre above the collector's centre, in half voxels.
    """
    nx, ny, nz = li.shape
    tall = np.concatenate([li, np.zeros((nx, ny, above), bool)], axis=2)
    live = np.concatenate([attached_to_collector(np.concatenate([np.ones((nx, ny, 1), bool), li], 2))[:, :, 1:] & li,
                           np.zeros((nx, ny, above), bool)], axis=2)  # fmt: skip
    number = np.cumsum(~tall.ravel()).reshape(tall.shape) - 1
    matrix, source, faces = np.zeros((int((~tall).sum()),) * 2), np.zeros(int((~tall).sum())), []
    for x, y, z in np.argwhere(~tall):
        i = number[x, y, z]
        if z == nz + above - 1:
            source[i] = 1.0
        for dx, dy, dz in ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)):
            other = (x + dx) % nx, (y + dy) % ny, z + dz
            if other[2] < 0 or other[2] >= nz + above:
                continue  # the collector is blocked; the top is a source
            if not tall[other]:
                matrix[i, i] += 1.0
                matrix[i, number[other]] -= 1.0
            elif live[other]:
                held = shift[2 * z + 1 + dz]
                matrix[i, i] += 1.0 / (wagner + 0.5)
                source[i] += held / (wagner + 0.5)
                faces.append((i, other, held))
    phi = np.linalg.solve(matrix, source)
    share = np.zeros(tall.shape)
    for i, other, held in faces:
        share[other] += (phi[i] - held) / (wagner + 0.5)
    return share[:, :, :nz] / (nx * ny)


PRESSED = {"layer.preset": "BaTiO3/PVDF composite", "layer.thickness_um": 2.0, "layer.unscreened_share": 0.15,
           "layer.conductivity_S_m": 4.15e-4, "layer.modulus_GPa": 5e-4}  # fmt: skip


@pytest.mark.parametrize("method", ["walkers", "multigrid", "guided"])
def test_each_voxel_dissolves_with_its_share_of_the_reversed_current(method):
    li = rough()
    layer = PRESSED if method == "guided" else {}
    parameters = study(**{"lattice.nx": 4, "lattice.ny": 4, "lattice.nz": 8, "field.method": method, "field.tolerance": 1e-4,
                          "field.top_gap_voxels": 2} | layer)  # fmt: skip
    model = build.build_model(parameters)._replace(tracks_contact=True)
    box, state = build.allocate_state(parameters, li, model=model, weighted=False, strips=True)
    build.settle(model, box, state)
    for _ in range(20 if method == "multigrid" else 0):
        refresh.refresh(state.method, model, box, state.lattice, state.counters)
    shift = state.method.field.shift.astype(float) if method == "guided" else np.zeros(99)
    expected = exact_shares(li, float(verbs.physics(state.method)[0].wagner[0]), shift)
    if method == "guided":
        even = exact_shares(li, float(verbs.physics(state.method)[0].wagner[0]), np.zeros(99))
        assert 0.5 * abs(even - expected).sum() > 0.02 and shift.min() < 0
    assert expected.sum() == pytest.approx(1.0, abs=1e-9) and expected[2, 0, 5] == 0 and expected[0, 0, 0] > 0
    rng, counts, cell = np.random.default_rng(1), np.zeros(box.nx * box.ny * box.ns), state.lattice.cell
    for _ in range(20_000):
        drawn = verbs.draw(state.method, model, box, state, rng)
        counts[verbs.behind(state.method, cell, box, state.counters[0], drawn, rng)] += 1
    found = counts.reshape(box)[:, :, 1:9]
    assert found.sum() == 20_000 and found[expected == 0].sum() == 0
    assert chi_squared_p(found.ravel(), expected.ravel()) > 0.001


def test_charge_balances_to_the_voxel_over_fifty_cycles():
    """Five seeds: what was plated was stripped, is on the collector, live or dead, or went to the interphase."""
    revived = 0
    steps = ["plate 0.1 mAh/cm^2 at 1 mA/cm^2", "strip at 1 mA/cm^2 until 0.3 V"]
    ageing = {"fresh_charge_mC_cm2": 5.0}
    for seed in range(5):
        simulation, rows = cycled(steps, 50, points=100, seed=seed, ageing=ageing, **WALKERS | {"lattice.nz": 128})
        dead = np.array([row["dead_voxels"] for row in rows])
        revived += int((np.diff(dead)[[row["step"] == 1 for row in rows[1:]]] < 0).sum())  # by plating
        n = simulation._state.counters[0]
        assert simulation.finished == "protocol" and n.interphase == rows[-1]["interphase_voxels"] > 0
        assert n.plated - n.stripped - n.interphase == simulation.occupancy.sum() >= n.dead_voxels > 0
        target = simulation._voxels(0.1)
        assert n.plated == 50 * target == rows[-1]["plated"]
        labels = simulation.occupancy & ~attached_to_collector(
            np.concatenate([np.ones((8, 8, 1), bool), simulation.occupancy], axis=2))[:, :, 1:]  # fmt: skip
        assert labels.sum() == n.dead_voxels
    assert revived > 10


def test_what_plating_revives_dissolves_again():
    """A voxel that floats above the collector is dead; with the gap plated, it is live and draws its share."""
    li = np.zeros((4, 4, 8), bool)
    li[1, 1, 1] = True
    parameters = study(**{"lattice.nx": 4, "lattice.ny": 4, "lattice.nz": 8, "field.method": "walkers"})
    model = build.build_model(parameters)._replace(tracks_contact=True)
    box, state = build.allocate_state(parameters, li, model=model, strips=True)
    build.settle(model, box, state)
    n, gap = state.counters[0], (1 * box.ny + 1) * box.ns + 1
    assert n.dead_voxels == 1
    events.change(model, box, state, gap, False)
    assert n.dead_voxels == 0
    rng = np.random.default_rng(1)
    found = {verbs.behind(state.method, state.lattice.cell, box, n, verbs.draw(state.method, model, box, state, rng), rng)
             for _ in range(200)}  # fmt: skip
    assert found == {gap, gap + 1}


def test_a_reversed_linear_current_has_the_same_shares():
    """Of a deposit that covers its collector: the rates by which it plates are those by which it dissolves."""
    li = np.random.default_rng(5).random((8, 8, 6)) < 0.4
    li[:, :, 0] = True
    parameters = study(**{"lattice.nz": 16, "field.tolerance": 1e-4})
    found = []
    for strips in (False, True):
        deposit = np.concatenate([li, np.zeros((8, 8, 10), bool)], axis=2)
        model = build.build_model(parameters)._replace(tracks_contact=True)
        box, state = build.allocate_state(parameters, deposit, model=model, strips=strips)
        build.settle(model, box, state)
        found.append(converged_rates(model, box, state))
    assert found[0].sum() == pytest.approx(64, abs=0.01) and abs(found[0] - found[1]).sum() / 128 < 1e-7


def test_pulses_change_the_clock_alone():
    """In this model nothing happens in a pause: the deposit is that of a current which flows all the time."""
    text = "plate 0.2 mAh/cm^2 at 4 mA/cm^2"
    steady, _ = cycled([text], 1, **WALKERS)
    pulsed, rows = cycled([text + " on 20 ms off 60 ms"], 1, **WALKERS)
    np.testing.assert_array_equal(steady.occupancy, pulsed.occupancy)
    pulses = np.ceil(steady.time_s / 0.02)
    assert pulses > 5000 and pulsed.time_s == pytest.approx(steady.time_s + (pulses - 1) * 0.06, rel=1e-12)
    assert (np.diff([row["time_s"] for row in rows]) > 0).all()
    timed, _ = cycled(["plate 80 s at 4 mA/cm^2 on 20 ms off 60 ms", "rest 1 s"], 1, **WALKERS)
    expected = 40 * 20 * timed.parameters.face_area_m2 / timed.parameters.voxel_charge_C  # 40 A/m^2 for a quarter of it
    assert timed.time_s == 81 and abs(timed._state.counters[0].plated - expected) < 5 * np.sqrt(expected)


def test_the_study_of_pulses_grows_the_deposit_of_the_continuous_current():
    small = {"lattice.nx": 8, "lattice.ny": 8, "field.samples": 0}
    bare = grown(Parameters.from_toml(study_path("bare")).replace(**small | {"stop.capacity_mAh_cm2": 0.3}), seed=1)
    steps = [Parameters.from_toml(study_path("pulse_bare")).protocol.steps[0].replace("1 mAh", "0.3 mAh")]
    pulsed = Cycling(Parameters.from_toml(study_path("pulse_bare")).replace(**small | {"protocol.steps": steps}), 1)
    while pulsed.finished is None:
        pulsed.advance(10**9)
    np.testing.assert_array_equal(pulsed.occupancy, bare.occupancy)
    assert pulsed.time_s == pytest.approx(bare.time_s, abs=0.003 + 1e-9), "a rest is left out after the last pulse"


def test_short_steps_do_not_pass_an_event_each():
    """Three hundred pulses in which a tenth of a voxel is due: about thirty voxels."""
    probe = study()
    second = probe.voxel_charge_C / (probe.face_area_m2 * probe.current_density_A_m2)  # for a voxel
    simulation, _ = cycled([f"plate {second / 10!r} s at 1 mA/cm^2"], 300, **WALKERS)
    assert simulation.time_s == pytest.approx(30 * second) and 10 <= simulation._state.counters[0].plated <= 55
    assert simulation.report()["step_ends"]["time"] == 300


def test_a_held_potential_drives_what_it_drives_without_a_protocol():
    changes = {"lattice.nz": 96, "field.samples": 0, "stop": {"time_s": 600.0}}
    held = {"plating.control": "potentiostatic", "plating.overpotential_V": 0.2}
    alone = grown(study(**changes | held), seed=3)
    simulation, rows = cycled(["plate 10 min at 200 mV", "strip 10 min at 200 mV"], 1)
    plated = int(simulation._state.counters[0].plated)
    assert simulation.time_s == 1200 and abs(plated - alone._state.counters[0].plated) <= 1 and plated > 10
    assert rows[-1]["current_density_mA_cm2"] < 0 < simulation._state.counters[0].stripped


def test_a_layer_model_without_a_mirror_image_is_refused(monkeypatch):
    monkeypatch.setattr(verbs.reversed_shifts, "alternatives", {})
    protocol = {"steps": ["strip at 1 mA/cm^2"]}
    with pytest.raises(UserError, match="layer.model: got \"winkler\", must be one that knows"):
        Cycling(study(**LAYER | {"protocol": protocol, "stop": None}), 0)


def test_a_film_without_noise_strips_to_nothing():
    """High Wagner length, a hundred attempts a voxel: flat growth, all of it comes back."""
    even = {"electrolyte.conductivity_S_m": 0.91, "plating.noise_reduction_hits": 100}
    steps = ["plate 0.3 mAh/cm^2 at 1 mA/cm^2", "strip at 1 mA/cm^2"]
    simulation, _ = cycled(steps, cycles=3, **even | {"field.method": "multigrid", "lattice.nx": 6, "lattice.ny": 6})
    n = simulation._state.counters[0]
    assert n.plated == n.stripped > 0 and not simulation.occupancy.any()
    assert simulation.report()["step_ends"] == {"capacity": 3, "time": 0, "cut-off": 0, "nothing left": 3}


def test_time_passes_at_the_current_and_at_rest():
    simulation, rows = cycled(["strip at 2 mA/cm^2 for 4 min", "rest 90 s"], 1, **WALKERS | {"lattice.film_voxels": 4})
    assert simulation.time_s == 240.0 + 90.0
    expected = 20 * 240 * simulation.parameters.face_area_m2 / simulation.parameters.voxel_charge_C  # 20 A/m^2
    assert abs(simulation._state.counters[0].stripped - expected) < 5 * np.sqrt(expected)
    assert [row["current_density_mA_cm2"] for row in rows[1:]][-1] == 0.0 and rows[1]["current_density_mA_cm2"] == -2.0


@pytest.mark.parametrize("kind", ["walkers", "multigrid", "layer", "guided"])
def test_the_same_bits_however_it_is_cut(kind):
    changes = {"walkers": WALKERS, "layer": LAYER, "guided": PRESSED | {"field.method": "guided"}}.get(kind, {})
    steps = ["plate 0.15 mAh/cm^2 at 1 mA/cm^2", "rest 1 min", "strip at 2 mA/cm^2 until 0.3 V"]
    whole, rows = cycled(steps, 2, **changes)
    cut = Cycling(whole.parameters, 3)
    again = [cut.record()]
    while cut.finished is None:
        cut.advance(61)
        again += [cut.record()] if cut.at_record_point else []
        cut = Cycling.restore(whole.parameters, 3, *cut.state())
    assert str(again) == str(rows)
    assert whole.state()[1] == cut.state()[1]
    np.testing.assert_array_equal(whole.occupancy, cut.occupancy)
    assert (whole._state.lattice.cell & LI).sum() > 0


@pytest.mark.parametrize("fate", ["crumbles", "floats"])
@pytest.mark.parametrize("method", [WALKERS, {"field.method": "guided"} | LAYER])
def test_walkers_know_which_metal_is_live(method, fate):
    """All along, whatever comes, goes, dies, falls and revives; and a mark that is missing is found."""
    protocol = {"protocol": {"steps": STEPS, "cycles": 3, "dead_lithium": fate}, "stop": None, "lattice.nz": 96}
    simulation, most = Cycling(study(**protocol | {"field.samples": 0} | method), 3), 0
    while simulation.finished is None:
        simulation.advance(29)
        invariants.check(simulation)
        codes = simulation._state.method.regions.code
        marked = np.flatnonzero((codes > free_regions.METAL) & (codes < free_regions.EITHER))
        most = max(most, marked.size * int(simulation.step.kind == "plate"))  # dead metal's, not the collector's
    assert most > 20 and simulation._state.method.regions.marks[0] == 1
    codes[marked[0]] ^= free_regions.EITHER
    with pytest.raises(invariants.InvariantError, match="code of voxel"):
        invariants.check(simulation)


@pytest.mark.parametrize("changes", [{"layer.unscreened_share": 0.3}, {"plating.kinetics": "butler-volmer"}])
def test_plating_begins_with_a_fit_potential_where_nothing_was_left_to_strip(changes):
    """Nothing bounds the potential then, which is of no use to the next step."""
    steps = ["plate 0.15 mAh/cm^2 at 1 mA/cm^2", "strip at 1 mA/cm^2 until 0.3 V"]
    protocol = {"protocol": {"steps": steps, "cycles": 4}, "stop": None, "lattice.nz": 64, "output.series_points": 80}
    simulation = Cycling(study(**protocol | {"field.method": "guided", "field.samples": 0} | LAYER | changes), 1)
    began = []
    while simulation.finished is None:
        simulation.advance(10**9 if simulation.step.kind == "strip" and not simulation.at_step_end else 1)
        if simulation.step.kind == "plate" and simulation._passed() == 1:
            method, n = simulation._state.method, simulation._state.counters[0]
            began.append((float(n.residual), float(np.abs(method.field.phi).max())))
            simulation.advance(10**9)
    assert simulation.report()["step_ends"]["nothing left"] > 1 and len(began) == 4
    assert max(residual for residual, _ in began) < 0.05 and max(most for _, most in began) < 40


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cycling_inert", "cycling_piezo"])
def test_the_guide_is_right_after_dead_lithium_has_settled(name):
    """Landings against the converged field (TV) at once after it; 0.5 % is what guided walkers are allowed."""
    found = []

    class Watched(Cycling):
        def _settle(self):
            super()._settle()
            n = self._state.counters[0]
            if n.initial + n.plated - n.stripped - n.dead_voxels > 200:
                found.append(field_error(self._model, self._box, self._state)["tv"])

    small = {"protocol.cycles": 1, "lattice.nx": 32, "lattice.ny": 32}
    run = Watched(Parameters.from_toml(study_path(name)).replace(**small), 1)
    while run.finished is None:
        run.advance(10**9)
    assert run.report()["dead_voxels"] > 500 and len(found) > 10
    assert max(found) < 1e-3, found


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cycling_inert", "cycling_piezo"])
def test_the_guide_is_right_where_plating_begins_again_on_dead_lithium(name):
    """The potential of few live voxels among dead ones falls fast: landings against the converged field (TV)."""
    small, found = {"protocol.cycles": 2, "lattice.nx": 32, "lattice.ny": 32}, []
    run = Cycling(Parameters.from_toml(study_path(name)).replace(**small), 1)
    while run._index < 3:
        run.advance(10**9)
        if run._index == 2 and not run.at_step_end:
            found.append(field_error(run._model, run._box, run._state)["tv"])
    assert len(found) > 50 and run.report()["dead_voxels"] > 1000
    assert np.mean(found) < 5e-3 and max(found) < 1.5e-2, found


def test_a_change_of_the_current_forgets_nothing(monkeypatch):
    """Walkers take over from the state before what they would find from the deposit itself: the same bits."""
    taken, _ = cycled(**WALKERS)
    assert type(taken._state.method) in verbs.take_over.alternatives
    monkeypatch.setattr(verbs.take_over, "alternatives", {})
    built, _ = cycled(**WALKERS)
    np.testing.assert_array_equal(taken._state.lattice.cell, built._state.lattice.cell)
    assert taken.record() == built.record()


def test_guided_walkers_take_the_potential_over():
    """At the first event of a reversed current they land as the converged field says."""
    run = Cycling(Parameters.from_toml(study_path("cycling_piezo")).replace(**{"lattice.nx": 16, "lattice.ny": 16}), 1)
    for index in (1, 2, 3):
        while run._index < index:
            run.advance(1 if run.at_step_end else 10**9)
        invariants.check(run)
        assert field_error(run._model, run._box, run._state)["tv"] < 1e-3
