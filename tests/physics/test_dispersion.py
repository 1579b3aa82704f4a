"""Growth and decay of waves around the neutral one, with each cut-off, against linear theory."""

import numpy as np
import pytest

from benchmarks import dispersion


@pytest.mark.parametrize("cutoff", dispersion.CUTOFFS)
def test_waves_grow_and_decay_by_linear_theory(cutoff):
    """Six waves along (100) and at 45 degrees: within 10 % of the larger of what drives and what smooths them."""
    runs = [dispersion.rates(cutoff, dispersion.VOXELS_UM[0], seed) for seed in (0, 1)]
    waves = [one._replace(measured=(one.measured + other.measured) / 2) for one, other in zip(*runs, strict=True)]
    theory, measured = (np.array([getattr(wave, name) for wave in waves]) for name in ("theory", "measured"))
    assert theory.min() < -0.25  # decays
    assert theory.max() > 0.6
    assert np.abs((measured - theory) / np.maximum(1.0, 1.0 - theory)).max() < 0.1
    neutral_um = dispersion.dispersion.neutral_wavelength_um(dispersion.study(cutoff, dispersion.VOXELS_UM[0]))
    assert dispersion.neutral_um(waves) == pytest.approx(neutral_um, rel=0.1)
