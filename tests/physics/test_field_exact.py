"""The field on the lattice against a direct solution of the same equations, conservation laws and plane problems."""

import buds
import naive
import numpy as np
import pytest

from kmc_li import field

VOXEL, KAPPA, CURRENT = 0.25e-6, 4e-4, 10.0


def porous(shape, seed, share=0.35):
    """Random Li in the lower two thirds: overhangs, floating grains and closed pores with them."""
    rng = np.random.default_rng(seed)
    occupancy = rng.random(shape) < share
    occupancy[:, :, 2 * shape[2] // 3 :] = False
    return occupancy


def solve(occupancy, wagner_voxels=1.0, kappa=KAPPA, shift=None, **options):
    return field.solve(
        occupancy,
        voxel_m=VOXEL,
        conductivity_S_m=kappa,
        charge_transfer_resistance_ohm_m2=wagner_voxels * VOXEL / KAPPA,
        current_density_A_m2=CURRENT,
        face_shift_V=shift,
        tolerance=1e-10,
        **options,
    )


def held(occupancy, wagner_voxels=1.0, kappa=KAPPA, shift=None, **options):
    """The same with the top's upper face at 50 mV."""
    return field.solve(
        occupancy,
        voxel_m=VOXEL,
        conductivity_S_m=kappa,
        charge_transfer_resistance_ohm_m2=wagner_voxels * VOXEL / KAPPA,
        top_potential_V=0.05,
        face_shift_V=shift,
        tolerance=1e-10,
        **options,
    )


def layered(nz):
    """Conductivity of a layer between a third and two thirds of the box, ten times less than the electrolyte's."""
    kappa = np.full(nz, KAPPA)
    kappa[nz // 3 : 2 * nz // 3] = KAPPA / 10
    return kappa


def lifting(z):
    """A shift that makes high faces dissolve."""
    return 0.02 * np.maximum(np.asarray(z) - 6 * VOXEL, 0) / (10 * VOXEL)


CASES = {
    "3-D": dict(shape=(6, 6, 15)),
    "primary distribution": dict(shape=(6, 6, 15), wagner_voxels=0.0),
    "plain faces": dict(shape=(6, 6, 15), wagner_voxels=10.0, face_area_weights=False),
    "weighted faces": dict(shape=(6, 6, 15), wagner_voxels=10.0),
    "odd sizes": dict(shape=(7, 5, 19), wagner_voxels=3.0),
    "layer": dict(shape=(7, 5, 19), kappa=layered(19)),
    "shifts": dict(shape=(7, 5, 19), shift=lifting),
    "layer with shifts": dict(shape=(5, 8, 18), kappa=layered(18), shift=lifting, wagner_voxels=0.3),
    "2-D": dict(shape=(33, 1, 21), wagner_voxels=3.0),
    "2-D along y": dict(shape=(1, 33, 21), shift=lifting),
    "one column": dict(shape=(1, 1, 12)),
    "two columns": dict(shape=(2, 1, 15), wagner_voxels=0.3),
    "two by two": dict(shape=(2, 2, 15), shift=lifting),
    "two by three": dict(shape=(2, 3, 15), kappa=layered(15)),
}


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("name", CASES)
def test_agrees_with_a_direct_solution(name, seed):
    case = dict(CASES[name])
    occupancy = porous(case.pop("shape"), seed)
    found = solve(occupancy, **case)
    potential, faces = naive.solve_field(
        occupancy,
        VOXEL,
        np.broadcast_to(case.get("kappa", KAPPA), occupancy.shape[2]),
        case.get("wagner_voxels", 1.0) * VOXEL / KAPPA,
        CURRENT,
        case.get("shift") or (lambda z: 0.0),
        case.get("face_area_weights", True),
    )
    net = naive.net_current(occupancy.shape, faces)
    np.testing.assert_allclose(found.potential_V, potential, atol=1e-6 * np.abs(potential).max(), rtol=0)
    np.testing.assert_allclose(found.plating_current_A, net, atol=1e-6 * np.abs(net).max(), rtol=0)
    assert (min(current for _, _, current in faces) < 0) == ("shift" in case)


@pytest.mark.parametrize("name", CASES)
def test_held_potential_agrees_with_a_direct_solution(name):
    case = dict(CASES[name])
    occupancy = porous(case.pop("shape"), 3)
    found = held(occupancy, **case)
    potential, faces = naive.solve_field(
        occupancy,
        VOXEL,
        np.broadcast_to(case.get("kappa", KAPPA), occupancy.shape[2]),
        case.get("wagner_voxels", 1.0) * VOXEL / KAPPA,
        None,
        case.get("shift") or (lambda z: 0.0),
        case.get("face_area_weights", True),
        top_V=0.05,
    )
    net = naive.net_current(occupancy.shape, faces)
    np.testing.assert_allclose(found.potential_V, potential, atol=1e-6 * np.abs(potential).max(), rtol=0)
    np.testing.assert_allclose(found.plating_current_A, net, atol=1e-6 * np.abs(net).max(), rtol=0)


def test_held_potential_and_held_current_are_one_field():
    """The current that a potential draws, let in from far above, leaves the same field behind."""
    occupancy = porous((8, 8, 16), 2)
    tall = np.concatenate([occupancy, np.zeros((8, 8, 16), bool)], axis=2)
    found = held(tall)
    current = found.plating_current_A.sum() / (CURRENT * VOXEL**2 * 64)
    set_current = current * solve(tall).plating_current_A
    np.testing.assert_allclose(found.plating_current_A, set_current, atol=1e-7 * set_current.max(), rtol=0)


@pytest.mark.parametrize("name", CASES)
def test_current_is_conserved_to_rounding(name):
    case = dict(CASES[name])
    occupancy = porous(case.pop("shape"), 5)
    total = CURRENT * VOXEL**2 * occupancy.shape[0] * occupancy.shape[1]
    solution = solve(occupancy, **case)
    # What a residual is left with is missing or too much: sum(I) = j A + sum(residuals).
    assert solution.residual_bound <= 1e-10
    assert solution.plating_current_A.sum() == pytest.approx(total, rel=1e-9 * (30 if "shift" in case else 1))


@pytest.mark.parametrize("size", [7, 8])
def test_result_moves_and_turns_with_the_deposit(size):
    occupancy = porous((size, size, 16), 3)
    current = solve(occupancy).plating_current_A
    scale = current.max()
    for change in (
        lambda a: np.roll(a, (3, 5), (0, 1)),
        lambda a: np.roll(a, (1, 0), (0, 1)),
        lambda a: np.flip(a, 0),
        lambda a: np.flip(a, 1),
        lambda a: np.swapaxes(a, 0, 1),
    ):
        moved = solve(np.ascontiguousarray(change(occupancy))).plating_current_A
        np.testing.assert_allclose(moved, change(current), atol=1e-7 * scale, rtol=0)


def test_result_rises_with_the_deposit():
    """Metal below a deposit is as good as the collector."""
    occupancy = porous((7, 6, 16), 3)
    raised = np.concatenate([np.ones((7, 6, 3), bool), occupancy], axis=2)
    current = solve(occupancy).plating_current_A
    found = solve(raised).plating_current_A
    np.testing.assert_allclose(found[:, :, 3:], current, atol=1e-7 * current.max(), rtol=0)
    assert (found[:, :, :3] == 0).all()


def test_box_repeated_in_x_and_y_has_the_same_field():
    occupancy = porous((5, 3, 14), 4)
    one, four = solve(occupancy), solve(np.tile(occupancy, (2, 2, 1)))
    np.testing.assert_allclose(four.potential_V, np.tile(one.potential_V, (2, 2, 1)), atol=1e-7 * one.potential_V.max())


def test_flat_deposit_has_ohms_law():
    """j (R_ct + distance / kappa), in series through the layer."""
    occupancy = np.zeros((4, 4, 12), bool)
    occupancy[:, :, :3] = True
    kappa = layered(12)
    found = solve(occupancy, wagner_voxels=2.0, kappa=kappa).potential_V[0, 0]
    ohm = 2.0 * VOXEL / KAPPA + np.cumsum(VOXEL / kappa[3:]) - 0.5 * VOXEL / kappa[3:]
    np.testing.assert_allclose(found[3:], CURRENT * ohm, rtol=1e-9)
    assert (found[:3] == 0).all()


@pytest.mark.parametrize("wagner_k", [0.0, 0.1, 0.3, 1.0, 3.0, 10.0])
def test_sinusoid_draws_current_as_linear_theory_says(wagner_k):
    """i1/i = k a/(1 + k W): the coefficient of cos(kx) in the current on a surface a cos(kx), k a < 0.1.

    To first order in a; the wave is long against the voxel. What is left, 1 %, falls with the wavelength.
    """
    slope, share = buds.sinusoid(1024, wagner_k)
    assert slope < 0.1
    assert share == pytest.approx(1 / (1 + wagner_k), rel=0.03)


@pytest.mark.parametrize("planar", [True, False])
def test_top_plane_far_enough_does_not_matter(planar):
    """The current on a rough deposit as the plane where it enters rises: differences die out as exp(-4 pi gap/period)."""
    shape = (24, 1, 80) if planar else (12, 12, 60)
    occupancy = porous(shape, 7)
    occupancy[:, :, 6:] = False
    exact = solve(occupancy).plating_current_A
    errors = []
    for gap in (1, 2, 4, 8, 16):
        current = solve(occupancy[:, :, : 6 + gap]).plating_current_A
        errors.append(0.5 * np.abs(current - exact[:, :, : 6 + gap]).sum() / exact.sum())
    table = " ".join(f"{e:.1e}" for e in errors)
    assert all(b < 0.6 * a for a, b in zip(errors[:-1], errors[1:], strict=True)), table
    period = max(shape[:2])
    assert errors[-1] < 3 * errors[0] * np.exp(-2 * np.pi * 15 / period), table


@pytest.mark.parametrize("period", [8, 12])
def test_plane_far_enough_adds_its_distance_and_no_more(period):
    """V/i - distance/kappa converges as exp(-4 pi distance / period): from there on the plane's place is Ohm's law."""
    occupancy = porous((period, period, 60), 7)
    occupancy[:, :, 6:] = False
    surface = []
    for gap in (1, 2, 4, 8, 16, 32):
        current = held(occupancy[:, :, : 6 + gap]).plating_current_A.sum() / (period * VOXEL) ** 2
        surface.append(0.05 / current - gap * VOXEL / KAPPA)
    errors = np.abs(np.array(surface[:-1]) / surface[-1] - 1)
    assert (errors[1:4] < 0.6 * errors[:3]).all(), errors
    assert errors[4] < 1e-4, errors
