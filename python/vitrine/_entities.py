# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Functions, globals, memories, tables and tags."""

from __future__ import annotations

import contextlib
import inspect
import threading
import weakref
from typing import TYPE_CHECKING, Any, Callable, Iterator, Sequence

from ._errors import Exit, Trap, check, description
from ._native import KINDS, NUMBERS, address, callback, encoded, fast, ffi, keep, lib, owned, taken_text
from ._values import FuncType, Val, from_val, limits_of, new_valtype, set_val

if TYPE_CHECKING:
    from ._instance import Instance
    from ._store import Store


class Extern:
    """What can be imported and exported. Two of them are equal if they refer to the same entity."""

    def __init__(self, store: Store, pointer: Any):
        self._store, self._pointer = store, pointer

    @property
    def _extern(self) -> Any:
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Extern) and bool(lib.wasm_extern_same(self._extern, other._extern))

    def __hash__(self) -> int:
        return hash(type(self))


class Caller:
    """What a function of the host can see of its caller: its `store`, and what this returns. Valid during the
    call."""

    def __init__(self, store: Store, pointer: Any):
        self.store, self._pointer = store, pointer

    @property
    def instance(self) -> Instance | None:
        """The instance whose code made the call. None if the host made it."""
        from ._instance import Instance

        pointer = lib.vitrine_caller_instance(self._pointer)
        return Instance._of(self.store, owned(pointer, lib.wasm_instance_delete)) if pointer else None

    def memory(self, name: str = "memory") -> Memory | None:
        """The memory that the calling instance exports under that name."""
        pointer = lib.vitrine_caller_memory(self._pointer, encoded(name))
        return Memory(self.store, owned(pointer, lib.wasm_memory_delete)) if pointer else None


class Host:
    """What a function of the host calls."""

    def __init__(self, store: Store, function: Callable[..., Any], type: FuncType):
        self.store, self.function, self.type = weakref.ref(store), function, type
        self.with_caller = wants_caller(function)


@callback
def vitrine_py_call(env: Any, caller: Any, args: Any, arg_count: int, results: Any, result_count: int) -> Any:
    host = ffi.from_handle(env)
    store = host.store()
    if store is None:
        return lib.vitrine_error_new(b"the store is gone")
    # A session runs the guest on a thread of its own, on which this may call the guest.
    guest = store._guest
    thread, guest.thread = guest.thread, threading.get_ident()
    try:
        copies = ffi.new("vitrine_val_t[]", arg_count)
        for i in range(arg_count):
            lib.vitrine_val_copy(copies + i, args + i)
        values = fast.from_vals(address(copies), arg_count, store._from_ref)
        if host.with_caller:
            values = (Caller(store, caller), *values)
        value = host.function(*values)
        if result_count == 0:
            if value is not None:
                raise TypeError(f"a function without results returned {value!r}")
            return ffi.NULL
        returned = (value,) if result_count == 1 else tuple(value)
        if len(returned) != result_count:
            raise TypeError(f"{result_count} results expected, not {len(returned)}")
        for i in range(result_count):
            set_val(store, results + i, host.type.results[i], returned[i])
        return ffi.NULL
    except BaseException as error:
        return failure_of(store, error)
    finally:
        guest.thread = thread


@contextlib.contextmanager
def entered(store: Store) -> Iterator[None]:
    """The guest has called Python. A session runs it on a thread of its own, on which Python may call it."""
    guest = store._guest
    thread, guest.thread = guest.thread, threading.get_ident()
    try:
        yield
    finally:
        guest.thread = thread


def failure_of(store: Store, error: BaseException) -> Any:
    """The `vitrine_error_t` that a callback returns for what it raised. The call of the guest raises it again."""
    if isinstance(error, Exit):
        return lib.vitrine_error_new_exit(error.status)
    if isinstance(error, Trap) and error.kind == "uncaught_exception":
        return lib.vitrine_error_new_trap(error._trap)  # the guest may catch it
    store._raised = error
    return lib.vitrine_error_new(description(error).encode(errors="replace"))


