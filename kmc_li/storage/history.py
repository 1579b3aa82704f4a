"""What a run has recorded since its last commit."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass
class History:
    """Recorded and not yet committed: rows of the series, snapshots as (areal capacity, bits)."""

    rows: list[Mapping[str, float]] = field(default_factory=list)
    snapshots: list[tuple[float, NDArray[np.uint8]]] = field(default_factory=list)

    def columns(self) -> dict[str, NDArray[np.float64]]:
        """The rows as one float64 (rows,) array a name. Raises ValueError if rows differ in their names."""
        names = list(self.rows[0]) if self.rows else []
        if any(list(row) != names for row in self.rows):
            raise ValueError("the rows of one run must have the same names")
        return {name: np.array([row[name] for row in self.rows], dtype=np.float64) for name in names}
