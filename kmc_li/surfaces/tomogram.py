"""Segmented tomograms: which voxels are metal, from the stacks that users have."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmc_li.errors import UserError

from . import files, tiff
from .height_map import NUMPY, TIFF


@dataclass(frozen=True)
class Tomogram:
    """A segmented volume of cubic voxels.

    occupancy: bool (nx, ny, nz), True where there is metal, z = 0 at the collector. voxel_um: edge of a voxel.
    source: the file.
    """

    occupancy: NDArray[np.bool_]
    voxel_um: float
    source: str


def read_tomogram(
    path: str | Path,
    voxel_um: float,
    *,
    metal: int | Collection[int] | None = None,
    axes: str | None = None,
    upside_down: bool = False,
) -> Tomogram:
    """A segmented tomogram from a TIFF stack (needs tifffile) or a .npy array, for measures with `periodic=False`.

    voxel_um: edge of a voxel, the same along all axes. metal: the label or labels that are metal; by default True, or
    the higher of two values. axes: the order of the file's axes, 'zyx' (images stacked upwards, their rows along y) by
    default for a stack, 'xyz' for an array. upside_down: the collector lies at the end of z, not at its start.
    Raises UserError, one line, for a file that is missing, damaged or of another kind, or one that is not segmented.
    """
    found, edge = files.existing(path), files.positive(voxel_um, "voxel_um")
    suffix = found.suffix.lower()
    if suffix in TIFF:
        stack, order = tiff.read_stack(found), axes or "zyx"
    elif suffix in NUMPY:
        stack, order = files.array(found), axes or "xyz"
    else:
        known = ", ".join((*TIFF, *NUMPY))
        raise UserError(f"{path}: a file of unknown kind '{found.suffix}', must be one of: {known}")
    if stack.ndim != 3 or not stack.size or stack.dtype.kind not in "buif":
        raise UserError(f"{path}: an array of {stack.dtype} and shape {stack.shape}, must be numbers in 3 dimensions")
    if sorted(order) != ["x", "y", "z"]:
        raise UserError(f"axes: got '{order}', must be x, y and z in the order of the file, such as 'zyx'")
    occupancy = _metal(path, stack, metal).transpose([order.index(axis) for axis in "xyz"])
    if upside_down:
        occupancy = occupancy[:, :, ::-1]
    return Tomogram(np.ascontiguousarray(occupancy), edge, str(path))


def _metal(path: str | Path, stack: NDArray[Any], metal: int | Collection[int] | None) -> NDArray[np.bool_]:
    """Where the metal is; UserError for labels that leave it open."""
    if metal is None and stack.dtype == np.bool_:
        return stack
    values = np.unique(stack)
    shown = ", ".join(f"{value:g}" for value in values[:8]) + (", ..." if values.size > 8 else "")
    if metal is None:
        if values.size != 2:
            more = "threshold it first, or say which are metal" if values.size > 2 else "must hold metal and pores"
            raise UserError(f"{path}: holds {values.size} different values ({shown}), not two: {more}")
        return np.asarray(stack == values[1])
    labels = list(metal) if isinstance(metal, Collection) else [metal]
    absent = [label for label in labels if label not in values]
    if absent or not labels:
        raise UserError(f"metal: got {labels}, must be among the values of {path}: {shown}")
    return np.isin(stack, labels)
