# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Engines, stores and modules."""

from __future__ import annotations

import contextlib
import os
import threading
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Iterator, Mapping

from ._errors import Error, check, error_of
from ._html import counted, table
from ._native import address, callback, encoded, enumeration, fast, ffi, keep, lib, owned, taken_bytes, taken_text, text
from ._values import FuncType, from_ref, limits_of, to_ref

if TYPE_CHECKING:
    from ._errors import TraceFrame
    from ._instance import Instance, Wasi

TIERS = {name: number for number, name in enumeration("VITRINE_TIER_").items()}
RESOURCES = enumeration("VITRINE_RESOURCE_")
ENTITY_KINDS = ("func", "global", "table", "memory", "tag")


class Engine:
    """Configuration and machine code that stores share. May be used from any thread.

    `guest_debug`: whether a debugger may access everything in the guests. The guest runs the same code
    either way. `tier`: `auto`, `interpreter`, `compiled` or `mixed`. `features` enables and disables
    features of WebAssembly by name, as a dict or as a text such as `all,-simd`; the function `vitrine.features`
    lists them. The others are as in `vitrine/config.h`.

    >>> import vitrine
    >>> vitrine.Engine(guest_debug=True, features={"simd": False})
    <Engine guest_debug=True>
    """

    def __init__(
        self,
        *,
        guest_debug: bool = False,
        tier: str | None = None,
        tier_threshold: int | None = None,
        max_stack_bytes: int | None = None,
        max_memory_pages: int | None = None,
        max_heap_bytes: int | None = None,
        max_code_bytes: int | None = None,
        signal_handlers: bool | None = None,
        stress_collector: bool | None = None,
        features: Mapping[str, bool] | str | None = None,
    ):
        if tier is not None and tier not in TIERS:
            raise ValueError(f"there is no tier {tier!r}; the tiers are {', '.join(TIERS)}")
        config = lib.wasm_config_new()
        lib.vitrine_config_guest_debug(config, guest_debug)
        settings = {
            "tier": None if tier is None else TIERS[tier],
            "tier_threshold": tier_threshold,
            "max_stack_bytes": max_stack_bytes,
            "max_memory_pages": max_memory_pages,
            "max_heap_bytes": max_heap_bytes,
            "max_code_bytes": max_code_bytes,
            "signal_handlers": signal_handlers,
            "stress_collector": stress_collector,
        }
        for name, value in settings.items():
            if value is not None:
                getattr(lib, f"vitrine_config_{name}")(config, value)
        if isinstance(features, str):
            lib.vitrine_config_features(config, encoded(features))
        else:
            for feature, on in (features or {}).items():
                lib.vitrine_config_feature(config, encoded(feature), on)
        out = ffi.new("wasm_engine_t**")
        check(lib.vitrine_engine_new(config, out))
        self._pointer = owned(out[0], lib.wasm_engine_delete)
        # Those of components whose resources are Python objects, by their classes.
        self._resource_types: dict[type, Any] = {}

    def has_feature(self, name: str) -> bool:
        """Whether it accepts modules that use this feature. False if there is none of this name."""
        return bool(lib.vitrine_engine_has_feature(self._pointer, encoded(name)))

    @property
    def guest_debug(self) -> bool:
        """Whether a debugger may access everything in the guests."""
        return bool(lib.vitrine_engine_guest_debug(self._pointer))

    def __repr__(self) -> str:
        return f"<Engine guest_debug={self.guest_debug}>"


def features() -> dict[str, bool]:
    """The features of WebAssembly and of the component model, and whether they are enabled by default.

    >>> import vitrine
    >>> vitrine.features()["simd"], vitrine.features()["wide-arithmetic"]
    (True, False)
    """
    found: dict[str, bool] = {}
    is_default = ffi.new("bool*")
    while name := lib.vitrine_feature(len(found), is_default):
        found[ffi.string(name).decode()] = bool(is_default[0])
    return found


def store_of(pointer: Any) -> Store | None:
    """The store of a `wasm_store_t*`. None if it is gone."""
    data = lib.vitrine_store_data(pointer)
    return ffi.from_handle(data)() if data else None


