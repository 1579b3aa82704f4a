"""Every key of a study with its unit, range, default and meaning, read from the models that check it."""

import math
import textwrap
from dataclasses import asdict, dataclass
from typing import Any

from pydantic.fields import FieldInfo

from kmc_li.errors import UserError
from kmc_li.study import presets
from kmc_li.study.parameters import Parameters
from kmc_li.study.validation import Measured, OneOf, Section, Whole, section_model, value_type

_HEADINGS = ("key", "unit", "range", "default", "meaning")
_WIDTH = 100


@dataclass(frozen=True)
class Key:
    """One key of a study; section is "" for those above all sections.

    low and high are in the unit, both included; choices stands for a key that takes one of a few values. default is
    None where there is none: then the key is required or may be left out, or a preset of the section gives its value.
    """

    section: str
    name: str
    type: str
    unit: str
    low: float | None
    high: float | None
    choices: tuple[Any, ...] | None
    required: bool
    default: Any
    preset_values: dict[str, Any]
    meaning: str

    @property
    def range_words(self) -> str:
        """The values it may have."""
        if self.choices is not None:
            return ", ".join(str(choice) for choice in self.choices)
        whole = "whole, " if self.type == "a whole number" else ""
        return self.type if self.low is None else f"{whole}{_words(self.low)} to {_words(self.high)}"

    @property
    def default_words(self) -> str:
        """The value it has where a study does not give it."""
        if self.preset_values:
            return "from the preset"
        if self.required:
            return "required"
        return "left out" if self.default in (None, "") else _words(self.default)


def keys(section: str | None = None) -> list[Key]:
    """All keys in the order of a study file, or those of a section. Raises UserError for an unknown section."""
    models = _models()
    if section is not None and section not in models:
        raise UserError(f"{section}: is no section of a study, must be one of {', '.join(s for s in models if s)}")
    return [
        _key(name, key, field)
        for name, model in models.items() if section in (None, name)
        for key, field in model.model_fields.items() if section_model(model, key) is None
    ]  # fmt: skip


def sources(section: str) -> dict[str, str]:
    """Where the values of each preset of a section come from; empty for a section without presets."""
    return {name: values.source for name, values in presets.TABLES.get(section, {}).items()}


def as_dict(section: str | None = None) -> dict[str, Any]:
    """Keys and the sources of presets, for JSON."""
    found = keys(section)
    return {
        "keys": [asdict(key) for key in found],
        "preset_sources": {name: given for name in dict.fromkeys(k.section for k in found) if (given := sources(name))},
    }


def as_text(section: str | None = None) -> str:
    """A paragraph for each key, in lines that fit a terminal."""
    out, models = [], _models()
    found = keys(section)
    for name in dict.fromkeys(key.section for key in found):
        out += [_title(name), *textwrap.wrap(_about(name, models[name]), _WIDTH), ""]
        for key in found:
            if key.section == name:
                unit = f" ({key.unit})" if key.unit else ""
                default = key.default_words + (" " + _given(key) if key.preset_values else "")
                facts = f"  {key.name} = {key.range_words}{unit}; {'' if key.required else 'default '}{default}"
                out += textwrap.wrap(facts, _WIDTH, initial_indent="", subsequent_indent="    ")
                out += textwrap.wrap(key.meaning, _WIDTH, initial_indent="    ", subsequent_indent="    ")
        out += [line for preset, told in sources(name).items()
                for line in textwrap.wrap(f"source of {preset}: {told}", _WIDTH, initial_indent="  ",
                                          subsequent_indent="    ")]  # fmt: skip
        out.append("")
    return "\n".join(out).rstrip()


def as_markdown(section: str | None = None) -> str:
    """A table for each section, and one of its presets with their sources."""
    out, models = [], _models()
    found = keys(section)
    for name in dict.fromkeys(key.section for key in found):
        mine = [key for key in found if key.section == name]
        out += [f"## {name or 'Above all sections'}", "", _about(name, models[name]), "", *_table(mine)]
        if sources(name):
            given = [key for key in mine if key.preset_values]
            rows = [(preset, *(_words(k.preset_values[preset]) for k in given), told)
                    for preset, told in sources(name).items()]  # fmt: skip
            heads = ("preset", *(f"`{key.name}`" for key in given), "source")
            out += ["", f"The presets of `[{name}]`:", "", *_rows(heads, rows)]
        out.append("")
    return "\n".join(out).rstrip()


def _models() -> dict[str, type[Section]]:
    inner = {key: section_model(Parameters, key) for key in Parameters.model_fields}
    return {"": Parameters, **{key: model for key, model in inner.items() if model is not None}}


def _key(section: str, name: str, field: FieldInfo) -> Key:
    kind = value_type(field)
    table = presets.TABLES.get(section, {})
    given = {preset: getattr(values, name) for preset, values in table.items() if hasattr(values, name)}
    choices = tuple(kind.choices) if isinstance(kind, OneOf) else None
    if choices is None:
        word = {Measured: "a number", Whole: "a whole number"}.get(type(kind))
        word = word or ("true or false" if field.annotation is bool else "a text")
    else:
        word = "one of a few"
    low, high = (kind.low, kind.high) if isinstance(kind, (Measured, Whole)) else (None, None)
    default = None if field.is_required() else field.get_default(call_default_factory=True, validated_data={})
    return Key(
        section, name, word, kind.unit if isinstance(kind, Measured) else "", low, high, choices,
        field.is_required() and not given, default, {} if name == "source" else given, field.description or "",
    )  # fmt: skip


def _about(name: str, model: type[Section]) -> str:
    if not name:
        return "These keys come first in a study file, before any section."
    return " ".join((model.__doc__ or "").split())


def _title(name: str) -> str:
    return f"[{name}]" if name else "above all sections"


def _given(key: Key) -> str:
    return f"({', '.join(f'{preset}: {_words(value)}' for preset, value in key.preset_values.items())})"


def _table(found: list[Key]) -> list[str]:
    return _rows(_HEADINGS, [(f"`{k.name}`", k.unit, k.range_words, k.default_words, k.meaning) for k in found])


def _rows(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    lines = [heads, ("---",) * len(heads), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return f"{value:.4g}" if isinstance(value, float) else str(value)
    return str(value)
