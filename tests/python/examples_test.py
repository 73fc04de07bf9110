# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""examples/python: triage.py with a folder of modules that end in different ways, and component.py."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

from support import ROOT, wasm

MODULES = {
    "a-fine": '(module (func (export "_start")))',
    "b-stray": """(module (memory 1) (data (i32.const 65504) "amber and jade..")
        (func $store (param $to i32) (local $what i64) (i64.store (local.get $to) (i64.const 7)))
        (func $main (export "_start") (call $store (i32.const 65530))))""",
    "c-zero": "(module (func $start (drop (i32.div_s (i32.const 1) (i32.const 0)))) (start $start))",
    "d-exit": """(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1) (data (i32.const 8) "said\\n") (data (i32.const 0) "\\08\\00\\00\\00\\05\\00\\00\\00")
        (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16))) (call $exit (i32.const 3))))""",
    "e-library": '(module (func (export "f")))',
}

EXPECTED = """a-fine.wasm
  => ok
b-stray.wasm
  #0 store at 0x33
       to: i32 = 65530
       what: i64 = 0
       operand 0: i32 = 65530
       operand 1: i64 = 7
  #1 main at 0x3f
  memory of 0x10000 bytes around 0xfffa
    0x00ffd0  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  ................
    0x00ffe0  61 6d 62 65 72 20 61 6e 64 20 6a 61 64 65 2e 2e  amber and jade..
    0x00fff0  00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00  ................
  => trap: out of bounds memory access: 8 bytes at 0xfffa of memory[0], which has 0x10000 bytes
c-zero.wasm
  #0 start at 0x1e
       operand 0: i32 = 1
       operand 1: i32 = 0
  => trap: integer divide by zero
d-exit.wasm
  output: said
  => exit 3
e-library.wasm
  => no export '_start'
f-broken.wasm
  => refused: FOLDER/f-broken.wasm: magic header not detected (at offset 0x0)
"""

COMPONENT = """imports test:calc/host-log@0.1.0
hello, jade
42
error: empty
Record(x=11, y=22, label='amber') amber
journal gets 'sink line'
journal is dropped
info: sink line
error: there is no level 9
libc: next is 4179
main: calls is 2
stopped in sum of main: {at: 4184, count: 2, sum: 0}
9
"""


class Component(unittest.TestCase):
    def test_calc(self):
        command = [sys.executable, "-B", ROOT / "examples/python/component.py", ROOT / "examples/component/calc.wasm"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        self.assertEqual((done.stdout, done.stderr, done.returncode), (COMPONENT, "", 0))


class Triage(unittest.TestCase):
    def test_a_folder(self):
        self.maxDiff = None
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            for module, text in MODULES.items():
                (folder / f"{module}.wasm").write_bytes(wasm(text))
            (folder / "f-broken.wasm").write_bytes(b"no module")
            command = [sys.executable, "-B", ROOT / "examples/python/triage.py", folder]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60)
            output = done.stdout.replace(str(folder), "FOLDER")
        self.assertEqual((output, done.stderr, done.returncode), (EXPECTED, "", 1))


if __name__ == "__main__":
    unittest.main()
