# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Values of the guest as Python objects.

| WebAssembly | Python |
| --- | --- |
| i32, i64 | int, signed; unsigned ones are taken, too |
| f32, f64 | float |
| v128 | bytes, 16 of them |
| externref | any object |
| funcref | Func |
| anyref, exnref | Ref |
| null | None |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Iterable, Iterator, NamedTuple, Sequence

from ._errors import check
from ._native import KINDS, NUMBERS, address, enumeration, fast, ffi, keep, lib, owned, text

if TYPE_CHECKING:
    from ._store import Store

OBJECT_KINDS = enumeration("VITRINE_OBJECT_")
HEAP_KINDS = enumeration("VITRINE_HEAP_")


class FuncType(NamedTuple):
    """The kinds of the `params` and `results` of a function or tag, such as `("i32", "f64")`."""

    params: tuple[str, ...]
    results: tuple[str, ...]

    @classmethod
    def _of(cls, functype: Any) -> FuncType:
        def kinds(vector: Any) -> tuple[str, ...]:
            return tuple(KINDS[lib.wasm_valtype_kind(vector.data[i])] for i in range(vector.size))

        return cls(kinds(lib.wasm_functype_params(functype)), kinds(lib.wasm_functype_results(functype)))

    def _new(self) -> Any:
        """The `wasm_functype_t`."""

        def vector(kinds: Sequence[str]) -> Any:
            types = [new_valtype(kind) for kind in kinds]
            out = ffi.new("wasm_valtype_vec_t*")
            lib.wasm_valtype_vec_new(out, len(types), types)
            return out

        return owned(lib.wasm_functype_new(vector(self.params), vector(self.results)), lib.wasm_functype_delete)

    def __str__(self) -> str:
        parts = [
            f"({word} {' '.join(kinds)})" for word, kinds in (("param", self.params), ("result", self.results)) if kinds
        ]
        return " ".join(parts)


@dataclass(frozen=True)
class ValType:
    """The exact type of a local or operand.

    `text` is in the text format, such as `i32` or `(ref null $point)`. `kind` is that of its values, such as
    `anyref`. For references, `heap` is the heap type: one of the specification, such as `func` or `eq`, or
    `defined` for a type of the module with this `index` and `name`; and `is_nullable` says whether there can
    be null. Otherwise `heap` is empty.
    """

    text: str
    kind: str
    is_nullable: bool
    heap: str
    index: int | None
    name: str

    @classmethod
    def _of(cls, type: Any) -> ValType:
        kind = KINDS[lib.vitrine_valtype_kind(type)]
        is_ref = kind.endswith("ref")
        index = ffi.new("uint32_t*")
        return cls(
            text(lib.vitrine_valtype_text(type)),
            kind,
            is_ref and bool(lib.vitrine_valtype_is_nullable(type)),
            HEAP_KINDS[lib.vitrine_valtype_heap(type)] if is_ref else "",
            int(index[0]) if lib.vitrine_valtype_index(type, index) else None,
            text(lib.vitrine_valtype_name(type)),
        )


def limits_of(limits: Any) -> tuple[int, int | None]:
    """The minimum and the maximum in a `vitrine_limits_t`."""
    return int(limits.min), int(limits.max) if limits.has_max else None


def kind_number(kind: str) -> int:
    if kind not in NUMBERS:
        raise ValueError(f"there is no kind of values {kind!r}; the kinds are {', '.join(NUMBERS)}")
    return NUMBERS[kind]


def new_valtype(kind: str) -> Any:
    return lib.wasm_valtype_new(kind_number(kind))


class Ref:
    """A reference to an object of the garbage-collected heap, an exception or an i31.

    `len(ref)` is the number of its fields, elements or values; `ref[i]` reads and writes them. `int(ref)`
    is the number of an i31. Two references are equal if they refer to the same object.
    """

    def __init__(self, store: Store, pointer: Any, kind: str):
        self._store, self._pointer, self._kind = store, pointer, kind

    @property
    def kind(self) -> str:
        """`struct`, `array`, `exception`, `extern` or `i31`; otherwise the kind of the value, such as `anyref`."""
        number = ffi.new("vitrine_object_kind_t*")
        if lib.vitrine_object_kind(self._pointer, number):
            return OBJECT_KINDS[number[0]]
        return "i31" if lib.vitrine_i31_value(self._pointer, ffi.new("int32_t*")) else self._kind

    @property
    def exact_type(self) -> str:
        """The type of what it refers to, in the text format: `(ref $point)`, `(ref i31)`."""
        return text_of(lib.vitrine_val_type, self._val())

    def part_type(self, index: int) -> str:
        """The type of a field, element or value in the text format. Packed ones are `i32`."""
        return text_of(lib.vitrine_object_part_type, self._pointer, self._index(index))

    def __len__(self) -> int:
        return int(lib.vitrine_object_size(self._pointer))

    def _index(self, index: int) -> int:
        index += len(self) if index < 0 else 0
        if not 0 <= index < len(self):
            raise IndexError(f"the object has {len(self)} parts")
        return index

    def __getitem__(self, index: int) -> Any:
        val = ffi.new("vitrine_val_t*")
        check(lib.vitrine_object_get(self._pointer, self._index(index), val))
        return from_val(self._store, val)

    def __setitem__(self, index: int, value: Any) -> None:
        index = self._index(index)
        current = ffi.new("vitrine_val_t*")
        check(lib.vitrine_object_get(self._pointer, index, current))
        lib.vitrine_val_delete(current)
        with Val(self._store, KINDS[current.kind], value) as val:
            check(lib.vitrine_object_set(self._pointer, index, val))

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __int__(self) -> int:
        number = ffi.new("int32_t*")
        if not lib.vitrine_i31_value(self._pointer, number):
            raise TypeError(f"a reference to {self.kind} is no number")
        return int(number[0])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ref) and bool(lib.wasm_ref_same(self._pointer, other._pointer))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<Ref {text_of(lib.vitrine_val_to_text, self._val())}>"

    def _val(self) -> Any:
        return ffi.new("vitrine_val_t*", {"kind": NUMBERS[self._kind], "of": {"ref": self._pointer}})


