"""The exported field is the run's: event probabilities from it against the engine's own converged field."""

import numpy as np
import pytest
from small import SHEDDING, grown, study

from kmc_li.engine import field_error
from kmc_li.export.fields import electric

LAYER = {
    "layer.preset": "BaTiO3/PVDF composite",
    "layer.thickness_um": 4.0,
    "layer.unscreened_share": 0.02,
    "layer.conductivity_S_m": 1e-4,
}
HELD = {"plating.control": "potentiostatic", "plating.overpotential_V": 0.4}
LIMIT = 1e-3  # a tenth of the error that a run allows itself by default
CASES = {
    "bare": {},
    "2-D": {"lattice.nx": 24, "lattice.ny": 1},
    "layer that conducts less": LAYER,
    "dead metal under a layer": LAYER | SHEDDING,
    "held potential": HELD,
    "held potential, layer": HELD | LAYER,
}


@pytest.mark.parametrize("name", CASES)
def test_the_exported_current_decides_what_the_run_decides(name):
    """Total variation against the engine's converged field, which has a grid and a top boundary of its own."""
    parameters = study(**CASES[name] | {"lattice.nz": 48, "stop.capacity_mAh_cm2": 0.5})
    simulation = grown(parameters, seed=4)
    model, box, state = simulation._model, simulation._box, simulation._state
    if name.startswith("dead"):
        assert state.counters[0].dead_voxels > 0
    exact = field_error.converged_rates(model, box, state).reshape(box)[:, :, 1 : parameters.lattice.nz + 1]
    occupancy = simulation.occupancy
    into = np.where(occupancy, 0.0, np.maximum(electric(parameters, occupancy).plating_current_A, 0.0))
    plating = np.where(occupancy, 0.0, exact)
    assert 0.5 * np.abs(into / into.sum() - plating / plating.sum()).sum() < LIMIT
    column_A = parameters.current_density_A_m2 * parameters.voxel_m**2  # the engine's unit of current
    assert plating.sum() == pytest.approx(into.sum() / column_A, rel=LIMIT)


def test_above_the_solved_planes_the_potential_goes_on_rising():
    """The same field in a box so low that all of it is solved."""
    tall, low = (study(**LAYER | {"lattice.nz": nz}) for nz in (48, 24))
    occupancy = np.zeros((8, 8, 48), bool)
    occupancy[:, :, :2] = True
    occupancy[2:4, 2:4, 2:6] = True
    above, below = electric(tall, occupancy), electric(low, occupancy[:, :, :24])
    assert np.array_equal(above.potential_V[:, :, :14], below.potential_V[:, :, :14])
    steps = np.diff(above.potential_V.mean(axis=(0, 1)))
    ohmic = tall.current_density_A_m2 * tall.voxel_m
    assert steps[8] == pytest.approx(ohmic / 1e-4, rel=1e-6) and steps[-1] == pytest.approx(ohmic / 4.15e-4, rel=1e-6)
