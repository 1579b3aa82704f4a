"""The state of a run as arrays by name, for a checkpoint, and back."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

SKIPPED = (  # scratch, and what follows from the rest
    "search.", "method.hierarchy.u", "method.hierarchy.f", "method.regions.", "method.contacts.",
    "method.alias_", "method.inner_", "method.plain.", "method.heights", "method.fills.depth", "method.fills.work",
    "method.fills.area", "method.fills.curvature", "method.fills.moved", "method.fills.carrier",
    "method.fills.conductance", "method.hits",
    "method.field.dirty", "method.field.work", "method.field.patch", "method.field.lanes", "method.field.fresh",
    "method.reached", "method.pore", "method.former", "method.sums",
)  # fmt: skip
GROWING = ("method.sites.", "hoppers.")  # longer than at the start where lists have been enlarged


def flattened(value: Any, prefix: str = "") -> dict[str, NDArray[Any]]:
    """Arrays of nested named tuples by dotted name; constants are left out, they follow from the study."""
    found: dict[str, NDArray[Any]] = {}
    for name, item in value._asdict().items():
        if isinstance(item, tuple):
            found |= flattened(item, f"{prefix}{name}.")
        elif isinstance(item, np.ndarray) and name != "counters" and not f"{prefix}{name}".startswith(SKIPPED):
            found[prefix + name] = item
    return found


def unflattened(value: Any, arrays: dict[str, NDArray[Any]], prefix: str = "") -> Any:
    """The nested named tuples with those arrays in place of their own. Raises ValueError where they do not fit."""
    changed = {}
    for name, item in value._asdict().items():
        key = prefix + name
        if isinstance(item, tuple):
            changed[name] = unflattened(item, arrays, f"{key}.")
        elif key in arrays:
            given = np.ascontiguousarray(arrays[key])
            growing = key.startswith(GROWING)
            if given.dtype != item.dtype or given.ndim != item.ndim or (given.shape != item.shape and not growing):
                raise ValueError(f"{key}: {given.dtype} {given.shape} does not belong to these parameters")
            changed[name] = given.copy()
        elif isinstance(item, np.ndarray) and name != "counters" and not key.startswith(SKIPPED):
            raise ValueError(f"{key} is missing")
    return value._replace(**changed)
