"""Deposits under a pressed layer, grown step by step with the field solved anew after every event.

A study's layer presses as docs/model.md says: the rest plane z0 solves mean clip(K (z - z0), 0, H) = p_stack, faces of
metal at pressure p are shifted by V, faces whose current is negative dissolve, and metal without a path to the
collector is dead. No code is shared with the engine; `layer_check.py` compares the two. The half space above is exact:
what leaves the highest plane upwards comes back to it by the law of the periodic half lattice (twin.py).

Lengths are in voxels, currents in that through one column, potentials in j voxel / kappa.
"""

from typing import NamedTuple

import numba
import numpy as np
import twin
from numpy.typing import NDArray
from scipy import constants

from kmc_li import Parameters

FREE, LI, DEAD = 0, 1, 2
RESIDUAL = 1e-7  # sum |residual| over the current


class Constants(NamedTuple):
    """A study in voxels."""

    wagner: float
    weighted: bool
    strip: bool
    stack_pressure: float  # of 1 a voxel of compression
    hardness: float
    shift: float  # of a face at pressure 1
    thickness: float
    conductivity: float  # of the layer over the electrolyte's


class Medium(NamedTuple):
    """The lattice and what its cells conduct; plane 0 is the collector."""

    cell: np.ndarray  # uint8 (columns, planes)
    near: np.ndarray  # int64 (columns, 2 or 4)
    block: np.ndarray  # int64 (columns, 3, 3)
    back: np.ndarray  # float64 (columns, columns): where what leaves the highest plane upwards comes back
    face: np.ndarray  # float64 (columns, planes): conductance of each face of a cell to Li
    sink: np.ndarray  # that of all its faces
    source: np.ndarray  # sum of conductance times shift
    kappa: np.ndarray  # float64 (planes,)
    phi: np.ndarray  # float64 (columns, planes)
    scratch: np.ndarray  # float64 (4, columns, planes)


def constants_of(p: Parameters) -> Constants:
    """From the values that a study file holds, in SI."""
    voxel, kappa = p.lattice.voxel_um * 1e-6, p.electrolyte.conductivity_S_m
    unit_V = 10 * p.plating.current_density_mA_cm2 * voxel / kappa
    wagner = kappa * p.electrolyte.charge_transfer_resistance_ohm_cm2 * 1e-4 / voxel
    layer, metal = p.layer, p.metal
    if layer is None:
        return Constants(wagner, p.plating.face_area_weights, p.plating.strip, 0.0, 0.0, 0.0, 0.0, 1.0)
    nu = layer.poisson_ratio
    modulus = layer.modulus_GPa * 1e9 * ((1 - nu) / ((1 + nu) * (1 - 2 * nu)) if layer.clamped else 1.0)
    pascal = modulus / (layer.thickness_um * 1e-6) * voxel  # pressure 1
    depth = (layer.thickness_um if layer.stressed_depth_um is None else layer.stressed_depth_um) * 1e-6
    charge = -layer.orientation * layer.d33_pC_N * 1e-12 * layer.unscreened_share
    piezo = charge * depth / (constants.epsilon_0 * layer.relative_permittivity)
    faraday = metal.charge_number * constants.value("Faraday constant")
    monroe_newman = metal.molar_volume_cm3_mol * 1e-6 / faraday if layer.pressure_term else 0.0
    return Constants(
        wagner,
        p.plating.face_area_weights,
        p.plating.strip,
        layer.stack_pressure_MPa * 1e6 / pascal,
        metal.hardness_MPa * 1e6 / pascal,
        (piezo + monroe_newman) * pascal / unit_V,
        layer.thickness_um * 1e-6 / voxel,
        1.0 if layer.conductivity_S_m is None else layer.conductivity_S_m / kappa,
    )


def medium(occupancy: NDArray[np.bool_]) -> Medium:
    """The lattice of a deposit (nx, ny, nz), dead metal marked, nothing else known yet."""
    nx, ny, nz = occupancy.shape
    bare = twin.grid(np.zeros((nx, ny, 1), np.bool_), 1.0)  # neighbours only
    cell = np.zeros((nx * ny, nz + 1), np.uint8)
    cell[:, 0] = LI
    cell[:, 1:][occupancy.reshape(nx * ny, nz)] = LI
    x, y = np.divmod(np.arange(nx * ny), ny)
    back = twin.returns(nx, ny)[(x - x[:, None]) % nx, (y - y[:, None]) % ny]
    fields = [np.zeros(cell.shape) for _ in range(3)]
    made = Medium(
        cell, bare.near, bare.block, back, *fields, np.ones(nz + 1), np.zeros(cell.shape), np.zeros((4, *cell.shape))
    )
    mark_dead(made)
    return made


