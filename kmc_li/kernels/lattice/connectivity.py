"""Which Li has an electronic path to the collector, kept while voxels come and go; the rest is marked DEAD.

A voxel that leaves can cut others off only if its live neighbours are not joined around it. That is looked up in the
cube of 27 voxels first. If the cube cannot tell, searches start from all separate neighbours at once, a step each in
turn and downward first, so that the effort is that of the smaller part. A voxel that comes may join dead Li to live.

Li is joined through faces, periodically in x and y; the collector is one conductor.
"""

from typing import NamedTuple

import numpy as np

from kmc_li.kernels.base.jit import hidden, leaf, njit
from kmc_li.kernels.lattice.occupancy import DEAD, around, is_li
from kmc_li.kernels.lattice.surface import is_live

FACES = 6
Z0 = sum(1 << (9 * i + 3 * j) for i in range(3) for j in range(3))  # bits of the cube's lowest plane
Y0 = sum(1 << (9 * i + k) for i in range(3) for k in range(3))
ALL = (1 << 27) - 1
AWAY_Z, AWAY_Y = ALL ^ Z0, ALL ^ Y0
BACK_Z, BACK_Y = ALL ^ (Z0 << 2), ALL ^ (Y0 << 6)
UNKNOWN, LIVE, LOST = 0, 1, 2


class Search(NamedTuple):
    """Scratch; pages that no search reaches are never taken."""

    mark: np.ndarray  # uint8 (voxels,): 1 + the start from which a voxel was reached; 0 between searches
    voxel: np.ndarray  # int32 (voxels,): voxels in the order they were reached
    under: np.ndarray  # int32 (voxels,): what lies below an entry on its stack, -1 at the end
    stack: np.ndarray  # int64 (6,): top entry of the stack of each start
    root: np.ndarray  # int64 (6,): starts that met share one
    fate: np.ndarray  # int64 (6,): of a root


class NoSearch(NamedTuple):
    """Where no Li can lose its contact, none is followed."""

    none: int


def allocate(voxels: int) -> Search:
    """Scratch for a lattice of so many voxels."""
    return Search(
        np.zeros(voxels, np.uint8),
        np.zeros(voxels, np.int32),
        np.zeros(voxels, np.int32),
        *[np.zeros(FACES, np.int64) for _ in range(3)],
    )


@leaf
def faces(box, voxel):
    """The six neighbours of a voxel, the one below last (periodic; a one-column axis gives the voxel itself)."""
    column = voxel // box.ns
    s = voxel - column * box.ns
    west, east, south, north = around(box, column)
    ns = box.ns
    return voxel + 1, west * ns + s, east * ns + s, south * ns + s, north * ns + s, voxel - 1


@leaf
def face_bit(face):
    """Bit of the cube that belongs to a neighbour, in the order of `faces`."""
    shift = 14 if face == 0 else 4 if face == 1 else 22 if face == 2 else 10 if face == 3 else 16 if face == 4 else 12
    return 1 << shift


@njit
def cube_of(cell, box, voxel):
    """The 27 voxels around one, a bit for each that is live."""
    column = voxel // box.ns
    s = voxel - column * box.ns
    west, east, _, _ = around(box, column)
    cube, bit = 0, 1
    for line in (west, column, east):
        _, _, south, north = around(box, line)
        for other in (south, line, north):
            for k in range(-1, 2):
                if is_live(cell[other * box.ns + s + k]):
                    cube |= bit
                bit <<= 1
    return cube


@leaf
def joined_in(cube, start):
    """All voxels of the cube that are joined to those of `start` within it."""
    reached = start
    while True:
        more = reached | ((reached << 1) & AWAY_Z) | ((reached >> 1) & BACK_Z)
        more |= ((reached << 3) & AWAY_Y) | ((reached >> 3) & BACK_Y) | (reached << 9) | (reached >> 9)
        more &= cube
        if more == reached:
            return reached
        reached = more


@leaf
def _root(search, start):
    while search.root[start] != start:
        start = search.root[start]
    return start


@njit
def _join(search, a, b):
    a, b = _root(search, a), _root(search, b)
    if a != b:
        search.root[b] = a
        search.fate[a] = max(search.fate[a], search.fate[b])


@njit
def _reach(search, box, start, voxel, size):
    """A search comes to a live voxel; returns how many have been reached in all."""
    if voxel % box.ns == 0:
        search.fate[_root(search, start)] = LIVE
    elif search.mark[voxel] != 0:
        _join(search, start, int(search.mark[voxel]) - 1)
    else:
        search.mark[voxel] = start + 1
        search.voxel[size] = voxel
        search.under[size] = search.stack[start]
        search.stack[start] = size
        return size + 1
    return size


@njit
def _start(cell, box, search, voxel, cube):
    """One stack for each group of neighbours that the cube does not join; returns (groups, voxels reached)."""
    groups, size, covered, face = 0, 0, 0, 0
    for other in faces(box, voxel):
        bit = face_bit(face)
        face += 1
        if (cube & bit) != 0 and (covered & bit) == 0:
            covered |= joined_in(cube, bit)
            search.stack[groups] = -1
            search.root[groups] = groups
            search.fate[groups] = UNKNOWN
            groups += 1
            size = _reach(search, box, groups - 1, other, size)
    return groups, size


