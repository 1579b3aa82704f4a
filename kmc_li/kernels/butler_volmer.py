"""Charge transfer by Butler and Volmer: what a face passes when the potential falls on it and on resistances in series.

i = i0 [exp(alpha_c F eta / RT) - exp(-alpha_a F eta / RT)], eta what the series resistance leaves of the whole drop.
"""

import math

import numpy as np

from .jit import njit

SETTLED = 1e-8  # last step of Newton over the overpotential: the next one would be its square
MOST_STEPS = 50


@njit
def law(drop, series, exchange, cathodic, anodic):
    """(current, its slope with the drop). Newton from an upper bound, whose steps shrink monotonically."""
    sign = 1.0
    if drop < 0.0:
        drop, sign, cathodic, anodic = -drop, -1.0, anodic, cathodic
    eta = min(drop, math.log1p(drop / (series * exchange)) / cathodic)
    for _ in range(MOST_STEPS):
        forward, back = math.expm1(cathodic * eta), math.expm1(-anodic * eta)
        rise = exchange * (cathodic * (forward + 1.0) + anodic * (back + 1.0))
        step = (eta + series * exchange * (forward - back) - drop) / (1.0 + series * rise)
        eta = max(eta - step, 0.0)
        if abs(step) <= SETTLED * eta:
            break
    forward, back = math.expm1(cathodic * eta), math.expm1(-anodic * eta)
    rise = exchange * (cathodic * (forward + 1.0) + anodic * (back + 1.0))
    return sign * exchange * (forward - back), rise / (1.0 + series * rise)


@njit
def face(drop, charge, steep, kappa):
    """The same for a lattice face behind half a voxel, of which `steep` stand for one of true area."""
    series = 0.5 / kappa + charge[3] * steep
    return law(drop, series, charge[0] / steep, charge[1], charge[2])


@njit
def faces(potential, lateral, below, above, shift, charge, steep, kappa, s):
    """(plating current, dissolving current, slope of their difference) of so many faces of a cell in plane s."""
    plate, strip, slope = 0.0, 0.0, 0.0
    current, rise, former = 0.0, 0.0, np.nan
    for h in range(-2, 1):
        count = lateral if h == -1 else below if h == -2 else above
        if count == 0:
            continue
        held = np.float64(shift[2 * s + h])
        if held != former:
            current, rise = face(potential - held, charge, steep, kappa)
            former = held
        plate += count * max(current, 0.0)
        strip += count * max(-current, 0.0)
        slope += count * rise
    return plate, strip, slope
