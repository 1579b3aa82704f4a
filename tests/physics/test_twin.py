"""Growth by the live field and by the engine's walkers against an independent walk, the same process (benchmarks/twin.py)."""

from functools import cache

import numpy as np
import pytest
from small import chi_squared_p

from benchmarks import twin
from kmc_li import field


def porous(shape, seed):
    """Random Li in the lower third, the highest planes empty."""
    occupancy = np.random.default_rng(seed).random(shape) < 0.35
    occupancy[:, :, 6:] = False
    return occupancy


@pytest.mark.parametrize(("nx", "ny"), [(16, 1), (8, 8), (5, 6), (3, 1)])
def test_walkers_return_from_above_as_one_step_says(nx, ny):
    """q = (stay level + sideways + up and down twice) / links, from the law of a single step."""
    q = twin.returns(nx, ny)
    axes = [axis for axis, size in ((0, nx), (1, ny)) if size > 1]
    here = np.zeros((nx, ny))
    here[0, 0] = 1
    sideways = sum(np.roll(q, step, axis) for axis in axes for step in (1, -1))
    twice = np.fft.ifft2(np.fft.fft2(q) ** 2).real
    np.testing.assert_allclose(q, (here + sideways + twice) / (2 * len(axes) + 2), atol=1e-12)
    keep, other = twin.alias_table(q)
    share = keep + np.bincount(other, 1 - keep, minlength=q.size)
    np.testing.assert_allclose(share.reshape(q.shape) / q.size, q, atol=1e-12)


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize(("shape", "wagner"), [((8, 6, 30), 3.0), ((8, 8, 30), 0.0), ((24, 1, 80), 1.0)])
def test_walkers_are_absorbed_where_the_field_sends_current(shape, wagner, weighted):
    """chi^2 of 10^6 walkers on a frozen deposit."""
    occupancy = porous(shape, 11)
    current = field.solve(
        occupancy,
        voxel_m=1.0,
        conductivity_S_m=1.0,
        charge_transfer_resistance_ohm_m2=wagner,
        current_density_A_m2=1.0,
        face_area_weights=weighted,
    ).plating_current_A.reshape(-1, shape[2])
    grid = twin.grid(occupancy, wagner, weighted)
    top = int(np.nonzero(occupancy.any(axis=(0, 1)))[0].max()) + 1
    drawn = 10**6
    counts = np.zeros(grid.cell.shape, np.int64)
    twin.tally(grid, top, drawn, np.random.Generator(np.random.PCG64(2)), counts)
    counts = counts[:, 1:]
    assert counts.sum() == drawn and chi_squared_p(counts, current) > 0.01


CASES = {
    "2-D": twin.Case(192, 1, 0.3, monolayers=8),
    "2-D, primary": twin.Case(192, 1, np.inf, monolayers=4),
    "3-D": twin.Case(24, 24, 0.3, monolayers=6),
    "3-D, weighted faces": twin.Case(24, 24, 0.3, monolayers=6, face_area_weights=True),
    "3-D, primary": twin.Case(24, 24, np.inf, monolayers=3),
}


WAYS = {"walkers": (60, None), "field": (24, 0.005)}  # deposits, field.tolerance


@pytest.fixture(scope="module")
def exact():
    """The twin's deposits of a case, 120 of them."""
    return cache(lambda name: [CASES[name].by_twin(seed) for seed in range(120)])


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", CASES)
def test_the_engine_grows_what_the_twin_grows(name, way, exact):
    """Thickness, roughness, porosity, height and the profile of metal: equal within 3 sigma."""
    seeds, tolerance = WAYS[way]
    live = [CASES[name].by_engine(seed, tolerance) for seed in range(seeds)]
    groups = [np.array([twin.measures(deposit) for deposit in group]) for group in (live, exact(name))]
    away = twin.apart(*groups)
    assert np.abs(away).max() < 3, dict(zip(twin.METRICS, away.round(1), strict=True))
    bands = [0, 2, 4, 8, 16, 10**6]
    profiles = [np.array([_metal(deposit, bands) for deposit in group]) for group in (live, exact(name))]
    assert np.abs(twin.apart(*profiles)).max() < 3, twin.apart(*profiles).round(1)


def _metal(occupancy, bands):
    """Voxels of metal between heights."""
    return np.histogram(np.nonzero(occupancy)[2], bands)[0].astype(float)


@pytest.mark.slow
def test_a_loose_tolerance_is_noticed(exact):
    """The comparison sees the known bias of a live field at 20 %: deposits too compact."""
    loose = [CASES["3-D"].by_engine(seed, 0.2) for seed in range(72)]
    groups = [np.array([twin.measures(deposit) for deposit in group]) for group in (loose, exact("3-D"))]
    assert twin.apart(*groups).min() < -3
