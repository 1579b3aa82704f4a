"""Rough substrates, nuclei and patches: exact statistics, and the same place in space for every voxel."""

import numpy as np
import pytest
from scipy import special
from small import grown, study

from kmc_li.engine import build, invariants, waves
from kmc_li.engine.seeds import resistance_ratio, substrate_heights
from kmc_li.errors import UserError
from kmc_li.morphology.spectrum import power_spectrum

ROUGH = {"roughness_um": 0.3, "correlation_length_um": 1.0, "hurst": 0.7}
SIDE_UM = 16.0


def box(columns, rows=None, height_um=16.0, side_um=SIDE_UM, **changes):
    """A study of `columns` x `rows` columns, its box `side_um` wide."""
    voxel_um = side_um / columns
    lattice = {"nx": columns, "ny": rows or columns, "nz": round(height_um / voxel_um), "voxel_um": voxel_um}
    return study(lattice=lattice, **changes)


def shares(columns, length_um, hurst, dimensions):
    """Share of each wave number's power in that of all waves of the box, by a plain sum over very many."""
    most = 1500 if dimensions == 2 else 10**6
    number = np.arange(-most, most + 1) * 2 * np.pi / SIDE_UM
    k = np.abs(number) if dimensions == 1 else np.hypot(number[:, None], number[None, :])
    power = np.where(k > 0, (1 + (k * length_um) ** 2) ** (-hurst - dimensions / 2), 0)
    inner = np.abs(np.arange(-most, most + 1)) < columns / 2
    kept = power[inner].sum() if dimensions == 1 else power[np.ix_(inner, inner)].sum()
    return kept / power.sum()


@pytest.mark.parametrize(("rows", "dimensions"), [(None, 2), (1, 1)])
def test_roughness_is_the_given_one_in_expectation(rows, dimensions):
    """All waves of the box together have the given rms; a grid holds those longer than two of its columns."""
    p = box(96, rows, substrate=ROUGH)
    squares = np.array([substrate_heights(p, seed).var() for seed in range(200 if rows else 60)]) * p.lattice.voxel_um**2
    share = shares(96, 1.0, 0.7, dimensions)
    assert 0.95 < share < 1
    error = squares.std(ddof=1) / np.sqrt(len(squares))
    assert abs(squares.mean() - share * 0.3**2) < 3 * error
    assert error < 0.04 * 0.3**2


def test_spectrum_is_flat_and_then_falls_with_the_hurst_exponent():
    p = box(128, substrate=ROUGH | {"correlation_length_um": 2.0})
    found = [power_spectrum(substrate_heights(p, seed) * p.lattice.voxel_um, p.lattice.voxel_um) for seed in range(30)]
    q, density = found[0].q, np.mean([each.density for each in found], axis=0)
    error = density / np.sqrt(found[0].modes / 2 * len(found))
    exact = (1 + (q * 2.0) ** 2) ** -1.7
    exact *= 0.3**2 * 4 * np.pi * 0.7 * 2.0**2  # the unbounded surface's
    box_gain = np.average(density / exact, weights=1 / (error / exact) ** 2)
    # of an unbounded surface, the infinitely long wave of the box holds C(0) (2 pi/L)^2/(4 pi^2): the others share it
    held = 4 * np.pi * 0.7 * 2.0**2 / SIDE_UM**2
    assert box_gain == pytest.approx(1 / (1 - held), rel=0.02)
    inner = q < 0.8 * q.max()
    z = ((density - box_gain * exact) / error)[inner]
    assert (z**2).mean() == pytest.approx(1, abs=0.5) and np.abs(z).max() < 4.5
    steep = (q > 6 / 2.0) & inner
    assert np.polyfit(np.log(q[steep]), np.log(density[steep]), 1)[0] == pytest.approx(-2 * 0.7 - 2, abs=0.1)


