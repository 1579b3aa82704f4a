"""The main figure: deposits of several scenarios side by side, and what the numbers say about them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from kmc_li.figures.captions import Groups, band_line, check_groups, conditions_line, fitted_line, number
from kmc_li.figures.profiles import draw_solid_share
from kmc_li.figures.sections import COLLECTOR_SHARE, draw_height_map, draw_section, rest_plane_um
from kmc_li.figures.series import common_capacity, draw_series
from kmc_li.figures.style import (
    CAPTION_LINE_MM,
    DOUBLE_COLUMN_MM,
    LETTERS,
    MUTED,
    Look,
    Page,
    group_looks,
    house_style,
    nice_length,
    scale_bar,
    wrapped,
)
from kmc_li.figures.thickness import Reference, check_reference, draw_ratios, draw_thicknesses
from kmc_li.morphology import height_map, roughness
from kmc_li.report.statistics import RATIO_METHOD

if TYPE_CHECKING:
    from kmc_li.storage.run import Run

MOST_GROUPS = 6
SERIES = ("thickness_um", "roughness_Sq_um", "porosity")
_LEFT, _GAP, _BAR, _SIDE = 14.0, 3.0, 25.0, 36.0  # mm: axis labels, between pictures, color bar, right panel


class _Grid(NamedTuple):
    """Where the rows of the page lie, in millimeters from its top left corner."""

    slot: float  # width of a picture's column, gap included
    side_left: float  # the panel beside the pictures
    section_top: float
    section_height: float
    map_top: float
    map_height: float
    beside_height: float  # of the panel right of the maps
    series_top: float
    caption_top: float
    height: float


def comparison_figure(groups: Groups, reference_ratio: Reference | None = None) -> Figure:
    """Cross sections, height maps, profile, thickness and time series of groups of runs, 180 mm wide.

    groups: label -> runs (1 to 6 groups, each at least one run). The pictures show the run of each group
    whose final thickness is nearest the group's mean, all on one height axis. Bands are 95 % Student t.
    reference_ratio: (numerator label, denominator label, measured ratio), e.g. ("bare", "piezo", 1.73): the
    thickness ratio of the first group to every other one is drawn beside the measured value. Without it the
    thickness of every group is drawn. Numbers marked as fitted in the parameters are named in the figure.
    Raises UserError for empty or too many groups, or a reference label that is no group.
    """
    check_groups(groups, MOST_GROUPS)
    if reference_ratio is not None:
        check_reference(groups, reference_ratio)
    capacity = common_capacity(groups)
    shown = {label: _typical(runs) for label, runs in groups.items()}
    top_um = _common_top(list(shown.values()))
    looks = group_looks(groups)
    caption = wrapped(_caption(groups, shown, capacity, reference_ratio))
    rows = len(groups) - (reference_ratio is not None)
    grid = _grid(list(shown.values()), top_um, rows, len(caption))
    letters = iter(LETTERS)
    with house_style():
        page = Page(DOUBLE_COLUMN_MM, grid.height)
        _draw_sections(page, grid, shown, looks, top_um, letters)
        beside = page.axes(grid.side_left, grid.section_top, _SIDE, grid.section_height)
        draw_solid_share(beside, groups, looks)
        beside.set_ylim(-COLLECTOR_SHARE * top_um, top_um)
        page.letter(grid.side_left - 10, grid.section_top - 8.5, next(letters))
        _draw_maps(page, grid, shown, letters)
        beside = page.axes(grid.side_left, grid.map_top, _SIDE, grid.beside_height)
        if reference_ratio is None:
            draw_thicknesses(beside, groups, looks, capacity)
        else:
            draw_ratios(beside, groups, looks, capacity, reference_ratio)
        page.letter(grid.side_left - 10, grid.map_top - 5, next(letters))
        for k, name in enumerate(SERIES):
            left = _LEFT + 59.5 * k
            axes = page.axes(left, grid.series_top, 45.5, 34)
            draw_series(axes, groups, name, looks)
            page.letter(left - 12, grid.series_top - 5, next(letters))
            if k == 0:
                axes.legend(loc="upper left", handlelength=2.4, borderaxespad=0.2)
        page.lines(grid.caption_top, caption)
    return page.figure


def _typical(runs: Sequence["Run"]) -> "Run":
    """The run whose final thickness is nearest the mean of its group."""
    finals = np.array([run.series["thickness_um"][-1] for run in runs])
    return runs[int(np.argmin(np.abs(finals - finals.mean())))]


def _common_top(runs: Sequence["Run"]) -> float:
    """Upper end of the height axis [um]: above every deposit shown and every layer's rest plane."""
    tops = [float(height_map(run.occupancy).max()) * run.parameters.lattice.voxel_um for run in runs]
    planes = [plane for run in runs if (plane := rest_plane_um(run)) is not None]
    coarsest = max(run.parameters.lattice.voxel_um for run in runs)
    return 1.1 * max([*tops, *planes, 4 * coarsest])


