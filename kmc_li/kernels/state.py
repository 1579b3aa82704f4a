"""Everything a run is made of: constants (`Model`) and what changes (`State`)."""

from typing import NamedTuple

import numpy as np

from .classes import ClassLists
from .clearance import Clearance
from .connectivity import Search
from .field import Field
from .hops import HopLists
from .lattice import Lattice
from .multigrid import Hierarchy
from .walkers import Walkers

UNIFORM, LINEAR, WALKERS = 0, 1, 2  # every face alike; currents of the solved field; linear ones drawn by walkers


class Model(NamedTuple):
    """Constants of a run. Currents in j * voxel^2, lengths in voxels, rates in 1/s."""

    kinetics: int  # UNIFORM, LINEAR or WALKERS
    strip: bool
    hits: int  # plating attempts that make one voxel (noise reduction)
    exponent: float  # a site's rate goes as its current to this power
    monolayer_rate: float  # 1/s at which current 1 into a voxel fills it
    hop_rate: np.ndarray  # (7,) 1/s per direction, by Li neighbours before the hop; all 0: no hops
    connects: bool  # Li may leave, so what it held is followed: with a path to the collector or dead
    layer: bool
    stack_pressure: float  # in stiffness * voxel
    hardness: float
    shift_per_pressure: float
    layer_thickness: float
    layer_conductivity: float  # over the electrolyte's
    tolerance: float
    potential: float  # held at the height `reference`, in j voxel / kappa; 0: the current is held instead
    reference: float
    gap: int  # uniform planes kept above the highest bud
    extra_planes: int  # stretched planes above those
    nz: int


COUNTERS = np.dtype(
    [
        ("events", np.int64),  # voxels plated + stripped + hopped
        ("plated", np.int64),
        ("stripped", np.int64),
        ("hopped", np.int64),
        ("dead_voxels", np.int64),  # Li without a path to the collector
        ("attempts", np.int64),  # draws, with those that changed nothing
        ("idle", np.int64),  # attempts in a row at hops that changed nothing
        ("changed", np.int64),  # how many voxels `changed` holds
        ("time", np.float64),  # s
        ("plate_sum", np.float64),  # sum of the sites' rates, in units of the current through one column
        ("strip_sum", np.float64),
        ("lo", np.int64),  # planes of the field in use: lo..hi-1, uniform below `uniform`
        ("uniform", np.int64),
        ("hi", np.int64),
        ("top", np.int64),  # highest plane that holds Li
        ("rest", np.float64),  # rest plane of the layer
        ("interval", np.float64),  # events between refreshes of the field
        ("since", np.int64),  # events since the last one
        ("overdue", np.int64),  # 1: so much Li died or revived at once that the field has to be refreshed
        ("refreshes", np.int64),
        ("cycles", np.int64),
        ("drift", np.float64),  # TV by which the last refresh changed the event probabilities
        ("residual", np.float64),  # sum |residual| over the current at the last refresh
        ("walkers", np.int64),  # since the last record point, as are the next two
        ("visits", np.float64),  # to the plane above the deposit, each over the conductance of its links
        ("high", np.int64),  # walkers absorbed above `high_plane`
        ("high_plane", np.int64),  # plane that 95 % of the columns do not exceed
        ("potential", np.float64),  # mean on the plane above the deposit, up to the last record point
        ("high_share", np.float64),  # of the current that went above `high_plane`
    ]
)


class State(NamedTuple):
    """Arrays of a run."""

    lattice: Lattice
    field: Field
    tree: Hierarchy  # coarse grids of the field
    sites: ClassLists  # empty voxels that may plate and Li voxels that may dissolve
    hoppers: HopLists
    search: Search
    walkers: Walkers
    clear: Clearance
    changed: np.ndarray  # int32: voxels whose field and rates are not yet up to date, some of them twice
    hits: np.ndarray  # uint16 (nx, ny, ns), or (1, 1, 1) when every attempt fills a voxel
    plane_current: np.ndarray  # float64 (3 ns,): rates of plating by plane at the last refresh; its scratch
    counters: np.recarray
