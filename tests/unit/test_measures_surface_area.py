"""Area in faces against a slow twin; the corrected area against planes, spheres, rods and the gyroid."""

import numpy as np
import pytest
import solids
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kmc_li import morphology as m
from kmc_li.morphology.surface_area import SLAB

boxes = st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 5)).flatmap(lambda s: arrays(np.bool_, s))


def naive_faces(box, periodic):
    nx, ny, nz = box.shape
    faces = 0
    for x in range(nx):
        for y in range(ny):
            for z in range(nz):
                for u, v, w in ((x + 1, y, z), (x, y + 1, z), (x, y, z + 1)):
                    if w < nz and (periodic or (u < nx and v < ny)):
                        faces += box[x, y, z] != box[u % nx, v % ny, w]
    return faces


@given(boxes, st.booleans())
@settings(max_examples=100, deadline=None)
def test_faces_equal_their_twin_and_bound_the_smooth_area(box, periodic):
    area = m.surface_area(box, periodic)
    assert area.faces == naive_faces(box, periodic)
    assert area.smooth <= area.faces * (1 + 1e-6)


def test_films_and_slabs_are_exact():
    film = np.arange(20) < np.full((2 * SLAB + 5, 7, 1), 8)
    assert m.surface_area(film) == pytest.approx((film.shape[0] * 7, film.shape[0] * 7))
    for axis in (0, 1, 2):
        layers = solids.slabs((20, 20, 20), axis, 6, 4)
        interfaces = 4 if axis < 2 else 3  # the top of the box is no interface
        assert m.surface_area(layers) == pytest.approx((interfaces * 400, interfaces * 400), rel=1e-6)
    thin = solids.slabs((8, 8, 8), 0, 1, 1)
    assert m.surface_area(thin) == pytest.approx((512, 512), rel=1e-6)


def test_a_column_one_voxel_wide_shows_its_faces():
    column = np.zeros((9, 9, 30), dtype=bool)
    column[0, 0, :20] = True
    assert m.surface_area(column) == pytest.approx((81, 81), rel=0.06)


@pytest.mark.parametrize(("radius", "error"), [(3, 0.11), (6, 0.015), (8, 0.012), (12, 0.007), (20, 0.004)])
def test_spheres_anywhere(radius, error):
    rng = np.random.default_rng(radius)
    side = 2 * radius + 8
    for _ in range(6):
        center = (*rng.uniform(0, side, 2), side / 2 + rng.uniform(-0.5, 0.5))
        area = m.surface_area(solids.sphere((side,) * 3, radius, center))
        assert area.smooth == pytest.approx(4 * np.pi * radius**2, rel=error)
        # the projections of a ball, twice along each axis
        assert area.faces == pytest.approx(6 * np.pi * radius**2, rel=0.08)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_rods(axis):
    for center in ((20, 20, 20), (0, 39.7, 20.3)):
        rod = solids.cylinder((40, 40, 40), 12.3, center, axis)
        assert m.surface_area(rod).smooth == pytest.approx(2 * np.pi * 12.3 * 40, rel=0.01)


@pytest.mark.parametrize("n", [32, 64])
@pytest.mark.parametrize("shift", [0.0, 11.4])
def test_gyroid(n, shift):
    body = solids.gyroid(n, shift)
    # the seam of z is left out there, so take one period out of a longer box
    tall = np.concatenate([body] * 2, axis=2)
    seamless = m.surface_area(tall).smooth - m.surface_area(body).smooth
    assert body.mean() == pytest.approx(0.5, abs=0.01)
    assert seamless / n**2 == pytest.approx(solids.GYROID_AREA, rel=0.01)


def test_tilted_planes():
    for slope in ((1, 0), (1, 1), (0.5, 0.25), (2, 1), (0.1, 0)):
        x, y, z = np.indices((40, 40, 140))
        below = z < slope[0] * np.abs(x - 20) + slope[1] * np.abs(y - 20) + 20.3
        exact = 1600 * np.sqrt(1 + slope[0] ** 2 + slope[1] ** 2)
        # the four ridges of the roof lose a little
        assert m.surface_area(below).smooth == pytest.approx(exact, rel=0.04)


def test_box_without_periodicity_has_no_faces_at_its_sides():
    box = np.zeros((6, 6, 6), dtype=bool)
    box[0, 2:4, 2:4] = True
    assert m.surface_area(box, periodic=True).faces == 16
    assert m.surface_area(box, periodic=False).faces == 12
    assert m.surface_area(np.ones((3, 3, 3), bool)) == (0, 0)


def test_nothing_depends_on_the_seam():
    box = np.random.default_rng(1).random((30, 20, 12)) < 0.4
    moved = np.roll(box, (17, 5), axis=(0, 1))
    assert m.surface_area(moved) == pytest.approx(m.surface_area(box), rel=1e-6)
