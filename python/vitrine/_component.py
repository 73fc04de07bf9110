# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Components: loading, linking and calling them, and what is inside."""

from __future__ import annotations

import inspect
import os
import re
from dataclasses import dataclass
from typing import Any, Callable, Iterator, Mapping, NamedTuple, Sequence

from ._component_values import ComponentType, Err, HostResourceType, Ok, Origin, component_val, from_component_val
from ._entities import entered, failure_of, wants_caller
from ._errors import Error, check
from ._html import counted, escaped, table
from ._instance import Instance, Wasi
from ._native import callback, encoded, ffi, keep, lib, owned, taken_pointers, taken_text, text
from ._store import Engine, Module, Store, store_of


def is_component(data: bytes | bytearray | memoryview) -> bool:
    """Whether the bytes begin like a component, and not like a module.

    >>> import vitrine
    >>> vitrine.is_component(b"\\0asm\\x0d\\0\\1\\0"), vitrine.is_component(b"\\0asm\\1\\0\\0\\0")
    (True, False)
    """
    buffer = ffi.from_buffer(data)
    return bool(lib.vitrine_is_component(buffer, len(buffer)))


class ComponentExtern(NamedTuple):
    """An import or export of a component with this `name`, such as `test:calc/ops@0.1.0` or `run`.

    `kind` is `func`, `instance`, `type`, `module` or `component`. `type` is that of a function in WIT,
    such as `func(name: string) -> u32`, otherwise empty. `funcs` are the types of the functions of an
    instance (an interface), by name.
    """

    name: str
    kind: str
    type: str
    funcs: dict[str, str]


class CoreModule(NamedTuple):
    """A core `module` in a component. Its `name` is from the name sections of the component and the module,
    and empty if there is none."""

    name: str
    module: Module


class CoreInstance(NamedTuple):
    """A core `instance` in a component. Its `name` is made of those of the component instances that contain it,
    and its own: `main`, `calc/main`. Numbers stand where there are no names."""

    name: str
    instance: Instance


@dataclass(frozen=True)
class Handle:
    """A resource that a component instance owns or has borrowed.

    `index` is how the guest refers to it, `rep` how the implementation of the resource type does. `lends`
    says how many calls that have not returned have borrowed it from this handle. `is_own` is false if the
    instance has borrowed it. `type` is the name of the resource type.
    """

    index: int
    rep: int
    lends: int
    is_own: bool
    type: str


class WitFuncs:
    """The types of the functions in the WIT of a component.

    `externs` are the functions of the component itself, by `import` or `export` and by name; `interfaces`
    those of interfaces. Functions of resource types are named as in the binary: `[method]file.read`.
    """

    def __init__(self, wit: str):
        self.externs: dict[tuple[str, str], str] = {}
        self.interfaces: dict[str, dict[str, str]] = {}
        # What the enclosing blocks are: pairs of a word and a name.
        blocks: list[tuple[str, str]] = []
        for line in wit.splitlines():
            line = line.strip()
            if line == "}":
                blocks.pop()
            elif line.endswith("{"):
                blocks.append(self._block(line, blocks))
            elif len(blocks) and line.endswith(";"):
                self._item(line[:-1], blocks)

    def _block(self, line: str, blocks: list[tuple[str, str]]) -> tuple[str, str]:
        words = line[:-1].replace("%", "").split()
        if words[-1] == "interface" and words[0] in ("import", "export"):
            name = words[1].removesuffix(":")
        elif words[0] == "interface" and blocks and blocks[-1][0] == "package":
            package, at, version = blocks[-1][1].partition("@")
            name = f"{package}/{words[1]}{at}{version}"
        else:
            return words[0], words[1] if len(words) > 1 else ""
        self.interfaces.setdefault(name, {})
        return "interface", name

    def _item(self, line: str, blocks: list[tuple[str, str]]) -> None:
        verb, line = self._verb(line)
        resource = blocks[-1][1] if blocks[-1][0] == "resource" else ""
        constructor = re.fullmatch(r"constructor(\(.*\))(?: -> (.*))?", line)
        if resource and constructor:
            name, type = f"[constructor]{resource}", f"func{constructor[1]} -> {constructor[2] or resource}"
        else:
            found = re.fullmatch(r"%?([\w-]+): (static )?((?:async )?func\(.*)", line)
            if found is None:
                return
            name, type = found[1], found[3]
            if resource:
                name = f"[{'static' if found[2] else 'method'}]{resource}.{name}"
        outer = next((block for block in reversed(blocks) if block[0] != "resource"), ("", ""))
        if outer[0] == "interface":
            self.interfaces[outer[1]][name] = type
        elif outer[0] == "world":
            for one in [verb] if verb else ["import", "export"]:
                self.externs[one, name] = type

    @staticmethod
    def _verb(line: str) -> tuple[str, str]:
        for verb in ("import", "export"):
            if line.startswith(verb + " "):
                return verb, line[len(verb) + 1 :]
        return "", line


