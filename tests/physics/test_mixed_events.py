"""After a million events of all kinds, everything kept along the way still equals a full recount."""

import pytest
from small import LAYER, study

from kmc_li.engine import invariants
from kmc_li.engine.simulation import Simulation

UNIFORM = {"plating.kinetics": "uniform"}
BOX = {"lattice.nx": 16, "lattice.ny": 16, "lattice.nz": 192, "field.samples": 0, "stop.capacity_mAh_cm2": None}


def hops(attempts, temperature_K=298.15):
    return {"hops.enabled": True, "hops.attempt_frequency_per_s": attempts, "hops.temperature_K": temperature_K}


# study, events, at least so many plated, stripped, hopped
MIXED = {
    "plating": (UNIFORM | {"lattice.nx": 96, "lattice.ny": 96}, 1_000_000, (10**6, 0, 0)),
    "plating and hops": (UNIFORM | hops(3e6), 1_000_000, (5_000, 0, 500_000)),
    "hops that shed atoms": (UNIFORM | hops(60.0, 900.0), 1_000_000, (5_000, 0, 500_000)),
    "noise reduction": (UNIFORM | hops(1e6) | {"plating.noise_reduction_hits": 4}, 1_000_000, (5_000, 0, 500_000)),
    "2-D": (UNIFORM | hops(30.0, 900.0) | {"lattice.nx": 200, "lattice.ny": 1}, 1_000_000, (5_000, 0, 500_000)),
    "field": (hops(1e6), 300_000, (3_000, 0, 200_000)),
    "field, layer, stripping": (
        hops(60.0, 900.0) | LAYER | {"layer.unscreened_share": 0.5, "field.tolerance": 0.05},
        300_000,
        (3_000, 500, 200_000),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MIXED)
def test_totals_equal_a_recount_after_a_million_events(name):
    changes, most, at_least = MIXED[name]
    simulation = Simulation(study(**BOX | changes | {"stop.events": most}), 3)
    dead = 0
    while simulation.finished is None:
        simulation.advance(most // 20)
        invariants.check(simulation)
        dead = max(dead, simulation.report()["dead_voxels"])
    report = simulation.report()
    assert report["events"] == most
    assert all(report[kind] >= count for kind, count in zip(("plated", "stripped", "hops"), at_least, strict=True)), report
    assert dead > 0 or "900" not in str(changes)