def test_heights_are_correlated_as_of_that_length():
    """2^(1-H)/Gamma(H) (r/l)^H K_H(r/l), along the axes and between them."""
    p = box(128, substrate=ROUGH)
    power = np.mean([np.abs(np.fft.fft2(substrate_heights(p, seed))) ** 2 for seed in range(40)], axis=0)
    power[0, 0] = 0
    covariance = np.fft.ifft2(power).real
    correlation = covariance / covariance[0, 0]
    for steps, r in ((8, 1.0), (16, 2.0)):
        exact = 2**0.3 / special.gamma(0.7) * r**0.7 * special.kv(0.7, r)
        missing = 4 * np.pi * 0.7 / SIDE_UM**2  # the mean of the box is taken off
        exact = (exact - missing) / (1 - missing)
        assert correlation[steps, 0] == pytest.approx(exact, abs=0.02)
        assert correlation[0, steps] == pytest.approx(exact, abs=0.02)
    r = 6 * np.sqrt(2) / 8
    exact = 2**0.3 / special.gamma(0.7) * r**0.7 * special.kv(0.7, r)
    assert correlation[6, 6] == pytest.approx((exact - missing) / (1 - missing), abs=0.02)


@pytest.mark.parametrize("rows", [None, 1])
@pytest.mark.parametrize("columns", [32, 31])
def test_a_finer_voxel_refines_the_same_surface(rows, columns):
    """Three times finer: without the waves that only the finer grid holds, the heights are the same to the last digits."""
    coarse = substrate_heights(box(columns, rows, substrate=ROUGH), 5) * SIDE_UM / columns
    fine = substrate_heights(box(3 * columns, rows and 1, substrate=ROUGH), 5) * SIDE_UM / (3 * columns)
    waves_of = np.fft.fft2(fine)
    for axis, side in enumerate(fine.shape):
        if side > 1:
            number = np.abs(np.fft.fftfreq(side, 1 / side))
            waves_of[(number >= columns / 2) if axis == 0 else (slice(None), number >= columns / 2)] = 0
    long = np.fft.ifft2(waves_of).real[1::3, 1 if rows is None else 0 :: 3]
    np.testing.assert_allclose(long - long.mean(), coarse - coarse.mean(), atol=1e-7)
    assert fine.std() > coarse.std()


def test_a_box_that_is_not_square_and_a_seed_of_its_own():
    p = study(lattice={"nx": 48, "ny": 12, "nz": 64, "voxel_um": 0.25}, substrate=ROUGH)
    one, other = substrate_heights(p, 1), substrate_heights(p, 2)
    assert one.shape == (48, 12) and one.min() == 0 and other.min() == 0
    assert np.array_equal(one, substrate_heights(p, 1)) and not np.array_equal(one, other)
    turned = study(lattice={"nx": 12, "ny": 48, "nz": 64, "voxel_um": 0.25}, substrate=ROUGH)
    many = [[substrate_heights(q, seed).var() for seed in range(60)] for q in (p, turned)]
    assert np.mean(many[0]) == pytest.approx(np.mean(many[1]), rel=0.15)
    assert (substrate_heights(study(lattice={"nx": 1, "ny": 1, "nz": 64}, substrate=ROUGH), 1) == 0).all()
    assert (substrate_heights(study(), 1) == 0).all()


def test_every_wave_has_a_place_of_its_own():
    x, y = (part.ravel() for part in np.mgrid[-6:7, 0:7])
    half = (y > 0) | (x > 0)
    places = waves._place(x[half], y[half])
    assert sorted(places) == list(range(2 * 6 * 7))
    assert max(places[(np.maximum(np.abs(x[half]), y[half])) <= 3]) == 2 * 3 * 4 - 1


NUCLEI = {"nuclei_per_um2": 0.05, "nucleus_radius_um": 0.8}


def test_nuclei_are_half_spheres_whose_number_is_a_poisson_number():
    p = box(64, substrate=NUCLEI)
    one = 2 / 3 * np.pi * 0.8**3
    volumes = np.array([substrate_heights(p, seed).sum() * p.lattice.voxel_um**3 for seed in range(60)]) / one
    # where few overlap, the union of spheres of coverage c = n pi R^2 loses little: compare the mean with its exact value
    r = np.linspace(0, 0.8, 2001)
    covered = 1 - np.exp(-0.05 * np.pi * (0.8**2 - r**2))  # share of the plane with metal at the height r
    mean = np.trapezoid(covered, r) * SIDE_UM**2 / one
    assert abs(volumes.mean() - mean) < 3 * volumes.std(ddof=1) / np.sqrt(60)
    assert volumes.var(ddof=1) == pytest.approx(0.05 * SIDE_UM**2, rel=0.5)
    assert max(substrate_heights(p, seed).max() for seed in range(5)) * p.lattice.voxel_um == pytest.approx(0.8, abs=0.06)