def _width_um(run: "Run") -> float:
    return float(run.occupancy.shape[0] * run.parameters.lattice.voxel_um)


def _grid(runs: Sequence["Run"], top_um: float, rows: int, caption_lines: int) -> _Grid:
    side_left = DOUBLE_COLUMN_MM - _SIDE - 3
    slot = (side_left - _BAR - _LEFT + _GAP) / len(runs)
    tallest = max(top_um * (1 + COLLECTOR_SHARE) / _width_um(run) for run in runs)
    section_height = float(np.clip((slot - _GAP) * tallest, 24, 66))
    map_height = float(np.clip(slot - _GAP, 20, 34))
    beside_height = max(map_height, 9.0 * rows)
    map_top = 13 + section_height + 13
    series_top = map_top + beside_height + 15
    caption_top = series_top + 34 + 10
    return _Grid(
        slot=slot,
        side_left=side_left,
        section_top=13,
        section_height=section_height,
        map_top=map_top,
        map_height=map_height,
        beside_height=beside_height,
        series_top=series_top,
        caption_top=caption_top,
        height=caption_top + CAPTION_LINE_MM * caption_lines + 2,
    )


def _draw_sections(
    page: Page,
    grid: _Grid,
    shown: Mapping[str, "Run"],
    looks: Mapping[str, Look],
    top_um: float,
    letters: Iterator[str],
) -> None:
    for k, (label, run) in enumerate(shown.items()):
        room = grid.slot - _GAP
        to_scale = grid.section_height * _width_um(run) / (top_um * (1 + COLLECTOR_SHARE))
        width = min(room, to_scale)
        left = _LEFT + k * grid.slot
        axes = page.axes(left + (room - width) / 2, grid.section_top, width, grid.section_height)
        draw_section(axes, run, looks[label].color, top_um)
        # the box has the picture's proportions already, except where a very flat deposit is stretched
        axes.set_aspect("auto")
        if k == 0:
            axes.set_ylabel("Height (µm)")
        else:
            axes.tick_params(labelleft=False)
        length = nice_length(_width_um(run))
        scale_bar(axes, length, f"{number(length)} µm")
        page.letter(left, grid.section_top - 8.5, next(letters))
        page.text(
            left + 4, grid.section_top - 8.3, label, fit=room - 4, size=8, fontweight="bold",
            color=looks[label].color,
        )  # fmt: skip
        if room >= 26:
            page.text(left + 4, grid.section_top - 4.2, _facts(run), fit=room - 4, size=6, color=MUTED)


def _facts(run: "Run") -> str:
    edge = run.parameters.lattice.voxel_um
    rough = roughness(height_map(run.occupancy)).Sq * edge
    thick = run.series["thickness_um"][-1]
    return f"thickness {thick:.1f} µm, Sq {rough:.1f} µm"


def _draw_maps(page: Page, grid: _Grid, shown: Mapping[str, "Run"], letters: Iterator[str]) -> None:
    highest = max(
        float(height_map(run.occupancy).max()) * run.parameters.lattice.voxel_um for run in shown.values()
    )
    for k, run in enumerate(shown.values()):
        room = grid.slot - _GAP
        nx, ny = run.occupancy.shape[:2]
        width = min(room, grid.map_height * (nx / ny if ny > 1 else 1))
        left = _LEFT + k * grid.slot + (room - width) / 2
        height = grid.map_height if ny == 1 else width * ny / nx
        axes = page.axes(left, grid.map_top, width, height)
        image = draw_height_map(axes, run, 0.0, highest)
        length = nice_length(_width_um(run))
        scale_bar(axes, length, f"{number(length)} µm")
        page.letter(_LEFT + k * grid.slot, grid.map_top - 5, next(letters))
    bar = page.axes(_LEFT + len(shown) * grid.slot, grid.map_top, 2.6, grid.map_height)
    page.figure.colorbar(image, cax=bar, label="Height (µm)").outline.set_linewidth(0.5)


def _caption(
    groups: Groups, shown: Mapping[str, "Run"], capacity: float, reference: Reference | None
) -> list[str]:
    lines = [fitted_line(groups), conditions_line(groups)]
    numbers = f"Lines: means, {band_line(groups)}; hairlines: single runs."
    if reference is not None:
        numbers += f" Ratios at {number(capacity)} mAh/cm²: {RATIO_METHOD}."
    lines.append(numbers)
    seeds = ", ".join(f"{run.seed} ({label})" for label, run in shown.items())
    pictures = f"Pictures: the run nearest its group's mean thickness, seed {seeds}."
    if any(run.occupancy.shape[1] > 1 for run in shown.values()):
        lines.append(pictures)
        pictures = "Full color: cut at the middle plane (arrows in the maps); paler: metal behind it."
    if any(rest_plane_um(run) is not None for run in shown.values()):
        pictures += " Dashed: rest plane of the layer; cream: the layer above it."
    return [*lines, pictures]
