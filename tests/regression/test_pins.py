"""Trajectories are what they were (pins.py), from commit bee0a31 on."""

import json

import pytest
from regression.pins import FILE, pin, pinned

PINS, RUNS = json.loads(FILE.read_text()), pinned()


@pytest.mark.parametrize("name", RUNS)
def test_a_trajectory_is_the_one_pinned(name):
    assert pin(*RUNS[name]) == PINS[name]


def test_every_pin_has_its_run():
    assert set(PINS) == set(RUNS)
