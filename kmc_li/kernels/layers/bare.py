"""No layer: nothing presses, nothing shifts."""

from typing import Any, NamedTuple

from kmc_li.kernels.base import verbs
from kmc_li.kernels.base.jit import leaf


class Bare(NamedTuple):
    """Has no constants; the entry is there because a tuple has to hold something."""

    none: int


def allocate(study: Any) -> Bare:
    """The absence of a layer."""
    return Bare(0)


@verbs.reversed_shifts.of(Bare)
def reversed_shifts(layer):
    return layer


@verbs.shifts_faces.of(Bare)
def shifts_faces(layer):
    return False


@verbs.rest_plane.of(Bare)
@leaf
def rest_plane(layer, area, columns, top):
    return 1e300  # above all metal


@verbs.press.of(Bare)
@leaf
def press(layer, area, columns, field, n):
    return n.end_plane



@verbs.may_dissolve.of(Bare)
@leaf
def may_dissolve(layer, shift, s):
    return False


@verbs.lowers_shifts.of(Bare)
@leaf
def lowers_shifts(layer):
    return False


@verbs.moved.of(Bare)
@leaf
def moved(layer, area, columns, n, height):
    return 0.0


@verbs.pressure_on.of(Bare)
@leaf
def pressure_on(layer, height, rest):
    return 0.0


@verbs.added_resistance.of(Bare)
@leaf
def added_resistance(layer, reference, top, rest):
    return 0.0


@verbs.in_parts.of(Bare)
def in_parts(layer, parts):
    return layer


@verbs.shift_at.of(Bare)
@leaf
def shift_at(layer, height, rest):
    return 0.0
