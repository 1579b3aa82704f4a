"""Walkers over an interphase that ages: a face resists the more the longer it has been there.

The resistance of a face is that of a fresh one times sqrt(1 + age/tau), its age the time since one of the two voxels
it lies between changed. A walk takes no time, so the conductances of the moment decide it, and it is as exact as over
fresh faces (walkers.py); a fresh face conducts most, which bounds what has to be looked at.
"""

from typing import Any, NamedTuple

import numpy as np

from kmc_li.kernels import loop
from kmc_li.kernels.base import verbs
from kmc_li.kernels.base.jit import leaf, njit
from kmc_li.kernels.lattice.connectivity import faces
from kmc_li.kernels.lattice.surface import conducts
from kmc_li.kernels.laws.linear import Linear
from kmc_li.kernels.methods import free_regions, stripping, walkers


class AgedWalkers(NamedTuple):
    """Walkers, and when each voxel changed last."""

    regions: free_regions.FreeRegions
    alias_probability: np.ndarray
    alias_index: np.ndarray
    inner_probability: np.ndarray
    inner_index: np.ndarray
    contacts: walkers.Contacts
    law: Linear
    weighted: np.ndarray
    held: np.ndarray
    changed: np.ndarray  # float64 (voxels,) s: when it turned to metal or from it; 0: never
    ageing: np.ndarray  # float64 (4,): 1/tau [1/s]; start of the step, length of a pulse and of the pause after it [s]


def allocate(needs: Any) -> AgedWalkers:
    """Tables for a lattice (`engine.build.Needs`)."""
    ageing = np.array([needs.ageing, 0.0, 0.0, 0.0])
    return AgedWalkers(*walkers.allocate(needs), changed=np.zeros(needs.voxels), ageing=ageing)


for verb, kernel in (
    (verbs.begin, walkers.begin),
    (verbs.restore, walkers.restore),
    (verbs.rates_in_use, walkers.rates_in_use),
    (verbs.mean_field, walkers.mean_field),
    (verbs.physics, walkers.physics),
    (verbs.room, walkers.room),
    (verbs.total_rate, walkers.total_rate),
    (verbs.withdraw, walkers.withdraw),
    (verbs.update, walkers.update),
    (verbs.update_deferred, walkers.update),
    (verbs.defers_updates, walkers.defers_updates),
    (verbs.is_stale, walkers.is_stale),
    (verbs.note_deferred, walkers.note_deferred),
    (verbs.refresh_is_due, walkers.refresh_is_due),
    (verbs.hops_one_at_a_time, walkers.hops_one_at_a_time),
    (verbs.contact_change, walkers.contact_change),
    (verbs.most_sink, walkers.most_sink),
    (verbs.plain_below, walkers.plain_below),
    (verbs.draw, walkers.draw),
    (verbs.potential_above, stripping.potential_of_walkers),
    (verbs.note_moved, stripping.walkers_know),
):
    verb.of(AgedWalkers)(kernel)


@verbs.take_over.of(AgedWalkers)
def take_over(method, old, model, box, state):
    return walkers.take_over(method._replace(changed=old.method.changed), old, model, box, state)


@verbs.event_loop.of(AgedWalkers)
def event_loop(method, model):
    return loop.advance


@leaf
def _length(method, box, x, y, s):
    """Wagner length of a fresh face of a voxel, over the voxel."""
    if method.weighted[0] == 0:
        return method.law.wagner[0]
    return method.law.wagner[0] * walkers.area_ratio(method.regions, box, x, y, x * box.ny + y, s)


@leaf
def _now(method, n):
    """Time with the pauses between pulses, which the clock of the events leaves out."""
    start, on, off = method.ageing[1], method.ageing[2], method.ageing[3]
    return n.time + max(np.ceil((n.time - start) / on) - 1.0, 0.0) * off if on > 0.0 else n.time


@leaf
def _conductance(method, cell, n, length, voxel, other):
    """Of the face between two voxels, with the half voxel before it; 0 where no current can pass."""
    if other == voxel or not conducts(cell[other]):
        return 0.0
    age = _now(method, n) - max(method.changed[voxel], method.changed[other])
    return 1.0 / (length * np.sqrt(1.0 + age * method.ageing[0]) + 0.5)


@verbs.sink.of(AgedWalkers)
@njit
def sink(method, cell, box, n, x, y, s, count):
    voxel, length, total = (x * box.ny + y) * box.ns + s, _length(method, box, x, y, s), 0.0
    for other in faces(box, voxel):
        total += _conductance(method, cell, n, length, voxel, other)
    return total


@verbs.behind.of(AgedWalkers)
@njit
def behind(method, cell, box, n, voxel, rng):
    """A neighbour by the conductance of the face between."""
    column, s, last = voxel // box.ns, voxel % box.ns, -1
    length = _length(method, box, column // box.ny, column % box.ny, s)
    left = rng.random() * sink(method, cell, box, n, column // box.ny, column % box.ny, s, 0)
    for other in faces(box, voxel):
        conductance = _conductance(method, cell, n, length, voxel, other)
        if conductance > 0.0 and left >= 0.0:
            last = other
        left -= conductance
    return last


@verbs.after_event.of(AgedWalkers)
@leaf
def after_event(method, model, box, state, voxel):
    method.changed[voxel] = _now(method, state.counters[0])
