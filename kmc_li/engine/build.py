"""Parameters -> (Model, State): where a study in SI becomes arrays in the kernels' units.

Lengths are in voxels, currents in that through one column, potentials in j voxel / kappa.
"""

import math
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kmc_li.engine.seeds import resistance_ratio, substrate_heights
from kmc_li.kernels.base import verbs
from kmc_li.kernels.lattice import connectivity
from kmc_li.kernels.lattice import occupancy as lattice
from kmc_li.kernels.lattice.occupancy import Box
from kmc_li.kernels.layers import bare
from kmc_li.kernels.methods import multigrid
from kmc_li.kernels.selection import hops
from kmc_li.kernels.state import COUNTERS, Model, State
from kmc_li.study.choices import AGEING, LAWS, LAYERS, METHODS, NO_FIELD
from kmc_li.study.constants import BOLTZMANN_EV_K
from kmc_li.study.parameters import Parameters

CHANGED = 512  # voxels that hops may change before field and rates follow
ROOM = 8192  # sites the lists have room for at first, besides four a column


class Needs(NamedTuple):
    """What a method is allocated for."""

    box: Box
    voxels: int
    surface: int  # sites to make room for
    wagner: float  # Wagner length over voxel
    weighted: bool  # faces count with their share of the true area
    law: Any
    layer: Any
    settings: multigrid.Settings
    dtype: Any  # of potentials
    quanta: int  # events that fill a voxel
    resistance: NDArray[np.float64]  # (columns,): charge-transfer resistance there over its mean
    mullins: float  # coefficient of surface diffusion over voxel^4 [1/s]
    capillary: float  # shift of a face with a curvature of 1/voxel, in j voxel / kappa
    ageing: float  # 1/tau of the interphase's growth [1/s]
    marks: bool  # whether walkers tell contacts without a live face apart


def stretched_planes(nx: int, ny: int) -> int:
    """Planes of thickness 2, 4, 8, ... voxels above the deposit that reach one period of the cell up."""
    return max(math.ceil(math.log2(max(nx, ny))) - 1, 1)


def hop_rates(parameters: Parameters) -> NDArray[np.float64]:
    """Hop rate per direction [1/s] by the number of Li neighbours 0..6 before the hop; 0 for 0 and 6."""
    rates = np.zeros(7)
    p = parameters.hops
    if p.enabled:
        barrier_eV = p.surface_barrier_eV + np.arange(1, 6) * p.bond_energy_eV
        rates[1:6] = p.attempt_frequency_per_s * np.exp(-barrier_eV / (BOLTZMANN_EV_K * p.temperature_K))
    return rates


def build_model(parameters: Parameters) -> Model:
    """Constants of a run."""
    p = parameters
    height = p.lattice.nz
    if p.stop.height_um is not None:
        height = min(height, round(p.stop.height_um / p.lattice.voxel_um))
    rates, plates = hop_rates(p), p.plating.kinetics != "none"
    cycles = p.protocol is not None and any(step.kind == "strip" for step in p.protocol.parsed)
    dissolves = p.continuum or (p.plating.strip and verbs.shifts_faces(build_layer(p)))
    return Model(
        strip=p.plating.strip,
        hits=p.quanta,
        exponent=p.plating.breakdown_exponent,
        monolayer_rate=p.current_density_A_m2 * p.voxel_m**2 / p.voxel_charge_C if plates else 0.0,
        hop_rate=rates,
        tracks_contact=plates and (bool(rates.any()) or dissolves or cycles),
        nz=height,
        fresh_share=0.0 if p.ageing is None else p.ageing.fresh_share(p.voxel_m, p.voxel_charge_C),
        cycled=p.protocol is not None,
    )


def build_settings(parameters: Parameters) -> multigrid.Settings:
    """How exact the field is, and what is held at its top."""
    p = parameters
    unit_V = p.current_density_A_m2 * p.voxel_m / p.conductivity_S_m
    return multigrid.Settings(
        tolerance=p.field.tolerance,
        potential=(p.plating.overpotential_V or 0.0) / unit_V,
        reference=p.reference_height_m / p.voxel_m,
        gap=p.field.top_gap_voxels,
        extra_planes=stretched_planes(p.lattice.nx, p.lattice.ny),
    )


def build_layer(parameters: Parameters) -> Any:
    """The layer's constants, by its model's own file."""
    if parameters.layer is None:
        return bare.allocate(parameters)
    return import_module(LAYERS[parameters.layer.model]).allocate(parameters)


def initial_heights(parameters: Parameters, seed: int) -> NDArray[np.float64]:
    """Height of the metal at time zero: float64 (nx, ny) in voxels."""
    return parameters.lattice.film_voxels + substrate_heights(parameters, seed)


def initial_deposit(parameters: Parameters, seed: int) -> NDArray[np.bool_]:
    """What is on the collector at time zero: bool (nx, ny, nz); whole voxels of `initial_heights`."""
    p, heights = parameters.lattice, initial_heights(parameters, seed)
    height = np.rint(heights).astype(np.int64)
    deposit = np.arange(p.nz) < height[:, :, None]
    adatoms = round(p.adatom_share * p.nx * p.ny)
    if adatoms > 0:
        rng = np.random.Generator(np.random.PCG64([seed, 1]))  # [seed]: the events'
        chosen = rng.permutation(p.nx * p.ny)[:adatoms]
        x, y = chosen // p.ny, chosen % p.ny
        deposit[x, y, height[x, y]] = True
    return deposit


