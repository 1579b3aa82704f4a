"""Time series of groups of runs: mean and 95 % band against the charge passed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from kmc_li.errors import UserError
from kmc_li.figures.captions import Groups, band_line, check_groups, conditions_line, fitted_line
from kmc_li.figures.style import (
    CAPTION_LINE_MM,
    DOUBLE_COLUMN_MM,
    LABELS,
    LETTERS,
    Look,
    Page,
    group_looks,
    house_style,
    wrapped,
)
from kmc_li.report.statistics import CurveBand, curve_band

if TYPE_CHECKING:
    from kmc_li.storage.run import Run

CAPACITY = "areal_capacity_mAh_cm2"
DEFAULT_NAMES = (
    "thickness_um",
    "roughness_Sq_um",
    "porosity",
    "thickness_p95_um",
    "high_current_share",
    "overpotential_V",
)


def at_capacity(run: "Run", name: str, capacity: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """A series of a run interpolated at given areal capacities [mAh/cm2]; rows that are NaN are skipped.

    Raises UserError when the run has no such series or no finite value in it.
    """
    if name not in run.series:
        raise UserError(f"seed {run.seed}: no series '{name}'; there are {', '.join(sorted(run.series))}")
    values = np.asarray(run.series[name], dtype=np.float64)
    good = np.isfinite(values)
    if not good.any():
        raise UserError(f"seed {run.seed}: series '{name}' has no finite value")
    # stripping can take single voxels back, and interpolation needs a rising axis
    charge = np.maximum.accumulate(run.series[CAPACITY])
    return np.asarray(np.interp(capacity, charge[good], values[good]))


def common_capacity(groups: Groups) -> float:
    """The largest areal capacity that all runs of all groups have reached [mAh/cm2]."""
    return float(min(np.max(run.series[CAPACITY]) for runs in groups.values() for run in runs))


def group_band(runs: Sequence["Run"], name: str, points: int = 150) -> tuple[NDArray[np.float64], CurveBand]:
    """Areal capacities that all runs of a group passed, float (points,), and the band of a series there."""
    first = max(float(run.series[CAPACITY][0]) for run in runs)
    last = min(float(np.max(run.series[CAPACITY])) for run in runs)
    charge = np.linspace(first, last, points)
    return charge, curve_band(np.stack([at_capacity(run, name, charge) for run in runs]))


def draw_series(axes: Axes, groups: Groups, name: str, looks: dict[str, Look]) -> None:
    """One series of all groups: the mean as a line, its band behind it, single runs as hairlines."""
    for label, runs in groups.items():
        look = looks[label]
        charge, band = group_band(runs, name)
        axes.fill_between(charge, band.low, band.high, color=look.color, alpha=0.22, linewidth=0)
        for run in runs if len(runs) > 1 else []:
            axes.plot(charge, at_capacity(run, name, charge), color=look.color, linewidth=0.3, alpha=0.55)
        axes.plot(charge, band.mean, color=look.color, linestyle=look.dash, label=label)
    axes.set_xlabel(LABELS[CAPACITY])
    axes.set_ylabel(LABELS.get(name, name))
    axes.set_xlim(left=0)
    axes.margins(x=0)


def series_figure(groups: Groups, names: Sequence[str] | None = None) -> Figure:
    """Panels of series against areal capacity, three in a row, one line and band for each group.

    groups: label -> runs. names: keys of Run.series; by default thickness, Sq, porosity, 95th percentile,
    tip current and overpotential, as far as all runs have them. Raises UserError for empty groups or unknown
    names.
    """
    check_groups(groups, most=8)
    if names is None:
        every = [run for runs in groups.values() for run in runs]
        names = [name for name in DEFAULT_NAMES if all(_is_drawable(run, name) for run in every)]
    looks = group_looks(groups)
    words = f"Lines: means, {band_line(groups)}; hairlines: single runs. {conditions_line(groups)}"
    caption = wrapped([words, fitted_line(groups)])
    rows = -(-len(names) // 3)
    with house_style():
        page = Page(DOUBLE_COLUMN_MM, 5 + 50.0 * rows + CAPTION_LINE_MM * len(caption))
        for k, name in enumerate(names):
            left, top = 15 + 58.0 * (k % 3), 7 + 50.0 * (k // 3)
            draw_series(panel := page.axes(left, top, 45, 36), groups, name, looks)
            page.letter(left - 12, top - 5, LETTERS[k])
            if k == 0:
                panel.legend(loc="upper left", handlelength=2.4, borderaxespad=0.2)
        page.lines(4 + 50.0 * rows, caption)
    return page.figure


def _is_drawable(run: "Run", name: str) -> bool:
    return name in run.series and bool(np.isfinite(run.series[name]).any())
