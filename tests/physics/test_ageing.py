"""An interphase that ages: exact shares over faces of different ages, lithium that it takes, the same bits."""

import numpy as np
import pytest
from small import LAYER, chi_squared_p, grown, study

from kmc_li.engine import build, invariants
from kmc_li.engine.cycling import Cycling
from kmc_li.errors import UserError
from kmc_li.kernels.base import verbs
from kmc_li.morphology import attached_to_collector

STEPS = ["plate 0.2 mAh/cm^2 at 1 mA/cm^2", "rest 10 min", "strip at 1 mA/cm^2 until 0.5 V"]
AGEING = {"ageing": {"time_constant_s": "10 min", "fresh_charge_mC_cm2": 10.0}, "field.method": "auto", "field.samples": 0}


def cycling(steps=STEPS, cycles=2, seed=3, dead="crumbles", **changes):
    protocol = {"steps": steps, "cycles": cycles, "dead_lithium": dead}
    return Cycling(study(**{"protocol": protocol, "stop": None, "lattice.nz": 96, "output.series_points": 24} | AGEING | changes), seed)


def exact_shares(li, changed, now, wagner, rate, strips, above=16):
    """Share of each voxel in the current, from a dense solution written for this test alone: of electrolyte where it
    plates, of live lithium where it strips. changed: s, (nx, ny, 1 + nz), the collector first.
    """
    nx, ny, nz = li.shape
    tall = np.concatenate([li, np.zeros((nx, ny, above), bool)], axis=2)
    live = np.concatenate([attached_to_collector(li), np.zeros((nx, ny, above), bool)], axis=2)
    since = np.concatenate([changed, np.zeros((nx, ny, above))], axis=2)
    number = np.cumsum(~tall.ravel()).reshape(tall.shape) - 1
    matrix, source, faces = np.zeros((int((~tall).sum()),) * 2), np.zeros(int((~tall).sum())), []
    for x, y, z in np.argwhere(~tall):
        i = number[x, y, z]
        source[i] = float(z == nz + above - 1)
        for dx, dy, dz in ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)):
            other = (x + dx) % nx, (y + dy) % ny, z + dz
            if other[2] >= nz + above or (other[2] < 0 and strips):
                continue
            if other[2] >= 0 and not tall[other]:
                matrix[i, i] += 1.0
                matrix[i, number[other]] -= 1.0
            elif other[2] < 0 or live[other]:
                age = now - max(since[x, y, z + 1], since[other[0], other[1], other[2] + 1])
                conductance = 1.0 / (wagner * np.sqrt(1.0 + rate * age) + 0.5)
                matrix[i, i] += conductance
                faces.append((i, other if strips else (x, y, z), conductance))
    phi, share = np.linalg.solve(matrix, source), np.zeros(tall.shape)
    for i, voxel, conductance in faces:
        share[voxel] += phi[i] * conductance
    return share[:, :, :nz] / (nx * ny)


@pytest.mark.parametrize("strips", [False, True])
def test_each_voxel_has_the_share_that_the_ages_of_its_faces_give(strips):
    li = np.zeros((4, 4, 8), bool)
    li[0, 0, :5] = li[1, 0, 3] = li[2, 2, :3] = li[3, 2, 1] = li[2, 0, 5] = True  # the last one is dead
    parameters = study(**{"lattice.nx": 4, "lattice.ny": 4, "lattice.nz": 8, "electrolyte.charge_transfer_resistance_ohm_cm2": 60.0,
                          "plating.face_area_weights": False} | AGEING)  # fmt: skip
    model = build.build_model(parameters)._replace(tracks_contact=True)
    box, state = build.allocate_state(parameters, li, model=model, strips=strips)
    build.settle(model, box, state)
    n, rng = state.counters[0], np.random.default_rng(1)
    changed = state.method.changed.reshape(box)
    changed[:, :, 1:] = rng.choice([0.0, 3600.0, 5400.0], changed[:, :, 1:].shape)
    n.time = 5400.0  # s: the resistance is 3.2 times that of a fresh face, 2 times, or that
    wagner, rate = float(state.method.law.wagner[0]), 1 / 600
    expected = exact_shares(li, changed[:, :, :9], n.time, wagner, rate, strips)
    fresh = exact_shares(li, changed[:, :, :9], n.time, wagner, 0.0, strips)
    assert expected.sum() == pytest.approx(1.0, abs=1e-9) and 0.5 * abs(fresh - expected).sum() > 0.05
    counts = np.zeros(box.nx * box.ny * box.ns)
    for _ in range(20_000):
        voxel = verbs.draw(state.method, model, box, state, rng)
        counts[verbs.behind(state.method, state.lattice.cell, box, n, voxel, rng) if strips else voxel] += 1
    found = counts.reshape(box)[:, :, 1:9]
    assert found.sum() == 20_000 and found[expected == 0].sum() == 0
    assert chi_squared_p(found.ravel(), expected.ravel()) > 0.001


