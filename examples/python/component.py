# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calls a component, is called by it, and looks at what it keeps to itself.

    python component.py examples/component/calc.wasm
"""

from __future__ import annotations

import sys

import vitrine

LEVELS = ("debug", "info", "error")


def log(level: int, text: str) -> None:
    """The function that the component imports. Its result is a `result`, so what it raises is the error."""
    if level >= len(LEVELS):
        raise vitrine.Err(f"there is no level {level}")
    print(f"{LEVELS[level]}: {text}")


class Sink:
    """The resource type that the component imports: it makes sinks, and calls their methods."""

    def __init__(self, name: str):
        self.name = name

    def write(self, text: str) -> None:
        print(f"{self.name} gets {text!r}")

    def close(self) -> None:
        print(f"{self.name} is dropped")


def main(path: str) -> None:
    store = vitrine.Store(guest_debug=True)
    component = vitrine.Component(store, path)
    print("imports", ", ".join(row.name for row in component.imports))

    linker = vitrine.ComponentLinker(store)
    linker.define("test:calc/host-log@0.1.0", "log", log)
    linker.define_resource("test:calc/host-log@0.1.0", "sink", Sink, drop=Sink.close)
    calc = linker.instantiate(component)

    ops = calc["test:calc/ops"]
    print(ops["greet"]("jade"))
    print(ops["sum"]([1, 2, 39]))
    try:
        ops["sum"]([])
    except vitrine.Err as error:
        print("error:", error.value)
    moved = calc["translate"]({"x": 1, "y": 2, "label": "amber"}, dx=10, dy=20)
    print(moved, moved.label)
    calc["use-sink"]("journal")
    calc["log-at"](1)
    try:
        calc["log-at"](9)
    except vitrine.Err as error:
        print("error:", error.value)

    # Nothing of this is exported.
    for name, core in calc.debug_core_instances or ():
        for row in core.module.globals:
            value = core.debug_global(row.index)
            print(f"{name}: {row.name} is {value.value if value else None}")

    # Each call of `sum` stops in the core instance `main`.
    main_module = dict(component.core_modules(store))["main"]
    with vitrine.Session(store) as session:
        session.add_breakpoint(main_module, "sum")
        run = session.call(ops["sum"], [4, 5])
        for stop in run:
            print(f"stopped in {stop.frame.name} of {stop.frame.core_name}: {stop.frame.locals}")
        print(run.results)


if __name__ == "__main__":
    main(sys.argv[1])
