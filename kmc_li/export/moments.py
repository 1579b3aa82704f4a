"""The deposit at the moments a run has kept, each voxel with its age."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kmc_li.morphology import attached_to_collector
from kmc_li.storage.run import Run


class Moment(NamedTuple):
    """The deposit at one moment of a run; arrays are (nx, ny, nz)."""

    areal_capacity_mAh_cm2: float
    occupancy: NDArray[np.bool_]
    age_mAh_cm2: NDArray[np.float32]  # capacity passed since the first snapshot in which the voxel is Li; NaN elsewhere

    @property
    def dead(self) -> NDArray[np.bool_]:
        """Li without a path to the collector."""
        return np.asarray(self.occupancy & ~attached_to_collector(self.occupancy))


def moments(run: Run) -> Iterator[Moment]:
    """Every snapshot, oldest first, and the deposit at the end where no snapshot is of it.

    A run stores no times of single voxels: one is as old as the first snapshot that shows it, and what no snapshot
    before the moment shows has the age 0.
    """
    first = np.full(run.occupancy.shape, np.nan)
    last = None
    for capacity, occupancy in run.snapshots:
        last = occupancy
        yield _moment(capacity, occupancy, first)
    if last is None or not np.array_equal(last, run.occupancy):
        yield _moment(float(run.series["areal_capacity_mAh_cm2"][-1]), run.occupancy, first)


def final(run: Run) -> Moment:
    """The deposit as the run holds it, at its end or as far as it got."""
    *_, last = moments(run)
    return last


def how_many(run: Run) -> int:
    """Number of moments that `moments` yields."""
    shown = len(run.snapshots) > 0 and np.array_equal(run.snapshots[-1].occupancy, run.occupancy)
    return len(run.snapshots) + (not shown)


def _moment(capacity: float, occupancy: NDArray[np.bool_], first: NDArray[np.float64]) -> Moment:
    """The moment; notes in `first` the capacity at which a voxel was seen first."""
    first[occupancy & np.isnan(first)] = capacity
    age = np.where(occupancy, capacity - first, np.nan).astype(np.float32)
    return Moment(float(capacity), occupancy, age)
