"""Ask for memory ahead of its use, so that the processor fetches it meanwhile."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from kmc_li.kernels.base.jit import COMPILED

READ, KEEP, DATA = 0, 3, 1  # of LLVM's intrinsic: for reading, into all caches, no instructions


@intrinsic
def _prefetch(typing_context: Any, array: Any, index: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        address = builder.bitcast(builder.gep(data, [arguments[1]]), cgutils.voidptr_t)
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, number, number, number])
        call = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0i8")
        builder.call(call, [address, *[ir.Constant(number, k) for k in (READ, KEEP, DATA)]])
        return context.get_dummy_value()

    return types.void(array, types.int64), generate


def _nothing(array: Any, index: int) -> None:
    """Where the JIT is off there is nothing to be gained."""


# Entry `index` of a one-dimensional array will be read or written soon. It may lie outside of the array: processors
# pass over what is not there.
prefetch = _prefetch if COMPILED else _nothing