@callback
def vitrine_py_limit(env: Any, resource: int, current: int, desired: int) -> bool:
    store = ffi.from_handle(env)()
    return store is not None and store._allows(RESOURCES[resource], current, desired)


class Store:
    """What a guest consists of: its instances and everything in them. Used by one thread at a time.

    Without an engine it makes one, with the settings of `Engine` that are passed.

    `limiter(resource, current, desired)`, if not None, is asked before the guest gets more of something:
    `memory` (bytes of one memory), `table` (elements of one), `heap` (bytes), `memories`, `tables` or
    `instances`. If it returns false, or raises, the request fails.
    """

    def __init__(
        self, engine: Engine | None = None, *, limiter: Callable[[str, int, int], bool] | None = None, **config: Any
    ):
        if engine is not None and config:
            raise TypeError("the engine is configured already")
        #: The engine, which other stores may have, too.
        self.engine: Engine = engine or Engine(**config)
        self.limiter = limiter
        # Views of memories, and of those of them that can move.
        self._views = self._movable_views = 0
        # Whether a session lets the guest run although no call waits for it.
        self._is_going = False
        # The names of core instances of components, by their numbers in the store.
        self._core_names: dict[int, str] = {}
        # What a function of the host raised, until the call of the guest has returned.
        self._raised: BaseException | None = None
        self._own = owned(lib.wasm_store_new(self.engine._pointer), lib.wasm_store_delete)
        self._interrupter = owned(lib.vitrine_interrupter_new(self._own), lib.vitrine_interrupter_delete)
        self._guest = ffi.new("vitrine_py_guest_t*", {"interrupter": self._interrupter})
        # These refer to the store weakly, so that no cycle keeps it.
        me = weakref.ref(self)
        self._to_ref = lambda value, kind: to_ref(me(), value, kind)  # type: ignore[arg-type]
        self._from_ref = lambda pointer, kind: from_ref(me(), pointer, kind)  # type: ignore[arg-type]

        def failed(pointer: int) -> None:
            raise error_of(me(), ffi.cast("vitrine_error_t*", pointer))

        self._failed = failed
        lib.vitrine_store_set_data(self._own, keep(me), lib.vitrine_py_release)
        check(lib.vitrine_store_limit_resources(self._own, lib.vitrine_py_limit, keep(me), lib.vitrine_py_release))

    def _allows(self, resource: str, current: int, desired: int) -> bool:
        if resource == "memory" and self._movable_views:
            return False
        return self.limiter is None or bool(self.limiter(resource, current, desired))

    @property
    def _pointer(self) -> Any:
        if self._own is None:
            raise Error("the store is closed")
        return self._own

    def close(self) -> None:
        """Ends the guest and everything in it. References to it stay, and fail when they are used. Raises
        `Error` while the guest runs, and BufferError while there are views of its memories. Without this, the
        store ends with the last reference to it or to anything in it."""
        if self._guest.calls:
            raise Error("the store cannot be closed while its guest runs")
        if self._views:
            raise BufferError("there are views of a memory of the store")
        if self._own is not None:
            ffi.release(self._own)
            self._own = None

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def set_wasi(self, wasi: Wasi) -> None:
        """Sets what the components of the store may access through WASI 0.2."""
        check(lib.vitrine_store_set_wasi(self._pointer, wasi._pointer), self)

    def end_wasi_threads(self) -> None:
        """Ends all threads of the guest except the first and waits for them, as a process does when its main
        function has returned."""
        lib.vitrine_store_end_wasi_threads(self._pointer)

    def interrupt(self) -> None:
        """Ends the running guest with the trap `interrupted`. Does nothing if no guest is running. May be
        called from any thread."""
        lib.vitrine_interrupter_interrupt(self._interrupter)

    @contextlib.contextmanager
    def time_limit(self, seconds: float) -> Iterator[None]:
        """Within a `with` statement, calls of the guest end with the trap `interrupted` when this time is over.

        >>> import vitrine
        >>> store = vitrine.Store()
        >>> spin = vitrine.Instance(store, vitrine.Module(store, "spin.wasm"))["spin"]
        >>> with store.time_limit(0.05):
        ...     spin()
        Traceback (most recent call last):
        vitrine.Trap: interrupted
        """
        ended = threading.Event()

        def interrupt() -> None:
            # Also what is called later.
            while not ended.wait(0.01):
                self.interrupt()

        timer = threading.Timer(seconds, interrupt)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            ended.set()
            timer.cancel()
            timer.join()

    def _goes(self) -> None:
        """The guest runs on a thread of its session until `_stands`. No thread of Python may call it."""
        self._is_going = True
        self._guest.calls += 1
        self._guest.thread = 0

    def _stands(self) -> None:
        if self._is_going:
            self._is_going = False
            self._guest.calls -= 1

    def _taken_raised(self) -> BaseException:
        raised, self._raised = self._raised, None
        assert raised is not None
        return raised

    def _run(self, function: Any, *args: Any, controls: bool = False) -> None:
        """Calls a function that runs the guest, which Ctrl-C then interrupts. `controls`: it is one of a
        session."""
        check(fast.run(address(self._guest), controls, function, args), self)

    @property
    def debug_instances(self) -> list[Instance] | None:
        """All instances, in the order of their creation. None without `guest_debug`."""
        from ._instance import Instance

        if not self.engine.guest_debug:
            return None
        vector = ffi.new("vitrine_instance_vec_t*")
        check(lib.vitrine_store_debug_instances(self._pointer, vector), self)
        copies = [lib.wasm_instance_copy(vector.data[i]) for i in range(vector.size)]
        lib.vitrine_instance_vec_delete(vector)
        return [Instance._of(self, owned(copy, lib.wasm_instance_delete)) for copy in copies]

    def __repr__(self) -> str:
        return f"<Store guest_debug={self.engine.guest_debug}{' closed' * (self._own is None)}>"


