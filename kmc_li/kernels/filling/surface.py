"""The smooth surface of partly full voxels: its normal, its curvature, and where it is.

The share of Li is smoothed by binomial weights over five voxels in each direction (a Gaussian of one voxel). The level
lines of that are the surface: they know of heights far below a voxel, and hardly of the lattice's directions.
"""

import math

import numpy as np

from kmc_li.kernels.base.jit import leaf, njit
from kmc_li.kernels.filling.fills import NOWHERE, behind, gather, surface_cell
from kmc_li.kernels.lattice.occupancy import is_empty
from kmc_li.kernels.lattice.surface import wrapped

REACH = 4  # voxels from Li or from what is not full, within which the smoothed surface lies
EDGE = 1e-4  # shares of Li from which on up to 1 less that there is a normal
LEVEL = 0.05  # square of the distance's slope below which it has no normal: between two surfaces
WIDTH = 1.04  # of the smoothed step, which is about a Gaussian of so many voxels
FAR = 3.87  # distance at which the share is EDGE
SHARPEST = 1.0  # curvature [1/voxel]
BLUR = 0.625


@njit
def lowest(fills, box, n):
    """Plane below which nothing has a surface."""
    first, area = 1, box.nx * box.ny
    while first <= n.top_plane and fills.in_plane[first] == area:
        first += 1
    return max(first - REACH, 1)


@njit
def reach(fills, box, height):
    """How far up each column has to be looked at: `fills.end`, which never falls."""
    for x in range(box.nx):
        for y in range(box.ny):
            column, highest = x * box.ny + y, 0
            for i in range(-REACH, REACH + 1):
                base = (x + i) % box.nx * box.ny
                for j in range(-REACH, REACH + 1):
                    highest = max(highest, height[base + (y + j) % box.ny])
            fills.end[column] = max(fills.end[column], min(highest + 1 + REACH, box.ns))


@njit
def _note_shares(fills, cell, box, first):
    """Share of Li in each voxel: `work`. What a cell owes is taken from the Li behind it."""
    full = np.float32(fills.full)
    for column in range(box.nx * box.ny):
        a = column * box.ns
        for s in range(max(first - 2, 0), min(fills.end[column] + 2, box.ns)):
            volume = min(max(fills.volume[a + s], 0), fills.full) if s > 0 else fills.full
            fills.work[a + s] = np.float32(volume) / full
    for column in range(box.nx * box.ny):
        for i in range(column * box.ns + first, column * box.ns + fills.end[column]):
            if fills.volume[i] < 0 and is_empty(cell[i]):
                metal = behind(fills, cell, box, i, False)
                if metal >= 0:
                    fills.work[metal] = max(fills.work[metal] + np.float32(fills.volume[i]) / full, np.float32(0.0))


@njit
def _along_z(fills, box, first):
    """Binomial weights of five voxels; what lies below the collector counts as full."""
    part, one, four, six = np.float32(0.0625), np.float32(1.0), np.float32(4.0), np.float32(6.0)
    for column in range(box.nx * box.ny):
        a = column * box.ns
        for s in range(first, fills.end[column]):
            below = fills.work[a + s - 2] if s > 1 else one
            above = fills.work[a + s + 1] if s + 1 < box.ns else np.float32(0.0)
            higher = fills.work[a + s + 2] if s + 2 < box.ns else np.float32(0.0)
            inner = fills.work[a + s - 1] + above
            fills.depth[a + s] = part * (one * (below + higher) + four * inner + six * fills.work[a + s])


@njit
def _across(fills, box, source, target, along_x, first):
    """The same along x or y."""
    one, four, six, part = np.float32(1.0), np.float32(4.0), np.float32(6.0), np.float32(0.0625)
    size, ns = box.nx if along_x else box.ny, box.ns
    for x in range(box.nx):
        for y in range(box.ny):
            here = x if along_x else y
            height = fills.end[x * box.ny + y] - first
            at = (x * box.ny + y) * ns + first
            unit = box.ny * ns if along_x else ns
            base = at - here * unit
            p, q = base + (here - 2) % size * unit, base + (here - 1) % size * unit
            r, t = base + (here + 1) % size * unit, base + (here + 2) % size * unit
            c, out = source[at : at + height], target[at : at + height]
            c0, c1 = source[p : p + height], source[q : q + height]
            c2, c3 = source[r : r + height], source[t : t + height]
            for k in range(height):
                out[k] = part * (one * (c0[k] + c3[k]) + four * (c1[k] + c2[k]) + six * c[k])


@njit
def _copy(fills, box, source, target, first):
    for column in range(box.nx * box.ny):
        for i in range(column * box.ns + first, column * box.ns + fills.end[column]):
            target[i] = source[i]


