"""A run as the user holds it: what was grown, its history, and where it came from."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from kmc_li.storage.cycles import cycle_table
from kmc_li.study.parameters import Parameters


class Snapshot(NamedTuple):
    """The deposit at one moment: areal capacity (mAh/cm^2) and occupancy, bool (nx, ny, nz)."""

    areal_capacity_mAh_cm2: float
    occupancy: NDArray[np.bool_]


class Snapshots(Sequence[Snapshot]):
    """The snapshots of a run, oldest first; each is read from its file when asked for and not kept.

    areal_capacity_mAh_cm2: one entry a snapshot. load: index -> occupancy, bool (nx, ny, nz).
    """

    def __init__(
        self, areal_capacity_mAh_cm2: Sequence[float], load: Callable[[int], NDArray[np.bool_]]
    ) -> None:
        self.areal_capacity_mAh_cm2 = tuple(areal_capacity_mAh_cm2)
        self._load = load

    def __len__(self) -> int:
        return len(self.areal_capacity_mAh_cm2)

    @overload
    def __getitem__(self, index: int) -> Snapshot: ...
    @overload
    def __getitem__(self, index: slice) -> list[Snapshot]: ...
    def __getitem__(self, index: int | slice) -> Snapshot | list[Snapshot]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        position = range(len(self))[index]
        return Snapshot(self.areal_capacity_mAh_cm2[position], self._load(position))

    def __iter__(self) -> Iterator[Snapshot]:
        return (self[i] for i in range(len(self)))


@dataclass(frozen=True)
class Run:
    """One simulated deposit, complete or as far as it got.

    occupancy      bool (nx, ny, nz), True where Li; z = 0 lies on the current collector
    series         name -> float64 (rows,): time_s, areal_capacity_mAh_cm2, thickness_um, porosity ...
    parameters     what was simulated; seed: int >= 0
    snapshots      (areal capacity, occupancy) at some moments, read when asked for
    provenance     versions, commit, date, command
    finished       why it ended ("capacity", "time", "height", "events" ...); None: it has not
    report         facts of the engine at the end (field error samples, counts); empty until finished
    state_sha256   of all that determines the future, random generator included; None until finished
    path           the run folder; None for a run held in memory
    """

    occupancy: NDArray[np.bool_]
    series: Mapping[str, NDArray[np.float64]]
    parameters: Parameters
    seed: int
    snapshots: Snapshots = field(repr=False)
    provenance: Mapping[str, Any] = field(repr=False)
    finished: str | None
    report: Mapping[str, Any] = field(repr=False)
    state_sha256: str | None
    path: Path | None

    @property
    def cycles(self) -> Mapping[str, NDArray[np.float64]]:
        """name -> float64 (complete cycles,) of a run with a protocol (storage/cycles.py), else empty."""
        return cycle_table(self.series, self.parameters, self.finished)

    @property
    def label(self) -> str:
        """What to call it in a legend: the study's title, else the name of its folder."""
        return self.parameters.title or (self.path.name if self.path else f"seed {self.seed}")


def pack(occupancy: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """bool (nx, ny, nz) as bits, uint8 (ceil(nx ny nz / 8),): C order, first voxel in the highest bit."""
    return np.packbits(np.ascontiguousarray(occupancy, dtype=np.bool_).ravel())


def unpack(bits: NDArray[np.uint8], shape: tuple[int, int, int]) -> NDArray[np.bool_]:
    """The inverse of `pack`."""
    return np.unpackbits(bits, count=int(np.prod(shape))).view(np.bool_).reshape(shape)
