"""Plating and stripping in turn: exact shares of a reversed current, charge to the voxel, dead metal, the same bits."""

import numpy as np
import pytest
from small import LAYER, chi_squared_p, study

from kmc_li.engine import build, invariants
from kmc_li.engine.cycling import Cycling
from kmc_li.kernels.base import verbs
from kmc_li.kernels.lattice.occupancy import LI
from kmc_li.kernels.solver import refresh
from kmc_li.morphology import attached_to_collector

STEPS = ["plate 0.3 mAh/cm^2 at 1 mA/cm^2", "rest 10 min", "strip at 1 mA/cm^2 until 0.3 V"]
WALKERS = {"field.method": "walkers"}


def cycled(steps=STEPS, cycles=2, points=24, seed=3, chunk=10**9, **changes):
    """A finished run of a protocol, each of its steps checked as it ends."""
    protocol = {"protocol": {"steps": steps, "cycles": cycles}, "stop": None, "lattice.nz": 96, "output.series_points": points}
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


def test_charge_balances_to_the_voxel():
    """Five seeds: what is on the collector is what was plated less what was stripped, live or dead."""
    for seed in range(5):
        simulation, rows = cycled(cycles=4, seed=seed, **WALKERS)
        n = simulation._state.counters[0]
        assert simulation.finished == "protocol"
        assert n.plated - n.stripped == simulation.occupancy.sum() >= n.dead_voxels > 0
        target = simulation._voxels(0.3)
        assert n.plated == 4 * target == rows[-1]["plated"]
        labels = simulation.occupancy & ~attached_to_collector(
            np.concatenate([np.ones((8, 8, 1), bool), simulation.occupancy], axis=2))[:, :, 1:]  # fmt: skip
        assert labels.sum() == n.dead_voxels


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
