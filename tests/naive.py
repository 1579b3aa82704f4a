"""Slow, plain twins of the kernels, written from MODEL and not from them: loops over voxels, SI units, no tricks."""

import itertools

import numpy as np
from scipy.sparse import bmat, csr_matrix, diags, lil_matrix
from scipy.sparse.linalg import spsolve

SIDES = ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1))


def neighbors(shape, voxel):
    """(voxel beyond, direction) of the faces of a voxel; below the box is the collector, written as z = -1."""
    for side in SIDES:
        if any(step and size == 1 for step, size in zip(side[:2], shape[:2], strict=True)):
            continue  # an axis of one voxel has no faces
        x, y, z = (a + b for a, b in zip(voxel, side, strict=True))
        if z < shape[2]:
            yield (x % shape[0], y % shape[1], z), side


def is_li(occupancy, voxel):
    return voxel[2] < 0 or bool(occupancy[voxel])


def area_weight(occupancy, voxel):
    """1/(|nx| + |ny| + |nz|), n the direction of the occupancy's gradient smoothed over 3 x 3 x 3 voxels."""
    nx, ny, nz = occupancy.shape
    gradient = np.zeros(3)
    for offset in itertools.product((-1, 0, 1), repeat=3):
        x, y, z = (a + b for a, b in zip(voxel, offset, strict=True))
        if z < nz and is_li(occupancy, (x % nx, y % ny, z)):
            gradient += np.array(offset) * np.prod([2 - abs(d) for d in offset])
    gradient[[nx == 1, ny == 1, False]] = 0
    if not gradient.any():
        return 1.0
    return np.linalg.norm(gradient) / np.abs(gradient).sum()


def solve_field(
    occupancy, voxel_m, kappa_S_m, resistance_ohm_m2, current_A_m2, shift_V=lambda z: 0.0, weights=True, insulating=None,
    top_V=None,
):
    """(potential (nx, ny, nz), Li faces as (empty voxel, Li voxel, current)) of the Robin problem, by a direct solution.

    kappa_S_m: (nz,). shift_V(height of a face's center [m]). A current above 0 plates; a Li voxel of z = -1 is the collector.
    insulating: bool (nx, ny, nz), Li that takes no current. top_V: of the top's upper face, in place of a current.
    """
    shape = occupancy.shape
    number = {voxel: i for i, voxel in enumerate(map(tuple, np.argwhere(~occupancy).tolist()))}
    matrix, right = lil_matrix((len(number), len(number))), np.zeros(len(number))
    faces = []
    for voxel, i in number.items():
        kappa = kappa_S_m[voxel[2]]
        for other, side in neighbors(shape, voxel):
            if insulating is not None and other[2] >= 0 and insulating[other]:
                continue
            if is_li(occupancy, other):
                weight = area_weight(occupancy, voxel) if weights else 1.0
                conductance = voxel_m**2 / (resistance_ohm_m2 / weight + voxel_m / (2 * kappa))
                held = float(shift_V((voxel[2] + 0.5 + 0.5 * side[2]) * voxel_m))
                matrix[i, i] += conductance
                right[i] += conductance * held
                faces.append((voxel, other, conductance, held))
            else:
                beyond = kappa_S_m[other[2]]
                conductance = voxel_m * 2 * kappa * beyond / (kappa + beyond)
                matrix[i, i] += conductance
                matrix[i, number[other]] -= conductance
        if voxel[2] == shape[2] - 1 and top_V is None:
            right[i] += current_A_m2 * voxel_m**2
        elif voxel[2] == shape[2] - 1:
            matrix[i, i] += 2 * kappa * voxel_m
            right[i] += 2 * kappa * voxel_m * top_V
    potential = np.zeros(shape)
    potential[~occupancy] = spsolve(matrix.tocsc(), right)
    return potential, [(voxel, li, c * (potential[voxel] - held)) for voxel, li, c, held in faces]


