"""Growth without charge-transfer resistance in 2-D: DLA and the dielectric breakdown model (benchmarks/fractal.py)."""

import numpy as np
import pytest

from benchmarks import fractal

# name: (exponent, columns, voxels, clusters, allowed distance from the published dimension)
RUNS = {
    "DLA": (1.0, 768, 2048, 24, 0.05),
    "breakdown, exponent 0.5": (0.5, 768, 4096, 12, 0.08),
    "breakdown, exponent 2": (2.0, 768, 724, 14, 0.08),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_dimension_is_the_published_one(name):
    exponent, columns, largest, clusters, allowed = RUNS[name]
    voxels = fractal.sizes(largest)
    rows = np.array([fractal.cluster(columns, exponent, 0.01, seed, voxels, sampled=4) for seed in range(clusters)])
    gyration, greatest, tv = np.moveaxis(rows, 2, 0)
    d, error = fractal.dimension(voxels, gyration)
    assert d == pytest.approx(fractal.PUBLISHED[exponent], abs=allowed), f"{d:.3f} ± {error:.3f}"
    assert error < 0.5 * allowed
    assert greatest[:, -1].mean() < columns / 6
    assert tv[:, -4:].mean() < 0.02  # of the largest clusters, where the field is hardest
