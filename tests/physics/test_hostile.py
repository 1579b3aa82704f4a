"""Settings at the edge: no rates, frozen metal, one free place, a full box, many events."""

import resource

import numpy as np
from small import grown, study

from kmc_li.engine import build, invariants
from kmc_li.engine.simulation import Simulation
from kmc_li.kernels.lattice.occupancy import LI
from kmc_li.kernels.selection import hops

ALONE = {"plating.kinetics": "none", "hops.enabled": True, "stop.capacity_mAh_cm2": None, "stop.events": 10_000}
FILM = {"lattice.film_voxels": 3, "lattice.adatom_share": 0.2}


def test_hops_without_rates_end_at_once():
    simulation = grown(study(**ALONE, **FILM, **{"hops.attempt_frequency_per_s": 0.0}))
    assert simulation.finished == "nothing can happen" and simulation.events == 0


def test_a_flat_film_ends_instead_of_trying_for_ever():
    """Its atoms have rates, but nowhere to go."""
    simulation = grown(study(**ALONE, **{"lattice.film_voxels": 3, "hops.attempt_frequency_per_s": 2e12}))
    assert simulation.finished == "nothing can happen" and simulation.events == 0
    invariants.check(simulation)


def test_cold_metal_moves_where_it_can():
    """100 K: rates over 38 decades; only adatoms on terraces move, and only until they have found each other."""
    simulation = Simulation(study(**ALONE, **FILM, **{"hops.temperature_K": 100.0}), 1)
    for _ in range(20):
        simulation.advance(100)
    invariants.check(simulation)
    assert simulation.events == 2000 or simulation.finished == "nothing can happen"
    assert (simulation.occupancy.sum(axis=(0, 1))[:3] == 64).all()


def test_one_free_place_wanders():
    parameters = study(**ALONE, **{"lattice.nz": 6})
    model = build.build_model(parameters)._replace(hop_rate=np.array([0, *np.exp(-0.5 * np.arange(1, 6)), 0]))
    occupancy = np.ones((8, 8, 6), bool)
    occupancy[3, 3, 3] = False
    box, state = build.allocate_state(parameters, occupancy, model=model)
    build.settle(model, box, state)
    rng = np.random.default_rng(1)
    seen = set()
    for events in range(1, 301):
        assert hops.advance(model, box, state, rng, events, 2**62, np.inf) == hops.RUNNING
        full = (state.lattice.cell.reshape(box)[:, :, 1:7] & LI) != 0
        assert full.sum() == 8 * 8 * 6 - 1
        seen.add(int(np.argmin(full)))
    invariants.check_lattice(box, state)
    invariants.check_hoppers(box, state)
    assert len(seen) > 30


def test_a_box_that_fills_says_so():
    parameters = study(**{"plating.kinetics": "uniform", "stop.capacity_mAh_cm2": None, "stop.events": 10**6})
    simulation = grown(parameters)
    assert simulation.finished == "box is full"
    assert simulation.occupancy[:, :, -1].any() and simulation.events < 8 * 8 * 32


def test_ten_million_hops_take_no_memory():
    simulation = Simulation(study(**ALONE | FILM | {"stop.events": 10**8, "lattice.nx": 50, "lattice.ny": 50}), 2)
    simulation.advance(1_000_000)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    while simulation.events < 11_000_000:
        simulation.advance(1_000_000)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 4096  # kB
    invariants.check(simulation)
