# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A program with types, which mypy checks: the annotations of the package are right for those who use it."""

from __future__ import annotations

import io
import sys

import vitrine


def look_up(name: str) -> int:
    if name != "jade":
        raise vitrine.Err("unknown")
    return 7


def handle(stop: vitrine.Stop) -> None:
    stop.step_over()


def main(path: str) -> int:
    store = vitrine.Store(guest_debug=True)
    output = io.StringIO()
    linker = vitrine.Linker(store)
    linker.define("host", "print", lambda number: None)
    linker.add_wasi(vitrine.Wasi(args=["app"], stdout=output, clock=lambda name: 0, stdin=b""))
    module = vitrine.Module(store, path)
    with vitrine.Session(store) as session:
        made: vitrine.Run[vitrine.Instance] = session.instantiate(linker, module)
        made.finish()
        bank: vitrine.Instance = made.instance
        total: vitrine.Global | None = bank.debug_global("total")
        if total is None or total.place().entity != total:
            return 3
        breakpoint: vitrine.Breakpoint = session.add_breakpoint(module, "twice", callback=lambda stop: True)
        run = session.call(bank["run"], 2)
        names: list[str] = []
        for stop in run:
            frame: vitrine.Frame = stop.frame
            slots: list[vitrine.Slot] = frame.locals.slots()
            names += [frame.name, slots[0].val_type.text, frame.core_name or ""]
            stop.step_out()
        if (
            names != ["twice", "i32", "", "run", "i32", ""]
            or breakpoint.hits != 1
            or session.breakpoints != [breakpoint]
        ):
            return 4
        components = vitrine.ComponentLinker(store)
        components.define("test:people/ages@0.1.0", "look-up", look_up)
        components.add_wasi(vitrine.Wasi(stdout=sys.stdout))
        component = vitrine.Component(store.engine, b"\0asm\x0d\0\1\0")
        prepared: vitrine.PreparedComponent = components.prepare(component)
        instantiated: vitrine.Run[vitrine.ComponentInstance] = session.instantiate(prepared)
        instantiated.finish()
        cores: list[vitrine.CoreInstance] | None = instantiated.instance.debug_core_instances
        exports: list[vitrine.ComponentExtern] = component.exports
        if cores != [] or exports != []:
            return 5
    with vitrine.Session(store, handler=handle) as session:
        session.add_breakpoint(module, "twice", temporary=True)
        with store.time_limit(60):
            if bank["run"](4) != 8:
                return 6
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
