"""Metal that loses its path to the collector: dead for plating, stripping and field until a bridge grows back."""

import naive
import numpy as np
import pytest
from small import HOPS, SHEDDING, grown, study

from kmc_li.engine import build, invariants
from kmc_li.engine import field_error as exact
from kmc_li.kernels import events, hopping
from kmc_li.kernels.lattice.occupancy import DEAD, LI, NEIGHBOURS
from kmc_li.kernels.methods.multigrid import Multigrid
from kmc_li.kernels.solver import equations as field
from kmc_li.kernels.solver import refresh

UNIFORM = {"plating.kinetics": "uniform"}


def deposit(occupancy, **changes):
    """Model, box and state of a study's kinetics that begins with these voxels (bool (nx, ny, nz))."""
    nx, ny, nz = occupancy.shape
    size = {"lattice.nx": nx, "lattice.ny": ny, "lattice.nz": nz, "stop.capacity_mAh_cm2": None, "stop.events": 1}
    parameters = study(**size | changes)
    model = build.build_model(parameters)._replace(tracks_contact=True)
    box, state = build.allocate_state(parameters, occupancy, model=model, weighted=False)
    build.settle(model, box, state)
    return model, box, state


def dead_of(box, state):
    return (state.lattice.cell.reshape(box) & DEAD) != 0


def put(model, box, state, x, y, z):
    """An event at a voxel: it plates or dissolves."""
    events.change(model, box, state, int((x * box.ny + y) * box.ns + z + 1), False)


def equations(box, state):
    at, n = state.method.field, state.counters[0]
    grid = (slice(None), slice(None), slice(int(n.first_plane), int(n.end_plane)))
    return [array.reshape(box)[grid].copy() for array in (at.inverse_diagonal, at.surface_conductance, at.rhs)]


@pytest.mark.parametrize("method", ["walkers", "guided"])
def test_walkers_know_when_the_last_dead_metal_revives(method):
    """From then on no event looks for dead metal around it, so no mark of it may be left."""
    occupancy = np.zeros((8, 8, 16), bool)
    occupancy[:, :, :2] = occupancy[3, 4, 3:6] = True
    model, box, state = deposit(occupancy, **{"field.method": method})
    assert state.method.regions.marks[0] == 1 and state.counters[0].dead_voxels == 3
    for z, dead in ((2, 0), (2, 3), (6, 4), (2, 0), (7, 0), (2, 5), (1, 5), (1, 5), (2, 0)):
        put(model, box, state, 3, 4, z)
        assert state.counters[0].dead_voxels == dead
        invariants.check_regions(box, state)


@pytest.mark.parametrize(
    "name,hops,seed",
    [("uniform", False, 0), ("uniform", False, 1), ("uniform", True, 2), ("field", False, 3), ("field", True, 4)],
)
def test_dead_is_what_labels_do_not_join_after_each_of_ten_thousand_events(name, hops, seed):
    """Branches one voxel thick, where nearly every voxel that leaves cuts something off."""
    rng, shape = np.random.default_rng(seed), (9, 8, 12)
    changes = (UNIFORM if name == "uniform" else {}) | (HOPS if hops else {})
    model, box, state = deposit(np.zeros(shape, bool), **changes)
    died, revived, before, largest = 0, 0, 0, 0
    for event in range(10_000):
        cell, n = state.lattice.cell.reshape(box)[:, :, 1 : shape[2]], state.counters[0]
        li, live = (cell & LI) != 0, (cell & (LI | DEAD)) == LI
        free = (state.method.sites.where.reshape(box)[:, :, 1 : shape[2]] >= 0) & ~li
        kind, crowded = rng.random(), live.sum() > 130
        if hops and kind < 0.5 and li.any():
            x, y, z = rng.choice(np.argwhere(li))  # dead ones hop, too
            hopping.hop(model, box, state, x * box.ny + y, z + 1, int(rng.integers(6)))
        elif live.any() and (crowded or kind > 0.8 or not free.any()):
            put(model, box, state, *rng.choice(np.argwhere(live)))
        elif free.any():
            thin = free & ((cell & NEIGHBOURS) <= 1 + int(rng.random() < 0.3))
            put(model, box, state, *rng.choice(np.argwhere(thin if thin.any() else free)))
        else:  # dead metal has sealed the collector off: begin again
            (_, _, state), before = deposit(np.zeros(shape, bool), **changes), 0
        invariants.check_dead(model, box, state)
        change = int(state.counters[0].dead_voxels) - before
        died, revived, before = died + max(change, 0), revived + max(-change, 0), before + change
        largest = max(largest, abs(change))
        if event % 100 == 0:
            invariants.check_lattice(box, state)
            invariants.check_sites(model, box, state)
            invariants.check_rates(model, box, state)
            invariants.check_hoppers(box, state)
        if isinstance(state.method, Multigrid) and event % 3 == 0 and free.any():
            if event % 300 == 0:
                kept = equations(box, state)
                at = state.method
                field.set_cells(at.field, at.law, state.lattice.cell, box, int(n.first_plane), int(n.end_plane))
                field.set_top(state.method.field.rhs, box, int(n.end_plane) - 1)
                for equation, was, anew in zip(("idiag", "sink", "rhs"), kept, equations(box, state), strict=True):
                    np.testing.assert_array_equal(was, anew, err_msg=equation)
            refresh.refresh(state.method, model, box, state.lattice, state.counters)
    assert died > 500 and revived > 200 and largest > 4, (died, revived, largest)