def laid_open(before, after):
    """Faces between lithium and electrolyte that are there after a change of one voxel and were not before."""
    at, faces = tuple(np.argwhere(before != after)[0]), 0
    for axis, step in ((0, 1), (0, -1), (1, 1), (1, -1), (2, 1), (2, -1)):
        other = list(at)
        other[axis] += step
        if axis < 2:
            other[axis] %= before.shape[axis]
        if other[2] >= 0:
            faces += bool(after[tuple(other)] != after[at])
    return faces


def test_the_interphase_takes_its_share_of_each_face_that_comes_to_lie_open():
    simulation = cycling(cycles=1, dead="floats")
    share = 100.0 * simulation.parameters.voxel_m**2 / simulation.parameters.voxel_charge_C  # 10 mC/cm^2 is 100 C/m^2
    counted, lost, before, taken = 0, 0, simulation.occupancy.copy(), 0.0
    while simulation.finished is None:
        simulation.advance(1)
        n, after = simulation._state.counters[0], simulation.occupancy
        if int((before != after).sum()) == 1:
            counted += 1
            assert n.interphase + n.owed - taken == pytest.approx(laid_open(before, after) * share, abs=1e-9)
        lost += int((before & ~after).sum())
        before, taken = after.copy(), n.interphase + n.owed
    assert counted > 0.8 * n.events and 0 <= n.owed < 1 + 5 * share
    assert 0 < lost - n.stripped < n.interphase, "some is taken from metal while it strips, the rest of arriving ions"


def balanced(simulation):
    """Run to the end; at the end of each step what was plated is stripped, metal or interphase, to the voxel."""
    while simulation.finished is None:
        simulation.advance(10**9)
        if simulation.at_step_end:
            n, metal = simulation._state.counters[0], int(simulation.occupancy.sum())
            assert n.plated == n.stripped + n.interphase + metal and metal >= n.dead_voxels
    invariants.check(simulation)  # dead is what labels do not join to the collector
    return simulation._state.counters[0]


PRESSED = LAYER | {"layer.unscreened_share": 0.15, "layer.modulus_GPa": 5e-4}
ONLY_CHARGE = {"ageing": {"fresh_charge_mC_cm2": 10.0}}


@pytest.mark.parametrize("kind", ["guided", "held", "hits"])
def test_fresh_faces_cost_charge_by_every_method(kind):
    changes = {"guided": PRESSED, "hits": {"plating.noise_reduction_hits": 3}}.get(kind, {})
    steps = ["plate 10 min at 200 mV", "strip 10 min at 200 mV"] if kind == "held" else STEPS
    simulation = cycling(steps, 2, **ONLY_CHARGE | changes)
    assert type(simulation._state.method).__name__ == {"guided": "Guided", "held": "Multigrid", "hits": "Walkers"}[kind]
    assert balanced(simulation).interphase > 0


def test_an_interphase_that_does_not_age_leaves_all_as_it_was():
    slow = {"ageing": {"time_constant_s": 1e12}, "field.method": "auto", "field.samples": 0, "stop.capacity_mAh_cm2": 0.3}
    aged, plain = grown(study(**slow), 5), grown(study(**slow | {"ageing": None, "field.method": "walkers"}), 5)
    np.testing.assert_array_equal(aged.occupancy, plain.occupancy)
    assert aged.time_s == plain.time_s and "interphase_voxels" in aged.record()


