"""Runs that look like deposits, grown in a second without the engine: for tests of figures and scripts only.

Ballistic deposition: a voxel that falls past a taller neighbor sticks to its side (with the scenario's
chance), which leaves voids below. Columns are hit the more often the higher their surroundings stand (a
negative gain levels the deposit, a positive one grows dendrites).
"""

import numpy as np
from scipy.ndimage import gaussian_filter

from kmc_li import morphology as m
from kmc_li.storage.run import Run, Snapshots
from kmc_li.study.parameters import Parameters

TINY = {
    "lattice": {"nx": 16, "ny": 16, "nz": 48, "voxel_um": 0.25},
    "electrolyte": {
        "conductivity_S_m": 4.15e-4,
        "charge_transfer_resistance_ohm_cm2": 20.0,
        "conductivity_is_fitted": True,
    },
    "plating": {"current_density_mA_cm2": 1.0},
    "stop": {"capacity_mAh_cm2": 0.3},
}
LAYER = {"preset": "BaTiO3/PVDF composite", "thickness_um": 8.0, "unscreened_share": 0.05}
KINDS = ("Sa", "Sq", "Sz")
# gain per voxel of height over the mean, chance to stick to a side
SCENARIOS = {"bare": (0.03, 0.15), "inert": (0.029, 0.15), "piezo": (-0.2, 0.04), "anti-poled": (0.034, 0.16)}


def parameters_for(scenario, sections=TINY, **lattice):
    data = {name: dict(values) for name, values in sections.items()}
    data["title"] = scenario
    data["lattice"] |= lattice
    if scenario != "bare":
        poled = {"piezo": -1, "anti-poled": 1}.get(scenario)
        data["layer"] = LAYER | ({"preset": "inert"} if poled is None else {"orientation": poled})
        data["layer"]["unscreened_share_is_fitted"] = poled is not None
    return Parameters.from_dict(data)


def grow(shape, voxels, gain, sticking, seed, rows=40):
    """Occupancies, bool (nx, ny, nz), at `rows` moments of a growth by `voxels` voxels."""
    rng = np.random.default_rng(seed)
    nx, ny, nz = shape
    box = np.zeros(shape, dtype=bool)
    heights = np.zeros((nx, ny), dtype=int)
    moments = []
    marks = set(np.linspace(voxels / rows, voxels, rows).astype(int).tolist())
    grown = 0
    while grown < voxels:
        around = gaussian_filter(heights.astype(float), 1.5, mode="wrap")
        weight = np.exp(np.clip(gain * (around - around.mean()), -1.5, 1.5)).ravel()
        weight[heights.ravel() >= nz - 4] = 0
        for site in rng.choice(nx * ny, size=min(64, voxels - grown), p=weight / weight.sum()):
            x, y = divmod(int(site), ny)
            z = heights[x, y]
            if rng.random() < sticking:
                right, back = heights[(x + 1) % nx, y], heights[x, (y + 1) % ny]
                z = max(z, max(heights[x - 1, y], right, heights[x, y - 1], back) - 1)
            if z >= nz:
                continue
            box[x, y, z] = True
            heights[x, y] = z + 1
            grown += 1
            if grown in marks:
                moments.append(box.copy())
    return moments


