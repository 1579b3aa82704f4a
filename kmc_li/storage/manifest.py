"""run.json: what a run folder holds, sealed by the sha256 of its own bytes."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, ValidationError

from kmc_li import __version__
from kmc_li.errors import UserError
from kmc_li.storage.hdf5 import DamagedFile
from kmc_li.study.parameters import Parameters

FORMAT: Literal["kmc_li run"] = "kmc_li run"
FORMAT_VERSION: Literal[2] = 2  # written; docs/run_folders.md says what each version holds
READABLE = (1, 2)
MANIFEST = "run.json"
_LIMIT = 64 * 2**20
_SEAL = re.compile(rb'"manifest_sha256": "([0-9a-f]{64})"\n\}\n\Z')


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class FileEntry(_Strict):
    """A committed file; its name is relative to the run folder and can point nowhere else."""

    name: str = Field(pattern=r"^(segments/\d{6,9}|checkpoint-\d{6,9})\.h5$")
    sha256: str
    bytes: NonNegativeInt


class SegmentEntry(FileEntry):
    rows: NonNegativeInt
    snapshots: list[float]


class CheckpointEntry(FileEntry):
    segments: NonNegativeInt
    events: NonNegativeInt
    state_sha256: str


class Manifest(_Strict):
    """What run.json says, without its seal."""

    format: Literal["kmc_li run"] = FORMAT
    format_version: Literal[1, 2] = FORMAT_VERSION
    parameters: dict[str, Any]
    seed: NonNegativeInt
    provenance: dict[str, Any]
    columns: list[str] = []
    segments: list[SegmentEntry] = []
    checkpoints: list[CheckpointEntry] = []
    finished: str | None = None
    report: dict[str, Any] = {}
    state_sha256: str | None = None


def read_manifest(path: Path) -> Manifest:
    """What run.json of a run folder says. Raises UserError: no folder, no run, another version, damaged."""
    require_folder(path)
    file = path / MANIFEST
    try:
        if file.stat().st_size > _LIMIT:
            raise DamagedFile(f"{file} is damaged: it is too large to be a manifest")
        data = file.read_bytes()
    except FileNotFoundError:
        raise UserError(f"{path} holds no run (no {MANIFEST} in it)") from None
    except OSError as error:
        raise UserError(f"cannot read {file}: {error.strerror}") from error
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise DamagedFile(f"{file} is damaged: it is not JSON") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise UserError(f"{path} holds no run of kmc_li ({MANIFEST} is something else)")
    if content.get("format_version") not in READABLE:
        origin = content.get("provenance")
        writer = origin.get("kmc_li", "?") if isinstance(origin, dict) else "?"
        raise UserError(
            f"{path} has run format {content.get('format_version')!r} (written by kmc_li {writer}); "
            f"this is kmc_li {__version__}, which reads formats {READABLE[0]} to {READABLE[-1]}"
        )
    seal = _SEAL.search(data)
    if not seal or _digest_of(data, seal.start(1)) != seal[1].decode():
        raise DamagedFile(f"{file} is damaged or was edited: its sha256 differs")
    content.pop("manifest_sha256")
    if content["format_version"] == 1:
        _read_as_version_2(content)
    try:
        return Manifest.model_validate(content)
    except ValidationError as error:
        raise DamagedFile(
            f"{file} is damaged: {error.error_count()} entries are not what a run has"
        ) from error


def _read_as_version_2(content: dict[str, Any]) -> None:
    """A layer of version 1 names its coupling, of which there was one."""
    layer = content.get("parameters", {}).get("layer")
    if isinstance(layer, dict):
        layer.pop("coupling", None)


def parameters_of(path: Path, manifest: Manifest) -> Parameters:
    """The validated parameters of a manifest. Raises UserError naming the folder."""
    try:
        return Parameters.from_dict(manifest.parameters)
    except UserError as error:
        raise UserError(*(f"{path / MANIFEST}: {line}" for line in error.lines)) from error


def sealed(manifest: Manifest) -> bytes:
    """The bytes of run.json."""
    content = {**manifest.model_dump(), "manifest_sha256": "0" * 64}
    data = (json.dumps(content, indent=1) + "\n").encode()
    seal = _SEAL.search(data)
    assert seal is not None
    return data[: seal.start(1)] + _digest_of(data, seal.start(1)).encode() + data[seal.end(1) :]


def _digest_of(data: bytes, seal: int) -> str:
    """sha256 of the manifest's bytes with the seal itself (64 characters at `seal`) counted as zeros."""
    return hashlib.sha256(data[:seal] + b"0" * 64 + data[seal + 64 :]).hexdigest()


def require_folder(path: Path) -> None:
    """Raise UserError unless `path` is an existing folder."""
    if not path.exists():
        raise UserError(f"{path}: no such folder")
    if not path.is_dir():
        raise UserError(f"{path} is a file, not the folder of a run")
