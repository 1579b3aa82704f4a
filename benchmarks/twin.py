"""Deposits grown by random walkers: an independent, exact twin of plating with linear kinetics and no shifts.

    python benchmarks/twin.py                                      # 64 x 64 columns, Delta/W = 0.3, 16 deposits
    python benchmarks/twin.py --delta-over-W inf --columns 32 --seeds 40
    python benchmarks/twin.py --walkers --field 0.2 1 5            # beside it the engine: walkers, field at tolerances
    python benchmarks/twin.py --columns 512 --rows 1 --field 1     # 2-D

An ion that steps along the links of the lattice with probability proportional to their conductance (1 to an electrolyte
cell, 1 / (W/voxel + 1/2) to a Li face) and starts where the current enters is absorbed at a cell with probability
sink phi / (total current): the equation of the mean number of its visits is the equation of phi (Witten and Sander,
Phys. Rev. B 27, 5686 (1983)). One walker makes one voxel, as if the field converged at every event. Above the deposit
nothing happens, so a walker starts uniformly on the plane above the highest bud, and one that leaves it upwards is put
back where it returns, by the exact distribution on the periodic half lattice.

The plain kernel, one step at a time, shares no code with the engine: it is what the engine's walkers and its live field
are tested against. Shifts, layers and dissolution have a twin of their own, which solves the field: layer_twin.py.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

FREE, LI, WALL = 0, 1, 2
BULK = -1.0  # sink of a cell that touches nothing


class Grid(NamedTuple):
    """Voxels with a plane 0 below them: the collector, or a wall that takes no current."""

    cell: np.ndarray  # uint8 (columns, planes)
    sink: np.ndarray  # float64 (columns, planes): conductance to all Li faces of a free cell, BULK away from solids
    near: np.ndarray  # int64 (columns, 2 or 4): lateral neighbours, 2 in 2-D
    block: np.ndarray  # int64 (columns, 3, 3): columns around, for the slope
    wagner: float
    weighted: bool
    keep: np.ndarray  # float64 (columns,), alias table of the displacement of a walker that returns from above
    other: np.ndarray  # int64 (columns,)
    ny: int


def returns(nx: int, ny: int) -> NDArray[np.float64]:
    """Probability of each displacement (nx, ny) between leaving a plane upwards and coming down to it again.

    First passage one plane down multiplies the Fourier mode k by l < 1, l + 1/l = 2 + 2 sum(1 - cos k).
    """
    kx, ky = 2 * np.pi * np.fft.fftfreq(nx)[:, None], 2 * np.pi * np.fft.fftfreq(ny)[None, :]
    a = 1 + (1 - np.cos(kx)) + (1 - np.cos(ky))
    share = np.fft.ifft2(a - np.sqrt(a * a - 1)).real
    return share / share.sum()


def alias_table(share: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Walker's alias method: entry i with probability keep[i], else other[i]."""
    keep, other = share.ravel() * share.size, np.arange(share.size)
    small, large = [int(i) for i in np.nonzero(keep < 1)[0]], [int(i) for i in np.nonzero(keep >= 1)[0]]
    while small and large:
        i, j = small.pop(), large[-1]
        other[i] = j
        keep[j] -= 1 - keep[i]
        if keep[j] < 1:
            small.append(large.pop())
    return keep, other


def grid(occupancy: NDArray[np.bool_], wagner: float, weighted: bool = False, collector: bool = True) -> Grid:
    """Grid that holds the deposit `occupancy` (nx, ny, nz); wagner: Wagner length in voxels."""
    nx, ny, nz = occupancy.shape
    x, y = (i.ravel() for i in np.divmod(np.arange(nx * ny), ny))
    step = np.array([-1, 0, 1])
    block = (x[:, None, None] + step[:, None]) % nx * ny + (y[:, None, None] + step) % ny
    lateral = [block[:, 0, 1], block[:, 2, 1], block[:, 1, 0], block[:, 1, 2]]
    cell = np.zeros((nx * ny, nz + 1), np.uint8)
    cell[:, 0] = LI if collector else WALL
    cell[:, 1:][occupancy.reshape(nx * ny, nz)] = LI
    keep, other = alias_table(returns(nx, ny))
    near = np.stack(lateral[2 * (nx == 1) : 2 + 2 * (ny > 1)], axis=1)
    made = Grid(cell, np.full(cell.shape, BULK), near, block, wagner, weighted, keep, other, ny)
    set_sinks(made)
    return made


@numba.njit
def set_sinks(grid):
    """Conductances of all free cells around the deposit."""
    for c in range(grid.cell.shape[0]):
        for s in range(1, int(np.nonzero(grid.cell[c])[0].max()) + 2):
            for b in grid.block[c].ravel():
                set_sink(grid, b, min(s, grid.cell.shape[1] - 1))


