"""Sinusoidal starts and real heights (with what cells hold of a voxel), for tests of partly full voxels."""

import numpy as np

from kmc_li.engine import build
from kmc_li.engine.simulation import Simulation
from kmc_li.study.parameters import Parameters

WAGNER_UM = 0.83


def partial(nx, ny, nz, voxel_um, quanta, **changes):
    """A bare study in which voxels fill in parts; `changes` by section, as dicts."""
    study = {
        "lattice": {"nx": nx, "ny": ny, "nz": nz, "voxel_um": voxel_um},
        "electrolyte": {
            "conductivity_S_m": WAGNER_UM * 1e-6 / 20e-4,
            "charge_transfer_resistance_ohm_cm2": 20.0,
        },
        "plating": {"current_density_mA_cm2": 1.0},
        "surface": {"noise_volume_um3": voxel_um**3 / quanta, "capillarity": False},
        "stop": {"capacity_mAh_cm2": 0.1},
        "output": {"series_points": 1, "snapshots": 1},
    }
    for section, keys in changes.items():
        study[section] = {**study.get(section, {}), **keys}
    return Parameters.from_dict(study)


def started(parameters, heights, monkeypatch, seed=1):
    """A simulation that starts from these heights (float (nx, ny), voxels)."""
    monkeypatch.setattr(build, "substrate_heights", lambda p, s: heights)
    return Simulation(parameters, seed)


def finish(simulation):
    while simulation.finished is None:
        simulation.advance(10**9)
    return simulation


def real_heights(simulation):
    """Metal in each column, in voxels: float (nx, ny)."""
    box, fills = simulation._box, simulation._state.method.fills
    return fills.volume.reshape(box)[:, :, 1:].sum(axis=2, dtype=np.float64) / fills.full


def wave(length, along, width=8):
    """(phase (nx, ny), wave number) of a wave of about so many voxels, along x or the diagonal."""
    if along == "x":
        phase = np.repeat(2 * np.pi * np.arange(length)[:, None] / length, width, axis=1)
        return phase, 2 * np.pi / length
    n = round(length * np.sqrt(2))
    x, y = np.indices((n, n))
    return 2 * np.pi * (x + y) / n, 2 * np.pi * np.sqrt(2) / n


def amplitude(heights, phase):
    """Of sin(phase) in a map of heights."""
    return 2 * float(np.mean(heights * np.sin(phase)))
