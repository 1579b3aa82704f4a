"""Metrics against slow, obvious twins on random occupancies, and against the lattice's symmetries."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kmc_li import morphology as m

boxes = st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(1, 6)).flatmap(
    lambda shape: arrays(np.bool_, shape)
)


def naive_heights(box):
    nx, ny, nz = box.shape
    heights = [[0] * ny for _ in range(nx)]
    for x in range(nx):
        for y in range(ny):
            for z in range(nz):
                if box[x, y, z]:
                    heights[x][y] = z + 1
    return heights


def naive_clusters(box, wraps=(True, True)):
    """Clusters as a set of frozensets of voxels, by flood fill, periodic in x and y where it wraps."""
    nx, ny, nz = box.shape
    unseen = {tuple(map(int, v)) for v in np.argwhere(box)}
    clusters = set()
    while unseen:
        stack, members = [unseen.pop()], set()
        while stack:
            x, y, z = voxel = stack.pop()
            members.add(voxel)
            for dx, dy, dz in ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)):
                there = ((x + dx) % nx if wraps[0] else x + dx, (y + dy) % ny if wraps[1] else y + dy, z + dz)
                if there in unseen:
                    unseen.remove(there)
                    stack.append(there)
        clusters.add(frozenset(members))
    return clusters


def naive_porosity_profile(box, against):
    heights = naive_heights(box)
    nx, ny, nz = box.shape
    enclosed, void = [0] * nz, [0] * nz
    for x in range(nx):
        for y in range(ny):
            for z in range(heights[x][y]):
                k = z if against == "height" else heights[x][y] - 1 - z
                enclosed[k] += 1
                void[k] += not box[x, y, z]
    return [v / e if e else np.nan for v, e in zip(void, enclosed, strict=True)]


@given(boxes)
@settings(max_examples=150, deadline=None)
def test_height_and_porosity_equal_their_twins(box):
    heights = naive_heights(box)
    assert m.height_map(box).tolist() == heights
    for against in ("height", "depth"):
        np.testing.assert_allclose(m.porosity_profile(box, against), naive_porosity_profile(box, against))
    enclosed = sum(map(sum, heights))
    void = enclosed - int(box.sum())
    assert m.porosity(box) == pytest.approx(void / enclosed if enclosed else 0.0)


@given(boxes, st.tuples(st.booleans(), st.booleans()))
@settings(max_examples=150, deadline=None)
def test_clusters_equal_a_flood_fill(box, wraps):
    labels, count = m.label_periodic(box, wraps)
    expected = naive_clusters(box, wraps)
    found = {frozenset(tuple(map(int, v)) for v in np.argwhere(labels == k + 1)) for k in range(count)}
    assert count == len(expected)
    assert found == expected
    attached = {v for cluster in expected if any(z == 0 for _, _, z in cluster) for v in cluster}
    if wraps[0] == wraps[1]:
        assert {tuple(map(int, v)) for v in np.argwhere(m.attached_to_collector(box, wraps[0]))} == attached
        assert m.cluster_sizes(box, wraps[0]).tolist() == sorted(map(len, expected), reverse=True)


@given(boxes, st.booleans())
@settings(max_examples=100, deadline=None)
def test_closed_pores_equal_a_flood_fill(box, periodic):
    if box[:, :, -1].all():
        return
    top = box.shape[2] - 1
    shut = sum(len(c) for c in naive_clusters(~box, (periodic, periodic)) if all(z != top for _, _, z in c))
    enclosed = sum(map(sum, naive_heights(box)))
    assert m.closed_porosity(box, periodic) == pytest.approx(shut / enclosed if enclosed else 0.0)


@given(boxes, st.integers(0, 4), st.integers(0, 4))
@settings(max_examples=100, deadline=None)
def test_nothing_depends_on_where_the_seam_lies(box, dx, dy):
    moved = np.roll(box, (dx, dy), axis=(0, 1))
    assert m.cluster_sizes(moved).tolist() == m.cluster_sizes(box).tolist()
    assert m.detached_share(moved) == m.detached_share(box)
    assert m.porosity(moved) == m.porosity(box)
    assert m.roughness(m.height_map(moved)) == pytest.approx(m.roughness(m.height_map(box)), nan_ok=True)


@given(arrays(np.int64, st.tuples(st.integers(1, 6), st.integers(1, 6)), elements=st.integers(0, 50)))
@settings(max_examples=100, deadline=None)
def test_roughness_equals_its_definition(heights):
    values = [float(h) for h in heights.ravel()]
    mean = sum(values) / len(values)
    moment = [sum((v - mean) ** k for v in values) / len(values) for k in range(5)]
    r = m.roughness(heights)
    assert r.Sa == pytest.approx(sum(abs(v - mean) for v in values) / len(values))
    assert r.Sq == pytest.approx(moment[2] ** 0.5)
    assert r.Sz == max(values) - min(values)
    if r.Sz:
        assert r.Ssk == pytest.approx(moment[3] / moment[2] ** 1.5, abs=1e-9)
        assert r.Sku == pytest.approx(moment[4] / moment[2] ** 2)
