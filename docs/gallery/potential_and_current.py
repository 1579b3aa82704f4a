"""Potential and current around the tips

`kmc_li.field.solve` solves the potential around any deposit, also one that kmc_li did not grow. The lines of
equal potential bend around the tips, which receive up to twice the current of a flat surface; the valleys
between them receive almost none.
"""

import numpy as np
from matplotlib.figure import Figure

from kmc_li import Parameters, field, simulate
from kmc_li.figures.style import Page, house_style
from kmc_li.study.presets import study_path


def figure(small: bool = False) -> Figure:
    study = Parameters.from_toml(study_path("bare")).replace(
        **{"lattice.nx": 32 if small else 128, "lattice.ny": 1, "lattice.nz": 64 if small else 96, "field.samples": 0,
           "stop.capacity_mAh_cm2": 0.1 if small else 0.45}
    )  # fmt: skip
    run = simulate(study, seed=2)
    solution = field.solve(
        run.occupancy,
        voxel_m=study.voxel_m,
        conductivity_S_m=study.conductivity_S_m,
        charge_transfer_resistance_ohm_m2=study.charge_transfer_resistance_ohm_m2,
        current_density_A_m2=study.current_density_A_m2,
    )
    metal, voxel_um = run.occupancy[:, 0], study.lattice.voxel_um
    potential_mV = np.where(metal, np.nan, solution.potential_V[:, 0] * 1e3)
    share = solution.plating_current_A[:, 0] / (study.current_density_A_m2 * study.voxel_m**2)
    x, z = np.nonzero(share > 0.05)
    extent = (0.0, metal.shape[0] * voxel_um, 0.0, metal.shape[1] * voxel_um)
    with house_style():
        page = Page(150, 82)
        axes = page.axes(12, 5, 116, 58)
        axes.imshow(np.where(metal, 0.45, np.nan).T, origin="lower", cmap="gray", vmin=0, vmax=1, extent=extent)
        levels = np.arange(10.0, 180.0, 10.0)
        lines = axes.contour(potential_mV.T, levels, extent=extent, colors="#666666", linewidths=0.5)
        axes.clabel(lines, levels[1::4], fontsize=5, fmt="%.0f mV")
        dots = axes.scatter((x + 0.5) * voxel_um, (z + 0.5) * voxel_um, 4, share[x, z], cmap="viridis", vmin=0)
        axes.set(xlabel="x (µm)", ylabel="z (µm)", ylim=(0, min(12.0, extent[3])))
        axes.set_aspect("auto")
        bar = page.figure.colorbar(dots, cax=page.axes(132, 5, 3, 58))
        bar.set_label("current into a voxel, in shares of one column's")
        page.text(3, 74, f"Bare lithium in 2-D at {study.stop.capacity_mAh_cm2:g} mAh/cm² and 1 mA/cm², one deposit "
                  "(n = 1). Points: voxels that receive more than 0.05 of a column's current.", size=6.0)  # fmt: skip
        page.text(3, 77.5, f"Fitted, not measured: $\\kappa_\\mathrm{{eff}}$ = {study.conductivity_S_m:.3g} S/m "
                  f"(W = {study.wagner_length_m * 1e6:.2g} µm).", size=6.0)  # fmt: skip
    return page.figure
