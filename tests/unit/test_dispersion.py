"""Linear theory against what it is made of: the boundary value problem, exact limits, the relief itself, an integration."""

import numpy as np
import pytest
from small import study

from kmc_li.engine.seeds import resistance_ratio, substrate_heights
from kmc_li.study import advice, dispersion
from kmc_li.study.dimensionless import table

CONTINUUM = {"field.method": "auto"}
ROUGH = {"roughness_um": 0.05, "correlation_length_um": 1.0, "hurst": 0.8}
FINE = {"nx": 64, "ny": 64, "nz": 128, "voxel_um": 0.125}
SPEED = 10.0 * 13.0e-6 / 96485.33212  # m/s at 1 mA/cm^2


def surface(**changes):
    return study(surface=changes.pop("surface", {}), **CONTINUUM | changes)


@pytest.mark.parametrize("k", [1e5, 3e6, 2e7])
def test_growth_rate_solves_the_boundary_value_problem(k):
    """Potential A exp(-kz) cos(kx) above a wave of 1 pm: Ohm's law and the reaction at the metal, solved as equations."""
    p = surface(surface={"mullins_B_m4_s": 1e-30})
    a, j, kappa, r = 1e-12, 10.0, 4.15e-4, 20e-4
    shift = p.capillary_V_m * k**2 * a
    # unknown: A and the current's change i; kappa d(phi)/dz: i = -kappa k A; R i = (potential at the metal) - shift
    matrix = np.array([[kappa * k, 1.0], [1.0, -r]])
    _, current = np.linalg.solve(matrix, [0.0, shift - j / kappa * a])
    expected = current * 13.0e-6 / 96485.33212 / a - 1e-30 * k**4
    assert dispersion.growth_rate_per_s(p, k) == pytest.approx(expected, rel=1e-6)


def test_neutral_and_fastest_wavelength():
    capillary = surface()
    assert dispersion.neutral_wavelength_um(capillary) == pytest.approx(
        2e6 * np.pi * np.sqrt(4.15e-4 * capillary.capillary_V_m / 10.0), rel=1e-9
    )
    primary = {"electrolyte.charge_transfer_resistance_ohm_cm2": 0.0, "lattice": FINE}
    diffusing = surface(surface={"capillarity": False, "mullins_B_m4_s": 1e-28}, **primary)
    neutral = 2e6 * np.pi * (1e-28 / SPEED) ** (1 / 3)  # v k = B k^4
    assert dispersion.neutral_wavelength_um(diffusing) == pytest.approx(neutral, rel=1e-6)
    assert dispersion.fastest_wavelength_um(diffusing) == pytest.approx(neutral * 4 ** (1 / 3), rel=1e-6)
    no_end = surface(surface={"capillarity": False}, lattice=FINE)
    assert dispersion.neutral_wavelength_um(no_end) == 0.0
    assert dispersion.fastest_wavelength_um(no_end) == pytest.approx(2 * 0.125, rel=1e-9)  # the shortest there is
    k = np.geomspace(1e5, 3e7, 4001)
    both = surface(surface={"mullins_B_m4_s": 1e-31}, lattice=FINE | {"voxel_um": 0.02})
    best = k[np.argmax(dispersion.growth_rate_per_s(both, k))]
    assert dispersion.fastest_wavelength_um(both) == pytest.approx(2e6 * np.pi / best, rel=2e-3)


def test_bare_lithium_multiplies_by_e_for_each_wagner_length():
    """Waves shorter than W, without a cut-off: exp(thickness/W), 340 at 1 mAh/cm^2 and W = 0.83 um."""
    p = surface(surface={"capillarity": False}, lattice={"nx": 8, "ny": 8, "nz": 4096, "voxel_um": 0.002},
                stop={"capacity_mAh_cm2": 1.0})  # fmt: skip
    assert dispersion.duration_s(p) == pytest.approx(3600.0)
    assert dispersion.seed_growth_factor(p) == pytest.approx(345, rel=0.02)
    assert dispersion.duration_s(p.replace(stop={"time_s": 100.0, "height_um": 8.0})) == 100.0
    assert dispersion.duration_s(p.replace(stop={"height_um": 1.0})) == pytest.approx(1e-6 / SPEED)
    assert dispersion.duration_s(p.replace(stop={"events": 640})) == pytest.approx(10 * 0.002e-6 / SPEED)


