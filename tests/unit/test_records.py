"""Records: what kernels read from one address is what the named tuple holds, however it is nested."""

from typing import Any, NamedTuple

import numpy as np
import pytest

from kmc_li.kernels.base import jit
from kmc_li.kernels.base.jit import njit
from kmc_li.kernels.base.records import record


class Size(NamedTuple):
    rows: int
    half: float


@record
class Inner(NamedTuple):
    flag: bool
    plane: np.ndarray
    strided: np.ndarray


@record
class Outer(NamedTuple):
    number: float
    inner: Inner
    size: Size  # not a record: numba's own named tuple
    single: np.float32
    counts: np.ndarray


@njit
def from_inner(inner, i):
    """Called, and given a record that lies inside another one."""
    inner.strided[i] = 7
    return inner.plane[1, i] if inner.flag else -inner.plane[1, i]


@njit
def all_of(outer, i):
    total = outer.number + outer.size.rows + outer.size.half + outer.single
    for k in range(outer.counts.size):
        total += outer.counts[k]
        outer.counts[k] = 0
    return total, from_inner(outer.inner, i), outer.inner.plane.shape


def outer(flag: bool = True, **changes: Any) -> Outer:
    plane, every_third = np.arange(6.0).reshape(2, 3), np.zeros(12, np.int32)[::3]
    return Outer(0.5, Inner(flag, plane, every_third), Size(3, 0.25), np.float32(2), np.arange(5))._replace(**changes)


@pytest.mark.parametrize("flag", [True, False])
def test_a_kernel_reads_what_the_record_holds(flag):
    given = outer(flag)
    total, entry, shape = all_of(given, 2)
    assert total == 0.5 + 3 + 0.25 + 2 + 10
    assert entry == (5.0 if flag else -5.0) and tuple(shape) == (2, 3)
    assert given.inner.strided.tolist() == [0, 0, 7, 0] and not given.counts.any()  # arrays are the caller's own
    assert from_inner(given.inner, 0) == (3.0 if flag else -3.0)  # called by Python, too


@pytest.mark.skipif(not jit.COMPILED, reason="nothing is compiled")
def test_types_of_fields_and_the_class_decide_what_is_compiled():
    all_of(outer(), 0)
    compiled = len(all_of._called.signatures)
    all_of(outer(single=np.float32(3)), 1)
    assert len(all_of._called.signatures) == compiled
    assert all_of(outer(counts=np.arange(5.0)), 0)[0] == 15.75
    assert len(all_of._called.signatures) == compiled + 1
    with pytest.raises(Exception, match="nothing|number"):
        all_of(Inner(True, np.zeros((2, 2)), np.zeros(2)), 0)  # has no such field