@numba.njit
def mark_dead(m):
    """Metal that has no path to the collector is dead, all other is not."""
    columns, planes = m.cell.shape
    for c in range(columns):
        for s in range(1, planes):
            if m.cell[c, s] != FREE:
                m.cell[c, s] = DEAD
    todo = [(c, 0) for c in range(columns)]
    while len(todo) > 0:
        c, s = todo.pop()
        for b in m.near[c]:
            if m.cell[b, s] == DEAD:
                m.cell[b, s] = LI
                todo.append((b, s))
        for t in (s - 1, s + 1):
            if 0 < t < planes and m.cell[c, t] == DEAD:
                m.cell[c, t] = LI
                todo.append((c, t))


@numba.njit
def rest_plane(k, heights):
    """z0 at which the mean of clip(height - z0, 0, H) is the stack's pressure: it is linear between its kinks."""
    kinks = np.sort(np.concatenate((heights, heights - k.hardness)))[::-1]
    above, pressure = kinks[0], 0.0
    for z in kinks:
        mean = 0.0
        for h in heights:
            mean += min(max(h - z, 0.0), k.hardness)
        mean /= heights.size
        if mean >= k.stack_pressure:
            return above + (z - above) * (k.stack_pressure - pressure) / (mean - pressure)  # mean(kinks[0]) is 0
        above, pressure = z, mean
    return -np.inf  # harder than the metal bears


@numba.njit
def press(m, k):
    """Press the layer on the deposit: (rest plane, plane on which the current enters), conductivity of the planes."""
    columns, planes = m.cell.shape
    heights = np.zeros(columns)
    for c in range(columns):
        for s in range(1, planes):
            if m.cell[c, s] != FREE:
                heights[c] = s
    rest = np.inf if k.stack_pressure <= 0.0 else rest_plane(k, heights)
    end = int(heights.max()) + 1
    m.kappa[:] = 1.0
    if k.conductivity != 1.0:
        end = max(end, int(np.ceil(rest + k.thickness)) + 1)
        for s in range(1, planes):
            inside = min(float(s), rest + k.thickness) - max(s - 1.0, rest)
            m.kappa[s] += (k.conductivity - 1.0) * min(max(inside, 0.0), 1.0)
    return rest, end


@numba.njit
def shift(k, rest, height):
    return k.shift * min(max(height - rest, 0.0), k.hardness)


@numba.njit
def set_faces(m, k, rest, end):
    """Conductance of the faces of all cells, and what their shifts send back."""
    columns = m.cell.shape[0]
    for c in range(columns):
        for s in range(1, end + 1):
            m.sink[c, s], m.source[c, s], m.face[c, s] = 0.0, 0.0, 0.0
            if m.cell[c, s] != FREE:
                continue
            count, shifts = 0, 0.0
            for b in m.near[c]:
                if m.cell[b, s] == LI:
                    count += 1
                    shifts += shift(k, rest, s - 0.5)
            for t, height in ((s - 1, s - 1.0), (s + 1, s + 0.0)):
                if m.cell[c, t] == LI:
                    count += 1
                    shifts += shift(k, rest, height)
            if count > 0:
                ratio = steepness(m, c, s) if k.weighted else 1.0
                m.face[c, s] = 1.0 / (k.wagner * ratio + 0.5 / m.kappa[s])
                m.sink[c, s], m.source[c, s] = count * m.face[c, s], shifts * m.face[c, s]


@numba.njit
def steepness(m, c, s):
    """|nx| + |ny| + |nz| of the normal of the occupancy smoothed by (1, 2, 1) each way."""
    x, y, z = 0, 0, 0
    for i in range(-1, 2):
        for j in range(-1, 2):
            for t in range(-1, 2):
                if m.cell[m.block[c, i + 1, j + 1], s + t] != FREE:
                    weight = (2 - abs(i)) * (2 - abs(j)) * (2 - abs(t))
                    x, y, z = x + i * weight, y + j * weight, z + t * weight
    x = 0 if m.block[c, 0, 1] == c else x  # an axis of one column has no slope
    y = 0 if m.block[c, 1, 0] == c else y
    return (abs(x) + abs(y) + abs(z)) / np.sqrt(float(x * x + y * y + z * z)) if x != 0 or y != 0 or z != 0 else 1.0


@numba.njit
def apply(m, end, v, out):
    """out = A v, what leaves each cell at the potential v, for the planes 1 to end."""
    columns = m.cell.shape[0]
    for c in range(columns):
        for s in range(1, end + 1):
            if m.cell[c, s] != FREE:
                continue
            flow = m.sink[c, s] * v[c, s]
            for b in m.near[c]:
                if m.cell[b, s] == FREE:
                    flow += m.kappa[s] * (v[c, s] - v[b, s])
            for t in (s - 1, s + 1):
                if t <= end and m.cell[c, t] == FREE:
                    flow += 2.0 / (1.0 / m.kappa[s] + 1.0 / m.kappa[t]) * (v[c, s] - v[c, t])
            out[c, s] = flow
        out[c, end] += v[c, end]
        for b in range(columns):
            out[c, end] -= m.back[c, b] * v[b, end]


