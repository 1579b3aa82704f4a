"""Parameters -> (Model, State): the only place where units meet arrays."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import walk_tables
from .constants import BOLTZMANN_EV_K
from .kernels import classes, clearance, connectivity, field, hops, lattice, multigrid, refresh
from .kernels.lattice import Box
from .kernels.state import COUNTERS, LINEAR, UNIFORM, WALKERS, Model, State
from .parameters import Parameters

CHANGED = 512  # voxels that hops may change before field and rates follow
ROOM = 8192  # sites the lists have room for at first, besides four a column
START_INTERVAL = 1.0  # events to the first refresh, before the drift is known
SETTLE = 20  # refreshes that bring the field of the initial deposit to rest


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
    """Constants of a run in the kernels' units: voxels, current through one column, j voxel/kappa."""
    p = parameters
    voxel = p.voxel_m
    unit_V = p.current_density_A_m2 * voxel / p.conductivity_S_m
    height = p.lattice.nz
    if p.stop.height_um is not None:
        height = min(height, round(p.stop.height_um / p.lattice.voxel_um))
    layer: dict[str, Any] = dict(
        layer=False,
        stack_pressure=0.0,
        hardness=1.0,
        shift_per_pressure=0.0,
        layer_thickness=1.0,
        layer_conductivity=1.0,
    )
    if p.layer is not None:
        per_voxel_Pa = p.layer.winkler_stiffness_Pa_m * voxel
        layer = dict(
            layer=True,
            stack_pressure=p.layer.stack_pressure_MPa * 1e6 / per_voxel_Pa,
            hardness=p.metal.hardness_MPa * 1e6 / per_voxel_Pa,
            shift_per_pressure=(p.layer.piezo_shift_V_Pa + p.pressure_shift_V_Pa) * per_voxel_Pa / unit_V,
            layer_thickness=p.layer.thickness_um / p.lattice.voxel_um,
            layer_conductivity=p.layer_conductivity_S_m / p.conductivity_S_m,
        )
    rates, plates = hop_rates(p), p.plating.kinetics != "none"
    return Model(
        kinetics=WALKERS if p.walks else LINEAR if p.solves else UNIFORM,  # "none": at no rate
        strip=p.plating.strip,
        hits=p.plating.noise_reduction_hits,
        exponent=p.plating.breakdown_exponent,
        monolayer_rate=p.current_density_A_m2 * voxel**2 / p.voxel_charge_C if plates else 0.0,
        hop_rate=rates,
        connects=plates and (bool(rates.any()) or (p.plating.strip and layer["shift_per_pressure"] != 0.0)),
        tolerance=p.field.tolerance,
        potential=(p.plating.overpotential_V or 0.0) / unit_V,
        reference=p.reference_height_m / voxel,
        gap=p.field.top_gap_voxels,
        extra_planes=stretched_planes(p.lattice.nx, p.lattice.ny),
        nz=height,
        **layer,
    )


def charge_transfer(parameters: Parameters) -> tuple[float, ...]:
    """Butler-Volmer's law in the kernels' units as `Field.charge`; an exchange current of 0 where the law is linear."""
    p = parameters
    if p.plating.kinetics != "butler-volmer":
        return (0.0,) * 5
    unit_V = p.current_density_A_m2 * p.voxel_m / p.conductivity_S_m
    exchange = p.exchange_current_density_A_m2 / p.current_density_A_m2
    cathodic = p.plating.alpha_cathodic * unit_V / p.thermal_voltage_V
    anodic = p.plating.alpha_anodic * unit_V / p.thermal_voltage_V
    ohmic = max(p.wagner_length_m / p.voxel_m - 1.0 / (exchange * (cathodic + anodic)), 0.0)
    steepest = cathodic * (1.0 + exchange) + anodic * exchange  # at current 1
    return exchange, cathodic, anodic, ohmic, 0.5 + ohmic + 1.0 / steepest


