"""Growth without charge-transfer resistance in 2-D: DLA and the dielectric breakdown model (benchmarks/fractal.py)."""

from functools import cache

import numpy as np
import pytest

from benchmarks import fractal

# name: (exponent, method, columns, voxels, clusters, allowed distance from the published dimension)
RUNS = {
    "DLA": (1.0, "walkers", 768, 2048, 40, 0.04),
    "breakdown, exponent 0.5": (0.5, "multigrid", 768, 4096, 4, 0.08),
    "breakdown, exponent 2": (2.0, "multigrid", 768, 724, 11, 0.08),
}


@cache
def clusters(exponent, method, columns, voxels, seeds):
    """(numbers of voxels, rows of fractal.cluster for each seed)"""
    sizes, sampled = fractal.sizes(voxels), 4 if method == "multigrid" else 0
    grown = [fractal.cluster(columns, exponent, 0.01, seed, sizes, sampled, method) for seed in range(seeds)]
    return sizes, np.array(grown)


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_dimension_is_the_published_one(name):
    exponent, method, columns, largest, seeds, allowed = RUNS[name]
    voxels, rows = clusters(exponent, method, columns, largest, seeds)
    gyration, greatest, tv = np.moveaxis(rows, 2, 0)
    d, error = fractal.dimension(voxels, gyration)
    assert d == pytest.approx(fractal.PUBLISHED[exponent], abs=allowed), f"{d:.3f} ± {error:.3f}"
    assert error < 0.5 * allowed
    assert greatest[:, -1].mean() < columns / 6
    if method == "multigrid":
        assert tv[:, -4:].mean() < 0.02  # of the largest clusters, where the field is hardest


@pytest.mark.slow
def test_the_solver_grows_what_walkers_grow():
    """Radii of DLA clusters within three standard errors at 256, 1024 and 2048 voxels, on a field right to 2 %."""
    grown = {method: clusters(1.0, method, 768, 2048, seeds) for method, seeds in (("walkers", 40), ("multigrid", 6))}
    rows = {method: found[1][:, [8, 12, 14], 0] for method, found in grown.items()}
    assert grown["walkers"][0][[8, 12, 14]].tolist() == [256, 1024, 2048]
    error = np.hypot(*(r.std(axis=0, ddof=1) / np.sqrt(len(r)) for r in rows.values()))
    assert (np.abs(rows["walkers"].mean(axis=0) - rows["multigrid"].mean(axis=0)) < 3 * error).all()
    assert error[-1] < 0.03 * rows["walkers"][:, -1].mean()
    assert grown["multigrid"][1][:, -4:, 2].mean() < 0.02
