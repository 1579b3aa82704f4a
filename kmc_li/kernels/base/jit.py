"""How kernels are compiled: one setting for all, and each function once.

Kernels call each other through many layers. numba would give every one of them machine code of its own and compile all
that it calls again in it: four minutes. Here a kernel that another one calls is only translated (`Inner`); machine code
is made, optimised as a whole and cached for the few functions that Python calls, on their first call (`Kernel`), and
for large ones that many variants of a run have in common (`apart`; `hidden` where Python never calls them).
"""

import contextlib
import functools
import gc
from collections.abc import Callable, Iterator
from typing import Any

import numba
from numba import config
from numba.core import codegen, compiler, event, imputils, types
from numba.extending import models, register_model

from kmc_li.kernels.base.cache import OUTSIDE_TYPES, Cache, note_source
from kmc_li.kernels.base.records import record
from kmc_li.kernels.base.remember import remembered

COMPILED = not config.DISABLE_JIT

# error_model="numpy": a division does not carry a branch, so that loops over a column vectorise.
# _nrt=False: kernels allocate nothing and own nothing, so arrays are passed on without counting references. Counting
# costs 5 ns for each array of each call: measured, listing a new rate took 45 ns with it and 3 ns without.
# No fastmath: one seed gives the same bits with the JIT on or off and on every machine.
_OPTIONS: dict[str, Any] = {"error_model": "numpy", "nogil": True, "_nrt": False, "no_cfunc_wrapper": True}

# What numba looks for in every function, and no kernel has: closures, contexts, expressions of whole arrays, loops in
# parallel or over tuples of several types, messages of exceptions. A kernel that had one would not compile.
_LEFT_OUT = {
    "WithLifting",
    "InlineClosureLikes",
    "RewriteDynamicRaises",
    "MakeFunctionToJitFunction",
    "InlineInlinables",
    "FindLiterallyCalls",
    "LiteralUnroll",
    "LiteralPropagationSubPipelinePass",
    "InlineOverloads",
    "NopythonRewrites",
    "AnnotateTypes",
    "DumpParforDiagnostics",
}


class _InnerLibrary(codegen.JITCodeLibrary):
    """Code that is there to be linked into its callers: it is neither optimised nor turned into machine code alone."""

    def finalize(self) -> None:
        self._finalized = True

    def _optimize_functions(self, module: Any) -> None:
        module.data_layout = self._codegen._data_layout

    def get_pointer_to_function(self, name: str) -> int:
        return 0

    @property
    def codegen(self) -> "_InnerLibrary":
        return self

    def set_env(self, name: str, env: Any) -> None:
        """Environments serve exceptions and Python objects, of which kernels have none."""


def _stands_apart(library: Any) -> bool:
    """Whether it has machine code of its own: the engine finds that by its name."""
    return getattr(library, "needed", None) is not None


def _users_first(libraries: list[Any]) -> list[Any]:
    """All that libraries need, each after all that use it: LLVM leaves out what nothing uses when it is linked in."""
    found: dict[Any, None] = {}

    def visit(library: Any) -> None:
        if library not in found:
            found[library] = None
            for other in () if _stands_apart(library) else getattr(library, "_linking_libraries", ()):
                visit(other)
            found[library] = found.pop(library)  # after all that it uses

    for library in reversed(libraries):
        visit(library)
    return list(reversed(found))


class _CalledLibrary(codegen.JITCodeLibrary):
    """Code that Python calls: all that it needs is linked in once and optimised as a whole."""

    def finalize(self) -> None:
        self._own = {function.name for function in self._final_module.functions if not function.is_declaration}
        found = _users_first(self._linking_libraries)
        self._reload_init.update(library.needed for library in found if _stands_apart(library))
        self._linking_libraries = [library for library in found if not _stands_apart(library)]
        super().finalize()

    def _optimize_final_module(self) -> None:
        for function in self._final_module.functions:
            if not function.is_declaration and function.name not in self._own:
                # Nobody else calls it, so arguments that it does not use are not passed; and its name is no symbol,
                # which the engine would confuse with that of another library ("internal" has one).
                function.linkage = "private"
            elif not function.is_declaration and not function.name.startswith("_ZN7cpython"):
                function.add_function_attribute("noinline")  # records are written outside it and do not change in it
        passes, builder = self._codegen._module_pass_manager()
        passes.run(self._final_module, builder)  # once: numba's first round serves reference counts, of which are none


class _Flags(compiler.Flags):  # type: ignore[misc]
    """numba's, compared by what has been set: numba looks at all of them for every call that it types."""

    def __hash__(self) -> int:
        return hash(frozenset(self._values))

    def __eq__(self, other: object) -> Any:
        return self._values == other._values if isinstance(other, _Flags) else super().__eq__(other)


class _InnerCompiler(compiler.Compiler):  # type: ignore[misc]
    library: Any = _InnerLibrary

    def __init__(
        self, typingctx: Any, targetctx: Any, library: Any, args: Any, kind: Any, flags: Any, names: Any
    ) -> None:
        super().__init__(typingctx, targetctx, library, args, kind, _Flags(flags), names)
        self.state.library = self.library(targetctx.codegen(), "kmc_li")
        self.state.library.enable_object_caching()

    def define_pipelines(self) -> list[Any]:
        found = compiler.PassManager("kernel")
        for each, meaning in compiler.DefaultPassBuilder.define_nopython_pipeline(self.state).passes:
            if each.__name__ not in _LEFT_OUT:
                found.add_pass(each, meaning)
        found.finalize()
        return [found]