@njit
def _smooth(fills, cell, box, first):
    """The share of Li, smoothed: `depth`. Above its `end` a column's is 0, and so is what the arrays hold there."""
    _note_shares(fills, cell, box, first)
    _along_z(fills, box, first)
    for column in range(box.nx * box.ny):  # what _along_z has left there
        for s in range(fills.end[column], min(fills.end[column] + 2, box.ns)):
            fills.work[column * box.ns + s] = np.float32(0.0)
    if box.ny > 1:
        _across(fills, box, fills.depth, fills.work, False, first)
    else:
        _copy(fills, box, fills.depth, fills.work, first)
    if box.nx > 1:
        _across(fills, box, fills.work, fills.depth, True, first)
    else:
        _copy(fills, box, fills.work, fills.depth, first)


@njit
def _find_area(fills, box, first):
    """The slope of the smoothed share of Li, which sums to 1 along a normal however rough the surface is below that."""
    c, ns = fills.depth, box.ns
    for x in range(box.nx):
        west, east = wrapped(x - 1, box.nx) * box.ny, wrapped(x + 1, box.nx) * box.ny
        for y in range(box.ny):
            south, north = wrapped(y - 1, box.ny), wrapped(y + 1, box.ny)
            o, w, e = (x * box.ny + y) * ns, (west + y) * ns, (east + y) * ns
            t, n = (x * box.ny + south) * ns, (x * box.ny + north) * ns
            for s in range(first, fills.end[x * box.ny + y]):
                i = o + s
                fills.area[i] = np.float32(0.0)
                below = np.float64(c[i - 1]) if s > first else 1.0
                above = np.float64(c[i + 1]) if s + 1 < ns else 0.0
                if max(below, above) > EDGE and min(below, above) < 1.0 - EDGE:
                    gx, gy = np.float64(c[e + s]) - np.float64(c[w + s]), np.float64(c[n + s]) - np.float64(c[t + s])
                    gz = above - below
                    fills.area[i] = np.float32(0.5 * math.sqrt(gx * gx + gy * gy + gz * gz))


@leaf
def _normal_quantile(c):
    """Standard deviations outward at which a Gaussian step has fallen to c (Page, Appl. Stat. 26, 75 (1977))."""
    odds = math.log((1.0 - c) / c)
    x = odds / 1.702
    for _ in range(2):
        x -= (1.5976 * x + 0.07056 * x * x * x - odds) / (1.5976 + 0.21168 * x * x)
    return x


@njit
def _to_distance(fills, box, first):
    """From the smoothed share of Li to the distance from the surface, which is a straight line along the normal."""
    for column in range(box.nx * box.ny):
        for i in range(column * box.ns + first, column * box.ns + fills.end[column]):
            c = np.float64(fills.depth[i])
            if c <= EDGE:
                fills.depth[i] = np.float32(0.0)
            elif c >= 1.0 - EDGE:
                fills.depth[i] = np.float32(2.0 * FAR)
            else:
                fills.depth[i] = np.float32(min(max(FAR - WIDTH * _normal_quantile(c), 0.0), 2.0 * FAR))


@njit
def _sharpen(fills, box, first):
    """Undo to first order how smoothing has flattened the surface: it moves outward by its curvature times `BLUR`."""
    for column in range(box.nx * box.ny):
        for i in range(column * box.ns + first, column * box.ns + fills.end[column]):
            if fills.area[i] > np.float32(0.0):
                moved = np.float64(fills.depth[i]) + BLUR * np.float64(fills.work[i])
                fills.depth[i] = np.float32(min(max(moved, 0.0), 2.0 * FAR))


@leaf
def _at(depth, base, s, first, ns):
    """Depth on a plane that may lie below the lowest one: the straight line goes on."""
    if s < first:
        return min(2.0 * np.float64(depth[base + first]) - np.float64(depth[base + first + 1]), 2.0 * FAR)
    return 0.0 if s >= ns else np.float64(depth[base + s])


@njit
def measure(fills, cell, box, height, first):
    """Where the surface is from plane `first` on, its normal and curvature."""
    reach(fills, box, height)
    _smooth(fills, cell, box, first)
    _find_area(fills, box, first)
    _to_distance(fills, box, first)
    _measure_levels(fills, box, first)
    _sharpen(fills, box, first)
    _measure_levels(fills, box, first)
    for x in range(box.nx):
        for y in range(box.ny):
            for s in range(first, fills.end[x * box.ny + y]):
                i = (x * box.ny + y) * box.ns + s
                if fills.area[i] > np.float32(0.0):
                    fills.curvature[i] = np.float32(_at_the_surface(fills, box, first, x, y, s))