@pytest.mark.parametrize("rows", [64, 1])
@pytest.mark.parametrize("relief", [ROUGH, {"nuclei_per_um2": 0.03, "nucleus_radius_um": 0.6}], ids=["rough", "nuclei"])
def test_at_the_start_the_seed_is_the_relief(relief, rows):
    p = surface(lattice=FINE | {"ny": rows}, substrate=relief, stop={"time_s": 1e-3})
    squares = np.array([(substrate_heights(p, seed) * 0.125).var() for seed in range(200 if rows == 1 else 60)])
    found = dispersion.end_roughness(p).seed
    error = squares.std(ddof=1) / np.sqrt(len(squares))
    # half spheres overlap here and there, and columns average them: a few per cent
    assert abs(squares.mean() - found**2) < 3 * error + (0.06 * found**2 if relief is not ROUGH else 0)


def test_seed_and_patches_grow_as_an_integration_in_time_says():
    """Each wave of a relief and of patches, stepped in time; the same waves that the formulas sum."""
    p = surface(lattice=FINE | {"nx": 32, "ny": 32, "voxel_um": 0.25}, substrate=ROUGH, stop={"capacity_mAh_cm2": 0.3},
                interphase={"resistance_spread": 0.2, "correlation_length_um": 1.0})  # fmt: skip
    number = 2 * np.pi * np.fft.fftfreq(32, 0.25e-6)
    k = np.hypot(number[:, None], number[None, :])
    k[0, 0] = 1.0
    rate, pull = dispersion.growth_rate_per_s(p, k), SPEED * k * p.wagner_length_m / (1 + k * p.wagner_length_m)
    squares = []
    for seed in range(60):
        wave = np.fft.fft2(substrate_heights(p, seed)) * 0.25e-6
        uneven = np.fft.fft2(np.log(resistance_ratio(p, seed)))
        uneven *= 0.2 / np.sqrt(np.log1p(0.2**2))
        wave[0, 0] = uneven[0, 0] = 0
        steps = 400
        for _ in range(steps):  # implicit midpoint
            h = dispersion.duration_s(p) / steps
            wave = (wave * (1 + h * rate / 2) - h * pull * uneven) / (1 - h * rate / 2)
        squares.append((np.abs(wave) ** 2).sum() / 32**4)
    found = dispersion.end_roughness(p).seed * 1e-6
    assert abs(np.mean(squares) - found**2) < 3 * np.std(squares) / np.sqrt(60)
    assert found > 3 * 0.05e-6


def test_noise_is_that_of_ions_that_arrive_at_random():
    """Without growth or decay, W = infinity in effect: Poisson numbers of volumes q in each column."""
    p = surface(lattice=FINE | {"nx": 63, "ny": 63}, surface={"capillarity": False, "noise_volume_um3": 1e-4},
                **{"electrolyte.charge_transfer_resistance_ohm_cm2": 1e9})  # fmt: skip
    arrived = SPEED * dispersion.duration_s(p) / (0.125e-6 / p.quanta)
    expected = np.sqrt(arrived * (1 - 1 / 63**2)) * 0.125 / p.quanta
    assert dispersion.end_roughness(p).noise == pytest.approx(expected, rel=1e-4)
    half = p.replace(**{"surface.noise_volume_um3": 0.125**3 / p.quanta / 4})
    assert dispersion.end_roughness(half).noise == pytest.approx(expected / 2, rel=1e-3)


def test_noise_solves_its_equation():
    """dS/dt = 2 omega S + v q, stepped in time for every wave."""
    p = surface(lattice=FINE, surface={"noise_volume_um3": 1e-6, "mullins_B_m4_s": 1e-31}, stop={"capacity_mAh_cm2": 0.2})
    number = 2 * np.pi * np.fft.fftfreq(64, 0.125e-6)
    held = np.abs(number) < np.pi / 0.125e-6 * (1 - 1e-9)
    k = np.hypot(number[held][:, None], number[held][None, :])
    k[0, 0] = 1.0
    rate = dispersion.growth_rate_per_s(p, k)
    s, steps = np.zeros_like(k), 4000
    h = dispersion.duration_s(p) / steps
    for _ in range(steps):
        s = (s * (1 + h * rate) + h * SPEED * p.voxel_m**3 / p.quanta) / (1 - h * rate)
    s[0, 0] = 0
    assert dispersion.end_roughness(p).noise == pytest.approx(1e6 * np.sqrt(s.sum() / p.face_area_m2), rel=1e-4)


