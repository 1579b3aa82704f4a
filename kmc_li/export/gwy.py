"""Gwyddion's own format (.gwy): the height map in metres, for the AFM software of a laboratory.

The format: a tree of named components, each a type letter and its data, little-endian (Gwyddion user guide, chapter
"Gwyddion Native Format").
"""

import struct
from pathlib import Path

from kmc_li.export.origin import origin
from kmc_li.morphology import height_map
from kmc_li.storage.files import check_path, write_atomically
from kmc_li.storage.run import Run


def write_gwy(run: Run, path: str | Path) -> Path:
    """Write the height map of a run's deposit, top of the highest lithium of each column above the collector [m].

    One channel, "Height": x runs along the rows, as in an AFM scan. Its metadata name study, seed and version.
    Raises UserError for a name that does not end in .gwy or cannot be written. Returns the path.
    """
    target = check_path(path, (".gwy",), "a Gwyddion file")
    edge = run.parameters.voxel_m
    heights = height_map(run.occupancy) * edge
    nx, ny = heights.shape
    data = _object(
        "GwyDataField",
        _number("xres", nx), _number("yres", ny),
        _real("xreal", nx * edge), _real("yreal", ny * edge), _real("xoff", 0.0), _real("yoff", 0.0),
        _component("si_unit_xy", "o", _object("GwySIUnit", _text("unitstr", "m"))),
        _component("si_unit_z", "o", _object("GwySIUnit", _text("unitstr", "m"))),
        _component("data", "D", struct.pack("<I", heights.size) + heights.T.astype("<f8").tobytes()),
    )  # fmt: skip
    tree = _object(
        "GwyContainer",
        _component("/0/data", "o", data),
        _text("/0/data/title", "Height"),
        _component("/0/meta", "o", _object("GwyContainer", _text("Origin", origin(run)))),
    )
    write_atomically(target, b"GWYP" + tree)
    return target


def _component(name: str, kind: str, data: bytes) -> bytes:
    return name.encode() + b"\0" + kind.encode() + data


def _number(name: str, value: int) -> bytes:
    return _component(name, "i", struct.pack("<i", value))


def _real(name: str, value: float) -> bytes:
    return _component(name, "d", struct.pack("<d", value))


def _text(name: str, value: str) -> bytes:
    return _component(name, "s", value.encode() + b"\0")


def _object(name: str, *components: bytes) -> bytes:
    inside = b"".join(components)
    return name.encode() + b"\0" + struct.pack("<I", len(inside)) + inside


