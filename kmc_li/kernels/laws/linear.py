"""Linear charge transfer: i = (phi - V) / R_ct, behind half a voxel of electrolyte."""

from typing import Any, NamedTuple

import numpy as np

from kmc_li.kernels.base import verbs
from kmc_li.kernels.base.jit import leaf


class Linear(NamedTuple):
    """The Wagner length decides alone."""

    wagner: np.ndarray  # float (1,): W = kappa R_ct over the voxel


def allocate(study: Any, voxels: int, dtype: Any) -> Linear:
    """The law of a study (`study.Parameters`)."""
    return Linear(np.array([study.wagner_length_m / study.voxel_m], dtype))


@verbs.in_double.of(Linear)
def in_double(law, voxels):
    return Linear(law.wagner.astype(np.float64))


@verbs.is_linear.of(Linear)
@leaf
def is_linear(law):
    return True


@verbs.stiffest.of(Linear)
@leaf
def stiffest(law):
    return np.float64(law.wagner[0]) + 0.5


@verbs.area_ratio.of(Linear)
@leaf
def area_ratio(law, voxel):
    return 1.0  # never asked for: a linear law is not linearised again


@verbs.tangent.of(Linear)
@leaf
def tangent(law, voxel, phi, faces, shift, kappa, ratio, s):
    lateral, below, above = faces
    real = law.wagner.dtype.type
    length = real(law.wagner[0] * ratio)
    face = real(1) / (length + real(0.5) / kappa)
    shifts = shift[2 * s - 1] * real(lateral)
    shifts = shifts + shift[2 * s - 2] * real(below) + shift[2 * s] * real(above)
    return face * real(lateral + below + above), face * shifts


@verbs.currents.of(Linear)
@leaf
def currents(law, voxel, phi, faces, shift, kappa, sink, s):
    lateral, below, above = faces
    plate, strip = 0.0, 0.0
    for h in range(-2, 1):
        count = lateral if h == -1 else below if h == -2 else above
        drive = phi - np.float64(shift[2 * s + h])
        plate += count * max(drive, 0.0)
        strip += count * max(-drive, 0.0)
    face = np.float64(sink) / (lateral + below + above)
    return face * plate, face * strip


@verbs.dissolution.of(Linear)
@leaf
def dissolution(law, voxel, drive, faces, kappa, sink):
    return np.float64(sink) / faces * drive