def test_what_a_study_is_warned_of():
    good = surface(lattice=FINE | {"voxel_um": 0.0625, "nx": 128, "ny": 128}, substrate=ROUGH,
                   surface={"noise_volume_um3": 1e-7, "mullins_B_m4_s": 8e-32})  # fmt: skip
    assert advice.warnings(good) == []
    text = table(good)
    assert "neutral wavelength" in text and "fastest growing wavelength" in text and "from the noise: seed dominates" in text
    coarse = advice.warnings(good.replace(**{"lattice.voxel_um": 0.25, "surface.noise_volume_um3": 1e-5}))
    assert len(coarse) == 1 and "the neutral wavelength of 0.594 um has 2.4 voxels, should have 6" in coarse[0]
    narrow = advice.warnings(good.replace(**{"lattice.nx": 32}))
    assert len(narrow) == 1 and "lattice: the box is 2 um wide, should hold 4 waves" in narrow[0]
    noisy = good.replace(substrate=None)
    assert len(advice.warnings(noisy)) == 1 and "the noise dominates the seed" in advice.warnings(noisy)[0]
    assert "noise dominates" in table(noisy)
    voxels = advice.warnings(good.replace(**{"surface.capillarity": False, "surface.mullins_B_m4_s": 0.0}))
    assert any("the voxel sets the scale of the deposit" in line for line in voxels)


def test_hops_of_super_atoms_below_roughening_are_warned_of():
    hopping = study(**{"hops.enabled": True})
    assert advice.warnings(hopping) == [
        "hops.bond_energy_eV: got 0.15, kT/E_N is 0.17: below roughening, about 0.6, hops make facets of voxels, at any "
        "frequency; a [surface] smooths as atoms do"
    ]
    assert advice.warnings(hopping.replace(**{"hops.bond_energy_eV": 0.03})) == []
    assert advice.warnings(hopping.replace(stop={"events": 9}, **{"lattice.voxel_um": 0.000278})) == []  # atoms
    assert advice.warnings(study()) == []


def test_a_measured_map_is_not_estimated(tmp_path):
    (tmp_path / "map.csv").write_text("0,1\n1,0\n")
    p = surface(substrate={"map": str(tmp_path / "map.csv"), "map_pixel_um": 1.0})
    assert dispersion.end_roughness(p).seed is None and "the map's is not known" in table(p)


@pytest.mark.parametrize("shape", [(32, 24), (31, 1)])
def test_given_heights_are_the_seed_of_a_map(shape, tmp_path):
    (tmp_path / "map.csv").write_text("0,1\n1,0\n")
    map_of = {"map": str(tmp_path / "map.csv"), "map_pixel_um": 1.0}
    p = surface(substrate=map_of, lattice=FINE | {"nx": shape[0], "ny": shape[1]}, stop={"time_s": 1e-6})
    x, y = np.indices(shape)
    heights_um = 0.02 * np.cos(2 * np.pi * 3 * x / shape[0] + 1) + 0.01 * np.sin(2 * np.pi * (x / shape[0] - 2 * y / shape[1]))
    assert dispersion.end_roughness(p, heights_um).seed == pytest.approx(heights_um.std(), rel=1e-6)
    longer = p.replace(stop={"time_s": 2000.0})
    grown = 0.02 / np.sqrt(2) * np.exp(2000 * dispersion.growth_rate_per_s(p, 2 * np.pi * 3 / (shape[0] * 0.125e-6)))
    one = 0.02 * np.cos(2 * np.pi * 3 * x / shape[0] + 1)
    assert dispersion.end_roughness(longer, one).seed == pytest.approx(grown, rel=1e-6)
    assert "dominates" in table(longer, one)
