"""The events that a run would draw next on its deposit as it is, against those of the converged field."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from kmc_li.engine import field_error as exact
from kmc_li.kernels.base import verbs
from kmc_li.kernels.base.codes import ESCAPED
from kmc_li.kernels.base.jit import njit
from kmc_li.kernels.base.verbs import draw
from kmc_li.kernels.lattice.occupancy import DEAD, LI, NEIGHBOURS

DRAWN = 20_000  # events drawn at a moment, by a method that keeps no rates


class Moment(NamedTuple):
    """A deposit at rest: what is in use there, and what is exact."""

    tv: float  # 1/2 sum |p - p*|, without what chance alone makes of it where events were drawn
    pressed: float  # share of the events at shifted faces, in use
    pressed_exact: float
    drawn: int  # events drawn, 0 where the probabilities in use are known


@njit
def let_go(model: Any, box: Any, state: Any, rng: Any, drawn: int, counts: Any) -> None:
    left = drawn
    while left > 0:
        voxel = draw(state.method, model, box, state, rng)
        if voxel != ESCAPED:  # an attempt that only lets time pass
            counts[max(voxel, 0)] += 1  # at no voxel: counted where none can be
            left -= 1


def copied(value: Any) -> Any:
    """Nested named tuples with arrays of their own."""
    return type(value)(
        *(copied(v) if isinstance(v, tuple) else v.copy() if isinstance(v, np.ndarray) else v for v in value)
    )


def moment(model: Any, box: Any, state: Any, seed: int) -> Moment:
    """What events a run would draw next, and what it should; the run goes on as if nothing had been asked."""
    p = exact.converged_rates(model, box, state)
    p /= p.sum()
    pressed = at_shifted_faces(box, state, p)
    used = np.zeros(p.size)
    if verbs.rates_in_use(state.method, used):
        used /= used.sum()
        return Moment(float(0.5 * np.abs(used - p).sum()), float(used[pressed].sum()), float(p[pressed].sum()), 0)
    counts = np.zeros(p.size, np.int64)
    rng = np.random.Generator(np.random.PCG64([seed, int(state.counters[0].events)]))
    let_go(model, box, copied(state), rng, DRAWN, counts)
    return Moment(without_noise(counts, DRAWN * p), counts[pressed].sum() / DRAWN, float(p[pressed].sum()), DRAWN)


def without_noise(counts: NDArray[np.int64], expected: NDArray[np.float64]) -> float:
    """TV between counts and what was expected, less the mean that it has by chance (of a Poisson number, exactly)."""
    few = expected[expected > 0]
    floor = np.floor(few)
    chance = 2 * np.exp((floor + 1) * np.log(few) - few - gammaln(floor + 1))
    return float(0.5 * (np.abs(counts - expected).sum() - chance.sum()) / counts.sum())


def at_shifted_faces(box: Any, state: Any, rates: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Voxels (flat) whose events a layer shifts: next to metal above its rest plane, or metal that dissolves."""
    layer = verbs.physics(state.method)[1]
    found = np.zeros(box, np.bool_)
    if layer is None or not verbs.shifts_faces(layer):
        return found.ravel()
    columns = state.lattice.height_histogram
    rest = verbs.rest_plane(layer, box.nx * box.ny, columns, int(np.nonzero(columns)[0].max()))
    cell = state.lattice.cell.reshape(box)
    s = np.arange(max(int(rest) - 1, 1), int(np.nonzero(columns)[0].max()) + 2)  # lower planes have no shifted face
    live = (cell[:, :, s[0] - 1 : s[-1] + 2] & (LI | DEAD)) == LI
    metal = live[:, :, 1:-1]
    beside = np.zeros(metal.shape, np.bool_)
    for axis, size in enumerate(box[:2]):
        if size > 1:
            beside |= np.roll(metal, 1, axis) | np.roll(metal, -1, axis)
    faces = beside & (s - 0.5 > rest) | live[:, :, :-2] & (s - 1 > rest) | live[:, :, 2:] & (s > rest)
    found[:, :, s] = faces & (cell[:, :, s] <= NEIGHBOURS)
    return np.asarray((found | (cell > NEIGHBOURS) & (rates.reshape(box) > 0)).ravel())
