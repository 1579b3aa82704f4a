"""The compact radius of a cluster is proportional to W (Jacobson and Miller, arXiv 2204.01173)."""

import numpy as np
import pytest

from benchmarks import compact_radius


@pytest.mark.slow
def test_the_compact_radius_is_proportional_to_w():
    """Over a factor of eight, where eight clusters each leave an error of about 0.06 of the exponent."""
    radii = {w: [compact_radius.measured((w, seed)) for seed in range(8)] for w in (1, 8)}
    slope, error = compact_radius.exponent(radii)
    assert error < 0.1
    assert slope == pytest.approx(1.0, abs=0.25)
    assert np.mean(radii[8]) > 50  # voxels: not the nucleus