class Func(Extern):
    """A function. Call it like any other; it takes and returns Python objects (see `vitrine.Ref`).

    Several results are a tuple. Raises `Trap` if the guest traps, `Exit` if it exits, and what a Python
    function of the host raised.

    >>> import vitrine
    >>> store = vitrine.Store()
    >>> bank = vitrine.Instance(store, vitrine.Module(store, "bank.wasm"), {"host": {"print": print}})
    >>> bank["add"](2, 3)
    5
    >>> bank["add"]
    <Func add (param i32 i32) (result i32)>
    """

    def __init__(self, store: Store, pointer: Any):
        super().__init__(store, pointer)
        functype = owned(lib.wasm_func_type(pointer), lib.wasm_functype_delete)
        #: The kinds of its parameters and results.
        self.type = FuncType._of(functype)
        self._call = fast.function(
            address(pointer),
            address(store._guest),
            bytes(NUMBERS[kind] for kind in self.type.params),
            bytes(NUMBERS[kind] for kind in self.type.results),
            store._to_ref,
            store._from_ref,
            store._failed,
        )

    @classmethod
    def host(
        cls,
        store: Store,
        function: Callable[..., Any],
        params: Sequence[str] = (),
        results: Sequence[str] = (),
    ) -> Func:
        """A function of the host. What it raises comes out of the call of the guest. If its first parameter
        is annotated as `vitrine.Caller`, it gets its caller before the arguments."""
        type = FuncType(tuple(params), tuple(results))
        out = ffi.new("wasm_func_t**")
        env = keep(Host(store, function, type))
        check(lib.vitrine_func_new(store._pointer, type._new(), lib.vitrine_py_call, env, lib.vitrine_py_release, out))
        return cls(store, owned(out[0], lib.wasm_func_delete))

    def __call__(self, *args: Any) -> Any:
        return self._call(*args)

    @property
    def _extern(self) -> Any:
        return lib.wasm_func_as_extern(self._pointer)

    @property
    def name(self) -> str:
        """From the name section, the exports or the imports; `module.name` for one of the host."""
        return taken_text(lib.vitrine_func_name, self._pointer)

    @property
    def exact_type(self) -> str:
        """Its type in the text format, such as `(param (ref null $point)) (result i64)`."""
        return taken_text(lib.vitrine_func_type_to_text, self._pointer)

    @property
    def index(self) -> int | None:
        """Its index in its module. None for one of the host."""
        out = ffi.new("uint32_t*")
        return int(out[0]) if lib.vitrine_func_index(self._pointer, out) else None

    def __repr__(self) -> str:
        type = str(self.type)
        return f"<Func {self.name or f'func[{self.index}]'}{f' {type}' if type else ''}>"


class Global(Extern):
    """A global variable. `value` reads and writes it.

    >>> import vitrine
    >>> store = vitrine.Store()
    >>> vitrine.Global.new(store, "i64", 7, mutable=True)
    <Global i64 mutable: 7>
    """

    @classmethod
    def new(cls, store: Store, kind: str, value: Any, *, mutable: bool = False) -> Global:
        """A global of this kind, such as `i32` or `externref`."""
        type = owned(lib.wasm_globaltype_new(new_valtype(kind), 1 if mutable else 0), lib.wasm_globaltype_delete)
        out = ffi.new("wasm_global_t**")
        with Val(store, kind, value) as val:
            check(lib.vitrine_global_new(store._pointer, type, val, out), store)
        return cls(store, owned(out[0], lib.wasm_global_delete))

    @property
    def _extern(self) -> Any:
        return lib.wasm_global_as_extern(self._pointer)

    def _type(self) -> Any:
        return owned(lib.wasm_global_type(self._pointer), lib.wasm_globaltype_delete)

    @property
    def kind(self) -> str:
        """The kind of its value, such as `i32`."""
        type = self._type()
        return KINDS[lib.wasm_valtype_kind(lib.wasm_globaltype_content(type))]

    @property
    def is_mutable(self) -> bool:
        """Whether it can be set."""
        return bool(lib.wasm_globaltype_mutability(self._type()))

    @property
    def value(self) -> Any:
        """Its value. Setting it raises `Error` if the global is immutable."""
        val = ffi.new("vitrine_val_t*")
        check(lib.vitrine_global_get(self._pointer, val), self._store)
        return from_val(self._store, val)

    @value.setter
    def value(self, value: Any) -> None:
        with Val(self._store, self.kind, value) as val:
            check(lib.vitrine_global_set(self._pointer, val), self._store)

    def debug_set(self, value: Any) -> None:
        """Sets it even if it is immutable. Raises `Error` without `guest_debug`."""
        with Val(self._store, self.kind, value) as val:
            check(lib.vitrine_global_debug_set(self._pointer, val), self._store)

    def place(self) -> Place:
        """The place to watch."""
        return Place(self._store, lib.vitrine_place_new_global(self._pointer))

    def __repr__(self) -> str:
        return f"<Global {self.kind}{' mutable' * self.is_mutable}: {self.value!r}>"


