"""Fingerprints of trajectories: sha256 over the deposit, the time and the random generator at each row of a run.

    python tests/regression/pins.py            # prints what differs from pins.json
    python tests/regression/pins.py --write    # after a change that is meant to change trajectories; say so in CHANGELOG
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np

FILE = Path(__file__).with_name("pins.json")
if __name__ == "__main__":
    sys.path[:0] = [str(FILE.parents[1]), str(FILE.parent), str(FILE.parents[2])]

from regression.test_bits import VARIANTS  # noqa: E402
from small import LAYER, SHEDDING, WALKERS, study  # noqa: E402

import kmc_li  # noqa: E402

STRIPPING = LAYER | {"layer.unscreened_share": 0.5}
MORE = {
    "stripping": STRIPPING,
    "no stripping": STRIPPING | {"plating.strip": False},
    "hops that shed atoms, and stripping": SHEDDING | STRIPPING,
    "walkers and hops that shed atoms": WALKERS | SHEDDING,
    "walkers on one column": WALKERS | {"lattice.nx": 1, "lattice.ny": 1},
}
STUDIES = {  # mAh/cm^2
    "bare": 0.3, "inert": 0.15, "piezo": 0.15, "anti_poled": 0.15, "literature": 0.05,
    "seeded_bare": 0.05, "seeded_inert": 0.05, "seeded_piezo": 0.05,
}  # fmt: skip
CYCLES = ["plate 0.1 mAh/cm^2 at 1 mA/cm^2", "rest 10 min", "strip at 1 mA/cm^2 until 1 V"]


def pinned():
    """name -> (parameters, seed) of every pinned run."""
    found = {name: (study(**changes), 11) for name, changes in (VARIANTS | MORE).items()}
    for name, capacity in STUDIES.items():
        parameters = kmc_li.Parameters.from_toml(kmc_li.presets.study_path(name))
        changes = {"stop.capacity_mAh_cm2": capacity, "field.samples": 0, "output.series_points": 6}
        found[f"study {name}"] = parameters.replace(**changes), 1
    for name in ("cycling_bare", "cycling_piezo"):
        parameters = kmc_li.Parameters.from_toml(kmc_li.presets.study_path(name))
        changes = {"lattice.nx": 24, "lattice.ny": 24, "field.samples": 0, "output.series_points": 12}
        changes["protocol"] = {"steps": CYCLES, "cycles": 2}
        found[f"study {name}"] = parameters.replace(**changes), 1
    return found


def pin(parameters, seed):
    from kmc_li.engine.cycling import Cycling
    from kmc_li.engine.simulation import Simulation

    simulation, digest = (Cycling if parameters.protocol else Simulation)(parameters, seed), hashlib.sha256()
    while simulation.finished is None:
        simulation.advance(10**9)
        digest.update(np.packbits(simulation.occupancy).tobytes())
        state = simulation.state()[1]["rng"]["state"]
        digest.update(repr((simulation.events, float(simulation.time_s), state["state"])).encode())
    return digest.hexdigest()[:24]


if __name__ == "__main__":
    now = {name: pin(*what) for name, what in pinned().items()}
    before = json.loads(FILE.read_text()) if FILE.exists() else {}
    print("differ:", [name for name in now if now[name] != before.get(name)] or "none", "of", len(now))
    if "--write" in sys.argv:
        FILE.write_text(json.dumps(now, indent=1, sort_keys=True) + "\n")
