"""While a deposit grows: everything kept follows from the occupancy, Faraday's law is exact, time flows as it should."""

import numpy as np
import pytest
from scipy import stats
from small import HOPS, LAYER, SHEDDING, WALKERS, grown, study

from kmc_li.engine import invariants
from kmc_li.engine.simulation import Simulation
from kmc_li.kernels.lattice.occupancy import DEAD, LI
from kmc_li.kernels.solver import refresh

STRIPPING = LAYER | {"layer.unscreened_share": 0.5}  # the layer's charge dissolves what presses into it
VARIANTS = {
    "bare": {},
    "plain faces": {"plating.face_area_weights": False},
    "primary distribution": {"electrolyte.charge_transfer_resistance_ohm_cm2": 0.0},
    "layer": LAYER | {"layer.conductivity_S_m": 1e-4},
    "stripping": STRIPPING,
    "no stripping": STRIPPING | {"plating.strip": False},
    "hops": HOPS,
    "hops and stripping": HOPS | STRIPPING,
    "hops that shed atoms": SHEDDING,
    "hops that shed atoms, and stripping": SHEDDING | STRIPPING,
    "2-D, hops that shed atoms": {"lattice.nx": 64, "lattice.ny": 1, "plating.kinetics": "uniform"} | SHEDDING,
    "uniform rates, hops that shed atoms": {"plating.kinetics": "uniform"} | SHEDDING,
    "uniform rates with hops": {"plating.kinetics": "uniform"} | HOPS,
    "noise reduction": {"plating.noise_reduction_hits": 3},
    "2-D": {"lattice.nx": 40, "lattice.ny": 1} | STRIPPING | HOPS,
    "odd sizes": {"lattice.nx": 7, "lattice.ny": 5} | STRIPPING | HOPS,
    "narrow": {"lattice.nx": 2, "lattice.ny": 3, "lattice.nz": 64} | HOPS,
    "one column": {"lattice.nx": 1, "lattice.ny": 1},
    "walkers": WALKERS,
    "walkers and hops": WALKERS | HOPS,
    "walkers and hops that shed atoms": WALKERS | SHEDDING,
    "walkers and hops on a narrow box": WALKERS | HOPS | {"lattice.nx": 2, "lattice.ny": 3, "lattice.nz": 64},
    "walkers on one column": WALKERS | {"lattice.nx": 1, "lattice.ny": 1},
}


@pytest.mark.parametrize("name", VARIANTS)
def test_everything_follows_from_the_occupancy_all_along(name):
    simulation = Simulation(study(**VARIANTS[name]), 1)
    invariants.check(simulation)
    checks, most_dead = 0, 0
    while simulation.finished is None:
        simulation.advance(1 if checks < 40 else 25)
        most_dead = max(most_dead, simulation.report()["dead_voxels"])
        invariants.check(simulation)
        checks += 1
    report = simulation.report()
    assert checks > (3 if "one column" in name else 40)
    assert (report["hops"] > 0) == ("hops" in name or name in ("2-D", "odd sizes", "narrow"))
    if name in ("stripping", "hops and stripping"):
        assert report["stripped"] > 0
    if SHEDDING.items() <= VARIANTS[name].items():
        assert most_dead > 0
    if name == "no stripping":
        assert report["stripped"] == 0


@pytest.mark.parametrize("name", ["bare", "layer", "stripping", "odd sizes"])
def test_a_refresh_lists_the_rates_of_its_field(name):
    simulation = Simulation(study(**VARIANTS[name]), 2)
    while simulation.finished is None:
        simulation.advance(60)
        state = simulation._state
        refresh.refresh(state.method, simulation._model, simulation._box, state.lattice, state.counters)
        invariants.check(simulation)


