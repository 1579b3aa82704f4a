"""Channels of a Gwyddion file (.gwy).

The format is a tree of named components, each a type letter and its data, little-endian (Gwyddion user guide, chapter
"Gwyddion Native Format"). Only lengths that lie inside the file are followed: a damaged one ends in an error, not in a
loop.
"""

import struct
from pathlib import Path
from typing import Any

import numpy as np

from kmc_li.errors import UserError
from kmc_li.study.units import UnitError, convert

from . import files

NUMBERS = {"b": "?", "c": "b", "i": "<i", "q": "<q", "d": "<d"}
ARRAYS = {"C": "S1", "I": "<i4", "Q": "<i8", "D": "<f8"}
DEEPEST = 32


class _Damaged(ValueError):
    """The bytes are no Gwyddion file."""


def read(path: Path, channel: str | None) -> files.Scan:
    """The height channel of that title, or the only one. Raises UserError for a file or a channel that will not do."""
    data = files.content(path)
    try:
        if data[:4] != b"GWYP":
            raise _Damaged("it does not start with GWYP")
        tree, _ = _object(data, 4, len(data), 0)
    except (_Damaged, UnicodeDecodeError, struct.error) as error:
        raise UserError(f"{path}: must be a Gwyddion file: {error}") from error
    fields = {_title(tree, key): value for key, value in tree.items() if _is_data(key) and isinstance(value, dict)}
    heights = {title: field for title, field in fields.items() if _unit(field, "si_unit_z") and _is_length(field)}
    if channel is not None:
        if channel not in fields:
            raise UserError(f"{path}: has no channel '{channel}', must be one of: {_list(fields)}")
        if channel not in heights:
            unit = _unit(fields[channel], "si_unit_z")
            raise UserError(f"{path}: channel '{channel}' is in '{unit}', must be a height, in a unit of length")
        chosen = heights[channel]
    elif len(heights) == 1:
        (chosen,) = heights.values()
    elif heights:
        raise UserError(f"{path}: has {len(heights)} height channels, choose one by channel=: {_list(heights)}")
    else:
        raise UserError(f"{path}: has no channel in a unit of length, only: {_list(fields) or 'none'}")
    return _scan(path, chosen)


def _scan(path: Path, field: dict[str, Any]) -> files.Scan:
    try:
        shape = int(field["yres"]), int(field["xres"])
        edges = [field["xreal"] / shape[1], field["yreal"] / shape[0]]
        rows = np.asarray(field["data"], dtype=np.float64)
        if rows.size != shape[0] * shape[1]:
            raise ValueError(f"{rows.size} heights for {shape[1]} x {shape[0]} pixels")
        edges = [convert(edge, _unit(field, "si_unit_xy") or "m", "um") for edge in edges]
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise UserError(f"{path}: its channel is not whole: {error}") from error
    if abs(edges[0] - edges[1]) > 1e-3 * edges[0]:
        raise UserError(f"{path}: pixels of {edges[0]:g} x {edges[1]:g} um must be square: resample it first")
    return files.Scan(rows.reshape(shape), edges[0], _unit(field, "si_unit_z"))


def _is_data(key: str) -> bool:
    parts = key.split("/")
    return len(parts) == 3 and parts[0] == "" and parts[1].isdigit() and parts[2] == "data"


def _title(tree: dict[str, Any], key: str) -> str:
    """The title of a channel, made unique by its number where none is given."""
    title = tree.get(f"{key}/title")
    return title if isinstance(title, str) else f"channel {key.split('/')[1]}"


def _unit(field: dict[str, Any], name: str) -> str:
    unit = field.get(name)
    text = unit.get("unitstr") if isinstance(unit, dict) else None
    return text if isinstance(text, str) else ""


def _is_length(field: dict[str, Any]) -> bool:
    try:
        convert(1.0, _unit(field, "si_unit_z"), "um")
    except UnitError:
        return False
    return True


def _list(fields: dict[str, Any]) -> str:
    return ", ".join(f"'{title}'" for title in fields)


def _object(data: bytes, at: int, end: int, depth: int) -> tuple[dict[str, Any], int]:
    """The components of the object that starts at this byte, and where it ends."""
    if depth > DEEPEST:
        raise _Damaged("it is nested too deeply")
    _, at = _string(data, at, end)
    (size,) = struct.unpack("<I", _bytes(data, at, 4, end))
    at, end = at + 4, _within(at + 4 + size, end)
    components = {}
    while at < end:
        name, at = _string(data, at, end)
        components[name], at = _component(data, at, end, depth)
    return components, end


def _component(data: bytes, at: int, end: int, depth: int) -> tuple[Any, int]:
    """The value of the component whose type letter is this byte, and where it ends."""
    kind, at = chr(_bytes(data, at, 1, end)[0]), at + 1
    if kind in NUMBERS:
        size = struct.calcsize(NUMBERS[kind])
        return struct.unpack(NUMBERS[kind], _bytes(data, at, size, end))[0], at + size
    if kind == "s":
        return _string(data, at, end)
    if kind == "o":
        return _object(data, at, end, depth + 1)
    if kind not in "CIQDSO":
        raise _Damaged(f"a component of the unknown kind {kind!r}")
    (count,) = struct.unpack("<I", _bytes(data, at, 4, end))
    at += 4
    if kind in ARRAYS:
        dtype = np.dtype(ARRAYS[kind])
        past = _within(at + count * dtype.itemsize, end)
        return np.frombuffer(data, dtype, count, at) if count else np.zeros(0, dtype), past
    items = []
    for _ in range(count):
        item, at = _string(data, at, end) if kind == "S" else _object(data, at, end, depth + 1)
        items.append(item)
    return items, at


def _string(data: bytes, at: int, end: int) -> tuple[str, int]:
    """The text up to the next zero byte, and what follows it."""
    zero = data.find(b"\0", at, end)
    if zero < 0:
        raise _Damaged("it ends in the middle of a text")
    return data[at:zero].decode(), zero + 1


def _bytes(data: bytes, at: int, size: int, end: int) -> bytes:
    return data[at : _within(at + size, end)]


def _within(at: int, end: int) -> int:
    if at > end:
        raise _Damaged("it ends too early")
    return at
