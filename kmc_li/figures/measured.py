"""Measured surfaces and volumes beside simulated deposits: height maps, spectra, heights, metal over the height."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from kmc_li.errors import UserError
from kmc_li.figures.captions import Groups, band_line, check_groups, conditions_line, fitted_line
from kmc_li.figures.profiles import draw_solid_share
from kmc_li.figures.style import (
    CAPTION_LINE_MM,
    DOUBLE_COLUMN_MM,
    HEIGHT_COLORS,
    Look,
    Page,
    group_looks,
    house_style,
    nice_length,
    scale_bar,
    wrapped,
)
from kmc_li.morphology import height_map, power_spectrum, solid_profile
from kmc_li.report.statistics import curve_band
from kmc_li.surfaces import HeightMap, Tomogram

MOST = 5  # surfaces in a row
Surface = tuple[NDArray[np.float64], float]  # heights and the edge of a pixel [um]


def measured_figure(
    groups: Groups, maps: Mapping[str, HeightMap] | None = None, tomograms: Mapping[str, Tomogram] | None = None
) -> Figure:
    """Users' own surfaces and segmented tomograms and simulated deposits in one figure, 180 mm wide.

    groups: label -> runs, drawn as they are at the end, with bands; maps: label -> levelled height map; tomograms:
    label -> volume. Heights are above their mean. Raises UserError for nothing measured, empty groups, a label that is
    used twice, or more than five in all.
    """
    maps, tomograms = dict(maps or {}), dict(tomograms or {})
    check_groups(groups, most=MOST - 1)
    labels = [*maps, *tomograms, *groups]
    if not (maps or tomograms):
        raise UserError("this figure needs at least one measured height map or tomogram")
    if len(set(labels)) < len(labels) or len(labels) > MOST:
        raise UserError(f"this figure shows at most {MOST} surfaces of different names, got {', '.join(labels)}")
    looks = group_looks(labels)
    surfaces = {label: (scan.z_um, scan.pixel_um) for label, scan in maps.items()}
    surfaces |= {label: _top(cut.occupancy, cut.voxel_um) for label, cut in tomograms.items()}
    simulated = {
        label: [_top(run.occupancy, run.parameters.lattice.voxel_um) for run in runs] for label, runs in groups.items()
    }
    shown = surfaces | {label: found[0] for label, found in simulated.items()}
    sources = [f"{label}: {found.source}" for label, found in (maps | tomograms).items()]
    caption = wrapped(
        [
            f"Measured: {'; '.join(sources)}; spectra with a Hann window. Map of a group: its first run.",
            "Spectral density: C integrates over d²q/(2π)² to Sq²; of a group the geometric mean and the band of ln C.",
            f"Other lines of groups: means, {band_line(groups)}.",
            conditions_line(groups),
            fitted_line(groups),
        ]
    )
    with house_style():
        page = Page(DOUBLE_COLUMN_MM, 113 + CAPTION_LINE_MM * len(caption))
        for k, (label, (z_um, pixel_um)) in enumerate(shown.items()):
            _draw_map(page, 8 + 34.5 * k, label, looks[label], z_um - z_um.mean(), pixel_um)
        panels = [page.axes(left, 54, 42, 46) for left in (14, 76, 134)]
        _draw_spectra(panels[0], surfaces, simulated, looks)
        _draw_heights(panels[1], surfaces, simulated, looks)
        draw_solid_share(panels[2], groups, looks)
        for label, cut in tomograms.items():
            share = solid_profile(cut.occupancy)
            heights = (np.arange(share.size) + 0.5) * cut.voxel_um
            panels[2].plot(share, heights, color=looks[label].color, linestyle=looks[label].dash)
        panels[2].set_ylim(bottom=0)
        for letter, left, top in (("a", 3, 3), ("b", 3, 49), ("c", 65, 49), ("d", 123, 49)):
            page.letter(left, top, letter)
        page.lines(111, caption)
    return page.figure


def _top(occupancy: NDArray[np.bool_], voxel_um: float) -> Surface:
    return np.asarray(height_map(occupancy) * voxel_um, np.float64), voxel_um


def _draw_map(page: Page, left: float, label: str, look: Look, z_um: NDArray[np.float64], pixel_um: float) -> None:
    """A height map, heights above the mean, in colours that reach from its 1st to its 99th percentile."""
    page.text(left, 4, label, fit=30, size=8, color=look.color, fontweight="bold")
    page.text(left, 8.5, f"Sq {z_um.std():.3g} µm", size=6)
    nx, ny = z_um.shape
    axes = page.axes(left, 12.5, 30, 24)
    low, high = np.percentile(z_um, [1, 99])
    image = axes.imshow(
        z_um.T, origin="lower", extent=(0, nx * pixel_um, 0, ny * pixel_um), cmap=HEIGHT_COLORS, vmin=low,
        vmax=high if high > low else low + pixel_um, interpolation="nearest", aspect="auto" if ny == 1 else "equal",
    )  # fmt: skip
    axes.set_xticks([])
    axes.set_yticks([])
    length = nice_length(nx * pixel_um)
    scale_bar(axes, length, f"{length:g} µm")
    bar = page.figure.colorbar(image, cax=page.axes(left, 38.5, 24, 1.8), orientation="horizontal", extend="both")
    bar.ax.tick_params(labelsize=5)
    bar.set_label("Height − mean (µm)", fontsize=5.5)


def _draw_spectra(
    axes: Axes, surfaces: Mapping[str, Surface], simulated: Mapping[str, list[Surface]], looks: Mapping[str, Look]
) -> None:
    for label, (z_um, pixel_um) in surfaces.items():
        found = power_spectrum(z_um, pixel_um, periodic=False)
        axes.plot(found.q, found.density, color=looks[label].color, linestyle=looks[label].dash, label=label)
    for label, runs in simulated.items():
        spectra = [power_spectrum(z_um, edge) for z_um, edge in runs]
        band = curve_band(np.log(np.stack([np.maximum(spectrum.density, 1e-300) for spectrum in spectra])))
        look, q = looks[label], spectra[0].q
        axes.fill_between(q, np.exp(band.low), np.exp(band.high), color=look.color, alpha=0.22, linewidth=0)
        axes.plot(q, np.exp(band.mean), color=look.color, linestyle=look.dash, label=label)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("Wave number q (1/µm)")
    axes.set_ylabel("Spectral density C (µm⁴)")
    axes.legend(fontsize=6, handlelength=2.4, borderaxespad=0.2)


def _draw_heights(
    axes: Axes, surfaces: Mapping[str, Surface], simulated: Mapping[str, list[Surface]], looks: Mapping[str, Look]
) -> None:
    """Distribution of the heights in units of Sq, so that surfaces of unlike roughness compare."""
    bins = np.linspace(-4, 4, 41)
    middles = 0.5 * (bins[1:] + bins[:-1])

    def density(z_um: NDArray[np.float64]) -> NDArray[np.float64]:
        scaled = (z_um - z_um.mean()) / max(float(z_um.std()), 1e-300)
        return np.asarray(np.histogram(scaled, bins)[0] / (z_um.size * (bins[1] - bins[0])))

    for label, (z_um, _) in surfaces.items():
        axes.plot(middles, density(z_um), color=looks[label].color, linestyle=looks[label].dash)
    for label, runs in simulated.items():
        band = curve_band(np.stack([density(z_um) for z_um, _ in runs]))
        axes.fill_between(middles, band.low, band.high, color=looks[label].color, alpha=0.22, linewidth=0)
        axes.plot(middles, band.mean, color=looks[label].color, linestyle=looks[label].dash)
    axes.set_xlabel("(Height − mean) / Sq")
    axes.set_ylabel("Probability density")
    axes.set_ylim(bottom=0)