def crowned():
    """Four stems, one of them with a crown that shades the rest."""
    occupancy = np.zeros((10, 10, 20), bool)
    occupancy[:, :, 0] = True
    occupancy[5, 5, :8] = True
    occupancy[3:8, 3:8, 8] = True
    occupancy[0, 0, :6] = True
    return occupancy


def test_a_crown_whose_stem_dissolves_takes_no_current_until_a_bridge_grows_back():
    occupancy = crowned()
    model, box, state = deposit(occupancy, **{"field.tolerance": 1e-3})
    n = state.counters[0]

    def worst_tv():
        converged = exact.converged_rates(model, box, state)
        return exact.field_error(model, box, state)["tv"], converged.reshape(box)

    whole = worst_tv()[1]
    assert whole[3:8, 3:8, 10].sum() > 30  # the crown takes a good part of the current, 100 in all
    put(model, box, state, 5, 5, 3)  # cut
    assert n.dead_voxels == 25 + 4 and n.overdue == 1
    assert dead_of(box, state)[3:8, 3:8, 9].all() and dead_of(box, state)[5, 5, 5:9].all()
    invariants.check_dead(model, box, state)
    invariants.check_sites(model, box, state)
    for _ in range(8):
        refresh.refresh(state.method, model, box, state.lattice, state.counters)
    tv, cut = worst_tv()
    assert tv < 2e-3
    assert cut[3:8, 3:8, 9:11].sum() == 0 and cut.sum() == pytest.approx(100, rel=1e-5)
    # an independent solution with the crown as a hole in the electrolyte
    present = (state.lattice.cell.reshape(box)[:, :, 1:21] & LI) != 0
    lone = dead_of(box, state)[:, :, 1:21]
    tall = np.concatenate([present, np.zeros((10, 10, 20), bool)], axis=2)
    isolated = np.concatenate([lone, np.zeros((10, 10, 20), bool)], axis=2)
    wagner = float(state.method.law.wagner[0])
    _, faces = naive.solve_field(tall, 1.0, np.ones(40), wagner, 1.0, weights=False, insulating=isolated)
    np.testing.assert_allclose(
        naive.net_current(tall.shape, faces)[:, :, :20], cut[:, :, 1:21], rtol=1e-3, atol=1e-5
    )
    n.overdue = 0
    put(model, box, state, 5, 5, 3)  # the bridge
    assert n.dead_voxels == 0 and n.overdue == 1 and not dead_of(box, state).any()
    for _ in range(8):
        refresh.refresh(state.method, model, box, state.lattice, state.counters)
    tv, again = worst_tv()
    assert tv < 2e-3
    np.testing.assert_allclose(again, whole, rtol=1e-4, atol=1e-6)


def test_dead_metal_hops_and_comes_alive_where_it_touches_live():
    occupancy = np.zeros((8, 8, 10), bool)
    occupancy[2:4, 2, 4] = occupancy[2, 3, 4] = True  # three that float, joined in an L
    occupancy[6, 2, 0:6] = True  # a live stem
    model, box, state = deposit(occupancy, **UNIFORM | HOPS)
    n, dead = state.counters[0], dead_of
    assert n.dead_voxels == 3
    assert (state.hoppers.where.reshape(box)[2:4, 2, 5] >= 0).all()  # on the hop lists as live ones are
    column = 2 * box.ny + 3
    assert hopping.hop(model, box, state, column, 5, 1)  # (2, 3, 4) moves east to (3, 3, 4): still with the others
    assert n.dead_voxels == 3 and dead(box, state)[3, 3, 5]
    assert not hopping.hop(model, box, state, 3 * box.ny + 3, 5, 1)  # east of that nothing holds it
    put(model, box, state, 5, 2, 4)  # live, between the stem and a gap of one
    assert n.dead_voxels == 3
    assert not hopping.hop(model, box, state, 3 * box.ny + 2, 5, 5)  # upwards nothing but itself
    put(model, box, state, 4, 3, 4)
    assert n.dead_voxels == 4, "plated where nothing is live: dead from the start"
    assert hopping.hop(model, box, state, 4 * box.ny + 3, 5, 2)  # to (4, 2, 4), between the dead and the live
    assert n.dead_voxels == 0 and not dead(box, state).any()
    invariants.check_dead(model, box, state)
    assert hopping.hop(model, box, state, 4 * box.ny + 2, 5, 3)  # and back: they die again, the hopping one with them
    assert n.dead_voxels == 4
    invariants.check_dead(model, box, state)
    invariants.check_rates(model, box, state)


def test_a_run_counts_its_dead():
    """The series, the report and the lattice agree on how many are dead."""
    simulation = grown(study(**SHEDDING | {"stop.capacity_mAh_cm2": 0.8}), seed=1, chunk=50)
    invariants.check(simulation)
    dead = int(dead_of(simulation._box, simulation._state).sum())
    assert simulation.record()["dead_voxels"] == simulation.report()["dead_voxels"] == dead > 0
