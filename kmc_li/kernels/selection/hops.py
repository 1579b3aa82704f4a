"""Thermal hops of surface Li: lists by number of Li neighbours, and the loop that carries out one after another.

The rates of hops are a finite set, so a class is drawn by its sum of rates, an atom of it uniformly and one of six
directions; an attempt that finds its way taken, or no other neighbour there, counts in time only. This is exact.

An atom that gets its sixth neighbour stays on the list of five: it cannot move, so this costs attempts but no events,
and an adatom that walks over it leaves all lists of the ground alone. It is taken off when it is drawn.
"""

from typing import NamedTuple

import numpy as np

from kmc_li.kernels.base.codes import GROW_HOPPERS, NOTHING, RUNNING
from kmc_li.kernels.base.jit import hidden, leaf, njit
from kmc_li.kernels.lattice import connectivity
from kmc_li.kernels.lattice.occupancy import LI, NEIGHBOURS, measure_heights
from kmc_li.kernels.lattice.steps import goal_of, place, sides

OTHER, SPECIAL, SETTLE = 5, 6, 7
FINE = 1e-6  # share of a class in all rates below which its atoms get a random number of their own
PATIENCE = 1 << 24  # attempts without an event after which Python has its turn


class HopLists(NamedTuple):
    """Li voxels by number of Li neighbours, 1 to 5."""

    count: np.ndarray  # int64 (6,)
    site: np.ndarray  # int32 (6, capacity): flat voxel index
    where: np.ndarray  # int32 (voxels,): 8 * position + class, 0 for a voxel that is in no list


class NoHops(NamedTuple):
    """Where nothing hops."""

    none: int


def allocate(voxels: int, capacity: int) -> HopLists:
    """Empty lists with room for `capacity` voxels in all; memory that is never touched is never taken."""
    return HopLists(np.zeros(6, np.int64), np.zeros((6, capacity), np.int32), np.zeros(voxels, np.int32))


def grown(lists: HopLists, factor: int = 2) -> HopLists:
    """The same lists with `factor` times the room."""
    site = np.zeros((6, factor * lists.site.shape[1]), np.int32)
    for cls, n in enumerate(lists.count):
        site[cls, :n] = lists.site[cls, :n]
    return lists._replace(site=site)


@leaf
def at(index):
    """An index that is never below 0: unsigned, it needs no check whether it counts from the end."""
    return np.uint64(index)


@leaf
def enlist(lists, voxel, cls):
    n = lists.count[at(cls)]
    lists.site[at(cls), at(n)] = voxel
    lists.where[at(voxel)] = 8 * n + cls
    lists.count[at(cls)] = n + 1


@leaf
def delist(lists, voxel, cls):
    _fillplace(lists, int(lists.where[at(voxel)]) >> 3, cls)
    lists.where[at(voxel)] = 0


@leaf
def _fillplace(lists, i, cls):
    """The last of a list takes a place in it."""
    n = lists.count[at(cls)] - 1
    moved = lists.site[at(cls), at(n)]
    lists.site[at(cls), at(i)] = moved
    lists.where[at(moved)] = 8 * i + cls
    lists.count[at(cls)] = n


@leaf
def _relist(lists, voxel, i, cls, goal, new):
    """The atom at place i of a list moves to another voxel and becomes one of class `new`."""
    if new == cls:
        lists.where[at(goal)] = 8 * i + cls
        lists.site[at(cls), at(i)] = goal
    else:
        _fillplace(lists, i, cls)
        enlist(lists, goal, new)
    lists.where[at(voxel)] = 0


@leaf
def listed(lists):
    return lists.count[1] + lists.count[2] + lists.count[3] + lists.count[4] + lists.count[5]


@leaf
def note(cell, lists, voxel):
    """Put a voxel on the list that its cell asks for, or take it off."""
    here = int(cell[voxel])
    cls = min(here & NEIGHBOURS, 5) if (here & LI) != 0 else 0
    now = int(lists.where[voxel]) & 7
    if now == cls or (now == 0 and (here & NEIGHBOURS) == 6):
        return
    if now > 0:
        delist(lists, voxel, now)
    if cls > 0:
        enlist(lists, voxel, cls)


