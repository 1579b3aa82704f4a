"""The engine's walkers, jumps and all, against the converged field on frozen deposits, and their running statistics."""

import numpy as np
import pytest
from scipy.stats import chi2
from small import HOPS, WALKERS, chi_squared_p, grown, study

from kmc_li import field
from kmc_li.engine import build, invariants
from kmc_li.engine import field_error as exact
from kmc_li.engine.simulation import Simulation
from kmc_li.kernels.base.jit import njit
from kmc_li.kernels.lattice.occupancy import Box
from kmc_li.kernels.methods import free_cubes, free_regions, walk_tables, walkers
from kmc_li.morphology import attached_to_collector

DRAWN = 10**6


@njit
def tally(cell, box, method, counters, rng, drawn, counts):
    for _ in range(drawn):
        counts[walkers.walk(cell, box, method, counters[0], rng)] += 1


def posts(shape):
    """A rough floor, with a few tall posts far apart: room for jumps of every size."""
    rng = np.random.default_rng(5)
    occupancy = rng.random(shape) < 0.4
    occupancy[:, :, 3:] = False
    for x, y in rng.integers(0, shape[:2], (3, 2)):
        occupancy[x, y, : shape[2] // 2] = True
    return occupancy


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize(
    ("shape", "wagner"),
    [((72, 64, 90), 3.0), ((40, 40, 50), 0.0), ((7, 9, 30), 1.0), ((150, 1, 120), 2.0), ((24, 20, 30), 70.0)],
)
def test_walkers_land_where_the_current_goes(shape, wagner, weighted):
    """chi^2 of 10^6 of them; their visits give the mean potential above the deposit."""
    occupancy = posts(shape)
    solved = field.solve(
        occupancy,
        voxel_m=1.0,
        conductivity_S_m=1.0,
        charge_transfer_resistance_ohm_m2=wagner,
        current_density_A_m2=1.0,
        face_area_weights=weighted,
    )
    parameters = study(**WALKERS)
    model = build.build_model(parameters)
    box, state = build.allocate_state(parameters, occupancy, wagner=wagner, weighted=weighted)
    build.settle(model, box, state)
    counts = np.zeros(state.lattice.cell.size, np.int64)
    rng = np.random.default_rng(3)
    tally(state.lattice.cell, box, state.method, state.counters, rng, DRAWN, counts)
    landed = counts.reshape(box)[:, :, 1 : shape[2] + 1]
    assert landed.sum() == DRAWN
    assert chi_squared_p(landed, solved.plating_current_A) > 0.01
    n = state.counters[0]
    above = solved.potential_V[:, :, int(n.top_plane)]
    assert n.visits / n.walkers == pytest.approx(above.mean(), rel=0.01)


def test_dead_metal_reflects_walkers():
    """chi^2 of 10^6 of them where part of the floor hangs loose, against the converged field."""
    parameters = study(**WALKERS | HOPS)
    model = build.build_model(parameters)
    occupancy = posts((24, 24, 40))
    box, state = build.allocate_state(parameters, occupancy, wagner=1.0, weighted=True)
    build.settle(model, box, state)
    loose = occupancy & ~attached_to_collector(occupancy)
    assert state.counters[0].dead_voxels == loose.sum() > 0
    counts = np.zeros(state.lattice.cell.size, np.int64)
    rng = np.random.default_rng(4)
    tally(state.lattice.cell, box, state.method, state.counters, rng, DRAWN, counts)
    assert chi_squared_p(counts, exact.converged_rates(model, box, state)) > 0.01


@pytest.mark.parametrize("shape", [(31,), (9, 9), (23, 23, 23)])
def test_the_sine_transform_is_that_of_scipy(shape):
    from scipy.fft import dstn, idstn

    values = np.random.default_rng(3).random(shape)
    np.testing.assert_allclose(walk_tables.sine_transform(values), dstn(values, type=1), rtol=1e-12, atol=1e-10)
    factor = (2.0 * shape[0] + 2.0) ** -len(shape)
    np.testing.assert_allclose(walk_tables.sine_transform(values, factor), idstn(values, type=1), rtol=1e-12, atol=1e-14)


def test_a_cube_is_left_as_a_walk_leaves_it():
    """Exit places and visits by plane of 2 * 10^5 walks from the centre of a cube of half-width 4, in 3-D and 2-D."""
    rng = np.random.default_rng(1)
    for axes in (3, 2):
        place, visits = walk_tables.exits(4, axes)
        assert place.sum() == pytest.approx(1.0)  # one face of 2 axes, over the 1/(2 axes) of a step
        at, inside = np.zeros((200_000, axes), int), np.ones(200_000, bool)
        seen = np.zeros(7)
        while inside.any():
            seen += np.bincount(at[inside, 0] + 3, minlength=7)
            step = rng.integers(0, 2 * axes, inside.sum())
            at[np.flatnonzero(inside), step // 2] += 2 * (step % 2) - 1
            inside = np.abs(at).max(axis=1) < 4
        np.testing.assert_allclose(seen / len(at), visits, rtol=0.02)
        top = at[at[:, 0] == 4][:, 1:] + 3
        share = np.zeros((7,) * (axes - 1))
        np.add.at(share, tuple(top.T), 1)
        expected = place.reshape(share.shape) * len(top)
        assert chi2.sf(((share - expected) ** 2 / expected).sum(), share.size - 1) > 0.01


SHAPES = [(16, 16, 20), (80, 72, 90), (12, 4, 33), (7, 5, 20), (33, 1, 40), (1, 9, 12), (1, 1, 9), (2, 3, 12), (3, 32, 14)]


@pytest.mark.parametrize("shape", SHAPES)
def test_what_voxels_know_of_the_metal_around_them(shape):
    """After each of many voxels come and gone: as entered afresh, and as counted metal by metal."""
    rng, box = np.random.default_rng(2), Box(*shape)
    regions, metal = free_regions.FreeRegions(*walk_tables.free_regions(*shape)), set()
    wide = 0
    for step in range(401):
        voxel = tuple(int(i) for i in rng.integers(0, np.minimum(shape, 24)))
        change = -1 if voxel in metal else 1
        (metal.discard if change < 0 else metal.add)(voxel)
        free_regions.note(regions, box, voxel[0] * box.ny + voxel[1], voxel[2], change)
        if step % 40 == 0:
            free_cubes.settle(regions, box)
            fresh = free_regions.FreeRegions(*walk_tables.free_regions(*shape))
            for x, y, s in sorted(metal):
                free_regions.note(fresh, box, x * box.ny + y, s, 1)
            np.testing.assert_array_equal(free_cubes.codes(regions, box), free_cubes.codes(fresh, box))
            for name in ("metal", "near", "occupied", "block_bits"):
                np.testing.assert_array_equal(getattr(regions, name), getattr(fresh, name), name)
            for _ in range(50):
                at = tuple(int(i) for i in rng.integers(0, shape))
                place = free_regions.place(regions, *at)
                code = int(regions.code[place])
                assert (code >= free_regions.METAL) == (at in metal)
                if code < free_regions.METAL:
                    assert code & free_regions.WAYS == _mask(at, metal, shape) if code >= free_regions.CONTACT else True
                    free = min((_free(at, other, shape) for other in metal), default=99)
                    assert (code >= free_regions.CONTACT) == (free == 0)
                    if code < free_regions.CONTACT:
                        found = free_cubes.half_width(regions, box, *at, place, code)
                        assert found == free if free < free_regions.NEAR else free_regions.NEAR <= found <= free
                        wide = max(wide, found)
    assert wide > 9 or max(shape) < 80


def _free(at, other, shape):
    """Half-width of the largest cube around a voxel that another one leaves free, its edges not counted."""
    apart = [min(abs(a - b), n - abs(a - b)) for a, b, n in zip(at[:2], other[:2], shape[:2], strict=True)]
    _, second, most = sorted([*apart, abs(at[2] - other[2])])
    return most if second == most else most - 1


def _mask(at, metal, shape):
    mask = 0
    for way in range(6):
        axis, step = way // 2, 2 * (way % 2) - 1
        other = list(at)
        other[axis] += step
        if axis < 2:
            other[axis] %= shape[axis]
        mask |= (tuple(other) in metal and shape[axis] > 1) << way
    return mask


def test_a_run_with_walkers_keeps_its_books():
    """Everything recounted on the way; Faraday's law; the rows' potential and current share those of the field."""
    parameters = study(**WALKERS | {"lattice.nx": 24, "lattice.ny": 24, "output.series_points": 8})
    simulation = Simulation(parameters, 4)
    of_field = parameters.replace(**{"field.method": "multigrid"})
    while simulation.finished is None:
        simulation.advance(500)
        invariants.check(simulation)
    assert simulation.report()["field_method"] == "walkers"
    several = [[grown(p, seed).record() for seed in range(6)] for p in (parameters, of_field)]
    for name in ("overpotential_V", "high_current_share", "thickness_um", "roughness_Sq_um"):
        walked, solved = (np.array([row[name] for row in rows]) for rows in several)
        error = np.hypot(walked.std(ddof=1), solved.std(ddof=1)) / 6**0.5
        assert abs(walked.mean() - solved.mean()) < 3 * error, (name, walked, solved)


@njit
def tally_from(cell, box, method, counters, rng, x, y, s, drawn, counts):
    for _ in range(drawn):
        counts[walkers.walk_from(cell, box, method, counters[0], rng, x, y, s) // box.ns] += 1


@pytest.mark.parametrize(("shape", "wagner"), [((64, 60, 8), 6.6), ((40, 24, 8), 2.0), ((96, 1, 8), 6.6)])
def test_where_an_ion_lands_that_starts_above_a_flat_film(shape, wagner):
    """Each Fourier mode of the distribution around the start, against the Robin problem of the half lattice."""
    model = build.build_model(study(**WALKERS))
    film = np.zeros(shape, bool)
    film[:, :, :3] = True
    box, state = build.allocate_state(study(**WALKERS), film, wagner=wagner)
    build.settle(model, box, state)
    counts, drawn, (x, y) = np.zeros(shape[0] * shape[1], np.int64), 10**6, (11, 7 % shape[1])
    rng = np.random.default_rng(8)
    tally_from(state.lattice.cell, box, state.method, state.counters, rng, x, y, 4, drawn, counts)
    landed = np.roll(counts.reshape(shape[:2]), (-x, -y), axis=(0, 1)) / drawn
    assert counts.sum() == drawn
    kx, ky = (2 * np.pi * np.fft.fftfreq(n) for n in shape[:2])
    lateral = (1 - np.cos(kx))[:, None] + (1 - np.cos(ky))[None, :]
    above = 1 + lateral - np.sqrt((1 + lateral) ** 2 - 1)  # what of a mode comes back from above
    face = 1 / (wagner + 0.5)
    exact = face / (1 + face + 2 * lateral - above)
    error = np.fft.fft2(landed) - exact
    deviation = np.sqrt(0.5 / drawn)  # of real and imaginary part, at most
    assert np.abs(error.real).max() < 5 * deviation * np.sqrt(2)
    assert np.abs(error.imag).max() < 5 * deviation * np.sqrt(2)
