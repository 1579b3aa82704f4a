"""Butler-Volmer kinetics: the law of a face, its linear and its Tafel limit, and the field that it bends."""

import naive
import numpy as np
import pytest
from scipy.optimize import brentq
from small import LAYER, grown, study

from kmc_li.engine import build
from kmc_li.engine import field_error as exact
from kmc_li.engine.simulation import Simulation
from kmc_li.kernels.laws import butler_volmer
from kmc_li.kernels.layers.winkler import rest_plane

THERMAL_V = 8.314462618 * 298.15 / 96485.33212
# i0 a twentieth of j, and an SEI besides: tips and flat lie far up the exponential, at different slopes.
TAFEL = {
    "plating.kinetics": "butler-volmer",
    "electrolyte.exchange_current_density_mA_cm2": 0.05,
    "electrolyte.charge_transfer_resistance_ohm_cm2": 530.0,
}
SKEW = {"plating.alpha_cathodic": 0.7, "plating.alpha_anodic": 0.4}
SOFT = {"layer.preset": "BaTiO3/PVDF composite", "layer.thickness_um": 8.0, "layer.unscreened_share": 0.004}


@pytest.mark.parametrize("alphas", [(0.5, 0.5), (0.1, 0.9), (1.2, 0.3)])
@pytest.mark.parametrize("series", [1e-3, 0.5, 1e3])
@pytest.mark.parametrize("exchange", [1e-9, 0.3, 1e4])
def test_law_of_a_face_solves_its_equation(alphas, series, exchange):
    cathodic, anodic = alphas

    def current(eta):
        return exchange * (np.expm1(cathodic * eta) - np.expm1(-anodic * eta))

    for drop in (0.0, 1e-9, 1e-3, 1.0, 30.0, 300.0, -1e-3, -1.0, -30.0):
        low, high = min(drop, 0.0), max(drop, 0.0)
        eta = brentq(lambda e, d=drop: (d - e) / series - current(e), low, high, xtol=1e-300, rtol=1e-15)
        found, slope = butler_volmer.current_density(drop, series, exchange, cathodic, anodic)
        assert found == pytest.approx(current(eta), rel=1e-9, abs=0)
        rise = exchange * (cathodic * np.exp(cathodic * eta) + anodic * np.exp(-anodic * eta))
        assert slope == pytest.approx(rise / (1 + series * rise), rel=1e-9)


@pytest.mark.parametrize("resistance", [20.0, 530.0])
@pytest.mark.parametrize("exchange", [1e-4, 0.05, 3.0, 100.0])
@pytest.mark.parametrize("alphas", [(0.5, 0.5), (0.1, 0.9), (1.2, 0.3)])
def test_table_of_the_law_agrees_with_newton(alphas, exchange, resistance):
    """Faces of all slopes, drops from nothing to beyond the table; what a float32 potential keeps is 6e-8."""
    changes = TAFEL | {"plating.alpha_cathodic": alphas[0], "plating.alpha_anodic": alphas[1]}
    changes["electrolyte.exchange_current_density_mA_cm2"] = exchange
    changes["electrolyte.charge_transfer_resistance_ohm_cm2"] = resistance + 1e3 * THERMAL_V / sum(alphas) / exchange
    law, rng = butler_volmer.allocate(study(**changes), 1, np.float64), np.random.default_rng(1)
    unit = 1.0 / max(law.cathodic[0], law.anodic[0])
    sizes = np.concatenate([10 ** rng.uniform(-7, 0, 100), rng.uniform(0, butler_volmer.REACH + 2, 100), [0.0]])
    for drop in unit * np.concatenate([sizes, -sizes]):
        ratio = rng.uniform(1.0, np.sqrt(3.0))
        series, exchanged = 0.5 + law.series[0] * ratio, law.exchange[0] / ratio
        found, slope = butler_volmer.face(law, drop, ratio, 1.0)
        current, rise = butler_volmer.current_density(drop, series, exchanged, law.cathodic[0], law.anodic[0])
        assert found == pytest.approx(current, rel=3e-8, abs=0)
        assert slope == pytest.approx(rise, rel=3e-6)


def deposit(p, seed, share=0.35):
    """Model, box, state of random lithium under a study: overhangs, floating grains, pores."""
    model, rng = build.build_model(p), np.random.default_rng(seed)
    occupancy = rng.random((p.lattice.nx, p.lattice.ny, p.lattice.nz)) < share
    occupancy[:, :, 10:] = False
    box, state = build.allocate_state(p, occupancy, model=model, weighted=True)
    build.settle(model, box, state)
    return model, box, state, occupancy


def direct(p, occupancy, height, shift_V=lambda z: 0.0):
    """Event currents on a box of that height over j voxel^2, by a direct solution, as (nx, ny, height)."""
    tall = np.zeros((*occupancy.shape[:2], height), bool)
    tall[:, :, : occupancy.shape[2]] = occupancy[:, :, :height]
    alphas = p.plating.alpha_cathodic, p.plating.alpha_anodic
    exchange = p.exchange_current_density_A_m2
    series = p.charge_transfer_resistance_ohm_m2 - THERMAL_V / (sum(alphas) * exchange)
    kappa, held = np.full(height, p.conductivity_S_m), p.plating.overpotential_V
    faces = naive.solve_butler_volmer(
        tall, p.voxel_m, kappa, series, exchange, alphas, THERMAL_V, p.current_density_A_m2, shift_V, held
    )
    return naive.event_currents(tall.shape, faces) / (p.current_density_A_m2 * p.voxel_m**2)


