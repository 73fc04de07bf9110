# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs each module of a folder, and shows for each that traps where it was and what it had there.

    python triage.py FOLDER [FUNCTION]

A module is a WASI program, or exports FUNCTION (by default `_start`). Nothing needs to be exported to be
shown, and no debug information is needed: names come from the name section.
"""

from __future__ import annotations

import pathlib
import sys
import textwrap
import threading

import vitrine

SECONDS = 10.0
AROUND = 32  # bytes of memory to show before an address


def fault_address(frame: vitrine.Frame) -> int | None:
    """What looks like the address that a load or store was about to use."""
    integers = [slot for slot in frame.operands.slots() if slot.type == "i32"]
    return integers[0].value & 0xFFFFFFFF if integers else None


def dump(memory: vitrine.Memory, address: int) -> None:
    """Prints the memory around an address, or its end if the address is not in it."""
    start = max(0, min(address, len(memory)) - AROUND) & ~15
    print(textwrap.indent(memory.dump(start, 2 * AROUND), "    "))


def show(stop: vitrine.Stop) -> None:
    """Prints the frames of a stop, innermost first, and the memory around the fault."""
    for number, frame in enumerate(stop.frames):
        if frame.is_host:
            print(f"  #{number} {frame.name} (host)")
            continue
        print(f"  #{number} {frame.name} at {frame.offset:#x}")
        for local in frame.locals.slots():
            print(f"       {local.name or f'local {local.index}'}: {local.type} = {local.text}")
        for operand in frame.operands.slots():
            print(f"       operand {operand.index}: {operand.type} = {operand.text}")
    if "memory" in (stop.reason.trap or ""):
        frame = stop.frame
        address = fault_address(frame)
        memory = frame.instance.debug_memory(0) if frame.instance else None
        if address is not None and memory is not None:
            print(f"  memory of {len(memory):#x} bytes around {address:#x}")
            dump(memory, address)


def run(path: pathlib.Path, function: str) -> str:
    """Runs a module. Returns how it ended, in a few words."""
    output = bytearray()
    with vitrine.Store(guest_debug=True) as store:
        module = vitrine.Module(store, path)
        linker = vitrine.Linker(store, trap_unknown_functions=True)
        linker.add_wasi(vitrine.Wasi(args=[path.name], stdin=b"", stdout=output.extend, stderr=output.extend))
        with vitrine.Session(store) as session:
            timer = threading.Timer(SECONDS, session.kill)
            timer.start()
            try:
                starting = session.instantiate(linker, module)
                for stop in starting:
                    show(stop)
                func = starting.instance[function]
                for stop in session.call(func, *[0] * len(func.type.params)):
                    show(stop)
            except vitrine.Exit as end:
                return f"exit {end.status}"
            except vitrine.Trap as trap:
                return f"trap: {trap}" if trap.kind != "killed" else f"killed after {SECONDS} s"
            finally:
                timer.cancel()
                if output:
                    print("  output:", output.decode(errors="replace").rstrip())
    return "ok"


def main() -> int:
    if len(sys.argv) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 2
    failed = 0
    for path in sorted(pathlib.Path(sys.argv[1]).glob("*.wasm")):
        print(path.name)
        try:
            end = run(path, *sys.argv[2:] or ["_start"])
        except vitrine.Error as error:
            end = f"refused: {error}"
        except KeyError as missing:
            end = f"no export {missing}"
        failed += end.startswith("trap")
        print(f"  => {end}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
