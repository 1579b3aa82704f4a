"""The page: what was found, the figures, every parameter with its source, where it comes from, how to cite it."""

from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files as resources
from pathlib import Path

from tqdm import tqdm

from kmc_li import __version__
from kmc_li.errors import UserError
from kmc_li.figures import comparison_figure, cycling, cycling_figure, is_cycled, profiles_figure, series_figure
from kmc_li.figures.series import common_capacity
from kmc_li.html_report import parameters, tables
from kmc_li.html_report.elements import Markup, bullets, element, picture, text
from kmc_li.report.statistics import band_words
from kmc_li.storage import files
from kmc_li.storage.provenance import provenance
from kmc_li.storage.run import Run

MOST_GROUPS = 6  # that stand side by side in the figures and tables
Groups = Mapping[str, Sequence[Run]]
Reference = tuple[str, str, float]

LIMITS = (
    "Thickness, roughness and their ratios depend on the voxel: the roughness of the model is at present the shot "
    "noise of one event per voxel, not that of lithium's substrate and nuclei.",
    "Without a protocol one deposit is grown; published thicknesses are often those of cycled electrodes.",
    "There is no concentration field, and the interphase ages only with a section [ageing]; the layer neither creeps "
    "nor cracks.",
    "Numbers named as fitted were chosen to meet a measured ratio. That they do shows that the mechanism is strong "
    "enough, not that it is the one at work.",
)
CITE = (
    "The kmc_li developers, kmc_li: kinetic Monte Carlo of lithium electrodeposition under a piezoelectric interphase "
    f"layer, version {__version__}.",
    "The mechanism: Li, Yu, Gui, Yang, Guo, A Pressure Responsive Artificial Interphase Layer of BaTiO3 against "
    "Dendrite Growth for Stable Lithium Metal Anodes, Batteries & Supercaps (2022), doi 10.1002/batt.202200142.",
)


def report_page(groups: Groups, reference: Reference | None = None, progress: bool = False) -> str:
    """The page of groups of runs, group name -> runs of one study, as HTML in one piece.

    reference: a measured ratio of thicknesses for the figure, as `comparison_figure` takes it. Raises UserError for
    no groups, too many, or runs without a series.
    """
    if not 0 < len(groups) <= MOST_GROUPS:
        raise UserError(f"a report shows 1 to {MOST_GROUPS} studies side by side, got {len(groups)}")
    for label, runs in groups.items():
        for run in runs:
            if run.series["areal_capacity_mAh_cm2"].size == 0:
                raise UserError(f"group '{label}', seed {run.seed}: the run has no series yet")
    total = sum(map(len, groups.values())) + (2 if is_cycled(groups) else 3)
    with tqdm(total=total, unit="part", desc="report", disable=None if progress else True) as bar:
        pictures = []
        for part in _pictures(groups, reference):
            pictures.append(part)
            bar.update()
        measured = tables.measure(groups, bar.update)
    sections = {
        "Result": [*_result(groups), tables.results(groups), tables.ratios(groups)],
        "Figures": pictures,
        "Measures of the deposits": [tables.measures(measured)],
        "Studies": [parameters.studies(groups), *parameters.fitted_numbers(groups)],
        "Parameters": [parameters.table_of_keys(groups), parameters.sources(groups)],
        "Controlling numbers": [tables.controlling_numbers(groups)],
        "Runs": [tables.runs(groups)],
        "What the model does not claim": [bullets(LIMITS)],
        "Where this comes from": [tables.origins(groups)],
        "How to cite": [bullets(CITE)],
    }
    return _document(" / ".join(groups), sections)


def check_path(path: str | Path) -> Path:
    """The path, if a page can be written there. Raises UserError, one line."""
    return files.check_path(path, (".html", ".htm"), "a report")


def write_page(page: str, path: str | Path) -> Path:
    """Write the page whole or not at all; returns the path. Raises UserError as `check_path` does."""
    target = check_path(path)
    files.write_atomically(target, page.encode())
    return target


def _document(name: str, sections: Mapping[str, Iterable[str]]) -> str:
    title = f"Lithium deposits: {name}"
    made = provenance()
    commit, _, dirty = str(made["commit"]).partition("-")
    commit = commit[:12] + (", changed since" if dirty else "")
    style = (resources("kmc_li.html_report") / "style.css").read_text()
    links = [element("li", element("a", head, href=f"#{_anchor(head)}")) for head in sections]
    body = [
        element("h1", title),
        element("p", f"Made by kmc_li {made['kmc_li']}, commit {commit}, {made['date_utc'][:10]}", class_="muted"),
        element("nav", element("ul", links), aria_label="Sections"),
    ]
    for head, parts in sections.items():
        body.append(element("section", [element("h2", head), *parts], id=_anchor(head)))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<link rel="icon" href="data:,">\n'
        f"<title>{text(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


def _anchor(head: str) -> str:
    return head.lower().replace(" ", "-")


def _result(groups: Groups) -> list[Markup]:
    """What was run, in sentences."""
    capacity = common_capacity(groups)
    runs = ", ".join(f"{label} ({len(runs)})" for label, runs in groups.items())
    said = [f"Deposits and numbers of runs: {runs}. The common areal capacity is {capacity:.3g} mAh/cm²."]
    fewest = min(map(len, groups.values()))
    said.append(f"Values are means over runs with different seeds; in brackets: {band_words(fewest)}."
                if fewest > 1 else "With one run a study there are no bands: run an ensemble for them.")  # fmt: skip
    unfinished = [str(run.path or run.seed) for runs in groups.values() for run in runs if run.finished is None]
    if unfinished:
        said.append(f"Not finished, shown as far as they are: {', '.join(unfinished)}.")
    return [element("p", " ".join(said))]


def _pictures(groups: Groups, reference: Reference | None) -> Iterable[Markup]:
    named = ", ".join(groups)
    if is_cycled(groups) and len(groups) <= cycling.MOST_GROUPS:  # their areal capacity comes and goes
        yield picture(
            cycling_figure(groups),
            f"Cycles of {named}",
            "Cross-sections with dead lithium, efficiency and thickness against the cycle, voltage over time.",
        )
    else:
        yield picture(
            comparison_figure(groups, reference),
            f"Cross-sections, height maps and curves of {named}",
            "Cross-sections and height maps of the run nearest to the mean thickness, and the studies' curves.",
        )
        yield picture(
            series_figure(groups),
            f"Curves against areal capacity: {named}",
            "All that was recorded while the deposits grew: means, bands over the runs where there are several.",
        )
    yield picture(
        profiles_figure(groups),
        f"Profiles over the height: {named}",
        "Share of metal and pores over the height, and how often columns have which height.",
    )
