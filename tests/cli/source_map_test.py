# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A debugger session by the lines of a source map whose sources are in the map alone: of a module and
a map made here, and of what AssemblyScript's compiler makes, if there is one. VITRINE_ASC is its path.
In the terminal and through the gdb door."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))

from gdb_client import Guest, Refused  # noqa: E402

VITRINE = os.environ["VITRINE"]
WASM_TOOLS = os.environ["VITRINE_WASM_TOOLS"]
SECONDS = 60
SOURCE = """function add(a: i32, b: i32): i32 {
  return a + b;
}

export function main(n: i32): i32 {
  let k = add(n, 1);
  return add(k, 2);
}
"""
MODULE = """(module
  (func $t/add (param $a i32) (param $b i32) (result i32)
    (i32.add (local.get $a) (local.get $b)))
  (func $t/main (export "main") (param $n i32) (result i32) (local $k i32)
    (local.set $k (call $t/add (local.get $n) (i32.const 1)))
    (call $t/add (local.get $k) (i32.const 2))))
"""
# The instructions of a line as bytes, the line and column.
PLACES = ((b"\x20\0\x20\1\x6a", 2, 9), (b"\x20\0\x41\1\x10\0\x21\1", 6, 10), (b"\x20\1\x41\2\x10\0", 7, 9))
DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
# What the lines of a session must show, in this order.
SESSION = (
    ("break t.ts:6", ["breakpoint 1: t/main at t.ts:6"]),
    ("GO", ["breakpoint 1 in t/main() at t.ts:6", "=>    6    let k = add(n, 1);"]),
    ("list", ["function add(a: i32, b: i32): i32 {", "=>    6    let k", "    8  }"]),
    ("bt", ["#0 t/main() at t.ts:6"]),
    ("step", ["t/add() at t.ts:2", "=>    2    return a + b;"]),
    ("bt", ["#0 t/add() at t.ts:2", "#1 t/main() at t.ts:6"]),
    ("locals", ["3", "1"]),
    ("finish", ["returned: 4", "t/main() at t.ts:6"]),
    ("next", ["=>    7    return add(k, 2);"]),
    ("info source", ["(source map): 1 unit"]),
    ("clear t.ts:6", []),
    ("list add", ["    2    return a + b;"]),
)


def vlq(number):
    number = number << 1 if number >= 0 else -number << 1 | 1
    text = ""
    while True:
        digit, number = number & 31, number >> 5
        text += DIGITS[digit | (32 if number else 0)]
        if not number:
            return text


def make_by_hand(folder):
    subprocess.run([WASM_TOOLS, "parse", "-", "-o", folder / "t.wasm"], input=MODULE.encode(), check=True)
    module = (folder / "t.wasm").read_bytes()
    segments, last = [], (0, 0, 0)
    for code, line, column in PLACES:
        place = (module.index(code), line - 1, column - 1)
        segments.append(vlq(place[0] - last[0]) + "A" + vlq(place[1] - last[1]) + vlq(place[2] - last[2]))
        last = place
    (folder / "t.wasm.map").write_text(json.dumps({"version": 3, "sources": ["t.ts"], "names": [], "mappings": ",".join(segments),
                                                   "sourcesContent": [SOURCE]}))


def make_with(compiler, folder):
    (folder / "t.ts").write_text(SOURCE)
    subprocess.run([compiler, "t.ts", "--debug", "--sourceMap", "--runtime", "stub", "-o", "t.wasm"], cwd=folder, check=True)
    (folder / "t.ts").unlink()


def check(what, line, parts, shown):
    at = 0
    for part in parts:
        at = shown.find(part, at)
        assert at >= 0, f"{what}: {line}: no {part!r} in\n{shown}"
        at += len(part)


def check_terminal(what, folder):
    lines = "".join(f"echo [{number}]\n{line.replace('GO', 'run')}\n" for number, (line, _) in enumerate(SESSION))
    done = subprocess.run([VITRINE, "debug", "--invoke", "main", "t.wasm", "3"], cwd=folder, input=lines + "echo [end]\nkill\n",
                          capture_output=True, text=True, timeout=SECONDS)
    shown = done.stdout + done.stderr
    assert "[end]" in shown and "warning" not in shown, shown
    for number, (line, parts) in enumerate(SESSION):
        check(what, line, parts, shown.partition(f"[{number}]\n")[2].partition(f"[{number + 1}]\n")[0])


def check_monitor(what, folder):
    """The commands that do not resume the guest; LLDB does that."""
    guest = Guest(VITRINE, ["--invoke", "main", "t.wasm", "3"], folder, os.environ)
    try:
        guest.connection.ask("?")

        def ask(line):
            try:
                return "\n".join(guest.connection.monitor(line))
            except Refused as refusal:
                return f"error: {refusal}"
        check(what, "break", ["breakpoint 1: t/main at t.ts:6"], ask("break t.ts:6"))
        reply = guest.connection.ask("c")
        while reply.startswith("O"):
            reply = guest.connection.receive()
        assert reply.startswith("T"), reply
        for line, parts in (("bt", ["#0 t/main() at t.ts:6"]), ("list", ["=>    6    let k = add(n, 1);", "    8  }"]),
                            ("info source", ["(source map): 1 unit"]), ("list add", ["    2    return a + b;"])):
            check(what, line, parts, ask(line))
    finally:
        guest.discard()


def main():
    compiler = os.environ.get("VITRINE_ASC") or shutil.which("asc")
    makers = {"a map made by hand": make_by_hand}
    if compiler:
        makers["AssemblyScript"] = lambda folder: make_with(compiler, folder)
    else:
        print("no AssemblyScript compiler: skipped")
    for what, make in makers.items():
        with tempfile.TemporaryDirectory() as path:
            make(pathlib.Path(path))
            check_terminal(what, path)
            check_monitor(f"monitor, {what}", path)
            print(f"{what}: ok", flush=True)


if __name__ == "__main__":
    sys.exit(main())