@leaf
def drop_buried(cell, lists, voxel, cls):
    """Take an atom off the list of five if it has a sixth neighbour by now."""
    if (int(cell[voxel]) & NEIGHBOURS) == 6:
        delist(lists, voxel, cls)


@njit
def list_all(cell, box, lists):
    """Put all surface Li on the lists."""
    for column in range(box.nx * box.ny):
        for s in range(1, box.ns):
            note(cell, lists, column * box.ns + s)


@leaf
def _lose(cell, lists, voxel):
    """A voxel's neighbour has gone."""
    here = int(cell[at(voxel)])
    cell[at(voxel)] = here - 1
    if here >= LI:
        n = here & NEIGHBOURS
        if n < 6:
            delist(lists, voxel, n)
            if n > 1:
                enlist(lists, voxel, n - 1)
        elif lists.where[at(voxel)] == 0:
            enlist(lists, voxel, 5)


@leaf
def _gain(cell, lists, voxel):
    """A voxel has a new neighbour."""
    here = int(cell[at(voxel)])
    cell[at(voxel)] = here + 1
    n = here & NEIGHBOURS
    if here >= LI and n < 5:
        if n > 0:
            delist(lists, voxel, n)
        enlist(lists, voxel, n + 1)


@leaf
def _is_free(cell, goal, bonds):
    """Whether an atom may come to a voxel with `bonds` of whose neighbours are that atom."""
    there = int(cell[at(goal)])
    return bonds < there < LI


@njit
def _any_can(model, box, cell, lists):
    """Whether any hop of any atom is possible."""
    for cls in range(1, 6):
        for i in range(lists.count[cls] if model.hop_rate[cls] > 0 else 0):
            voxel = np.int64(lists.site[cls, i])
            x, y, s = place(box, voxel)
            for direction in range(6):
                goal, bonds = goal_of(box, model.nz, voxel, x, y, s, direction)
                if _is_free(cell, goal, bonds):
                    return True
    return False


@leaf
def _move(box, cell, lists, i, cls, voxel, x, y, s, goal, bonds):
    """Carry out the hop of the atom at place i of a list; returns its new plane."""
    west, east, south, north = sides(box, voxel, x, y)
    atom = int(cell[at(voxel)])
    cell[at(voxel)] = atom & NEIGHBOURS
    _relist(lists, voxel, i, cls, goal, (int(cell[at(goal)]) & NEIGHBOURS) - bonds)
    if box.nx > 1:
        _lose(cell, lists, west)
        _lose(cell, lists, east)
    if box.ny > 1:
        _lose(cell, lists, south)
        _lose(cell, lists, north)
    if s > 1:
        _lose(cell, lists, voxel - 1)
    else:
        cell[at(voxel - 1)] = int(cell[at(voxel - 1)]) - 1  # the collector hops nowhere
    _lose(cell, lists, voxel + 1)
    cell[at(goal)] = int(cell[at(goal)]) | (atom - (atom & NEIGHBOURS))
    x, y, s = place(box, goal)
    west, east, south, north = sides(box, goal, x, y)
    if box.nx > 1:
        _gain(cell, lists, west)
        _gain(cell, lists, east)
    if box.ny > 1:
        _gain(cell, lists, south)
        _gain(cell, lists, north)
    if s > 1:
        _gain(cell, lists, goal - 1)
    else:
        cell[at(goal - 1)] = int(cell[at(goal - 1)]) + 1
    _gain(cell, lists, goal + 1)
    return s


@leaf
def sums(lists, rates):
    """Cumulative rates of the classes, all six directions of all their atoms."""
    count = lists.count
    to_1 = count[1] * rates[0]
    to_2 = to_1 + count[2] * rates[1]
    to_3 = to_2 + count[3] * rates[2]
    to_4 = to_3 + count[4] * rates[3]
    return to_1, to_2, to_3, to_4, to_4 + count[5] * rates[4]


