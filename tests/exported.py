"""A small run to export: sides of three lengths, dead lithium, a voxel that came and went, a layer."""

from dataclasses import replace

import numpy as np
import synthetic

from kmc_li.storage.run import Snapshots

SHAPE = (6, 5, 40)
CAPACITIES = (0.1, 0.2, 0.3)


def deposits():
    """Occupancies at the three snapshots, bool SHAPE."""
    rng = np.random.default_rng(5)
    order = rng.random(SHAPE) + np.arange(SHAPE[2]) / 14
    found = [order < limit for limit in (0.4, 0.7, 1.0)]
    for box in found:
        box[:, :, 11:] = False
    found[-1][2, 2, 8:11] = [False, True, False]  # hangs free
    for around in ((1, 2), (3, 2), (2, 1), (2, 3)):
        found[-1][(*around, 9)] = False
    gone = tuple(np.argwhere(~found[-1][:, :, :3])[0])
    found[0][gone] = True
    return found


def run(scenario="piezo", shown=3, **changes):
    """The run whose end is the last of the deposits and whose snapshots are the first `shown` of them."""
    boxes, made = deposits(), synthetic.synthetic_run(scenario, 1)
    parameters = synthetic.parameters_for(scenario, nx=SHAPE[0], ny=SHAPE[1], nz=SHAPE[2]).replace(**changes)
    return replace(
        made,
        occupancy=boxes[-1],
        parameters=parameters,
        snapshots=Snapshots(CAPACITIES[:shown], lambda i: boxes[i]),
        provenance={"kmc_li": "0.2.0", "commit": "abc--<def>", "date_utc": "2026-01-01"},
    )