@njit
def _at_the_surface(fills, box, first, x, y, s):
    """Curvature where the normal through a voxel's centre meets the surface."""
    d, ns, a = fills.depth, box.ns, (x * box.ny + y) * box.ns
    west, east = (wrapped(x - 1, box.nx) * box.ny + y) * ns, (wrapped(x + 1, box.nx) * box.ny + y) * ns
    south, north = (x * box.ny + wrapped(y - 1, box.ny)) * ns, (x * box.ny + wrapped(y + 1, box.ny)) * ns
    gx = 0.5 * (np.float64(d[east + s]) - np.float64(d[west + s]))
    gy = 0.5 * (np.float64(d[north + s]) - np.float64(d[south + s]))
    gz = 0.5 * (_at(d, a, s + 1, first, ns) - _at(d, a, s - 1, first, ns))
    square = max(gx * gx + gy * gy + gz * gz, 0.25)
    way = (FAR - np.float64(d[a + s])) / square
    px, py, pz = x + gx * way, y + gy * way, s + gz * way
    x0, y0, z0 = int(math.floor(px)), int(math.floor(py)), int(math.floor(pz))
    fx, fy, fz = px - x0, py - y0, pz - z0
    total, weight = 0.0, 0.0
    for i in range(2):
        base = (x0 + i) % box.nx * box.ny
        for j in range(2):
            line = (base + (y0 + j) % box.ny) * ns
            for k in range(2):
                t = z0 + k
                if first <= t < ns and fills.area[line + t] > np.float32(0.0):
                    w = (fx if i else 1.0 - fx) * (fy if j else 1.0 - fy) * (fz if k else 1.0 - fz)
                    weight += w
                    total += w * np.float64(fills.work[line + t])
    return total / weight if weight > 0.1 else np.float64(fills.work[a + s])


@njit
def _measure_levels(fills, box, first):
    """Normal at each voxel's centre, and curvature of the level line of the depth there: `work`."""
    d, ns = fills.depth, box.ns
    for x in range(box.nx):
        west, east = wrapped(x - 1, box.nx) * box.ny, wrapped(x + 1, box.nx) * box.ny
        for y in range(box.ny):
            south, north = wrapped(y - 1, box.ny), wrapped(y + 1, box.ny)
            o, w, e = (x * box.ny + y) * ns, (west + y) * ns, (east + y) * ns
            t, n = (x * box.ny + south) * ns, (x * box.ny + north) * ns
            wt, wn, et, en = (west + south) * ns, (west + north) * ns, (east + south) * ns, (east + north) * ns
            for s in range(first, fills.end[x * box.ny + y]):
                i = o + s
                fills.inward[i] = NOWHERE
                here = np.float64(d[i])
                if fills.area[i] == np.float32(0.0):
                    continue
                down, up = _at(d, o, s - 1, first, ns), _at(d, o, s + 1, first, ns)
                dw, de, dt, dn = np.float64(d[w + s]), np.float64(d[e + s]), np.float64(d[t + s]), np.float64(d[n + s])
                gx, gy, gz = 0.5 * (de - dw), 0.5 * (dn - dt), 0.5 * (up - down)
                square = gx * gx + gy * gy + gz * gz
                if square < LEVEL:
                    fills.area[i] = np.float32(0.0)
                    continue
                ax, ay, az = abs(gx), abs(gy), abs(gz)
                if az >= ax and az >= ay:
                    fills.inward[i] = 5 if gz > 0 else 4
                elif ax >= ay:
                    fills.inward[i] = 1 if gx > 0 else 0
                else:
                    fills.inward[i] = 3 if gy > 0 else 2
                xx, yy, zz = de + dw - 2.0 * here, dn + dt - 2.0 * here, up + down - 2.0 * here
                xy = np.float64(d[en + s]) + np.float64(d[wt + s])
                xy = 0.25 * (xy - np.float64(d[et + s]) - np.float64(d[wn + s]))
                xz = _at(d, e, s + 1, first, ns) + _at(d, w, s - 1, first, ns)
                xz = 0.25 * (xz - _at(d, e, s - 1, first, ns) - _at(d, w, s + 1, first, ns))
                yz = _at(d, n, s + 1, first, ns) + _at(d, t, s - 1, first, ns)
                yz = 0.25 * (yz - _at(d, n, s - 1, first, ns) - _at(d, t, s + 1, first, ns))
                along = gx * gx * xx + gy * gy * yy + gz * gz * zz + 2.0 * (gx * gy * xy + gx * gz * xz + gy * gz * yz)
                curvature = (along - square * (xx + yy + zz)) / (square * math.sqrt(square))
                fills.work[i] = np.float32(min(max(curvature, -SHARPEST), SHARPEST))


@njit
def look(box, state):
    """Measure the surface as it is now, and gather what lies off it; returns the plane below which there is none."""
    fills = state.method.fills
    first = lowest(fills, box, state.counters[0])
    measure(fills, state.lattice.cell, box, state.lattice.height, first)
    gather(box, state, first)
    _find_carriers(fills, state.lattice.cell, box, first)
    return first


@njit
def _find_carriers(fills, cell, box, first):
    """Let each cell of the surface stand for the area on its normal, and carry what happens there."""
    for column in range(box.nx * box.ny):
        for i in range(column * box.ns + first, column * box.ns + fills.end[column]):
            if fills.carried[i] > np.float32(0.0):  # without area a cell conducts nothing, and nothing is kept of it
                fills.carried[i], fills.conductance[i] = np.float32(0.0), 0.0
    for column in range(box.nx * box.ny):
        for i in range(column * box.ns + first, column * box.ns + fills.end[column]):
            if fills.area[i] > np.float32(0.0):
                other = surface_cell(fills, cell, box, i)
                if other < 0:
                    fills.area[i] = np.float32(0.0)
                else:
                    fills.carrier[i] = other
                    fills.carried[other] += fills.area[i]
