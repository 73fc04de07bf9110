# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the rest of the package needs of the C API: texts, owned pointers, callbacks."""

from __future__ import annotations

import os
import sys
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from typing import Any, Callable, TypeVar

from . import _c

ffi: Any = _c.ffi
lib: Any = _c.lib

F = TypeVar("F", bound=Callable[..., Any])


def _load_call() -> Any:
    """The second module in the shared object of `_c`."""
    name = "vitrine._call"
    loader = ExtensionFileLoader(name, _c.__file__)
    spec = spec_from_file_location(name, _c.__file__, loader=loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    sys.modules[name] = module
    return module


fast: Any = _load_call()

# The names of the kinds of values, by their numbers in the C API.
KINDS = {
    0: "i32",
    1: "i64",
    2: "f32",
    3: "f64",
    4: "v128",
    128: "externref",
    129: "funcref",
    130: "anyref",
    131: "exnref",
}
NUMBERS = {name: number for number, name in KINDS.items()}


def address(pointer: Any) -> int:
    return int(ffi.cast("uintptr_t", pointer))


def owned(pointer: Any, delete: Any) -> Any:
    """A pointer that is deleted with its last use in Python. None for null."""
    return ffi.gc(pointer, delete) if pointer else None


def text(vector: Any) -> str:
    """The text of a vector that stays with its owner."""
    return bytes_of(vector).decode(errors="replace")


def bytes_of(vector: Any) -> bytes:
    return ffi.buffer(vector.data, vector.size)[:] if vector.size else b""


def taken_bytes(function: Any, *args: Any) -> bytes:
    """The bytes that a function returns in its last parameter."""
    vector = ffi.new("wasm_byte_vec_t*")
    function(*args, vector)
    try:
        return bytes_of(vector)
    finally:
        lib.wasm_byte_vec_delete(vector)


def taken_text(function: Any, *args: Any) -> str:
    return taken_bytes(function, *args).decode(errors="replace")


def taken_pointers(vector: Any, delete: Any) -> list[Any]:
    """The elements of a vector of pointers, each with an owner of its own."""
    pointers = []
    for i in range(vector.size):
        pointers.append(owned(vector.data[i], delete))
        vector.data[i] = ffi.NULL
    return pointers


def name_of(string: str) -> tuple[Any, Any]:
    """A name as the C API takes it, and what keeps its bytes alive."""
    data = string.encode()
    kept = ffi.from_buffer(data)
    return ffi.new("wasm_name_t*", {"size": len(data), "data": ffi.cast("char*", kept)}), kept


def encoded(string: str | os.PathLike[str]) -> bytes:
    """A text for a parameter that ends with a zero."""
    data = os.fsencode(string)
    if b"\0" in data:
        raise ValueError("the text contains a zero")
    return data


def enumeration(prefix: str) -> dict[int, str]:
    """The constants of the C API that begin with this prefix, in lower case, by number."""
    return {getattr(lib, name): name[len(prefix) :].lower() for name in dir(lib) if name.startswith(prefix)}


# Objects that C code refers to, by the addresses of their handles.
_kept: dict[int, Any] = {}


def keep(value: Any) -> Any:
    """A `void*` that stands for the object until the library calls `vitrine_py_release` with it."""
    handle = ffi.new_handle(value)
    _kept[address(handle)] = handle
    return handle


def callback(function: F) -> F:
    """Lets the library call a function that declarations.py declares under its name."""
    ffi.def_extern()(function)
    return function


def release(handle: Any) -> None:
    """Ends what `keep` has begun."""
    _kept.pop(address(handle), None)


@callback
def vitrine_py_release(env: Any) -> None:
    release(env)
