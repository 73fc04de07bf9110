# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Instances, linkers and WASI."""

from __future__ import annotations

import codecs
import io
import os
import socket
from typing import IO, Any, Callable, Iterator, Mapping, Sequence, Union, cast

from ._entities import Extern, Func, Global, Host, Memory, Place, Table, Tag, extern_of
from ._errors import Error, check
from ._html import counted, table
from ._native import callback, encoded, ffi, keep, lib, name_of, owned, text
from ._store import ENTITY_KINDS, Module, Store
from ._values import FuncType, from_val, text_of


class Instance:
    """An instance of a module in a store, whose start function runs at once.

    `imports` are Python functions, `Func`s, `Global`s and so on, by module and name. A Python function
    gets the type that the module asks for. If its first parameter is annotated as `vitrine.Caller`, it gets
    its caller, too.

    `instance["name"]` is what it exports under that name; `exports` has all of them. The functions whose
    names begin with `debug` see what is not exported, too, by index or name. Without `guest_debug`, they
    return None.

    >>> import vitrine
    >>> store = vitrine.Store(guest_debug=True)
    >>> bank = vitrine.Instance(store, vitrine.Module(store, "bank.wasm"), {"host": {"print": print}})
    >>> list(bank.exports)
    ['add', 'run']
    >>> bank.debug_global("total")
    <Global i64 mutable: 1200>
    >>> bank.debug_memory(0).text(1024)
    'amber and jade..'
    """

    _store: Store
    _pointer: Any

    def __init__(self, store: Store, module: Module, imports: Mapping[str, Mapping[str, Any]] | None = None):
        linker = Linker(store)
        for name, items in (imports or {}).items():
            for item, value in items.items():
                linker.define(name, item, value)
        made = linker.instantiate(module)
        self._store, self._pointer = store, made._pointer

    @classmethod
    def _of(cls, store: Store, pointer: Any) -> Instance:
        instance = cls.__new__(cls)
        instance._store, instance._pointer = store, pointer
        return instance

    @property
    def module(self) -> Module:
        """What it is an instance of."""
        return Module._of(self._store, owned(lib.vitrine_instance_module(self._pointer), lib.wasm_module_delete))

    @property
    def number(self) -> int:
        """Instances of a store are numbered from 0 in the order of their creation."""
        return int(lib.vitrine_instance_number(self._pointer))

    @property
    def core_name(self) -> str | None:
        """Its name among the core instances of its component, such as `calc/main`. None if it is not part of a
        component, or its component is still being instantiated."""
        return self._store._core_names.get(self.number)

    @property
    def exports(self) -> dict[str, Any]:
        """What it exports, by name, in the order of the module."""
        module = self.module
        vector = ffi.new("wasm_exporttype_vec_t*")
        lib.wasm_module_exports(module._pointer, vector)
        names = [text(lib.wasm_exporttype_name(vector.data[i])) for i in range(vector.size)]
        lib.wasm_exporttype_vec_delete(vector)
        return {name: self[name] for name in names}

    def __getitem__(self, name: str) -> Any:
        self._store._pointer  # raises if it is closed
        c_name, _kept = name_of(name)
        pointer = lib.vitrine_instance_export(self._pointer, c_name)
        if not pointer:
            raise KeyError(name)
        return extern_of(self._store, pointer)

    def __contains__(self, name: object) -> bool:
        return name in self.exports

    def __iter__(self) -> Iterator[str]:
        return iter(self.exports)

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)

    def _debug(self, kind: str, key: int | str) -> Any:
        if isinstance(key, str):
            index = self.module._find(kind, key)
        else:
            index = key if 0 <= key < 2**32 else None
        if index is None:
            return None
        pointer = lib.vitrine_instance_debug_extern(self._pointer, ENTITY_KINDS.index(kind), index)
        return extern_of(self._store, pointer) if pointer else None

    def debug_func(self, key: int | str) -> Func | None:
        """The function of this index or name. None if there is none, and without `guest_debug`, as for all of
        these."""
        return cast("Func | None", self._debug("func", key))

    def debug_global(self, key: int | str) -> Global | None:
        """The global of this index or name."""
        return cast("Global | None", self._debug("global", key))

    def debug_memory(self, key: int | str = 0) -> Memory | None:
        """The memory of this index or name."""
        return cast("Memory | None", self._debug("memory", key))

    def debug_table(self, key: int | str = 0) -> Table | None:
        """The table of this index or name."""
        return cast("Table | None", self._debug("table", key))

    def debug_tag(self, key: int | str) -> Tag | None:
        """The tag of this index or name."""
        return cast("Tag | None", self._debug("tag", key))

    def evaluate(self, expression: str) -> Any:
        """The value of an expression over globals, memories and tables (docs/expressions.md). Like the next
        three, it raises `Error` without `guest_debug`."""
        val = ffi.new("vitrine_val_t*")
        check(lib.vitrine_instance_debug_evaluate(self._pointer, encoded(expression), val), self._store)
        return from_val(self._store, val)

    def text_of(self, expression: str) -> str:
        """The value of an expression as text. It may also be a string, such as `cstr[1024]`."""
        return text_of(lib.vitrine_instance_debug_text_of, self._pointer, encoded(expression))

    def assign(self, assignment: str) -> None:
        """Runs `place = expression`, or a compound assignment such as `+=`."""
        check(lib.vitrine_instance_debug_assign(self._pointer, encoded(assignment)), self._store)

    def place(self, expression: str) -> Place:
        """The place that an expression names, to watch it: a global, `i32[1024]`, `table[2]`."""
        out = ffi.new("vitrine_place_t**")
        check(lib.vitrine_instance_debug_place(self._pointer, encoded(expression), out), self._store)
        return Place(self._store, out[0])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Instance) and bool(lib.wasm_instance_same(self._pointer, other._pointer))

    def __hash__(self) -> int:
        return hash(self.number)

    def __repr__(self) -> str:
        name = self.core_name
        of = f"{self.module.name or 'a module without a name'}{f', {name}' if name else ''}"
        return f"<Instance {self.number} of {of}>"

    def _repr_html_(self) -> str:
        """Its state: with `guest_debug` all of it, otherwise what is exported."""
        if self._store.engine.guest_debug:
            module = self.module
            found = [
                (row.name or f"{kind} {row.index}", self._debug(kind, row.index))
                for kind in ("global", "memory", "table")
                for row in module._entities(kind)
            ]
        else:
            found = [(name, item) for name, item in self.exports.items() if isinstance(item, (Global, Memory, Table))]
        rows = []
        for name, item in found:
            if isinstance(item, Global):
                rows.append((name, f"global {item.kind}{' mutable' * item.is_mutable}", repr(item.value)))
            elif isinstance(item, Memory):
                rows.append((name, "memory", counted(len(item), "byte")))
            elif isinstance(item, Table):
                rows.append((name, f"table {item.kind}", counted(len(item), "element")))
        return table(repr(self)[1:-1], ("name", "entity", "value"), rows)


