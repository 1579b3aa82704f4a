"""Choose a site with probability proportional to its rate, at a cost that does not grow with their number.

Composition and rejection (Slepoy, Thompson, Plimpton, J. Chem. Phys. 128, 205101 (2008)): sites are grouped by the
power of two of their rate. A class is drawn by (sites x upper bound), a site of it uniformly, and kept with
probability rate/bound >= 1/2; otherwise everything is drawn again, which makes the choice exact. Sites with a rate
from a finite set (hops by neighbour count) use one class a rate and are never refused.

A class is a list of pages of 64 sites, so that any class may hold all sites without memory for it being set aside.
"""

import math
from typing import NamedTuple

import numpy as np

from kmc_li.kernels.base.jit import leaf, njit
from kmc_li.kernels.base.records import record

PAGE = 64
SHIFT = 6  # log2(PAGE)
LOWEST = -40  # class c holds rates in [2^(c + LOWEST), 2^(c + LOWEST + 1)); smaller ones count as zero
CLASSES = 128 - LOWEST  # up to the largest float32


@record
class ClassLists(NamedTuple):
    """Sites in lists by rate class; `where` is -1 for a voxel that is in no list."""

    count: np.ndarray  # int64 (classes,)
    bound: np.ndarray  # float64 (classes,): upper bound of the rates of a class
    span: np.ndarray  # int64 (2,): no class below the first or from the second on was ever used
    table: np.ndarray  # int32 (classes, pages): the pages of a class in order
    owner: np.ndarray  # int16 (pages,): the class that holds a page
    free: np.ndarray  # int32 (pages + 1,): stack of free pages, its height in the last entry
    site: np.ndarray  # int32 (pages * PAGE,): flat voxel index
    where: np.ndarray  # int32 (voxels,): position of a voxel in `site`
    rate: np.ndarray  # float32 (voxels,): rate of a listed voxel, else 0; beside the field, not beside the lists


def allocate(voxels: int, capacity: int, classes: int = CLASSES) -> ClassLists:
    """Empty lists for `voxels` possible sites with room for about `capacity` of them at a time."""
    pages = capacity // PAGE + 2 * classes
    return ClassLists(
        count=np.zeros(classes, np.int64),
        bound=2.0 ** (np.arange(classes) + LOWEST + 1),
        span=np.array([classes, 0]),
        table=np.full((classes, pages), -1, np.int32),
        owner=np.full(pages, -1, np.int16),
        free=np.append(np.arange(pages - 1, -1, -1), pages).astype(np.int32),
        site=np.full(pages * PAGE, -1, np.int32),
        where=np.full(voxels, -1, np.int32),
        rate=np.zeros(voxels, np.float32),
    )


def grown(lists: ClassLists, factor: int = 2) -> ClassLists:
    """The same lists with `factor` times as many pages; the order of sites, and so the trajectory, is kept."""
    pages = lists.owner.size
    more = factor * pages
    table = np.full((lists.count.size, more), -1, np.int32)
    table[:, :pages] = lists.table
    unused = lists.free[: lists.free[-1]]
    free = np.zeros(more + 1, np.int32)
    fresh = np.arange(more - 1, pages - 1, -1)
    free[: fresh.size] = fresh
    free[fresh.size : fresh.size + unused.size] = unused
    free[-1] = fresh.size + unused.size
    return lists._replace(
        table=table,
        owner=np.append(lists.owner, np.full(more - pages, -1, np.int16)),
        free=free,
        site=np.append(lists.site, np.full((more - pages) * PAGE, -1, np.int32)),
    )


@njit
def room(lists):
    """How many sites can be added for certain."""
    return lists.free[-1] * PAGE - lists.count.shape[0] * PAGE


@njit
def append(lists, voxel, cls):
    """Add a site at the end of a class; returns its place, which `where` does not know yet."""
    n = lists.count[cls]
    if (n & (PAGE - 1)) == 0:
        lists.span[0] = min(lists.span[0], cls)
        lists.span[1] = max(lists.span[1], cls + 1)
        top = lists.free[-1] - 1
        page = lists.free[top]
        lists.free[-1] = top
        lists.table[cls, n >> SHIFT] = page
        lists.owner[page] = cls
    spot = lists.table[cls, n >> SHIFT] * PAGE + (n & (PAGE - 1))
    lists.site[spot] = voxel
    lists.count[cls] = n + 1
    return spot


@njit
def insert(lists, voxel, cls):
    lists.where[voxel] = append(lists, voxel, cls)


@njit
def remove(lists, voxel):
    spot = lists.where[voxel]
    moved = fill_place(lists, spot, lists.owner[spot >> SHIFT])
    lists.where[moved] = spot
    lists.where[voxel] = -1


@leaf
def fill_place(lists, spot, cls):
    """Put the last site of a class to a place; returns which one it was: `where` does not know of it yet."""
    n = lists.count[cls] - 1
    page = lists.table[cls, n >> SHIFT]
    last = page * PAGE + (n & (PAGE - 1))
    moved = lists.site[last]
    lists.site[spot] = moved
    lists.count[cls] = n
    if (n & (PAGE - 1)) == 0:
        top = lists.free[-1]
        lists.free[top] = page
        lists.free[-1] = top + 1
    return moved


@leaf
def class_of(rate):
    """Class of a rate; negative when the rate is too small to count."""
    return math.frexp(rate)[1] - 1 - LOWEST


@leaf
def put(lists, voxel, rate):
    """Give a site the rate `rate` (float32; 0 takes it off the lists); returns by how much the listed rate changed."""
    former = lists.rate[voxel]
    if rate > 0 and former > 0 and class_of(rate) == class_of(former):
        lists.rate[voxel] = rate
        return np.float64(rate) - np.float64(former)
    return _move(lists, voxel, rate, former)


@njit
def _move(lists, voxel, rate, former):
    if former > 0:
        remove(lists, voxel)
    cls = class_of(rate) if rate > 0 else -1
    listed = rate if cls >= 0 else np.float32(0)
    if cls >= 0:
        insert(lists, voxel, cls)
    lists.rate[voxel] = listed
    return np.float64(listed) - np.float64(former)


@njit
def draw(lists, rng):
    """A site, with probability rate / sum of rates; -1 when there is none."""
    weight, lowest, end = 0.0, lists.span[0], lists.span[1]
    for cls in range(lowest, end):
        weight += lists.count[cls] * lists.bound[cls]
    if weight <= 0.0:
        return -1
    while True:
        left = rng.random() * weight
        for cls in range(end - 1, lowest - 1, -1):
            bound = lists.bound[cls]
            share = lists.count[cls] * bound
            if left < share:
                n = min(int(left / bound), lists.count[cls] - 1)
                spot = lists.table[cls, n >> SHIFT] * PAGE + (n & (PAGE - 1))
                voxel = lists.site[spot]
                if rng.random() * bound < lists.rate[voxel]:
                    return voxel
                break
            left -= share


@njit
def total(lists):
    """Sum of all rates."""
    result = 0.0
    for cls in range(lists.count.shape[0]):
        for n in range(lists.count[cls]):
            result += np.float64(lists.rate[lists.site[lists.table[cls, n >> SHIFT] * PAGE + (n & (PAGE - 1))]])
    return result


@njit
def write_rates(lists, out):
    """out[voxel] = listed rate, for all sites."""
    for cls in range(lists.count.shape[0]):
        for n in range(lists.count[cls]):
            voxel = lists.site[lists.table[cls, n >> SHIFT] * PAGE + (n & (PAGE - 1))]
            out[voxel] = lists.rate[voxel]
