"""Kinetic Monte Carlo of lithium electrodeposition, bare or under a piezoelectric layer.

    import kmc_li
    parameters = kmc_li.Parameters.from_toml("runs/studies/tiny.toml")
    run = kmc_li.simulate(parameters, seed=1)
    print(kmc_li.morphology.roughness(kmc_li.morphology.height_map(run.occupancy)))

Names resolve on first use (PEP 562), so that `import kmc_li` loads neither numba nor matplotlib.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from kmc_li.driver import resume, simulate
    from kmc_li.errors import UserError
    from kmc_li.parameters import Parameters
    from kmc_li.run import Run
    from kmc_li.store import load_run

_HOME = {
    "Parameters": "kmc_li.parameters",
    "Run": "kmc_li.run",
    "UserError": "kmc_li.errors",
    "load_run": "kmc_li.store",
    "resume": "kmc_li.driver",
    "simulate": "kmc_li.driver",
}
_SUBMODULES = frozenset({"dimensionless", "field", "figures", "layer", "morphology", "presets", "units"})

__all__ = ["Parameters", "Run", "UserError", "__version__", "load_run", "resume", "simulate"]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(import_module(_HOME[name]), name)
    elif name in _SUBMODULES:
        value = import_module(f"kmc_li.{name}")
    else:
        raise AttributeError(f"module 'kmc_li' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(_HOME) | _SUBMODULES)