def build(parameters: Parameters, seed: int = 0) -> tuple[Model, Box, State]:
    """Model, box and state at time zero, the field at rest; `seed` matters to a random start only."""
    model = build_model(parameters)
    size, state = allocate_state(parameters, initial_deposit(parameters, seed), model=model, seed=seed)
    if parameters.continuum:
        fill_parts(size, state, initial_heights(parameters, seed))
    settle(model, size, state)
    return model, size, state


def fill_parts(box: Box, state: State, heights: NDArray[np.float64]) -> None:
    """Put what heights (float64 (nx, ny), voxels) have beyond or lack of whole voxels into the cells above."""
    fills, top = state.method.fills, np.rint(heights).astype(np.int64)
    above = np.arange(box.nx * box.ny) * box.ns + top.ravel() + 1
    fills.volume[above] = np.rint((heights - top).ravel() * (fills.full - 2)).astype(np.int32)


def allocate_state(
    parameters: Parameters,
    occupancy: NDArray[np.bool_] | tuple[Box, lattice.Lattice],
    *,
    model: Model | None = None,
    wagner: float | None = None,
    weighted: bool | None = None,
    collector: bool = True,
    dtype: Any = np.float32,
    strips: bool = False,
    seed: int = 0,
) -> tuple[Box, State]:
    """State for an initial deposit (bool (nx, ny, nz), or a lattice that it takes over) in a study's field.

    Its rates are not known before `settle`.

    wagner (over the voxel), weighted: in place of the study's. collector: the plane below is metal. strips: the current
    is reversed, the field mirrored and the collector blocked (kernels/methods/stripping.py). seed: of the patches.
    """
    p, model = parameters, model or build_model(parameters)
    method = import_module(NO_FIELD if p.method == "none" else AGEING if p.faces_age else METHODS[p.method])
    nx, ny = occupancy[0][:2] if isinstance(occupancy, tuple) else occupancy.shape[:2]
    settings = build_settings(p)._replace(extra_planes=stretched_planes(nx, ny))
    if isinstance(occupancy, tuple):
        box, deposit = occupancy
    else:
        planes = method.planes(settings) if hasattr(method, "planes") else 0  # a solved field reaches higher
        box, deposit = lattice.from_occupancy(occupancy, occupancy.shape[2] + 2 + planes, collector)
    voxels, hopping = nx * ny * box.ns, bool(model.hop_rate.any())
    deposit.cell[:: box.ns] &= np.uint8(~lattice.BLOCKED & 255)
    if strips:
        deposit.cell[:: box.ns] |= np.uint8(lattice.BLOCKED)
    surface = 4 * nx * ny + 2 * lattice.surface_voxels(deposit.cell) + ROOM
    law = None
    if p.method != "none":
        law = import_module(LAWS[p.plating.kinetics]).allocate(p, voxels, dtype)
        if wagner is not None:
            law = law._replace(wagner=np.array([wagner], dtype))
    needs = Needs(
        marks=model.tracks_contact and not hopping,
        box=box,
        voxels=voxels,
        surface=surface,
        wagner=p.wagner_length_m / p.voxel_m if wagner is None else wagner,
        weighted=p.plating.face_area_weights if weighted is None else weighted,
        law=law,
        layer=verbs.reversed_shifts(build_layer(p)) if strips else build_layer(p),
        settings=settings,
        dtype=dtype,
        quanta=p.quanta,
        resistance=resistance_ratio(p, seed).ravel(),
        mullins=p.mullins_B_m4_s / p.voxel_m**4,
        capillary=p.capillary_V_m / p.voxel_m * p.conductivity_S_m / (p.current_density_A_m2 * p.voxel_m),
        ageing=1.0 / p.ageing.time_constant_s if p.ageing is not None and p.ageing.time_constant_s else 0.0,
    )
    state = State(
        lattice=deposit,
        method=method.allocate(needs),
        hoppers=hops.allocate(voxels, surface) if hopping else hops.NoHops(0),
        search=connectivity.allocate(voxels) if model.tracks_contact else connectivity.NoSearch(0),
        changed=np.zeros(CHANGED, np.int32),
        hits=np.zeros(voxels if model.hits > 1 and not p.continuum else 1, np.uint16),
        counters=np.zeros(1, COUNTERS).view(np.recarray),
    )
    state.counters[0].stripping = int(strips)
    return box, state


def settle(model: Model, box: Box, state: State) -> None:
    """Everything that follows from the initial deposit: dead metal, hoppers, and what the method needs."""
    n = state.counters[0]
    n.top_plane = int(state.lattice.height.max())
    if model.tracks_contact:
        n.dead_voxels = connectivity.mark_all(state.lattice.cell, box, state.search)
    if model.hop_rate.any():
        hops.list_all(state.lattice.cell, box, state.hoppers)
    verbs.begin(state.method, model, box, state)