def synthetic_run(scenario, seed, **lattice):
    """A Run of a scenario ('bare', 'inert', 'piezo', 'anti-poled') with a series as the engine writes it."""
    parameters = parameters_for(scenario, **lattice)
    size, edge = parameters.lattice, parameters.lattice.voxel_um
    gain, sticking = SCENARIOS[scenario]
    capacity = parameters.stop.capacity_mAh_cm2
    voxels = round(capacity * 4.85 / edge * size.nx * size.ny)
    moments = grow((size.nx, size.ny, size.nz), voxels, gain, sticking, seed)
    charge = capacity * np.array([box.sum() for box in moments]) / moments[-1].sum()
    maps = [m.height_map(box) for box in moments]
    thick = np.array([m.thickness(box) for box in moments]) * edge
    p95 = np.array([m.thickness_percentile(box) for box in moments]) * edge
    series = {
        "areal_capacity_mAh_cm2": charge,
        "time_s": charge * 3600,
        "thickness_um": thick,
        "thickness_p95_um": p95,
        **{f"roughness_{k}_um": np.array([getattr(m.roughness(h), k) for h in maps]) * edge for k in KINDS},
        "porosity": np.array([m.porosity(box) for box in moments]),
        "high_current_share": 0.05 + 0.01 * (p95 - thick),
        "overpotential_V": 0.02 + 0.001 * charge,
    }
    if parameters.layer is not None:
        series["rest_plane_um"] = np.array([m.thickness_percentile(box, 99) for box in moments]) * edge
    return Run(
        occupancy=moments[-1],
        series=series,
        parameters=parameters,
        seed=seed,
        snapshots=Snapshots(charge[-1:], lambda i: moments[-1]),
        provenance={},
        finished="capacity",
        report={},
        state_sha256="0" * 64,
        path=None,
    )


def synthetic_groups(scenarios=("bare", "inert", "piezo"), seeds=4, **lattice):
    return {name: [synthetic_run(name, seed, **lattice) for seed in range(seeds)] for name in scenarios}


def cycled_run(scenario, seed, cycles=3, finished="protocol", **lattice):
    """A Run of cycles of plating, rest and stripping, two rows a step; about a tenth stays dead."""
    data = parameters_for(scenario, **{"nz": 64} | lattice).to_dict()
    steps = ["plate 0.1 mAh/cm^2 at 1 mA/cm^2", "rest 10 min", "strip at 2 mA/cm^2 until 1 V"]
    parameters = Parameters.from_dict(data | {"protocol": {"steps": steps, "cycles": cycles}, "stop": None})
    size, rng = parameters.lattice, np.random.default_rng(seed)
    plated = round(0.1 * 4.85 / size.voxel_um * size.nx * size.ny)
    unit = parameters.voxel_charge_C / parameters.face_area_m2 / 3.6e4
    box, rows, snapshots = np.zeros((size.nx, size.ny, size.nz), bool), [], []
    state = {"time_s": 0.0, "plated": 0.0, "stripped": 0.0, "dead_voxels": 0.0}

    def row(cycle, step, sign):
        thick = float(m.thickness(box)) * size.voxel_um
        rows.append({**state, "cycle": cycle, "step": step, "thickness_um": thick, "thickness_live_um": thick / 2,
                     "areal_capacity_mAh_cm2": (state["plated"] - state["stripped"]) * unit, "roughness_Sq_um": rng.random(),
                     "porosity": rng.random(), "overpotential_V": sign * (0.05 + 0.01 * rng.random()),
                     "current_density_mA_cm2": (0.0, 1.0, -2.0)[int(sign)], "rest_plane_um": thick})  # fmt: skip

    row(1, 1, 1)
    for cycle in range(1, cycles + 1):
        base, lost = 4 * cycle, plated // 10 + int(rng.integers(0, 9))
        for step, (key, amount, sign, seconds) in enumerate(
            (("plated", plated, 1, 360.0), ("plated", 0, 0, 600.0), ("stripped", plated - lost, -1, 162.0)), 1
        ):
            box[:, :, : 4 * cycle - 2] = True
            box[:, :, base - 2] = False  # what lies above it is loose or live, as the step has it
            box[:, ::2, base - 2 : base + 8] = step < 3
            box[::3, ::3, base] = True
            for _ in range(2):
                state[key] += amount / 2
                state["time_s"] += seconds / 2
                state["dead_voxels"] += lost / 2 if step == 3 else 0
                row(cycle, step, sign)
            snapshots.append(box.copy())
    columns = {name: np.array([r[name] for r in rows], float) for name in rows[0]}
    if parameters.layer is None:
        del columns["rest_plane_um"]
    ends = columns["areal_capacity_mAh_cm2"][2::2]
    return Run(
        occupancy=box, series=columns, parameters=parameters, seed=seed, provenance={}, finished=finished, path=None,
        snapshots=Snapshots(ends, lambda i: snapshots[i]), report={}, state_sha256="0" * 64,
    )  # fmt: skip