@leaf
def _choose(lists, rates, to, total, pick, rng):
    """(place, class, direction) that a random number below the sum of all hops stands for."""
    cls, before, each = 1, 0.0, rates[0]
    if pick >= to[0]:
        cls, before, each = 2, to[0], rates[1]
        if pick >= to[1]:
            cls, before, each = 3, to[1], rates[2]
            if pick >= to[2]:
                cls, before, each = 4, to[2], rates[3]
                if pick >= to[3]:
                    cls, before, each = 5, to[3], rates[4]
    choice = (pick - before) / each if each > FINE * total else rng.random() * lists.count[cls]
    i = min(int(choice), lists.count[cls] - 1)
    return i, cls, min(int(6.0 * (choice - i)), 5)


@hidden
def run(model, box, lists, cell, changes, hits, n, rng, max_events, max_time, other):
    """Hops until something else happens, which it does at the rate `other` [1/s]; returns (why, voxel, direction).

    OTHER: something else is due, its waiting time has passed. SPECIAL: so is the hop of the voxel in that direction,
    which may cut Li off the collector or revive it. SETTLE: the room for changed voxels is used up, or the box is full.
    """
    plates, several = model.monolayer_rate > 0, model.hits > 1
    connects = plates and model.tracks_contact  # without plating it matters to nothing
    capacity, room = lists.site.shape[1], changes.shape[0] - 2
    r = model.hop_rate
    rates = (6.0 * r[1], 6.0 * r[2], 6.0 * r[3], 6.0 * r[4], 6.0 * r[5])
    first, attempts, idle, time, top, changed = n.events, n.attempts, n.idle, n.time, n.top_plane, n.changed
    events, patience, code, voxel, direction = first, attempts + PATIENCE, RUNNING, np.int64(0), 0
    while events < max_events and time < max_time and attempts < patience:
        to = sums(lists, rates)
        total = to[4] + other
        if total <= 0.0:
            code = NOTHING
            break
        if listed(lists) + 16 > capacity:
            code = GROW_HOPPERS
            break
        if changed > room or (plates and top >= model.nz):
            code = SETTLE
            break
        if idle > 1000 and idle > 12 * listed(lists):
            idle = 0
            if not _any_can(model, box, cell, lists):  # nothing moves until something else happens, if anything does
                if other > 0.0:
                    time += rng.standard_exponential() / other
                code = OTHER if other > 0.0 else NOTHING
                break
        attempts += 1
        time += rng.standard_exponential() / total
        pick = rng.random() * total
        if pick >= to[4]:
            code = OTHER
            break
        idle += 1
        i, cls, direction = _choose(lists, rates, to, total, pick, rng)
        voxel = np.int64(lists.site[at(cls), at(i)])
        x, y, s = place(box, voxel)
        goal, bonds = goal_of(box, model.nz, voxel, x, y, s, direction)
        if not _is_free(cell, goal, bonds):
            drop_buried(cell, lists, voxel, cls)
            continue
        if connects and (cls > 1 or n.dead_voxels > 0) and not connectivity.is_plain(cell, box, voxel, goal):
            code = SPECIAL
            break
        top = max(top, _move(box, cell, lists, i, cls, voxel, x, y, s, goal, bonds))
        events += 1
        idle = 0
        if plates:
            changes[changed] = voxel
            changes[changed + 1] = goal
            changed += 2
            if several:
                hits[voxel] = 0
                hits[goal] = 0
    n.events, n.hopped = events, n.hopped + events - first
    n.attempts, n.idle, n.time, n.top_plane, n.changed = attempts, idle, time, top, changed
    return code, voxel, direction


@njit
def advance(model, box, state, rng, max_events, max_net, max_time):
    """Hops alone, without plating: the same process, limits and answers as loop.advance."""
    n, at_rest = state.counters[0], state.lattice
    if n.plated - n.stripped >= max_net:
        return RUNNING
    lists, changes, hits = state.hoppers, state.changed, state.hits
    code, _, _ = run(model, box, lists, at_rest.cell, changes, hits, n, rng, max_events, max_time, 0.0)
    measure_heights(at_rest.cell, box, at_rest.height, at_rest.height_histogram, n.top_plane)
    return code
