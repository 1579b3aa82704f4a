"""Named tuples of arrays, which kernels get as one address.

numba passes each array of a named tuple as seven arguments, and a run's state holds some eighty arrays: most of what it
wrote and compiled was the passing on. A class marked `record` is laid out in memory once, when Python calls; a kernel
reads from there what it uses. Records are not changed by kernels, only what their arrays hold.
"""

import hashlib
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing.templates import AttributeTemplate, infer_getattr
from numba.extending import NativeValue, lower_getattr_generic, models, register_model, typeof_impl, unbox

BYTE, WORD = ir.IntType(8), 8  # every number has eight bytes


class RecordType(types.Type):  # type: ignore[misc]
    """Of a marked class with fields of certain types."""

    def __init__(self, kind: type, fields: tuple[Any, ...]) -> None:
        self.instance_class, self.fields = kind, dict(zip(kind._fields, fields, strict=True))  # type: ignore[attr-defined]
        super().__init__(f"{kind.__name__}({', '.join(f'{name}: {field}' for name, field in self.fields.items())})")

    @property
    def key(self) -> Any:
        return self.instance_class, self.name

    @property
    def mangling_args(self) -> Any:
        return self.instance_class.__name__ + hashlib.sha256(self.name.encode()).hexdigest()[:8], ()


def record(kind: type) -> type:
    """Mark a NamedTuple class, of whose objects kernels get the address."""
    typeof_impl.register(kind)(lambda value, c: RecordType(kind, tuple(typeof_impl(item, c) for item in value)))
    return kind


@infer_getattr
class _Fields(AttributeTemplate):  # type: ignore[misc]
    key = RecordType

    def generic_resolve(self, kind: RecordType, name: str) -> Any:
        return kind.fields.get(name)


@register_model(RecordType)
class _RecordModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: RecordType) -> None:
        self.offsets, end = {}, 0
        for name, field in kind.fields.items():
            self.offsets[name] = end
            model = manager.lookup(field)
            end += model.size if isinstance(field, RecordType) else WORD * len(_numbers(model.get_value_type()))
        self.size = end
        super().__init__(manager, kind, BYTE.as_pointer())

    def from_argument(self, builder: Any, value: Any) -> Any:
        if isinstance(value, ir.Argument):  # so that what a loop reads only sometimes may be read before it
            value.attributes.dereferenceable, value.attributes.align = self.size, WORD
        return value


def _numbers(kind: Any, path: tuple[int, ...] = ()) -> list[tuple[tuple[int, ...], Any]]:
    """(where, type) of all numbers and addresses of a value."""
    if isinstance(kind, ir.LiteralStructType):
        parts = list(enumerate(kind.elements))
    elif isinstance(kind, ir.ArrayType):
        parts = [(i, kind.element) for i in range(kind.count)]
    else:
        return [(path, kind)]
    return [number for i, part in parts for number in _numbers(part, (*path, i))]


def _place(builder: Any, start: Any, offset: int, kind: Any = None) -> Any:
    address = builder.gep(start, [ir.Constant(ir.IntType(64), offset)], inbounds=True)
    return address if kind is None else builder.bitcast(address, kind.as_pointer())


def _read(builder: Any, start: Any, offset: int, kind: Any) -> Any:
    """A number that stays what it is while the kernel runs: the compiler need not read it again after each write."""
    value = builder.load(_place(builder, start, offset, kind), align=WORD)
    value.set_metadata("invariant.load", builder.module.add_metadata([]))
    return value


@lower_getattr_generic(RecordType)
def _field(context: Any, builder: Any, kind: RecordType, value: Any, name: str) -> Any:
    field, offset = kind.fields[name], context.data_model_manager[kind].offsets[name]
    if isinstance(field, RecordType):
        return _place(builder, value, offset)
    result = ir.Constant(context.get_value_type(field), ir.Undefined)
    for i, (path, number) in enumerate(_numbers(result.type)):
        if path:
            result = builder.insert_value(result, _read(builder, value, offset + WORD * i, number), path)
        else:
            result = _read(builder, value, offset, number)
    return result


def _reader(c: Any, field: Any) -> Any:
    """A function of the module: (Python object, address) -> whether the object is no such field; writes it there.

    One for each type. With this code in line for each of eighty arrays it was most of what a small kernel compiled.
    """
    name = f"read.{hashlib.sha256(str(field).encode()).hexdigest()[:12]}"
    if name in c.builder.module.globals:
        return c.builder.module.globals[name]
    kind = ir.FunctionType(ir.IntType(1), (c.pyapi.pyobj, BYTE.as_pointer()))
    function = ir.Function(c.builder.module, kind, name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    item, start = function.args
    api = c.context.get_python_api(builder)
    native = type(c)(c.context, builder, api).unbox(field, item)
    if native.cleanup is not None:
        raise TypeError(f"a record cannot hold {field}: it would have to be given back")
    for k, (path, number) in enumerate(_numbers(native.value.type)):
        part = builder.extract_value(native.value, path) if path else native.value
        builder.store(part, _place(builder, start, WORD * k, number), align=WORD)
    builder.ret(native.is_error)
    return function


@unbox(RecordType)
def _lay_out(kind: RecordType, value: Any, c: Any) -> NativeValue:
    """Write a record to the stack of the function that Python calls."""
    model = c.context.data_model_manager[kind]
    with c.builder.goto_entry_block():
        start = c.builder.alloca(BYTE, ir.Constant(ir.IntType(32), model.size))
        start.align = WORD
    is_error = cgutils.alloca_once_value(c.builder, cgutils.false_bit)

    def write(kind: RecordType, value: Any, offset: int) -> None:
        offsets = c.context.data_model_manager[kind].offsets
        for i, (name, field) in enumerate(kind.fields.items()):
            item = c.pyapi.tuple_getitem(value, i)
            if isinstance(field, RecordType):
                write(field, item, offset + offsets[name])
                continue
            place = _place(c.builder, start, offset + offsets[name])
            with c.builder.if_then(c.builder.call(_reader(c, field), (item, place)), likely=False):
                c.builder.store(cgutils.true_bit, is_error)

    write(kind, value, 0)
    return NativeValue(start, is_error=c.builder.load(is_error))
