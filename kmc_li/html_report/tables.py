"""The tables of the page, each from groups of runs: group name -> runs of one study."""

import math
from collections.abc import Callable, Mapping, Sequence

from kmc_li.html_report.elements import Markup, Row, element, explained, table
from kmc_li.morphology import MEASURES, measure_all
from kmc_li.report.statistics import RATIO_METHOD, mean_band, ratio_band
from kmc_li.report.summary import band_words_short, bands, metrics
from kmc_li.storage.run import Run
from kmc_li.study.dimensionless import dimensionless_numbers

Groups = Mapping[str, Sequence[Run]]
UNITS = {"um": "µm", "mAh_cm2": "mAh/cm²", "per_um": "1/µm", "per_um2": "1/µm²"}
NAMES = {
    "areal_capacity_mAh_cm2": "Areal capacity (mAh/cm²)",
    "thickness_um": "Thickness (µm)",
    "thickness_p95_um": "95th percentile of the height (µm)",
    "roughness_Sa_um": "Roughness Sa (µm)",
    "roughness_Sq_um": "Roughness Sq (µm)",
    "roughness_Sz_um": "Roughness Sz (µm)",
    "porosity": "Porosity",
}


def results(groups: Groups) -> Markup:
    """Means and bands of the common numbers, a column a group."""
    found = {label: bands(runs) for label, runs in groups.items()}
    rows = [Row([words, *(band_words_short(one[name]) for one in found.values())]) for name, words in NAMES.items()]
    head = ["", *(f"{label} (n = {len(runs)})" for label, runs in groups.items())]
    return table("Deposits at the end of the runs: mean [95 % band, Student t]", head, rows, ["number"] * len(head))


def ratios(groups: Groups) -> Markup:
    """The first group over each other one; nothing for a single group."""
    first, *others = groups
    if not others:
        return Markup("")
    values = {label: [metrics(run) for run in runs] for label, runs in groups.items()}
    rows = []
    for name in ("thickness_um", "roughness_Sq_um"):
        cells = [NAMES[name].split(" (")[0]]
        for other in others:
            try:
                over = ratio_band([row[name] for row in values[first]], [row[name] for row in values[other]])
                cells.append(band_words_short(over))
            except ValueError:  # a mean of zero, say
                cells.append("not defined")
        rows.append(Row(cells))
    head = ["", *(f"{first} / {other}" for other in others)]
    return table(f"Ratios [95 % band]: {RATIO_METHOD}", head, rows, ["number"] * len(head))


def measure(groups: Groups, done: Callable[[], object]) -> dict[str, dict[str, list[float]]]:
    """Group -> measure -> one value a run; done() is called after each run."""
    found: dict[str, dict[str, list[float]]] = {}
    for label, runs in groups.items():
        rows = []
        for run in runs:
            rows.append(measure_all(run.occupancy, run.parameters.lattice.voxel_um))
            done()
        found[label] = {name: [row[name] for row in rows] for name in rows[0]}
    return found


def measures(found: Mapping[str, Mapping[str, list[float]]]) -> Markup:
    """All measures with unit and meaning."""
    rows = []
    for one in MEASURES:
        if all(one.key in values for values in found.values()):
            cells = [_measured(values[one.key]) for values in found.values()]
            rows.append(Row([explained(one.name, one.meaning), *cells, UNITS.get(one.unit, one.unit)]))
    head = ["Measure", *found, "Unit"]
    kinds = ["", *["number"] * len(found), ""]
    return table("Of the deposits at the end of the runs: mean [95 % band, Student t]", head, rows, kinds)


def _measured(values: list[float]) -> str:
    finite = [value for value in values if math.isfinite(value)]
    if len(finite) == len(values):
        return band_words_short(mean_band(values))
    if any(map(math.isinf, values)):
        return f"infinite in {len(values) - len(finite)} of {len(values)}"
    return f"not defined in {len(values) - len(finite)} of {len(values)}"


def controlling_numbers(groups: Groups) -> Markup:
    """The dimensionless numbers of each study and what they tell."""
    by_group = {label: {q.name: q for q in dimensionless_numbers(runs[0].parameters)} for label, runs in groups.items()}
    rows = []
    for name in dict.fromkeys(name for found in by_group.values() for name in found):
        some = next(found[name] for found in by_group.values() if name in found)
        cells = [f"{found[name].value:.4g}" if name in found else "–" for found in by_group.values()]
        rows.append(Row([explained(name, some.meaning), some.symbol, *cells, UNITS.get(some.unit, some.unit)]))
    head = ["Number", "Symbol", *groups, "Unit"]
    return table("What decides how a deposit looks", head, rows, ["", "", *["number"] * len(groups), ""])


def runs(groups: Groups) -> Markup:
    """One row a run."""
    rows = []
    for label, members in groups.items():
        for run in members:
            numbers = metrics(run)
            error = run.report.get("field_tv_mean")
            rows.append(
                Row([
                    f"{label}, seed {run.seed}",
                    run.finished or "not finished",
                    f"{numbers['areal_capacity_mAh_cm2']:.4g}",
                    f"{numbers['thickness_um']:.4g}",
                    f"{numbers['roughness_Sq_um']:.4g}",
                    f"{numbers['porosity']:.4g}",
                    "–" if error is None else f"{100 * error:.2g} %",
                    element("code", (run.state_sha256 or "–")[:16]),
                ])
            )  # fmt: skip
    head = ["Run", "Ended by", "mAh/cm²", "Thickness (µm)", "Sq (µm)", "Porosity", "Field error (TV)", "State sha256"]
    note = "Each run; the error of its field is the total variation of event probabilities, mean of its samples"
    return table(note, head, rows, ["", "", *["number"] * 5, ""])


def origins(groups: Groups) -> Markup:
    """Versions, commit, date and command of the runs; a column a group, of its first run."""
    columns = [runs[0].provenance for runs in groups.values()]
    names = list(dict.fromkeys(name for column in columns for name in column))
    if not names:
        return element("p", "These runs do not say which program made them.")
    rows = [
        Row([name, *(element("code", str(column.get(name, "–"))) for column in columns)])
        for name in names
    ]  # fmt: skip
    return table("Of the first run of each study", ["", *groups], rows, ["", *["long"] * len(groups)])