@pytest.mark.parametrize("rows", [None, 1])
def test_nuclei_stay_where_they_are_under_a_finer_voxel(rows):
    relief = NUCLEI | {"nuclei_per_um2": 0.1}
    coarse = substrate_heights(box(32, rows, substrate=relief), 3) * 0.5
    fine = substrate_heights(box(128, rows, substrate=relief), 3) * 0.125
    assert coarse.max() > 0.3
    blocks = fine.reshape(32, 4, -1, 1 if rows else 4).mean(axis=(1, 3))
    np.testing.assert_allclose(blocks, coarse, atol=0.02)


def test_nuclei_below_a_voxel_count_by_their_volume():
    relief = {"nuclei_per_um2": 2.0, "nucleus_radius_um": 0.05}
    heights = substrate_heights(box(32, substrate=relief), 1) * 0.5
    count = heights.sum() * 0.5**2 / (2 / 3 * np.pi * 0.05**3)
    fine = substrate_heights(box(256, substrate=relief), 1) * 0.0625
    assert count == pytest.approx(round(count), abs=0.01) and abs(count - 512) < 3 * np.sqrt(512)
    blocks = fine.reshape(32, 8, 32, 8).mean(axis=(1, 3))
    assert blocks.sum() == pytest.approx(heights.sum(), rel=0.03)
    assert np.corrcoef(blocks.ravel(), heights.ravel())[0, 1] > 0.9  # a nucleus on an edge is in one column


def test_a_box_of_one_row_cuts_the_half_spheres():
    """Mean height of the cut and of the surface are the same."""
    mean = [substrate_heights(box(64, rows, substrate=NUCLEI), seed).mean() for rows in (1,) for seed in range(300)]
    surface = [substrate_heights(box(64, substrate=NUCLEI), seed).mean() for seed in range(40)]
    error = np.hypot(np.std(mean) / np.sqrt(300), np.std(surface) / np.sqrt(40))
    assert abs(np.mean(mean) - np.mean(surface)) < 3 * error


PATCHES = {"resistance_spread": 0.4, "correlation_length_um": 1.5}


def test_patches_have_mean_one_and_the_given_spread():
    p = box(64, surface={}, interphase=PATCHES, **{"field.method": "auto"})
    ratios = np.array([resistance_ratio(p, seed) for seed in range(60)])
    assert ratios.min() > 0
    np.testing.assert_allclose(ratios.mean(axis=(1, 2)), 1, atol=1e-6)
    spread = np.array([ratio.std() for ratio in ratios])
    assert abs((spread**2).mean() - 0.4**2) < 3 * (spread**2).std() / np.sqrt(60)
    logarithms = np.log(ratios)
    power = np.mean([np.abs(np.fft.fft2(each - each.mean())) ** 2 for each in logarithms], axis=0)
    correlation = np.fft.ifft2(power).real
    correlation /= correlation[0, 0]
    missing = np.pi * 1.5**2 / SIDE_UM**2
    exact = (np.exp(-1) - missing) / (1 - missing)
    assert correlation[6, 0] == pytest.approx(exact, abs=0.03) and correlation[0, 6] == pytest.approx(exact, abs=0.03)


def test_patches_are_refined_too():
    coarse = resistance_ratio(box(32, surface={}, interphase=PATCHES, **{"field.method": "auto"}), 2)
    fine = resistance_ratio(box(96, surface={}, interphase=PATCHES, **{"field.method": "auto"}), 2)
    np.testing.assert_allclose(fine[1::3, 1::3], coarse, rtol=2e-3)
    assert (resistance_ratio(study(), 1) == 1).all()


