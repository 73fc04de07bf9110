# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Vitrine: a WebAssembly runtime that a debugger can see into.

>>> import vitrine
>>> store = vitrine.Store(guest_debug=True)
>>> bank = vitrine.Instance(store, vitrine.Module(store, "bank.wasm"), {"host": {"print": print}})
>>> bank["add"](2, 3)
5
>>> bank.debug_global("total").value
1200
"""

from ._component import (
    Component,
    ComponentCaller,
    ComponentExtern,
    ComponentFunc,
    ComponentInstance,
    ComponentLinker,
    CoreInstance,
    CoreModule,
    Handle,
    Interface,
    PreparedComponent,
    is_component,
)
from ._component_values import ComponentType, Err, Ok, Record, Resource, Variant
from ._entities import Caller, Extern, Func, Global, Memory, Place, Table, Tag
from ._errors import Error, Exit, TraceFrame, Trap
from ._instance import Instance, Linker, Wasi
from ._native import ffi as _ffi
from ._native import lib as _lib
from ._session import (
    Breakpoint,
    DapServer,
    Frame,
    GdbServer,
    Reason,
    Run,
    Session,
    Slot,
    Slots,
    Stop,
    Thread,
    Watchpoint,
)
from ._store import CustomSection, Engine, Entity, Import, Module, Store, features
from ._values import FuncType, Ref, ValType

__version__: str = _ffi.string(_lib.vitrine_version()).decode()

__all__ = [
    "Breakpoint",
    "Caller",
    "Component",
    "ComponentCaller",
    "ComponentExtern",
    "ComponentFunc",
    "ComponentInstance",
    "ComponentLinker",
    "ComponentType",
    "CoreInstance",
    "CoreModule",
    "CustomSection",
    "DapServer",
    "Engine",
    "Entity",
    "Err",
    "Error",
    "Exit",
    "Extern",
    "Frame",
    "Func",
    "FuncType",
    "GdbServer",
    "Global",
    "Handle",
    "Import",
    "Instance",
    "Interface",
    "Linker",
    "Memory",
    "Module",
    "Ok",
    "Place",
    "PreparedComponent",
    "Reason",
    "Record",
    "Ref",
    "Resource",
    "Run",
    "Session",
    "Slot",
    "Slots",
    "Stop",
    "Store",
    "Table",
    "Tag",
    "Thread",
    "TraceFrame",
    "Trap",
    "ValType",
    "Variant",
    "Wasi",
    "Watchpoint",
    "features",
    "is_component",
]
