"""Uniform kinetics is Eden growth: its roughness grows with the exponent of Kardar, Parisi and Zhang.

w^2 = a + b t^(2 beta): a is the intrinsic width of the noisy voxel surface, which noise reduction keeps small. Times are
in layers; all lie far below those, about L^(3/2), at which a box of L columns would level w off.
beta: 1/3 exactly in 1+1 dimensions; 0.2414 in 2+1 (Kelling, Odor, Gemming 2016).
"""

import numpy as np
import pytest
from scipy.optimize import curve_fit
from small import study

from kmc_li.engine.simulation import Simulation


def widths(nx, ny, hits, layers, seed):
    """w^2 [voxels^2] of the height map once so many layers are there."""
    parameters = study(**{
        "lattice.nx": nx, "lattice.ny": ny, "lattice.nz": int(1.3 * layers[-1]) + 40, "plating.kinetics": "uniform",
        "plating.noise_reduction_hits": hits, "field.samples": 0, "stop.capacity_mAh_cm2": None,
        "stop.events": int(layers[-1]) * nx * ny, "output.series_points": 1,
    })  # fmt: skip
    simulation, found = Simulation(parameters, seed), []
    for layer in layers:
        while simulation.events < layer * nx * ny:
            simulation.advance(int(layer) * nx * ny - simulation.events)
        found.append(simulation._state.lattice.height.astype(float).var())
    return np.array(found)


def exponent(layers, samples, dimensions):
    """(beta, its standard error) by fits of a + b t^(2 beta) to the mean and to each sample left out (jackknife).

    The fewer patches of the correlation length t^(1/z) a box holds, the less a width counts.
    """
    patches = layers ** (dimensions / {1: 1.5, 2: 1.61}[dimensions])

    def fit(mean):
        def law(t, a, b, beta):
            return a + b * t ** (2 * beta)

        return curve_fit(law, layers, mean, (0.1, 0.1, 0.3), sigma=mean * np.sqrt(patches), maxfev=20_000)[0][2]

    n = len(samples)
    left_out = np.array([fit(np.delete(samples, i, axis=0).mean(axis=0)) for i in range(n)])
    return fit(samples.mean(axis=0)), np.sqrt((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum())


def half_as_wide_is_as_rough(wide, narrow):
    """Whether widths at one time agree within three standard errors: the box does not limit them.

    A box twice as wide is limited 2^z times later, z = 1.5 in 1+1 and 1.61 in 2+1 dimensions.
    """
    error = np.hypot(*(s.std(ddof=1) / np.sqrt(len(s)) for s in (wide, narrow)))
    return abs(wide.mean() - narrow.mean()) < 3 * error


@pytest.mark.slow
def test_one_plus_one_dimensions():
    layers = 10 * 2 ** np.arange(7)
    samples = np.array([widths(4096, 1, 4, layers, seed) for seed in range(24)])
    narrow = np.array([widths(2048, 1, 4, layers[-1:], seed) for seed in range(100, 116)])
    assert half_as_wide_is_as_rough(samples[:, -1], narrow)
    beta, error = exponent(layers, samples, 1)
    print(f"beta = {beta:.4f} +- {error:.4f}, exact 1/3")
    assert error < 0.01
    assert abs(beta - 1 / 3) < 0.02


@pytest.mark.slow
def test_two_plus_one_dimensions():
    """Layers 20 to 640; earlier ones read low, 10 to 320 gave 0.208 +- 0.017."""
    layers = 20 * 2 ** np.arange(6)
    samples = np.array([widths(256, 256, 2, layers, seed) for seed in range(4)])
    narrow = np.array([widths(128, 128, 2, layers[-2:-1], seed) for seed in range(100, 106)])
    assert half_as_wide_is_as_rough(samples[:, -2], narrow)  # at layer 320: good up to 320 * 2^1.61 = 977 here
    beta, error = exponent(layers, samples, 2)
    print(f"beta = {beta:.4f} +- {error:.4f}, literature 0.2414")
    assert error < 0.04
    assert abs(beta - 0.2414) < 0.03
