"""What a cycler does: steps of plating, stripping and rest, each written as people write them.

    plate 1 mAh/cm^2 at 1 mA/cm^2      ends with the charge; or: plate at 1 mA/cm^2 for 1 h
    strip at 1 mA/cm^2 until 1 V       ends with the overpotential, or when nothing is left that can dissolve
    plate at 50 mV for 1 h             holds the potential; what strips is held as far on the other side
    plate 1 mAh/cm^2 at 4 mA/cm^2 on 20 ms off 60 ms           in pulses, each followed by a pause
    rest 10 min
"""

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from kmc_li.study import units
from kmc_li.study.validation import OneOf, Section, Whole

_RULE = (
    'steps such as "plate 1 mAh/cm^2 at 1 mA/cm^2", "plate at 1 mA/cm^2 for 1 h", "strip at 1 mA/cm^2 until 1 V", '
    '"plate 1 mAh/cm^2 at 4 mA/cm^2 on 20 ms off 60 ms", "plate at 50 mV for 1 h", "rest 10 min"'
)
_WORDS = re.compile(r"\b(at|for|until|on|off)\b")
_UNITS = {"at": "mA/cm^2", "for": "s", "until": "V", "on": "s", "off": "s"}
_LIMITS = {"mAh/cm^2": (1e-12, 1e6), "mA/cm^2": (1e-9, 1e6), "s": (1e-12, 1e12), "V": (1e-9, 1e3)}


class Step(NamedTuple):
    """One step: kind "plate", "strip" or "rest", its current, and what ends it at the first of those given."""

    kind: str
    current_mA_cm2: float  # 0 where a potential is held
    capacity_mAh_cm2: float | None = None
    time_s: float | None = None
    cut_off_V: float | None = None
    potential_V: float | None = None  # held in place of a current
    on_s: float = 0.0  # length of a pulse; 0: the current flows all the time
    off_s: float = 0.0  # of the pause after it


def parse(text: str) -> Step:
    """The step that a text says. Raises ValueError with what is wrong."""
    match = re.match(r"\s*(plate|strip|rest)\b(.*)\Z", text, re.DOTALL) if len(text) <= 200 else None
    if match is None:
        raise ValueError('must begin with "plate", "strip" or "rest"')
    kind, (first, *rest) = match[1], _WORDS.split(match[2])
    found: dict[str, float] = {}
    if first.strip():
        is_time = kind == "rest" or _is(first, "s")
        found["for" if is_time else "capacity"] = _read(first, "s" if is_time else "mAh/cm^2")
    for word, value in zip(rest[::2], rest[1::2], strict=True):
        if word in found:
            raise ValueError(f'must say "{word}" once')
        if word == "at" and kind != "rest" and _is(value, "V"):
            found["potential"] = _read(value, "V")
        else:
            found[word] = _read(value, _UNITS[word])
    allowed = {"for"} if kind == "rest" else {"capacity", "for", "at", "potential"}
    if "at" in found:
        allowed |= {"on", "off", "until"} if kind == "strip" else {"on", "off"} if kind == "plate" else set()
    if found.keys() - allowed:
        raise ValueError(f'must not say "{min(found.keys() - allowed)}" in a step that {kind}s')
    if kind == "rest" and "for" not in found:
        raise ValueError('must say how long, as in "rest 10 min"')
    if kind != "rest" and not found.keys() & {"at", "potential"}:
        raise ValueError('must say its current, as in "at 1 mA/cm^2", or a potential')
    if {"at", "potential"} <= found.keys():
        raise ValueError('must say "at" once')
    if len(found.keys() & {"on", "off"}) == 1:
        raise ValueError('must say how long its pulses are and the pauses between, as in "on 20 ms off 60 ms"')
    if kind == "plate" and not found.keys() & {"capacity", "for"}:
        raise ValueError('must say when it ends, as in "plate 1 mAh/cm^2 at 1 mA/cm^2" or "for 1 h"')
    ends = found.get("capacity"), found.get("for"), found.get("until")
    return Step(kind, found.get("at", 0.0), *ends, found.get("potential"), found.get("on", 0.0), found.get("off", 0.0))


def _is(text: str, unit: str) -> bool:
    """Whether a text is a quantity of that kind."""
    try:
        units.read(text.strip(), unit)
    except (units.UnitError, OverflowError):
        return False
    return not text.strip().replace(".", "").isdigit()


def _read(text: str, unit: str) -> float:
    try:
        value = units.read(text.strip(), unit)
    except (units.UnitError, OverflowError) as error:
        raise ValueError(f"cannot read {text.strip()[:40]!r} as a quantity in {unit} ({error})") from None
    low, high = _LIMITS[unit]
    if not low <= value <= high:
        raise ValueError(f"must be from {low:g} to {high:g} {unit}, not {value:g}")
    return value


class _Steps:
    """A list of texts, each a step."""

    rule = _RULE

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], CoreSchema]) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def read(self, value: Any) -> tuple[str, ...]:
        """The texts. Raises PydanticCustomError, for pydantic to collect."""
        reason = ""
        if not isinstance(value, (list, tuple)) or not value or not all(isinstance(item, str) for item in value):
            reason = "must be a list of texts"
        elif len(value) > 1000:
            reason = "must be at most 1000 steps"
        else:
            for number, item in enumerate(value):
                try:
                    parse(item)
                except ValueError as error:
                    reason = f"step {number + 1} ({item[:60]!r}) {error}"
                    break
        if reason:
            raise PydanticCustomError("kmc_li", "{line}", {"line": f"{reason}; steps are written as {_RULE[14:]}"})
        return tuple(value)


class Protocol(Section):
    """A cycler's steps, done in turn and again; the run ends with the last. Left out: one step of plating."""

    steps: Annotated[tuple[str, ...], _Steps()] = Field(description="of one cycle, in turn")
    cycles: Annotated[int, Whole(1, 100_000)] = Field(1, description="how often the steps are done")
    dead_lithium: Annotated[Literal["crumbles", "floats"], OneOf(("crumbles", "floats"))] = Field(
        "crumbles",
        description="of metal without a path to the collector; crumbles: its voxels fall and roll down while the "
        "current strips, as under the stack's pressure; floats: it stays where it lost contact",
    )

    @property
    def parsed(self) -> tuple[Step, ...]:
        """The steps of one cycle."""
        return tuple(parse(text) for text in self.steps)
