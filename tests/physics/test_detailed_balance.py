"""Hops alone, on boxes small enough to enumerate: reversible one by one, and every state as frequent as Boltzmann says."""

import naive
import numpy as np
import pytest
from scipy import stats
from small import study

from kmc_li.engine import build
from kmc_li.kernels.base.jit import njit
from kmc_li.kernels.selection import hops
from kmc_li.study.constants import BOLTZMANN_EV_K

BOND = 1.0  # E_N / kT: strong enough to matter, weak enough that all states are met

# The last axis is the height; period 2 has the same neighbor on both sides, period 1 none.
CASES = {
    "three adatoms": ((3, 3, 6), [(0, 0, 0), (1, 0, 0), (0, 1, 0)]),
    "2-D, five": ((5, 1, 6), [(0, 0, 0), (1, 0, 0), (2, 0, 0), (0, 0, 1), (1, 0, 1)]),
    "2-D, a tower": ((3, 1, 6), [(0, 0, 0), (1, 0, 0), (0, 0, 1), (0, 0, 2)]),
    "period two": ((2, 2, 6), [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]),
    "two by three": ((2, 3, 6), [(0, 0, 0), (1, 0, 0), (0, 1, 0)]),
}


def reachable(start):
    """All states that hops lead to, and (from, to, neighbors before) of each hop between them."""
    number, states, moves = {start.tobytes(): 0}, [start], []
    for i, state in enumerate(states):  # grows while it is walked
        for voxel, target, held in naive.hops(state):
            after = state.copy()
            after[voxel], after[target] = False, True
            j = number.setdefault(after.tobytes(), len(states))
            if j == len(states):
                states.append(after)
            moves.append((i, j, held))
    return states, moves


def spectrum(states, moves):
    """Boltzmann probabilities, the generator's symmetric form, its relaxation time."""
    weight = np.exp(BOND * np.array([naive.bonds(state) for state in states]))
    rates = np.zeros((len(states), len(states)))
    for i, j, held in moves:
        rates[i, j] += np.exp(-BOND * held)
    root = np.sqrt(weight)
    symmetric = root[:, None] * rates / root - np.diag(rates.sum(axis=1))
    return weight / weight.sum(), rates, -1.0 / np.linalg.eigvalsh((symmetric + symmetric.T) / 2)[-2]


def begin(shape, atoms, rates=None):
    """Model, box and state with these atoms, hops alone: at kT = E_N, one hop a second for a bond of none."""
    occupancy = np.zeros(shape, bool)
    for atom in atoms:
        occupancy[atom] = True
    parameters = study(**{
        "lattice.nx": shape[0], "lattice.ny": shape[1], "lattice.nz": shape[2], "plating.kinetics": "uniform",
        "hops.enabled": True, "hops.attempt_frequency_per_s": 1.0, "hops.surface_barrier_eV": 0.0,
        "hops.bond_energy_eV": BOND * BOLTZMANN_EV_K * 400.0, "hops.temperature_K": 400.0,
        "stop.capacity_mAh_cm2": None, "stop.events": 1,
    })  # fmt: skip
    model = build.build_model(parameters)._replace(monolayer_rate=0.0)
    box, state = build.allocate_state(parameters, occupancy, model=model)
    build.settle(model, box, state)
    return occupancy, model, box, state


@njit
def occupied(cell, box):
    """The voxels that hold Li, a bit for each."""
    code, bit = 0, 1
    for column in range(box.nx * box.ny):
        for s in range(1, box.ns - 1):
            if (cell[column * box.ns + s] & 8) != 0:
                code |= bit
            bit <<= 1
    return code


@njit
def sample(model, box, state, rng, interval, codes):
    """State at times interval, 2 interval, ...: the one before the event that goes beyond."""
    n = state.counters[0]
    taken, start = 0, n.time
    while taken < codes.size:
        before = occupied(state.lattice.cell, box)
        hops.advance(model, box, state, rng, n.events + 1, 1, np.inf)
        while taken < codes.size and n.time > start + (taken + 1) * interval:
            codes[taken] = before
            taken += 1


@pytest.mark.parametrize("name", CASES)
def test_each_hop_can_be_undone_at_the_rate_that_balance_asks_for(name):
    """The rule "a neighbor besides itself" is the same seen from the target: the hop back is allowed, and balances."""
    states, moves = reachable(begin(*CASES[name])[0])
    there = {(i, j) for i, j, _ in moves}
    assert there == {(j, i) for i, j in there}
    probability, rates, _ = spectrum(states, moves)
    flow = probability[:, None] * rates
    np.testing.assert_allclose(flow, flow.T, rtol=1e-12, atol=1e-18)


@pytest.mark.parametrize("name", CASES)
def test_states_are_as_frequent_as_boltzmann_says(name):
    start, model, box, state = begin(*CASES[name])
    states, moves = reachable(start)
    expected, _, relaxation = spectrum(states, moves)
    codes = np.zeros(8000, np.int64)
    # five relaxation times between samples: correlation below 1 %
    sample(model, box, state, np.random.default_rng(7), 5 * relaxation, codes)
    bits = 1 << np.arange(start.size, dtype=np.int64).reshape(start.shape)
    number = {int(bits[state].sum()): i for i, state in enumerate(states)}
    counts = np.bincount([number[code] for code in codes.tolist()], minlength=len(states))  # KeyError: unreachable
    assert chi2(counts, expected) > 0.01
    colder = expected**1.2
    assert chi2(counts, colder / colder.sum()) < 1e-4  # the test would notice bonds 20 % too strong


def chi2(counts, probability):
    """p of chi^2, states expected fewer than eight times taken together."""
    expected = probability * counts.sum()
    rare = expected < 8
    found, wanted = counts[~rare], expected[~rare]
    if rare.any():
        found, wanted = np.append(found, counts[rare].sum()), np.append(wanted, expected[rare].sum())
    return stats.chisquare(found, wanted * found.sum() / wanted.sum()).pvalue