def test_a_measured_map_lies_mirrored_on_the_box(tmp_path):
    """Its tilt is taken off, its waves stay where they are, and its edges meet; the seed moves the window."""
    pixel_um, x = 0.05, np.arange(240) * 0.05  # 12 um
    z_nm = 100 * np.sin(2 * np.pi * x / 2)[:, None] + 20 * np.cos(2 * np.pi * x / 1.5)[None, :]
    tilted = z_nm + 30 * x[:, None] - 50 * x[None, :]
    with open(tmp_path / "map.txt", "w") as file:
        file.write("# Value units: nm\n")
        np.savetxt(file, tilted.T, delimiter="\t")
    relief = {"map": str(tmp_path / "map.txt"), "map_pixel_um": pixel_um}
    heights = substrate_heights(box(128, substrate=relief), 3) * 0.125
    assert heights.std() == pytest.approx(np.hypot(0.1, 0.02) / np.sqrt(2), rel=0.1)
    np.testing.assert_allclose(heights, heights[::-1], atol=1e-6)  # there and back
    np.testing.assert_allclose(heights, heights[:, ::-1], atol=1e-6)
    power = np.abs(np.fft.fft(heights[:, 5] - heights[:, 5].mean()))
    assert np.argmax(power[:64]) in (7, 8, 9)  # waves of 2 um in 16 um
    other = substrate_heights(box(128, substrate=relief), 4) * 0.125
    assert not np.allclose(heights, other)
    coarse = substrate_heights(box(64, substrate=relief), 3) * 0.25
    blocks = heights.reshape(64, 2, 64, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(blocks - blocks.mean(), coarse - coarse.mean(), atol=1e-3)
    line = substrate_heights(box(128, 1, substrate=relief), 3)
    assert line.shape == (128, 1) and line.std() > 0
    wide = substrate_heights(box(240, 4, side_um=48.0, substrate=relief), 3)  # there and back three times
    np.testing.assert_allclose(wide[:80], wide[80:160], atol=1e-6)
    (tmp_path / "map.txt").write_text("0 1\n2\n")
    with pytest.raises(UserError, match="must have the content that the study was read with"):
        substrate_heights(box(128, substrate=relief | {"map_sha256": "0" * 64}), 3)
    with pytest.raises(UserError, match="map.txt"):
        substrate_heights(box(128, substrate=relief), 3)


def test_what_does_not_fit_is_refused():
    with pytest.raises(UserError, match="substrate: its relief is .* must reach at most 0.5 of it"):
        substrate_heights(box(32, substrate=ROUGH | {"roughness_um": 5.0}), 1)
    with pytest.raises(UserError, match="substrate.nuclei_per_um2: got 100000, must be at most 3906"):
        substrate_heights(box(32, substrate={"nuclei_per_um2": 1e5, "nucleus_radius_um": 0.001}), 1)


@pytest.mark.parametrize("method", ["multigrid", "walkers"])
def test_runs_grow_from_relief_in_whole_voxels(method):
    p = box(8, height_um=16, side_um=4.0, substrate=ROUGH, **{"field.method": method, "stop": {"events": 60}})
    heights = substrate_heights(p, 4)
    deposit = build.initial_deposit(p, 4)
    np.testing.assert_array_equal(deposit.sum(axis=2), np.rint(heights))
    assert heights.max() > 1
    invariants.check(grown(p, 4))


def test_cycles_count_from_the_relief():
    steps = {"steps": ["plate 0.1 mAh/cm^2 at 1 mA/cm^2", "strip at 1 mA/cm^2 until 1 V"]}
    p = box(8, height_um=16, side_um=4.0, substrate=ROUGH, protocol=steps, stop=None)
    from kmc_li.engine.cycling import Cycling

    simulation = Cycling(p, 1)
    while simulation.finished is None:
        simulation.advance(10**6)
    n = simulation._state.counters[0]
    assert n.initial == np.rint(substrate_heights(p, 1)).sum() > 0
    assert simulation.occupancy.sum() == n.initial + n.plated - n.stripped
