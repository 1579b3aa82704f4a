"""The field benchmarks on boxes of a second: their figures are there, add up and keep to the schema."""

import importlib
import json
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
KEYS = {"columns", "delta_over_W", "tolerance", "events_per_cpu_s", "tv_mean", "tv_worst"}


@pytest.fixture
def load(monkeypatch):
    """Import a benchmark as a script finds it; its one-thread setting ends with the test."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module


@pytest.mark.parametrize(("method", "how"), [("walkers", "walkers"), ("multigrid", "solver, 2 %")])
def test_a_row_holds_speed_and_error(load, method, how):
    field = load("field")
    case = field.Case(8, 8, 0.3, 0.02, method, monolayers=4, samples=6, repeats=2)
    grown = []
    row, deposit = field.measure(case, grown.append)
    assert row.keys() >= KEYS
    assert sum(grown) == 2 * 4 * 64
    assert (deposit.state.counters[0].plated, row["monolayers"], row["tv_moments"]) == (4 * 64, 4, 6)
    assert -0.02 < row["tv_mean"] <= row["tv_worst"] < 0.2
    assert row["method"] == method
    assert row["events_per_cpu_s_best"] >= row["events_per_cpu_s"] > 0
    assert row["events_per_cpu_s"] == pytest.approx(4 / sum(1 / v for v in row["events_per_cpu_s_by_monolayer"]))
    assert f"| 8 × 8 | 0.3 | {how} | 4 |" in field.table([row])


def test_libraries_on_the_same_deposit_and_the_whole_as_json(load):
    field = load("field")
    case = field.Case(16, 16, 0.3, 0.01, "multigrid", monolayers=2, samples=3, repeats=1)
    row, _ = field.measure(case)
    found = field.without_kmc_li(case, row | {"tv_mean": 1e-3}, row | {"events_per_cpu_s": 1e5}, short=True)
    assert json.loads(json.dumps({"plating": [row], "full_resolve": found}, allow_nan=False))
    each = [m for m in found["methods"] if m["every"] == 1 and m["solver"].startswith("scipy")]
    assert [m["tolerance_is"] for m in each] == ["equal TV", "rtol 1e-5"]
    assert each[0]["tv_no_worse"]
    assert each[0]["tv"] <= 1e-3
    assert each[1]["tv"] < 1e-5  # a solve to 1e-5 after each event is all but exact
    assert each[1]["iterations"] > each[0]["iterations"]
    assert found["ratio_usual_tolerance"] > 1
    assert found["ratio_walkers"] == pytest.approx(found["ratio_usual_tolerance"] * 1e5 / row["events_per_cpu_s"])


@pytest.mark.parametrize("shape", [(8, 6), (12, 1)])
def test_the_sparse_matrix_is_the_field_of_the_kernels(load, shape):
    field, resolve = load("field"), load("full_resolve")
    case = field.Case(*shape, 0.3, 0.01, "multigrid", monolayers=3, samples=0)
    grown = field.grow(case, np.array([], int))
    deposit = resolve.Deposit(grown.box, grown.state)
    x = deposit.exact.copy()
    rng = np.random.default_rng(1)
    for _ in range(10):
        rates = deposit.rates(x)
        deposit.plate(int(rng.choice(x.size, p=rates / rates.sum())), x)
    deposit.converge()
    assert abs(deposit.matrix - deposit.matrix.T).max() == 0
    assert deposit.rates(deposit.exact).sum() == pytest.approx(shape[0] * shape[1], rel=1e-4)  # all current plates
    # An edited matrix is the one assembled anew, but for the rows of what has turned to Li.
    anew = resolve.Deposit(grown.box, grown.state._replace(lattice=deposit.at))
    kept = deposit.index[anew.voxels]
    assert kept.min() >= 0
    assert abs(deposit.matrix[kept][:, kept] - anew.matrix).max() < 1e-12


def test_quick_rows_are_those_promised(load):
    field = load("field")
    chosen = field.cases(field.arguments().parse_args(["--quick"]))
    assert {(c.nx, c.ny) for c in chosen} == {(64, 64), (256, 256)}
    assert chosen[0] == field.Case(64, 64, 0.3, 0.01)
    everything = field.cases(field.arguments().parse_args([]))
    assert {c.nx for c in everything} >= {64, 128, 256, 512, 1024}
    assert {c.tolerance for c in everything} >= {0.005, 0.01, 0.02, 0.05}


def test_the_tolerance_table(load):
    tolerance = load("tolerance")
    groups = {t: tolerance.measure(tolerance.study(8, 0.3, t, monolayers=2), range(2)) for t in (0.01, 0.05)}
    text = tolerance.table(groups)
    assert text.count("\n| ") == 2
    assert "| 5 % |" in text
    assert text.count("Welch") == 3


@pytest.mark.parametrize(("study", "method"), [("piezo", "multigrid"), ("bare", "walkers")])
def test_a_study_beside_bare_walkers(load, study, method):
    speed = load("study_speed")
    row = speed.Row(study, 8, capacity_mAh_cm2=0.3, method=method, repeats=1, moments=8)
    grown, moments = [], []
    found = speed.measure(row, grown.append, moments.append)
    assert sum(grown) == speed.parameters(row).target_voxels // 5 * 5
    assert sum(moments) == found["tv_moments"] == 8
    assert found["over_bare"] == pytest.approx(found["events_per_cpu_s"] / found["bare_events_per_cpu_s"])
    assert -0.01 < found["tv_mean"] <= found["tv_worst"] < 0.1
    assert found["contact_moments"] == (2 if study == "piezo" else 0)
    if study == "piezo":
        assert found["pressed_share"] == pytest.approx(1, abs=0.3)
        assert 0 < found["pressed_exact"] < 1
    else:
        assert found["pressed_share"] is None
    assert f"| {study} | 8 | {found['method']} |" in speed.table([(study, row.key, found)])


def test_the_wide_study_is_bare_lithium_with_a_wagner_length_of_two_millimetres(load):
    p = load("study_speed").parameters(load("study_speed").Row("wide", 8))
    assert p.wagner_length_m == pytest.approx(2e-3) and p.layer is None


def test_walkers_that_escape_from_a_held_potential_are_no_events(load):
    speed = load("study_speed")
    found = speed.measure(speed.Row("potentiostatic", 8, repeats=1, moments=4), lambda k: None, lambda k: None)
    assert found["tv_worst"] < 0.01


def test_drawn_events_leave_the_run_alone_and_their_noise_is_taken_off(load):
    """A walk that always lands where it should has a TV of nothing but noise; one landing in fifty astray is seen."""
    speed, landings = load("study_speed"), load("landings")
    growing = speed.Growing(speed.parameters(speed.Row("bare", 16, method="walkers")), 1)
    growing.to(1000)
    before = growing.state.counters.copy()
    assert abs(landings.moment(growing.model, growing.box, growing.state, 1).tv) < 0.01
    assert growing.state.counters == before
    rng, p = np.random.default_rng(3), np.full(500, 1 / 500)
    tv = [landings.without_noise(rng.multinomial(20_000, p), 20_000 * p) for _ in range(200)]
    assert np.mean(tv) == pytest.approx(0, abs=4 * np.std(tv) / 200**0.5)
    astray = 0.98 * p
    astray[0] += 0.02
    tv = [landings.without_noise(rng.multinomial(20_000, astray), 20_000 * p) for _ in range(200)]
    # The crowded voxel's half of the TV is seen in full, that spread over all others hides in their noise.
    assert np.mean(tv) > 0.02 * 0.998 / 2 - 4 * np.std(tv) / 200**0.5
