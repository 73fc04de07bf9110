# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Memories, views of them, globals, tables and tags."""

import gc
import unittest

import numpy
import vitrine
from support import instance, wasm

GROWS = """(module (memory (export "m") {})
  (func (export "grow") (result i32) (i32.wrap_i64 (i64.extend_i32_s (memory.grow (i32.const 1)))))
  (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0))))"""


class Memories(unittest.TestCase):
    def setUp(self):
        self.guest = instance(GROWS.format("1 4"))
        self.memory = self.guest["m"]

    def test_reading_and_writing(self):
        memory = self.memory
        self.assertEqual((len(memory), memory.limits, repr(memory)), (65536, (1, 4), "<Memory of 65536 bytes>"))
        memory[8:12] = b"jade"
        memory.write(12, bytearray(b"\0more"))
        self.assertEqual(
            (memory[8:12], memory[8], memory[-1], memory.text(8), memory.text(8, 2)), (b"jade", 106, 0, "jade", "ja")
        )
        memory[8] = 74
        self.assertEqual(memory.read(8, 4), b"Jade")
        memory.fill(8, 2, 120)
        self.assertEqual((memory.find(b"xxde"), memory.find(b"xxde", 9)), (8, None))

    def test_out_of_bounds(self):
        memory = self.memory
        for wrong in [
            lambda: memory.read(65533, 4),
            lambda: memory.write(65533, b"jade"),
            lambda: memory.fill(65536, 1),
        ]:
            with self.assertRaises(vitrine.Error):
                wrong()
        for wrong in [
            lambda: memory[65536],
            lambda: memory.read(-1, 1),
            lambda: memory.read(0, 65537),
            lambda: memory.read(0, -1),
        ]:
            with self.assertRaises((IndexError, vitrine.Error)):
                wrong()
        with self.assertRaises(ValueError):
            memory[0:4] = b"jad"
        with self.assertRaises(ValueError):
            memory[0:8:2]

    def test_a_view_is_the_memory(self):
        with self.memory.view() as view:
            view[0:4] = b"\1\0\0\0"
            self.assertEqual(self.guest["load"](0), 1)
            self.guest["store"](0, 258)
            self.assertEqual(bytes(view[0:2]), b"\2\1")
            self.assertEqual((view.readonly, view.nbytes), (False, 65536))

    def test_numpy(self):
        array = numpy.frombuffer(self.memory.view(), dtype="<i4")
        self.guest["store"](8, -7)
        self.assertEqual(array[2], -7)
        array[2] = 40
        self.assertEqual(self.guest["load"](8), 40)

    def test_a_memory_that_cannot_move_grows_in_spite_of_views(self):
        memory = self.memory
        self.assertFalse(memory.can_move)
        with memory.view() as view:
            self.assertEqual((self.guest["grow"](), memory.grow(1), len(memory)), (1, 2, 3 * 65536))
            self.assertEqual(view.nbytes, 65536)
            self.guest["store"](65532, 5)
            self.assertEqual(view[65532], 5)
            with self.assertRaises(BufferError):
                self.guest._store.close()
        del view
        self.guest._store.close()

    def test_a_memory_with_a_view_does_not_grow(self):
        for limits in ("i64 1 4",):
            guest = instance(
                GROWS.replace("(memory.grow (i32.const 1))", "(i32.wrap_i64 (memory.grow (i64.const 1)))")
                .replace("(i32.store (local.get 0)", "(i32.store (i64.extend_i32_u (local.get 0))")
                .replace("(i32.load (local.get 0)", "(i32.load (i64.extend_i32_u (local.get 0))")
                .format(limits)
                if "i64" in limits
                else GROWS.format(limits)
            )
            memory = guest["m"]
            view = memory.view()
            part = view[4:8]
            self.assertEqual(guest["grow"](), -1)
            with self.assertRaises(BufferError):
                memory.grow(1)
            with self.assertRaises(BufferError):
                guest._store.close()
            view.release()
            del view
            # A part of a view is a view.
            self.assertEqual(guest["grow"](), -1)
            guest["store"](4, 9)
            self.assertEqual(part[0], 9)
            part.release()
            del part
            self.assertEqual((guest["grow"](), memory.grow(1), len(memory)), (1, 2, 3 * 65536))
            with self.assertRaises(vitrine.Error):
                memory.grow(2)
            guest._store.close()

    def test_a_view_keeps_the_store(self):
        view = instance(GROWS.format("1"))["m"].view()
        gc.collect()
        view[0] = 5
        self.assertEqual(view[0], 5)

    def test_an_empty_memory(self):
        memory = vitrine.Memory.new(vitrine.Store(), 0)
        self.assertEqual((len(memory), memory.view().nbytes, memory[0:0]), (0, 0, b""))

    def test_shared_memories(self):
        memory = vitrine.Memory.new(vitrine.Store(), 1, 2, is_shared=True)
        memory[0:4] = b"jade"
        self.assertEqual(memory[0:4], b"jade")
        with self.assertRaises(vitrine.Error):
            vitrine.Memory.new(vitrine.Store(), 1, is_shared=True)
        with self.assertRaises(vitrine.Error):
            self.memory.obtain(vitrine.Store())


