"""Run folders: written so that a kill leaves committed data whole, read so that damage never passes.

    run.json            manifest: format, parameters, seed, provenance; size and sha256 of every file
    segments/NNNNNN.h5  rows of the series and snapshots since the previous segment, the deposit at its end
    checkpoint-N.h5     everything that determines the future, after N segments; the last two are kept
    .lock               held by the process that writes the run

Each file is written to a temporary name, synced and renamed. The renaming of run.json is what commits:
files it does not list do not exist. It carries the sha256 of its own bytes. A segment and its checkpoint
are committed together, so a resumed run recomputes exactly the rows it lost.
"""

import contextlib
import hashlib
import json
import math
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from kmc_li.errors import UserError
from kmc_li.storage import hdf5
from kmc_li.storage.files import StoreWarning, take_lock, write_atomically, writing
from kmc_li.storage.hdf5 import DamagedFile
from kmc_li.storage.history import History
from kmc_li.storage.manifest import (
    MANIFEST,
    CheckpointEntry,
    FileEntry,
    Manifest,
    SegmentEntry,
    parameters_of,
    read_manifest,
    require_folder,
    sealed,
)
from kmc_li.storage.provenance import provenance
from kmc_li.storage.run import Run, Snapshots, pack, unpack
from kmc_li.study.parameters import Parameters

_CHECKPOINTS_KEPT = 2

Arrays = dict[str, NDArray[Any]]
Scalars = dict[str, Any]


