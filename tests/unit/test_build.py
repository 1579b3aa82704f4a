"""From a study in physical units to the kernels' numbers, and the state a run starts from."""

import naive
import numpy as np
import pytest
from small import HOPS, LAYER, WALKERS, grown, study

from kmc_li.engine import build, invariants
from kmc_li.engine import field_error as exact
from kmc_li.kernels.lattice.occupancy import DEAD
from kmc_li.kernels.layers.bare import Bare
from kmc_li.kernels.methods.multigrid import Multigrid
from kmc_li.kernels.methods.uniform import Uniform
from kmc_li.kernels.methods.walkers import Walkers


def test_unit_current_fills_voxels_at_faradays_rate():
    """1 mA/cm^2 of lithium grows 1.347 nm/s, so a voxel of 0.5 um takes 371 s."""
    model = build.build_model(study())
    assert 500 / model.monolayer_rate**-1 == pytest.approx(1.347, abs=5e-4)
    twice = build.build_model(study(**{"plating.current_density_mA_cm2": 2.0}))
    assert twice.monolayer_rate == pytest.approx(2 * model.monolayer_rate, rel=1e-12)


def test_hop_rates_are_arrhenius_by_neighbors():
    rates = build.hop_rates(study(**HOPS))
    beta = 1 / (8.617333262e-5 * 298.15)
    for n in range(1, 6):
        assert rates[n] == pytest.approx(2e4 * np.exp(-(0.15 + 0.15 * n) * beta), rel=1e-9)
    assert rates[0] == rates[6] == 0
    assert (build.hop_rates(study()) == 0).all()


def test_layer_in_voxels():
    p = study(**LAYER | {"layer.conductivity_S_m": 1e-4})
    layer = build.build_layer(p)
    per_voxel_Pa = p.layer.modulus_GPa * 1e9 / 4e-6 * 0.5e-6
    assert layer.stack_pressure == pytest.approx(0.35e6 / per_voxel_Pa)
    assert layer.hardness == pytest.approx(p.metal.hardness_MPa * 1e6 / per_voxel_Pa)
    assert layer.thickness == 8
    assert layer.conductivity == pytest.approx(1e-4 / 4.15e-4)
    volt = 10.0 * 0.5e-6 / 4.15e-4  # j voxel / kappa
    per_Pa = p.layer.piezo_shift_V_Pa + 13.0e-6 / 96485.33212
    assert layer.shift_per_pressure == pytest.approx(per_Pa * per_voxel_Pa / volt, rel=1e-9)
    assert isinstance(build.build_layer(study()), Bare)


def test_method_and_height():
    assert isinstance(build.build(study())[2].method, Multigrid)
    assert isinstance(build.build(study(**{"plating.kinetics": "uniform"}))[2].method, Uniform)
    assert isinstance(build.build(study(**WALKERS))[2].method, Walkers)
    assert build.build_model(study(**{"stop.height_um": 6.0})).nz == 12
    assert build.build_model(study()).nz == 32


@pytest.mark.parametrize("changes", [{}, LAYER, {"lattice.nx": 20, "lattice.ny": 1}, {"plating.kinetics": "uniform"}])
def test_run_starts_from_an_even_film(changes):
    model, box, state = build.build(study(**changes))
    invariants.check_lattice(box, state)
    invariants.check_sites(model, box, state)
    invariants.check_rates(model, box, state)
    members = invariants.listed(state.method.sites)
    assert len(members) == box.nx * box.ny
    np.testing.assert_allclose(state.method.sites.rate[members[:, 0]], 1.0, rtol=1e-4)


RUNS = {
    "bare": {},
    "plain faces": {"plating.face_area_weights": False},
    "primary distribution": {"electrolyte.charge_transfer_resistance_ohm_cm2": 0.0},
    "layer": LAYER | {"layer.conductivity_S_m": 1e-4},
    "stripping": LAYER | {"layer.unscreened_share": 0.5},
    "anti-poled": LAYER | {"layer.unscreened_share": 0.1, "layer.orientation": 1},
    "2-D": {"lattice.nx": 24, "lattice.ny": 1} | LAYER,
}


@pytest.mark.parametrize("name", RUNS)
def test_rates_of_a_grown_deposit_are_those_of_the_model(name):
    """The whole way from a study's units to the rates of its events, against the naive field on a tall uniform box."""
    p = study(**RUNS[name] | {"stop.capacity_mAh_cm2": 0.15, "lattice.nz": 16})
    simulation = grown(p, seed=6)
    box = simulation._box
    found = exact.converged_rates(simulation._model, box, simulation._state).reshape(box)[:, :, 1:]
    planes = int(simulation._state.lattice.height.max()) + 2 * max(box.nx, box.ny)
    occupancy = np.zeros((box.nx, box.ny, planes), bool)
    low = min(planes, 16)
    occupancy[:, :, :low] = simulation.occupancy[:, :, :low]
    dead = np.zeros_like(occupancy)
    dead[:, :, :low] = (simulation._state.lattice.cell.reshape(box)[:, :, 1 : low + 1] & DEAD) != 0
    heights = np.where(occupancy, np.arange(1, planes + 1), 0).max(axis=2) * p.voxel_m
    kappa, shift = np.full(planes, p.conductivity_S_m), lambda z: 0.0
    if p.layer is not None:
        stiffness, hardness = p.layer.winkler_stiffness_Pa_m, p.metal.hardness_MPa * 1e6
        rest = naive.rest_plane(heights, p.layer.stack_pressure_MPa * 1e6, stiffness, hardness)
        volt_Pa = p.layer.piezo_shift_V_Pa + p.pressure_shift_V_Pa
        shift = lambda z: volt_Pa * np.clip(stiffness * (z - rest), 0, hardness)  # noqa: E731
        bottom = np.arange(planes) * p.voxel_m
        ends = rest + p.layer.thickness_um * 1e-6
        inside = np.clip(np.minimum(bottom + p.voxel_m, ends) - np.maximum(bottom, rest), 0, None) / p.voxel_m
        kappa += (p.layer_conductivity_S_m - p.conductivity_S_m) * inside
    _, faces = naive.solve_field(
        occupancy,
        p.voxel_m,
        kappa,
        p.charge_transfer_resistance_ohm_m2,
        p.current_density_A_m2,
        shift,
        p.plating.face_area_weights,
        insulating=dead,
    )
    expected = naive.event_currents(occupancy.shape, faces) / (p.current_density_A_m2 * p.voxel_m**2)
    shared = min(planes, found.shape[2])
    difference = np.abs(found[:, :, :shared] - expected[:, :, :shared])
    assert not expected[:, :, shared:].any()
    assert difference.sum() < 2e-3 * expected.sum()
    if name == "stripping":
        assert expected[occupancy].sum() > 0.01 * expected.sum()
