"""Metrics against hand-worked values and exact cases."""

import numpy as np
import pytest

from kmc_li import morphology as m
from kmc_li.morphology import Roughness


def deposit_from(heights, nz):
    """Solid columns of the given heights: bool (nx, ny, nz)."""
    return np.arange(nz) < np.asarray(heights)[:, :, None]


def test_height_map_sees_the_top_and_not_the_voids_below():
    box = np.zeros((2, 2, 5), dtype=bool)
    box[0, 0, [0, 3]] = True
    box[0, 1, 4] = True
    box[1, 1, 0] = True
    assert m.height_map(box).tolist() == [[4, 5], [0, 1]]
    assert m.thickness(box) == 2.5
    assert m.thickness(box, start_voxels=1) == 1.5


def test_two_dimensional_arrays_mean_one_row():
    flat = np.zeros((3, 4), dtype=bool)
    flat[0, :2] = True
    assert m.height_map(flat).tolist() == [[2], [0], [0]]
    assert m.porosity(flat) == m.porosity(flat[:, None, :])


@pytest.mark.parametrize("bad", [np.ones((2, 2, 2)), np.ones(4, bool), np.ones((0, 2, 2), bool)])
def test_what_is_no_occupancy_is_refused(bad):
    for metric in (m.height_map, m.thickness, m.porosity, m.solid_profile, m.label_periodic):
        with pytest.raises(ValueError, match="occupancy must"):
            metric(bad)


def test_thickness_percentile_by_hand():
    heights = np.arange(1, 22).reshape(21, 1)  # 1..21: the 95th percentile is the 20th of 21
    box = deposit_from(heights, 30)
    assert m.thickness_percentile(box) == 20.0
    assert m.thickness_percentile(box, 50) == 11.0
    assert m.thickness_percentile(box, 100, start_voxels=2) == 19.0
    with pytest.raises(ValueError, match="between 0 and 100"):
        m.thickness_percentile(box, 101)


def test_flat_film():
    box = deposit_from(np.full((4, 5), 7), 12)
    flat = m.roughness(m.height_map(box))
    assert (flat.Sa, flat.Sq, flat.Sz, flat.Sp, flat.Sv) == (0.0,) * 5
    assert np.isnan(flat.Ssk) and np.isnan(flat.Sku)
    assert (m.thickness(box), m.porosity(box), m.detached_share(box)) == (7.0, 0.0, 0.0)


def test_flat_map_stays_exactly_flat_where_its_mean_rounds():
    assert m.roughness(np.full((3, 3), 0.1))[:3] == (0.0, 0.0, 0.0)


def test_roughness_of_a_sinusoid():
    # a sin: Sq = a/sqrt(2), Sa = 2a/pi, Sz = 2a, Ssk = 0, Sku = 3/2
    a, n = 2.5, 4096
    surface = a * np.sin(2 * np.pi * np.arange(n) / n)[:, None] + np.full((1, 3), 40.0)
    r = m.roughness(surface)
    assert r.Sq == pytest.approx(a / np.sqrt(2), rel=1e-12)
    assert r.Sa == pytest.approx(2 * a / np.pi, rel=1e-6)
    assert r.Sz == pytest.approx(2 * a, rel=1e-12)
    assert r.Ssk == pytest.approx(0, abs=1e-12)
    assert r.Sku == pytest.approx(1.5, rel=1e-12)


def test_roughness_by_hand():
    # heights 0 0 0 4: mean 1, deviations -1 -1 -1 3; m2 = 3, m3 = 6, m4 = 21
    expected = Roughness(Sa=1.5, Sq=np.sqrt(3), Sz=4.0, Ssk=6 / 3**1.5, Sku=21 / 9, Sp=3.0, Sv=1.0)
    assert m.roughness([[0, 0], [0, 4]]) == pytest.approx(expected)
    with pytest.raises(ValueError, match="finite"):
        m.roughness([[0.0, np.nan]])


def test_porosity_of_known_constructions():
    box = deposit_from(np.full((4, 4), 10), 20)
    box[1:3, 1:3, 2:7] = False  # a shut cavity of 20 voxels in 160
    assert m.porosity(box) == pytest.approx(20 / 160)
    assert m.closed_porosity(box) == pytest.approx(20 / 160)
    box[1, 1, 7:] = False  # opened to the top: that column's envelope falls from 10 to 2
    assert m.porosity(box) == pytest.approx(15 / 152)
    assert m.closed_porosity(box) == 0.0
    checker = np.indices((4, 4, 8)).sum(axis=0) % 2 == 0
    heights = m.height_map(checker)
    assert m.porosity(checker) == pytest.approx(1 - 64 / heights.sum())


def test_porosity_above_a_starting_surface():
    box = deposit_from(np.full((2, 2), 4), 12)
    box[0, 0, 7] = True  # one voxel hanging three above the substrate
    assert m.porosity(box, start_voxels=4) == 0.75
    assert m.porosity(box) == pytest.approx(3 / 20)
    assert m.porosity(box, start_voxels=12) == 0.0
    assert m.porosity(np.zeros((2, 2, 3), bool)) == 0.0
    with pytest.raises(ValueError, match="start_voxels"):
        m.porosity(box, start_voxels=13)


