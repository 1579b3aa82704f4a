"""One study and one seed are one sequence of bits: whoever runs it, however it is cut, compiled or not."""

import json
import os
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
from small import HOPS, LAYER, SHEDDING, WALKERS, grown, study

from kmc_li.engine.simulation import Simulation
from kmc_li.running.ensemble import run_ensemble
from kmc_li.storage.store import state_sha256

HELD = {"plating.control": "potentiostatic", "plating.overpotential_V": 0.05}
TAFEL = {"plating.kinetics": "butler-volmer", "electrolyte.exchange_current_density_mA_cm2": 2.0}
HOPS_ALONE = HOPS | {"plating.kinetics": "none", "lattice.film_voxels": 3, "lattice.adatom_share": 0.2}
HOPS_ALONE |= {"stop.capacity_mAh_cm2": None, "stop.events": 400}
UNIFORM = {"plating.kinetics": "uniform"}
WIDE = {"electrolyte.charge_transfer_resistance_ohm_cm2": 1e5}
GUIDED = {"field.method": "guided"}
VARIANTS = {
    "bare": {},
    "layer": LAYER | {"layer.conductivity_S_m": 1e-4},
    "hops": HOPS,
    "hops under a layer": HOPS | LAYER,
    "hops that shed atoms": SHEDDING,
    "plain faces": {"plating.face_area_weights": False},
    "noise reduction": {"plating.noise_reduction_hits": 3},
    "breakdown exponent": {"plating.breakdown_exponent": 0.5},
    "primary distribution": {"electrolyte.charge_transfer_resistance_ohm_cm2": 0.0},
    "uniform rates": UNIFORM,
    "uniform rates, noise reduction": UNIFORM | {"plating.noise_reduction_hits": 3},
    "uniform rates with hops": UNIFORM | HOPS,
    "hops alone": HOPS_ALONE,
    "potentiostatic": HELD,
    "butler-volmer": TAFEL,
    "butler-volmer under a layer": TAFEL | LAYER,
    "2-D": {"lattice.nx": 24, "lattice.ny": 1} | LAYER,
    "walkers": WALKERS,
    "walkers and hops": WALKERS | HOPS | {"plating.noise_reduction_hits": 2},
    "walkers in 2-D": WALKERS | {"lattice.nx": 24, "lattice.ny": 1, "plating.face_area_weights": False},
    "walkers on odd sizes": WALKERS | {"lattice.nx": 7, "lattice.ny": 5},
    "odd sizes": {"lattice.nx": 7, "lattice.ny": 5},
    "guided": GUIDED | LAYER | {"layer.unscreened_share": 0.3},
    "guided, butler-volmer": GUIDED | TAFEL,
    "walkers, held potential": WALKERS | HELD,
    "guided, held potential": GUIDED | HELD | LAYER,
    "wide Wagner length": WIDE,
}
every_variant = pytest.mark.parametrize("name", VARIANTS)


def fingerprint(simulation):
    """sha256 of each array by name, and the scalars: a failure names what differs."""
    arrays, scalars = simulation.state()
    return {name: state_sha256({name: array}, {}) for name, array in arrays.items()} | scalars


def advance_to(simulation, events):
    while simulation.events < events:
        before = simulation.events
        simulation.advance(events - before)
        assert simulation.finished is None and (simulation.events > before or simulation.at_record_point)


@pytest.fixture(scope="module")
def reference():
    """Each variant grown once, in one piece."""
    found = {}

    def of(name):
        if name not in found:
            found[name] = fingerprint(grown(study(**VARIANTS[name]), seed=11))
        return found[name]

    return of


@every_variant
def test_the_same_seed_gives_the_same_bits(name, reference):
    parameters = study(**VARIANTS[name])
    again = grown(parameters, seed=11)
    assert fingerprint(again) == reference(name)
    assert again.events > 50
    other = grown(parameters, seed=12)
    assert state_sha256(*other.state()) != state_sha256(*again.state())


