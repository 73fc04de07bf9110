# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Types and values of components as Python objects.

Values are made from the text that WAVE, the WebAssembly value encoding, has for them. Resources have no
text: values with them are made of their parts.
"""

from __future__ import annotations

import functools
import math
import re
import struct
from typing import TYPE_CHECKING, Any, Callable, Iterator, Mapping, NamedTuple

from ._errors import check
from ._native import bytes_of, callback, encoded, enumeration, ffi, keep, lib, owned, release, taken_text

if TYPE_CHECKING:
    from ._store import Engine, Store

KINDS = {number: name.replace("_", "-") for number, name in enumeration("VITRINE_COMPONENT_").items()}
INTEGERS = {
    f"{sign}{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if sign == "s" else (0, 2**bits - 1)
    for sign in "su"
    for bits in (8, 16, 32, 64)
}
# Names that stand for something else in WAVE unless a % is before them.
KEYWORDS = {"true", "false", "inf", "nan", "some", "none", "ok", "err"}


class Record(Mapping[str, Any]):
    """A record of a component: `record["first-name"]` or `record.first_name`. It equals a dict with the same
    fields. A field that is named like a method of a dict, such as `items`, is only `record["items"]`.
    Arguments may be dicts, too, or other objects with these attributes.

    >>> import vitrine
    >>> point = vitrine.Record(x=1, y=2)
    >>> point.x, point["y"], point == {"x": 1, "y": 2}
    (1, 2, True)
    >>> vitrine.Record({**point, "y": 5})
    Record(x=1, y=5)
    """

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str, Any] | None = None, /, **more: Any):
        self._fields = {**(fields or {}), **more}

    def __getitem__(self, name: str) -> Any:
        return self._fields[name]

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("__"):
            for field, value in self._fields.items():
                if attribute(field) == name:
                    return value
        raise AttributeError(f"the record has no field {name!r}")

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *map(attribute, self._fields)]

    def __repr__(self) -> str:
        return f"Record({', '.join(f'{attribute(name)}={value!r}' for name, value in self._fields.items())})"


def attribute(name: str) -> str:
    """The name of a field or parameter in Python: `first-name` is `first_name`."""
    return name.replace("-", "_")


class Variant(NamedTuple):
    """A `case` of a variant, and its payload as `value`; None if it has none. An argument can also be a tuple, or the
    name of a case without a payload.

    >>> import vitrine
    >>> shape = vitrine.Variant("circle", 2.5)
    >>> match shape:
    ...     case ("circle", radius):
    ...         print(radius)
    2.5
    """

    case: str
    value: Any = None


class Ok:
    """The good case of a `result` within another value. A function returns its `value` instead.

    >>> import vitrine
    >>> vitrine.Ok(5), vitrine.Ok(5).value, vitrine.Ok(5) == vitrine.Ok(5)
    (Ok(5), 5, True)
    """

    __match_args__ = ("value",)

    def __init__(self, value: Any = None):
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ok) and bool(self.value == other.value)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Ok({self.value!r})"


class Err(Exception):
    """The error case of a `result`, with its `value`. A function raises it, whether it is one of the guest or
    of the host.

    >>> import vitrine
    >>> vitrine.Err("empty"), vitrine.Err("empty").value, vitrine.Err(1) == vitrine.Err(2)
    (Err('empty'), 'empty', False)
    """

    __module__ = "vitrine"
    __match_args__ = ("value",)

    def __init__(self, value: Any = None):
        super().__init__(value)
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Err) and bool(self.value == other.value)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Err({self.value!r})"


class Resource:
    """A resource of a component that the host owns or has borrowed. Pass it to functions of the component, or
    call its methods: `file.read(5)` is the function `[method]file.read` of the interface that the resource
    comes from.

    `drop` runs its destructor, as the end of a `with` statement does. A resource that is not dropped is not
    destroyed before its store.
    """

    def __init__(self, origin: Origin, type: ComponentType, pointer: Any):
        self._store, self._origin, self._pointer = origin.store, origin, pointer
        #: Its type: `file`, or `borrow<file>` if it is borrowed.
        self.type: ComponentType = type

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if not name.startswith("_") and self._origin.find is not None:
            resource = re.sub(r"\w+<(.*)>", r"\1", str(self.type))
            method = self._origin.find(f"[method]{resource}.{name.replace('_', '-')}")
            if method is not None:
                return functools.partial(method, self)
        raise AttributeError(f"a {self.type} has no method {name!r}")

    @property
    def is_own(self) -> bool:
        """Whether the host owns it, so that it can be passed on or dropped. False for one that was borrowed or
        has been passed on."""
        return bool(lib.vitrine_component_val_is_own(self._pointer))

    def drop(self) -> None:
        """Drops it. Raises `Error` if it is borrowed, dropped already or passed on."""
        self._store._run(lib.vitrine_component_val_drop, self._store._pointer, self._pointer)

    def __enter__(self) -> Resource:
        return self

    def __exit__(self, *_: object) -> None:
        self.drop()

    def __repr__(self) -> str:
        return f"<Resource {self.type}>"


class Origin(NamedTuple):
    """Where a value comes from: its store, and what finds a function beside the one that returned it."""

    store: Store
    find: Callable[[str], Callable[..., Any] | None] | None


class ComponentType:
    """A type of the values of a component. As text, it is in WIT.

    `kind` is `bool`, `s8` to `u64`, `f32`, `f64`, `char`, `string`, `list`, `map`, `record`, `tuple`,
    `variant`, `enum`, `option`, `result`, `flags`, `own`, `borrow`, `stream`, `future` or `error-context`.

    >>> import vitrine
    >>> store = vitrine.Store()
    >>> component = vitrine.Component(store, "shapes.wasm")
    >>> translate = vitrine.ComponentLinker(store).instantiate(component)["translate"]
    >>> for name, type in translate.params:
    ...     print(name, type, type.kind, [name for name, part in type.parts])
    p point record ['x', 'y']
    dx s32 s32 []
    dy option<s32> option ['none', 'some']
    """

    def __init__(self, pointer: Any):
        self._pointer = owned(pointer, lib.vitrine_component_type_delete)
        self.kind: str = KINDS[lib.vitrine_component_type_kind(pointer)]
        self._parts: list[tuple[str, ComponentType | None]] | None = None
        self._contains: bool | None = None

    @property
    def parts(self) -> list[tuple[str, ComponentType | None]]:
        """Names and types of the fields of a record or tuple, the cases of a variant, enum, option or result,
        or the labels of flags; the element of a list. Names of fields of tuples and of elements are empty. The
        type is None for labels, and for cases without a payload."""
        if self._parts is None:
            found: list[tuple[str, ComponentType | None]] = []
            for i in range(lib.vitrine_component_type_part_count(self._pointer)):
                type = ffi.new("vitrine_component_type_t**")
                name = taken_text(lambda out: lib.vitrine_component_type_part(self._pointer, i, out, type))
                found.append((name, ComponentType(type[0]) if type[0] else None))
            self._parts = found
        return self._parts

    @property
    def _element(self) -> ComponentType:
        element = self.parts[0][1]
        assert element is not None
        return element

    def _case(self, name: str) -> ComponentType | None:
        """The type of the payload of a case."""
        for case, type in self.parts:
            if case == name:
                return type
        raise ValueError(f"a value of the type {self} has no case {name!r}; there are {', '.join(dict(self.parts))}")

    @property
    def _has_resources(self) -> bool:
        """Whether its values can contain resources."""
        if self._contains is None:
            self._contains = self.kind in ("own", "borrow") or any(
                part._has_resources for _, part in self.parts if part
            )
        return self._contains

    @property
    def _has_fixed_length(self) -> bool:
        """Whether this list has a length, which its text says: `list<u8, 4>`."""
        return str(self) != f"list<{self._element}>"

    @property
    def _has_none(self) -> bool:
        """Whether the payload of this option is an option, so that None could be either."""
        payload = self.parts[1][1]
        return payload is not None and payload.kind == "option"

    def __str__(self) -> str:
        return taken_text(lib.vitrine_component_type_to_text, self._pointer)

    def __repr__(self) -> str:
        return f"<ComponentType {self}>"


# ---------------------------------------------------------------------------------------------------
# Resources of the host
# ---------------------------------------------------------------------------------------------------


class HostResourceType:
    """A resource type whose resources are objects of a Python class."""

    def __init__(self, drop: Callable[[Any], Any] | None):
        out = ffi.new("vitrine_component_resource_type_t**")
        check(lib.vitrine_component_resource_type_new(lib.vitrine_py_destroy, ffi.NULL, ffi.NULL, out))
        self.drop, self.pointer = drop, owned(out[0], lib.vitrine_component_resource_type_delete)


class Held:
    """What a resource of the host refers to. `drop` is called with the object when its last owner drops it."""

    def __init__(self, object: Any, drop: Callable[[Any], Any] | None):
        self.object, self.drop = object, drop


@callback
def vitrine_py_destroy(env: Any, rep: Any) -> None:
    held = ffi.from_handle(rep)
    release(rep)
    if held.drop is not None:
        held.drop(held.object)


def host_type_of(engine: Engine, value: Any) -> HostResourceType | None:
    """The resource type whose resources are objects of the class of this one."""
    return next((engine._resource_types[cls] for cls in type(value).__mro__ if cls in engine._resource_types), None)


def resource_val(engine: Engine, type: ComponentType, value: Any, name: str) -> Any:
    if isinstance(value, Resource):
        return owned(lib.vitrine_component_val_copy(value._pointer), lib.vitrine_component_val_delete)
    host_type = host_type_of(engine, value)
    if host_type is None:
        raise TypeError(f"{name}: a {type} is a Resource, not {value!r}")
    # What is lent is not dropped.
    rep = keep(Held(value, host_type.drop if type.kind == "own" else None))
    out = ffi.new("vitrine_component_val_t**")
    error = lib.vitrine_component_val_from_rep(type._pointer, host_type.pointer, rep, out)
    if error:
        release(rep)
    check(error)
    return owned(out[0], lib.vitrine_component_val_delete)


def resource_of(origin: Origin, type: ComponentType, val: Any) -> Any:
    """The Python object of a resource of the host, or a `Resource` of a component."""
    for host_type in origin.store.engine._resource_types.values():
        rep = ffi.new("void**")
        error = lib.vitrine_component_val_to_rep(val, host_type.pointer, rep)
        if not error:
            held = ffi.from_handle(rep[0])
            if lib.vitrine_component_val_is_own(val):
                held.drop = None  # the guest gave it back
            return held.object
        lib.vitrine_error_delete(error)
    return Resource(origin, type, val)


# ---------------------------------------------------------------------------------------------------
# From Python
# ---------------------------------------------------------------------------------------------------


def component_val(engine: Engine, type: ComponentType, value: Any, name: str) -> Any:
    """An owned `vitrine_component_val_t` for an object. `name` is what an error says about it."""
    if type.kind in ("own", "borrow"):
        return resource_val(engine, type, value, name)
    if type._has_resources:
        return val_of_parts(engine, type, value, name)
    out = ffi.new("vitrine_component_val_t**")
    is_bytes = isinstance(value, (bytes, bytearray, memoryview))
    if is_bytes and type.kind == "list" and type._element.kind == "u8" and not type._has_fixed_length:
        data = bytes(value)
        check(lib.vitrine_component_val_from_bytes(type._pointer, data, len(data), out))
    else:
        wave = named(name, wave_of, type, value)
        check(lib.vitrine_component_val_parse(type._pointer, wave.encode(), out))
    return owned(out[0], lib.vitrine_component_val_delete)


def named(name: str, function: Callable[..., Any], *args: Any) -> Any:
    """Calls a function. Its errors say what they are about."""
    try:
        return function(*args)
    except (TypeError, ValueError, OverflowError) as error:
        kind = next(kind for kind in (TypeError, ValueError, OverflowError) if isinstance(error, kind))
        raise kind(f"{name}: {error}") from None


def val_of_parts(engine: Engine, type: ComponentType, value: Any, name: str) -> Any:
    """A value that contains resources, which have no text."""
    out = ffi.new("vitrine_component_val_t**")
    if type.kind in ("variant", "option", "result"):
        case, payload = named(name, CASES[type.kind], type, value)
        part = type._case(case)
        val = ffi.NULL if part is None else component_val(engine, part, payload, name)
        check(lib.vitrine_component_val_from_case(type._pointer, encoded(case), val, out))
    else:
        values = named(name, PARTS[type.kind], type, value)
        types = [part for _, part in type.parts] if type.kind in ("record", "tuple") else [type._element] * len(values)
        vals = [component_val(engine, part, one, name) for part, one in zip(types, values) if part is not None]
        check(lib.vitrine_component_val_from_parts(type._pointer, vals, len(vals), out))
    return owned(out[0], lib.vitrine_component_val_delete)


def wave_of(type: ComponentType, value: Any) -> str:
    """The text of a value of this type in WAVE."""
    kind = type.kind
    if kind in INTEGERS:
        return integer_text(kind, value)
    if kind in WRITERS:
        return WRITERS[kind](type, value)
    raise TypeError(f"a {type} cannot be passed")


def integer_text(kind: str, value: Any) -> str:
    if not hasattr(value, "__index__"):
        raise TypeError(f"{value!r} is no {kind}")
    number = value.__index__()
    least, most = INTEGERS[kind]
    if not least <= number <= most:
        raise OverflowError(f"{value!r} does not fit into a {kind}")
    return str(number)


def bool_text(type: ComponentType, value: Any) -> str:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is no bool")
    return "true" if value else "false"


def float_text(type: ComponentType, value: Any) -> str:
    if isinstance(value, (str, bytes)):
        raise TypeError(f"{value!r} is no {type}")
    number = float(value)
    return "nan" if math.isnan(number) else repr(number)


def char_text(type: ComponentType, value: Any) -> str:
    if not isinstance(value, str) or len(value) != 1:
        raise TypeError(f"a char is a str of one character, not {value!r}")
    return f"'{escaped(value)}'"


def string_text(type: ComponentType, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no string")
    return f'"{escaped(value)}"'


def escaped(text: str) -> str:
    if re.search("[\ud800-\udfff]", text):
        raise ValueError(f"{text!r} has half of a surrogate pair, which is no character")
    return re.sub(r"[\x00-\x1f\x7f\"'\\]", lambda match: f"\\u{{{ord(match[0]):x}}}", text)


def list_parts(type: ComponentType, value: Any) -> list[Any]:
    if isinstance(value, (str, Mapping)) or (isinstance(value, bytes) and type._element.kind != "u8"):
        raise TypeError(f"{value!r} is no {type}")
    return list(value)


def list_text(type: ComponentType, value: Any) -> str:
    element, values = type._element, list_parts(type, value)
    if element.kind in INTEGERS and all(item.__class__ is int for item in values):
        # As `integer_text`, but fast: Python writes lists of numbers as WAVE does.
        least, most = INTEGERS[element.kind]
        if not values or (least <= min(values) and max(values) <= most):
            return str(values)
    return f"[{', '.join(wave_of(element, item) for item in values)}]"


def map_parts(type: ComponentType, value: Any) -> list[Any]:
    return [tuple(pair) for pair in (value.items() if isinstance(value, Mapping) else value)]


def map_text(type: ComponentType, value: Any) -> str:
    return f"[{', '.join(wave_of(type._element, pair) for pair in map_parts(type, value))}]"


def record_parts(type: ComponentType, value: Any) -> list[Any]:
    absent = object()
    names = [name for name, _ in type.parts]
    if isinstance(value, Mapping):
        known = {name: value.get(name, value.get(attribute(name), absent)) for name in names}
        for key in value:
            if key not in names and key not in map(attribute, names):
                raise TypeError(f"a {type} has no field {key!r}; there are {', '.join(names)}")
    elif isinstance(value, (str, bytes, int, float, list, tuple)) and not hasattr(value, "_fields") or value is None:
        raise TypeError(f"{value!r} is no record {type}")
    else:
        known = {name: getattr(value, attribute(name), absent) for name in names}
    for name, part in type.parts:
        assert part is not None
        if known[name] is absent:
            if part.kind != "option":
                raise TypeError(f"a {type} needs the field {name!r}")
            known[name] = None
    return list(known.values())


def record_text(type: ComponentType, value: Any) -> str:
    fields = [
        f"{name}: {wave_of(part, one)}" for (name, part), one in zip(type.parts, record_parts(type, value)) if part
    ]
    return "{" + ", ".join(fields) + "}"


def tuple_parts(type: ComponentType, value: Any) -> list[Any]:
    values = list(value)
    if len(values) != len(type.parts):
        raise TypeError(f"a {type} has {len(type.parts)} values, not {len(values)}")
    return values


def tuple_text(type: ComponentType, value: Any) -> str:
    return f"({', '.join(wave_of(part, one) for (_, part), one in zip(type.parts, tuple_parts(type, value)) if part)})"


def case_text(type: ComponentType, value: Any) -> str:
    name, value = CASES[type.kind](type, value)
    payload = type._case(name)
    is_keyword = name in KEYWORDS and type.kind in ("variant", "enum")
    return f"{'%' * is_keyword}{name}" + (f"({wave_of(payload, value)})" if payload else "")


def checked_case(type: ComponentType, name: str, value: Any) -> tuple[str, Any]:
    if type._case(name) is None and value is not None:
        raise TypeError(f"the case {name!r} of a {type} has no payload, but {value!r} is given")
    return name, value


def variant_case(type: ComponentType, value: Any) -> tuple[str, Any]:
    if isinstance(value, str):
        return checked_case(type, value, None)
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str):
        return checked_case(type, *value)
    raise TypeError(f"a {type} is a Variant, not {value!r}")


def enum_case(type: ComponentType, value: Any) -> tuple[str, Any]:
    if not isinstance(value, str):
        raise TypeError(f"a {type} is the name of a case, not {value!r}")
    return checked_case(type, value, None)


def option_case(type: ComponentType, value: Any) -> tuple[str, Any]:
    if value is None:
        return "none", None
    if type._has_none:
        if not isinstance(value, tuple) or len(value) != 2 or value[0] != "some":
            raise TypeError(f'a {type} is None or Variant("some", value), not {value!r}')
        value = value[1]
    return "some", value


def result_case(type: ComponentType, value: Any) -> tuple[str, Any]:
    if not isinstance(value, (Ok, Err)):
        raise TypeError(f"a {type} is an Ok or an Err, not {value!r}")
    return checked_case(type, "ok" if isinstance(value, Ok) else "err", value.value)


def flags_text(type: ComponentType, value: Any) -> str:
    if isinstance(value, str):
        raise TypeError(f"a {type} is a set of names, not {value!r}")
    names = set(value)
    known = [name for name, _ in type.parts]
    for name in names:
        if name not in known:
            raise ValueError(f"a {type} has no flag {name!r}; there are {', '.join(known)}")
    return "{" + ", ".join(name for name in known if name in names) + "}"


PARTS: dict[str, Callable[[ComponentType, Any], list[Any]]] = {
    "list": list_parts,
    "map": map_parts,
    "record": record_parts,
    "tuple": tuple_parts,
}
CASES: dict[str, Callable[[ComponentType, Any], tuple[str, Any]]] = {
    "variant": variant_case,
    "enum": enum_case,
    "option": option_case,
    "result": result_case,
}
WRITERS: dict[str, Callable[[ComponentType, Any], str]] = {
    "bool": bool_text,
    "f32": float_text,
    "f64": float_text,
    "char": char_text,
    "string": string_text,
    "list": list_text,
    "map": map_text,
    "record": record_text,
    "tuple": tuple_text,
    "flags": flags_text,
    **dict.fromkeys(CASES, case_text),
}


# ---------------------------------------------------------------------------------------------------
# To Python
# ---------------------------------------------------------------------------------------------------


def from_component_val(origin: Origin, type: ComponentType, val: Any) -> Any:
    """The object for an owned value."""
    kind = type.kind
    if kind in INTEGERS or kind in ("bool", "char"):
        number = ffi.new("int64_t*")
        check(lib.vitrine_component_val_to_int(val, number))
        found = int(number[0])
        if kind == "u64":
            return found % 2**64
        return bool(found) if kind == "bool" else chr(found) if kind == "char" else found
    if kind in ("f32", "f64"):
        double = ffi.new("double*")
        check(lib.vitrine_component_val_to_float(val, double))
        return float(double[0])
    if kind == "string":
        return contents(val).decode()
    if kind in ("own", "borrow"):
        return resource_of(origin, type, val)
    return READERS[kind](origin, type, val)


def contents(val: Any) -> bytes:
    """The bytes of a string or list of u8."""
    vector = ffi.new("wasm_byte_vec_t*")
    check(lib.vitrine_component_val_to_bytes(val, vector))
    data = bytes_of(vector)
    lib.wasm_byte_vec_delete(vector)
    return data


def part_of(val: Any, index: int) -> Any:
    return owned(lib.vitrine_component_val_at(val, index), lib.vitrine_component_val_delete)


def read_list(origin: Origin, type: ComponentType, val: Any) -> Any:
    element = type._element
    if element.kind == "u8" and not type._has_fixed_length:
        return contents(val)
    if element.kind in INTEGERS or element.kind in ("f32", "f64"):
        # One text instead of one value for each number.
        items = [item for item in taken_text(lib.vitrine_component_val_to_text, val)[1:-1].split(", ") if item]
        if element.kind in INTEGERS:
            return bytes(map(int, items)) if element.kind == "u8" else [int(item) for item in items]
        numbers = [float(item) for item in items]
        # The text has the digits that a single float needs.
        form = f"{len(numbers)}f"
        return list(struct.unpack(form, struct.pack(form, *numbers))) if element.kind == "f32" else numbers
    return [from_component_val(origin, element, part_of(val, i)) for i in range(lib.vitrine_component_val_size(val))]


def read_map(origin: Origin, type: ComponentType, val: Any) -> dict[Any, Any]:
    pairs = (part_of(val, i) for i in range(lib.vitrine_component_val_size(val)))
    return dict(from_component_val(origin, type._element, pair) for pair in pairs)


def fields_of(origin: Origin, type: ComponentType, val: Any) -> list[Any]:
    return [
        from_component_val(origin, part, part_of(val, i)) for i, (_, part) in enumerate(type.parts) if part is not None
    ]


def read_record(origin: Origin, type: ComponentType, val: Any) -> Record:
    return Record(dict(zip((name for name, _ in type.parts), fields_of(origin, type, val))))


def read_tuple(origin: Origin, type: ComponentType, val: Any) -> tuple[Any, ...]:
    return tuple(fields_of(origin, type, val))


def read_case(origin: Origin, type: ComponentType, val: Any) -> Variant:
    name = taken_text(lib.vitrine_component_val_case_name, val)
    payload = type._case(name)
    return Variant(name, None if payload is None else from_component_val(origin, payload, part_of(val, 0)))


def read_option(origin: Origin, type: ComponentType, val: Any) -> Any:
    found = read_case(origin, type, val)
    return None if found.case == "none" else found if type._has_none else found.value


def read_result(origin: Origin, type: ComponentType, val: Any) -> Ok | Err:
    found = read_case(origin, type, val)
    return Ok(found.value) if found.case == "ok" else Err(found.value)


def read_flags(origin: Origin, type: ComponentType, val: Any) -> set[str]:
    inner = taken_text(lib.vitrine_component_val_to_text, val)[1:-1]
    return set(inner.split(", ")) if inner else set()


READERS: dict[str, Callable[[Any, ComponentType, Any], Any]] = {
    "list": read_list,
    "map": read_map,
    "record": read_record,
    "tuple": read_tuple,
    "variant": read_case,
    "enum": lambda origin, type, val: read_case(origin, type, val).case,
    "option": read_option,
    "result": read_result,
    "flags": read_flags,
}
