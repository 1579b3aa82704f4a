"""The live field of a run: its true error at the tolerance asked for, its top boundary, and what the layer does to a bud."""

import functools

import numpy as np
import pytest
from small import LAYER, grown, study

from kmc_li import field, layer, morphology
from kmc_li.engine import build
from kmc_li.engine import field_error as exact
from kmc_li.engine.simulation import Simulation

# Bud radius, Wagner length and box are a few voxels each, and the layer's shift is of the order of the overpotential.
BOX_3D = {"lattice.nx": 24, "lattice.ny": 24, "lattice.nz": 96, "lattice.voxel_um": 0.25}
BOX_2D = {"lattice.nx": 192, "lattice.ny": 1, "lattice.nz": 128, "lattice.voxel_um": 0.25}
PIEZO = {"layer.preset": "BaTiO3/PVDF composite", "layer.thickness_um": 8.0, "layer.unscreened_share": 0.02}
STUDIES = {"3-D": BOX_3D, "2-D": BOX_2D, "3-D layer": BOX_3D | PIEZO, "2-D layer": BOX_2D | PIEZO}


@pytest.mark.parametrize("tolerance", [0.005, 0.01, 0.05])
@pytest.mark.parametrize("name", STUDIES)
def test_error_of_the_event_probabilities_is_the_tolerance(name, tolerance):
    """Total variation against the converged field at 20 moments: the tolerance on average, twice that at worst."""
    parameters = study(
        **STUDIES[name]
        | {"field.tolerance": tolerance, "field.samples": 20, "stop.capacity_mAh_cm2": 0.3, "output.series_points": 100}
    )
    report = grown(parameters, seed=1).report()
    errors = [sample["tv"] for sample in report["field_error_samples"]]
    assert len(errors) == 20
    assert report["field_tv_mean"] <= tolerance, np.round(errors, 4)
    assert report["field_tv_worst"] <= 2 * tolerance, np.round(errors, 4)


@pytest.mark.parametrize("name", STUDIES)
def test_error_is_small_from_the_first_event_on(name):
    """The first bud lifts the layer off the film: its pressure must follow at once."""
    simulation, errors = Simulation(study(**STUDIES[name]), 2), {}
    for events in (1, 2, 5, 10, 19, 30, 60, 100, 200):
        while simulation.events < events:
            simulation.advance(events - simulation.events)
        errors[events] = exact.field_error(simulation._model, simulation._box, simulation._state)["tv"]
    assert max(errors.values()) <= 2 * simulation.parameters.field.tolerance, errors


@pytest.mark.parametrize("share", [0.1, 0.3, 1.0])
@pytest.mark.parametrize("orientation", [-1, 1])
def test_a_strong_layer_does_not_stop_the_run(share, orientation):
    """Current always flows somewhere: a run ends by its charge or because a dendrite reaches the top."""
    parameters = study(**LAYER | {"layer.unscreened_share": share, "layer.orientation": orientation})
    assert grown(parameters, seed=6).finished in ("capacity", "box is full")