class Linker:
    """Resolves the imports of modules by name.

    >>> import vitrine
    >>> store = vitrine.Store()
    >>> linker = vitrine.Linker(store)
    >>> linker.define("host", "print", lambda number: print("the guest says", number))
    >>> bank = linker.instantiate(vitrine.Module(store, "bank.wasm"))
    >>> bank["run"](1)
    the guest says 1
    2
    """

    def __init__(self, store: Store, *, allow_shadowing: bool = False, trap_unknown_functions: bool = False):
        self._store = store
        out = ffi.new("vitrine_linker_t**")
        check(lib.vitrine_linker_new(store._pointer, out))
        self._pointer = owned(out[0], lib.vitrine_linker_delete)
        self._allows_shadowing = allow_shadowing
        lib.vitrine_linker_allow_shadowing(self._pointer, allow_shadowing)
        lib.vitrine_linker_trap_unknown_functions(self._pointer, trap_unknown_functions)
        # Python functions get their types from the first module that imports them.
        self._functions: dict[tuple[str, str], Callable[..., Any]] = {}
        self._types: dict[tuple[str, str], FuncType] = {}

    def define(self, module: str, name: str, item: Extern | Callable[..., Any]) -> None:
        """Defines an entity of the store, or a Python function with the type that a module asks for."""
        if isinstance(item, Extern):
            check(lib.vitrine_linker_define(self._pointer, encoded(module), encoded(name), item._extern), self._store)
            return
        if not callable(item):
            raise TypeError(f"{type(item).__name__} can be no import")
        if (module, name) in self._functions and not self._allows_shadowing:
            raise Error(f"{module}.{name} is defined already")
        self._functions[module, name] = item
        self._types.pop((module, name), None)

    def define_func(
        self,
        module: str,
        name: str,
        function: Callable[..., Any],
        params: Sequence[str] = (),
        results: Sequence[str] = (),
    ) -> None:
        """Defines a Python function with a type."""
        self._define(module, name, function, FuncType(tuple(params), tuple(results)))

    def _define(self, module: str, name: str, function: Callable[..., Any], type: FuncType) -> None:
        env = keep(Host(self._store, function, type))
        names = encoded(module), encoded(name)
        check(
            lib.vitrine_linker_define_func(
                self._pointer, *names, type._new(), lib.vitrine_py_call, env, lib.vitrine_py_release
            ),
            self._store,
        )

    def define_instance(self, module: str, instance: Instance) -> None:
        """Defines every export of the instance under this module name."""
        check(lib.vitrine_linker_define_instance(self._pointer, encoded(module), instance._pointer), self._store)

    def _prepare(self, module: Module) -> None:
        for row in module.imports:
            key = row.module, row.name
            function = self._functions.get(key)
            if function is None or row.type is None or self._types.get(key) == row.type:
                continue
            if key in self._types:
                raise Error(f"{row.module}.{row.name} is imported with two types: {self._types[key]} and {row.type}")
            self._define(*key, function, row.type)
            self._types[key] = row.type

    def instantiate(self, module: Module) -> Instance:
        """Creates an instance and runs its start function."""
        self._prepare(module)
        out = ffi.new("wasm_instance_t**")
        self._store._run(lib.vitrine_linker_instantiate, self._pointer, module._pointer, out)
        return Instance._of(self._store, owned(out[0], lib.wasm_instance_delete))

    def check(self, module: Module) -> None:
        """Checks the imports of a module as `instantiate` does, but makes nothing. Raises `Error`."""
        self._prepare(module)
        check(lib.vitrine_linker_check(self._pointer, module._pointer), self._store)

    def add_wasi(self, wasi: Wasi | None = None) -> None:
        """Defines WASI preview 1."""
        check(lib.vitrine_linker_add_wasi(self._pointer, (wasi or Wasi())._pointer), self._store)

    def add_wasi_threads(self, module: Module) -> None:
        """Allows the guest to create threads (wasi-threads). Python functions may be called on any of them."""
        check(lib.vitrine_linker_add_wasi_threads(self._pointer, module._pointer), self._store)

    def __repr__(self) -> str:
        return f"<Linker of {self._store!r}>"


