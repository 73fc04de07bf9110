# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Errors, traps and exits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._native import enumeration, ffi, lib, owned, taken_text

if TYPE_CHECKING:
    from ._instance import Instance
    from ._store import Store
    from ._values import Ref

TRAP_KINDS = enumeration("VITRINE_TRAP_")


class Error(Exception):
    """Something was refused. `offset` is where, in bytes of the file, or of a text that was passed in, such as an
    expression, if `is_in_text`. None if it is not known.

    >>> import vitrine
    >>> try:
    ...     vitrine.Module(vitrine.Store(), b"no module")
    ... except vitrine.Error as error:
    ...     print(error, error.offset)
    magic header not detected (at offset 0x0) 0
    """

    __module__ = "vitrine"

    def __init__(self, message: str, offset: int | None = None, is_in_text: bool = False):
        super().__init__(message)
        self.offset, self.is_in_text = offset, is_in_text


class Exit(Error):
    """The guest asked to exit, as with `proc_exit` of WASI. `status` is its exit status."""

    __module__ = "vitrine"

    def __init__(self, message: str, status: int):
        super().__init__(message)
        self.status = status


class TraceFrame:
    """A function that was active when the guest trapped.

    `name` and `module_name` are from the name section, the exports or the imports, and empty if there is
    none. `index` is that of the function. `offset` is in bytes from the start of the module, `func_offset`
    from the start of the function: of the instruction that trapped; in callers, of the one after the call.
    """

    def __init__(self, store: Store, frame: Any):
        self._store, self._frame = store, frame
        self.name: str = taken_text(lib.vitrine_frame_func_name, frame)
        self.module_name: str = taken_text(lib.vitrine_frame_module_name, frame)
        self.index: int = lib.wasm_frame_func_index(frame)
        self.offset: int = lib.wasm_frame_module_offset(frame)
        self.func_offset: int = lib.wasm_frame_func_offset(frame)

    @property
    def instance(self) -> Instance | None:
        """The instance of the function. None when its store is closed."""
        from ._instance import Instance

        pointer = lib.wasm_frame_instance(self._frame)
        return (
            Instance._of(self._store, owned(lib.wasm_instance_copy(pointer), lib.wasm_instance_delete))
            if pointer
            else None
        )

    def __repr__(self) -> str:
        return f"<TraceFrame {self.name or f'func[{self.index}]'} at {self.offset:#x}>"


class Trap(Error):
    """The guest trapped.

    `kind` is the name of one of the `VITRINE_TRAP_` constants in lower case, such as `unreachable`,
    `memory_out_of_bounds`, `uncaught_exception` or `interrupted`. `frames` are the functions that were
    active, innermost first.
    """

    __module__ = "vitrine"

    def __init__(self, message: str, store: Store, trap: Any):
        super().__init__(message)
        self._store, self._trap = store, trap
        self.kind: str = TRAP_KINDS[lib.vitrine_trap_kind(trap)]

    @property
    def frames(self) -> list[TraceFrame]:
        """The functions that were active, innermost first."""
        vector = ffi.new("wasm_frame_vec_t*")
        lib.wasm_trap_trace(self._trap, vector)
        copies = [owned(lib.wasm_frame_copy(vector.data[i]), lib.wasm_frame_delete) for i in range(vector.size)]
        lib.wasm_frame_vec_delete(vector)
        return [TraceFrame(self._store, frame) for frame in copies]

    @property
    def exception(self) -> Ref | None:
        """The exception that nothing caught, for the kind `uncaught_exception`. Otherwise None."""
        from ._values import Ref

        pointer = lib.vitrine_trap_exception(self._trap)
        return Ref(self._store, owned(pointer, lib.wasm_ref_delete), "exnref") if pointer else None


def description(error: BaseException) -> str:
    """What the guest is told about an exception of a Python function."""
    return f"{type(error).__name__}: {error}".replace("\0", " ")


def error_of(store: Store | None, pointer: Any) -> BaseException:
    """The exception for an error of the C API, which is deleted."""
    error = ffi.gc(pointer, lib.vitrine_error_delete)
    message = taken_text(lib.vitrine_error_message, error)
    status = ffi.new("int*")
    if lib.vitrine_error_exit_status(error, status):
        return Exit(message, status[0])
    trap = owned(lib.vitrine_error_trap(error), lib.wasm_trap_delete)
    if trap and store is not None:
        failed = Trap(message, store, trap)
        if failed.kind in ("host_error", "interrupted", "killed") and store._raised is not None:
            return store._taken_raised()
        return failed
    if store is not None and store._raised is not None and message == description(store._raised):
        return store._taken_raised()
    offset = ffi.new("uint64_t*")
    has_offset = lib.vitrine_error_offset(error, offset)
    shown, where = taken_text(lib.vitrine_error_to_text, error), offset[0] if has_offset else None
    return Error(shown, where, bool(lib.vitrine_error_is_in_text(error)))


def check(pointer: Any, store: Store | None = None) -> None:
    """Raises an error of the C API, unless it is null."""
    if pointer:
        raise error_of(store, pointer)
