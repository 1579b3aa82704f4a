"""Hops against exact rates, an independent code's statistics, and the general loop."""

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from small import HOPS, WALKERS, grown, study

from kmc_li.engine import build, invariants
from kmc_li.engine.simulation import Simulation
from kmc_li.kernels.base.jit import njit
from kmc_li.kernels.lattice.occupancy import LI
from kmc_li.kernels.selection import hops

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

ALONE = {"plating.kinetics": "none", "hops.enabled": True, "stop.capacity_mAh_cm2": None}


def grid(box, state):
    return (state.lattice.cell.reshape(box) & LI) != 0


# Model H1: SPPARKS (tree solver, 20 seeds), mean and standard error at L = 50, t = 2000.
REFERENCE = {"hops": (55_992, 290), "z = 3": (2481.4, 0.9), "z = 4": (263.05, 4.0)}


def test_h1_has_the_statistics_of_an_independent_code():
    from engine import h1

    found = {name: [] for name in REFERENCE}
    for seed in range(24):
        simulation = Simulation(h1(50), seed)
        while simulation.finished is None:
            simulation.advance(10**9)
        layers = simulation.occupancy.sum(axis=(0, 1))
        assert layers.sum() == 4 * 2500 + 250 and simulation.time_s == pytest.approx(2000, rel=1e-3)
        for name, value in (("hops", simulation.events), ("z = 3", layers[3]), ("z = 4", layers[4])):
            found[name].append(int(value))
    invariants.check(simulation)
    for name, (mean, error) in REFERENCE.items():
        own = np.std(found[name], ddof=1) / np.sqrt(len(found[name]))
        assert abs(np.mean(found[name]) - mean) < 3 * np.hypot(own, error), name


# A frozen state: which atom goes where, and after what time


def start(nx, ny, seed, energy=2.0):
    """A rough deposit with overhangs, no plating, rates exp(-energy n)."""
    parameters = study(**ALONE, **{"lattice.nx": nx, "lattice.ny": ny, "lattice.nz": 6, "stop.events": 1})
    model = build.build_model(parameters)._replace(hop_rate=np.array([0, *np.exp(-energy * np.arange(1, 6)), 0]))
    occupancy = np.random.default_rng(seed).random((nx, ny, 6)) < [0.9, 0.8, 0.6, 0.4, 0.3, 0.2]
    box, state = build.allocate_state(parameters, occupancy, model=model)
    build.settle(model, box, state)
    return model, box, state


def naive_hops(model, box, state):
    """{(from, to): rate} of all hops, from the occupancy alone."""
    li, found = grid(box, state), {}
    steps = [(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)]

    def around(voxel):
        for step in steps:
            if (step[0] and box.nx == 1) or (step[1] and box.ny == 1):
                continue
            x, y, s = np.add(voxel, step)
            if 0 <= s <= model.nz:
                yield (int(x % box.nx), int(y % box.ny), int(s))

    for voxel in zip(*(int_array.tolist() for int_array in np.nonzero(li)), strict=True):
        neighbors = sum(bool(li[other]) for other in around(voxel))
        for goal in around(voxel):
            held = sum(bool(li[other]) for other in around(goal) if other != voxel)
            if voxel[2] > 0 and not li[goal] and held and 1 <= neighbors <= 5:
                pair = tuple(int(np.ravel_multi_index(v, box)) for v in (voxel, goal))
                found[pair] = found.get(pair, 0.0) + model.hop_rate[neighbors]
    return found


@njit
def put_back(state, saved):
    """The deposit and its lists of hoppers as they were (kernels allocate nothing, so no slices)."""
    for v in range(state.lattice.cell.size):
        state.lattice.cell[v] = saved.lattice.cell[v]
        state.hoppers.where[v] = saved.hoppers.where[v]
    for cls in range(6):
        for i in range(max(state.hoppers.count[cls], saved.hoppers.count[cls])):
            state.hoppers.site[cls, i] = saved.hoppers.site[cls, i]
        state.hoppers.count[cls] = saved.hoppers.count[cls]


@njit
def tally(model, box, state, saved, rng, draws, left, came):
    """The first event from one state, over and over; returns the total waiting time."""
    n, total = state.counters[0], 0.0
    for i in range(draws):
        put_back(state, saved)
        n.events, n.hopped, n.idle, n.time, n.top_plane = 0, 0, 0, 0.0, 0
        hops.advance(model, box, state, rng, 1, 2**62, np.inf)
        total += n.time
        for v in range(state.lattice.cell.size):
            now, before = state.lattice.cell[v] & LI, saved.lattice.cell[v] & LI
            if now < before:
                left[i] = v
            if now > before:
                came[i] = v
    return total


@pytest.mark.parametrize("energy", [0.3, 2.0, 12.0], ids="E/kT {}".format)
@pytest.mark.parametrize("nx, ny", [(4, 5), (2, 3), (7, 1)])
def test_first_event_of_a_frozen_state(nx, ny, energy):
    """12: rates over 21 decades, where a class needs a random number of its own."""
    model, box, state = start(nx, ny, 7, energy)
    rates = naive_hops(model, box, state)
    _, _, saved = start(nx, ny, 7, energy)
    draws = 100_000 if energy < 10 else 20_000
    left, came = np.zeros(draws, np.int64), np.zeros(draws, np.int64)
    time = tally(model, box, state, saved, np.random.default_rng(3), draws, left, came)
    total = sum(rates.values())
    assert abs(time / draws * total - 1) < 3 / np.sqrt(draws)
    counts = dict.fromkeys(rates, 0)
    for pair in zip(left.tolist(), came.tolist(), strict=True):
        counts[pair] += 1  # a hop that may not be: KeyError
    found, expected = np.array(list(counts.values())), np.array(list(rates.values())) * draws / total
    rare = expected < 5
    found, expected = np.append(found[~rare], found[rare].sum()), np.append(expected[~rare], expected[rare].sum())
    if expected[-1] < 5:
        assert found[-1] <= 20
        found, expected = found[:-1], expected[:-1]
    assert stats.chisquare(found, expected * found.sum() / expected.sum()).pvalue > 0.001


@pytest.mark.parametrize("changes", [{}, WALKERS, {"plating.kinetics": "uniform"}], ids=["solved", "walkers", "uniform"])
@pytest.mark.parametrize("frequency", [2e4, 2e12])
def test_a_column_in_which_nothing_can_hop_waits_for_plating(changes, frequency):
    """No hop is possible in a box of one column: attempts at any rate leave the waiting times of plating as they are."""
    one = {"lattice.nx": 1, "lattice.ny": 1, "stop": {"events": 400}}
    p = study(**HOPS | one | changes | {"hops.attempt_frequency_per_s": frequency})
    runs = [grown(p, seed) for seed in range(16)]
    assert all((run.finished, run.events, run.report()["hops"]) == ("box is full", 32, 0) for run in runs)
    times = np.array([run.time_s for run in runs]) * build.build_model(p).monolayer_rate
    assert abs(times.mean() - 32) < 3 * np.sqrt(32 / 16)


def test_a_run_in_which_nothing_can_happen_ends():
    one = {"lattice.nx": 1, "lattice.ny": 1, "lattice.film_voxels": 3, "plating.kinetics": "none"}
    assert grown(study(**HOPS | one | {"stop": {"events": 400}})).finished == "nothing can happen"
