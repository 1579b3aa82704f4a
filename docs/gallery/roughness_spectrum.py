"""Roughness by wavelength

Sq says how rough a surface is, its power spectrum at which wavelengths. The spectrum is that of Jacobs, Junge
and Pastewka (2017), so it can be laid over the spectrum of an AFM map. A thin deposit is about equally rough
at all long waves, as random noise is. In a thick one the longest waves have grown most: few large buds have
outgrown the others.
"""

import numpy as np
from matplotlib.figure import Figure

from kmc_li import Parameters, morphology, simulate
from kmc_li.figures.style import Page, group_looks, house_style
from kmc_li.report.statistics import curve_band
from kmc_li.study.presets import study_path

SEEDS = 3


def figure(small: bool = False) -> Figure:
    columns, capacities = (16, (0.02, 0.06)) if small else (48, (0.1, 0.4))
    labels = [f"{capacity:g} mAh/cm²" for capacity in capacities]
    looks = group_looks(labels)
    with house_style():
        page = Page(110, 74)
        axes = page.axes(16, 4, 88, 48)
        for label, capacity in zip(labels, capacities, strict=True):
            study = Parameters.from_toml(study_path("bare")).replace(
                **{"lattice.nx": columns, "lattice.ny": columns, "field.samples": 0, "stop.capacity_mAh_cm2": capacity}
            )
            voxel_um = study.lattice.voxel_um
            maps = [morphology.height_map(simulate(study, seed).occupancy) * voxel_um for seed in range(SEEDS)]
            spectra = [morphology.power_spectrum(heights, voxel_um) for heights in maps]
            q, look = spectra[0].q, looks[label]
            band = curve_band(np.log10([spectrum.density for spectrum in spectra]))
            sq_um = np.mean([morphology.roughness(heights).Sq for heights in maps])
            axes.fill_between(q, 10**band.low, 10**band.high, color=look.color, alpha=0.22, linewidth=0)
            axes.plot(q, 10**band.mean, color=look.color, linestyle=look.dash, label=f"{label}, Sq = {sq_um:.2g} µm")
        axes.set(xscale="log", yscale="log", xlabel="wave number q (1/µm)", ylabel="power spectral density (µm⁴)")
        axes.legend(loc="lower left")
        page.text(3, 62, f"Bare lithium at 1 mA/cm². Lines: mean of the logarithm over n = {SEEDS} seeds; bands: 95 %, "
                  "Student t.", size=6.0)  # fmt: skip
        fitted = f"$\\kappa_\\mathrm{{eff}}$ = {study.conductivity_S_m:.3g} S/m"
        page.text(3, 66, f"Fitted, not measured: {fitted}.", size=6.0)
    return page.figure