class Component:
    """A component, from its bytes or from the path of its file. It may be used from any thread, and with all
    stores of its engine.

    >>> import vitrine
    >>> store = vitrine.Store()
    >>> shapes = vitrine.Component(store, "shapes.wasm")
    >>> for export in shapes.exports:
    ...     print(export.name, export.kind, export.type, export.funcs)
    point type  {}
    test:shapes/ops@0.1.0 instance  {'greet': 'func(name: string) -> string'}
    translate func func(p: point, dx: s32, dy: option<s32>) -> point {}
    """

    def __init__(
        self,
        engine: Engine | Store,
        source: bytes | bytearray | memoryview | str | os.PathLike[str],
        *,
        offset: int = 0,
        size: int | None = None,
    ):
        """`offset` and `size` select a part of a file. A store stands for its engine."""
        #: The engine that it was loaded with.
        self.engine: Engine = engine.engine if isinstance(engine, Store) else engine
        out = ffi.new("vitrine_component_t**")
        if isinstance(source, (str, os.PathLike)):
            limit = 2**64 - 1 if size is None else size
            check(lib.vitrine_component_from_part_of_file(self.engine._pointer, encoded(source), offset, limit, out))
        else:
            if offset or size is not None:
                raise TypeError("only a part of a file has an offset and a size; slice the bytes instead")
            data = ffi.from_buffer(source)
            check(lib.vitrine_component_new(self.engine._pointer, data, len(data), out))
        self._pointer = owned(out[0], lib.vitrine_component_delete)
        self._listed: dict[str, list[ComponentExtern]] = {}

    @property
    def wit(self) -> str:
        """Its imports and exports with their types, in WIT."""
        return taken_text(lib.vitrine_component_to_text, self._pointer)

    def _externs(self, verb: str) -> list[ComponentExtern]:
        if verb not in self._listed:
            self._listed[verb] = self._list(verb)
        return self._listed[verb]

    def _list(self, verb: str) -> list[ComponentExtern]:
        vector = ffi.new("vitrine_component_extern_vec_t*")
        getattr(lib, f"vitrine_component_{verb}s")(self._pointer, vector)
        names = [(text(vector.data[i].name), text(vector.data[i].kind)) for i in range(vector.size)]
        lib.vitrine_component_extern_vec_delete(vector)
        funcs = WitFuncs(self.wit)
        return [
            ComponentExtern(
                name,
                kind,
                funcs.externs.get((verb, name), "") if kind == "func" else "",
                funcs.interfaces.get(name, {}) if kind == "instance" else {},
            )
            for name, kind in names
        ]

    @property
    def imports(self) -> list[ComponentExtern]:
        """What it imports, in the order of the component."""
        return list(self._externs("import"))

    @property
    def exports(self) -> list[ComponentExtern]:
        """What it exports, in the order of the component."""
        return list(self._externs("export"))

    def instantiate(self, store: Store, imports: Mapping[str, Any] | None = None) -> ComponentInstance:
        """Makes an instance with these imports: Python functions by the names of their interface and their own,
        and what the component itself imports by name.

        >>> import vitrine
        >>> store = vitrine.Store()
        >>> imports = {"test:host/log@0.1.0": {"log": print}, "ask": input}
        >>> vitrine.Component(store, "shapes.wasm").instantiate(store, imports)["translate"]({"x": 1, "y": 2}, 3)
        Record(x=4, y=2)
        """
        linker = ComponentLinker(store)
        for name, item in (imports or {}).items():
            if isinstance(item, Mapping):
                for func, function in item.items():
                    linker.define(name, func, function)
            else:
                linker.define(None, name, item)
        return linker.instantiate(self)

    def core_modules(self, store: Store) -> list[CoreModule]:
        """All core modules in it and in those nested in it, in the order of the file, for use with a store of
        the engine. Breakpoints can be set in them before anything is instantiated."""
        vector = ffi.new("vitrine_core_module_vec_t*")
        check(lib.vitrine_component_core_modules(self._pointer, store._pointer, vector), store)
        found = []
        for i in range(vector.size):
            copy = owned(lib.wasm_module_copy(vector.data[i].module), lib.wasm_module_delete)
            found.append(CoreModule(text(vector.data[i].name), Module._of(store, copy)))
        lib.vitrine_core_module_vec_delete(vector)
        return found

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Component) and bool(lib.vitrine_component_same(self._pointer, other._pointer))

    def __hash__(self) -> int:
        return hash(self.wit)

    def __repr__(self) -> str:
        return f"<Component: {counted(len(self.imports), 'import')}, {counted(len(self.exports), 'export')}>"

    def _repr_html_(self) -> str:
        return f"<pre>{escaped(self.wit)}</pre>"