SMALL = {"lattice.nx": 7, "lattice.ny": 6, "lattice.nz": 16}
CASES = {
    "Tafel": TAFEL,
    "no SEI": {"plating.kinetics": "butler-volmer"},
    "skew": TAFEL | SKEW,
    "2-D": TAFEL | {"lattice.nx": 24, "lattice.ny": 1},
    "held potential": TAFEL | {"plating.control": "potentiostatic", "plating.overpotential_V": 0.3},
}


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", CASES)
def test_converged_rates_agree_with_a_direct_newton_solution(name, seed):
    p = study(**SMALL | {"stop.capacity_mAh_cm2": 0.1} | CASES[name])
    model, box, state, occupancy = deposit(p, seed)
    expected = direct(p, occupancy, 20)  # a held potential lies four voxels above the box
    top = int(state.lattice.height.max())
    found = exact.converged_rates(model, box, state, above=np.ones(20 - top)).reshape(box)[:, :, 1:21]
    assert 0.5 * np.abs(found - expected).sum() < 1e-6 * expected.sum()
    assert expected.max() > 1.3 * expected[expected > 0.01 * expected.max()].mean()


def test_shifts_of_a_layer_agree_with_a_direct_newton_solution():
    strong = SOFT | {"layer.unscreened_share": 0.04}
    p = study(**TAFEL | strong | {"lattice.voxel_um": 0.25, "lattice.nz": 48, "stop.capacity_mAh_cm2": 0.05})
    simulation = grown(p, seed=3)
    model, box, state = simulation._model, simulation._box, simulation._state
    columns, top = state.lattice.height_histogram, int(state.lattice.height.max())
    layer = build.build_layer(p)
    rest = rest_plane(layer, 64, columns, top)
    unit_V = p.current_density_A_m2 * p.voxel_m / p.conductivity_S_m

    def shift_V(z):
        return layer.shift_per_pressure * unit_V * np.clip(z / p.voxel_m - rest, 0, layer.hardness)

    expected = direct(p, simulation.occupancy[:, :, : top + 1], top + 12, shift_V)
    found = exact.converged_rates(model, box, state, above=np.ones(12)).reshape(box)[:, :, 1 : top + 13]
    assert shift_V(top * p.voxel_m) > THERMAL_V / 5
    assert 0.5 * np.abs(found - expected).sum() < 1e-6 * expected.sum()


def test_small_currents_are_linear():
    """j = i0/10^4: the exponentials are their slopes to j/(8 i0) squared."""
    current = {"plating.current_density_mA_cm2": 1e-4, "electrolyte.charge_transfer_resistance_ohm_cm2": 26.0}
    exchange = {"electrolyte.exchange_current_density_mA_cm2": 1.0, "stop.capacity_mAh_cm2": 0.1}
    rates = []
    for kinetics in ("linear", "butler-volmer"):
        p = study(**SMALL | current | exchange | {"plating.kinetics": kinetics})
        rates.append(exact.converged_rates(*deposit(p, 1)[:3]))
    np.testing.assert_allclose(rates[1], rates[0], atol=2e-6 * rates[0].max(), rtol=0)


@pytest.mark.parametrize("layers", [0, 3])
def test_film_has_tafels_overpotential(layers):
    """phi above the film: (RT / alpha F) ln(j/i0) + j (R_SEI + voxel / 2 kappa) for j >> i0."""
    p = study(**TAFEL | {"electrolyte.exchange_current_density_mA_cm2": 1e-4, "lattice.film_voxels": layers}
              | {"electrolyte.charge_transfer_resistance_ohm_cm2": 256938.0})  # fmt: skip
    _, box, state = build.build(p)
    ohmic = p.charge_transfer_resistance_ohm_m2 - THERMAL_V / p.exchange_current_density_A_m2
    expected = 2 * THERMAL_V * np.log(1e4) + 10.0 * (ohmic + p.voxel_m / 2 / p.conductivity_S_m)
    unit_V = p.current_density_A_m2 * p.voxel_m / p.conductivity_S_m
    assert state.method.field.phi.reshape(box)[:, :, layers + 1] * unit_V == pytest.approx(expected, rel=1e-4)


STUDIES = {
    "3-D": {"lattice.nx": 24, "lattice.ny": 24, "lattice.nz": 96, "lattice.voxel_um": 0.25},
    "2-D": {"lattice.nx": 192, "lattice.ny": 1, "lattice.nz": 128, "lattice.voxel_um": 0.25},
    "layer": {"lattice.nx": 24, "lattice.ny": 24, "lattice.nz": 96, "lattice.voxel_um": 0.25} | SOFT,
    "held potential": SMALL | {"lattice.nz": 64, "plating.control": "potentiostatic", "plating.overpotential_V": 0.3},
}


@pytest.mark.parametrize("name", STUDIES)
def test_error_of_the_event_probabilities_is_the_tolerance(name):
    p = study(**TAFEL | STUDIES[name] | {"field.samples": 20, "stop.capacity_mAh_cm2": 0.3, "output.series_points": 100})
    report = grown(p, seed=1).report()
    errors = [sample["tv"] for sample in report["field_error_samples"]]
    assert len(errors) == 20
    assert report["field_tv_mean"] <= 0.01, np.round(errors, 4)
    assert report["field_tv_worst"] <= 0.02, np.round(errors, 4)


def test_charge_is_faradays():
    simulation = Simulation(study(**TAFEL | LAYER), 1)
    simulation.advance(150)
    voxels = int(simulation.occupancy.sum())
    charge = voxels * simulation.parameters.voxel_charge_C / simulation.parameters.face_area_m2 / 3.6e4
    assert simulation.areal_capacity_mAh_cm2 == pytest.approx(charge, rel=1e-12)
