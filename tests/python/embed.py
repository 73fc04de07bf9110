# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""tests/api/embed.cpp in Python."""

import sys

import vitrine


def main():
    store = vitrine.Store()
    module = vitrine.Module(store, sys.argv[1])
    printed = []
    linker = vitrine.Linker(store)
    linker.define("host", "print", printed.append)
    instance = linker.instantiate(module)
    if instance["add"](2, 3) != 5:
        return 3
    if instance["run"](4) != 8 or sum(printed) != 10:
        return 4
    if instance["run"].type == vitrine.FuncType((), ("i64",)) or "nowhere" in instance:
        return 5
    if instance.debug_global(0) or instance.debug_memory(0) or instance.debug_table(0) or instance.debug_func(0):
        return 6
    try:
        vitrine.Module(store, "no-such-file.wasm")
    except vitrine.Error:
        return 0
    return 7


if __name__ == "__main__":
    sys.exit(main())