BREAKS = {
    "neighbour count": lambda s: s.lattice.cell.__setitem__(s.lattice.cell.size // 2 + 3, 2),
    "height of column": lambda s: s.lattice.height.__setitem__(5, s.lattice.height[5] + 1),
    "columns of height": lambda s: s.lattice.height_histogram.__setitem__(1, s.lattice.height_histogram[1] + 1),
    "position of voxel": lambda s: s.method.sites.where.__setitem__(int(np.argmax(s.method.sites.where >= 0)), -1),
    "lie outside their class": lambda s: s.method.sites.rate.__imul__(np.float32(2)),
    "plate_sum": lambda s: s.counters[0].__setattr__("plate_sum", 1.001 * s.counters[0].plate_sum),
    "dead voxel": lambda s: np.bitwise_or.at(s.lattice.cell, np.argmax(s.hoppers.where >= 0), np.uint8(DEAD)),
    "dead_voxels": lambda s: s.counters[0].__setattr__("dead_voxels", 7),
    "plated less": lambda s: s.counters[0].__setattr__("plated", s.counters[0].plated + 1),
    "hop list": lambda s: s.lattice.cell.__setitem__(int(np.argmax(s.hoppers.where)), LI),
}


@pytest.mark.parametrize("what", BREAKS)
def test_a_wrong_entry_is_found(what):
    simulation = grown(study(**HOPS), seed=3)
    invariants.check(simulation)
    BREAKS[what](simulation._state)
    with pytest.raises(invariants.InvariantError, match="neighbour count" if what == "hop list" else what):
        invariants.check(simulation)


# Faraday's law


@pytest.mark.parametrize("capacity", [0.05, 0.1, 0.4, 1.0])
@pytest.mark.parametrize("name", ["bare", "stripping", "hops and stripping", "odd sizes"])
def test_plated_less_stripped_is_the_charge_over_that_of_a_voxel(name, capacity):
    parameters = study(**{"lattice.nz": 96} | VARIANTS[name] | {"stop.capacity_mAh_cm2": capacity})
    simulation = grown(parameters, seed=4)
    report = simulation.report()
    # z F D^3 / V_m, with numbers of its own: 96485.33212 C/mol, 13.0 cm^3/mol, (0.5 um)^3.
    voxel_C = 96485.33212 * 1.25e-19 / 13.0e-6
    area_m2 = parameters.lattice.nx * parameters.lattice.ny * 0.25e-12
    expected = round(capacity * 3.6e4 * area_m2 / voxel_C)
    assert simulation.finished == "capacity"
    assert report["plated"] - report["stripped"] == expected == np.count_nonzero(simulation.occupancy)
    assert simulation.areal_capacity_mAh_cm2 == pytest.approx(expected * voxel_C / area_m2 / 3.6e4, rel=1e-6)


def test_series_of_charge_is_that_of_voxels():
    parameters = study(**STRIPPING | {"output.series_points": 20})
    simulation, rows = Simulation(parameters, 5), []
    while simulation.finished is None:
        simulation.advance(10**9)
        if simulation.at_record_point:
            rows.append(simulation.record())
    assert len(rows) == 20
    for i, row in enumerate(rows):
        net = row["plated"] - row["stripped"]
        assert net == round((i + 1) / 20 * parameters.target_voxels)
        charge = net * parameters.voxel_charge_C / parameters.face_area_m2 / 3.6e4
        assert row["areal_capacity_mAh_cm2"] == pytest.approx(charge, rel=1e-12)
    assert rows[-1]["areal_capacity_mAh_cm2"] == pytest.approx(0.4, abs=1.2 * charge / parameters.target_voxels)
    assert np.all(np.diff([row["time_s"] for row in rows]) > 0)


@pytest.mark.parametrize("changes", [{}, {"plating.noise_reduction_hits": 4}, LAYER], ids=["bare", "noise", "layer"])
def test_time_is_charge_over_current(changes):
    """Galvanostatic: the mean time is that of the charge passed, and n exponential waits spread as 1/sqrt(n).

    With noise reduction the charge that partly filled voxels hold has passed, too.
    """
    parameters = study(**changes | {"stop.capacity_mAh_cm2": 0.2})
    hits = parameters.plating.noise_reduction_hits
    unit = parameters.voxel_charge_C / (parameters.current_density_A_m2 * parameters.face_area_m2)
    runs = [grown(parameters, seed) for seed in range(24)]
    voxels = [parameters.target_voxels + (s._state.hits.sum() / hits if hits > 1 else 0) for s in runs]
    ratio = np.array([s.time_s for s in runs]) / (np.array(voxels) * unit)
    assert abs(ratio.mean() - 1) < 3 * ratio.std(ddof=1) / np.sqrt(ratio.size)
    if not changes:
        chi2 = (ratio.size - 1) * ratio.var(ddof=1) * parameters.target_voxels
        assert 0.001 < stats.chi2.cdf(chi2, ratio.size - 1) < 0.999