class Import:
    """An import of a module: the `module` and the `name` that it is imported by, its `kind` (`func`, `global`, `table`,
    `memory`, `tag`), and the `type` of a function."""

    def __init__(self, module: str, name: str, kind: str, type: FuncType | None):
        self.module, self.name, self.kind, self.type = module, name, kind, type

    def __repr__(self) -> str:
        return f"<Import {self.module}.{self.name} {self.kind}{f' {self.type}' if self.type else ''}>"


@dataclass(frozen=True)
class CustomSection:
    """A custom section of a module: its `name`, and its `data` without the name, which is at this `offset` of
    the module."""

    name: str
    offset: int
    data: bytes

    def __repr__(self) -> str:
        return f"<CustomSection {self.name}: {counted(len(self.data), 'byte')} at {self.offset:#x}>"


class Entity:
    """An entity of a module, exported or not: a row that `Module.funcs` and its siblings return.

    `kind` is `func`, `global`, `table`, `memory` or `tag`. `index` is that in its index space, `name` from the
    name section. `is_imported` says whether it is imported, and `imported_as` by which names of a module and
    in it; `exports` are the names that it is exported under. `is_mutable` is for globals, `is_shared` for
    memories. `type` is in the text format. `offset` and `end` say where the body of a function is in the module, in
    bytes; 0 for an import. `limits` are `(min, max)` of a memory or table, in pages or elements; `max` may
    be None. `is_64` says whether its addresses or indices have 64 bits.
    """

    def __init__(self, kind: str, row: Any):
        self.kind = kind
        self.index: int = row.index
        self.name: str = text(row.name)
        self.is_imported: bool = row.is_imported
        self.imported_as: tuple[str, str] | None = (
            (text(row.import_module), text(row.import_name)) if row.is_imported else None
        )
        self.exports: list[str] = [text(row.exports.data[i]) for i in range(row.exports.size)]
        self.type: str = text(row.type)
        self.is_mutable: bool = row.is_mutable
        self.limits: tuple[int, int | None] | None = limits_of(row.limits) if kind in ("memory", "table") else None
        self.is_64: bool = row.limits.is_64
        self.is_shared: bool = row.limits.is_shared
        self.offset: int = row.offset
        self.end: int = row.end

    @property
    def _sizes(self) -> str:
        """The type of a memory or table with its limits."""
        assert self.limits is not None
        least, most = self.limits
        unit = "page" if self.kind == "memory" else "element"
        sizes = f"{counted(least, unit)} or more" if most is None else f"{least} to {counted(most, unit)}"
        return f"{self.type}{', ' if self.type else ''}{sizes}{', 64-bit' * self.is_64}{', shared' * self.is_shared}"

    def __repr__(self) -> str:
        name = self.name or next(iter(self.exports), "")
        place = f" at {self.offset:#x}" if self.offset else ""
        return f"<{self.kind} {self.index}{f' ${name}' if name else ''}{f' {self.type}' if self.type else ''}{place}>"