@njit
def _settled(search, groups):
    """Whether the fate of every group is known; a group whose stack is empty is lost, and the last one is not."""
    for start in range(groups):
        if search.root[start] == start and search.fate[start] == UNKNOWN:
            search.fate[start] = LOST
    for start in range(groups):
        root = _root(search, start)
        if search.stack[start] >= 0 and search.fate[root] == LOST:
            search.fate[root] = UNKNOWN
    unknown, live, last = 0, 0, 0
    for start in range(groups):
        if search.root[start] == start:
            if search.fate[start] == UNKNOWN:
                unknown += 1
                last = start
            elif search.fate[start] == LIVE:
                live += 1
    if unknown == 1 and live == 0:
        search.fate[last] = LIVE
        return True
    return unknown == 0


@njit
def _search(cell, box, search, groups, size):
    """Search until every group's fate is known; returns how many voxels were reached."""
    while not _settled(search, groups):
        for start in range(groups):
            entry = search.stack[start]
            if entry < 0 or search.fate[_root(search, start)] != UNKNOWN:
                continue
            search.stack[start] = search.under[entry]
            for other in faces(box, int(search.voxel[entry])):
                if is_live(cell[other]):
                    size = _reach(search, box, start, other, size)
    return size


@hidden
def cut_off(cell, box, search, voxel):
    """Mark the Li that has lost its path to the collector now that this live voxel has left.

    Returns how many voxels died; they are the first of `search.voxel`.
    """
    cube, wanted = cube_of(cell, box, voxel), 0
    for face in range(FACES):
        wanted |= cube & face_bit(face)
    if (wanted & (wanted - 1)) == 0 or (joined_in(cube, wanted & -wanted) & wanted) == wanted:
        return 0
    groups, size = _start(cell, box, search, voxel, cube)
    size = _search(cell, box, search, groups, size)
    died = 0
    for entry in range(size):
        other = int(search.voxel[entry])
        if search.fate[_root(search, int(search.mark[other]) - 1)] == LOST:
            cell[other] = int(cell[other]) | DEAD
            search.voxel[died] = other
            died += 1
        search.mark[other] = 0
    return died


@njit
def _revive(cell, box, search, size):
    """Bring the first `size` of `search.voxel` and all dead Li joined to them back; returns how many."""
    done = 0
    while done < size:
        for other in faces(box, int(search.voxel[done])):
            if (cell[other] & DEAD) != 0:
                cell[other] = int(cell[other]) & ~DEAD
                search.voxel[size] = other
                size += 1
        done += 1
    return size


@hidden
def join(cell, box, search, voxel):
    """Live or dead: a voxel that has just become Li. If it joins dead Li to live, that revives.

    Returns how many voxels revived, the first of `search.voxel`; -1: the new voxel is dead itself.
    """
    live, dead = False, False
    for other in faces(box, voxel):
        if other != voxel:
            live = live or is_live(cell[other])
            dead = dead or (cell[other] & DEAD) != 0
    if not live:
        cell[voxel] = int(cell[voxel]) | DEAD
        return -1
    if not dead:
        return 0
    search.voxel[0] = voxel
    revived = _revive(cell, box, search, 1) - 1
    search.voxel[0] = search.voxel[revived]
    return revived


@njit
def mark_all(cell, box, search):
    """Find all dead Li of a lattice; returns how much there is."""
    dead = 0
    for voxel in range(box.nx * box.ny * box.ns):
        if voxel % box.ns > 0 and is_li(cell[voxel]):
            cell[voxel] = int(cell[voxel]) | DEAD
            dead += 1
    size = 0
    for voxel in range(1, box.nx * box.ny * box.ns, box.ns):
        if is_li(cell[voxel - 1]) and (cell[voxel] & DEAD) != 0:
            cell[voxel] = int(cell[voxel]) & ~DEAD
            search.voxel[size] = voxel
            size += 1
    return dead - _revive(cell, box, search, size)


@njit
def is_plain(cell, box, voxel, goal):
    """Whether Li stays live or dead in hopping to a free voxel beside it, and all others too: if sure, no search."""
    dead = (cell[voxel] & DEAD) != 0
    for other in faces(box, goal):
        if other != voxel and is_li(cell[other]) and ((cell[other] & DEAD) != 0) != dead:
            return False
    if dead:
        return True
    itself = 1 << 13  # with its images on an axis of one column
    if box.ny == 1:
        itself |= (itself << 3) | (itself >> 3)
    if box.nx == 1:
        itself |= (itself << 9) | (itself >> 9)
    cube, wanted = cube_of(cell, box, voxel) & ~itself, 0
    for face in range(FACES):
        wanted |= cube & face_bit(face)
    return (wanted & (wanted - 1)) == 0 or (joined_in(cube, wanted & -wanted) & wanted) == wanted