def initial_deposit(parameters: Parameters, seed: int) -> NDArray[np.bool_]:
    """What is on the collector at time zero: bool (nx, ny, nz)."""
    p = parameters.lattice
    deposit = np.zeros((p.nx, p.ny, p.nz), np.bool_)
    deposit[:, :, : p.film_voxels] = True
    adatoms = round(p.adatom_share * p.nx * p.ny)
    if adatoms > 0:
        rng = np.random.Generator(np.random.PCG64([seed, 1]))  # [seed]: the events'
        chosen = rng.permutation(p.nx * p.ny)[:adatoms]
        deposit[chosen // p.ny, chosen % p.ny, p.film_voxels] = True
    return deposit


def build(parameters: Parameters, seed: int = 0) -> tuple[Model, Box, State]:
    """Model, box and state at time zero, the field at rest; `seed` matters to a random start only."""
    model = build_model(parameters)
    size, state = allocate_state(
        model,
        initial_deposit(parameters, seed),
        wagner=parameters.wagner_length_m / parameters.voxel_m,
        weighted=parameters.plating.face_area_weights,
        charge=charge_transfer(parameters),
    )
    settle(model, size, state)
    return model, size, state


def allocate_state(
    model: Model,
    occupancy: NDArray[np.bool_],
    *,
    wagner: float = 1.0,
    weighted: bool = False,
    charge: Sequence[float] = (0.0,) * 5,
    collector: bool = True,
    dtype: Any = np.float32,
) -> tuple[Box, State]:
    """State for an initial deposit (bool (nx, ny, nz)); its rates are not known before `settle`."""
    nx, ny, nz = occupancy.shape
    live, walks = model.kinetics == LINEAR, model.kinetics == WALKERS
    ns = nz + 2 + (model.gap + refresh.SLACK + model.extra_planes + 1 if live else 0)
    voxels = nx * ny * ns
    hopping, listed = bool(model.hop_rate.any()), not walks
    box, deposit = lattice.from_occupancy(occupancy, ns, collector)
    surface = 4 * nx * ny + 2 * lattice.surface_voxels(deposit.cell) + ROOM
    state = State(
        lattice=deposit,
        field=field.allocate(box if live else Box(1, 1, ns), dtype, wagner, weighted, charge),
        tree=multigrid.allocate(nx if live else 1, ny if live else 1, ns if live else 2, dtype, model.extra_planes),
        sites=classes.allocate(voxels, surface) if listed else classes.allocate(1, 1),
        hoppers=hops.allocate(voxels if hopping else 1, surface if hopping else 1),
        search=connectivity.allocate(voxels if model.connects else 1),
        walkers=walk_tables.walkers(nx if walks else 1, ny if walks else 1, wagner, weighted),
        clear=walk_tables.clearance(nx if walks else 1, ny if walks else 1, ns),
        changed=np.zeros(CHANGED, np.int32),
        hits=np.zeros(voxels if model.hits > 1 else 1, np.uint16),
        plane_current=np.zeros(3 * ns),
        counters=np.zeros(1, COUNTERS).view(np.recarray),
    )
    return box, state


def settle(model: Model, box: Box, state: State) -> None:
    """List all rates of the initial deposit, its field at rest first."""
    n = state.counters[0]
    n.lo, n.interval = 1, START_INTERVAL
    n.top = int(state.lattice.height.max())
    if model.connects:
        n.dead_voxels = connectivity.mark_all(state.lattice.cell, box, state.search)
    if model.hop_rate.any():
        hops.list_all(state.lattice.cell, box, state.hoppers)
    if model.kinetics == LINEAR and not model.layer:
        n.rest = float(box.ns)
    if model.kinetics == UNIFORM:
        if model.monolayer_rate > 0:
            refresh.all_rates(model, box, state)
        return
    if model.kinetics == WALKERS:
        clearance.note_all(state.clear, state.lattice.cell, box)
        n.plate_sum = float(box.nx * box.ny)
        n.potential = float(state.walkers.wagner[0]) + 0.5
        return
    # Starting from the even film's potential: a flat deposit is then at rest at once.
    wagner, phi = state.field.wagner[0], state.field.phi.reshape(box)
    phi[:] = wagner + 0.5
    if model.potential > 0:
        height = np.maximum(np.arange(box.ns) - 0.5 - n.top, 0.5)
        phi[:] = model.potential * (wagner + height) / (wagner + model.reference - n.top)
    for _ in range(SETTLE):
        refresh.refresh(model, box, state)
