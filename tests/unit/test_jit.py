"""How kernels are compiled: shared pieces, choices by type, a cache that several processes may use at a time."""

import operator
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from kmc_li.kernels.base import jit
from kmc_li.kernels.base.jit import Verb, hidden, leaf, njit
from kmc_li.kernels.base.prefetch import prefetch
from kmc_li.kernels.base.remember import remembered


class Doubled(NamedTuple):
    value: np.ndarray


class Squared(NamedTuple):
    value: np.ndarray
    offset: float


apply = Verb("apply", "(what, i): element i of it")
apply.of(Doubled)(leaf(lambda what, i: 2.0 * what.value[i]))


@apply.of(Squared)
@njit
def squared(what, i):
    return what.value[i] ** 2 + what.offset


@njit
def total(what):
    result = 0.0
    for i in range(what.value.size):
        result += apply(what, i)
    return result


@njit
def wide(a, b, c, unused):
    """Not inlined, and some callers pass what it does not use: its arguments differ from library to library."""
    result = 0.0
    for i in range(a.size):
        result += a[i] * b + c
        if result > 1e300:
            result = 0.0
    return result


@njit
def one(a, unused):
    return wide(a, 2.0, 1.0, unused) + wide(a, 3.0, 0.0, unused)


@njit
def another(a, unused):
    return wide(a, a[0], a[1], unused) - wide(a, a[1], a[0], unused)


@hidden
def counted(a, i):
    a[i] += 1
    return a[i]


@njit
def counted_twice(what):
    return 10 * counted(what.value, 0) + counted(what.value, 0)


def test_a_hidden_kernel_serves_kernels_and_python():
    what = Doubled(np.zeros(2))
    assert counted_twice(what) == 12.0
    assert counted(what.value, 1) == 1.0
    assert what.value.tolist() == [2.0, 1.0]


@pytest.mark.skipif(not jit.COMPILED, reason="nothing is compiled")
def test_what_operations_give_is_remembered_only_while_kernels_compile():
    from numba.core import types
    from numba.core.registry import cpu_target

    context = cpu_target.typing_context
    before = context.resolve_function_type
    with remembered(context):
        first = context.resolve_function_type
        with remembered(context):  # a kernel that a kernel calls
            assert context.resolve_function_type is first
        assert context.resolve_function_type is first
        found = [first(operator.add, (kind, types.int64), {}) for kind in (types.int64, types.float32, types.int64)]
    assert context.resolve_function_type == before
    assert [signature.return_type for signature in found] == [types.int64, types.float64, types.int64]
    assert found[2] is found[0]  # not looked up again


def test_asking_for_memory_ahead_changes_nothing_wherever_it_is():
    numbers = np.arange(8.0)
    for index in (0, 7, 8, 10**9, -(10**12)):
        assert ask(numbers, index) == 28.0


@njit
def ask(numbers, index):
    prefetch(numbers, index)
    return numbers.sum()


def test_what_is_linked_comes_after_all_that_use_it():
    """Else LLVM drops what nothing has used so far, and what uses it later finds nothing."""

    class Library:
        needed = None

        def __init__(self, *uses):
            self._linking_libraries = list(uses)

    shared = Library()
    deep = Library(shared)
    middle = Library(deep, shared)
    apart = Library(Library())
    apart.needed = print
    order = jit._users_first([shared, apart, middle, deep])
    assert sorted(map(id, order)) == sorted(map(id, (shared, apart, middle, deep)))  # nothing of what stands apart
    places = [order.index(library) for library in (middle, deep, shared)]
    assert places == sorted(places)


def test_the_type_of_the_first_argument_chooses():
    value = np.arange(5.0)
    assert total(Doubled(value)) == 20.0
    assert total(Squared(value, 1.0)) == 35.0
    assert apply(Doubled(value), 3) == 6.0  # from Python, too