def state_sha256(arrays: Arrays, scalars: Scalars) -> str:
    """sha256 over a simulation state: arrays by name with type and shape, then scalars as canonical JSON."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {np.shape(arrays[name])}\n".encode())
        digest.update(array.tobytes())
    digest.update(json.dumps(scalars, sort_keys=True, separators=(",", ":")).encode())
    return digest.hexdigest()


class RunFolder:
    """A run folder opened for writing; it holds the folder's lock until closed. Use as a context manager."""

    def __init__(self, path: Path, lock: int, manifest: Manifest, parameters: Parameters) -> None:
        self.path, self.manifest, self.parameters = path, manifest, parameters
        self._lock = lock

    @classmethod
    def create(cls, path: Path, parameters: Parameters, seed: int) -> Self:
        """Start a run in a new or empty folder. Raises UserError for any other, before writing to it."""
        require_unused(path)
        with writing(path):
            path.mkdir(parents=True, exist_ok=True)
        lock = take_lock(path)
        try:
            require_unused(path)
            with writing(path):
                (path / "segments").mkdir(exist_ok=True)
            manifest = Manifest(parameters=parameters.to_dict(), seed=seed, provenance=provenance())
            write_atomically(path / MANIFEST, sealed(manifest))
        except BaseException:
            os.close(lock)
            raise
        return cls(path, lock, manifest, parameters)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a run to go on with it. Raises UserError if there is none or another process writes it."""
        read_manifest(path)
        lock = take_lock(path)
        try:
            manifest = read_manifest(path)
            return cls(path, lock, manifest, parameters_of(path, manifest))
        except BaseException:
            os.close(lock)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._lock)

    @property
    def snapshots_taken(self) -> int:
        return sum(len(segment.snapshots) for segment in self.manifest.segments)

    def restart(self) -> tuple[Arrays, Scalars] | None:
        """The newest state that is whole with all that was recorded before it; None before the first commit.

        What was committed after that state is dropped with a StoreWarning (it will be recomputed). Raises
        DamagedFile if no state is left.
        """
        damage: list[str] = []
        sound_segments = self._sound_segments(damage)
        for position in range(len(self.manifest.checkpoints) - 1, -1, -1):
            entry = self.manifest.checkpoints[position]
            if entry.segments > sound_segments:
                continue
            try:
                state = self._read_checkpoint(entry)
            except DamagedFile as error:
                damage.append(str(error))
                continue
            if damage:
                warnings.warn(f"{'; '.join(damage)}: going on from {entry.name}", StoreWarning, stacklevel=3)
            self._drop_after(position)
            return state
        if self.manifest.checkpoints:
            raise DamagedFile(f"{'; '.join(damage)}; no sound checkpoint is left, start again")
        return None

    def _sound_segments(self, damage: list[str]) -> int:
        for number, entry in enumerate(self.manifest.segments):
            try:
                _read_bytes(self.path, entry)
            except DamagedFile as error:
                damage.append(str(error))
                return number
        return len(self.manifest.segments)

    def _drop_after(self, position: int) -> None:
        kept = self.manifest.checkpoints[: position + 1]
        segments = self.manifest.segments[: kept[-1].segments]
        if len(kept) < len(self.manifest.checkpoints) or len(segments) < len(self.manifest.segments):
            self._commit_manifest(
                checkpoints=kept, segments=segments, finished=None, report={}, state_sha256=None
            )

    def _read_checkpoint(self, entry: CheckpointEntry) -> tuple[Arrays, Scalars]:
        path = self.path / entry.name
        voxels = math.prod(_shape(self.parameters))

        def admit(name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> bool:
            # No state holds more than some numbers a voxel.
            return name == "scalars" or name.startswith("state/") and math.prod(shape) <= 64 * voxels + 2**20

        arrays = hdf5.parse(_read_bytes(self.path, entry), path, admit)
        try:
            scalars = json.loads(arrays.pop("scalars").tobytes())
        except (KeyError, ValueError, RecursionError) as error:
            raise DamagedFile(f"{path} is damaged: no scalars in it") from error
        arrays = {name.removeprefix("state/"): array for name, array in arrays.items()}
        if not isinstance(scalars, dict) or state_sha256(arrays, scalars) != entry.state_sha256:
            raise DamagedFile(f"{path} is damaged: it is not the state that was saved")
        return arrays, scalars

    def commit(
        self,
        history: History,
        occupancy: NDArray[np.bool_],
        state: tuple[Arrays, Scalars],
        events: int,
        finished: str | None = None,
        report: Mapping[str, Any] | None = None,
    ) -> None:
        """Write what was recorded since the last commit, the deposit and the state; all of it or nothing.

        occupancy: bool (nx, ny, nz). `history` is emptied when committed. finished and report are given
        with the last commit. Raises UserError if the disk refuses; what was committed before stays.
        """
        manifest, (arrays, scalars) = self.manifest, state
        columns = history.columns()
        if manifest.columns and columns and list(columns) != manifest.columns:
            raise ValueError(f"the rows of this run hold {manifest.columns}, got {list(columns)}")
        number, digest = len(manifest.segments), state_sha256(arrays, scalars)
        contents: Arrays = {f"series/{name}": column for name, column in columns.items()}
        contents["occupancy"] = pack(occupancy)
        if history.snapshots:
            contents["snapshots"] = np.stack([bits for _, bits in history.snapshots])
        bits_note = f"bool {_shape(self.parameters)} as bits, C order, first voxel in the highest bit"
        segment = SegmentEntry(
            **self._write(
                f"segments/{number:06d}.h5", hdf5.dump(contents, {"occupancy, snapshots": bits_note})
            ),
            rows=len(history.rows),
            snapshots=[float(capacity) for capacity, _ in history.snapshots],
        )
        saved: Arrays = {f"state/{name}": array for name, array in arrays.items()}
        saved["scalars"] = np.frombuffer(json.dumps(scalars).encode(), dtype=np.uint8)
        checkpoint = CheckpointEntry(
            **self._write(f"checkpoint-{number + 1:06d}.h5", hdf5.dump(saved, {"scalars": "UTF-8 JSON"})),
            segments=number + 1,
            events=events,
            state_sha256=digest,
        )
        kept = 0 if finished else _CHECKPOINTS_KEPT - 1
        self._commit_manifest(
            columns=manifest.columns or list(columns),
            segments=[*manifest.segments, segment],
            checkpoints=[*(manifest.checkpoints[-kept:] if kept else []), checkpoint],
            finished=finished,
            report=dict(report or {}),
            state_sha256=digest if finished else None,
        )
        history.rows.clear()
        history.snapshots.clear()

    def note_resumed(self) -> None:
        """Add this process to the provenance; it is written with the next commit."""
        past = self.manifest.provenance
        again = [*past.get("resumed", []), provenance()]
        self.manifest = self.manifest.model_copy(update={"provenance": {**past, "resumed": again}})

    def _write(self, name: str, data: bytes) -> dict[str, Any]:
        write_atomically(self.path / name, data)
        return {"name": name, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}

    def _commit_manifest(self, **changes: Any) -> None:
        manifest = self.manifest.model_copy(update=changes)
        write_atomically(self.path / MANIFEST, sealed(manifest))
        self.manifest = manifest
        listed = {entry.name for entry in [*manifest.segments, *manifest.checkpoints]}
        leftovers = [*self.path.glob("checkpoint-*.h5"), *self.path.glob("segments/*.h5")]
        stale = [file for file in leftovers if file.relative_to(self.path).as_posix() not in listed]
        for file in [*stale, *self.path.glob(".*.tmp"), *self.path.glob("segments/.*.tmp")]:
            with contextlib.suppress(OSError):
                file.unlink()


def load_run(path: str | Path) -> Run:
    """Read a run folder, finished or not, also while it is being written (then: as of its last commit).

    Every file that is read is compared with its sha256 first. Snapshots are read when asked for. Raises
    UserError for a folder that is no run, one of another version, one that has committed nothing yet, and
    for damage.
    """
    path = Path(path)
    manifest = read_manifest(path)
    parameters = parameters_of(path, manifest)
    if not manifest.segments:
        raise UserError(f"{path} has no data yet: its run has not come to the first checkpoint")
    shape = _shape(parameters)
    parts = [_read_segment(path, manifest, number, shape) for number in range(len(manifest.segments))]
    places = [(n, i) for n, segment in enumerate(manifest.segments) for i in range(len(segment.snapshots))]

    def load_snapshot(index: int) -> NDArray[np.bool_]:
        number, row = places[index]
        return unpack(_read_segment(path, manifest, number, shape)["snapshots"][row], shape)

    series = {
        name: np.concatenate([part.get(f"series/{name}", np.empty(0)) for part in parts])
        for name in manifest.columns
    }
    return Run(
        occupancy=unpack(parts[-1]["occupancy"], shape),
        series=series,
        parameters=parameters,
        seed=manifest.seed,
        snapshots=Snapshots([c for segment in manifest.segments for c in segment.snapshots], load_snapshot),
        provenance=manifest.provenance,
        finished=manifest.finished,
        report=manifest.report,
        state_sha256=manifest.state_sha256,
        path=path,
    )


def find_runs(path: str | Path) -> list[Path]:
    """The run folders at or below `path`, sorted by name. Raises UserError if there are none."""
    path = Path(path)
    require_folder(path)
    found = sorted(manifest.parent for manifest in path.rglob(MANIFEST))
    if not found:
        raise UserError(f"{path} holds no run (no {MANIFEST} in it or below it)")
    return found


def require_unused(path: Path) -> None:
    """Raise UserError unless a new run can start in `path`: it does not exist, or is an empty folder."""
    if not path.exists():
        return
    if not path.is_dir():
        raise UserError(f"{path} is a file; a run needs a new folder")
    with writing(path):
        names = [entry.name for entry in path.iterdir()]
    if MANIFEST in names:
        raise UserError(f"{path} already holds a run: go on by `kmc-li resume {path}`, or name a new folder")
    # What a process killed before its first commit leaves behind is no obstacle.
    if any(not (name in (".lock", "segments") or name.endswith(".tmp")) for name in names):
        raise UserError(f"{path} is not empty: name a new folder")


def _shape(parameters: Parameters) -> tuple[int, int, int]:
    return parameters.lattice.nx, parameters.lattice.ny, parameters.lattice.nz


def _read_segment(path: Path, manifest: Manifest, number: int, shape: tuple[int, int, int]) -> Arrays:
    entry, byte = manifest.segments[number], np.dtype(np.uint8)
    bits = -(-math.prod(shape) // 8)
    expected: dict[str, tuple[tuple[int, ...], np.dtype[Any]]] = {"occupancy": ((bits,), byte)}
    if entry.rows:
        expected |= {f"series/{name}": ((entry.rows,), np.dtype(np.float64)) for name in manifest.columns}
    if entry.snapshots:
        expected["snapshots"] = ((len(entry.snapshots), bits), byte)

    def admit(name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> bool:
        return name in expected and (shape, dtype) == expected[name]

    file = path / entry.name
    arrays = hdf5.parse(_read_bytes(path, entry), file, admit)
    if arrays.keys() != expected.keys():
        raise DamagedFile(f"{file} is damaged: {', '.join(sorted(expected.keys() - arrays.keys()))} missing")
    return arrays


def _read_bytes(folder: Path, entry: FileEntry) -> bytes:
    file = folder / entry.name
    try:
        if file.stat().st_size != entry.bytes:
            raise DamagedFile(f"{file} is damaged: it has {file.stat().st_size} bytes, not {entry.bytes}")
        data = file.read_bytes()
    except OSError as error:
        raise DamagedFile(f"{file} cannot be read: {error.strerror}") from error
    if hashlib.sha256(data).hexdigest() != entry.sha256:
        raise DamagedFile(f"{file} is damaged: its sha256 differs from the one in {MANIFEST}")
    return data
