"""The Laplace solver against a direct one; tortuosity of channels, laminates, rods and balls with known answers."""

import numpy as np
import pytest
import solids
from scipy.sparse import coo_array
from scipy.sparse.linalg import spsolve

from kmc_li import morphology as m
from kmc_li.morphology import laplace


def direct_conductance(pore, wraps):
    """The same equations, link by link, by a direct solver."""
    nx, ny, nz = pore.shape
    number = np.full(pore.shape, -1)
    number[pore] = np.arange(np.count_nonzero(pore))
    rows, columns, values = [], [], []
    diagonal, right = np.full(np.count_nonzero(pore), 1e-13), np.zeros(np.count_nonzero(pore))
    for x, y, z in np.argwhere(pore):
        here = number[x, y, z]
        for u, v, w in ((x + 1, y, z), (x, y + 1, z), (x, y, z + 1)):
            inside = (u < nx or (wraps[0] and nx > 1)) and (v < ny or (wraps[1] and ny > 1)) and w < nz
            if inside and pore[u % nx, v % ny, w]:
                there = number[u % nx, v % ny, w]
                rows += [here, there]
                columns += [there, here]
                values += [-1.0, -1.0]
                diagonal[[here, there]] += 1
        if z == 0:
            diagonal[here] += 2
            right[here] += 2
        if z == nz - 1:
            diagonal[here] += 2
    everyone = list(range(diagonal.size))
    matrix = coo_array((values + diagonal.tolist(), (rows + everyone, columns + everyone))).tocsc()
    return 2 * (1 - spsolve(matrix, right)[number[:, :, 0][pore[:, :, 0]]]).sum()


@pytest.mark.parametrize("shape", [(9, 8, 11), (12, 1, 13), (1, 1, 5), (2, 3, 8), (16, 16, 16)])
@pytest.mark.parametrize("wraps", [(True, True), (False, True), (False, False)])
def test_solver_equals_a_direct_one(shape, wraps):
    rng = np.random.default_rng(sum(shape))
    for share in (0.95, 0.7, 0.5):
        pore = rng.random(shape) < share
        pore[0, 0] = True  # a way through
        found = laplace.conductance(pore, wraps, 1e-10)
        assert found == pytest.approx(direct_conductance(pore, wraps), rel=1e-7)


def test_tolerance_is_met():
    for share, worst in ((0.7, 1e-4), (0.34, 5e-4)):  # the percolation threshold is 0.3116
        pore = np.random.default_rng(1).random((48, 48, 48)) < share
        exact = laplace.conductance(pore, (True, True), 1e-9)
        assert exact <= laplace.conductance(pore, (True, True), 1e-4) <= exact * (1 + worst)


def test_single_precision_of_large_boxes(monkeypatch):
    pore = np.random.default_rng(1).random((40, 40, 40)) < 0.6
    exact = laplace.conductance(pore, (True, True))
    monkeypatch.setattr(laplace, "SINGLE", 1)
    assert laplace.conductance(pore, (True, True)) == pytest.approx(exact, rel=1e-5)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_straight_channels_and_slabs_are_one(axis):
    shape = tuple(24 if a == axis else 10 for a in range(3))
    rng = np.random.default_rng(axis)
    bundle = np.broadcast_to(
        np.expand_dims(rng.random(tuple(s for a, s in enumerate(shape) if a != axis)) < 0.4, axis), shape
    )
    for pore in (bundle, solids.slabs(shape, (axis + 1) % 3, 3, 2), np.ones(shape, bool)):
        assert m.tortuosity(pore, axis) == pytest.approx(1, abs=1e-9)
    # blind pores count as porosity and carry nothing
    blind = solids.slabs(shape, (axis + 1) % 3, 2, 3)
    pocket = [slice(None)] * 3
    pocket[(axis + 1) % 3], pocket[axis] = slice(3, 4), slice(0, 10)
    blind[tuple(pocket)] = True
    assert m.tortuosity(blind, axis) == pytest.approx(blind.mean() / 0.4, rel=1e-6)


def test_slabs_across_the_way_shut_it():
    assert m.tortuosity(solids.slabs((8, 8, 8), 2, 3, 1)) == float("inf")
    assert m.tortuosity(np.zeros((3, 3, 3), bool)) == float("inf")


