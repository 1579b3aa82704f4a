"""Random numbers of a walk: of a state of its own, and of alias tables.

A walk draws from two multiply-with-carry generators of its own, 32 bits and a carry each in a number below 2^63. They
are five times as fast as the run's generator, which gives them their first state; nothing overflows.
"""

import numpy as np

from kmc_li.kernels.base.jit import leaf

MASK = (1 << 32) - 1
FIRST_FACTOR, SECOND_FACTOR = 1927480773, 1812432270  # f 2^32 - 1 and f 2^31 - 1 are prime for both


@leaf
def following(state, factor):
    return factor * (state & MASK) + (state >> 32)


@leaf
def uniform(a, b):
    """In [0, 1), of both generators."""
    return ((a & MASK) * 2147483648 + (b >> 32)) * 2.0**-63


@leaf
def drawn(probability, index, start, size, a, b):
    """Entry of an alias table that occupies `size` places from `start` on."""
    pick = int(uniform(a, b) * size)
    return pick if (b & MASK) * 2.0**-32 < probability[start + pick] else np.int64(index[start + pick])