def test_porosity_profiles_by_hand():
    box = np.zeros((2, 1, 4), dtype=bool)
    box[0, 0] = [True, False, True, False]
    box[1, 0] = [True, False, False, False]
    np.testing.assert_array_equal(m.porosity_profile(box), [0.0, 1.0, 0.0, np.nan])
    np.testing.assert_array_equal(m.porosity_profile(box, "depth"), [0.0, 1.0, 0.0, np.nan])
    np.testing.assert_array_equal(m.solid_profile(box), [1.0, 0.0, 0.5, 0.0])
    box[1, 0] = [True, True, False, False]
    np.testing.assert_array_equal(m.porosity_profile(box), [0.0, 0.5, 0.0, np.nan])
    np.testing.assert_array_equal(m.porosity_profile(box, "depth"), [0.0, 0.5, 0.0, np.nan])
    box[1, 0] = [False, True, True, True]
    np.testing.assert_array_equal(m.porosity_profile(box), [0.5, 0.5, 0.0, 0.0])
    np.testing.assert_array_equal(m.porosity_profile(box, "depth"), [0.0, 0.5, 0.0, 1.0])
    with pytest.raises(ValueError, match="'height' or 'depth'"):
        m.porosity_profile(box, "width")


def test_clusters_join_across_the_periodic_faces():
    box = np.zeros((6, 6, 4), dtype=bool)
    box[0, 2, 1] = box[5, 2, 1] = True  # across x
    box[3, 0, 2] = box[3, 5, 2] = True  # across y
    box[0, 0, 0] = box[5, 5, 0] = True  # corners touch by an edge only: two clusters
    box[2, 2, 0] = box[2, 2, 3] = True  # never across z
    labels, count = m.label_periodic(box)
    assert count == 6
    assert labels[0, 2, 1] == labels[5, 2, 1] > 0
    assert labels[3, 0, 2] == labels[3, 5, 2] > 0
    assert labels[0, 0, 0] != labels[5, 5, 0]
    assert labels[2, 2, 0] != labels[2, 2, 3]
    assert set(np.unique(labels)) == set(range(7))
    assert m.cluster_sizes(box).tolist() == [2, 2, 1, 1, 1, 1]


def test_a_chain_through_both_seams_is_one_cluster():
    box = np.zeros((5, 5, 3), dtype=bool)
    box[:, 2, 1] = True
    box[2, :, 1] = True
    box[2, 2, 1] = False  # the cross is cut at its center, so only the seams hold each bar together
    assert m.label_periodic(box)[1] == 2


def test_attachment_to_the_collector():
    box = np.zeros((4, 4, 6), dtype=bool)
    box[0, 0, :3] = True
    box[3, 0, 2] = True  # joined to the pillar through the seam
    box[2, 2, 4:] = True  # hangs free
    assert np.argwhere(box & ~m.attached_to_collector(box)).tolist() == [[2, 2, 4], [2, 2, 5]]
    assert m.detached_share(box) == pytest.approx(2 / 6)
    assert m.detached_share(np.zeros((2, 2, 2), bool)) == 0.0
    assert m.cluster_sizes(np.zeros((2, 2, 2), bool)).tolist() == []


def test_closed_porosity_needs_an_electrolyte():
    with pytest.raises(ValueError, match="covers the top"):
        m.closed_porosity(np.ones((2, 2, 2), bool))
    assert m.closed_porosity(np.zeros((2, 2, 2), bool)) == 0.0


def test_tip_current_of_a_flat_film_is_one():
    box = deposit_from(np.full((3, 4), 2), 6)
    current = np.zeros(box.shape)
    current[:, :, 2] = 1.7e-12
    assert m.tip_to_mean_current(current, box) == pytest.approx(1.0)
    np.testing.assert_allclose(m.current_profile(current), [0, 0, 1, 0, 0, 0])


def test_tip_current_by_hand():
    box = deposit_from([[3], [1], [1], [2]], 6)
    current = np.zeros(box.shape)
    current[0, 0, 3] = 6.0  # the tip
    current[3, 0, 2] = 3.0
    current[1, 0, 1], current[2, 0, 1] = 2.0, -1.0  # one column dissolves
    assert m.tip_to_mean_current(current, box) == pytest.approx(6 / 2.5)
    assert m.tip_to_mean_current(current, box, tip_share=0.5) == pytest.approx(4.5 / 2.5)
    np.testing.assert_allclose(m.current_profile(current), [0, 0.1, 0.3, 0.6, 0, 0])


def test_tip_current_is_nan_where_it_has_no_meaning():
    full = np.ones((2, 2, 2), dtype=bool)
    assert np.isnan(m.tip_to_mean_current(np.ones(full.shape), full))
    assert np.isnan(m.tip_to_mean_current(np.zeros(full.shape), ~full))
    assert np.isnan(m.current_profile(np.zeros((2, 2, 2)))).all()
    with pytest.raises(ValueError, match="one shape"):
        m.tip_to_mean_current(np.ones((2, 2, 3)), full)
    with pytest.raises(ValueError, match="finite"):
        m.current_profile(np.full((2, 2, 2), np.nan))
    with pytest.raises(ValueError, match="tip_share"):
        m.tip_to_mean_current(np.ones(full.shape), full, tip_share=2)
