# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""WASI preview 1, with the guest of tests/capi, and linkers."""

import contextlib
import io
import os
import pathlib
import random
import socket
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

    def test_files(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "input")
            path.write_bytes("grün".encode())
            out = io.BytesIO()
            guest(stdin=path, stdout=out)["copy"](1)
            self.assertEqual(out.getvalue(), b"gr\xc3\xbcn")
            text = io.StringIO()
            guest(stdin=io.StringIO("ein grüner"), stdout=text)["copy"](1)
            self.assertEqual(text.getvalue(), "ein grüner")
            with path.open("rb") as file, open(os.path.join(folder, "output"), "wb") as output:
                guest(stdin=file.fileno(), stderr=output.fileno())["copy"](2)
                with guest(stdin=io.BytesIO(b"jade"), stdout=output)._store:
                    pass
            self.assertEqual(pathlib.Path(folder, "output").read_bytes(), b"gr\xc3\xbcn")
            with self.assertRaisesRegex(vitrine.Error, "gone"):
                guest(stdin=pathlib.Path(folder, "gone"))["copy"](1)

    def test_texts_in_parts(self):
        out = io.StringIO()
        copy = guest(stdin=lambda size: parts.pop(0), stdout=out)["copy"]
        parts = [b"gr\xc3", b"\xbc", b"\xff."]
        for _ in range(3):
            copy(1)
        self.assertEqual(out.getvalue(), "grü\ufffd.")

    def test_copies(self):
        copied = bytearray()
        read, write = os.pipe()
        saved = os.dup(1)
        os.dup2(write, 1)
        try:
            guest(stdin=b"jade", stdout_copy=copied.extend)["copy"](1)
        finally:
            os.dup2(saved, 1)
            os.close(saved)
            os.close(write)
        self.assertEqual((bytes(copied), os.read(read, 100)), (b"jade", b"jade"))
        os.close(read)
        with self.assertRaises(TypeError):
            vitrine.Wasi(stdout=print, stdout_copy=print)

    def test_sockets(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            one, other = socket.socketpair()
            with one, other:
                program = guest(read_only_dirs={"/": "/"}, sockets=[listener, one.fileno()])
                self.assertEqual([program["type"](fd) for fd in (3, 4, 5, 6)], [3, 6, 6, -1])

    def test_clocks_and_random_bytes(self):
        names = []
        program = guest(clock=lambda name: names.append(name) or 7 * len(names), random=random.Random(7).randbytes)
        self.assertEqual([program["time"](clock) for clock in range(4)], [7, 14, 21, 28])
        self.assertEqual(names, ["realtime", "monotonic", "process_cpu", "thread_cpu"])
        expected = int.from_bytes(random.Random(7).randbytes(4), "little", signed=True)
        self.assertEqual(program["random"](), expected)

    def test_wrong_configurations(self):
        for wrong in (dict(stdin=5.0), dict(stdout="text"), dict(clock=5), dict(random=b""), dict(stderr_copy=1)):
            with self.assertRaises(TypeError):
                vitrine.Wasi(**wrong)

    def test_what_callbacks_raise_is_printed(self):
        shown = io.StringIO()
        with contextlib.redirect_stderr(shown):
            self.assertEqual(guest(random=lambda size: b"")["random"](), 0)
        self.assertIn("4 random bytes were asked for, not 0", shown.getvalue())

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
            wasm(
                """(module (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
            (import "env" "memory" (memory 1 1 shared))
            (func (export "wasi_thread_start") (param i32 i32)
              (i32.atomic.store (i32.const 0) (local.get 1)) (drop (memory.atomic.notify (i32.const 0) (i32.const 1))))
            (func (export "f") (result i32) (drop (call $spawn (i32.const 7)))
              (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))) (i32.atomic.load (i32.const 0))))"""
            ),
        )
        linker.add_wasi_threads(module)
        self.assertEqual(linker.instantiate(module)["f"](), 7)
        store.end_wasi_threads()

    def test_exit(self):
        with self.assertRaises(vitrine.Exit) as caught:
            guest()["exit"](3)
        self.assertEqual(caught.exception.status, 3)


if __name__ == "__main__":
    unittest.main()
