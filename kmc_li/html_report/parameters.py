"""What was simulated: every key of the studies with value, unit and origin, what is fitted, and the sources."""

from collections.abc import Mapping, Sequence
from typing import Any

from kmc_li.html_report.elements import Markup, Row, bullets, element, explained, table
from kmc_li.storage.run import Run
from kmc_li.study.dimensionless import fitted
from kmc_li.study.parameters import Parameters
from kmc_li.study.reference import Key, keys

Groups = Mapping[str, Sequence[Run]]
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
    for key in keys():
        if key.name in WORDS:
            continue
        values = [_at(study, key) for study in read]
        if all(value is None for value in values):
            values, origins = ["–"] * len(read), ["not set"]
        else:
            found = zip(read, values, strict=True)
            origins = list(dict.fromkeys(_origin(study, key) for study, value in found if value is not None))
            values = [_value(value) for value in values]
        name = f"{key.section}.{key.name}" if key.section else key.name
        cells = [explained(name, key.meaning), *values, _unit(key), ", ".join(origins)]
        rows.append(Row(cells, marked=len(set(values)) > 1))
    words = "All keys of the studies, presets filled in"
    caption = f"{words}; rows in which the studies differ are coloured" if len(groups) > 1 else words
    return table(caption, ["Key", *groups, "Unit", "From"], rows)


def sources(groups: Groups) -> Markup:
    """Where the values of a preset, or those that replace it, were taken from; a line for each different text."""
    lines: dict[str, list[str]] = {}
    for label, runs in groups.items():
        study = runs[0].parameters
        for name in ("metal", "surface", "substrate", "interphase", "ageing", "layer"):
            section = getattr(study, name)
            if section is not None:
                preset = f", preset {section.preset}" if getattr(section, "preset", None) else ""
                lines.setdefault(f"[{name}]{preset}: {section.source}", []).append(label)
    told = [f"{line} ({', '.join(labels)})" if len(groups) > 1 else line for line, labels in lines.items()]
    rest = "“Study” in the table: given in the study file, whose comments name the source; “default”: that of kmc_li."
    return bullets([*told, rest])


def _at(study: Parameters, key: Key) -> Any:
    return getattr(getattr(study, key.section) if key.section else study, key.name, None)


def _origin(study: Parameters, key: Key) -> str:
    """Fitted, preset, default or study, in this order: what a study says may be the default as well."""
    holder = getattr(study, key.section) if key.section else study
    flags = [name for name in type(holder).model_fields if name.endswith("_is_fitted") and name != key.name]
    if any(getattr(holder, name) and key.name.startswith(name.removesuffix("_is_fitted")) for name in flags):
        return "fitted"
    value, preset = getattr(holder, key.name), getattr(holder, "preset", None)
    if preset in key.preset_values:
        return "preset" if key.preset_values[preset] == value else "study"
    return "study" if key.required or key.default != value else "default"


def _unit(key: Key) -> str:
    return key.unit.replace("^2", "²").replace("^3", "³").replace("um", "µm").replace("ohm", "Ω")


def _value(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.6g}" if isinstance(value, float) else str(value)
