"""A piezoelectric layer levels a deposit

The study `piezo` differs from `inert` by the piezoelectric coefficient and from `bare` by the whole layer. A
bud that presses into the layer charges it, and the charge turns the current away from the bud. A narrow box
with five seeds shows the trend; `kmc-li demo` computes it at the paper's scale.
"""

from matplotlib.figure import Figure

from kmc_li import Parameters, simulate
from kmc_li.figures import series_figure
from kmc_li.study.presets import study_path


def figure(small: bool = False) -> Figure:
    groups = {}
    for name in ("bare", "inert", "piezo"):
        study = Parameters.from_toml(study_path(name)).replace(
            **{"lattice.nx": 8 if small else 24, "lattice.ny": 8 if small else 24, "field.samples": 0,
               "stop.capacity_mAh_cm2": 0.1 if small else 0.6}
        )  # fmt: skip
        groups[name] = [simulate(study, seed) for seed in range(2 if small else 5)]
    return series_figure(groups, ["thickness_um", "roughness_Sq_um", "porosity"])