class ComponentFunc:
    """A function that a component exports. Call it with positional or keyword arguments; docs/python.md has
    the Python objects for each type. If its result is a `result`, it returns the value of `ok`, and raises
    `vitrine.Err` for `err`.

    `name` is the one that it is exported under. After a trap, its instance cannot be entered again.
    """

    def __init__(self, instance: ComponentInstance, interface: str | None, name: str, pointer: Any):
        self._store, self._instance, self._interface, self.name = instance._store, instance, interface, name
        self._pointer = owned(pointer, lib.vitrine_component_func_delete)
        self._params: list[tuple[str, ComponentType]] | None = None
        self._result: tuple[ComponentType | None] | None = None

    @property
    def core_name(self) -> str:
        """The name of the core function that implements it."""
        return taken_text(lib.vitrine_component_func_name, self._pointer)

    @property
    def type(self) -> str:
        """Its type in WIT: `func(name: string) -> u32`."""
        return taken_text(lib.vitrine_component_func_to_text, self._pointer)

    @property
    def is_async(self) -> bool:
        """Whether it is declared as `async func`. Calling such a function is a trap."""
        return bool(lib.vitrine_component_func_is_async(self._pointer))

    @property
    def params(self) -> list[tuple[str, ComponentType]]:
        """Names and types of its parameters."""
        if self._params is None:
            found = []
            for i in range(lib.vitrine_component_func_param_count(self._pointer)):
                type = ffi.new("vitrine_component_type_t**")
                name = taken_text(lambda out: lib.vitrine_component_func_param(self._pointer, i, out, type))
                found.append((name, ComponentType(type[0])))
            self._params = found
        return self._params

    @property
    def result(self) -> ComponentType | None:
        """The type of its result. None if it returns nothing."""
        if self._result is None:
            pointer = lib.vitrine_component_func_result(self._pointer)
            self._result = (ComponentType(pointer) if pointer else None,)
        return self._result[0]

    def _bound(self, args: Sequence[Any], named: Mapping[str, Any]) -> list[Any]:
        """The arguments as `vitrine_component_val_t`s, in the order of the parameters."""
        self._store._pointer  # raises if it is closed
        params = self.params
        if len(args) > len(params):
            raise TypeError(f"{self.name} takes {len(params)} argument{'s' * (len(params) != 1)}, not {len(args)}")
        values = list(args)
        rest = dict(named)
        for name, type in params[len(args) :]:
            key = name.replace("-", "_")
            if key not in rest and type.kind != "option":
                raise TypeError(f"{self.name} needs the argument {key!r}")
            values.append(rest.pop(key, None))
        if rest:
            raise TypeError(f"{self.name} has no parameter {next(iter(rest))!r} that is not given already")
        return [component_val(self._store.engine, type, value, name) for (name, type), value in zip(params, values)]

    def _value(self, val: Any) -> Any:
        """The object for a returned value; an `Ok` or `Err` for a result."""
        type = self.result
        return None if type is None else from_component_val(Origin(self._store, self._beside), type, val)

    def _beside(self, name: str) -> ComponentFunc | None:
        """Another function of its interface."""
        try:
            return self._instance.func(name, self._interface)
        except KeyError:
            return None

    def __call__(self, *args: Any, **named: Any) -> Any:
        vals = self._bound(args, named)
        out = ffi.new("vitrine_component_val_t**")
        self._store._run(lib.vitrine_component_func_call, self._pointer, vals, len(vals), out)
        return unwrapped(self._value(owned(out[0], lib.vitrine_component_val_delete)))

    def __repr__(self) -> str:
        return f"<ComponentFunc {self.name}: {self.type}>"