def test_an_even_film_resists_as_its_age_says():
    """The potential before it falls on the interphase and on half a voxel of electrolyte."""
    parameters = study(**{"lattice.film_voxels": 6, "plating.face_area_weights": False} | AGEING)
    model, box, state = build.build(parameters)
    n, rng, wagner = state.counters[0], np.random.default_rng(2), float(state.method.law.wagner[0])
    for age, thicker in ((0.0, 1.0), (1800.0, 2.0), (59400.0, 10.0)):
        n.time, n.visits, n.walkers = age, 0.0, 0
        for _ in range(4000):
            verbs.draw(state.method, model, box, state, rng)
        assert n.visits / n.walkers == pytest.approx(thicker * wagner + 0.5, rel=0.06)


def test_what_was_plated_last_dissolves_first():
    """Some voxels on an old film, stripped again with as much charge: how many of them are left. Not none: the film
    is fresh where one has gone."""
    steps = ["rest 100 h", "plate 0.03 mAh/cm^2 at 1 mA/cm^2", "strip 0.03 mAh/cm^2 at 1 mA/cm^2"]
    film, left = {"lattice.film_voxels": 8, "electrolyte.conductivity_S_m": 0.91, "field.method": "walkers"}, []
    for ageing in ({"time_constant_s": "10 min"}, None):
        runs = [cycling(steps, 1, seed, **film | {"ageing": ageing}) for seed in range(6)]
        for simulation in runs:
            while simulation.finished is None:
                simulation.advance(10**9)
        plated = sum(int(s._state.counters[0].plated) for s in runs)
        left.append(sum(int(s.occupancy[:, :, 8:].sum()) for s in runs) / plated)
    assert left[0] < 0.35 and left[1] > 0.45


def test_faces_age_between_pulses_too():
    """A current in pulses of a minute, three minutes of rest after each: the deposit is not that of the steady current."""
    text = "plate 0.2 mAh/cm^2 at 4 mA/cm^2"
    steady, pulsed = cycling([text], 1), cycling([text + " on 1 min off 3 min"], 1)
    for simulation in (steady, pulsed):
        balanced(simulation)
        changed = simulation._state.method.changed
        assert 0 <= simulation.time_s - changed.max() < 1.0, "the last voxel is as old as the clock says"
    assert pulsed.time_s - steady.time_s > 300 and (steady.occupancy != pulsed.occupancy).any()
    started = (np.unique(changed) % 240)[1:]
    assert started.size > 50 and started.max() <= 60.0, "voxels come while the current flows"


def test_the_same_bits_however_it_is_cut():
    whole, rows = cycling(), []
    while whole.finished is None:
        whole.advance(10**9)
        rows += [whole.record()] if whole.at_record_point else []
    cut, again = cycling(), []
    while cut.finished is None:
        cut.advance(37)
        again += [cut.record()] if cut.at_record_point else []
        cut = Cycling.restore(whole.parameters, 3, *cut.state())
    assert str(again) == str(rows) and whole.state()[1] == cut.state()[1]
    np.testing.assert_array_equal(whole._state.method.changed, cut._state.method.changed)


@pytest.mark.parametrize(
    "changes,words",
    [
        (LAYER, "layer: got a section, must be left out"),
        ({"field.method": "multigrid"}, 'field.method: got "multigrid", must be "walkers"'),
        ({"plating.kinetics": "butler-volmer"}, 'plating.kinetics: got "butler-volmer", must be "linear"'),
        ({"hops.enabled": True}, "hops.enabled: got true, must be false with [ageing]"),
        ({"electrolyte.charge_transfer_resistance_ohm_cm2": 0.0}, "electrolyte.charge_transfer_resistance_ohm_cm2: got 0"),
        ({"ageing": {"time_constant_s": 60.0, "fresh_charge_mC_cm2": 100.0}}, "ageing.fresh_charge_mC_cm2: got 100, must be below 74."),
        ({"ageing": {"time_constant_s": 0.0}}, "ageing.time_constant_s: got 0"),
        ({"ageing": {}}, "ageing.time_constant_s: got nothing, must be given, or"),
        ({"protocol": {"steps": ["plate 1 h at 50 mV"]}, "stop": None}, "protocol.steps: got 'plate 1 h at 50 mV', must be at a set"),
    ],
)  # fmt: skip
def test_what_ageing_cannot_be_combined_with(changes, words):
    with pytest.raises(UserError) as error:
        study(**AGEING | changes)
    assert len(error.value.lines) == 1 and error.value.lines[0].startswith(words), error.value.lines
