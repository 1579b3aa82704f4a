"""Where the layer presses

`kmc_li.layer.press` lays the layer of a study on a height map and says where it rests, how hard it presses
each column and by how much this shifts the potential of the metal's faces. Only the highest buds touch the
layer. Here it presses on a deposit that was grown without one.
"""

import numpy as np
from matplotlib.figure import Figure

from kmc_li import Parameters, layer, morphology, simulate
from kmc_li.figures.style import Page, house_style
from kmc_li.study.presets import study_path


def figure(small: bool = False) -> Figure:
    columns = 16 if small else 48
    changes = {"lattice.nx": columns, "lattice.ny": columns, "field.samples": 0,
               "stop.capacity_mAh_cm2": 0.05 if small else 0.4}  # fmt: skip
    run = simulate(Parameters.from_toml(study_path("bare")).replace(**changes), seed=3)
    study = Parameters.from_toml(study_path("piezo")).replace(**changes)
    heights = morphology.height_map(run.occupancy)
    pressed = layer.press(heights, study)
    extent = (0.0, columns * study.lattice.voxel_um) * 2
    overpotential_mV = study.current_density_A_m2 * study.charge_transfer_resistance_ohm_m2 * 1e3
    panels = (
        (heights * study.lattice.voxel_um, "height (µm)", "cividis"),
        (pressed.pressure_Pa / 1e6, "pressure (MPa)", "viridis"),
        (pressed.face_shift_V * 1e3, "shift of the top face (mV)", "viridis"),
    )
    with house_style():
        page = Page(180, 64)
        for k, (values, label, colors) in enumerate(panels):
            axes = page.axes(11 + 58 * k, 5, 36, 36)
            image = axes.imshow(np.asarray(values, float).T, origin="lower", cmap=colors, extent=extent)
            axes.set(xlabel="x (µm)", ylabel="y (µm)" if k == 0 else None)
            page.figure.colorbar(image, cax=page.axes(49 + 58 * k, 5, 2, 36)).set_label(label)
        page.text(3, 52, f"The layer rests at {pressed.rest_plane_m * 1e6:.2f} µm and touches "
                  f"{100 * pressed.contact_share:.2g} % of the columns. To compare the shift with: at 1 mA/cm² the "
                  f"kinetic overpotential is {overpotential_mV:.3g} mV. n = 1.", size=6.0)  # fmt: skip
        page.text(3, 56, f"Fitted, not measured: $\\kappa_\\mathrm{{eff}}$ = {study.conductivity_S_m:.3g} S/m, "
                  f"unscreened share s = {study.layer.unscreened_share:g}.", size=6.0)  # fmt: skip
    return page.figure
