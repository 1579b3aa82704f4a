"""Profiles over the height of the deposit: metal share, porosity, distribution of column heights."""

from collections.abc import Callable, Mapping, Sequence
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
    Look,
    Page,
    group_looks,
    house_style,
    wrapped,
)
from kmc_li.morphology import height_map, porosity_profile, solid_profile
from kmc_li.report.statistics import CurveBand, curve_band

if TYPE_CHECKING:
    from kmc_li.storage.run import Run

Profile = Callable[[NDArray[np.bool_]], NDArray[np.float64]]


def covered_share(occupancy: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Share of columns whose top lies above each layer: float (nz,), from 1 down to 0."""
    heights = height_map(occupancy).ravel()
    return np.asarray((heights[:, None] > np.arange(occupancy.shape[-1])).mean(axis=0))


def profile_band(runs: Sequence["Run"], profile: Profile) -> tuple[NDArray[np.float64], CurveBand]:
    """Heights of the layers' middles [um], float (layers,), and the band of a profile over a group's runs.

    Raises UserError when the runs of the group differ in voxel size.
    """
    edges = {run.parameters.lattice.voxel_um for run in runs}
    if len(edges) > 1:
        raise UserError(f"runs of one group must have one voxel size, got {sorted(edges)} um")
    layers = min(run.occupancy.shape[2] for run in runs)
    values = np.stack([profile(run.occupancy)[:layers] for run in runs])
    return (np.arange(layers) + 0.5) * edges.pop(), curve_band(values)


def draw_profile(axes: Axes, groups: Groups, looks: Mapping[str, Look], profile: Profile, name: str) -> None:
    """A profile of all groups at the end of their runs: share to the right, height upwards."""
    for label, runs in groups.items():
        look = looks[label]
        height, band = profile_band(runs, profile)
        axes.fill_betweenx(height, band.low, band.high, color=look.color, alpha=0.22, linewidth=0)
        axes.plot(band.mean, height, color=look.color, linestyle=look.dash, label=label)
    axes.set_xlim(-0.02, 1.02)
    axes.set_xlabel(name)
    axes.set_ylabel("Height (µm)")


def draw_solid_share(axes: Axes, groups: Groups, looks: Mapping[str, Look]) -> None:
    """The share of every layer that is metal."""
    draw_profile(axes, groups, looks, solid_profile, "Metal share of the layer")


def profiles_figure(groups: Groups) -> Figure:
    """Metal share, porosity under the envelope and covered share by height, with bands: 180 mm wide.

    groups: label -> runs, drawn as they are at the end. Raises UserError for empty groups.
    """
    check_groups(groups, most=8)
    looks = group_looks(groups)
    edge = max(run.parameters.lattice.voxel_um for runs in groups.values() for run in runs)
    tops = [
        float(height_map(run.occupancy).max()) * run.parameters.lattice.voxel_um
        for runs in groups.values()
        for run in runs
    ]
    panels: list[tuple[Profile, str]] = [
        (solid_profile, "Metal share of the layer"),
        (porosity_profile, "Porosity under the envelope"),
        (covered_share, "Share of columns that reach higher"),
    ]
    words = f"Lines: means, {band_line(groups)}. {conditions_line(groups)}"
    caption = wrapped([words, fitted_line(groups)])
    with house_style():
        page = Page(DOUBLE_COLUMN_MM, 69 + CAPTION_LINE_MM * len(caption))
        for k, (profile, name) in enumerate(panels):
            left = 13 + 57.0 * k
            axes = page.axes(left, 8, 44, 48)
            draw_profile(axes, groups, looks, profile, name)
            axes.set_ylim(0, 1.05 * max([*tops, 4 * edge]))
            page.letter(left - 11, 3, "abc"[k])
        axes.legend(loc="upper right", handlelength=2.4, borderaxespad=0.0)
        page.lines(67, caption)
    return page.figure
