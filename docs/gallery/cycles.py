"""Dead lithium piles up from cycle to cycle

A `[protocol]` plates and strips as a battery cycler does. Where stripping cuts through a stem, what was above it
loses contact: dead lithium, black in the cross-sections, crumbles onto the electrode and stays there. The voltage
is that of this electrode against lithium, as a cycler draws it. [The comparison with the
paper](validation.md#cycled-deposits-beside-the-papers) has more cycles and seeds.
"""

from matplotlib.figure import Figure

from kmc_li import Parameters, simulate
from kmc_li.figures import cycling_figure
from kmc_li.study.presets import study_path


def figure(small: bool = False) -> Figure:
    capacity = 0.1 if small else 0.5
    steps = [f"plate {capacity} mAh/cm^2 at 1 mA/cm^2", "rest 10 min", "strip at 1 mA/cm^2 until 1 V"]
    groups = {}
    for name in ("cycling_bare", "cycling_piezo"):
        study = Parameters.from_toml(study_path(name)).replace(
            **{"lattice.nx": 8 if small else 32, "lattice.ny": 8 if small else 32, "lattice.nz": 384,
               "field.samples": 0, "protocol": {"steps": steps, "cycles": 2 if small else 8},
               "output.series_points": 60 if small else 600}
        )  # fmt: skip
        groups[name.removeprefix("cycling_")] = [simulate(study, seed) for seed in range(2 if small else 4)]
    return cycling_figure(groups)