@pytest.mark.parametrize("name", ["3-D", "2-D"])
def test_stretched_planes_are_a_tall_box(name):
    """Planes of thickness 2, 4, 8 ... above a deposit cost its rates less than a uniform box three times as high."""
    parameters = study(**STUDIES[name] | {"stop.capacity_mAh_cm2": 0.3})
    simulation = grown(parameters, seed=3)
    model, box, state = simulation._model, simulation._box, simulation._state
    stretched = exact.converged_rates(model, box, state)
    width = max(box.nx, box.ny)
    errors = [
        _variation(stretched, exact.converged_rates(model, box, state, above=np.ones(n)))
        for n in (width // 4, width // 2, width, 2 * width)
    ]
    assert errors[-1] < 2e-4, errors
    # and the uniform box converges to that same answer as its top rises
    assert errors[0] > errors[1] > errors[2] - 2e-5, errors


def _variation(a, b):
    return 0.5 * np.abs(a / a.sum() - b / b.sum()).sum()


# What the layer does to a bud: a hemisphere of 8 voxels on a film under the layer of a study.

RADIUS = 8


@functools.cache
def bud_under(kind):
    """(current at the tip, on the flat, largest face shift [V], largest pressure [Pa]) of one bud, layered or bare."""
    changes = {"lattice.voxel_um": 0.25, "lattice.nx": 48, "lattice.ny": 48, "lattice.nz": 64}
    common = {"layer.preset": "BaTiO3/PVDF composite", "layer.thickness_um": 8.0, "layer.unscreened_share": 0.004}
    layers = {
        "bare": {},
        "piezo": common,
        "anti-poled": common | {"layer.orientation": 1},
        "inert": common | {"layer.d33_pC_N": 0.0},
        "inert, no pressure term": common | {"layer.d33_pC_N": 0.0, "layer.pressure_term": False},
        "screened": common | {"layer.unscreened_share": 0.0},
    }
    p = study(**changes | layers[kind])
    x = np.arange(48) - 23.5
    distance = x[:, None, None] ** 2 + x[None, :, None] ** 2
    occupancy = distance + (np.arange(64) + 0.5) ** 2 < RADIUS**2
    shift, largest, pressure_Pa = None, 0.0, 0.0
    if p.layer is not None:
        pressed = layer.press(morphology.height_map(occupancy), p)
        largest = float(pressed.face_shift_V.flat[np.abs(pressed.face_shift_V).argmax()])
        pressure_Pa = float(pressed.pressure_Pa.max())
        per_Pa = p.layer.piezo_shift_V_Pa + p.pressure_shift_V_Pa
        stiffness, hardness = p.layer.winkler_stiffness_Pa_m, p.metal.hardness_MPa * 1e6

        def shift(z):
            return per_Pa * np.clip(stiffness * (z - pressed.rest_plane_m), 0, hardness)

    solution = field.solve(
        occupancy,
        voxel_m=p.voxel_m,
        conductivity_S_m=p.conductivity_S_m,
        charge_transfer_resistance_ohm_m2=p.charge_transfer_resistance_ohm_m2,
        current_density_A_m2=p.current_density_A_m2,
        face_shift_V=shift,
    )
    current = solution.plating_current_A / (p.current_density_A_m2 * p.voxel_m**2)
    tip = current[23:25, 23:25, int(occupancy[23, 23].sum())]
    return float(tip.mean()), float(current[0, 0, 0]), largest, pressure_Pa


def test_piezo_layer_takes_current_off_the_tip_and_the_wrong_poling_draws_it_there():
    bare, piezo, anti = (bud_under(kind) for kind in ("bare", "piezo", "anti-poled"))
    assert piezo[2] > 0 > anti[2]
    assert piezo[0] < 0.97 * bare[0] and anti[0] > 1.03 * bare[0]
    assert piezo[1] > bare[1] > anti[1]  # the total is set: the flat gets what the tip does not


def test_effect_is_linear_in_the_charge():
    """Linear kinetics: poled either way the tip moves by the same amount about the inert layer's."""
    inert, piezo, anti = (bud_under(kind)[0] for kind in ("inert", "piezo", "anti-poled"))
    assert piezo - inert == pytest.approx(inert - anti, rel=1e-4)


def test_inert_layer_acts_by_the_pressure_term_only():
    bare, inert, nothing, screened = (
        bud_under(kind) for kind in ("bare", "inert", "inert, no pressure term", "screened")
    )
    assert nothing[0] == pytest.approx(bare[0], rel=1e-6) and nothing[2] == 0.0
    assert inert == screened and 0 < inert[0] < bare[0]
    assert inert[2] == pytest.approx(0.134735506e-9 * inert[3], rel=1e-7)  # V_m/F, Monroe and Newman


def test_the_field_of_an_initial_deposit_reaches_the_flat_below_its_bud():
    occupancy = np.zeros((16, 16, 40), bool)
    occupancy[7:9, 7:9, :12] = True
    parameters = study(**{"lattice.nx": 16, "lattice.ny": 16, "lattice.nz": 40})
    model = build.build_model(parameters)
    box, state = build.allocate_state(parameters, occupancy, wagner=1.0, weighted=False)
    build.settle(model, box, state)
    assert state.counters[0].first_plane == 1
    assert exact.field_error(model, box, state)["tv"] < parameters.field.tolerance
