"""Field types that read a study's values, and the one clear line that each mistake gets."""

import difflib
import math
import numbers
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from kmc_li.errors import UserError
from kmc_li.study import units

_WRONG = "kmc_li"  # the type of errors raised here: their message is the "must be ..." of the line


class Section(BaseModel):
    """One section of a study: frozen, unknown keys refused, defaults checked like given values."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


@dataclass(frozen=True)
class Measured:
    """A float in the canonical `unit`, from a number in that unit or a text with a unit of its own.

    `kind` reads after "must be", as in "a length"; `low` and `high`, both included, are in the canonical
    unit: wide enough for any experiment, narrow enough that no product of values overflows. NaN and
    infinities are refused.
    """

    kind: str
    unit: str
    example: str
    low: float
    high: float

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    @property
    def rule(self) -> str:
        """What a value must be, in words."""
        unit = f" ({self.unit})" if self.unit else ""
        limits = f"at least {self.low:g} and at most {self.high:g}"
        example = _quoted(self.example) if self.unit else self.example
        return f"{self.kind}{unit}, {limits}, for example {example}"

    def read(self, value: Any) -> float:
        """The value in the canonical unit. Raises PydanticCustomError, for pydantic to collect."""
        reason = ""
        try:
            if isinstance(value, str):
                number = units.read(value, self.unit)
            elif isinstance(value, numbers.Real) and not isinstance(value, bool):
                number = float(value)
            else:
                number = math.nan
        except OverflowError:
            number = math.nan
        except units.UnitError as error:
            number, reason = math.nan, f" ({error})"
        if not self.low <= number <= self.high:
            raise PydanticCustomError(_WRONG, "{line}", {"line": f"must be {self.rule}{reason}"})
        return number + 0.0  # no minus zero


@dataclass(frozen=True)
class Whole:
    """An int between `low` and `high`, both included; a float that is whole is taken."""

    low: int
    high: int

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    @property
    def rule(self) -> str:
        """What a value must be, in words."""
        return f"a whole number from {self.low} to {self.high}"

    def read(self, value: Any) -> int:
        """The value. Raises PydanticCustomError, for pydantic to collect."""
        is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
        if not is_number or not self.low <= value <= self.high or int(value) != value:
            raise PydanticCustomError(_WRONG, "{line}", {"line": f"must be {self.rule}"})
        return int(value)


@dataclass(frozen=True)
class OneOf:
    """One of a few texts or ints; a table's names are read when a value is, so that it may grow."""

    choices: Iterable[str | int]

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    @property
    def rule(self) -> str:
        """What a value must be, in words."""
        return "one of " + ", ".join(_quoted(c) if isinstance(c, str) else str(c) for c in self.choices)

    def read(self, value: Any) -> Any:
        """The value. Raises PydanticCustomError, for pydantic to collect."""
        for choice in self.choices:
            if type(value) is type(choice) and value == choice:
                return choice
        hint = ""
        if isinstance(value, str):
            near = difflib.get_close_matches(value[:80], [str(c) for c in self.choices], 1)
            hint = f"; did you mean {_quoted(near[0])}?" if near else ""
        raise PydanticCustomError(_WRONG, "{line}", {"line": f"must be {self.rule}{hint}"})


def rule(field: FieldInfo) -> str:
    """What the values of a model's field must be, in words."""
    kind = value_type(field)
    if kind is not None:
        return kind.rule
    return "true or false" if field.annotation is bool else "a text"


def value_type(field: FieldInfo) -> Measured | Whole | OneOf | None:
    """What reads the values of a model's field; None for true, false and texts."""
    inside = (meta for part in get_args(field.annotation) for meta in getattr(part, "__metadata__", ()))
    return next((item for item in (*field.metadata, *inside) if isinstance(item, (Measured, Whole, OneOf))), None)


def got(value: Any) -> str:
    """The user's value as one short printable line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "a section"
    if isinstance(value, (list, tuple)) and len(value) > 6:
        return f"a list of {len(value)}"
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # an int of more digits than Python prints; a deep list
        return "a value too long to print"
    text = "".join(c if c.isprintable() else "?" for c in text)
    return text if len(text) <= 60 else text[:57] + "..."


def name(location: Iterable[Any]) -> str:
    """A key's dotted name; what is no plain key is quoted."""
    return ".".join(str(p) if str(p).isidentifier() and len(str(p)) <= 60 else got(str(p)) for p in location)


def lines(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """One line for each mistake pydantic found in the data of `model`."""
    found: list[str] = []
    for item in error.errors(include_url=False):
        raised = item.get("ctx", {}).get("error")
        if isinstance(raised, UserError):
            found += raised.lines
        else:
            found.append(_line(item, model))
    return list(dict.fromkeys(found))


def _line(item: Any, model: type[BaseModel]) -> str:
    location, kind, value = item["loc"], item["type"], item["input"]
    where = name(location) or "the study"
    owner: Any = model
    for part in location[:-1]:
        owner = section_model(owner, part)
    fields = owner.model_fields if owner is not None else {}
    key = location[-1] if location else ""
    if kind == "extra_forbidden":
        known = [k for k in fields if fields[k].exclude is not True]
        near = difflib.get_close_matches(str(key)[:80], list(fields), 1)
        section = f"section [{name(location[:-1])}]" if len(location) > 1 else "study"
        return f"{where}: unknown key" + (
            f", did you mean {near[0]}?" if near else f", the {section} has {', '.join(known)}"
        )
    field = fields.get(key)
    if kind == "missing":
        told = field.description if field is not None else None
        if (inner := section_model(owner, key)) is not None:
            needs = [k for k, f in inner.model_fields.items() if f.is_required()]
            return f"{where}: missing, the section [{where}] must be given: {told}" + (
                f" (it needs {', '.join(needs)})" if needs else ""
            )
        return f"{where}: missing, must be {rule(field) if field is not None else 'given'}: {told}"
    if kind == _WRONG:
        return f"{where}: got {got(value)}, {item['msg']}"
    if section_model(owner, key) is not None or not location:
        return f"{where}: got {got(value)}, must be a section with keys"
    return f"{where}: got {got(value)}, must be {rule(field) if field is not None else item['msg'].lower()}"


def section_model(model: type[BaseModel] | None, key: Any) -> type[Section] | None:
    """The model of the section `key` of `model`, or None if that is no section."""
    field = model.model_fields.get(key) if model is not None and isinstance(key, str) else None
    if field is None:
        return None
    for candidate in (field.annotation, *get_args(field.annotation)):
        if isinstance(candidate, type) and issubclass(candidate, Section):
            return candidate
    return None


def _quoted(text: str) -> str:
    return f'"{text}"'
