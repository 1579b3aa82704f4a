"""Growth without charge-transfer resistance in 2-D: DLA and the dielectric breakdown model (benchmarks/fractal.py)."""

import numpy as np
import pytest

from benchmarks import fractal

# exponent: (columns, voxels, clusters, allowed distance from the published dimension)
RUNS = {1.0: (512, 1024, 40, 0.05), 0.5: (512, 1448, 16, 0.08), 2.0: (512, 362, 24, 0.08)}


@pytest.mark.slow
@pytest.mark.parametrize("exponent", RUNS)
def test_dimension_is_the_published_one(exponent):
    columns, largest, clusters, allowed = RUNS[exponent]
    voxels = fractal.sizes(largest)
    rows = np.array([fractal.cluster(columns, exponent, 0.01, seed, voxels) for seed in range(clusters)])
    gyration, greatest, tv = np.moveaxis(rows, 2, 0)
    d, error = fractal.dimension(voxels, gyration)
    assert d == pytest.approx(fractal.PUBLISHED[exponent], abs=allowed), f"{d:.3f} ± {error:.3f}"
    assert error < 0.5 * allowed
    assert greatest[:, -1].mean() < columns / 6
    assert tv.mean() < 0.015