class Memory(Extern):
    """A linear memory. Addresses and sizes are in bytes.

    `memory[address]` is a byte and `memory[a:b]` bytes; both can be assigned. `view()` gives the contents
    without a copy.

    >>> import vitrine
    >>> memory = vitrine.Memory.new(vitrine.Store(), 1)
    >>> memory[16:20] = b"jade"
    >>> memory[16:20], memory[16], memory.find(b"jade")
    (b'jade', 106, 16)
    >>> memory
    <Memory of 65536 bytes>
    """

    @classmethod
    def new(
        cls, store: Store, min: int, max: int | None = None, *, is_64: bool = False, is_shared: bool = False
    ) -> Memory:
        """A memory of `min` pages of 64 KiB. A shared one needs a maximum."""
        limits = {"min": min, "max": max or 0, "has_max": max is not None, "is_64": is_64, "is_shared": is_shared}
        out = ffi.new("wasm_memory_t**")
        check(lib.vitrine_memory_new(store._pointer, ffi.new("vitrine_limits_t*", limits), out), store)
        return cls(store, owned(out[0], lib.wasm_memory_delete))

    def obtain(self, store: Store) -> Memory:
        """The same shared memory for another store of the same engine."""
        out = ffi.new("wasm_memory_t**")
        check(lib.vitrine_memory_obtain(store._pointer, self._pointer, out), store)
        return Memory(store, owned(out[0], lib.wasm_memory_delete))

    @property
    def _extern(self) -> Any:
        return lib.wasm_memory_as_extern(self._pointer)

    def __len__(self) -> int:
        out = ffi.new("uint64_t*")
        check(lib.vitrine_memory_size(self._pointer, out), self._store)
        return int(out[0])

    def _limits(self) -> Any:
        out = ffi.new("vitrine_limits_t*")
        lib.vitrine_memory_limits(self._pointer, out)
        return out

    @property
    def limits(self) -> tuple[int, int | None]:
        """The minimum and the maximum of its type in pages. The maximum may be None."""
        return limits_of(self._limits())

    @property
    def is_64(self) -> bool:
        """Whether its addresses have 64 bits."""
        return bool(self._limits().is_64)

    @property
    def is_shared(self) -> bool:
        """Whether several threads can share it."""
        return bool(self._limits().is_shared)

    def read(self, address: int, size: int) -> bytes:
        """Copies bytes. Raises `Error` if they are partly out of bounds."""
        if address < 0 or size < 0 or size > len(self):
            raise IndexError(f"{size} bytes at {address:#x} are not in a memory of {len(self)} bytes")
        to = ffi.new("char[]", size)
        check(lib.vitrine_memory_read(self._pointer, address, to, size), self._store)
        return bytes(ffi.buffer(to, size))

    def write(self, address: int, data: bytes | bytearray | memoryview) -> None:
        """Writes bytes. Raises `Error` and writes nothing if they are partly out of bounds."""
        check(
            lib.vitrine_memory_write(self._pointer, address, ffi.from_buffer(data), len(memoryview(data).cast("B"))),
            self._store,
        )

    def text(self, address: int, size: int | None = None) -> str:
        """A text in UTF-8, which ends with a zero unless its size in bytes is known."""
        if size is None:
            end = self.find(b"\0", address)
            size = (len(self) if end is None else end) - address
        return self.read(address, size).decode(errors="replace")

    def dump(self, address: int = 0, size: int = 256) -> str:
        """The bytes in hexadecimal and as text, 16 a line, as far as they are in the memory.

        >>> import vitrine
        >>> memory = vitrine.Memory.new(vitrine.Store(), 1)
        >>> memory[16:20] = b"jade"
        >>> print(memory.dump(16, 16))
        0x000010  6a 61 64 65 00 00 00 00 00 00 00 00 00 00 00 00  jade............
        """
        data = self[address : address + size]
        lines = []
        for i in range(0, len(data), 16):
            row = data[i : i + 16]
            shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
            lines.append(f"{address + i:#08x}  {row.hex(' '):47}  {shown}")
        return "\n".join(lines)

    def fill(self, address: int, count: int, value: int = 0) -> None:
        """Sets `count` bytes to a value."""
        check(lib.vitrine_memory_fill(self._pointer, address, count, value), self._store)

    def find(self, data: bytes, start: int = 0) -> int | None:
        """The first address at or after `start` where these bytes are. None if there is none."""
        found, address = ffi.new("bool*"), ffi.new("uint64_t*")
        check(
            lib.vitrine_memory_find(self._pointer, ffi.from_buffer(data), len(data), start, found, address), self._store
        )
        return int(address[0]) if found[0] else None

    @property
    def can_move(self) -> bool:
        """Whether the contents can move when the memory grows. Shared memories cannot, nor do those with 32-bit
        addresses as long as there is address space for them. It does not change during the life of a memory."""
        return bool(lib.vitrine_memory_can_move(self._pointer))

    def grow(self, pages: int) -> int:
        """Adds zeroed pages and returns the former size in pages. Raises BufferError while there are views of a
        memory of the store that can move."""
        if self._store._movable_views:
            raise BufferError("there are views of a memory of the store that can move")
        old = ffi.new("uint64_t*")
        check(lib.vitrine_memory_grow(self._pointer, pages, old), self._store)
        return int(old[0])

    def view(self) -> memoryview:
        """The contents without a copy, for reading and writing. `numpy.asarray(memory.view())` works, too.

        Its size does not change when the memory grows. While there is a view of a memory that can move
        (`can_move`), no memory of the store can grow: `memory.grow` of the guest returns -1. Hold such a view
        only as long as it is needed, best in a `with` statement:

        >>> import vitrine
        >>> memory = vitrine.Memory.new(vitrine.Store(), 1)
        >>> with memory.view() as view:
        ...     view[0:2] = b"\\x01\\x02"
        ...     sum(view)
        3
        """
        store = self._store
        size = len(self)
        data = lib.wasm_memory_data(self._pointer)

        movable = 1 if self.can_move else 0

        def release(_: Any) -> None:
            store._views -= 1
            store._movable_views -= movable

        store._views += 1
        store._movable_views += movable
        # A memory without bytes has no address.
        data = ffi.gc(data if size else ffi.new("char[1]"), release)
        return memoryview(ffi.buffer(data, size))

    def place(self, address: int, size: int) -> Place:
        """The place to watch."""
        return Place(self._store, lib.vitrine_place_new_memory(self._pointer, address, size))

    def _range(self, key: slice) -> tuple[int, int]:
        start, stop, step = key.indices(len(self))
        if step != 1:
            raise ValueError("the bytes of a slice are adjacent")
        return start, max(0, stop - start)

    def __getitem__(self, key: int | slice) -> Any:
        if isinstance(key, slice):
            return self.read(*self._range(key))
        return self.read(key + (len(self) if key < 0 else 0), 1)[0]

    def __setitem__(self, key: int | slice, value: Any) -> None:
        if isinstance(key, slice):
            start, size = self._range(key)
            if len(value) != size:
                raise ValueError(f"{size} bytes expected, not {len(value)}")
            self.write(start, value)
        else:
            self.write(key + (len(self) if key < 0 else 0), bytes([value]))

    def __repr__(self) -> str:
        return f"<Memory of {len(self)} bytes>"


