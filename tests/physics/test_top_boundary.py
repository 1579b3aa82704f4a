"""The converged field's planes above the deposit: far and fine enough that the rates do not know of them."""

import numpy as np
import pytest
from small import study

from kmc_li.engine import field_error as exact
from kmc_li.engine.simulation import Simulation

AGREE = 1e-4  # TV of the event probabilities
FILM = {"stop.capacity_mAh_cm2": None, "field.samples": 0}


def grown(nx, ny, resistance, monolayers):
    events = monolayers * nx * ny
    simulation = Simulation(
        study(
            **FILM
            | {
                "lattice.nx": nx,
                "lattice.ny": ny,
                "lattice.nz": 128,
                "electrolyte.charge_transfer_resistance_ohm_cm2": resistance,
                "stop.events": events,
                "output.series_points": 1,
            }
        ),
        3,
    )
    simulation.advance(events)
    return simulation._model, simulation._box, simulation._state


def tv(a, b):
    return 0.5 * np.abs(a / a.sum() - b / b.sum()).sum()


@pytest.mark.parametrize(
    ("nx", "ny", "resistance", "monolayers"), [(20, 20, 20.0, 6), (24, 24, 0.0, 4), (256, 1, 0.0, 6), (12, 6, 2.0, 5)]
)
def test_stretched_planes_give_the_rates_of_a_tall_uniform_box(nx, ny, resistance, monolayers):
    deposit = grown(nx, ny, resistance, monolayers)
    period = max(nx, ny)
    tall = exact.converged_rates(*deposit, above=np.ones(2 * period))
    assert tv(exact.converged_rates(*deposit, above=np.ones(3 * period)), tall) < 1e-6
    assert tv(exact.converged_rates(*deposit), tall) < AGREE
    # The measure notices a top that is too near.
    assert tv(exact.converged_rates(*deposit, above=np.ones(2)), tall) > AGREE


@pytest.mark.parametrize(("nx", "ny"), [(1, 1), (5, 3), (64, 64), (1, 100), (512, 512)])
def test_planes_reach_two_periods(nx, ny):
    above = exact.planes_above(nx, ny)
    assert above.sum() >= 2 * max(nx, ny)
    assert (above[:16] == 1).all()
    assert set(above[1:] / above[:-1]) <= {1.0, 2.0}
