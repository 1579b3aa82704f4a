"""The pressed layer: rest plane against brute force, balance of forces, shifts and conductivity by height."""

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.constants import epsilon_0
from small import LAYER, study

from kmc_li import layer as public
from kmc_li.kernels.layers import winkler as layer

maps = st.lists(st.integers(0, 40), min_size=1, max_size=60)


def winkler(**constants):
    some = {"stack_pressure": 0.1, "hardness": 5.0, "shift_per_pressure": 1.0, "thickness": 6.0, "conductivity": 1.0}
    return layer.Winkler(**some | constants)


def rest_plane(heights, stack, hardness):
    columns = np.bincount(heights, minlength=60).astype(np.int64)
    return layer.rest_plane(winkler(stack_pressure=stack, hardness=hardness), len(heights), columns, max(heights))


@settings(max_examples=200, deadline=None)
@given(maps, st.floats(0.01, 5.0), st.floats(0.1, 50.0))
def test_rest_plane_is_that_of_brute_force(heights, stack, hardness):
    if stack > 0.999 * hardness:
        return  # the metal could not bear it
    found = rest_plane(heights, stack, hardness)
    pressure = np.clip(np.array(heights) - found, 0, hardness)
    assert pressure.mean() == pytest.approx(stack, rel=1e-9)
    expected = naive.rest_plane(heights, stack, 1.0, hardness)
    twin = np.clip(np.array(heights) - expected, 0, hardness)
    np.testing.assert_allclose(pressure, twin, atol=1e-9 * max(hardness, 1) + 1e-9 * stack * len(heights))


def test_a_layer_on_a_flat_film_is_pressed_evenly():
    assert rest_plane([7] * 16, 0.25, 100.0) == pytest.approx(6.75, abs=1e-12)


def test_only_the_highest_buds_touch_a_stiff_layer():
    """p_stack/(K voxel) = 1 % of the columns carry a voxel's pressure each."""
    heights = [10] * 99 + [30]
    assert rest_plane(heights, 0.01, 100.0) == pytest.approx(29.0)


def test_a_bud_gives_way_at_its_hardness():
    heights = [10] * 9 + [30]
    found = rest_plane(heights, 1.0, 4.0)  # the bud bears 4 of 10, the rest is shared by nine columns
    assert found == pytest.approx(10 - 6 / 9)


def test_shift_follows_the_pressure_at_each_height():
    shift = np.zeros(42)
    layer.set_shift(winkler(hardness=5.0, shift_per_pressure=-0.7), shift, 8.3)
    height = 0.5 * np.arange(42)
    np.testing.assert_allclose(shift, -0.7 * np.clip(height - 8.3, 0, 5.0), atol=1e-12)


def test_conductivity_is_the_mean_over_a_planes_thickness():
    thickness = np.ones(25)
    thickness[20:] = 2.0
    kappa = np.ones(25)
    assert layer.set_conductivity(winkler(thickness=6.0, conductivity=0.1), kappa, thickness, 24, 4.4)
    bottom = np.concatenate([[0], np.cumsum(thickness[1:23])])
    for s in range(1, 24):
        points = bottom[s - 1] + thickness[s] * (np.arange(1000) + 0.5) / 1000
        inside = ((points > 4.4) & (points < 10.4)).mean()
        assert kappa[s] == pytest.approx(1 - 0.9 * inside, abs=2e-3)
    assert not layer.set_conductivity(winkler(thickness=6.0, conductivity=0.1), kappa, thickness, 24, 4.4)


# In physical units


def test_monroe_newman_shift_of_lithium():
    """V_m/F = 13.0e-6/96485.33 V/Pa = 0.1347 mV/MPa, exactly."""
    inert = study(**LAYER | {"layer.d33_pC_N": 0.0})
    assert inert.layer.piezo_shift_V_Pa == 0.0
    pressed = public.press(np.array([[3, 5], [4, 9]]), inert)
    assert pressed.pressure_Pa.max() > 1e5
    ratio = pressed.face_shift_V[pressed.pressure_Pa > 0] / pressed.pressure_Pa[pressed.pressure_Pa > 0]
    np.testing.assert_allclose(ratio * 1e9, 0.134735506, rtol=1e-8)
    off = public.press(np.array([[3, 5], [4, 9]]), inert.replace(**{"layer.pressure_term": False}))
    assert (off.face_shift_V == 0).all()


@pytest.mark.parametrize("orientation", [-1, 1])
def test_piezo_shift_is_charge_over_permittivity_times_depth(orientation):
    p = study(**LAYER | {"layer.orientation": orientation, "layer.pressure_term": False})
    pressed = public.press(np.array([[3, 5], [4, 9]]), p)
    charge = -orientation * 5.7e-12 * pressed.pressure_Pa
    expected = p.layer.unscreened_share * charge * 4e-6 / (epsilon_0 * p.layer.relative_permittivity)
    np.testing.assert_allclose(pressed.face_shift_V, expected, rtol=1e-6)
    assert np.sign(pressed.face_shift_V.sum()) == -orientation


def test_mean_pressure_is_the_stacks():
    p = study(**LAYER)
    heights = np.random.default_rng(0).integers(0, 30, (16, 16))
    pressed = public.press(heights, p)
    assert pressed.pressure_Pa.mean() == pytest.approx(0.35e6, rel=1e-9)
    stiffness = p.layer.winkler_stiffness_Pa_m
    expected = naive.rest_plane(heights * p.voxel_m, 0.35e6, stiffness, p.metal.hardness_MPa * 1e6)
    assert pressed.rest_plane_m == pytest.approx(expected, rel=1e-9)
    assert pressed.contact_share == (heights * p.voxel_m > expected).mean()