def test_an_unknown_type_is_named():
    class Unknown(NamedTuple):
        value: np.ndarray

    with pytest.raises(Exception, match="apply: nothing is known|Unknown"):
        total(Unknown(np.zeros(2)))


def test_functions_share_a_piece_without_sharing_its_machine_code():
    """Each library shapes it to its own calls; an engine that took one for the other would crash."""
    a, unused = np.arange(1.0, 5.0), Squared(np.zeros(2), 1.0)
    assert one(a, unused) == (2 * 10 + 4) + 3 * 10
    assert another(a, unused) == (10 * 1 + 4 * 2) - (10 * 2 + 4 * 1)
    assert wide(a, 1.0, 0.0, unused) == 10.0  # and alone
    assert one(a, unused) == 54.0


PROGRAM = """
import sys, numpy as np
from kmc_li.kernels.lattice import occupancy
kind = {kind}
count = occupancy.high_plane(np.ones(9, kind), 8 if kind is np.int64 else 8.0, 8)
print(count)
"""


@pytest.mark.skipif(not jit.COMPILED, reason="nothing is compiled")
def test_processes_that_compile_one_function_for_different_types_do_not_mix_them_up(tmp_path):
    """numba alone numbers the code of a function's signatures, and two processes may take the same number."""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}

    def run(kind):
        program = PROGRAM.format(kind=kind)
        done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    kinds = ["np.int64", "np.float64"]
    for _ in range(2):  # the second time from the cache
        with ThreadPoolExecutor(2) as pool:
            assert list(pool.map(run, kinds)) == ["8\n", "8\n"]
    assert len(list(tmp_path.rglob("*high_plane*.nbi"))) == 2
    for code in tmp_path.rglob("*.nbc"):
        code.write_bytes(code.read_bytes()[: code.stat().st_size // 2])  # what is damaged is compiled again
    assert [run(kind) for kind in kinds] == ["8\n", "8\n"]


FAILING = """
import fcntl, pathlib, sys
from kmc_li.kernels.lattice import occupancy
try:
    occupancy.high_plane("no array", 8, 8)
except Exception as error:
    kept = error
locks = list(pathlib.Path(sys.argv[1]).rglob("*high_plane*.lock"))
for path in locks:
    fcntl.flock(path.open("a"), fcntl.LOCK_EX | fcntl.LOCK_NB)
print(type(kept).__name__, len(locks))
"""


@pytest.mark.skipif(not jit.COMPILED, reason="nothing is compiled")
def test_others_do_not_wait_for_what_did_not_compile(tmp_path):
    """The lock of a compilation that fails is given back, even while its error is kept."""
    pytest.importorskip("fcntl")
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", FAILING, str(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["TypingError", "1"]


APART = """
from kmc_li.kernels.base import jit
from small import HOPS, grown, study
alone = {"plating.kinetics": "none", "lattice.film_voxels": 3, "lattice.adatom_share": 0.2}
alone |= {"stop.capacity_mAh_cm2": None, "stop.events": 99}
compiled = []
with jit.watched(compiled.append):
    simulation = grown(study(**HOPS | alone), 2)
print(simulation.time_s, simulation.events, len(compiled))
"""


@pytest.mark.skipif(not jit.COMPILED, reason="nothing is compiled")
def test_what_stands_apart_is_loaded_before_its_callers_or_compiled_anew_with_them(tmp_path):
    """`hops.advance` calls `hops.run` by its name in the machine code of another file of the cache."""
    paths = os.pathsep.join(str(Path(__file__).parents[i]) for i in (1, 2))
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": paths}

    def run():
        done = subprocess.run([sys.executable, "-c", APART], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        *result, compiled = done.stdout.split()
        return result, int(compiled)

    first, every = run()
    assert every > 20 and run() == (first, 0)
    for file in tmp_path.rglob("*.run-*.nb?"):
        file.unlink()
    again, some = run()
    assert again == first and 0 < some < every
    assert run() == (first, 0)
