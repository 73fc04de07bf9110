#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measures calls from Python: of the package vitrine, and of wasmtime if it is installed, too.

Run it with the Python of an environment that has them.
"""

import timeit
from importlib.metadata import version

import vitrine

# (import "h" "f" (func $f (param i32) (result i32)))
# (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add)
# (func (export "back") (param i32 i32) (result i32) local.get 0 call $f)
MODULE = bytes.fromhex(
    "0061736d01000000010c0260017f017f60027f7f017f020701016801660000"
    "030302010107"  # functions, exports
    "0e02036164640001046261636b0002"
    "0a10020700200020016a0b0600200010000b"
)


def nanoseconds(function, count=200_000):
    return min(timeit.repeat(function, number=count, repeat=5)) / count * 1e9


def main():
    store = vitrine.Store()
    guest = vitrine.Instance(store, vitrine.Module(store, MODULE), {"h": {"f": lambda x: x}})
    add, back = guest["add"], guest["back"]
    rows = [(f"vitrine {vitrine.__version__}", nanoseconds(lambda: add(2, 3)), nanoseconds(lambda: back(2, 3)))]
    try:
        import wasmtime
    except ImportError:
        pass
    else:
        store = wasmtime.Store()
        i32 = wasmtime.ValType.i32()
        host = wasmtime.Func(store, wasmtime.FuncType([i32], [i32]), lambda x: x)
        exports = wasmtime.Instance(store, wasmtime.Module(store.engine, MODULE), [host]).exports(store)
        their_add, their_back = exports["add"], exports["back"]
        call, host_call = lambda: their_add(store, 2, 3), lambda: their_back(store, 2, 3)
        rows.append((f"wasmtime {version('wasmtime')}", nanoseconds(call, 20_000), nanoseconds(host_call, 20_000)))
    for name, call, host_call in rows:
        print(f"{name:20} (i32, i32) -> i32: {call:7.0f} ns    with a call of a Python function: {host_call:7.0f} ns")


if __name__ == "__main__":
    main()