def unwrapped(value: Any) -> Any:
    """What a call returns: the value of an `Ok`. Raises an `Err`."""
    if isinstance(value, Err):
        raise value
    return value.value if isinstance(value, Ok) else value


class Interface(Mapping[str, ComponentFunc]):
    """The functions of an interface that a component exports, by name. `name` is that of the interface."""

    def __init__(self, instance: ComponentInstance, name: str, funcs: Sequence[str]):
        self._instance, self.name, self._funcs = instance, name, tuple(funcs)

    def __getitem__(self, name: str) -> ComponentFunc:
        return self._instance.func(name, self.name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._funcs)

    def __len__(self) -> int:
        return len(self._funcs)

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)

    def __repr__(self) -> str:
        return f"<Interface {self.name}: {', '.join(self)}>"


class ComponentInstance:
    """An instance of a component, which `ComponentLinker.instantiate` makes.

    `instance["name"]` is an exported function, or the `Interface` of that name, whose version may be left
    out. The functions whose names begin with `debug` see what is inside. Without `guest_debug`, they return
    None.

    >>> import vitrine
    >>> store = vitrine.Store(guest_debug=True)
    >>> linker = vitrine.ComponentLinker(store)
    >>> shapes = linker.instantiate(vitrine.Component(store, "shapes.wasm"))
    >>> shapes["test:shapes/ops"]["greet"]("jade")
    'hello, jade'
    >>> shapes.debug_core_instance("main").debug_memory().text(32)
    'hello, jade'
    """

    def __init__(self, store: Store, pointer: Any, component: Component | None):
        self._store, self._pointer = store, pointer
        #: What it is an instance of. None for an instance of a nested component.
        self.component = component
        for name, core in self.debug_core_instances or ():
            store._core_names.setdefault(core.number, name)

    @property
    def exports(self) -> dict[str, ComponentFunc | Interface]:
        """Its exported functions and interfaces, by name. Empty for an instance of a nested component."""
        rows = self.component.exports if self.component else []
        return {row.name: self._export(row) for row in rows if row.kind in ("func", "instance")}

    def _export(self, row: ComponentExtern) -> ComponentFunc | Interface:
        return self.func(row.name) if row.kind == "func" else Interface(self, row.name, list(row.funcs))

    def func(self, name: str, interface: str | None = None) -> ComponentFunc:
        """The exported function of this name, of an interface or of the component itself. Raises KeyError if
        there is none."""
        self._store._pointer  # raises if it is closed
        from_interface = ffi.NULL if interface is None else encoded(interface)
        pointer = lib.vitrine_component_instance_func(self._pointer, from_interface, encoded(name))
        if not pointer:
            raise KeyError(name)
        return ComponentFunc(self, interface, name, pointer)

    def __getitem__(self, name: str) -> Any:
        for row in self.component.exports if self.component else []:
            if row.kind == "instance" and name in (row.name, row.name.partition("@")[0]):
                return self._export(row)
        return self.func(name)

    def __contains__(self, name: object) -> bool:
        return name in self.exports

    def __iter__(self) -> Iterator[str]:
        return iter(self.exports)

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)

    @property
    def debug_core_instances(self) -> list[CoreInstance] | None:
        """The core instances of the component and of those nested in it, in the order of their creation. None
        without `guest_debug`."""
        store = self._store
        if not store.engine.guest_debug:
            return None
        vector = ffi.new("vitrine_core_instance_vec_t*")
        check(lib.vitrine_component_instance_debug_cores(self._pointer, vector), store)
        found = []
        for i in range(vector.size):
            copy = owned(lib.wasm_instance_copy(vector.data[i].instance), lib.wasm_instance_delete)
            found.append(CoreInstance(text(vector.data[i].name), Instance._of(store, copy)))
        lib.vitrine_core_instance_vec_delete(vector)
        return found

    def debug_core_instance(self, name: str) -> Instance | None:
        """The core instance of this name. None if there is none, and without `guest_debug`."""
        pointer = lib.vitrine_component_instance_core(self._pointer, encoded(name))
        return Instance._of(self._store, owned(pointer, lib.wasm_instance_delete)) if pointer else None

    @property
    def debug_nested(self) -> list[ComponentInstance] | None:
        """The instances of nested components, in the order of their creation. None without `guest_debug`."""
        if not self._store.engine.guest_debug:
            return None
        vector = ffi.new("vitrine_component_instance_vec_t*")
        check(lib.vitrine_component_instance_debug_nested(self._pointer, vector), self._store)
        pointers = taken_pointers(vector, lib.vitrine_component_instance_delete)
        found = [ComponentInstance(self._store, pointer, None) for pointer in pointers]
        lib.vitrine_component_instance_vec_delete(vector)
        return found

    @property
    def debug_handles(self) -> list[Handle] | None:
        """The resources that the instance itself holds. None without `guest_debug`."""
        if not self._store.engine.guest_debug:
            return None
        vector = ffi.new("vitrine_component_handle_vec_t*")
        check(lib.vitrine_component_instance_debug_handles(self._pointer, vector), self._store)
        rows = [vector.data[i] for i in range(vector.size)]
        found = [Handle(row.index, row.rep, row.lends, bool(row.is_own), text(row.type)) for row in rows]
        lib.vitrine_component_handle_vec_delete(vector)
        return found

    def __repr__(self) -> str:
        return f"<ComponentInstance: {', '.join(self.exports)}>"

    def _repr_html_(self) -> str:
        """The types of its functions and, with `guest_debug`, the state of its core instances."""
        rows = []
        for row in self.component.exports if self.component else []:
            rows += [(row.name, row.type)] if row.kind == "func" else []
            rows += [(f"{row.name}#{name}", type) for name, type in row.funcs.items()]
        cores = [core.instance._repr_html_() for core in self.debug_core_instances or ()]
        return "".join([table("component instance", ("function", "type"), rows), *cores])


