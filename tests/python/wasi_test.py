# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""WASI preview 1, with the guest of tests/capi, and linkers."""

import os
import tempfile
import unittest

import vitrine
from support import ROOT, wasm


def guest(**options):
    store = vitrine.Store()
    linker = vitrine.Linker(store)
    linker.add_wasi(vitrine.Wasi(**options))
    return linker.instantiate(vitrine.Module(store, wasm(ROOT / "tests/capi/wasi.wat")))


class Wasi(unittest.TestCase):
    def test_output(self):
        out, err = bytearray(), []
        program = guest(
            args=["app", "jade"], env={"COLOUR": "amber"}, stdout=out.extend, stderr=err.append, stdin=b"input"
        )
        program["args"]()
        program["environ"]()
        program["copy"](2)
        self.assertEqual((bytes(out), b"".join(err)), (b"app\0jade\0COLOUR=amber\0", b"input"))

    def test_input_from_a_function(self):
        out = bytearray()
        guest(stdin=lambda size: b"abc"[:size], stdout=out.extend)["copy"](1)
        self.assertEqual(out, b"abc")

    def test_directories(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertNotEqual(guest(read_only_dirs={"/": folder})["create"](), 0)
            self.assertEqual(os.listdir(folder), [])
            self.assertEqual(guest(dirs={"/": folder})["create"](), 0)
            self.assertEqual(os.listdir(folder), ["new"])
        with self.assertRaisesRegex(vitrine.Error, "no-such-folder"):
            guest(dirs={"/": "/no-such-folder"})

    def test_a_function_with_a_type(self):
        store = vitrine.Store()
        linker = vitrine.Linker(store, allow_shadowing=True)
        linker.define_func("a", "f", lambda x: x + 1, ["i32"], ["i32"])
        linker.define_func("a", "f", lambda x: x + 2, ["i32"], ["i32"])
        text = '(module (import "a" "f" (func $f (param i32) (result i32))) (export "f" (func $f)))'
        self.assertEqual(linker.instantiate(vitrine.Module(store, wasm(text)))["f"](1), 3)
        other = wasm('(module (import "a" "f" (func (param i64))))')
        with self.assertRaises(vitrine.Error):
            linker.instantiate(vitrine.Module(store, other))
        linker.define("a", "g", lambda x: x)
        linker.instantiate(vitrine.Module(store, wasm('(module (import "a" "g" (func (param i32) (result i32))))')))
        with self.assertRaisesRegex(vitrine.Error, "two types"):
            linker.instantiate(vitrine.Module(store, wasm('(module (import "a" "g" (func (param f64) (result f64))))')))

    def test_unknown_functions(self):
        store = vitrine.Store()
        linker = vitrine.Linker(store, trap_unknown_functions=True)
        guest = linker.instantiate(
            vitrine.Module(store, wasm('(module (import "a" "f" (func $f)) (export "f" (func $f)))'))
        )
        with self.assertRaisesRegex(vitrine.Trap, "a.*f"):
            guest["f"]()

    def test_threads(self):
        store = vitrine.Store()
        linker = vitrine.Linker(store)
        linker.add_wasi()
        module = vitrine.Module(
            store,
            wasm("""(module (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
            (import "env" "memory" (memory 1 1 shared))
            (func (export "wasi_thread_start") (param i32 i32)
              (i32.atomic.store (i32.const 0) (local.get 1)) (drop (memory.atomic.notify (i32.const 0) (i32.const 1))))
            (func (export "f") (result i32) (drop (call $spawn (i32.const 7)))
              (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))) (i32.atomic.load (i32.const 0))))"""),
        )
        linker.add_wasi_threads(module)
        self.assertEqual(linker.instantiate(module)["f"](), 7)

    def test_exit(self):
        with self.assertRaises(vitrine.Exit) as caught:
            guest()["exit"](3)
        self.assertEqual(caught.exception.status, 3)


if __name__ == "__main__":
    unittest.main()
