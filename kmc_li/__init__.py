"""Kinetic Monte Carlo of lithium electrodeposition, bare or under a piezoelectric layer.

    import kmc_li
    parameters = kmc_li.Parameters.from_toml("runs/studies/tiny.toml")
    run = kmc_li.simulate(parameters, seed=1)
    print(kmc_li.morphology.roughness(kmc_li.morphology.height_map(run.occupancy)))

Names resolve on first use (PEP 562), so that `import kmc_li` loads neither numba nor matplotlib.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.2.0"

if TYPE_CHECKING:
    from kmc_li.errors import UserError
    from kmc_li.running.driver import resume, simulate
    from kmc_li.storage.run import Run
    from kmc_li.storage.store import load_run
    from kmc_li.study.parameters import Parameters

_HOME = {
    "Parameters": "kmc_li.study.parameters",
    "Run": "kmc_li.storage.run",
    "UserError": "kmc_li.errors",
    "load_run": "kmc_li.storage.store",
    "resume": "kmc_li.running.driver",
    "simulate": "kmc_li.running.driver",
}
_MODULES = {
    "dimensionless": "kmc_li.study.dimensionless",
    "export": "kmc_li.export",
    "field": "kmc_li.field",
    "figures": "kmc_li.figures",
    "layer": "kmc_li.layer",
    "morphology": "kmc_li.morphology",
    "presets": "kmc_li.study.presets",
    "surfaces": "kmc_li.surfaces",
    "units": "kmc_li.study.units",
}

__all__ = ["Parameters", "Run", "UserError", "__version__", "load_run", "resume", "simulate"]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(import_module(_HOME[name]), name)
    elif name in _MODULES:
        value = import_module(_MODULES[name])
    else:
        raise AttributeError(f"module 'kmc_li' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(_HOME) | set(_MODULES))
