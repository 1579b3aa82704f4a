"""Thickness of groups of runs at one charge: as it is, and as a ratio beside a measured one."""

import textwrap
from collections.abc import Mapping

from matplotlib.axes import Axes

from kmc_li.errors import UserError
from kmc_li.figures.captions import Groups
from kmc_li.figures.series import at_capacity
from kmc_li.figures.style import INK, MUTED, Look
from kmc_li.report.statistics import Band, mean_band, ratio_band

Reference = tuple[str, str, float]


def check_reference(groups: Groups, reference: Reference) -> None:
    """Raises UserError when a label of the reference ratio is no group, or both are the same."""
    for label in reference[:2]:
        if label not in groups:
            raise UserError(f"the reference ratio names '{label}', but the groups are {', '.join(groups)}")
    if reference[0] == reference[1]:
        raise UserError(f"the reference ratio needs two different groups, got '{reference[0]}' twice")


def thickness_ratios(groups: Groups, numerator: str, capacity: float) -> dict[str, Band]:
    """Ratio of one group's mean thickness to that of every other group at an areal capacity [mAh/cm2].

    Raises UserError for an unknown group, or a run without a deposit there, which leaves a ratio undefined.
    """
    if numerator not in groups:
        raise UserError(f"there is no group '{numerator}' among {', '.join(groups)}")
    thick = _thicknesses(groups, capacity)
    try:
        return {
            label: ratio_band(thick[numerator], values)
            for label, values in thick.items()
            if label != numerator
        }
    except ValueError as error:
        raise UserError(f"thickness ratio at {capacity:g} mAh/cm2: {error}") from error


def draw_ratios(
    axes: Axes, groups: Groups, looks: Mapping[str, Look], capacity: float, reference: Reference
) -> None:
    """Ratios of the reference's numerator to every other group with their bands, and the measured ratio."""
    numerator, denominator, measured = reference
    ratios = thickness_ratios(groups, numerator, capacity)
    axes.axvline(1, color=MUTED, linewidth=0.5, zorder=0)
    for row, (label, band) in enumerate(ratios.items()):
        _draw_band(axes, band, row, looks[label], f"{numerator} / {label}", band_text(band))
    row = list(ratios).index(denominator)
    axes.plot([measured], [row], "*", color=INK, markersize=6, markeredgewidth=0.4, markeredgecolor="white")
    ends = [measured, 1.0, *(x for band in ratios.values() for x in band[:3] if x == x)]
    _finish(axes, ends, len(ratios), f"Thickness ratio\n(★ measured: {measured:g})")


def draw_thicknesses(axes: Axes, groups: Groups, looks: Mapping[str, Look], capacity: float) -> None:
    """Mean thickness of every group with its band, single runs as dots."""
    ends = [0.0]
    for row, (label, values) in enumerate(_thicknesses(groups, capacity).items()):
        band = mean_band(values)
        _draw_band(axes, band, row, looks[label], label, band_text(band, " µm"))
        axes.plot(values, [row + 0.16] * len(values), ".", color=looks[label].color, markersize=2, alpha=0.7)
        ends += [x for x in (*band[:3], *values) if x == x]
    _finish(axes, ends, len(groups), f"Thickness at {capacity:.3g} mAh/cm² (µm)")


def band_text(band: Band, unit: str = "") -> str:
    """'1.78 [1.61, 1.97]'; without the limits where one run leaves them unknown."""
    if band.n < 2:
        return f"{band.mean:#.3g}{unit}"
    return f"{band.mean:#.3g} [{band.low:#.3g}, {band.high:#.3g}]{unit}"


def _thicknesses(groups: Groups, capacity: float) -> dict[str, list[float]]:
    return {
        label: [float(at_capacity(run, "thickness_um", capacity)) for run in runs]
        for label, runs in groups.items()
    }


def _draw_band(axes: Axes, band: Band, row: int, look: Look, name: str, numbers: str) -> None:
    if band.n > 1:
        axes.plot([band.low, band.high], [row, row], color=look.color, linewidth=1.4, solid_capstyle="butt")
    axes.plot([band.mean], [row], look.marker, color=look.color, markersize=4, markeredgewidth=0)
    one_line = f"{name}: {numbers}"
    words = one_line if len(one_line) <= 34 else f"{textwrap.shorten(name, 40, placeholder='…')}\n{numbers}"
    axes.annotate(
        words, (0, row), (0, 4), xycoords=("axes fraction", "data"), textcoords="offset points",
        fontsize=6, va="bottom", color=INK, annotation_clip=False,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
    )  # fmt: skip


def _finish(axes: Axes, ends: list[float], rows: int, title: str) -> None:
    room = 0.12 * (max(ends) - min(ends)) or 0.5
    axes.set_xlim(min(ends) - room, max(ends) + room)
    axes.set_ylim(rows - 0.35, -0.75)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(title)
