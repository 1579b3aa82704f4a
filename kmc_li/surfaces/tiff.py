"""TIFF images and stacks, by the optional package tifffile."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmc_li.errors import UserError
from kmc_li.study.units import UnitError, convert

from . import files

INFLATION = 2000  # times its file an image may be: deflate reaches 1032


def read_image(path: Path) -> files.Scan:
    """The single-channel image in a file, its pixel if ImageJ wrote one. Raises UserError for another content."""
    rows, pixel = _load(path)
    if rows.ndim != 2:
        raise UserError(f"{path}: an image of shape {rows.shape}, must be one height a pixel (no colors, no stack)")
    return files.Scan(rows.astype(np.float64), pixel, None)


def read_stack(path: Path) -> NDArray[Any]:
    """A stack of single-channel images, (images, rows, columns). Raises UserError for another content."""
    stack, _ = _load(path)
    if stack.ndim != 3:
        raise UserError(f"{path}: an array of shape {stack.shape}, must be a stack of single-channel images")
    return stack


def _load(path: Path) -> tuple[NDArray[Any], float | None]:
    try:
        tifffile = import_module("tifffile")
    except ImportError:
        raise UserError(f"{path}: reading TIFF needs tifffile: pip install tifffile") from None
    size = path.stat().st_size
    try:
        with _silenced(), tifffile.TiffFile(path) as file:
            if not file.series:
                raise UserError(f"{path}: holds no image")
            series = file.series[0]
            if series.nbytes > INFLATION * size:
                raise UserError(f"{path}: declares {series.nbytes} bytes of image in a file of {size}: it is damaged")
            if series.dtype is None or series.dtype.kind not in "buif":
                raise UserError(f"{path}: pixels of type {series.dtype}, must be plain numbers")
            if "S" in series.axes:  # samples of a color
                raise UserError(f"{path}: a color picture, must be one number a pixel: export the data themselves")
            return np.asarray(series.asarray()), _pixel(file)
    except UserError:
        raise
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error
    except Exception as error:  # a damaged file can end anywhere in tifffile
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f"{path}: must be a TIFF file: {said}") from error


@contextmanager
def _silenced() -> Iterator[None]:
    """tifffile logs what it stumbles over; what a user needs to know is in the one line of the error."""
    log = logging.getLogger("tifffile")
    before = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        log.setLevel(before)


def _pixel(file: Any) -> float | None:
    """The pixel [um] as ImageJ stores it; None elsewhere, where the resolution is that of a print."""
    unit = (file.imagej_metadata or {}).get("unit")
    tags = file.pages[0].tags
    if not isinstance(unit, str) or "XResolution" not in tags:
        return None
    unit = "um" if unit in ("micron", "\\u00B5m") else unit
    number, per = tags["XResolution"].value
    try:
        return convert(per / number, unit, "um")
    except (UnitError, ZeroDivisionError):
        return None
