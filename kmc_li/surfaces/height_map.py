"""Height maps of an atomic force microscope or profilometer, from the files that users have."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kmc_li.errors import UserError
from kmc_li.study.units import UnitError, convert

from . import files, gwyddion, text, tiff

GWYDDION, TIFF, NUMPY = (".gwy",), (".tif", ".tiff"), (".npy",)
TEXT = (".csv", ".txt", ".tsv", ".dat", ".asc")


@dataclass(frozen=True)
class HeightMap:
    """Heights on a square grid.

    z_um: float64 (nx, ny); x runs along the scan lines, y counts them. pixel_um: distance of neighboring columns.
    source: the file, and what was done to it.
    """

    z_um: NDArray[np.float64]
    pixel_um: float
    source: str


def read_height_map(
    path: str | Path, pixel_um: float | None = None, *, height_unit: str | None = None, channel: str | None = None
) -> HeightMap:
    """A height map from .gwy (Gwyddion), .tif (needs tifffile), .npy, or text (.csv, .txt, .tsv, .dat, .asc).

    Rows of a file are scan lines. pixel_um: needed unless the file knows it (.gwy, text exported by Gwyddion, TIFF of
    ImageJ), and stronger than what it says. height_unit: of the numbers in a file that does not say it, such as "nm"
    (um by default); stronger than what it says. channel: title of a .gwy channel where there are several.
    Nothing is levelled: see `level`.
    Raises UserError, one line, for a file that is missing, damaged or of another kind, missing heights, and missing or
    wrong numbers.
    """
    found = files.existing(path)
    if pixel_um is not None:
        pixel_um = files.positive(pixel_um, "pixel_um")
    if channel is not None and found.suffix.lower() not in GWYDDION:
        raise UserError(f"{path}: only a .gwy file has channels, got channel '{channel}'")
    scan = _scan(found, channel)
    pixel = pixel_um if pixel_um is not None else scan.pixel_um
    if pixel is None:
        raise UserError(f"{path}: does not say how large its pixels are: give pixel_um")
    if not 0 < pixel < float("inf"):
        raise UserError(f"{path}: says pixels of {pixel:g} um, must be more than 0: give pixel_um")
    if min(scan.rows.shape) < 2:
        raise UserError(f"{path}: {scan.rows.shape[1]} x {scan.rows.shape[0]} heights, must be at least 2 x 2")
    missing = int(np.count_nonzero(~np.isfinite(scan.rows)))
    if missing:
        raise UserError(f"{path}: {missing} of {scan.rows.size} heights are missing (not finite): fill them in first")
    unit = height_unit or scan.unit or "um"
    try:
        factor = convert(1.0, unit, "um")
    except UnitError as error:
        raise UserError(f"{path}: heights in '{unit}', must be a unit of length: {error}") from None
    return HeightMap(np.ascontiguousarray(scan.rows.T) * factor, float(pixel), str(path))


def _scan(path: Path, channel: str | None) -> files.Scan:
    suffix = path.suffix.lower()
    if suffix in GWYDDION:
        return gwyddion.read(path, channel)
    if suffix in TIFF:
        return tiff.read_image(path)
    if suffix in NUMPY:
        rows = files.array(path)
        if rows.ndim != 2 or rows.dtype.kind not in "buif":
            raise UserError(f"{path}: an array of {rows.dtype} and shape {rows.shape}, must be numbers in 2 dimensions")
        return files.Scan(rows.astype(np.float64), None, None)
    if suffix in TEXT:
        return text.read_text(path)
    known = ", ".join((*GWYDDION, *TIFF, *NUMPY, *TEXT))
    raise UserError(f"{path}: a file of unknown kind '{path.suffix}', must be one of: {known}")
