"""Currents and growth under a layer against code of their own (benchmarks/layer_twin.py, benchmarks/layer_direct.py)."""

from functools import cache
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chi2

from kmc_li import Parameters, UserError
from kmc_li.engine import build
from kmc_li.engine.field_error import converged_rates
from kmc_li.study.choices import METHODS
from kmc_li.study.presets import study_path

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def load():
    """A benchmark as a script finds it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        yield import_module


PLANES = 160


def porous(nx, ny, seed):
    """Random metal in six planes, some of it dead, pores closed on all sides, and one column that stands out."""
    occupancy = np.random.default_rng(seed).random((nx, ny, PLANES)) < 0.4
    occupancy[:, :, 6:] = False
    occupancy[nx // 2, 0, :9] = True
    return occupancy


FROZEN = {
    "piezo": ("piezo", (8, 6), {"layer.unscreened_share": 0.04}),
    "anti-poled, plain faces": (
        "anti_poled", (6, 8), {"layer.unscreened_share": 1.0, "plating.face_area_weights": False},
    ),
    "layer that hardly conducts": (
        "piezo", (8, 8), {"layer.conductivity_S_m": 1e-4, "layer.thickness_um": 1.0, "layer.clamped": True},
    ),
    "hardness reached": ("piezo", (8, 8), {"metal.hardness_MPa": 20.0}),
    "2-D": ("piezo", (24, 1), {"layer.unscreened_share": 0.2}),
    "inert, no weights": ("inert", (8, 8), {"plating.face_area_weights": False}),
}  # fmt: skip


@pytest.mark.parametrize("name", FROZEN)
def test_currents_of_a_frozen_deposit(name, load):
    """The sparse factorisation, the twin's iteration and the engine's converged field: three codes, one answer."""
    twin, direct = load("layer_twin"), load("layer_direct")
    study, (nx, ny), changes = FROZEN[name]
    size = {"lattice.nx": nx, "lattice.ny": ny, "lattice.nz": PLANES, "field.method": "multigrid"}
    p = Parameters.from_toml(study_path(study)).replace(**size | changes)
    occupancy, k = porous(nx, ny, 5), twin.constants_of(p)
    frozen = direct.Frozen(occupancy, k)
    assert (frozen.metal & ~frozen.live).any()
    exact = frozen.rates(PLANES)
    assert frozen.net().sum() == pytest.approx(nx * ny)  # with the collector's share
    iterated, rest = twin.currents(occupancy, k)
    assert rest == pytest.approx(frozen.rest, abs=1e-9)
    np.testing.assert_allclose(iterated, exact, atol=1e-5)

    model = build.build_model(p)
    box, state = build.allocate_state(p, occupancy, model=model)
    build.settle(model, box, state)
    engine = converged_rates(model, box, state).reshape(box)[:, :, 1 : PLANES + 1]
    assert 0.5 * np.abs(engine / engine.sum() - exact / exact.sum()).sum() < 2e-4
    assert engine.sum() == pytest.approx(exact.sum(), rel=2e-4)
    if "share" in str(changes):
        assert exact[occupancy].sum() > 0.01 * exact.sum()  # dissolves
    # As a control: shifts a tenth off are told apart, and a conductivity a tenth of the way on.
    off = direct.Frozen(occupancy, k._replace(shift=1.1 * k.shift, conductivity=k.conductivity**1.1)).rates(PLANES)
    assert np.abs(off - exact).sum() / 2 > 2e-4 * exact.sum()


@pytest.mark.parametrize("study", ["piezo", "anti_poled"])
def test_the_balance_of_walkers_from_above_and_from_shifted_faces(study, load):
    """I_k = J h_k + sum_j B_j H_jk - B_k: walkers that know no potential find the currents of the shifted field."""
    twin, direct = load("layer_twin"), load("layer_direct")
    p = Parameters.from_toml(study_path(study)).replace(**{"layer.unscreened_share": 0.04})
    k = twin.constants_of(p)
    frozen = direct.Frozen(twin.deposit(k, 8, 8, 80, 320, 3).occupancy, k)
    assert (frozen.live == frozen.metal).all() and (frozen.source != 0).sum() >= 4
    net = frozen.net()
    mean, error = frozen.net_by_walkers(k.wagner, k.weighted, 400_000, 1)
    assert mean.sum() == pytest.approx(64)  # charge is conserved walker by walker
    often = mean > 25 * 64 / 400_000  # enough of them land there for normal errors
    often |= frozen.source != 0
    z = ((mean - net) / np.where(error > 0, error, np.inf))[often]
    assert chi2.sf((z**2).sum(), often.sum()) > 0.001
    assert np.abs(z).max() < 5


def able(study):
    """The methods that can follow a study's field."""
    found = []
    for method in METHODS:
        try:
            Parameters.from_toml(study_path(study)).replace(**{"field.method": method})
        except UserError:
            continue
        found.append(method)
    return found


GROWN = {  # study, columns, events a column, changes, deposits of twin and engine
    "piezo": ("piezo", 32, 1, 8, (), 80, 40),
    "anti-poled": ("anti_poled", 32, 1, 8, (), 80, 40),
    "piezo, much dissolves": ("piezo", 32, 1, 8, (("layer.unscreened_share", 0.04),), 80, 40),
    "piezo, 3-D, much dissolves": ("piezo", 8, 8, 5, (("layer.unscreened_share", 0.1),), 40, 20),
}


@pytest.fixture(scope="module")
def grown(load):
    """The twin's deposits of a case."""

    def grow(name):
        study, nx, ny, monolayers, changes, seeds, _ = GROWN[name]
        case = load("layer_check").Case(study, nx, ny, monolayers, changes)
        return case, np.array([case.by_twin(seed) for seed in range(seeds)])

    return cache(grow)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "method"), [(name, method) for name in GROWN for method in able(GROWN[name][0])])
def test_the_engine_grows_under_a_layer_what_the_twin_grows(name, method, grown, load):
    """Thickness, roughness, porosity, dead metal, net charge and time: equal within 3 standard errors."""
    case, exact = grown(name)
    live = np.array([case.by_engine(1000 + seed, method, 0.001) for seed in range(GROWN[name][-1])])
    metrics, apart = load("layer_check").METRICS, load("twin").apart
    away = apart(live, exact)
    assert np.abs(away).max() < 3, dict(zip(metrics, away.round(1), strict=True))
    if "dissolves" in name:
        net = metrics.index("net charge")
        assert exact[:, net].mean() < 0.995 * GROWN[name][3] and live[:, net].std() > 0


@pytest.mark.slow
@pytest.mark.parametrize("other", ["piezo", "anti-poled"])
def test_a_wrong_layer_is_noticed(other, grown, load):
    """As many deposits as the engine grows tell the layer from another one, where its charge is a strong one.

    By the study's own charge they do not: in such a box piezo and inert are 2.5 standard errors apart.
    """
    strong = grown("piezo, much dissolves")[1][:40]
    assert np.abs(load("twin").apart(strong, grown(other)[1])).max() > 5