class Others(unittest.TestCase):
    def test_globals(self):
        store = vitrine.Store()
        number = vitrine.Global.new(store, "i32", 3, mutable=True)
        number.value = 4
        self.assertEqual(
            (number.value, number.kind, number.is_mutable, repr(number)), (4, "i32", True, "<Global i32 mutable: 4>")
        )
        with self.assertRaises(vitrine.Error):
            vitrine.Global.new(store, "f64", 0.5).value = 1
        with self.assertRaises(ValueError):
            vitrine.Global.new(store, "i31", 0)

    def test_tables(self):
        guest = instance("""(module (table (export "t") 2 8 funcref) (elem (i32.const 1) func $f)
            (func $f (export "f") (result i32) i32.const 7))""")
        table = guest["t"]
        self.assertEqual((len(table), table[0], table[-1], table[1]()), (2, None, guest["f"], 7))
        table[0] = guest["f"]
        self.assertEqual(
            (table[0]._pointer is not None, table.grow(2), list(table)[2:], table.kind),
            (True, 2, [None, None], "funcref"),
        )
        for wrong in [lambda: table[4], lambda: table[-5]]:
            with self.assertRaises(IndexError):
                wrong()
        with self.assertRaises(vitrine.Error):
            table.grow(100)
        with self.assertRaises(TypeError):
            table[0] = 5

    def test_exports(self):
        guest = instance("""(module (memory (export "m") 1) (global (export "g") i32 (i32.const 1)) (tag (export "e") (param f64))
            (table (export "t") 1 externref) (func (export "f")))""")
        self.assertEqual(
            {name: type(item).__name__ for name, item in guest.exports.items()},
            {"m": "Memory", "g": "Global", "e": "Tag", "t": "Table", "f": "Func"},
        )
        self.assertEqual(
            (str(guest["e"].type), "f" in guest, "x" in guest, list(guest)), ("(param f64)", True, False, list("mgetf"))
        )
        with self.assertRaises(KeyError):
            guest["x"]
        store = guest._store
        text = '(module (import "a" "m" (memory 1)) (import "a" "g" (global i32)) (import "a" "e" (tag (param f64))))'
        from support import wasm

        linker = vitrine.Linker(store)
        linker.define_instance("a", guest)
        linker.instantiate(vitrine.Module(store, wasm(text)))
        with self.assertRaises(vitrine.Error):
            linker.define("a", "m", guest["m"])


class Dumps(unittest.TestCase):
    def test_at_the_end(self):
        memory = vitrine.Memory.new(vitrine.Store(), 1)
        memory[65528:65536] = b"amber\0\xff~"
        self.assertEqual(
            memory.dump(65520, 64).splitlines(),
            ["0x00fff0  00 00 00 00 00 00 00 00 61 6d 62 65 72 00 ff 7e  ........amber..~"],
        )
        self.assertEqual(memory.dump(65534), f"0x00fffe  {'ff 7e':47}  .~")
        self.assertEqual((memory.dump(70000), len(memory.dump().splitlines())), ("", 16))


class Limits(unittest.TestCase):
    def test_64_bits(self):
        store = vitrine.Store()
        memory = vitrine.Memory.new(store, 1, 3, is_64=True)
        self.assertEqual((memory.is_64, memory.is_shared, memory.limits), (True, False, (1, 3)))
        text = """(module (import "a" "m" (memory i64 1)) (table (export "t") i64 2 5 externref)
            (func (export "f") (param i64) (result i32) (i32.load (local.get 0))))"""
        guest = vitrine.Instance(store, vitrine.Module(store, wasm(text)), {"a": {"m": memory}})
        memory[8:12] = b"\7\0\0\0"
        self.assertEqual(guest["f"](8), 7)
        with self.assertRaises(vitrine.Trap):
            guest["f"](2**40)
        table = guest["t"]
        self.assertEqual((table.is_64, table.limits, len(table)), (True, (2, 5), 2))
        table[1] = "jade"
        self.assertEqual((table.grow(2, "amber"), list(table)), (2, [None, "jade", "amber", "amber"]))
        with self.assertRaises(vitrine.Error):
            table.grow(2)
        self.assertFalse(vitrine.Memory.new(store, 1).is_64 or vitrine.Table.new(store, "funcref", 1).is_64)
        self.assertTrue(vitrine.Memory.new(store, 1, 1, is_shared=True).is_shared)


if __name__ == "__main__":
    unittest.main()