class ComponentCaller:
    """What a function of the host for a component can see of its caller: its `store`, and what this returns.
    Valid during the call."""

    def __init__(self, store: Store, pointer: Any):
        self.store, self._pointer = store, pointer

    @property
    def instance(self) -> ComponentInstance | None:
        """The component instance that called. It cannot be entered before the call returns."""
        pointer = lib.vitrine_component_caller_instance(self._pointer)
        if not pointer:
            return None
        return ComponentInstance(self.store, owned(pointer, lib.vitrine_component_instance_delete), None)

    @property
    def type(self) -> str:
        """The type under which the function is imported, in WIT: `func(name: string) -> u32`."""
        return taken_text(lib.vitrine_component_caller_to_text, self._pointer)


class ComponentHost:
    """What a function of the host for a component calls."""

    def __init__(self, function: Callable[..., Any]):
        self.function, self.with_caller = function, wants_caller(function, ComponentCaller)


@callback
def vitrine_py_component_call(env: Any, caller: Any, args: Any, arg_count: int, result: Any) -> Any:
    host = ffi.from_handle(env)
    store = store_of(lib.vitrine_component_caller_store(caller))
    if store is None:
        return lib.vitrine_error_new(b"the store is gone")
    pointer = lib.vitrine_component_caller_result(caller)
    type = ComponentType(pointer) if pointer else None
    with entered(store):
        try:
            values: list[Any] = [ComponentCaller(store, caller)] if host.with_caller else []
            for i in range(arg_count):
                arg = owned(lib.vitrine_component_val_copy(args[i]), lib.vitrine_component_val_delete)
                arg_type = ComponentType(lib.vitrine_component_val_type(arg))
                values.append(from_component_val(Origin(store, None), arg_type, arg))
            try:
                value = host.function(*values)
            except Err as error:
                if type is None or type.kind != "result":
                    raise
                value = error
            if type is None:
                if value is not None:
                    raise TypeError(f"a function without a result returned {value!r}")
                return ffi.NULL
            if type.kind == "result" and not isinstance(value, (Ok, Err)):
                value = Ok(value)
            val = component_val(store.engine, type, value, "the result")
            result[0] = lib.vitrine_component_val_copy(val)
            return ffi.NULL
        except BaseException as error:
            return failure_of(store, error)


