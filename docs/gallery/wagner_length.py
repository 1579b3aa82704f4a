"""One length decides between columns and a film

The Wagner length W is the conductivity of the electrolyte times the charge-transfer resistance. Where W is
shorter than a bud, the bud's tip draws more current than its flanks and runs away. Where W is much longer,
the current is even, and only the randomness of single arrivals roughens the film. Three deposits in two
dimensions, with the same charge and the same seed.
"""

from matplotlib.figure import Figure

from kmc_li import Parameters, simulate
from kmc_li.figures.style import Page, house_style
from kmc_li.study.presets import study_path

WAGNER_UM = (0.25, 2.5, 25.0)


def figure(small: bool = False) -> Figure:
    bare = Parameters.from_toml(study_path("bare")).replace(
        **{"lattice.nx": 32 if small else 256, "lattice.ny": 1, "lattice.nz": 128, "field.samples": 0,
           "stop.capacity_mAh_cm2": 0.1 if small else 0.8}
    )  # fmt: skip
    resistance_ohm_m2 = bare.charge_transfer_resistance_ohm_m2
    with house_style():
        page = Page(120, 97)
        for k, wagner_um in enumerate(WAGNER_UM):
            study = bare.replace(**{"electrolyte.conductivity_S_m": wagner_um * 1e-6 / resistance_ohm_m2})
            run = simulate(study, seed=1)
            voxel_um = study.lattice.voxel_um
            metal = run.occupancy[:, 0, :80]
            axes = page.axes(12, 6 + 27 * k, 104, 20)
            axes.imshow(~metal.T, origin="lower", cmap="gray", vmin=-0.35, vmax=1.1, interpolation="nearest",
                        extent=(0, metal.shape[0] * voxel_um, 0, metal.shape[1] * voxel_um), aspect="auto")  # fmt: skip
            axes.set(ylabel="z (µm)", xlabel="x (µm)" if k == 2 else None)
            axes.tick_params(labelbottom=k == 2)
            page.text(12, 2 + 27 * k, f"W = {wagner_um:g} µm: thickness {run.series['thickness_um'][-1]:.1f} µm, "
                      f"porosity {run.series['porosity'][-1]:.2f}")  # fmt: skip
        capacity = study.stop.capacity_mAh_cm2
        page.text(4, 92, f"One deposit each (n = 1, seed 1) at {capacity:g} mAh/cm², 1 mA/cm². Fitted numbers: none, "
                  "W is set.", size=6.2)  # fmt: skip
    return page.figure