@callback
def vitrine_py_sink(env: Any, data: Any, size: int) -> None:
    ffi.from_handle(env)(ffi.buffer(data, size)[:])


@callback
def vitrine_py_source(env: Any, to: Any, size: int) -> int:
    data = ffi.from_handle(env)(size)
    if len(data) > size:
        raise ValueError(f"{size} bytes of input were asked for, not {len(data)}")
    ffi.memmove(to, data, len(data))
    return len(data)


@callback
def vitrine_py_clock(env: Any, clock: int) -> int:
    return int(ffi.from_handle(env)(CLOCKS[clock]))


@callback
def vitrine_py_random(env: Any, to: Any, size: int) -> None:
    data = ffi.from_handle(env)(size)
    if len(data) != size:
        raise ValueError(f"{size} random bytes were asked for, not {len(data)}")
    ffi.memmove(to, data, size)


CLOCKS = {
    lib.VITRINE_WASI_REALTIME: "realtime",
    lib.VITRINE_WASI_MONOTONIC: "monotonic",
    lib.VITRINE_WASI_PROCESS_CPU: "process_cpu",
    lib.VITRINE_WASI_THREAD_CPU: "thread_cpu",
}
# What a stream can be: a function, a file object, or a descriptor.
Source = Union[bytes, "os.PathLike[str]", Callable[[int], bytes], IO[bytes], IO[str], int]
Sink = Union[Callable[[bytes], Any], IO[bytes], IO[str], int]


def reader_of(source: Any) -> Callable[[int], bytes]:
    """The function that reads from a file object, or `source` if it is one."""
    read = getattr(source, "read", None)
    if read is None:
        return cast("Callable[[int], bytes]", source)
    if not isinstance(source, io.TextIOBase):
        return lambda size: read(size) or b""
    # The bytes of a text can be more than what was asked for.
    rest = bytearray()

    def take(size: int) -> bytes:
        if not rest:
            rest.extend(read(size).encode(errors="replace"))
        data = bytes(rest[:size])
        del rest[:size]
        return data

    return take


def writer_of(sink: Any) -> Callable[[bytes], Any]:
    """The function that writes to a file object, or `sink` if it is one."""
    write = getattr(sink, "write", None)
    if write is None:
        return cast("Callable[[bytes], Any]", sink)
    if not isinstance(sink, io.TextIOBase):
        return cast("Callable[[bytes], Any]", write)
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    return lambda data: write(decoder.decode(data))


