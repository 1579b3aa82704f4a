"""A state held still while the event loop draws: frequencies of all events, waiting times, exactly as the rates say."""

import naive
import numpy as np
import pytest
from scipy import stats
from small import LAYER, study

from kmc_li.engine import build
from kmc_li.engine.simulation import Simulation
from kmc_li.kernels import events, hopping, loop
from kmc_li.kernels.base.jit import njit
from kmc_li.kernels.lattice.occupancy import LI, around
from kmc_li.kernels.selection import composition_rejection as classes
from kmc_li.morphology import attached_to_collector

DRAWS = 1_000_000
NEVER = 2**60


def chi2(counts, rates):
    """p of chi^2; events expected fewer than ten times are taken together."""
    expected = rates * (counts.sum() / rates.sum())
    rare = expected < 10
    found, wanted = np.append(counts[~rare], counts[rare].sum()), np.append(expected[~rare], expected[rare].sum())
    if wanted[-1] < 5:
        assert found[-1] <= 20
        found, wanted = found[:-1], wanted[:-1]
    return stats.chisquare(found, wanted * found.sum() / wanted.sum()).pvalue


def check_waits(waits, rate):
    """Mean within three standard errors of 1/rate; the distribution of the first 10^5 exponential."""
    assert abs(waits.mean() * rate - 1) < 3 / np.sqrt(waits.size)
    assert stats.kstest(waits[:100_000] * rate, "expon").pvalue > 0.01


@njit
def draw_in_the_loop(model, box, state, rng, counts, waits):
    """One attempt of the loop at a time; none reaches `hits`, so nothing changes."""
    n = state.counters[0]
    for i in range(waits.size):
        start = n.time
        loop.advance(model, box, state, rng, NEVER, NEVER, np.nextafter(start, np.inf))
        waits[i] = n.time - start
        if i % 10_000 == 9_999:
            for voxel in range(state.hits.size):
                counts[voxel] += state.hits[voxel]
                state.hits[voxel] = 0


PRIMARY = {"electrolyte.charge_transfer_resistance_ohm_cm2": 0.0, "lattice.nz": 128}
# study, what the rates of the state must be like
PLATING = {
    "bare": ({}, lambda plate, strip: True),
    "primary distribution": (PRIMARY, lambda plate, strip: True),
    "plating and stripping": (LAYER | {"layer.unscreened_share": 0.5}, lambda plate, strip: strip.sum() > 0.05 * plate.sum()),
    "over twelve decades": (
        PRIMARY | {"plating.breakdown_exponent": 7.0, "lattice.nx": 40, "lattice.ny": 1},
        lambda plate, strip: plate.size > 0 and np.ptp(np.log10(plate)) > 12,
    ),
    "beyond 2^24": (
        PRIMARY | {"plating.breakdown_exponent": 10.0, "lattice.nx": 40, "lattice.ny": 1},
        lambda plate, strip: plate.max() > 2.0**26,
    ),
    "uniform": ({"plating.kinetics": "uniform"}, lambda plate, strip: True),
}


@pytest.mark.parametrize("name", PLATING)
def test_plating_and_stripping_are_drawn_as_their_rates_say(name):
    changes, is_wanted = PLATING[name]
    simulation = Simulation(study(**{"field.samples": 0} | changes), 1)
    model, box, state = simulation._model, simulation._box, simulation._state
    rates, li = np.zeros(state.lattice.cell.size), False
    while not (simulation.events > 20 and is_wanted(rates[(rates > 0) & ~li], rates[li])):
        assert simulation.finished is None
        simulation.advance(5)
        rates[:] = 0
        classes.write_rates(state.method.sites, rates)
        li = (state.lattice.cell & LI) != 0
    model, state = model._replace(hits=60_000), state._replace(hits=np.zeros(rates.size, np.uint16))
    counts, waits = np.zeros(rates.size, np.int64), np.zeros(DRAWS)
    draw_in_the_loop(model, box, state, np.random.default_rng(5), counts, waits)
    assert counts.sum() == DRAWS and not counts[rates == 0].any()
    assert chi2(counts[rates > 0], rates[rates > 0]) > 0.01
    if name == "uniform":
        rate = np.count_nonzero(rates) * model.monolayer_rate * model.hits
    else:  # the net current is the one set, whatever the rates
        net = rates[~li].sum() - rates[li].sum()
        rate = model.monolayer_rate * model.hits * box.nx * box.ny * rates.sum() / net
    check_waits(waits, rate)


