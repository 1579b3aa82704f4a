"""One run on one page: view, ages, height map, history, and where the current goes."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from kmc_li.errors import UserError
from kmc_li.figures.age import draw_age_section
from kmc_li.figures.captions import check_groups, conditions_line, fitted_line, number
from kmc_li.figures.raster import View, check_view, frame_of
from kmc_li.figures.sections import COLLECTOR_SHARE, draw_height_map, rest_plane_um
from kmc_li.figures.series import CAPACITY, draw_series
from kmc_li.figures.style import (
    CAPTION_LINE_MM,
    DOUBLE_COLUMN_MM,
    LETTERS,
    Page,
    group_looks,
    house_style,
    nice_length,
    scale_bar,
    wrapped,
)
from kmc_li.figures.tips import (
    Current,
    Field,
    by_current,
    check_field,
    current_scale,
    draw_potential,
    face_current,
    tip_plane,
    what_the_field_is,
)
from kmc_li.figures.view3d import box_shape, draw_deposit, height_bar, what_is_drawn

if TYPE_CHECKING:
    from kmc_li.storage.run import Run

SERIES = ("thickness_um", "roughness_Sq_um", "porosity")
_TOP, _SQUARE = 8.0, 42.0  # mm: top of the first row, edge of the height map


def run_figure(run: "Run", field: Field | None = None, view: View | None = None) -> Figure:
    """One run, 180 mm wide: 3-D view, cross section by age, height map, thickness, Sq and porosity.

    field: the converged field of its deposit (same box); then also the current on the surface, and potential and stream
    lines around the tips. Raises UserError for a run without rows, a view from below, a field of another box.
    """
    view, group = check_view(view or View()), {run.label: [run]}
    check_groups(group, most=1)
    for name in SERIES:
        if not np.isfinite(run.series.get(name, np.array([np.nan]))).any():
            raise UserError(f"{run.label}: the series {name} has no value to draw")
    if field is not None:
        check_field(run, field)
    edge, plane = run.parameters.lattice.voxel_um, tip_plane(run)
    top_um, caption = box_shape(run)[2] * edge, wrapped(_caption(run, field is not None))
    letters, frame = iter(LETTERS), frame_of(box_shape(run), view, 1000)
    high = float(np.clip(_SQUARE * frame.rows / frame.columns, 38, 66))
    second = _TOP + high + 14
    third = second + 57
    with house_style():
        page = Page(DOUBLE_COLUMN_MM, third + 44 + CAPTION_LINE_MM * len(caption))
        draw_deposit(page.axes(5, _TOP, _SQUARE, high), run, view)
        page.letter(3, 3, next(letters))
        height_bar(page.figure, bar := page.axes(49, _TOP + high / 2 - 15, 2.2, 30), top_um)
        _label_close(bar)
        _draw_ages(page, run, top_um, plane, high)
        page.letter(63, 3, next(letters))
        if field is not None:
            current = face_current(run.occupancy, field.plating_current_A)
            draw_deposit(page.axes(122, _TOP, _SQUARE, high), run, view, paint=by_current(current, view))
            page.letter(118, 3, next(letters))
            _bar(page, 166, _TOP + high / 2 - 15, 30, current_scale(current), "Current density / mean", extend="max")
        _draw_map(page, run, top_um, plane, second, next(letters))
        if field is not None:
            _draw_tips(page, run, field, plane, current, second, next(letters))
        for k, name in enumerate(SERIES):
            left = 14 + 59.5 * k
            draw_series(page.axes(left, third, 45.5, 28), group, name, group_looks(group))
            page.letter(left - 12, third - 5, next(letters))
        page.lines(third + 40, caption)
    return page.figure


def _draw_ages(page: Page, run: "Run", top_um: float, plane: int, room: float) -> None:
    nx, edge = run.occupancy.shape[0], run.parameters.lattice.voxel_um
    whole = top_um * (1 + COLLECTOR_SHARE)
    high = min(room, 28 * whole / (nx * edge))
    width = high * nx * edge / whole
    axes = page.axes(75, _TOP + room - high, width, high)
    age = draw_age_section(axes, run, top_um, plane)
    axes.set_aspect("auto")
    _bar(page, 75 + width + 2.5, _TOP + room / 2 - 15, 30, age, "First seen at (mAh/cm²)")


def _draw_map(page: Page, run: "Run", top_um: float, plane: int, top: float, letter: str) -> None:
    nx, ny = run.occupancy.shape[:2]
    edge = run.parameters.lattice.voxel_um
    high = _SQUARE if ny == 1 else min(_SQUARE, 48 * ny / nx)
    width = min(48.0, high * nx / ny) if ny > 1 else _SQUARE
    axes = page.axes(8, top, width, high)
    image = draw_height_map(axes, run, 0.0, top_um, plane)
    length = nice_length(nx * edge)
    scale_bar(axes, length, f"{number(length)} µm")
    page.letter(3, top - 6, letter)
    _bar(page, 8 + width + 4, top, high, image, "Height (µm)")


def _draw_tips(
    page: Page, run: "Run", field: Field, plane: int, current: Current, top: float, letter: str
) -> None:
    axes = page.axes(92, top - 4, _SQUARE + 6, _SQUARE + 6)
    image = draw_potential(axes, run, field, plane, current)
    page.letter(80, top - 6, letter)
    _bar(page, 92 + _SQUARE + 9, top, _SQUARE - 3, image, "Potential (mV)")


def _bar(
    page: Page,
    left: float,
    top: float,
    high: float,
    what: ScalarMappable | AxesImage,
    label: str,
    extend: str = "neither",
) -> None:
    axes = page.axes(left, top, 2.2, high)
    page.figure.colorbar(what, cax=axes, label=label, extend=extend).outline.set_linewidth(0.5)
    _label_close(axes)


def _label_close(axes: Axes) -> None:
    axes.yaxis.labelpad = 2.5


def _caption(run: "Run", with_field: bool) -> list[str]:
    group = {run.label: [run]}
    facts = f"{run.label}, seed {run.seed} (n = 1 run, no band), at {number(run.series[CAPACITY][-1])} mAh/cm²."
    last, names, colour = ("h", "a, c", "colour: height, current in c") if with_field else ("f", "a", "colour: height")
    cut = (
        f"b: cut through the highest tip (arrows in {'d' if with_field else 'c'}), coloured by the snapshot in which a "
        f"voxel first appears (of {len(run.snapshots)}, so ages are no finer); grey: metal behind the cut."
    )
    if rest_plane_um(run) is not None:
        cut += " Dashed: rest plane of the layer; cream: the layer above it."
    lines = [facts, f"{names}: {what_is_drawn(run, colour)}", cut]
    if with_field:
        lines.append(f"c, e: {what_the_field_is(run)}")
    first = chr(ord(last) - 2)
    return [*lines, f"{first}–{last}: the whole run. {conditions_line(group)}", fitted_line(group)]
