"""The event loop with what it asks for: larger lists, a refreshed field."""

from typing import Any

from kmc_li.kernels.base import codes, verbs
from kmc_li.kernels.lattice.occupancy import Box
from kmc_li.kernels.selection import hops
from kmc_li.kernels.state import Model, State

UNLIMITED = 2**62


def advance(
    model: Model,
    box: Box,
    state: State,
    rng: Any,
    max_events: int,
    max_net: int = UNLIMITED,
    max_time: float = 1e300,
    loop: Any = None,
    more: tuple[float, ...] = (),
) -> tuple[int, State]:
    """Carry out events until a limit is met or nothing can happen: (kernels.codes, state, whose lists may be longer).

    max_events: voxels plated, stripped and hopped since the start of the run; max_net: voxels plated less stripped;
    max_time: s. rng: numpy Generator. loop: in place of the method's own, with `more` arguments.
    """
    loop = loop or verbs.event_loop(state.method, model)
    while True:
        code = int(loop(model, box, state, rng, max_events, max_net, max_time, *more))
        if code == codes.GROW_SITES:
            state = state._replace(method=verbs.enlarge(state.method))
        elif code == codes.GROW_HOPPERS:
            state = state._replace(hoppers=hops.grown(state.hoppers))
        elif code == codes.REFRESH:
            verbs.refresh(state.method, model, box, state)
        else:
            return code, state
