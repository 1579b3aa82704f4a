"""Extended XYZ for OVITO and ASE: one atom "Li" a voxel, at its centre, lengths in angstrom."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kmc_li.export.moments import Moment, final, moments
from kmc_li.export.origin import origin
from kmc_li.storage.files import check_path, write_atomically
from kmc_li.storage.run import Run

ANGSTROM_PER_UM = 1e4
COLUMNS = "species:S:1:pos:R:3:age_mAh_cm2:R:1:neighbours:I:1:dead:I:1"


def write_extxyz(run: Run, path: str | Path, *, snapshots: bool = False) -> Path:
    """Write the lithium voxels of a run as atoms; returns the path.

    Positions are the voxels' centres [angstrom]; the cell is the box, periodic in x and y (pbc="T T F"). Properties:
    age_mAh_cm2 (charge passed since the first snapshot that shows the voxel as lithium), neighbours (lithium voxels
    that share a face with it, across the sides of the box too, the collector not counted), dead (1: without a path to
    the collector). A voxel stands for many atoms unless its edge is 0.278 nm. snapshots: a frame for each snapshot
    and the end. Raises UserError for a name that does not end in .xyz or .extxyz or cannot be written.
    """
    target = check_path(path, (".xyz", ".extxyz"), "an extended XYZ file")
    frames = moments(run) if snapshots else [final(run)]
    write_atomically(target, "".join(_frame(run, moment) for moment in frames).encode())
    return target


def neighbours(occupancy: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Lithium voxels among the six that share a face with each: uint8 (nx, ny, nz), periodic in x and y."""
    counts = np.zeros(occupancy.shape, np.uint8)
    for axis in (0, 1):
        if occupancy.shape[axis] > 1:  # an axis of one voxel has no neighbours along it
            counts += np.roll(occupancy, 1, axis)
            counts += np.roll(occupancy, -1, axis)
    counts[:, :, 1:] += occupancy[:, :, :-1]
    counts[:, :, :-1] += occupancy[:, :, 1:]
    return counts


def _frame(run: Run, moment: Moment) -> str:
    edge = run.parameters.lattice.voxel_um * ANGSTROM_PER_UM
    shape = moment.occupancy.shape
    # repr is the shortest text that reads back exactly
    x, y, z = ([repr((i + 0.5) * edge) for i in range(n)] for n in shape)
    places = np.nonzero(moment.occupancy)
    ages, age = np.unique(moment.age_mAh_cm2[places], return_inverse=True)
    told = [repr(float(value)) for value in ages]
    rows = zip(
        *(axis.tolist() for axis in places),
        age.tolist(),
        neighbours(moment.occupancy)[places].tolist(),
        moment.dead[places].astype(int).tolist(),
        strict=True,
    )
    lines = [f"Li {x[i]} {y[j]} {z[k]} {told[a]} {n} {d}\n" for i, j, k, a, n, d in rows]
    a, b, c = (n * edge for n in shape)
    head = (
        f'Lattice="{a!r} 0.0 0.0 0.0 {b!r} 0.0 0.0 0.0 {c!r}" Properties={COLUMNS} pbc="T T F" '
        f'areal_capacity_mAh_cm2={moment.areal_capacity_mAh_cm2!r} seed={run.seed} origin="{origin(run)}"'
    )
    return f"{len(lines)}\n{head}\n" + "".join(lines)