def test_a_crooked_wire_by_hand():
    # 3 up, 4 sideways, 3 up, one voxel wide in a 6 x 1 x 7 box: 10 links between voxels and two half voxels
    pore = np.zeros((6, 1, 7), dtype=bool)
    pore[0, 0, :4] = pore[:5, 0, 3] = pore[4, 0, 3:] = True
    assert np.count_nonzero(pore) == 11
    assert m.tortuosity(pore) == pytest.approx(11 / 42 / (7 / 6 / 11), rel=1e-6)
    assert m.tortuosity(np.roll(pore, 3, axis=0)) == pytest.approx(m.tortuosity(pore), rel=1e-6)
    assert m.tortuosity(np.roll(pore, 3, axis=0), periodic=False) == float("inf")


@pytest.mark.parametrize("width", [4, 16])
def test_a_laminate_at_45_degrees(width):
    # tau = 1/cos^2 = 2; on the staircase w/(w - 1) times that. Two lengths take off the ends.
    lengths, found = (6 * width, 9 * width), []
    for length in lengths:
        x, _, z = np.indices((2 * width, 1, length))
        found.append(m.tortuosity((x + z) % (2 * width) < width, tolerance=1e-9) * length)
    tau = (found[1] - found[0]) / (lengths[1] - lengths[0])
    assert tau == pytest.approx(2 * width / (width - 1), rel=1e-6)


def richardson(coarse, fine):
    """The limit of a first-order error that halves."""
    return 2 * fine - coarse


@pytest.mark.parametrize("share", [0.2, 0.4])
@pytest.mark.parametrize("shift", [0.0, 0.5])
def test_a_square_array_of_rods(share, shift):
    # Perrins, McKenzie, McPhedran, Proc. R. Soc. A 369, 207 (1979), insulating
    exact = 1 - 2 * share / (1 + share - 0.305827 * share**4 / (1 - 1.402958 * share**8) - 0.013362 * share**8)
    taus = []
    for n in (80, 160):
        rods = solids.cylinder((n, 1, n), np.sqrt(share / np.pi) * n, (n * (0.5 + shift), 0.5, n / 2), 1)
        taus.append(m.tortuosity(~rods))
    assert taus[1] == pytest.approx((1 - share) / exact, rel=0.01)
    assert richardson(*taus) == pytest.approx((1 - share) / exact, rel=0.006)


@pytest.mark.parametrize("share", [0.1, 0.3])
def test_a_cubic_array_of_balls(share):
    # Meredith and Tobias, J. Appl. Phys. 31, 1270 (1960), insulating
    first, second = 0.409 * 6 / 4 * share ** (7 / 3), 0.75 * share ** (10 / 3)
    exact = (2 - 2 * share + first - 2.133 * second) / (2 + share + first - 0.906 * second)
    taus = []
    for n in (32, 64):
        radius = (3 * share / 4 / np.pi) ** (1 / 3) * n
        taus.append(m.tortuosity(~solids.sphere((n, n, n), radius, (0, 0.3 * n, n / 2))))
    assert taus[1] == pytest.approx((1 - share) / exact, rel=0.015)
    assert richardson(*taus) == pytest.approx((1 - share) / exact, rel=0.003)


def test_axes_are_alike():
    body = np.random.default_rng(5).random((9, 12, 10)) < 0.7
    for axis in range(3):
        turned = np.moveaxis(body, axis, 2)
        assert m.tortuosity(turned, 2, False) == pytest.approx(m.tortuosity(body, axis, False), rel=1e-3)
    flipped = np.swapaxes(body, 0, 1)
    assert m.tortuosity(flipped, 0) == pytest.approx(m.tortuosity(body, 1), rel=1e-3)


def test_nothing_depends_on_the_seam():
    body = np.random.default_rng(6).random((16, 12, 10)) < 0.6
    moved = np.roll(body, (7, 5), axis=(0, 1))
    assert m.tortuosity(moved, tolerance=1e-8) == pytest.approx(m.tortuosity(body, tolerance=1e-8), rel=1e-7)


def test_gyroid_has_two_like_labyrinths():
    body = solids.gyroid(32, 0.5)
    assert m.tortuosity(~body) == pytest.approx(m.tortuosity(body), rel=0.02)


def test_bad_input():
    with pytest.raises(ValueError, match="axis"):
        m.tortuosity(np.ones((2, 2, 2), bool), 3)
    with pytest.raises(ValueError, match="occupancy must"):
        m.tortuosity(np.ones((2, 2, 2)))
