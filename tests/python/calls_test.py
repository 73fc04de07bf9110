# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Values, calls, functions of the host, errors."""

import gc
import math
import pathlib
import tempfile
import threading
import unittest
import weakref

import vitrine
from support import BANK, ROOT, instance, wasm

ECHO = """(module
  (func (export "i32") (param i32) (result i32) local.get 0)
  (func (export "i64") (param i64) (result i64) local.get 0)
  (func (export "f32") (param f32) (result f32) local.get 0)
  (func (export "f64") (param f64) (result f64) local.get 0)
  (func (export "v128") (param v128) (result v128) local.get 0)
  (func (export "externref") (param externref) (result externref) local.get 0)
  (func (export "funcref") (param funcref) (result funcref) local.get 0)
  (func (export "anyref") (param anyref) (result anyref) local.get 0)
  (func (export "swap") (param i32 externref) (result externref i32) local.get 1 local.get 0)
  (func (export "none")))"""


class Values(unittest.TestCase):
    def setUp(self):
        self.echo = instance(ECHO)

    def test_numbers(self):
        for kind, values in {
            "i32": [0, -1, 2**31 - 1, -(2**31)],
            "i64": [0, -1, 2**63 - 1, -(2**63)],
            "f32": [0.5, -1.0, math.inf],
            "f64": [0.1, -0.0, 1e300],
        }.items():
            for value in values:
                self.assertEqual(self.echo[kind](value), value)
        self.assertTrue(math.isnan(self.echo["f64"](math.nan)))
        self.assertEqual(self.echo["i32"](2**32 - 1), -1)
        self.assertEqual(self.echo["i64"](2**64 - 1), -1)
        self.assertEqual(self.echo["i32"](True), 1)
        self.assertEqual(self.echo["f64"](3), 3.0)

    def test_numbers_that_do_not_fit(self):
        for kind, value in [("i32", 2**32), ("i32", -(2**31) - 1), ("i64", 2**64), ("i64", -(2**63) - 1)]:
            with self.assertRaisesRegex(OverflowError, f"does not fit into an {kind}"):
                self.echo[kind](value)
        for kind, value in [("i32", 1.5), ("i32", "1"), ("f64", "1"), ("v128", 1), ("funcref", 1), ("anyref", "1")]:
            with self.assertRaises(TypeError):
                self.echo[kind](value)
        with self.assertRaisesRegex(ValueError, "16 bytes, not 1"):
            self.echo["v128"](b"1")

    def test_numbers_of_arguments(self):
        with self.assertRaisesRegex(TypeError, "takes 1 argument, not 2"):
            self.echo["i32"](1, 2)
        with self.assertRaisesRegex(TypeError, "takes 2 arguments, not 0"):
            self.echo["swap"]()

    def test_references(self):
        thing = object()
        self.assertIs(self.echo["externref"](thing), thing)
        self.assertIsNone(self.echo["externref"](None))
        self.assertEqual(self.echo["funcref"](self.echo["i32"]), self.echo["i32"])
        number = self.echo["anyref"](5)
        self.assertEqual((number.kind, int(number), repr(number)), ("i31", 5, "<Ref i31 5>"))
        self.assertEqual(self.echo["swap"](1, "x"), ("x", 1))
        self.assertIsNone(self.echo["none"]())
        self.assertEqual(self.echo["v128"](bytes(range(16))), bytes(range(16)))

    def test_many_values(self):
        params = " ".join(["i32"] * 40)
        gets = " ".join(f"local.get {i}" for i in range(40))
        many = instance(f'(module (func (export "f") (param {params}) (result {params}) {gets}))')
        self.assertEqual(many["f"](*range(40)), tuple(range(40)))

    def test_objects(self):
        made = instance("""(module (type $p (struct (field (mut i32)) (field i64)))
            (func (export "make") (result anyref) (struct.new $p (i32.const 3) (i64.const 4))))""")["make"]()
        self.assertEqual((made.kind, len(made), list(made), repr(made)), ("struct", 2, [3, 4], "<Ref struct {3, 4}>"))
        made[0] = 9
        self.assertEqual(made[-2], 9)
        with self.assertRaises(vitrine.Error):
            made[1] = 5
        with self.assertRaises(IndexError):
            made[2]

    def test_an_object_lives_as_long_as_the_guest_needs_it(self):
        class Thing:
            pass

        store = vitrine.Store()
        table = vitrine.Table.new(store, "externref", 1, Thing())
        self.assertIsInstance(table[0], Thing)
        alive = weakref.ref(table[0])
        gc.collect()
        self.assertIsNotNone(alive())
        store.close()
        gc.collect()
        self.assertIsNone(alive())


