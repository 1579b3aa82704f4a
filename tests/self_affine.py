"""Surfaces with a known Hurst exponent."""

import numpy as np


def spectral(shape, hurst, seed):
    """Periodic Gaussian surface with |h(q)|^2 ~ q^-(d + 2 H) at every wave number (random phases and amplitudes)."""
    noise = np.fft.fft2(np.random.default_rng(seed).normal(size=shape))
    q = np.hypot(*np.meshgrid(*(np.fft.fftfreq(side) for side in shape), indexing="ij"))
    q[0, 0] = np.inf
    dimensions = sum(side > 1 for side in shape)
    return np.fft.ifft2(noise * q ** -(dimensions / 2 + hurst)).real


def fractional_brownian(n, hurst, seed):
    """Fractional Brownian surface (k, k), k = n / sqrt(2), not periodic: G(r) = 2 (r / n)^(2 H) exactly, in the mean.

    Stein, J. Comput. Graph. Stat. 11, 587 (2002): a covariance that is r^(2 H) on the unit disk and can be embedded in
    a torus, plus a random plane.
    """
    power = 2 * hurst
    if power <= 1.5:
        edge, tail, bowl = 1.0, 0.0, power / 2
        level = 1 - power / 2
    else:
        edge = 2.0
        tail = power * (2 - power) / (3 * edge * (edge**2 - 1))
        bowl = (power - tail * (edge - 1) ** 2 * (edge + 2)) / 2
        level = tail * (edge - 1) ** 3 + 1 - bowl
    lags = np.minimum(np.arange(int(2 * edge * n)), int(2 * edge * n) - np.arange(int(2 * edge * n))) / n
    r = np.hypot(lags[:, None], lags[None, :])
    beyond = np.where(r <= edge, tail * (edge - r).clip(0) ** 3 / r.clip(1e-9), 0)
    covariance = np.where(r <= 1, level - r**power + bowl * r**2, beyond)
    amplitudes = np.sqrt(np.fft.fft2(covariance).real.clip(0) / r.size)
    rng = np.random.default_rng(seed)
    k = int(n / np.sqrt(2))
    waves = np.fft.fft2(amplitudes * (rng.normal(size=r.shape) + 1j * rng.normal(size=r.shape))).real[:k, :k]
    x, y = np.indices((k, k)) / n
    tilt = rng.normal(size=2) * np.sqrt(2 * bowl)
    return waves + tilt[0] * x + tilt[1] * y