class Wasi:
    """What a WASI guest can access: clocks, random bytes, and what is granted here.

    `args` begin with the name of the program. `dirs` are paths of the host by those of the guest;
    directories in `read_only_dirs` cannot be changed. `sockets` are open sockets of Python, or descriptors,
    for guests that are servers: `socket.create_server(("127.0.0.1", 0))`. Their descriptors follow those of
    the directories. They must stay open until the guest is linked.

    `stdin` is bytes, the path of a file as a `pathlib.Path`, a file object, a descriptor, or a function that
    returns at most as many bytes as it is asked for. `stdout` and `stderr` are file objects, descriptors, or
    functions that take bytes, such as `bytearray().extend`; None is the stream of this process. Of what goes
    to the stream of this process, `stdout_copy` and `stderr_copy` get a copy.

    `clock` returns the time of `realtime`, `monotonic`, `process_cpu` or `thread_cpu` in nanoseconds, and
    `random` a number of bytes, so that runs can be repeated. What these functions raise is printed, and the
    guest goes on.

    >>> import io, random, vitrine
    >>> store = vitrine.Store()
    >>> linker = vitrine.Linker(store)
    >>> output = io.StringIO()
    >>> linker.add_wasi(vitrine.Wasi(args=["hello"], stdout=output, random=random.Random(7).randbytes))
    >>> hello = linker.instantiate(vitrine.Module(store, "hello.wasm"))
    >>> try:
    ...     hello["_start"]()
    ... except vitrine.Exit as exit:
    ...     print(exit.status, output.getvalue())
    3 hello
    <BLANKLINE>
    """

    def __init__(
        self,
        *,
        args: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        inherit_env: bool = False,
        dirs: Mapping[str, str | os.PathLike[str]] | None = None,
        read_only_dirs: Mapping[str, str | os.PathLike[str]] | None = None,
        sockets: Sequence[socket.socket | int] = (),
        stdin: Source | None = None,
        stdout: Sink | None = None,
        stderr: Sink | None = None,
        stdout_copy: Callable[[bytes], Any] | None = None,
        stderr_copy: Callable[[bytes], Any] | None = None,
        clock: Callable[[str], int] | None = None,
        random: Callable[[int], bytes] | None = None,
    ):
        config = self._pointer = owned(lib.vitrine_wasi_config_new(), lib.vitrine_wasi_config_delete)
        texts = [ffi.new("char[]", encoded(arg)) for arg in args]
        lib.vitrine_wasi_config_args(config, texts, len(texts))
        if inherit_env:
            lib.vitrine_wasi_config_inherit_env(config)
        for name, value in (env or {}).items():
            lib.vitrine_wasi_config_env(config, encoded(name), encoded(value))
        for folders, access in ((dirs, lib.VITRINE_WASI_READ_WRITE), (read_only_dirs, lib.VITRINE_WASI_READ_ONLY)):
            for guest_path, host_path in (folders or {}).items():
                lib.vitrine_wasi_config_preopen(config, encoded(host_path), encoded(guest_path), access)
        # Objects whose descriptors the guest gets.
        self._sockets = tuple(sockets)
        for one in self._sockets:
            lib.vitrine_wasi_config_socket(config, one if isinstance(one, int) else one.fileno())
        release = lib.vitrine_py_release
        if isinstance(stdin, (bytes, bytearray)):
            lib.vitrine_wasi_config_stdin_bytes(config, bytes(stdin), len(stdin))
        elif isinstance(stdin, os.PathLike):
            lib.vitrine_wasi_config_stdin_file(config, encoded(stdin))
        elif isinstance(stdin, int):
            lib.vitrine_wasi_config_stdin_descriptor(config, stdin)
        elif stdin is not None:
            source = called(reader_of(stdin), "stdin")
            lib.vitrine_wasi_config_stdin_from(config, lib.vitrine_py_source, keep(source), release)
        for stream, sink, copy in (("stdout", stdout, stdout_copy), ("stderr", stderr, stderr_copy)):
            if sink is not None and copy is not None:
                raise TypeError(f"{stream}_copy is a copy of what goes to the stream of this process")
            if isinstance(sink, int):
                getattr(lib, f"vitrine_wasi_config_{stream}_descriptor")(config, sink)
            elif sink is not None:
                writer = keep(called(writer_of(sink), stream))
                getattr(lib, f"vitrine_wasi_config_{stream}_to")(config, lib.vitrine_py_sink, writer, release)
            elif copy is not None:
                set_copy = getattr(lib, f"vitrine_wasi_config_{stream}_copy")
                set_copy(config, lib.vitrine_py_sink, ffi.NULL, keep(called(copy, f"{stream}_copy")), release)
        if clock is not None:
            lib.vitrine_wasi_config_clock(config, lib.vitrine_py_clock, keep(called(clock, "clock")), release)
        if random is not None:
            lib.vitrine_wasi_config_random(config, lib.vitrine_py_random, keep(called(random, "random")), release)


def called(function: Any, name: str) -> Any:
    """The function, if it is one."""
    if not callable(function):
        raise TypeError(f"{name} can be no {type(function).__name__}")
    return function
