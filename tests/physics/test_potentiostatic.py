"""A held potential: Ohm's law on a film, where the plane is at which it is held, time and charge."""

import naive
import numpy as np
import pytest
from small import LAYER, grown, study

from kmc_li.engine import build, observables
from kmc_li.engine import field_error as exact
from kmc_li.engine.simulation import Simulation

HELD = {"plating.control": "potentiostatic", "plating.overpotential_V": 0.05}
FREE = {"stop.capacity_mAh_cm2": None, "stop.events": 10**6, "field.samples": 0}


@pytest.mark.parametrize(("film", "gap", "resistance"), [(0, 4, 20.0), (5, 9, 0.0), (20, 1, 200.0)])
def test_flat_film_draws_the_current_of_ohms_law(film, gap, resistance):
    """V / (R_ct + distance / kappa), the distance that of the deposit from the plane above the box."""
    p = study(
        **HELD
        | {
            "lattice.film_voxels": film,
            "field.top_gap_voxels": gap,
            "electrolyte.charge_transfer_resistance_ohm_cm2": resistance,
            "stop.capacity_mAh_cm2": 0.1,
        }
    )
    model, box, state = build.build(p)
    distance_m = (32 + gap - film) * 0.5e-6
    expected = 0.05 / (resistance * 1e-4 + distance_m / 4.15e-4)
    per_column = p.current_density_A_m2 / (box.nx * box.ny)
    assert exact.converged_rates(model, box, state).sum() * per_column == pytest.approx(expected, rel=1e-6)
    assert state.counters[0].plate_sum * per_column == pytest.approx(expected, rel=1e-4)
    row = observables.field_row(box, state, p)
    assert row["current_density_mA_cm2"] == pytest.approx(0.1 * expected, rel=1e-4)


def test_rates_in_use_agree_with_a_direct_solution_on_a_grown_deposit():
    """Converged rates, on planes that grow thicker, against every plane up to where the potential is held."""
    p = study(**HELD | {"lattice.nx": 7, "lattice.ny": 6, "lattice.nz": 24, "stop.capacity_mAh_cm2": 0.2})
    simulation = grown(p, seed=2)
    model, box, state = simulation._model, simulation._box, simulation._state
    tall = np.zeros((7, 6, 28), bool)
    tall[:, :, :24] = simulation.occupancy
    resistance, kappa = p.charge_transfer_resistance_ohm_m2, np.full(28, p.conductivity_S_m)
    _, faces = naive.solve_field(tall, p.voxel_m, kappa, resistance, None, top_V=0.05)
    expected = naive.event_currents(tall.shape, faces) / (p.current_density_A_m2 * p.voxel_m**2)
    found = exact.converged_rates(model, box, state).reshape(box)[:, :, 1:29]
    np.testing.assert_allclose(found, expected, atol=2e-4 * expected.max(), rtol=0)
    assert found.sum() == pytest.approx(expected.sum(), rel=1e-4)


@pytest.mark.parametrize("name", ["bare", "layer"])
def test_field_in_use_and_its_current_are_exact_to_the_tolerance(name):
    layer = {"layer.preset": "BaTiO3/PVDF composite", "layer.thickness_um": 8.0, "layer.unscreened_share": 5e-4}
    p = study(
        **HELD
        | {"lattice.nx": 24, "lattice.ny": 24, "lattice.nz": 96, "lattice.voxel_um": 0.25}
        | {"field.samples": 20, "stop.capacity_mAh_cm2": 0.3, "output.series_points": 40}
        | (layer if name == "layer" else {})
    )
    report = grown(p, seed=1).report()
    errors = report["field_error_samples"]
    assert report["field_tv_mean"] <= 0.01
    assert np.abs([e["current"] for e in errors]).mean() <= 0.01, errors


def test_waiting_times_are_those_of_the_rates():
    """Given the rates before each event its time is exponential: sums of 1/k and 1/k^2 are mean and variance."""
    simulation = Simulation(study(**HELD | FREE), 4)
    mean, variance, current = 0.0, 0.0, []
    for _ in range(400):
        row = simulation.record()
        per_s = row["current_density_mA_cm2"] * 10 * simulation.parameters.face_area_m2
        rate = per_s / simulation.parameters.voxel_charge_C
        mean, variance = mean + 1 / rate, variance + 1 / rate**2
        current.append(row["current_density_mA_cm2"])
        simulation.advance(1)
    assert abs(simulation.time_s - mean) < 3 * variance**0.5
    assert current[-1] > 1.2 * current[0]  # the deposit has come nearer
    # and the charge of that current is the metal's
    assert simulation.events == 400
    charge = 400 * simulation.parameters.voxel_charge_C / simulation.parameters.face_area_m2 / 3.6e4
    assert simulation.areal_capacity_mAh_cm2 == pytest.approx(charge, rel=1e-12)


def test_deposit_that_meets_the_box_ends_the_run_below_the_plane():
    simulation = grown(study(**HELD | FREE | {"lattice.nz": 10, "field.top_gap_voxels": 1}), seed=1)
    assert simulation.finished == "box is full"
    rates = exact.converged_rates(simulation._model, simulation._box, simulation._state)
    assert np.isfinite(rates).all() and rates.sum() > 0
    assert simulation.occupancy[:, :, -1].any()


def test_galvanostatic_series_holds_the_set_current():
    assert grown(study(), seed=1).record()["current_density_mA_cm2"] == 1.0
    assert "current" not in grown(study(**LAYER | {"field.samples": 1})).report()["field_error_samples"][0]