@njit
def beside(box, voxel, direction):
    """The voxel that lies there."""
    if direction < 4:
        return around(box, voxel // box.ns)[direction] * box.ns + voxel % box.ns
    return voxel - 1 if direction == 4 else voxel + 1


@njit
def draw_and_undo(model, box, state, rng, before, counts, waits):
    """One event of the loop at a time, then its reverse; counts[voxel, what]: what is a hop's direction, 6: plated."""
    n, cell = state.counters[0], state.lattice.cell
    for i in range(waits.size):
        start, hopped = n.time, n.hopped
        loop.advance(model, box, state, rng, n.events + 1, NEVER, np.inf)
        waits[i] = n.time - start
        left, came = -1, -1
        for voxel in range(cell.size):
            if ((cell[voxel] ^ before[voxel]) & LI) != 0:
                if (before[voxel] & LI) != 0:
                    left = voxel
                else:
                    came = voxel
        if n.hopped == hopped:
            counts[came, 6] += 1
            events.change(model, box, state, came, False)
            continue
        direction = 0
        while beside(box, left, direction) != came:
            direction += 1
        counts[left, direction] += 1
        hopping.hop(model, box, state, came // box.ns, came % box.ns, direction ^ 1)
        for voxel in range(cell.size):
            if cell[voxel] != before[voxel]:
                counts[voxel, 7] += 1  # it was not undone


# hop rates 10^(slope n) for n neighbors, plating rate of a site [1/s], shape of the deposit
HOPPING = {
    "hops": (-0.5, 0.0, (5, 4, 7)),
    "hops over twelve decades": (-3.0, 0.0, (5, 4, 7)),
    "hops and plating": (-0.5, 0.02, (5, 4, 7)),
    "2-D": (-0.5, 0.02, (9, 1, 9)),
    "period two": (-0.5, 0.02, (2, 5, 8)),
}


@pytest.mark.parametrize("name", HOPPING)
def test_hops_and_plating_are_drawn_as_their_rates_say(name):
    slope, plate_rate, shape = HOPPING[name]
    occupancy = np.random.default_rng(8).random(shape) < np.append(np.linspace(0.9, 0.1, shape[2] - 2), [0, 0])
    parameters = study(**{
        "lattice.nx": shape[0], "lattice.ny": shape[1], "lattice.nz": shape[2], "plating.kinetics": "uniform",
        "stop.capacity_mAh_cm2": None, "stop.events": 1,
    })  # fmt: skip
    hop_rate = np.append(0.0, np.append(10.0 ** (slope * np.arange(5)), 0.0))
    model = build.build_model(parameters)
    model = model._replace(hop_rate=hop_rate, tracks_contact=True, monolayer_rate=plate_rate)
    box, state = build.allocate_state(parameters, occupancy, model=model)
    build.settle(model, box, state)
    expected = np.zeros((*box, 7))
    for voxel, target, held in naive.hops(occupancy):
        x, y, z = voxel
        step = next(d for d in range(6) if beside(box, (x * box.ny + y) * box.ns + z + 1, d)
                    == (target[0] * box.ny + target[1]) * box.ns + target[2] + 1)  # fmt: skip
        expected[x, y, z + 1, step] += hop_rate[held]
    live = attached_to_collector(np.concatenate([np.ones((*shape[:2], 1), bool), occupancy], axis=2))[:, :, 1:]
    for voxel in map(tuple, np.argwhere(~occupancy).tolist()):
        if any(other[2] < 0 or live[other] for other, _ in naive.neighbors(shape, voxel)):
            expected[voxel[0], voxel[1], voxel[2] + 1, 6] = plate_rate
    expected = expected.reshape(-1, 7)
    counts, waits = np.zeros((expected.shape[0], 8), np.int64), np.zeros(DRAWS)
    draw_and_undo(model, box, state, np.random.default_rng(9), state.lattice.cell.copy(), counts, waits)
    assert not counts[:, 7].any()
    counts = counts[:, :7]
    assert counts.sum() == DRAWS and not counts[expected == 0].any()
    assert chi2(counts[expected > 0], expected[expected > 0]) > 0.01
    check_waits(waits, expected.sum())