class Hosts(unittest.TestCase):
    def test_types(self):
        seen = []
        bank = instance(BANK, {"host": {"print": seen.append}})
        self.assertEqual(bank["run"](3), 6)
        self.assertEqual(seen, [1, 2, 3])

    def test_results(self):
        store = vitrine.Store()
        function = vitrine.Func.host(store, lambda a, b: (b, a), ["i32", "f64"], ["f64", "i32"])
        self.assertEqual(function(1, 2.5), (2.5, 1))
        self.assertEqual(str(function.type), "(param i32 f64) (result f64 i32)")
        for wrong in [lambda a, b: None, lambda a, b: (1,), lambda a, b: ("x", 1)]:
            with self.assertRaises(TypeError):
                vitrine.Func.host(store, wrong, ["i32", "f64"], ["f64", "i32"])(1, 2.5)

    def test_exceptions_pass_through(self):
        error = KeyError("amber")

        def fail(_):
            raise error

        bank = instance(BANK, {"host": {"print": fail}})
        with self.assertRaises(KeyError) as caught:
            bank["run"](3)
        self.assertIs(caught.exception, error)
        self.assertEqual(bank["add"](1, 2), 3)
        # It is not raised again for what has nothing to do with it.
        with self.assertRaises(vitrine.Trap):
            instance('(module (func (export "f") unreachable))')["f"]()

    def test_exceptions_through_two_guests(self):
        def outer(_):
            instance(BANK, {"host": {"print": lambda _: 1 / 0}})["run"](1)

        with self.assertRaises(ZeroDivisionError):
            instance(BANK, {"host": {"print": outer}})["run"](1)

    def test_exits(self):
        def leave(_):
            raise vitrine.Exit("", 7)

        with self.assertRaises(vitrine.Exit) as caught:
            instance(BANK, {"host": {"print": leave}})["run"](1)
        self.assertEqual(caught.exception.status, 7)

    def test_the_caller(self):
        seen = []

        def look(caller: vitrine.Caller, address):
            seen.append((caller.instance, caller.memory().read(address, 4)))

        guest = instance(
            """(module (import "host" "look" (func $look (param i32))) (memory (export "memory") 1)
            (data (i32.const 8) "jade") (func (export "f") (call $look (i32.const 8))))""",
            {"host": {"look": look}},
        )
        guest["f"]()
        self.assertEqual(seen, [(guest, b"jade")])

    def test_a_guest_catches_exceptions_of_another(self):
        store = vitrine.Store()
        tag = vitrine.Tag.new(store, ["i32"])
        thrower = vitrine.Instance(
            store,
            vitrine.Module(
                store,
                wasm("""(module (import "a" "t" (tag $t (param i32)))
            (func (export "f") (throw $t (i32.const 5))))"""),
            ),
            {"a": {"t": tag}},
        )
        with self.assertRaises(vitrine.Trap) as caught:
            thrower["f"]()
        self.assertEqual((caught.exception.kind, list(caught.exception.exception)), ("uncaught_exception", [5]))
        catcher = vitrine.Instance(
            store,
            vitrine.Module(
                store,
                wasm("""(module (import "a" "t" (tag $t (param i32)))
            (import "a" "call" (func $call))
            (func (export "f") (result i32)
              (block $caught (result i32) (try_table (catch $t $caught) (call $call)) (i32.const 0))))"""),
            ),
            {"a": {"t": tag, "call": lambda: thrower["f"]()}},
        )
        self.assertEqual(catcher["f"](), 5)


