"""Cycled electrodes: cross-sections at ends of steps, efficiency and thickness against the cycle, voltage over time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from kmc_li.errors import UserError
from kmc_li.figures.captions import Groups, ageing_line, band_line, check_groups, conditions_line, fitted_line, number
from kmc_li.figures.sections import COLLECTOR_SHARE, draw_moment, rest_plane_um
from kmc_li.figures.style import (
    CAPTION_LINE_MM,
    DOUBLE_COLUMN_MM,
    INK,
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
from kmc_li.morphology import attached_to_collector, height_map
from kmc_li.report.statistics import curve_band
from kmc_li.storage.cycles import DONE, StepRows, step_rows, voxel_mAh_cm2

if TYPE_CHECKING:
    from kmc_li.storage.run import Run

MOST_GROUPS = 4
_LEFT, _GAP, _SECTION = 14.0, 3.0, 56.0  # mm: axis labels, between pictures, their height


class _Moment(NamedTuple):
    """The end of a step of a run, as its snapshot has it."""

    at: StepRows
    occupancy: NDArray[np.bool_]
    rest_um: float | None


def is_cycled(groups: Groups) -> bool:
    """Whether all runs have a complete cycle."""
    return all(len(run.cycles.get("cycle", ())) > 0 for runs in groups.values() for run in runs)


def cycling_figure(groups: Groups) -> Figure:
    """Cross sections, efficiency, thickness, dead lithium and voltage of cycled groups of runs, 180 mm wide.

    groups: label -> runs with a protocol and a complete cycle each (1 to 4 groups). Pictures: of each group the run
    whose thickness in the last cycle is nearest the mean, at the end of the last plating and of the last stripping; of
    one group alone also of the first cycle and the middle one. Bands are 95 % Student t. Raises UserError otherwise.
    """
    check_groups(groups, MOST_GROUPS)
    if not is_cycled(groups):
        raise UserError("a figure of cycles needs runs that have a [protocol] and have completed a cycle")
    last = min(len(run.cycles["cycle"]) for runs in groups.values() for run in runs)
    chosen = range(1, last + 1) if len(groups) > 1 else sorted({1, (last + 1) // 2, last})
    shown = {label: _typical(runs, last) for label, runs in groups.items()}
    moments = {label: _moments(run, list(chosen)[-1:] if len(groups) > 1 else chosen) for label, run in shown.items()}
    drawn, looks, letters = any(moments.values()), group_looks(groups), iter(LETTERS)
    caption = wrapped(_caption(groups, shown, last, moments), 150)  # names of studies have wide letters
    curves = 13 + _SECTION + 12 if drawn else 7.0
    voltage = curves + 34 + 15
    with house_style():
        page = Page(DOUBLE_COLUMN_MM, voltage + 28 + 11 + CAPTION_LINE_MM * len(caption) + 2)
        if drawn:
            _draw_sections(page, shown, moments, looks, letters)
        _draw_curves(page, groups, looks, last, curves, letters)
        _draw_voltage(page, shown, looks, voltage, next(letters))
        page.lines(voltage + 28 + 11, caption)
    return page.figure


def _typical(runs: Sequence["Run"], last: int) -> "Run":
    """The run whose thickness in the last common cycle is nearest the mean of its group."""
    thick = np.array([run.cycles["thickness_um"][last - 1] for run in runs])
    return runs[int(np.argmin(np.abs(thick - thick.mean())))]


def _moments(run: "Run", cycles: Sequence[int]) -> list[_Moment]:
    """Of each cycle the ends of its last step of plating and of its last step, where the run has kept snapshots."""
    steps, found = step_rows(run.series, run.parameters), []
    for cycle in cycles:
        here = [k for k, step in enumerate(steps) if step.cycle == cycle and k < len(run.snapshots)]
        plated = [k for k in here if steps[k].kind == "plate"]
        stripped = [k for k in here if steps[k].kind == "strip"]
        for k in sorted({*plated[-1:], *stripped[-1:]}):
            found.append(_Moment(steps[k], run.snapshots[k].occupancy, rest_plane_um(run, steps[k].end)))
    return found


def _common_top(shown: Mapping[str, "Run"], moments: Mapping[str, list[_Moment]]) -> float:
    """Upper end of the height axis [um]: above all that is shown and every rest plane."""
    tops = []
    for label, run in shown.items():
        edge = run.parameters.lattice.voxel_um
        tops += [4 * edge, *(float(height_map(m.occupancy).max()) * edge for m in moments[label])]
        tops += [m.rest_um for m in moments[label] if m.rest_um is not None]
    return 1.06 * max(tops)


def _draw_sections(
    page: Page,
    shown: Mapping[str, "Run"],
    moments: Mapping[str, list[_Moment]],
    looks: Mapping[str, Look],
    letters: Iterator[str],
) -> None:
    top_um, most = _common_top(shown, moments), max(map(len, moments.values()))
    slot = (DOUBLE_COLUMN_MM - _LEFT - 3) / (len(shown) * most)
    for k, (label, run) in enumerate(shown.items()):
        left, edge, nx = _LEFT + k * most * slot, run.parameters.lattice.voxel_um, run.occupancy.shape[0]
        page.letter(left, 4.5, next(letters))
        page.text(left + 4, 4.7, label, fit=most * slot - 6, size=8, fontweight="bold", color=looks[label].color)
        to_scale = _SECTION * nx * edge / (top_um * (1 + COLLECTOR_SHARE))
        times = repeats(slot - _GAP, to_scale)
        for i, moment in enumerate(moments[label]):
            width = min(slot - _GAP, to_scale * times)
            axes = page.axes(left + i * slot + (slot - _GAP - width) / 2, 13, width, _SECTION)
            dead = moment.occupancy & ~attached_to_collector(moment.occupancy)
            box, gone = (np.tile(part, (times, 1, 1)) for part in (moment.occupancy, dead))
            draw_moment(axes, run, box, looks[label].color, top_um, moment.rest_um, gone)
            axes.set_aspect("auto")
            for seam in range(1, times):
                axes.axvline(seam * nx * edge, color=MUTED, linewidth=0.4, dashes=(1, 3))
            words = f"cycle {moment.at.cycle}, {DONE[moment.at.kind]}"
            page.text(left + i * slot + (slot - _GAP) / 2, 9.3, words, fit=slot - 1, size=6, color=MUTED, ha="center")
            if k == 0 and i == 0:
                axes.set_ylabel("Height (µm)")
            else:
                axes.tick_params(labelleft=False)
            if i == 0:
                length = nice_length(times * nx * edge)
                scale_bar(axes, length, f"{number(length)} µm")


def repeats(room: float, to_scale: float) -> int:
    """How often a periodic box stands side by side in a room, so that a high and narrow one can be seen: 1 to 4."""
    return int(np.clip(room // to_scale, 1, 4))


def _draw_curves(
    page: Page, groups: Groups, looks: Mapping[str, Look], last: int, top: float, letters: Iterator[str]
) -> None:
    def efficiency(run: "Run") -> NDArray[np.float64]:
        return 100 * run.cycles["coulombic_efficiency"]

    def thickness(run: "Run") -> NDArray[np.float64]:
        return run.cycles["thickness_um"]

    def dead(run: "Run") -> NDArray[np.float64]:
        return run.cycles["dead_voxels"] * voxel_mAh_cm2(run.parameters)

    ages = any(run.parameters.ageing is not None for runs in groups.values() for run in runs)
    panels: tuple[tuple[str, Callable[[Run], NDArray[np.float64]]], ...] = (
        ("Coulombic efficiency (%)", efficiency),
        ("Thickness, plated (µm)", thickness),
        ("Lost lithium (mAh/cm²)" if ages else "Dead lithium (mAh/cm²)", dead),
    )
    for k, (words, measure) in enumerate(panels):
        left = _LEFT + 59.5 * k
        axes = page.axes(left, top, 45.5, 34)
        for label, runs in groups.items():
            _draw_cycles(axes, [measure(run)[:last] for run in runs], looks[label], label)
        axes.set(xlabel="Cycle", ylabel=words, xlim=(0.5, last + 0.5))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        if ages and k == 2:
            for label, runs in groups.items():
                taken = np.mean([np.cumsum(run.cycles["interphase_mAh_cm2"])[:last] for run in runs], axis=0)
                axes.plot(np.arange(1, last + 1), taken, color=looks[label].color, linestyle=(0, (1, 1)))
        if k > 0:
            axes.set_ylim(bottom=0)
        page.letter(left - 12, top - 5, next(letters))
        if k == 1:
            axes.legend(loc="lower right", handlelength=2.4, borderaxespad=0.2)


def _draw_cycles(axes: Axes, curves: Sequence[NDArray[np.float64]], look: Look, label: str) -> None:
    """One measure of a group: mean with band, single runs as hairlines, a mark a cycle where they are few."""
    band, cycles = curve_band(np.stack(curves)), np.arange(1, len(curves[0]) + 1)
    axes.fill_between(cycles, band.low, band.high, color=look.color, alpha=0.22, linewidth=0)
    for curve in curves if len(curves) > 1 else []:
        axes.plot(cycles, curve, color=look.color, linewidth=0.3, alpha=0.55)
    marker = look.marker if cycles.size <= 40 else None
    axes.plot(cycles, band.mean, color=look.color, linestyle=look.dash, marker=marker, markersize=2.2, label=label)


def _draw_voltage(
    page: Page, shown: Mapping[str, "Run"], looks: Mapping[str, Look], top: float, letter: str
) -> None:
    """The potential of the electrode against lithium over time: negative while it is plated, as a cycler draws it."""
    axes = page.axes(_LEFT + 3, top, DOUBLE_COLUMN_MM - _LEFT - 7, 28)
    longest = max(float(run.series["time_s"][-1]) for run in shown.values())
    unit, seconds = next((u, s) for u, s in (("h", 3600.0), ("min", 60.0), ("s", 1.0)) if longest > 2 * s or s == 1.0)
    axes.axhline(0, color=MUTED, linewidth=0.4)
    for label, run in shown.items():
        look, series = looks[label], run.series
        axes.step(
            series["time_s"] / seconds, -series["overpotential_V"], where="pre", color=look.color,
            linewidth=0.7, linestyle=look.dash if len(shown) > 1 else "-",
        )  # fmt: skip
    axes.set(xlabel=f"Time ({unit})", ylabel="Voltage against Li (V)", xlim=(0, longest / seconds))
    axes.yaxis.label.set_color(INK)
    page.letter(_LEFT - 12, top - 5, letter)


def _caption(
    groups: Groups, shown: Mapping[str, "Run"], last: int, moments: Mapping[str, list[_Moment]]
) -> list[str]:
    protocols = {label: run.parameters.protocol for label, run in shown.items()}
    said = list(dict.fromkeys("; ".join(p.steps) for p in protocols.values() if p is not None))
    steps = said[0] if len(said) == 1 else " / ".join(said)
    lines = [fitted_line(groups), conditions_line(groups), f"Cycle: {steps}. Cycles that all runs completed: {last}."]
    if aged := ageing_line(groups):
        lines.append(aged)
    single = "; hairlines: single runs" if max(map(len, groups.values())) > 1 else ""
    lines.append(
        f"Lines over cycles: means, {band_line(groups)}{single}. Thickness: at the end of plating, dead lithium "
        "included. Efficiency: charge stripped over charge plated in the same cycle."
    )
    if any(run.parameters.ageing is not None for run in shown.values()):
        lines[-1] += " Lost lithium: dead (with marks) and taken by the interphase since the start (dotted, mean)."
    seeds = ", ".join(f"{run.seed} ({label})" for label, run in shown.items())
    lines.append(
        f"Pictures and voltage: the run nearest its group's mean thickness in cycle {last}, seed {seeds}. Voltage: of "
        "this electrode against lithium at rest, of each record the mean since the one before."
    )
    if any(moments.values()):
        words = "Full colour: cut at the middle plane; paler: metal behind it; black and grey: dead lithium. "
        words += "The periodic box may be repeated, dotted lines are its seams."
        if any(rest_plane_um(run) is not None for run in shown.values()):
            words += " Dashed: rest plane of the layer; cream: the layer above it."
        lines.append(words)
    return lines
