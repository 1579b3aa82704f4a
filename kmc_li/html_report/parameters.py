"""What was simulated: every key of the studies with value, unit and origin, what is fitted, and the sources."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from pydantic.fields import FieldInfo

from kmc_li.html_report.elements import Markup, Row, bullets, element, explained, table
from kmc_li.storage.run import Run
from kmc_li.study import presets
from kmc_li.study.dimensionless import fitted
from kmc_li.study.parameters import Parameters
from kmc_li.study.validation import Measured, section_model

Groups = Mapping[str, Sequence[Run]]
PRESETS: dict[str, Mapping[str, Any]] = {"metal": presets.METALS, "layer": presets.LAYERS}
WORDS = ("title", "description", "source")  # told in sentences, not in the table


def studies(groups: Groups) -> Markup:
    """What each study is for, in its own words."""
    lines = []
    for label, runs in groups.items():
        study = runs[0].parameters
        lines.append(f"{label}: {'. '.join(filter(None, (study.title, study.description))) or 'without a title'}")
    return bullets(lines)


def fitted_numbers(groups: Groups) -> list[Markup]:
    """The inputs that were chosen to meet a measurement, or the sentence that there are none."""
    lines = [f"{label}: {line}" for label, runs in groups.items() for line in fitted(runs[0].parameters)]
    if not lines:
        return [element("p", "No parameter is marked as fitted.")]
    return [element("p", "Fitted, not measured:"), bullets(lines)]


def table_of_keys(groups: Groups) -> Markup:
    """Every key of the studies with its meaning: values, unit, where the value comes from."""
    read = [runs[0].parameters for runs in groups.values()]
    rows = []
    for section, key, field in _keys():
        values = [_at(study, section, key) for study in read]
        if all(value is None for value in values):
            values, origins = ["–"] * len(read), ["not set"]
        else:
            found = zip(read, values, strict=True)
            origins = list(dict.fromkeys(_origin(s, section, key, field) for s, v in found if v is not None))
            values = [_value(value) for value in values]
        name = f"{section}.{key}" if section else key
        cells = [explained(name, field.description or ""), *values, _unit(field), ", ".join(origins)]
        rows.append(Row(cells, marked=len(set(values)) > 1))
    words = "All keys of the studies, presets filled in"
    caption = f"{words}; rows in which the studies differ are coloured" if len(groups) > 1 else words
    return table(caption, ["Key", *groups, "Unit", "From"], rows)


def sources(groups: Groups) -> Markup:
    """Where the values of a preset, or those that replace it, were taken from; a line for each different text."""
    lines: dict[str, list[str]] = {}
    for label, runs in groups.items():
        study = runs[0].parameters
        for name, section in (("metal", study.metal), ("layer", study.layer)):
            if section is not None:
                preset = f", preset {section.preset}" if section.preset else ""
                lines.setdefault(f"[{name}]{preset}: {section.source}", []).append(label)
    told = [f"{line} ({', '.join(labels)})" if len(groups) > 1 else line for line, labels in lines.items()]
    rest = "“Study” in the table: given in the study file, whose comments name the source; “default”: that of kmc_li."
    return bullets([*told, rest])


def _keys() -> list[tuple[str, str, FieldInfo]]:
    """(section, key, field) of a study; the section is empty for a key at its top."""
    found = []
    for name, field in Parameters.model_fields.items():
        section = section_model(Parameters, name)
        inside = [("", name, field)] if section is None else [(name, k, f) for k, f in section.model_fields.items()]
        found += [item for item in inside if item[1] not in WORDS]
    return found


def _at(study: Parameters, section: str, key: str) -> Any:
    return getattr(getattr(study, section) if section else study, key, None)


def _origin(study: Parameters, section: str, key: str, field: FieldInfo) -> str:
    """Fitted, a preset, the default or the study: in this order, for a default may be what a study says as well."""
    holder, value = getattr(study, section) if section else study, _at(study, section, key)
    if any(name.endswith("_is_fitted") and key.startswith(name.removesuffix("_is_fitted")) and key != name
           and getattr(holder, name) for name in type(holder).model_fields):  # fmt: skip
        return "fitted"
    preset = getattr(holder, "preset", None)
    given = asdict(PRESETS[section][preset]) if preset and section in PRESETS else {}
    if key in given:
        return "preset" if given[key] == value else "study"
    return "default" if not field.is_required() and field.default == value else "study"


def _unit(field: FieldInfo) -> str:
    inside = [m for part in getattr(field.annotation, "__args__", ()) for m in getattr(part, "__metadata__", ())]
    unit = next((item.unit for item in (*field.metadata, *inside) if isinstance(item, Measured)), "")
    return unit.replace("^2", "²").replace("^3", "³").replace("um", "µm").replace("ohm", "Ω")


def _value(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.6g}" if isinstance(value, float) else str(value)
