# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""tests/api/private.cpp in Python."""

import sys

import vitrine


def fails(function, *args):
    try:
        function(*args)
    except (vitrine.Error, IndexError):
        return True
    return False


def main():
    store = vitrine.Store(guest_debug=True)
    module = vitrine.Module(store, sys.argv[1])
    linker = vitrine.Linker(store)
    linker.define("host", "print", lambda number: None)
    instance = linker.instantiate(module)
    total = instance.debug_global(1)
    if total.value != 1200:
        return 3
    total.value = 7
    if total.value != 7:
        return 4
    if not fails(setattr, instance.debug_global(2), "value", 1):
        return 5
    memory = instance.debug_memory(0)
    if memory.read(1024, 16) != b"amber and jade..":
        return 6
    if not fails(memory.read, 65530, 16):
        return 7
    if instance.debug_table(0)[3] is None:
        return 8
    if not fails(lambda: instance.debug_table(0)[4]):
        return 9
    if instance.debug_func(1)(21) != 42:
        return 10
    if instance.debug_func(0) is None:
        return 11
    if (
        instance.debug_global(3)
        or instance.debug_global(0xFFFFFFFF)
        or instance.debug_tag(0)
        or instance.debug_memory(1)
    ):
        return 12
    second = linker.instantiate(module)
    if instance.debug_memory(0) != instance.debug_memory(0) or instance.debug_memory(0) == second.debug_memory(0):
        return 13
    if instance.debug_func(2) != instance["add"]:
        return 14
    return 0 if sum(row.name == "total" for row in module.globals) == 1 else 15


if __name__ == "__main__":
    sys.exit(main())