@numba.njit
def set_sink(grid, c, s):
    """Conductance of a free cell to its Li faces: each 1 / (W (|nx| + |ny| + |nz|) + 1/2), n the smoothed normal."""
    if s < 1 or s >= grid.cell.shape[1] - 1 or grid.cell[c, s] != FREE:
        return
    faces, solid = 0, 0
    for b in grid.near[c]:
        faces += int(grid.cell[b, s] == LI)
        solid += int(grid.cell[b, s] != FREE)
    for t in (s - 1, s + 1):
        faces += int(grid.cell[c, t] == LI)
        solid += int(grid.cell[c, t] != FREE)
    grid.sink[c, s] = BULK if solid == 0 else 0.0
    if faces == 0:
        return
    share = 1.0
    if grid.weighted:
        gx, gy, gz = 0, 0, 0
        for i in range(-1, 2):
            for j in range(-1, 2):
                for k in range(-1, 2):
                    if grid.cell[grid.block[c, i + 1, j + 1], s + k] == LI:
                        smooth = (2 - abs(i)) * (2 - abs(j)) * (2 - abs(k))
                        gx, gy, gz = gx + i * smooth, gy + j * smooth, gz + k * smooth
        gx = gx if grid.block[c, 0, 1] != c else 0
        gy = gy if grid.block[c, 1, 0] != c else 0
        if gx != 0 or gy != 0 or gz != 0:
            share = (abs(gx) + abs(gy) + abs(gz)) / np.sqrt(float(gx * gx + gy * gy + gz * gz))
    grid.sink[c, s] = faces / (grid.wagner * share + 0.5)


@numba.njit
def walk(grid, top, rng):
    """Where one walker from above is absorbed (column, plane), and its steps."""
    return walk_from(grid, top, int(rng.random() * grid.cell.shape[0]), top + 1, rng)