class Table(Extern):
    """A table of references. `table[i]` reads and writes an element.

    >>> import vitrine
    >>> table = vitrine.Table.new(vitrine.Store(), "externref", 2, "jade")
    >>> table.grow(1)
    2
    >>> list(table)
    ['jade', 'jade', None]
    """

    @classmethod
    def new(cls, store: Store, kind: str, min: int, init: Any = None, *, max: int | None = None) -> Table:
        """A table of `min` elements, which are `init`. `kind` is `funcref` or `externref`."""
        limits = ffi.new("wasm_limits_t*", {"min": min, "max": 0xFFFFFFFF if max is None else max})
        type = owned(lib.wasm_tabletype_new(new_valtype(kind), limits), lib.wasm_tabletype_delete)
        out = ffi.new("wasm_table_t**")
        with Val(store, kind, init) as val:
            check(lib.vitrine_table_new(store._pointer, type, val, out), store)
        return cls(store, owned(out[0], lib.wasm_table_delete))

    @property
    def _extern(self) -> Any:
        return lib.wasm_table_as_extern(self._pointer)

    @property
    def kind(self) -> str:
        """The kind of its elements."""
        type = owned(lib.wasm_table_type(self._pointer), lib.wasm_tabletype_delete)
        return KINDS[lib.wasm_valtype_kind(lib.wasm_tabletype_element(type))]

    def _limits(self) -> Any:
        out = ffi.new("vitrine_limits_t*")
        lib.vitrine_table_limits(self._pointer, out)
        return out

    @property
    def limits(self) -> tuple[int, int | None]:
        """The minimum and the maximum of its type in elements. The maximum may be None."""
        return limits_of(self._limits())

    @property
    def is_64(self) -> bool:
        """Whether its indices have 64 bits."""
        return bool(self._limits().is_64)

    def __len__(self) -> int:
        out = ffi.new("uint64_t*")
        check(lib.vitrine_table_size(self._pointer, out), self._store)
        return int(out[0])

    def _index(self, index: int) -> int:
        size = len(self)
        index += size if index < 0 else 0
        if not 0 <= index < size:
            raise IndexError(f"the table has {size} elements")
        return index

    def __getitem__(self, index: int) -> Any:
        val = ffi.new("vitrine_val_t*")
        check(lib.vitrine_table_get(self._pointer, self._index(index), val), self._store)
        return from_val(self._store, val)

    def __setitem__(self, index: int, value: Any) -> None:
        with Val(self._store, self.kind, value) as val:
            check(lib.vitrine_table_set(self._pointer, self._index(index), val), self._store)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def grow(self, count: int, init: Any = None) -> int:
        """Appends elements and returns the former size."""
        old = ffi.new("uint64_t*")
        with Val(self._store, self.kind, init) as val:
            check(lib.vitrine_table_grow(self._pointer, count, val, old), self._store)
        return int(old[0])

    def place(self, index: int) -> Place:
        """The place to watch."""
        return Place(self._store, lib.vitrine_place_new_table(self._pointer, index))

    def __repr__(self) -> str:
        return f"<Table of {len(self)} {self.kind}>"


