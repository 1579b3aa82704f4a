"""Everything a run is made of: constants (`Model`) and what changes (`State`)."""

from typing import Any, NamedTuple

import numpy as np

from kmc_li.kernels.base.records import record
from kmc_li.kernels.lattice.occupancy import Lattice


@record
class Model(NamedTuple):
    """Constants of a run. Currents in j * voxel^2, lengths in voxels, rates in 1/s."""

    strip: bool
    hits: int  # plating attempts that make one voxel (noise reduction)
    exponent: float  # a site's rate goes as its current to this power
    monolayer_rate: float  # 1/s at which current 1 into a voxel fills it
    hop_rate: np.ndarray  # (7,) 1/s per direction, by Li neighbours before the hop; all 0: no hops
    tracks_contact: bool  # Li may leave, so what it held is followed: with a path to the collector or dead
    nz: int
    fresh_share: float = 0.0  # of a voxel's charge, that a face of metal takes when it comes to lie open
    cycled: bool = False  # the current also strips, so that what is live may lie deep below what is dead


COUNTERS = np.dtype(
    [
        ("events", np.int64),  # voxels plated + stripped + hopped
        ("plated", np.int64),
        ("stripped", np.int64),
        ("hopped", np.int64),
        ("dead_voxels", np.int64),  # Li without a path to the collector
        ("initial", np.int64),  # Li voxels at the start of the run; kept where the run strips
        ("interphase", np.int64),  # voxels of charge that went to an interphase that ages; `initial` is less by them
        ("owed", np.float64),  # what it is still owed, in voxels
        ("stripping", np.int64),  # 1: the current strips, so what is drawn is a place where metal dissolves
        ("cut_off_walkers", np.int64),  # events and visits since the overpotential was last compared with the cut-off
        ("cut_off_visits", np.float64),
        ("most_visits", np.float64),  # above 0: what `visits` may become; a walker that exceeds it has nowhere to go
        ("attempts", np.int64),  # draws, with those that changed nothing
        ("idle", np.int64),  # attempts in a row at hops that changed nothing
        ("changed", np.int64),  # how many voxels `changed` holds
        ("time", np.float64),  # s
        ("pending", np.int64),  # an event whose waiting time has passed: kernels/base/codes.py
        ("pending_voxel", np.int64),  # the atom that hops, and its direction
        ("pending_direction", np.int64),
        ("plate_sum", np.float64),  # sum of the sites' rates, in units of the current through one column
        ("strip_sum", np.float64),
        ("first_plane", np.int64),  # planes of the field in use: first_plane..end_plane-1, even below stretch_start
        ("stretch_start", np.int64),
        ("end_plane", np.int64),
        ("top_plane", np.int64),  # highest plane that holds Li
        ("rest_plane", np.float64),  # of the layer
        ("interval", np.float64),  # events between refreshes of the field
        ("since", np.int64),  # events since the last one
        ("overdue", np.int64),  # 1: so much Li died or revived at once that the field has to be refreshed
        ("refreshes", np.int64),
        ("cycles", np.int64),
        ("drift", np.float64),  # TV by which the last refresh changed the event probabilities
        ("residual", np.float64),  # sum |residual| over the current at the last refresh
        ("quanta", np.int64),  # of charge passed, where voxels fill in parts; `plated` counts full voxels of it
        ("listed", np.int64),  # cells whose faces have a shift
        ("settled", np.float64),  # s: until when surface diffusion has moved Li
        ("due", np.float64),  # s: when the surface is measured again
        ("walkers", np.int64),  # that landed since the last record point, as are the next three
        ("span", np.float64),  # walkers that would have set out at the set current meanwhile, where a potential is held
        ("visits", np.float64),  # to the plane above the deposit, each over the conductance of its links
        ("high", np.int64),  # walkers absorbed above `high_plane`
        ("high_plane", np.int64),  # plane that 95 % of the columns do not exceed
        ("potential", np.float64),  # mean on the plane above the deposit, up to the last record point
        ("high_share", np.float64),  # of the current that went above `high_plane`
    ]
)


@record
class State(NamedTuple):
    """Arrays of a run."""

    lattice: Lattice
    method: Any  # how the next voxel to plate is found: a NamedTuple of kernels/methods
    hoppers: Any  # HopLists, or NoHops
    search: Any  # lattice.connectivity.Search, or NoSearch where no Li can lose its contact
    changed: np.ndarray  # int32: voxels that hops have changed and the method does not know of yet, some twice
    hits: np.ndarray  # uint16 (nx ny ns,), or (1,) when every attempt fills a voxel
    counters: np.recarray
