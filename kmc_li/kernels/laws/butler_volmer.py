"""Charge transfer by Butler and Volmer: what a face passes when the potential falls on it and on resistances in series.

i = i0 [exp(alpha_c F eta / RT) - exp(-alpha_a F eta / RT)], eta what the series resistance leaves of the whole drop.

A run asks for i some ten times per event, so it is looked up: for i per true area, J, all faces share one equation,
eta + (S + h) J = drop, S the resistance per true area and h what half a voxel of electrolyte adds. Only h differs
between them, from 0.5 along (100) to 0.29 along (111). J is tabulated over the drop at one h between, and Newton's
method finds it at the face's own.
"""

import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from kmc_li.kernels.base import verbs
from kmc_li.kernels.base.jit import leaf, njit

STEPS, SPAN = 64, 32  # of the table: steps for a potential RT / alpha F, with the larger alpha, and how many of these
MIDDLE = 0.4  # h of the table
REACH = 24  # drops up to this are looked up, at not more than 4/3 of this
NEAR = 1e-4  # last step of Newton over the table, as a share of the current: what is left is 0.03 times its square
SETTLED = 1e-8  # last step of Newton over the overpotential: the next one would be its square
MOST_STEPS = 50


class ButlerVolmer(NamedTuple):
    """Constants in lattice units (current density j, potential j voxel / kappa), float64 (1,) each."""

    wagner: np.ndarray  # float (1,): kappa R_ct over the voxel, R_ct at small currents
    exchange: np.ndarray  # exchange current density
    cathodic: np.ndarray  # alpha_c F / RT
    anodic: np.ndarray  # alpha_a F / RT
    series: np.ndarray  # resistance in series with the reaction: what it leaves of R_ct
    least: np.ndarray  # resistance of a face at current 1, half a voxel included, or less than that
    table: np.ndarray  # float64 (4 SPAN STEPS + 2,): J over the drop, and by how much it would grow in a step
    steps: np.ndarray  # of the table in a drop of 1
    ratio: np.ndarray  # float (voxels,): staircase faces for one of true area, beside Li faces


def allocate(study: Any, voxels: int, dtype: Any) -> ButlerVolmer:
    """The law of a study (`study.Parameters`)."""
    unit_V = study.current_density_A_m2 * study.voxel_m / study.conductivity_S_m
    wagner = np.array([study.wagner_length_m / study.voxel_m], dtype)
    exchange = study.exchange_current_density_A_m2 / study.current_density_A_m2
    cathodic = study.plating.alpha_cathodic * unit_V / study.thermal_voltage_V
    anodic = study.plating.alpha_anodic * unit_V / study.thermal_voltage_V
    series = max(study.wagner_length_m / study.voxel_m - 1.0 / (exchange * (cathodic + anodic)), 0.0)
    slope = cathodic * (1.0 + exchange) + anodic * exchange  # at current 1
    numbers = (exchange, cathodic, anodic, series, 0.5 + series + 1.0 / slope)
    step = 1.0 / (STEPS * max(cathodic, anodic))
    return ButlerVolmer(
        wagner,
        *[np.array([number], np.float64) for number in numbers],
        table=tabulated(step, series + MIDDLE, exchange, cathodic, anodic).copy(),
        steps=np.array([1.0 / step]),
        ratio=np.zeros(voxels, dtype),
    )


@lru_cache
def tabulated(step, *law):
    """Current at each multiple of `step`, and its slope times the step."""
    solve = getattr(current_density, "py_func", current_density)  # not worth compiling, and these bits everywhere
    found = np.array([solve(step * k, *law) for k in range(-SPAN * STEPS, SPAN * STEPS + 1)])
    return (found * np.array([1.0, step])).ravel()


@njit
def current_density(drop, series, exchange, cathodic, anodic):
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


@leaf
def looked_up(law, drop):
    """(J, its slope with the drop) from the table, by a cubic through values and slopes."""
    at = drop * law.steps[0]
    k = min(max(math.floor(at), -SPAN * STEPS), SPAN * STEPS - 1)
    t, o = at - k, 2 * (int(k) + SPAN * STEPS)
    low, left, right = law.table[o], law.table[o + 1], law.table[o + 3]
    rise = law.table[o + 2] - low
    bend, twist = 3.0 * rise - 2.0 * left - right, left + right - 2.0 * rise
    return low + t * (left + t * (bend + t * twist)), (left + t * (2.0 * bend + 3.0 * t * twist)) * law.steps[0]


@njit
def face(law, drop, ratio, kappa):
    """The same for a lattice face behind half a voxel, of which `ratio` stand for one of true area."""
    if kappa == 1.0 and abs(drop) * law.steps[0] < REACH * STEPS:
        true = 1.0 / ratio
        more, current = 0.5 * true - MIDDLE, 0.0
        for _ in range(MOST_STEPS):
            found, slope = looked_up(law, drop - more * current)
            whole = 1.0 / (1.0 + more * slope)
            step = (found - current) * whole
            current += step
            if abs(step) <= NEAR * abs(current):
                return current * true, slope * whole * true
    series = 0.5 / kappa + law.series[0] * ratio
    return current_density(drop, series, law.exchange[0] / ratio, law.cathodic[0], law.anodic[0])


@njit
def all_faces(law, phi, faces, shift, ratio, kappa, s):
    """(plating current, dissolving current, slope of their difference) of the faces of a cell in plane s."""
    lateral, below, above = faces
    plate, strip, slope = 0.0, 0.0, 0.0
    current, rise, former = 0.0, 0.0, np.nan
    for h in range(-2, 1):
        count = lateral if h == -1 else below if h == -2 else above
        if count == 0:
            continue
        held = np.float64(shift[2 * s + h])
        if held != former:
            current, rise = face(law, phi - held, ratio, kappa)
            former = held
        plate += count * max(current, 0.0)
        strip += count * max(-current, 0.0)
        slope += count * rise
    return plate, strip, slope


@verbs.in_double.of(ButlerVolmer)
def in_double(law, voxels):
    return law._replace(wagner=law.wagner.astype(np.float64), ratio=np.zeros(voxels))


@verbs.is_linear.of(ButlerVolmer)
@leaf
def is_linear(law):
    return False


@verbs.stiffest.of(ButlerVolmer)
@leaf
def stiffest(law):
    return law.least[0]


@verbs.area_ratio.of(ButlerVolmer)
@leaf
def area_ratio(law, voxel):
    return np.float64(law.ratio[voxel])


@verbs.tangent.of(ButlerVolmer)
@leaf
def tangent(law, voxel, phi, faces, shift, kappa, ratio, s):
    law.ratio[voxel] = ratio
    potential = np.float64(phi)
    plate, strip, rise = all_faces(law, potential, faces, shift, np.float64(law.ratio[voxel]), np.float64(kappa), s)
    return rise, rise * potential - (plate - strip)


@verbs.currents.of(ButlerVolmer)
@leaf
def currents(law, voxel, phi, faces, shift, kappa, sink, s):
    plate, strip, _ = all_faces(law, phi, faces, shift, np.float64(law.ratio[voxel]), np.float64(kappa), s)
    return plate, strip


@verbs.dissolution.of(ButlerVolmer)
@leaf
def dissolution(law, voxel, drive, faces, kappa, sink):
    return -face(law, -drive, np.float64(law.ratio[voxel]), np.float64(kappa))[0]