class Tag(Extern):
    """The type of an exception."""

    @classmethod
    def new(cls, store: Store, params: Sequence[str]) -> Tag:
        """A tag whose exceptions have values of these kinds, such as `["i32", "externref"]`."""
        out = ffi.new("wasm_extern_t**")
        check(lib.vitrine_tag_new(store._pointer, FuncType(tuple(params), ())._new(), out), store)
        return cls(store, owned(out[0], lib.wasm_extern_delete))

    @property
    def _extern(self) -> Any:
        return self._pointer

    @property
    def type(self) -> FuncType:
        """The kinds of its exceptions' values, as parameters."""
        return FuncType._of(owned(lib.vitrine_tag_type(self._pointer), lib.wasm_functype_delete))

    def __repr__(self) -> str:
        return f"<Tag {self.type}>"


class Place:
    """State of a guest that can be watched: bytes of a memory, a global, an element of a table, a local."""

    KINDS = {0: "memory", 1: "global", 2: "table", 3: "local"}

    def __init__(self, store: Store, pointer: Any):
        self._store, self._pointer = store, owned(pointer, lib.vitrine_place_delete)

    @property
    def kind(self) -> str:
        """`memory`, `global`, `table` or `local`."""
        return self.KINDS[lib.vitrine_place_kind(self._pointer)]

    @property
    def index(self) -> int:
        """The address in the memory, the index in the table, or the index of the local."""
        return int(lib.vitrine_place_index(self._pointer))

    @property
    def entity(self) -> Extern | None:
        """The memory, global or table. None for a local."""
        pointer = lib.vitrine_place_extern(self._pointer)
        return extern_of(self._store, pointer) if pointer else None

    @property
    def size(self) -> int:
        """The number of bytes in the memory. 0 for other kinds."""
        return int(lib.vitrine_place_size(self._pointer))

    def __repr__(self) -> str:
        where = f" {self.index:#x}+{self.size}" if self.size else f" {self.index}"
        return f"<Place {self.kind}{where}>"


def extern_of(store: Store, pointer: Any) -> Extern:
    """The object for an owned `wasm_extern_t`."""
    pointer = owned(pointer, lib.wasm_extern_delete)
    kind = lib.wasm_extern_kind(pointer)
    if kind == lib.VITRINE_EXTERN_TAG:
        return Tag(store, pointer)
    name, type = {
        lib.WASM_EXTERN_FUNC: ("func", Func),
        lib.WASM_EXTERN_GLOBAL: ("global", Global),
        lib.WASM_EXTERN_TABLE: ("table", Table),
        lib.WASM_EXTERN_MEMORY: ("memory", Memory),
    }[kind]
    special = getattr(lib, f"wasm_extern_as_{name}")(pointer)
    copy = getattr(lib, f"wasm_{name}_copy")(special)
    return type(store, owned(copy, getattr(lib, f"wasm_{name}_delete")))


def wants_caller(function: Callable[..., Any], caller: type = Caller) -> bool:
    """Whether the first parameter of a function is annotated as `Caller`, or another class like it."""
    try:
        first = next(iter(inspect.signature(function).parameters.values()), None)
    except (TypeError, ValueError):
        return False
    return first is not None and first.annotation in (caller, caller.__name__, f"vitrine.{caller.__name__}")