@numba.njit
def solve(m, end):
    """Conjugate gradients, Jacobi's preconditioner, from the potential before; returns the iterations."""
    columns = m.cell.shape[0]
    r, z, p, q = m.scratch
    for c in range(columns):
        for s in range(m.cell.shape[1]):
            if m.cell[c, s] != FREE or s > end:
                m.phi[c, s] = 0.0
    apply(m, end, m.phi, q)
    p[:], rho, size = 0.0, 1.0, 0.0
    for c in range(columns):
        for s in range(1, end + 1):
            r[c, s] = m.source[c, s] + int(s == end) - q[c, s] if m.cell[c, s] == FREE else 0.0
            size += abs(r[c, s])
    done = 0
    while size > RESIDUAL * columns:
        if done == 20_000:
            raise ValueError("the potential does not converge")
        before, rho = rho, 0.0
        for c in range(columns):
            for s in range(1, end + 1):
                z[c, s] = r[c, s] / (m.sink[c, s] + 4.0)  # about the diagonal
                rho += r[c, s] * z[c, s]
        for c in range(columns):
            for s in range(1, end + 1):
                p[c, s] = z[c, s] + (rho / before if done > 0 else 0.0) * p[c, s]
        apply(m, end, p, q)
        curvature = 0.0
        for c in range(columns):
            for s in range(1, end + 1):
                if m.cell[c, s] == FREE:
                    curvature += p[c, s] * q[c, s]
        size = 0.0
        for c in range(columns):
            for s in range(1, end + 1):
                if m.cell[c, s] == FREE:
                    m.phi[c, s] += rho / curvature * p[c, s]
                    r[c, s] -= rho / curvature * q[c, s]
                    size += abs(r[c, s])
        done += 1
    return done


@numba.njit
def rates(m, k, rest, end, out):
    """out[column, plane]: current by which a free cell plates or Li dissolves, both >= 0."""
    out[:] = 0.0
    columns = m.cell.shape[0]
    for c in range(columns):
        for s in range(1, end + 1):
            if m.face[c, s] == 0.0:
                continue
            for b in m.near[c]:
                if m.cell[b, s] == LI:
                    one_face(m, k, c, s, b, s, shift(k, rest, s - 0.5), out)
            for t, height in ((s - 1, s - 1.0), (s + 1, s + 0.0)):
                if m.cell[c, t] == LI:
                    one_face(m, k, c, s, c, t, shift(k, rest, height), out)


@numba.njit
def one_face(m, k, c, s, b, t, V, out):
    current = m.face[c, s] * (m.phi[c, s] - V)
    if current > 0.0:
        out[c, s] += current
    elif k.strip and t > 0:
        out[b, t] -= current


@numba.njit
def grow(m, k, events, rng, out):
    """Let `events` voxels plate or dissolve: (plated, stripped, time in monolayers of the set current)."""
    plated, stripped, time = 0, 0, 0.0
    for _ in range(events):
        rest, end = press(m, k)
        if end + 1 >= m.cell.shape[1]:
            raise ValueError("the box is full")
        set_faces(m, k, rest, end)
        solve(m, end)
        rates(m, k, rest, end, out)
        total = out.sum()
        time -= np.log1p(-rng.random()) / total
        left, chosen = rng.random() * total, -1
        for i in range(out.size):
            if out.flat[i] > 0.0:
                chosen = i
                left -= out.flat[i]
                if left < 0.0:
                    break
        c, s = chosen // m.cell.shape[1], chosen % m.cell.shape[1]
        if m.cell[c, s] == FREE:
            m.cell[c, s] = LI
            plated += 1
        else:
            m.cell[c, s] = FREE
            stripped += 1
        if stripped > 0:
            mark_dead(m)
    return plated, stripped, time


class Grown(NamedTuple):
    """A deposit and how it came about."""

    occupancy: NDArray[np.bool_]  # (nx, ny, nz)
    dead: int
    plated: int
    stripped: int
    time: float  # in which the set current makes so many monolayers


def deposit(k: Constants, nx: int, ny: int, nz: int, events: int, seed: int) -> Grown:
    """A deposit of that many events on a bare collector."""
    m = medium(np.zeros((nx, ny, nz), np.bool_))
    rng = np.random.Generator(np.random.PCG64(seed))
    counts = grow(m, k, events, rng, np.zeros(m.cell.shape))
    return Grown(m.cell[:, 1:].reshape(nx, ny, nz) != FREE, int((m.cell == DEAD).sum()), *counts)


def currents(occupancy: NDArray[np.bool_], k: Constants) -> tuple[NDArray[np.float64], float]:
    """Current by which each voxel (nx, ny, nz) of a frozen deposit plates or dissolves, and the rest plane."""
    m = medium(np.pad(occupancy, ((0, 0), (0, 0), (0, 4 + int(k.thickness)))))
    rest, end = press(m, k)
    set_faces(m, k, rest, end)
    solve(m, end)
    out = np.zeros(m.cell.shape)
    rates(m, k, rest, end, out)
    return out[:, 1 : occupancy.shape[2] + 1].reshape(occupancy.shape), rest