class Errors(unittest.TestCase):
    def test_traps(self):
        guest = instance("""(module $m (func $inner (param i32) (drop (i32.div_u (i32.const 1) (local.get 0))))
            (func (export "outer") (param i32) (call $inner (local.get 0)) nop))""")
        self.assertIsNone(guest["outer"](1))
        with self.assertRaises(vitrine.Trap) as caught:
            guest["outer"](0)
        trap = caught.exception
        self.assertEqual((trap.kind, str(trap)), ("integer_divide_by_zero", "integer divide by zero"))
        self.assertEqual(
            [(frame.name, frame.index, frame.module_name) for frame in trap.frames],
            [("inner", 0, "m"), ("outer", 1, "m")],
        )
        self.assertEqual(trap.frames[0].instance, guest)
        self.assertRegex(repr(trap.frames[0]), r"<TraceFrame inner at 0x\w+>")
        self.assertGreater(trap.frames[0].offset, trap.frames[0].func_offset)
        self.assertTrue(guest.module.owns(trap.frames[0]))
        self.assertFalse(instance(BANK, {"host": {"print": print}}).module.owns(trap.frames[0]))

    def test_loading(self):
        store = vitrine.Store()
        with self.assertRaises(vitrine.Error) as caught:
            vitrine.Module(store, b"\0asm\1\0\0\0\xff")
        self.assertEqual((caught.exception.offset, caught.exception.is_in_text), (8, False))
        with self.assertRaises(vitrine.Error):
            vitrine.Module(store, "no-such-file.wasm")
        with self.assertRaisesRegex(vitrine.Error, "host.*print"):
            vitrine.Instance(store, vitrine.Module(store, wasm(BANK)))
        with self.assertRaisesRegex(TypeError, "can be no import"):
            vitrine.Instance(store, vitrine.Module(store, wasm(BANK)), {"host": {"print": 5}})

    def test_a_closed_store(self):
        bank = instance(BANK, {"host": {"print": print}})
        bank._store.close()
        with self.assertRaises(vitrine.Error):
            bank["add"]
        with self.assertRaises(vitrine.Error):
            vitrine.Module(bank._store, b"")

    def test_a_store_is_not_closed_while_its_guest_runs(self):
        guests = []
        bank = instance(BANK, {"host": {"print": lambda _: guests[0]._store.close()}})
        guests.append(bank)
        with self.assertRaisesRegex(vitrine.Error, "while its guest runs"):
            bank["run"](1)
        self.assertEqual(bank["add"](1, 2), 3)
        bank._store.close()

    def test_configuration(self):
        with self.assertRaises(vitrine.Error):
            vitrine.Engine(features={"no-such-feature": True})
        with self.assertRaises(ValueError):
            vitrine.Engine(tier="fast")
        with self.assertRaises(TypeError):
            vitrine.Store(vitrine.Engine(), guest_debug=True)
        for tier in ("auto", "interpreter", "compiled", "mixed"):
            self.assertEqual(instance(BANK, {"host": {"print": lambda _: None}}, tier=tier)["run"](4), 8)

    def test_limits(self):
        asked = []

        def limiter(resource, current, desired):
            asked.append((resource, current, desired))
            return desired <= 131072

        store = vitrine.Store(limiter=limiter)
        guest = vitrine.Instance(
            store,
            vitrine.Module(
                store, wasm('(module (memory 1) (func (export "grow") (result i32) (memory.grow (i32.const 1))))')
            ),
        )
        self.assertEqual([guest["grow"]() for _ in range(2)], [1, -1])
        self.assertIn(("memory", 131072, 196608), asked)

    def test_modules(self):
        store = vitrine.Store(guest_debug=True)
        module = vitrine.Module(store, wasm(BANK))
        self.assertEqual([str(row.type) for row in module.imports], ["(param i32)"])
        self.assertEqual([row.name for row in module.globals], ["opened", "total", "limit"])
        self.assertEqual((module.memories[0].limits, module.tables[0].limits), ((1, None), (4, None)))
        self.assertEqual(module.func_at(module.func("twice").offset).name, "twice")
        self.assertIsNone(module.func_at(0))
        with self.assertRaises(KeyError):
            module.func("nowhere")
        self.assertEqual(module.bytecode, wasm(BANK))
        again = vitrine.Module.deserialize(store, module.serialize())
        self.assertEqual([row.name for row in again.funcs], [row.name for row in module.funcs])
        self.assertIsNone(vitrine.Module(vitrine.Store(), wasm(BANK)).bytecode)

    def test_parts_of_files(self):
        bank = wasm(BANK)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "both")
            path.write_bytes(b"before" + bank + b"after")
            module = vitrine.Module(vitrine.Store(), path, offset=6, size=len(bank))
            self.assertEqual((module.file_offset, [row.name for row in module.memories]), (6, ["vault"]))
            with self.assertRaises(vitrine.Error):
                vitrine.Module(vitrine.Store(), path, offset=6)
            path.write_bytes(b"before" + wasm(ROOT / "tests/docs/shapes.wat"))
            self.assertEqual(len(vitrine.Component(vitrine.Engine(), path, offset=6).exports), 3)
        with self.assertRaises(TypeError):
            vitrine.Module(vitrine.Store(), bank, size=8)

    def test_exact_types(self):
        guest = instance("""(module $m (type $p (struct (field i8) (field (ref null $p)))) (memory 1 2 shared)
            (memory $big i64 3) (table 1 2 funcref) (table i64 4 externref)
            (func (export "make") (result (ref $p)) (struct.new $p (i32.const 3) (ref.null $p))))""")
        made = guest["make"]()
        self.assertEqual((guest["make"].exact_type, made.exact_type), ("(result (ref $p))", "(ref $p)"))
        self.assertEqual([made.part_type(0), made.part_type(-1)], ["i32", "(ref null $p)"])
        with self.assertRaises(IndexError):
            made.part_type(2)
        rows = guest.module.memories + guest.module.tables
        self.assertEqual(
            [(row.limits, row.is_64, row.is_shared) for row in rows],
            [((1, 2), False, True), ((3, None), True, False), ((1, 2), False, False), ((4, None), True, False)],
        )

    def test_custom_sections(self):
        module = vitrine.Module(vitrine.Store(), wasm('(module $m (@custom "one" "jade") (func) (@custom "one" ""))'))
        sections = [section for section in module.custom_sections if section.name == "one"]
        self.assertEqual([(section.name, section.data) for section in sections], [("one", b"jade"), ("one", b"")])
        at = sections[0].offset
        self.assertEqual(wasm('(module $m (@custom "one" "jade") (func) (@custom "one" ""))')[at : at + 4], b"jade")
        self.assertEqual(repr(sections[0]), f"<CustomSection one: 4 bytes at {at:#x}>")
        self.assertEqual(vitrine.Module(vitrine.Store(), wasm("(module)")).custom_sections, [])

    def test_checks(self):
        store = vitrine.Store()
        module = vitrine.Module(store, wasm(BANK))
        linker = vitrine.Linker(store)
        with self.assertRaisesRegex(vitrine.Error, "host.*print"):
            linker.check(module)
        linker.define("host", "print", print)
        linker.check(module)
        self.assertEqual(linker.instantiate(module)["add"](1, 2), 3)

    def test_time_limits(self):
        guest = instance('(module (func (export "spin") (loop $l (br $l))) (func (export "f")))')
        spin = guest["spin"]
        with guest._store.time_limit(60):
            guest["f"]()
        with guest._store.time_limit(0.02):
            for _ in range(2):  # this also ends calls that begin later
                with self.assertRaises(vitrine.Trap) as caught:
                    spin()
                self.assertEqual(caught.exception.kind, "interrupted")
        guest["f"]()

    def test_features(self):
        simd = wasm("(module (func (param v128)))")
        vitrine.Module(vitrine.Store(), simd)
        with self.assertRaisesRegex(vitrine.Error, "SIMD|simd"):
            vitrine.Module(vitrine.Store(features={"simd": False}), simd)
        self.assertEqual((vitrine.features()["simd"], vitrine.features()["custom-page-sizes"]), (True, False))
        engine = vitrine.Engine(features="all,-simd")
        names = ("simd", "custom-page-sizes", "no-such-feature")
        self.assertEqual([engine.has_feature(name) for name in names], [False, True, False])
        with self.assertRaises(vitrine.Error):
            vitrine.Engine(features="all,tea")
        limited = vitrine.Store(max_memory_pages=2, max_heap_bytes=4096, stress_collector=True)
        with self.assertRaises(vitrine.Error):
            vitrine.Memory.new(limited, 3)
        fill = vitrine.Instance(
            limited,
            vitrine.Module(
                limited,
                wasm("""(module (type $a (array i8))
            (func (export "fill") (result anyref) (array.new $a (i32.const 0) (i32.const 8192))))"""),
            ),
        )["fill"]
        with self.assertRaises(vitrine.Trap) as caught:
            fill()
        self.assertEqual(caught.exception.kind, "out_of_memory")

    def test_one_thread_at_a_time(self):
        entered, done = threading.Event(), threading.Event()

        def wait(_):
            entered.set()
            done.wait(60)

        bank = instance(BANK, {"host": {"print": wait}})
        results = []
        thread = threading.Thread(target=lambda: results.append(bank["run"](1)))
        thread.start()
        entered.wait(60)
        with self.assertRaisesRegex(RuntimeError, "another thread"):
            bank["add"](1, 2)
        with self.assertRaisesRegex(vitrine.Error, "while its guest runs"):
            bank._store.close()
        done.set()
        thread.join()
        self.assertEqual((results, bank["add"](1, 2)), ([2], 3))

    def test_threads(self):
        """The guest runs without Python's lock: two that wait for each other by a shared memory come to an end."""
        engine = vitrine.Engine()
        stores = [vitrine.Store(engine) for _ in range(2)]
        text = """(module (import "a" "m" (memory 1 1 shared))
            (func (export "meet") (param i32 i32)
              (i32.atomic.store (local.get 0) (i32.const 1))
              (loop $again (br_if $again (i32.eqz (i32.atomic.load (local.get 1)))))))"""
        memory = vitrine.Memory.new(stores[0], 1, 1, is_shared=True)
        guests = [
            vitrine.Instance(store, vitrine.Module(store, wasm(text)), {"a": {"m": shared}})
            for store, shared in zip(stores, (memory, memory.obtain(stores[1])))
        ]
        threads = [threading.Thread(target=guest["meet"], args=args) for guest, args in zip(guests, ((0, 4), (4, 0)))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
            self.assertFalse(thread.is_alive())


if __name__ == "__main__":
    unittest.main()
