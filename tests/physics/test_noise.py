"""The roughness that noise alone makes: linear theory with the volume asked for (benchmarks/noise.py)."""

import numpy as np
import pytest

from benchmarks import noise


def over_theory(case, shortest_um):
    """(power of the waves above that length over the theory's, its standard error) of all seeds of a case."""
    k = noise.wavenumbers(noise.study(case))
    waves = (k > 0) & (k <= 2 * np.pi / shortest_um)
    found = np.mean([noise.power(case, seed)[waves].mean() for seed in range(case.seeds)])
    return found / noise.expected(case)[waves].mean(), 1 / np.sqrt(waves.sum() / 2 * case.seeds)


@pytest.mark.parametrize(("voxel_um", "seeds"), [(0.25, 12), (0.125, 8), (0.0625, 4)])
def test_noise_has_the_volume_asked_for(voxel_um, seeds):
    """Spectrum over half a layer, within the statistics of so many waves, at three voxel sizes."""
    ratio, error = over_theory(noise.Case(voxel_um, 0.5, seeds, mullins_B_m4_s=0.0), 2.1)
    assert abs(ratio - 1) < 4 * error


def test_over_several_layers_the_lattice_adds_little():
    """Spectrum of waves above 8 voxels over four layers: the theory's within a tenth and the statistics."""
    ratio, error = over_theory(noise.Case(0.125, 4, 5), 1.05)
    assert error < 0.05
    assert abs(ratio - 1) < 0.1 + 3 * error