class _CalledCompiler(_InnerCompiler):
    library = _CalledLibrary

    def compile_extra(self, function: Any) -> Any:
        collects = gc.isenabled()
        gc.disable()  # numba makes millions of objects that stay until it is done: looking for garbage costs a tenth
        try:
            with remembered(self.state.typingctx):
                return super().compile_extra(function)
        finally:
            if collects:
                gc.enable()


@contextlib.contextmanager
def watched(report: Callable[[int], None]) -> Iterator[None]:
    """Call report(functions compiled so far) after each one."""
    with event.install_listener("numba:compile", _Counter(report)):
        yield


class _Counter(event.Listener):  # type: ignore[misc]
    def __init__(self, report: Callable[[int], None]) -> None:
        self.count, self.report = 0, report

    def on_start(self, event: Any) -> None:
        pass

    def on_end(self, event: Any) -> None:
        self.count += 1
        self.report(self.count)


def _cached(function: Callable[..., Any], **options: Any) -> Any:
    """numba's dispatcher of a function with machine code of its own."""
    dispatcher = numba.njit(pipeline_class=_CalledCompiler, **options, **_OPTIONS)(function)
    dispatcher._cache = cache = Cache(function)
    dispatcher.compile = cache.releasing(dispatcher.compile)
    return dispatcher


class Kernel:
    """A compiled function: called by kernels it becomes part of them, called by Python it is compiled and cached.

    One that stands `apart` has machine code of its own for kernels, too.
    """

    def __init__(self, function: Callable[..., Any], forceinline: bool = False, apart: bool = False) -> None:
        self.__name__, self.__doc__, self.__module__ = function.__name__, function.__doc__, function.__module__
        self.py_func = function
        note_source(function)
        self._called: Any = None
        self._apart = apart
        self._inner = numba.njit(
            pipeline_class=_InnerCompiler, no_cpython_wrapper=True, forceinline=forceinline, **_OPTIONS
        )(function)

    @property
    def _numba_type_(self) -> Any:
        return (self.shared if self._apart else self._inner)._numba_type_

    @property
    def shared(self) -> Any:
        """numba's dispatcher of what kernels call that do not take it in."""
        return self.called

    @property
    def called(self) -> Any:
        """numba's dispatcher of what Python calls."""
        if self._called is None:
            self._called = _cached(self.py_func)
        return self._called

    def __call__(self, *args: Any) -> Any:
        return self.called(*args)


class HiddenKernel(Kernel):
    """One that stands apart and that only kernels call: reading a run's state from Python was a quarter of its code.

    Python, that is, a test, gets at it by a function compiled anew in each process.
    """

    @functools.cached_property
    def shared(self) -> Any:
        return _cached(self.py_func, no_cpython_wrapper=True)

    @property
    def called(self) -> Any:
        if self._called is None:
            kernel = self  # as a kernel calls it: `shared`
            self._called = numba.njit(pipeline_class=_CalledCompiler, **_OPTIONS)(lambda *args: kernel(*args))
        return self._called


class Verb:
    """One name for what several alternatives do, each in its own way: the type of the first argument chooses.

    An alternative is a NamedTuple of arrays and numbers (a method, a law, a layer). Its functions enter themselves:

        @draw.of(Walkers)
        def draw_landing(method, ...): ...

    Inside kernels the choice is made when they are compiled, so that only what a run uses is compiled at all.
    """

    def __init__(self, name: str, meaning: str) -> None:
        self.name, self.__doc__ = name, meaning
        self.alternatives: dict[type, Any] = {}
        self._numba_type_ = _VerbType(self) if COMPILED else None

    def of(self, *kinds: type) -> Callable[[Any], Any]:
        """Enter a kernel as what this verb means for these types."""

        def enter(kernel: Any) -> Any:
            for kind in kinds if COMPILED else ():
                record(kind)
            self.alternatives |= dict.fromkeys(kinds, kernel)
            if note_source(kernel):
                OUTSIDE_TYPES.update(kind.__name__ for kind in kinds)
            return kernel

        return enter

    def __call__(self, subject: Any, *args: Any) -> Any:
        return self.alternatives[type(subject)](subject, *args)


class _VerbType(types.Callable, types.Opaque):  # type: ignore[misc]
    """What the compiler sees of a verb: the kernel that belongs to the type of the first argument."""

    def __init__(self, verb: Verb) -> None:
        self.verb = verb
        super().__init__(f"Verb({verb.name}, {id(verb)})")

    def _chosen(self, subject: Any) -> Any:
        kind = getattr(subject, "instance_class", None)
        if kind not in self.verb.alternatives:
            raise TypeError(f"{self.verb.name}: nothing is known of it for {subject}")
        return self.verb.alternatives[kind]._numba_type_

    def get_call_type(self, context: Any, args: Any, kws: Any) -> Any:
        return self._chosen(args[0]).get_call_type(context, args, kws)

    def get_call_signatures(self) -> Any:
        return (), True

    def get_impl_key(self, sig: Any) -> Any:
        return self._chosen(sig.args[0]).get_impl_key(sig)


register_model(_VerbType)(models.OpaqueModel)


@imputils.lower_constant(_VerbType)
def _no_value(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    return context.get_dummy_value()


def njit(function: Callable[..., Any]) -> Any:
    """A kernel; the plain function where the JIT is off."""
    return Kernel(function) if COMPILED else function


def apart(function: Callable[..., Any]) -> Any:
    """A large kernel that many variants of a run have in common: compiled once for all of them."""
    return Kernel(function, apart=True) if COMPILED else function


def hidden(function: Callable[..., Any]) -> Any:
    """Like `apart`, but for kernels only."""
    return HiddenKernel(function, apart=True) if COMPILED else function


def leaf(function: Callable[..., Any]) -> Any:
    """A small kernel of the inner loops, always inlined."""
    return Kernel(function, forceinline=True) if COMPILED else function