class Module:
    """A module, from its bytes or from the path of its file. There is no parser for text (`.wat`).

    >>> import vitrine
    >>> module = vitrine.Module(vitrine.Store(), "bank.wasm")
    >>> [func.name for func in module.funcs]
    ['print', 'twice', 'add', 'run']
    """

    def __init__(
        self,
        store: Store,
        source: bytes | bytearray | memoryview | str | os.PathLike[str],
        *,
        offset: int = 0,
        size: int | None = None,
    ):
        """`offset` and `size` select a part of a file."""
        self._store = store
        out = ffi.new("wasm_module_t**")
        if isinstance(source, (str, os.PathLike)):
            limit = 2**64 - 1 if size is None else size
            check(lib.vitrine_module_from_part_of_file(store._pointer, encoded(source), offset, limit, out))
        else:
            if offset or size is not None:
                raise TypeError("only a part of a file has an offset and a size; slice the bytes instead")
            data = ffi.from_buffer(source)
            check(lib.vitrine_module_new(store._pointer, data, len(data), out))
        self._pointer = owned(out[0], lib.wasm_module_delete)

    @classmethod
    def _of(cls, store: Store, pointer: Any) -> Module:
        module = cls.__new__(cls)
        module._store, module._pointer = store, pointer
        return module

    def obtain(self, store: Store) -> Module:
        """The same module for another store of the engine. Its breakpoints apply there, too."""
        shared = owned(lib.wasm_module_share(self._pointer), lib.wasm_shared_module_delete)
        pointer = lib.wasm_module_obtain(store._pointer, shared)
        if not pointer:
            raise Error("the stores have different engines")
        return Module._of(store, owned(pointer, lib.wasm_module_delete))

    @property
    def name(self) -> str:
        """From the name section. Empty if there is none."""
        return taken_text(lib.vitrine_module_name, self._pointer)

    @property
    def file_offset(self) -> int:
        """Where the module begins in its file; 0 unless it is part of a larger one. All other offsets are from
        the first byte of the module, except those of errors of loading."""
        return int(lib.vitrine_module_file_offset(self._pointer))

    def owns(self, frame: TraceFrame) -> bool:
        """Whether a frame of a trap belongs to this module."""
        return bool(lib.vitrine_module_owns(self._pointer, frame._frame))

    @property
    def custom_sections(self) -> list[CustomSection]:
        """All custom sections, in the order of the file, also several of the same name."""
        vector = ffi.new("vitrine_custom_section_vec_t*")
        check(lib.vitrine_module_custom_sections(self._pointer, vector))
        rows = [vector.data[i] for i in range(vector.size)]
        found = [
            CustomSection(text(row.name), row.offset, ffi.buffer(row.bytes, row.size)[:] if row.size else b"")
            for row in rows
        ]
        lib.vitrine_custom_section_vec_delete(vector)
        return found

    @property
    def bytecode(self) -> bytes | None:
        """The bytes of the module. None without `guest_debug`."""
        size = ffi.new("size_t*")
        data = lib.vitrine_module_bytecode(self._pointer, size)
        return ffi.buffer(data, size[0])[:] if data else None

    def serialize(self) -> bytes:
        """The bytes of the module with a header, for `Module.deserialize`."""
        return taken_bytes(lib.wasm_module_serialize, self._pointer)

    @classmethod
    def deserialize(cls, store: Store, data: bytes) -> Module:
        """A module from what `serialize` has returned. It is validated as any other."""
        out = ffi.new("wasm_module_t**")
        check(lib.vitrine_module_deserialize(store._pointer, ffi.from_buffer(data), len(data), out))
        return cls._of(store, owned(out[0], lib.wasm_module_delete))

    @property
    def imports(self) -> list[Import]:
        """What it imports, in the order of the module."""
        vector = ffi.new("wasm_importtype_vec_t*")
        lib.wasm_module_imports(self._pointer, vector)
        found = []
        for i in range(vector.size):
            row = vector.data[i]
            type = lib.wasm_importtype_type(row)
            functype = lib.wasm_externtype_as_functype_const(type)
            kind = ENTITY_KINDS[lib.wasm_externtype_kind(type)]
            names = text(lib.wasm_importtype_module(row)), text(lib.wasm_importtype_name(row))
            found.append(Import(*names, kind, FuncType._of(functype) if functype and kind == "func" else None))
        lib.wasm_importtype_vec_delete(vector)
        return found

    def _entities(self, kind: str) -> list[Entity]:
        number = ENTITY_KINDS.index(kind)
        count = lib.vitrine_module_count(self._pointer, number)
        return [self._entity(kind, lib.vitrine_module_entity, number, index) for index in range(count)]

    def _entity(self, kind: str, function: Any, *args: Any) -> Entity:
        row = ffi.new("vitrine_entity_t*")
        row.size = ffi.sizeof(row[0])
        check(function(self._pointer, *args, row))
        entity = Entity(kind, row)
        lib.vitrine_entity_delete(row)
        return entity

    @property
    def funcs(self) -> list[Entity]:
        """All functions, exported or not. Imports come first, as in all of these."""
        return self._entities("func")

    @property
    def globals(self) -> list[Entity]:
        """All globals, exported or not."""
        return self._entities("global")

    @property
    def memories(self) -> list[Entity]:
        """All memories, exported or not."""
        return self._entities("memory")

    @property
    def tables(self) -> list[Entity]:
        """All tables, exported or not."""
        return self._entities("table")

    @property
    def tags(self) -> list[Entity]:
        """All tags, exported or not."""
        return self._entities("tag")

    def func(self, key: int | str) -> Entity:
        """The function of this index or name."""
        index = self._find("func", key)
        number = ENTITY_KINDS.index("func")
        if index is None or index >= lib.vitrine_module_count(self._pointer, number):
            raise KeyError(key)
        return self._entity("func", lib.vitrine_module_entity, number, index)

    def _find(self, kind: str, key: int | str) -> int | None:
        if isinstance(key, int):
            return key if key >= 0 else None
        index = ffi.new("uint32_t*")
        return (
            index[0] if lib.vitrine_module_find(self._pointer, ENTITY_KINDS.index(kind), encoded(key), index) else None
        )

    def func_at(self, offset: int) -> Entity | None:
        """The function whose body contains this byte offset. None if there is none."""
        if not 0 <= offset < 2**32:
            return None
        try:
            return self._entity("func", lib.vitrine_module_func_at, offset)
        except Error:
            return None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Module) and bool(lib.wasm_module_same(self._pointer, other._pointer))

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"<Module {self.name or 'without a name'}: {len(self.funcs)} functions>"

    def _repr_html_(self) -> str:
        rows = [
            (
                f"{kind} {row.index}",
                row.name,
                f"{row.type}{' mutable' * row.is_mutable}" if row.limits is None else row._sizes,
                ".".join(row.imported_as or ()),
                ", ".join(row.exports),
            )
            for kind in ENTITY_KINDS
            for row in self._entities(kind)
        ]
        return table(f"module {self.name}", ("entity", "name", "type", "imported as", "exported as"), rows)