def solve_butler_volmer(
    occupancy, voxel_m, kappa_S_m, series_ohm_m2, exchange_A_m2, alphas, thermal_V, current_A_m2, shift_V=lambda z: 0.0,
    top_V=None,
):
    """The same with i0 [exp(alpha_c eta/thermal) - exp(-alpha_a eta/thermal)] in series with a resistance.

    Newton's method in all potentials and all overpotentials of faces together.
    """
    shape = occupancy.shape
    linear = thermal_V / (sum(alphas) * exchange_A_m2)
    start, known = solve_field(
        occupancy, voxel_m, kappa_S_m, series_ohm_m2 + linear, current_A_m2, shift_V, True, None, top_V
    )
    number = {voxel: i for i, voxel in enumerate(map(tuple, np.argwhere(~occupancy).tolist()))}
    held, beside, area, held_at = [], [], [], []
    for voxel, i in number.items():
        for other, side in neighbors(shape, voxel):
            if is_li(occupancy, other):
                weight = area_weight(occupancy, voxel)
                held.append(float(shift_V((voxel[2] + 0.5 + 0.5 * side[2]) * voxel_m)))
                area.append(weight * voxel_m**2)
                beside.append((series_ohm_m2 / weight + voxel_m / (2 * kappa_S_m[voxel[2]])) / voxel_m**2)
                held_at.append(i)
    held, beside, area = map(np.array, (held, beside, area))
    cells, faces = len(number), len(held)
    links, right = lil_matrix((cells, cells)), np.zeros(cells)
    for voxel, i in number.items():
        kappa = kappa_S_m[voxel[2]]
        for other, _ in neighbors(shape, voxel):
            if not is_li(occupancy, other):
                beyond = kappa_S_m[other[2]]
                conductance = voxel_m * 2 * kappa * beyond / (kappa + beyond)
                links[i, i] += conductance
                links[i, number[other]] -= conductance
        if voxel[2] == shape[2] - 1 and top_V is None:
            right[i] += current_A_m2 * voxel_m**2
        elif voxel[2] == shape[2] - 1:
            links[i, i] += 2 * kappa * voxel_m
            right[i] += 2 * kappa * voxel_m * top_V
    links = links.tocsr()
    into = csr_matrix((np.ones(faces), (held_at, np.arange(faces))), (cells, faces))
    potential = start[~occupancy]
    eta = np.array([c for *_, c in known]) / area * linear
    forward, back = alphas[0] / thermal_V, alphas[1] / thermal_V
    for _ in range(100):
        current = area * exchange_A_m2 * (np.exp(forward * eta) - np.exp(-back * eta))
        rise = area * exchange_A_m2 * (forward * np.exp(forward * eta) + back * np.exp(-back * eta))
        wrong = np.concatenate(
            [links @ potential + into @ current - right, eta + beside * current + held - into.T @ potential]
        )
        jacobian = bmat([[links, into @ diags(rise)], [-into.T, diags(1 + beside * rise)]])
        step = spsolve(jacobian.tocsc(), -wrong)
        most = np.abs(step[cells:]).max()
        share = min(1.0, 2 * thermal_V / most) if most > 0 else 1.0
        potential, eta = potential + share * step[:cells], eta + share * step[cells:]
        if np.abs(step).max() < 1e-12 * np.abs(potential).max():
            break
    else:
        raise ArithmeticError("Newton's method did not settle")
    current = area * exchange_A_m2 * (np.exp(forward * eta) - np.exp(-back * eta))
    return [(voxel, li, float(i)) for (voxel, li, _), i in zip(known, current, strict=True)]


def net_current(shape, faces):
    """Current into the Li faces of each empty voxel, less what dissolves there."""
    net = np.zeros(shape)
    for voxel, _, current in faces:
        net[voxel] += current
    return net


def event_currents(shape, faces):
    """What drives events: of each empty voxel the faces that plate, of each Li voxel the faces that dissolve."""
    events = np.zeros(shape)
    for voxel, li, current in faces:
        if current > 0:
            events[voxel] += current
        elif li[2] >= 0:
            events[li] -= current
    return events


def rest_plane(heights, stack_pressure, stiffness, hardness):
    """z0 at which the mean over columns of clip(K (height - z0), 0, H) is the stack's pressure, by trying intervals.

    Between neighboring breaks (a height, or a height less H/K) the mean is linear in z0.
    """
    heights = np.asarray(heights, float).ravel()

    def mean(z0):
        return np.clip(stiffness * (heights - z0), 0, hardness).mean()

    breaks = np.unique(np.concatenate([heights, heights - hardness / stiffness]))
    for low, high in itertools.pairwise(breaks):
        if mean(low) >= stack_pressure >= mean(high):
            share = (mean(low) - stack_pressure) / (mean(low) - mean(high)) if mean(low) > mean(high) else 0.0
            return low + share * (high - low)
    raise ValueError("the stack presses harder than the metal can bear")


def draw(rates, u):
    """Index with probability rate / sum, from a uniform number: the cumulative sum searched from its start."""
    cumulative = np.cumsum(np.asarray(rates, float))
    return int(np.searchsorted(cumulative, u * cumulative[-1], side="right"))


def hops(occupancy):
    """(voxel, target, Li neighbors before) of each hop there is, once for each direction."""
    for voxel in map(tuple, np.argwhere(occupancy).tolist()):
        beside = [other for other, _ in neighbors(occupancy.shape, voxel)]
        held = sum(is_li(occupancy, other) for other in beside)
        if voxel[2] == occupancy.shape[2] - 1:
            raise ValueError("the box must be higher than its deposit")
        for target in beside:
            if held == 0 or is_li(occupancy, target):
                continue
            if any(is_li(occupancy, o) and o != voxel for o, _ in neighbors(occupancy.shape, target)):
                yield voxel, target, held


def bonds(occupancy):
    """Pairs of Li that touch, those with the collector included."""
    voxels = map(tuple, np.argwhere(occupancy).tolist())
    found = [other for voxel in voxels for other, _ in neighbors(occupancy.shape, voxel) if is_li(occupancy, other)]
    return sum(0.5 if other[2] >= 0 else 1.0 for other in found)
