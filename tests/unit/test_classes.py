"""Selection: lists against a dict, draws against the rates they should follow and against a naive twin."""

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from kmc_li.engine import invariants
from kmc_li.kernels.base.jit import njit
from kmc_li.kernels.selection import composition_rejection as classes

VOXELS = 400

# Rates over 12 decades, none, and some just at the bounds of classes.
rates = st.one_of(
    st.just(0.0),
    st.floats(2.0**-30, 1e3, width=32),
    st.floats(2.0**20, 2.0**127, width=32),
    st.integers(-30, 127).map(lambda n: 2.0**n),
    st.integers(-30, 127).map(lambda n: float(np.nextafter(np.float32(2.0**n), np.float32(0)))),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, VOXELS - 1), rates), max_size=300), st.booleans())
def test_lists_hold_what_was_put(changes, grow):
    lists, expected = classes.allocate(VOXELS, 64), {}
    for step, (voxel, rate) in enumerate(changes):
        if grow and step == len(changes) // 2:
            lists = classes.grown(lists)
        before = expected.pop(voxel, 0.0)
        if rate > 0:
            expected[voxel] = float(np.float32(rate))
        change = classes.put(lists, voxel, np.float32(rate))
        assert change == pytest.approx(expected.get(voxel, 0.0) - before, rel=1e-6, abs=1e-30)
    invariants.check_lists(lists, "lists")
    members = invariants.listed(lists)
    assert {int(v): float(lists.rate[v]) for v in members[:, 0]} == expected
    for voxel, cls, spot in members:
        assert lists.bound[cls] / 2 <= lists.rate[voxel] < lists.bound[cls] and lists.where[voxel] == spot
    assert classes.total(lists) == pytest.approx(sum(expected.values()), rel=1e-5)


def test_pages_are_given_back_and_used_again():
    lists = classes.allocate(5000, 1000)
    free = lists.free[-1]
    for _ in range(5):
        for voxel in range(1000):
            classes.put(lists, voxel, np.float32(1 + voxel % 7))
        invariants.check_lists(lists, "lists")
        for voxel in range(1000):
            classes.put(lists, voxel, np.float32(0))
        assert lists.free[-1] == free and lists.count.sum() == 0 and (lists.where == -1).all()


def test_any_class_may_hold_all_sites():
    lists = classes.allocate(5000, 5000)
    for rate in (1e-3, 1.0, 100.0):
        assert classes.room(lists) + lists.count.sum() >= 5000 - classes.PAGE * classes.CLASSES
        for voxel in range(5000):
            classes.put(lists, voxel, np.float32(rate))
        invariants.check_lists(lists, "lists")
        assert np.count_nonzero(lists.count) == 1


def test_growing_keeps_the_order_of_sites():
    lists = classes.allocate(300, 64)
    rng = np.random.default_rng(0)
    for voxel in rng.permutation(300):
        classes.put(lists, voxel, np.float32(rng.random()))
    more = classes.grown(lists, 3)
    assert classes.room(more) > classes.room(lists)
    np.testing.assert_array_equal(invariants.listed(more), invariants.listed(lists))
    drawn = [[classes.draw(which, np.random.default_rng(5)) for _ in range(1)] for which in (lists, more)]
    assert drawn[0] == drawn[1]


def test_a_rate_too_small_to_count_is_not_listed():
    lists = classes.allocate(10, 10)
    assert classes.put(lists, 3, np.float32(2.0 ** (classes.LOWEST - 1))) == 0.0
    assert classes.put(lists, 4, np.float32(2.0**classes.LOWEST)) > 0.0
    assert lists.where[3] == -1 and lists.where[4] >= 0


def test_nothing_to_draw():
    assert classes.draw(classes.allocate(10, 10), np.random.default_rng(0)) == -1


@njit
def tally(lists, rng, draws, counts):
    for _ in range(draws):
        counts[classes.draw(lists, rng)] += 1


def filled(values):
    lists = classes.allocate(values.size, values.size)
    for voxel, rate in enumerate(values):
        classes.put(lists, voxel, rate)
    return lists


def frequencies_fit(counts, values):
    """p of chi^2 that `counts` follow `values`; rare voxels are taken together."""
    expected = counts.sum() * values.astype(float) / values.sum(dtype=float)
    order = np.argsort(expected)
    rare = order[np.cumsum(expected[order]) < 10]
    often = np.setdiff1d(order, rare)
    if expected[rare].sum() < 5:
        rare, often = np.append(rare, often[np.argmin(expected[often])]), np.delete(often, np.argmin(expected[often]))
    found = np.append(counts[often], counts[rare].sum())
    wanted = np.append(expected[often], expected[rare].sum())
    return stats.chisquare(found, wanted * found.sum() / wanted.sum()).pvalue


FROZEN = {
    "large": lambda rng: 2.0 ** rng.uniform(20, 28, 1000),
    "over all that a float32 holds": lambda rng: np.append(2.0 ** rng.uniform(-40, 126, 300), 2.0 ** rng.uniform(126, 127.9, 20)),
    "over twelve decades": lambda rng: 10.0 ** rng.uniform(-9, 3, 2000),
    "as a deposit's currents": lambda rng: rng.gamma(0.5, 1.0, 2000),
    "all in one class": lambda rng: rng.uniform(1.0, 1.999, 500),
    "equal": lambda rng: np.ones(100),
    "one rules": lambda rng: np.append(np.full(999, 1e-6), 1.0),
}


@pytest.mark.parametrize("name", FROZEN)
def test_million_draws_follow_the_rates(name):
    values = FROZEN[name](np.random.default_rng(1)).astype(np.float32)
    counts = np.zeros(values.size, np.int64)
    tally(filled(values), np.random.default_rng(2), 1_000_000, counts)
    assert counts.sum() == 1_000_000
    assert frequencies_fit(counts, values) > 0.01


def test_naive_twin_draws_the_same_frequencies():
    rng = np.random.default_rng(3)
    values = rng.gamma(0.5, 1.0, 50).astype(np.float32)
    twin = np.bincount([naive.draw(values, u) for u in rng.random(100_000)], minlength=50)
    counts = np.zeros(50, np.int64)
    tally(filled(values), rng, 100_000, counts)
    assert frequencies_fit(twin, values) > 0.01
    table = np.array([twin, counts])
    assert stats.chi2_contingency(table[:, table.sum(axis=0) > 20]).pvalue > 0.01


def test_the_test_would_notice_a_wrong_choice():
    values = np.random.default_rng(1).gamma(0.5, 1.0, 200).astype(np.float32)
    counts, slightly_off = np.zeros(200, np.int64), values.copy()
    slightly_off[np.argmax(values)] *= np.float32(0.93)
    tally(filled(slightly_off), np.random.default_rng(2), 1_000_000, counts)
    assert frequencies_fit(counts, values) < 1e-4