class ComponentLinker:
    """Resolves the imports of components by name, for a store or for all stores of an engine.

    >>> import vitrine
    >>> store = vitrine.Store()
    >>> linker = vitrine.ComponentLinker(store)
    >>> linker.define("test:host/log@0.1.0", "log", print)
    >>> linker.instantiate(vitrine.Component(store, "shapes.wasm"))
    <ComponentInstance: test:shapes/ops@0.1.0, translate>
    """

    def __init__(self, engine: Engine | Store, *, trap_unknown_functions: bool = False):
        """A store stands for its engine, and is the one in which components are instantiated unless another is
        passed. With `trap_unknown_functions`, undefined functions and resource types may be imported; calling
        such a function traps."""
        self._store = engine if isinstance(engine, Store) else None
        #: The engine whose components it links.
        self.engine: Engine = engine.engine if isinstance(engine, Store) else engine
        out = ffi.new("vitrine_component_linker_t**")
        check(lib.vitrine_component_linker_new(self.engine._pointer, out))
        self._pointer = owned(out[0], lib.vitrine_component_linker_delete)
        lib.vitrine_component_linker_trap_unknown_functions(self._pointer, trap_unknown_functions)

    def _checked(self, store: Store | None) -> Store:
        store = self._store if store is None else store
        if store is None:
            raise TypeError("the linker is not for a certain store: pass one")
        return store

    def define(self, interface: str | None, name: str, item: Callable[..., Any] | Module) -> None:
        """Defines a Python function, or a core module.

        The interface is named with its version, such as `wasi:io/poll@0.2.0`, and serves imports of all
        compatible versions. None stands for the component itself. A function has the type of the import. If
        its result is a `result`, it returns the value of `ok`, and raises `Err` for `err`. What else it
        raises comes out of the call of the guest. If its first parameter is annotated as
        `vitrine.ComponentCaller`, it gets its caller before the arguments.
        """
        where = ffi.NULL if interface is None else encoded(interface)
        if isinstance(item, Module):
            check(lib.vitrine_component_linker_define_module(self._pointer, where, encoded(name), item._pointer))
            return
        if not callable(item):
            raise TypeError(f"{type(item).__name__} can be no import")
        env = keep(ComponentHost(item))
        check(
            lib.vitrine_component_linker_define_func(
                self._pointer, where, encoded(name), lib.vitrine_py_component_call, env, lib.vitrine_py_release
            )
        )

    def define_resource(
        self, interface: str | None, name: str, cls: type[Any], *, drop: Callable[[Any], Any] | None = None
    ) -> None:
        """Defines a resource type whose resources are objects of a class: its constructor, and its public
        methods, of which static methods and class methods are static functions. `read_all` is `read-all`.

        Guests get such objects as results and arguments, and Python functions get the objects themselves.
        `drop` is called with an object when the guest drops it, on any thread; not when the guest gives it back.
        It must not call the guest. The first `drop` for a class counts, in all linkers of the engine.
        """
        known = self.engine._resource_types
        if cls not in known:
            known[cls] = HostResourceType(drop)
        where = ffi.NULL if interface is None else encoded(interface)
        check(lib.vitrine_component_linker_define_resource(self._pointer, where, encoded(name), known[cls].pointer))
        self.define(interface, f"[constructor]{name}", cls)
        for member in dir(cls):
            found = getattr(cls, member)
            if not member.startswith("_") and callable(found):
                is_static = isinstance(inspect.getattr_static(cls, member), (staticmethod, classmethod))
                self.define(
                    interface, f"[{'static' if is_static else 'method'}]{name}.{member.replace('_', '-')}", found
                )

    def define_instance(self, interface: str, instance: ComponentInstance, exported: str | None = None) -> None:
        """Satisfies the import of an interface with one that an instance exports, by default under the same
        name."""
        name = encoded(exported or interface)
        check(lib.vitrine_component_linker_define_instance(self._pointer, encoded(interface), instance._pointer, name))

    def add_wasi(self, wasi: Wasi | None = None) -> None:
        """Defines WASI 0.2. `wasi` is what the components of the linker's store may access through it; for other
        stores, `Store.set_wasi` says so."""
        if wasi is not None and self._store is None:
            raise TypeError("the linker is not for a certain store: use Store.set_wasi")
        check(lib.vitrine_component_linker_add_wasi(self._pointer))
        if self._store is not None:
            self._store.set_wasi(wasi or Wasi())

    def instantiate(self, component: Component, store: Store | None = None) -> ComponentInstance:
        """Makes an instance with all that is nested in it, and runs the start functions."""
        out = ffi.new("vitrine_component_instance_t**")
        store = self._checked(store)
        store._run(lib.vitrine_component_linker_instantiate, self._pointer, store._pointer, component._pointer, out)
        return ComponentInstance(store, owned(out[0], lib.vitrine_component_instance_delete), component)

    def check(self, component: Component, store: Store | None = None) -> None:
        """Checks the imports of a component as `instantiate` does, but makes nothing. Raises `Error`."""
        store = self._checked(store)
        check(lib.vitrine_component_linker_check(self._pointer, store._pointer, component._pointer), store)

    def prepare(self, component: Component) -> PreparedComponent:
        """Resolves and checks the imports of a component once, for many instances."""
        out = ffi.new("vitrine_prepared_component_t**")
        check(lib.vitrine_component_linker_prepare(self._pointer, component._pointer, out), self._store)
        return PreparedComponent(self, component, out[0])

    def __repr__(self) -> str:
        return f"<ComponentLinker of {self._store or self.engine!r}>"


class PreparedComponent:
    """A `component` whose imports a linker has resolved and checked, for many instances."""

    def __init__(self, linker: ComponentLinker, component: Component, pointer: Any):
        self._linker, self.component = linker, component
        self._pointer = owned(pointer, lib.vitrine_prepared_component_delete)

    def instantiate(self, store: Store | None = None) -> ComponentInstance:
        """Makes an instance in the store of the linker, or in another one of its engine. `Store.set_wasi` says
        what the components of that store may access."""
        store = self._linker._checked(store)
        out = ffi.new("vitrine_component_instance_t**")
        store._run(lib.vitrine_prepared_component_instantiate, self._pointer, store._pointer, out)
        return ComponentInstance(store, owned(out[0], lib.vitrine_component_instance_delete), self.component)

    def __repr__(self) -> str:
        return f"<PreparedComponent of {self.component!r}>"