@every_variant
@pytest.mark.parametrize("chunk", [1, 7, 64])
def test_bits_do_not_depend_on_how_the_run_is_cut(name, chunk, reference):
    assert fingerprint(grown(study(**VARIANTS[name]), seed=11, chunk=chunk)) == reference(name)


@every_variant
def test_bits_survive_state_and_restore_at_three_points(name, reference):
    parameters = study(**VARIANTS[name])
    end = reference(name)["counters"]["events"]
    simulation = Simulation(parameters, 11)
    for point in (1, end // 3, end - 2):
        advance_to(simulation, point)
        arrays, scalars = simulation.state()
        stored = {key: array.copy() for key, array in arrays.items()}, json.loads(json.dumps(scalars))
        simulation.advance(3)  # must not change what was taken out
        simulation = Simulation.restore(parameters, 11, *stored)
    while simulation.finished is None:
        simulation.advance(10**9)
    assert fingerprint(simulation) == reference(name)


def test_an_ensemble_gives_the_same_bits_with_one_worker_and_with_two(tmp_path):
    studies = {"bare": study(), "layer": study(**LAYER)}
    runs = {jobs: run_ensemble(studies, [3, 4], tmp_path / str(jobs), jobs=jobs) for jobs in (1, 2)}
    for name, parameters in studies.items():
        here = [state_sha256(*grown(parameters, seed).state()) for seed in (3, 4)]
        for jobs in (1, 2):
            assert [run.state_sha256 for run in runs[jobs][name]] == here, (name, jobs)


# Without the compiler every kernel is plain Python: some thousand times slower, so the boxes are small.
SLOW_BOX = {
    "lattice.nx": 6,
    "lattice.ny": 6,
    "lattice.nz": 16,
    "field.tolerance": 0.05,
    "field.samples": 0,
    "stop.capacity_mAh_cm2": None,
    "stop.events": 80,
    "output.series_points": 1,
}
SLOW_VARIANTS = {
    "bare": {},
    "plain faces": {"plating.face_area_weights": False},
    "layer": LAYER | {"layer.conductivity_S_m": 1e-4},
    "hops under a layer": HOPS | LAYER,
    "hops that shed atoms": SHEDDING,
    "noise reduction": {"plating.noise_reduction_hits": 2},
    "butler-volmer": TAFEL | LAYER,
    "potentiostatic": HELD | LAYER | {"layer.conductivity_S_m": 1e-4},
    "uniform rates": UNIFORM | {"plating.noise_reduction_hits": 2},
    "uniform rates with hops": UNIFORM | HOPS,
    "hops alone": HOPS_ALONE | {"stop.events": 80},
    "walkers and hops": WALKERS | HOPS | {"lattice.nx": 8, "lattice.ny": 4},
    "guided": GUIDED | LAYER | {"layer.unscreened_share": 0.3},
    "guided, butler-volmer": GUIDED | TAFEL | LAYER,
    "wide Wagner length": WIDE,
    "2-D, error sampled": {"lattice.nx": 12, "lattice.ny": 1, "lattice.nz": 64, "field.samples": 1} | LAYER,
}


def fingerprints():
    """Of all variants; in place of one that failed, its traceback."""
    found = {}
    for name, changes in SLOW_VARIANTS.items():
        try:
            found[name] = fingerprint(grown(study(**SLOW_BOX | changes), seed=5))
        except Exception:
            found[name] = traceback.format_exc()
    return found


@pytest.fixture(scope="module")
def interpreted():
    here = Path(__file__)
    program = "import json, test_bits; print(json.dumps(test_bits.fingerprints()))"
    paths = [str(here.parent), str(here.parents[1]), str(here.parents[2])]
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def compiled():
    return json.loads(json.dumps(fingerprints()))


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW_VARIANTS)
def test_compiled_and_interpreted_kernels_give_the_same_bits(name, compiled, interpreted):
    assert interpreted[name] == compiled[name]
    assert compiled[name]["counters"]["events"] == 80