@numba.njit
def walk_from(grid, top, c, s, rng):
    """Where a walker from a free cell is absorbed (column, plane), and its steps."""
    columns, launch, lateral, ny = grid.cell.shape[0], top + 1, grid.near.shape[1], grid.ny
    nx, steps = columns // ny, 0
    while True:
        steps += 1
        sink = grid.sink[c, s]
        if sink == BULK:
            link = int(rng.random() * (lateral + 2))
        else:
            free = int(grid.cell[c, s - 1] == FREE) + int(grid.cell[c, s + 1] == FREE)
            for b in grid.near[c]:
                free += int(grid.cell[b, s] == FREE)
            left = rng.random() * (free + sink) - sink
            if left < 0:
                return c, s, steps
            link = -1
            while left >= 0 and link < lateral + 1:
                link += 1
                if link < lateral:
                    beyond = grid.cell[grid.near[c, link], s]
                else:
                    beyond = grid.cell[c, s - 1 if link == lateral else s + 1]
                left -= int(beyond == FREE)
        if link < lateral:
            c = grid.near[c, link]
        elif link == lateral:
            s -= 1
        elif s < launch:
            s += 1
        else:  # into the half space above, and back
            i = int(rng.random() * columns)
            if rng.random() >= grid.keep[i]:
                i = grid.other[i]
            x, y = (c // ny + i // ny) % nx, (c % ny + i % ny) % ny
            c = x * ny + y


@numba.njit
def tally(grid, top, walkers, rng, counts):
    """Add to `counts` (columns, planes) where that many walkers are absorbed while the deposit stays as it is."""
    for _ in range(walkers):
        c, s, _ = walk(grid, top, rng)
        counts[c, s] += 1


@numba.njit
def grow(grid, top, voxels, rng):
    """Let `voxels` walkers stick; returns (highest plane with Li, steps made, voxels placed)."""
    steps = 0
    for n in range(voxels):
        if top + 3 >= grid.cell.shape[1]:
            return top, steps, n
        c, s, made = walk(grid, top, rng)
        steps += made
        grid.cell[c, s] = LI
        top = max(top, s)
        for b in grid.block[c].ravel():
            for t in range(s - 1, s + 2):
                set_sink(grid, b, t)
    return top, steps, voxels


def deposit(
    nx: int, ny: int, nz: int, voxels: int, wagner: float, seed: int, weighted: bool = False
) -> NDArray[np.bool_]:
    """Occupancy (nx, ny, nz) of a deposit of that many voxels on a bare collector; wagner: Wagner length in voxels."""
    start = grid(np.zeros((nx, ny, nz), np.bool_), wagner, weighted)
    top, _, placed = grow(start, 0, voxels, np.random.Generator(np.random.PCG64(seed)))
    if placed < voxels:
        raise ValueError(f"the box of {nz} planes is full after {placed} of {voxels} voxels")
    return start.cell[:, 1:].reshape(nx, ny, nz) == LI


# The comparison

METRICS = ("thickness", "Sq", "porosity", "mean height")


def measures(occupancy: NDArray[np.bool_]) -> tuple[float, ...]:
    """Mean column top, its root mean square roughness, porosity below it, mean height of the metal; in voxels."""
    heights = np.where(occupancy.any(axis=2), occupancy.shape[2] - np.argmax(occupancy[:, :, ::-1], axis=2), 0)
    porosity = 1 - occupancy.sum() / heights.sum()
    return float(heights.mean()), float(heights.std()), float(porosity), float(np.nonzero(occupancy)[2].mean() + 0.5)


class Case(NamedTuple):
    """What is grown: on a bare collector, lengths in voxels."""

    nx: int
    ny: int
    delta_over_W: float
    monolayers: int = 8
    face_area_weights: bool = False

    @property
    def planes(self) -> int:
        """Room enough: the more open, the higher a deposit grows."""
        return round(self.monolayers * (16 if self.delta_over_W < 1 else 60) * (1 + (self.ny == 1))) + 40

    def by_twin(self, seed: int) -> NDArray[np.bool_]:
        voxels = self.monolayers * self.nx * self.ny
        return deposit(self.nx, self.ny, self.planes, voxels, 1 / self.delta_over_W, seed, self.face_area_weights)

    def by_engine(self, seed: int, tolerance: float | None = None) -> NDArray[np.bool_]:
        """The engine's deposit: by its field with field.tolerance = `tolerance` (share), by its walkers for None."""
        from kmc_li import Parameters, simulate

        numerics = {"method": "walkers"} if tolerance is None else {"method": "multigrid", "tolerance": tolerance}
        primary = np.isinf(self.delta_over_W)
        parameters = Parameters.from_dict(
            {
                "lattice": {"nx": self.nx, "ny": self.ny, "nz": self.planes, "voxel_um": 0.25},
                "electrolyte": {
                    "conductivity_S_m": 1.0 if primary else 0.25e-6 / self.delta_over_W / 2e-3,
                    "charge_transfer_resistance_ohm_cm2": 0.0 if primary else 20.0,
                },
                "plating": {"current_density_mA_cm2": 1.0, "face_area_weights": self.face_area_weights},
                "field": numerics | {"samples": 0},
                "stop": {"events": self.monolayers * self.nx * self.ny},
                "output": {"series_points": 1, "snapshots": 0},
            }
        )
        run = simulate(parameters, seed)
        if run.finished != "events":
            raise ValueError(str(run.finished))
        return run.occupancy


def table(groups: dict[str, NDArray[np.float64]], metrics: tuple[str, ...] = METRICS) -> str:
    """Mean and standard error of each group (seeds, metrics); how far from the first group, in standard errors."""
    lines = ["| " + " | ".join(("grown by", *metrics)) + " |", "|---" * (1 + len(metrics)) + "|"]
    exact = next(iter(groups.values()))
    for name, values in groups.items():
        cells = []
        for mean, error, z in zip(values.mean(axis=0), standard_error(values), apart(values, exact), strict=True):
            cells.append(f"{mean:.4g} ± {error:.2g}" + ("" if values is exact else f" ({z:+.1f} σ)"))
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def standard_error(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(values.std(axis=0, ddof=1) / np.sqrt(len(values)))


def apart(values: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Difference of the means over its standard error, metric by metric; 0 where both are one constant."""
    error = np.hypot(standard_error(values), standard_error(others))
    difference = np.asarray(values.mean(axis=0) - others.mean(axis=0))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(difference == 0, 0.0, difference / error)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--columns", type=int, default=64, metavar="N", help="columns along x [64]")
    parser.add_argument("--rows", type=int, metavar="N", help="columns along y [as along x]; 1 is 2-D")
    parser.add_argument("--delta-over-W", type=float, default=0.3, metavar="X", help="voxel over Wagner length [0.3]")
    parser.add_argument("--monolayers", type=int, default=8, metavar="N", help="voxels a column [8]")
    parser.add_argument("--weights", action="store_true", help="face-area weights, in twin and engine")
    parser.add_argument("--seeds", type=int, default=16, metavar="N", help="deposits of the twin, >= 2 [16]")
    parser.add_argument("--walkers", action="store_true", help="the engine's walkers, too")
    parser.add_argument("--field", type=float, nargs="*", default=[], metavar="PERCENT", help="its field at these")
    parser.add_argument("--engine-seeds", type=int, metavar="N", help="deposits of each of these [as of the twin]")
    parser.add_argument("--json", metavar="FILE", help="write every deposit's measures there too")
    options = parser.parse_args()
    rows = options.columns if options.rows is None else options.rows
    case = Case(options.columns, rows, options.delta_over_W, options.monolayers, options.weights)
    ways: dict[str, tuple[int, Callable[[Case, int], NDArray[np.bool_]]]] = {"twin": (options.seeds, Case.by_twin)}
    count = options.engine_seeds or options.seeds
    if options.walkers:
        ways["engine, walkers"] = count, Case.by_engine
    for percent in options.field:
        ways[f"engine, field at {percent:g} %"] = count, partial(Case.by_engine, tolerance=percent / 100)
    groups, took = {}, []
    for name, (seeds, grow_one) in ways.items():
        grow_one(case._replace(monolayers=1), 0)  # compiles
        start = time.process_time()
        groups[name] = np.array([measures(grow_one(case, seed)) for seed in range(seeds)])
        took.append(time.process_time() - start)
    print(table(groups))
    for name, cpu_s in zip(groups, took, strict=True):
        print(f"{name}: {cpu_s / len(groups[name]):.2f} CPU s a deposit")
    if options.json:
        Path(options.json).write_text(json.dumps({name: values.tolist() for name, values in groups.items()}) + "\n")


if __name__ == "__main__":
    sys.exit(main())