class Foreign:
    """A Python object that an externref refers to."""

    def __init__(self, value: Any):
        self.value = value


def to_ref(store: Store, value: Any, kind: int) -> int:
    """The address of an owned reference to what `value` stands for."""
    from ._entities import Func

    name = KINDS[kind]
    if isinstance(value, Ref) and name != "funcref":
        return address(lib.wasm_ref_copy(value._pointer))
    if isinstance(value, Func) and name != "exnref" and name != "externref":
        return address(lib.wasm_func_as_ref(lib.wasm_func_copy(value._pointer)))
    if name == "externref":
        foreign = lib.wasm_foreign_new(store._pointer)
        ref = lib.wasm_foreign_as_ref(foreign)
        lib.wasm_ref_set_host_info_with_finalizer(ref, keep(Foreign(value)), lib.vitrine_py_release)
        return address(ref)
    if name == "anyref" and isinstance(value, int):
        return address(lib.vitrine_i31_new(store._pointer, value))
    raise TypeError(f"{type(value).__name__} is no {name}")


def from_ref(store: Store, pointer: int, kind: int) -> Any:
    """The object for the reference at an address, which is taken."""
    from ._entities import Func

    ref = ffi.gc(ffi.cast("wasm_ref_t*", pointer), lib.wasm_ref_delete)
    func = lib.wasm_ref_as_func(ref)
    if func:
        return Func(store, owned(lib.wasm_func_copy(func), lib.wasm_func_delete))
    if lib.wasm_ref_as_foreign(ref):
        info = lib.wasm_ref_get_host_info(ref)
        if info:
            return ffi.from_handle(info).value
    return Ref(store, ref, KINDS[kind])


def set_val(store: Store, val: Any, kind: str, value: Any) -> None:
    fast.to_val(address(val), kind_number(kind), value, store._to_ref)


class Val:
    """A `vitrine_val_t` within a `with` statement."""

    def __init__(self, store: Store, kind: str, value: Any):
        self._val = ffi.new("vitrine_val_t*")
        set_val(store, self._val, kind, value)

    def __enter__(self) -> Any:
        return self._val

    def __exit__(self, *_: object) -> None:
        lib.vitrine_val_delete(self._val)


class Vals:
    """An array of values within a `with` statement."""

    def __init__(self, store: Store, kinds: Sequence[str], values: Iterable[Any]):
        values = tuple(values)
        if len(values) != len(kinds):
            raise TypeError(f"{len(kinds)} value{'s' * (len(kinds) != 1)} expected, not {len(values)}")
        self._vals = ffi.new("vitrine_val_t[]", len(kinds))
        for i, (kind, value) in enumerate(zip(kinds, values)):
            set_val(store, self._vals + i, kind, value)

    def __enter__(self) -> Any:
        return self._vals

    def __exit__(self, *_: object) -> None:
        for i in range(len(self._vals)):
            lib.vitrine_val_delete(self._vals + i)


def from_val(store: Store, val: Any) -> Any:
    """The object for a value, which is deleted."""
    return fast.from_vals(address(val), 1, store._from_ref)[0]


def copied_val(store: Store, val: Any) -> Any:
    """The object for a value that stays with its owner."""
    copy = ffi.new("vitrine_val_t*")
    lib.vitrine_val_copy(copy, val)
    return from_val(store, copy)


def results_of(values: tuple[Any, ...]) -> Any:
    """What a call returns: None, the only value, or a tuple."""
    return None if not values else values[0] if len(values) == 1 else values


def text_of(function: Any, *args: Any) -> str:
    """The text that a function which can fail returns in its last parameter."""
    vector = ffi.new("wasm_byte_vec_t*")
    check(function(*args, vector))
    try:
        return text(vector)
    finally:
        lib.wasm_byte_vec_delete(vector)
