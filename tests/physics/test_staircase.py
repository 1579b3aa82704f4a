"""Planes inclined against the lattice plate as fast as (100) where W is large (benchmarks/staircase.py)."""

import numpy as np
import pytest

from benchmarks import staircase


@pytest.mark.parametrize("wagner", [30.0, 1000.0])
@pytest.mark.parametrize("plane", staircase.SLOPES)
def test_current_over_true_area_is_that_of_a_flat(plane, wagner):
    assert staircase.current_over_area(plane, wagner, weights=True) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize(("plane", "staircase_area"), [("110", np.sqrt(2)), ("111", np.sqrt(3))])
def test_plain_faces_count_with_the_staircase(plane, staircase_area):
    assert staircase.current_over_area(plane, 1000.0, weights=False) == pytest.approx(staircase_area, rel=0.01)


@pytest.mark.slow
@pytest.mark.parametrize(("plane", "plain"), [("110", 1.2), ("111", 1.4)])
def test_weighted_planes_grow_as_fast_as_a_flat_when_noise_is_reduced(plane, plain):
    assert staircase.speed(plane, 64, True, 0) == pytest.approx(1, abs=0.05)
    assert staircase.speed(plane, 64, False, 0) > plain
