"""What an operation gives for arguments of some types, looked up once and not for each place in the code.

numba tries its templates one by one for every `+`, and finds the same each time; this was 5 % of all compiling.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

from numba.core import types

_PLAIN = (types.Number, types.Boolean, types.Array, types.SliceType, types.RangeType, types.RangeIteratorType)
_known: dict[Any, Any] = {}


def _is_plain(function: Any, arguments: Any, keywords: Any) -> bool:
    """Whether this is an operator on numbers and arrays; remembering functions, as int(), too made nothing faster."""
    operator = getattr(function, "typing_key", function)
    built_in = type(function) is str or getattr(operator, "__module__", None) == "_operator"
    return built_in and not keywords and all(isinstance(a, _PLAIN) for a in arguments)


@contextlib.contextmanager
def remembered(context: Any) -> Iterator[None]:
    """While kernels compile, numba's typing context remembers what it has found; other code never sees it."""
    if "resolve_function_type" in vars(context):  # it compiles what a kernel calls
        yield
        return
    resolve = context.resolve_function_type

    def resolve_once(function: Any, arguments: Any, keywords: Any) -> Any:
        if not _is_plain(function, arguments, keywords):
            return resolve(function, arguments, keywords)
        key = function, tuple(arguments)
        if key not in _known:
            _known[key] = resolve(function, arguments, keywords)
        return _known[key]

    context.resolve_function_type = resolve_once
    try:
        yield
    finally:
        del context.resolve_function_type
