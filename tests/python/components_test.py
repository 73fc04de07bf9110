# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Components: their values, functions of the host, resources, private parts, sessions."""

import dataclasses
import gc
import io
import math
import unittest
import weakref

import vitrine
from support import ROOT, wasm

CAPI = ROOT / "tests/capi"

# Returns the lists that it gets, of each of these types.
TYPES = {
    "bools": "bool",
    "chars": "char",
    "strings": "string",
    "bytes": "u8",
    **{f"{kind}-numbers": kind for kind in "s8 s16 u16 s32 u32 s64 u64 f32 f64".split()},
    "lists": "(list (list u8))",
    "fours": "(list u8 4)",
    "pairs": "(list f32 2)",
    "maps": "(map string u8)",
    "tuples": "(tuple s8 string)",
    "options": "(option s32)",
    "nested-options": "(option (option string))",
    "results": "(result string (error u8))",
    "bare-results": "(result)",
    "points": '(record (field "x" s32) (field "last-name" (option string)))',
    "shapes": '(variant (case "circle" f64) (case "none") (case "line" (tuple s32 s32)))',
    "colours": '(enum "red" "true" "dark-blue")',
    "rights": '(flags "read" "write" "nan")',
}
FEATURES = {"cm-fixed-length-lists": True, "cm-map": True}
PARTS = "\n".join(
    (
        f"""(type ${name}' {type}) (export ${name} "{name}" (type ${name}'))
    (func (export "same-{name}") (param "v" (list ${name})) (result (list ${name}))
      (canon lift (core func $main "pair") (memory (core memory $main "memory")) (realloc (core func $main "realloc"))))"""
        if type.startswith(("(record", "(variant", "(enum", "(flags"))
        else f"""(type ${name} (list {type}))
    (func (export "same-{name}") (param "v" ${name}) (result ${name})
      (canon lift (core func $main "pair") (memory (core memory $main "memory")) (realloc (core func $main "realloc"))))"""
    )
    for name, type in TYPES.items()
)
ECHO = f"""(component $echo
  (core module $main
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.get $next)
      (global.set $next
        (i32.and (i32.add (i32.add (global.get $next) (local.get 3)) (i32.const 15)) (i32.const -16))))
    (func (export "pair") (param i32 i32) (result i32)
      (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16))
    (func (export "nothing")))
  (core instance $main (instantiate $main))
  (func (export "nothing") (canon lift (core func $main "nothing")))
  {PARTS})"""

# Calls what it imports: the export `ask` passes its arguments on.
ASK = """(component
  (import "ask" (func $ask (param "first-name" string) (param "n" (option u8)) (result (result u32 (error string)))))
  (import "test:host/log@0.1.2" (instance $log (export "say" (func (param "text" string)))))
  (core module $libc
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.get $next) (global.set $next (i32.add (global.get $next) (i32.const 256)))))
  (core instance $libc (instantiate $libc))
  (core func $ask' (canon lower (func $ask) (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
  (core func $say' (canon lower (func $log "say") (memory (core memory $libc "memory"))))
  (core module $main
    (import "host" "ask" (func $ask (param i32 i32 i32 i32 i32)))
    (import "host" "say" (func $say (param i32 i32)))
    (func (export "ask") (param i32 i32 i32 i32) (result i32)
      (call $say (local.get 0) (local.get 1))
      (call $ask (local.get 0) (local.get 1) (local.get 2) (local.get 3) (i32.const 16)) (i32.const 16)))
  (core instance $main (instantiate $main (with "host" (instance (export "ask" (func $ask')) (export "say" (func $say'))))))
  (func (export "ask") (param "first-name" string) (param "n" (option u8)) (result (result u32 (error string)))
    (canon lift (core func $main "ask") (memory (core memory $libc "memory")) (realloc (core func $libc "realloc")))))"""


def instance_of(text, define=lambda linker: None, **config):
    store = vitrine.Store(**config)
    linker = vitrine.ComponentLinker(store)
    define(linker)
    return linker.instantiate(vitrine.Component(store, wasm(text)))


class Values(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.echo = instance_of(ECHO, features=FEATURES)

    def same(self, name, values, expected=None):
        self.assertEqual(self.echo[f"same-{name}"](values), values if expected is None else expected, name)

    def test_numbers(self):
        for bits in (8, 16, 32, 64):
            if bits > 8:
                self.same(f"u{bits}-numbers", [0, 2**bits - 1])
            self.same(f"s{bits}-numbers", [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1])
        self.same("f64-numbers", [0.1, -0.0, 1e300, 1e-300, 5e-324, math.inf, -math.inf])
        self.same("f32-numbers", [0.5, -1.0, math.inf, 16777216.0])
        self.same("f32-numbers", [0.1], [0.10000000149011612])
        self.assertTrue(math.isnan(self.echo["same-f64-numbers"]([math.nan])[0]))
        self.same("s32-numbers", [])
        for wrong, error in [(2**31, OverflowError), (1.5, TypeError), ("1", TypeError), (None, TypeError)]:
            with self.assertRaisesRegex(error, "^v: "):
                self.echo["same-s32-numbers"]([wrong])
        with self.assertRaisesRegex(TypeError, "no f64"):
            self.echo["same-f64-numbers"](["1"])

    def test_texts(self):
        self.same("bools", [True, False])
        self.same("chars", ["a", "'", "\n", "\0", "\\", "\U0001f642"])
        self.same("strings", ["", 'quo"te', "zero\0", "grüß\U0001f642", "{%}\r\n\t\x7f"])
        self.same("bytes", b"\0\xff")
        self.same("bytes", bytearray(b"abc"), b"abc")
        self.same("bytes", [1, 2], b"\1\2")
        self.same("lists", [[b"ab", b""], []])
        self.same("fours", [b"abcd"])
        self.same("pairs", [[0.5, 2.0]])
        with self.assertRaises(vitrine.Error):
            self.echo["same-fours"]([b"abc"])
        self.same("maps", [{"a": 1, "b": 255}, {}])
        self.same("maps", [[("a", 1)]], [{"a": 1}])
        for name, wrong in [("bools", 1), ("chars", "ab"), ("chars", 5), ("strings", b"x"), ("bytes", 256)]:
            with self.assertRaises((TypeError, OverflowError)):
                self.echo[f"same-{name}"]([wrong])
        with self.assertRaisesRegex(ValueError, "surrogate"):
            self.echo["same-strings"](["\ud800"])
        with self.assertRaises(TypeError):
            self.echo["same-strings"]("ab")  # a list, not its characters

    def test_compounds(self):
        self.same("tuples", [(1, "a"), (-1, "b")])
        self.same("options", [None, 5])
        some = vitrine.Variant("some", None)
        self.same("nested-options", [None, some, vitrine.Variant("some", "x")])
        self.same("results", [vitrine.Ok("fine"), vitrine.Err(7)])
        self.same("bare-results", [vitrine.Ok(), vitrine.Err()])
        self.same("colours", ["red", "true", "dark-blue"])
        self.same("rights", [set(), {"read", "nan"}])
        self.same("rights", [["write"]], [{"write"}])
        for name, wrong, error in [
            ("tuples", (1,), TypeError),
            ("nested-options", "x", TypeError),
            ("results", "fine", TypeError),
            ("bare-results", vitrine.Ok(5), TypeError),
            ("colours", "blue", ValueError),
            ("colours", 1, TypeError),
            ("rights", {"run"}, ValueError),
            ("rights", "read", TypeError),
        ]:
            with self.assertRaises(error):
                self.echo[f"same-{name}"]([wrong])

    def test_records(self):
        @dataclasses.dataclass
        class Person:
            x: int
            last_name: str

        expected = [{"x": 1, "last-name": "jade"}]
        for value in (expected[0], {"x": 1, "last_name": "jade"}, Person(1, "jade"), vitrine.Record(expected[0])):
            self.same("points", [value], expected)
        (point,) = self.echo["same-points"]([{"x": 2}])
        self.assertEqual((point.x, point["last-name"], point.last_name, len(point)), (2, None, None, 2))
        self.assertEqual((repr(point), "last_name" in dir(point)), ("Record(x=2, last_name=None)", True))
        with self.assertRaises(AttributeError):
            point.y
        for wrong in [{"last-name": "jade"}, {"x": 1, "y": 2}, {"x": "1"}, 5, None, (1, "jade"), "jade"]:
            with self.assertRaises(TypeError):
                self.echo["same-points"]([wrong])

    def test_variants(self):
        shapes = [vitrine.Variant("circle", 2.5), vitrine.Variant("none"), vitrine.Variant("line", (1, 2))]
        self.same("shapes", shapes)
        self.same("shapes", [("circle", 2.5), "none", ("line", [1, 2])], shapes)
        for wrong, error in [("circle", TypeError), ("square", ValueError), (("none", 5), TypeError), (5, TypeError)]:
            with self.assertRaises(error):
                self.echo["same-shapes"]([wrong])

    def test_types(self):
        func = self.echo["same-points"]
        self.assertEqual((func.type, func.core_name), ("func(v: list<points>) -> list<points>", "pair"))
        ((name, type),) = func.params
        record = type.parts[0][1]
        self.assertEqual((name, type.kind, str(record), record.kind), ("v", "list", "points", "record"))
        self.assertEqual(
            [(name, str(part)) for name, part in record.parts], [("x", "s32"), ("last-name", "option<string>")]
        )
        self.assertEqual(
            self.echo["same-rights"].result.parts[0][1].parts, [("read", None), ("write", None), ("nan", None)]
        )
        self.assertIsNone(self.echo["nothing"].result)
        self.assertIsNone(self.echo["nothing"]())

    def test_arguments(self):
        self.assertEqual(self.echo["same-bytes"](v=b"x"), b"x")
        for args, named in [((), {}), ((b"", b""), {}), ((b"",), {"v": b""}), ((), {"w": b""})]:
            with self.assertRaises(TypeError):
                self.echo["same-bytes"](*args, **named)
        with self.assertRaises(TypeError):
            self.echo["nothing"](1)


class Hosts(unittest.TestCase):
    def instance(self, ask, say=lambda text: None, **config):
        def define(linker):
            linker.define(None, "ask", ask)
            linker.define("test:host/log@0.1.0", "say", say)

        return instance_of(ASK, define, **config)

    def test_values(self):
        seen = []

        def ask(first_name, n):
            seen.append((first_name, n))
            return 7

        asking = self.instance(ask, seen.append)
        self.assertEqual(asking["ask"]("jade", 5), 7)
        self.assertEqual(asking["ask"](first_name="grün"), 7)
        self.assertEqual(seen, ["jade", ("jade", 5), "grün", ("grün", None)])

    def test_results(self):
        for returned in (vitrine.Ok(9), 9):
            self.assertEqual(self.instance(lambda *_: returned)["ask"](""), 9)

        def fail(*_):
            raise vitrine.Err("no")

        for ask in (lambda *_: vitrine.Err("no"), fail):
            asking = self.instance(ask)
            for _ in range(2):  # it is no trap
                with self.assertRaises(vitrine.Err) as caught:
                    asking["ask"]("")
                self.assertEqual(caught.exception, vitrine.Err("no"))
        for wrong in ("x", None, vitrine.Err(5)):
            with self.assertRaisesRegex(TypeError, "the result"):
                self.instance(lambda *_: wrong)["ask"]("")

    def test_exceptions_pass_through(self):
        for say in (lambda _: 1 / 0, lambda _: [][0]):
            with self.assertRaises((ZeroDivisionError, IndexError)):
                self.instance(lambda *_: 0, say)["ask"]("")

        def err(_):
            raise vitrine.Err("the function has no result")

        with self.assertRaises(vitrine.Err):
            self.instance(lambda *_: 0, err)["ask"]("")
        with self.assertRaisesRegex(TypeError, "without a result returned 5"):
            self.instance(lambda *_: 0, lambda _: 5)["ask"]("")

        def leave(_):
            raise vitrine.Exit("", 7)

        with self.assertRaises(vitrine.Exit) as caught:
            self.instance(lambda *_: 0, leave)["ask"]("")
        self.assertEqual(caught.exception.status, 7)
        asking = self.instance(lambda *_: 0, lambda _: 1 / 0)
        with self.assertRaises(ZeroDivisionError):
            asking["ask"]("")
        with self.assertRaisesRegex(vitrine.Error, "cannot enter"):
            asking["ask"]("")

    def test_linking(self):
        store = vitrine.Store()
        ask = vitrine.Component(store, wasm(ASK))
        self.assertEqual(
            [(row.name, row.kind, row.type, row.funcs) for row in ask.imports],
            [
                ("ask", "func", "func(first-name: string, n: option<u8>) -> result<u32, string>", {}),
                ("test:host/log@0.1.2", "instance", "", {"say": "func(text: string)"}),
            ],
        )
        linker = vitrine.ComponentLinker(store)
        for use in (linker.check, linker.instantiate, linker.prepare):
            with self.assertRaisesRegex(vitrine.Error, "ask"):
                use(ask)
        with self.assertRaisesRegex(TypeError, "can be no import"):
            linker.define(None, "ask", 5)
        unknown = vitrine.ComponentLinker(store, trap_unknown_functions=True)
        unknown.check(ask)
        with self.assertRaisesRegex(vitrine.Trap, "say"):
            unknown.instantiate(ask)["ask"]("")

    def test_imports(self):
        store = vitrine.Store()
        said = []
        imports = {"test:host/log@0.1.0": {"say": said.append}, "ask": lambda name, n: n}
        asking = vitrine.Component(store, wasm(ASK)).instantiate(store, imports)
        self.assertEqual((asking["ask"]("jade", 5), said), (5, ["jade"]))
        with self.assertRaises(TypeError):
            vitrine.Component(store, wasm(ASK)).instantiate(store, {"ask": 5})

    def test_prepared(self):
        store = vitrine.Store(features=FEATURES)
        other = vitrine.Store(store.engine)
        linker = vitrine.ComponentLinker(store)
        prepared = linker.prepare(vitrine.Component(store, wasm(ECHO)))
        self.assertEqual(prepared.instantiate(other)["same-bytes"](b"x"), b"x")
        linker.define(None, "ask", lambda *_: 1)
        linker.define("test:host/log@0.1.0", "say", lambda _: None)
        prepared = linker.prepare(vitrine.Component(store, wasm(ASK)))
        for chosen in (None, store, other):
            self.assertEqual(prepared.instantiate(chosen)["ask"](""), 1)

    def test_linkers_of_engines(self):
        engine = vitrine.Engine()
        linker = vitrine.ComponentLinker(engine)
        callers = []

        def ask(caller: vitrine.ComponentCaller, name, n):
            callers.append((caller.store, caller.type, caller.instance.debug_core_instances))
            return 1

        linker.define(None, "ask", ask)
        linker.define("test:host/log@0.1.0", "say", lambda _: None)
        component = vitrine.Component(engine, wasm(ASK))
        stores = [vitrine.Store(engine) for _ in range(2)]
        for store in stores:
            linker.check(component, store)
            self.assertEqual(linker.instantiate(component, store)["ask"](""), 1)
        type = "func(first-name: string, n: option<u8>) -> result<u32, string>"
        self.assertEqual(callers, [(store, type, None) for store in stores])
        for use in (lambda: linker.instantiate(component), lambda: linker.add_wasi(vitrine.Wasi())):
            with self.assertRaisesRegex(TypeError, "not for a certain store"):
                use()
        linker.add_wasi()

    def test_async_functions(self):
        text = """(component
          (type $t (func async (result u32))) (import "f" (func $f (type $t))) (export "g" (func $f) (func (type $t)))
          (core module $m (func (export "h"))) (core instance $i (instantiate $m))
          (func (export "h") (canon lift (core func $i "h"))))"""
        store = vitrine.Store()
        component = vitrine.Component(store, wasm(text))
        self.assertEqual([row.type for row in component.exports], ["async func() -> u32", "func()"])
        made = vitrine.ComponentLinker(store, trap_unknown_functions=True).instantiate(component)
        self.assertEqual([made[name].is_async for name in ("g", "h")], [True, False])
        with self.assertRaises(vitrine.Trap):
            made["g"]()

    def test_the_same_component(self):
        store = vitrine.Store()
        one, other = (vitrine.Component(store, wasm(ASK)) for _ in range(2))
        prepared = vitrine.ComponentLinker(store, trap_unknown_functions=True).prepare(one)
        self.assertEqual(prepared.component, one)
        self.assertNotEqual(one, other)
        self.assertEqual(len({one, prepared.component}), 1)

    def test_modules_and_instances(self):
        store = vitrine.Store()
        linker = vitrine.ComponentLinker(store)
        linker.define(None, "code", vitrine.Module(store, wasm(CAPI / "twice.wat")))
        numbers = linker.instantiate(vitrine.Component(store, wasm(CAPI / "numbers.wat")))
        self.assertEqual(numbers["test:host/numbers"]["twice"](21), 42)
        linker = vitrine.ComponentLinker(store)
        linker.define_instance("test:host/numbers@0.1.0", numbers)
        logged = []
        linker.define(None, "log", lambda text: logged.append(text) or 20)
        things = linker.instantiate(vitrine.Component(store, wasm(CAPI / "things.wat")))
        self.assertEqual((things["run"](), logged), (40, ["hello"]))
        self.assertEqual(things["same-point"]({"x": 1, "y": -2}), {"x": 1, "y": -2})
        self.assertEqual([things["check"](1), things["same-char"]("ß")], [1, "ß"])
        with self.assertRaises(vitrine.Err):
            things["check"](0)
        # Resources.
        file = things["open"]()
        self.assertRegex(repr(file), r"<Resource file>")
        self.assertEqual((things["size"](file), things["closed"]()), (7, 0))
        with file:
            pass
        self.assertEqual(things["closed"](), 7)
        with self.assertRaises(vitrine.Error):
            file.drop()
        with self.assertRaisesRegex(TypeError, "f: a borrow<file> is a Resource, not 5"):
            things["size"](5)

    def test_loading(self):
        store = vitrine.Store()
        with self.assertRaises(vitrine.Error) as caught:
            vitrine.Component(store, b"\0asm\x0d\0\1\0\x77")
        self.assertGreaterEqual(caught.exception.offset, 8)
        with self.assertRaises(vitrine.Error):
            vitrine.Component(store, "no-such-file.wasm")
        self.assertFalse(vitrine.is_component(b""))
        with self.assertRaises(TypeError):
            vitrine.Component(store, b"", offset=8)
        calc = vitrine.Component(store.engine, ROOT / "examples/component/calc.wasm")
        funcs = {row.name: row.funcs for row in calc.imports + calc.exports}
        self.assertEqual(funcs["test:calc/ops@0.1.0"]["sum"], "func(numbers: list<s64>) -> result<s64, string>")
        self.assertEqual(
            funcs["test:calc/host-log@0.1.0"],
            {
                "[constructor]sink": "func(name: string) -> sink",
                "[method]sink.write": "func(text: string)",
                "log": "func(level: u8, text: string) -> result<_, string>",
            },
        )
        self.assertEqual(repr(calc), "<Component: 1 import, 6 exports>")
        self.assertIn("world root", calc.wit)

    def test_functions_are_released(self):
        class Say:
            def __call__(self, text):
                pass

        say = Say()
        alive = weakref.ref(say)
        asking = self.instance(lambda *_: 0, say)
        del say
        gc.collect()
        self.assertEqual((asking["ask"](""), alive() is None), (0, False))
        del asking
        gc.collect()
        self.assertIsNone(alive())

    def test_a_closed_store(self):
        echo = instance_of(ECHO, features=FEATURES)
        same = echo["same-bytes"]
        echo._store.close()
        for use in (lambda: echo["same-bytes"], lambda: same(b"")):
            with self.assertRaises(vitrine.Error):
                use()


class HostResources(unittest.TestCase):
    class Counter:
        def __init__(self, n):
            if n == 13:
                raise KeyError(n)
            self.n = n

        def add(self, n):
            self.n += n
            return self.n

    class Special(Counter):
        pass

    def open(self):
        self.dropped = []
        self.store = vitrine.Store()
        linker = vitrine.ComponentLinker(self.store)
        linker.define_resource("test:host/counters@0.1.0", "counter", self.Counter, drop=self.dropped.append)
        return linker.instantiate(vitrine.Component(self.store, wasm(CAPI / "counters.wat")))

    def test_objects(self):
        guest = self.open()
        self.assertEqual((guest["count"](7), [one.n for one in self.dropped]), (12, [12]))
        counter = guest["make"](7)
        self.assertIsInstance(counter, self.Counter)
        self.assertEqual((counter.n, guest["add-one"](counter), counter.n), (7, 8, 8))
        # The guest gave it back, and got it lent: it dropped nothing.
        gc.collect()
        self.assertEqual(len(self.dropped), 1)
        guest["take"](counter)
        self.assertEqual(self.dropped[1:], [counter])
        guest["take"](self.Special(30))
        self.assertEqual(self.dropped[-1].n, 30)
        with self.assertRaises(KeyError):
            guest["count"](13)

    def test_what_the_guest_keeps_lives_as_long_as_its_store(self):
        guest = self.open()
        guest["keep"](5)
        gc.collect()
        self.assertEqual(self.dropped, [])
        self.store.close()
        self.assertEqual([one.n for one in self.dropped], [5])

    def test_other_objects(self):
        guest = self.open()
        for wrong in (5, None, object()):
            with self.assertRaisesRegex(TypeError, "c: a .*counter.* is a Resource, not"):
                guest["take"](wrong)
        counters = instance_of(Resources.COUNTER)["test:count/counters"]
        with self.assertRaises(vitrine.Error):
            guest["take"](counters["[constructor]counter"](1))

    def test_static_functions(self):
        class Files:
            LIMIT = 5

            def __init__(self):
                pass

            @staticmethod
            def open_all():
                return 7

        store = vitrine.Store()
        linker = vitrine.ComponentLinker(store)
        linker.define_resource("test:host/files@0.1.0", "file", Files)
        text = """(component
          (import "test:host/files@0.1.0" (instance $files
            (export "file" (type $file (sub resource))) (export "[static]file.open-all" (func (result u32)))))
          (export "open" (func $files "[static]file.open-all")))"""
        self.assertEqual(linker.instantiate(vitrine.Component(store, wasm(text)))["open"](), 7)


class Resources(unittest.TestCase):
    COUNTER = """(component
      (core module $libc
        (memory (export "memory") 1)
        (global $dropped (mut i32) (i32.const 0))
        (func (export "drop") (param i32) (global.set $dropped (i32.add (global.get $dropped) (i32.load (local.get 0)))))
        (func (export "dropped") (result i32) (global.get $dropped)))
      (core instance $libc (instantiate $libc))
      (type $counter' (resource (rep i32) (dtor (core func $libc "drop"))))
      (core func $new (canon resource.new $counter'))
      (core func $drop (canon resource.drop $counter'))
      (core module $main
        (import "host" "memory" (memory 1))
        (import "host" "new" (func $new (param i32) (result i32)))
        (import "host" "drop" (func $drop (param i32)))
        (global $next (mut i32) (i32.const 256))
        (func $make (export "make") (param i32) (result i32)
          (i32.store (global.get $next) (local.get 0))
          (call $new (global.get $next))
          (global.set $next (i32.add (global.get $next) (i32.const 4))))
        (func (export "add") (param i32 i32) (result i32)
          (i32.store (local.get 0) (i32.add (i32.load (local.get 0)) (local.get 1)))
          (i32.load (local.get 0)))
        (func (export "maybe") (param i32) (result i32)
          (if (i32.eqz (local.get 0)) (then (i32.store8 (i32.const 16) (i32.const 0)))
            (else (i32.store8 (i32.const 16) (i32.const 1)) (i32.store (i32.const 20) (call $make (local.get 0)))))
          (i32.const 16))
        (func (export "take") (param i32) (call $drop (local.get 0)))
        (func (export "none") (param i32 i32)))
      (core instance $main (instantiate $main (with "host" (instance
        (export "memory" (memory $libc "memory")) (export "new" (func $new)) (export "drop" (func $drop))))))
      (component $api
        (import "counter" (type $counter (sub resource)))
        (import "make" (func $make (param "n" u32) (result (own $counter))))
        (import "add" (func $add (param "self" (borrow $counter)) (param "by" u32) (result u32)))
        (import "maybe" (func $maybe (param "n" u32) (result (option (own $counter)))))
        (import "take" (func $take (param "c" (own $counter))))
        (import "none" (func $none (param "c" (option (borrow $counter)))))
        (export $exported "counter" (type $counter))
        (export "[constructor]counter" (func $make) (func (param "n" u32) (result (own $exported))))
        (export "[method]counter.add-to" (func $add) (func (param "self" (borrow $exported)) (param "by" u32) (result u32)))
        (export "maybe" (func $maybe) (func (param "n" u32) (result (option (own $exported)))))
        (export "take" (func $take) (func (param "c" (own $exported))))
        (export "none" (func $none) (func (param "c" (option (borrow $exported))))))
      (func $make (param "n" u32) (result (own $counter')) (canon lift (core func $main "make")))
      (func $add (param "self" (borrow $counter')) (param "by" u32) (result u32) (canon lift (core func $main "add")))
      (func $maybe (param "n" u32) (result (option (own $counter')))
        (canon lift (core func $main "maybe") (memory (core memory $libc "memory"))))
      (func $take (param "c" (own $counter')) (canon lift (core func $main "take")))
      (func $none (param "c" (option (borrow $counter'))) (canon lift (core func $main "none")))
      (func (export "dropped") (result u32) (canon lift (core func $libc "dropped")))
      (instance $counters (instantiate $api
        (with "counter" (type $counter')) (with "make" (func $make)) (with "add" (func $add)) (with "maybe" (func $maybe))
        (with "take" (func $take)) (with "none" (func $none))))
      (export "test:count/counters@0.1.0" (instance $counters)))"""

    def test_methods(self):
        component = instance_of(self.COUNTER)
        counters = component["test:count/counters"]
        self.assertIn("[method]counter.add-to", counters)
        with counters["[constructor]counter"](5) as counter:
            self.assertEqual((counter.add_to(2), counter.add_to(by=3)), (7, 10))
            self.assertEqual(counters["[method]counter.add-to"](counter, 1), 11)
            with self.assertRaisesRegex(AttributeError, "a counter has no method 'colour'"):
                counter.colour
            self.assertFalse(hasattr(counter, "_repr_png_"))
        self.assertEqual(component["dropped"](), 11)
        with self.assertRaises(vitrine.Error):
            counter.add_to(1)

    def test_owners(self):
        component = instance_of(self.COUNTER, guest_debug=True)
        counters = component["test:count/counters"]
        self.assertIsNone(counters["maybe"](0))
        counter = counters["maybe"](9)
        self.assertEqual(counter.add_to(1), 10)
        counters["take"](counter)
        self.assertEqual(component["dropped"](), 10)
        for use in (counter.drop, lambda: counter.add_to(1), lambda: counters["take"](counter)):
            with self.assertRaises(vitrine.Error):
                use()
        self.assertFalse(counter.is_own)
        counter = counters["maybe"](9)
        self.assertTrue(counter.is_own)
        for argument in (None, counter):
            counters["none"](argument)
        with self.assertRaisesRegex(TypeError, "c: a borrow<counter> is a Resource, not 5"):
            counters["none"](5)


class Wasi(unittest.TestCase):
    # Exits with an error.
    EXIT = """(component
      (import "wasi:cli/exit@0.2.0" (instance $exit (export "exit" (func (param "status" (result))))))
      (core func $exit' (canon lower (func $exit "exit")))
      (core module $main (import "host" "exit" (func $exit (param i32))) (func (export "run") (call $exit (i32.const 1))))
      (core instance $main (instantiate $main (with "host" (instance (export "exit" (func $exit'))))))
      (func (export "run") (canon lift (core func $main "run"))))"""
    ARGUMENTS = """(component
      (import "wasi:cli/environment@0.2.0" (instance $environment
        (export "get-arguments" (func (result (list string))))))
      (export "arguments" (func $environment "get-arguments")))"""

    CLOCK = """(component
      (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock (export "now" (func (result u64)))))
      (import "wasi:random/random@0.2.0" (instance $random
        (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))
      (export "now" (func $clock "now"))
      (export "random" (func $random "get-random-bytes")))"""

    HELLO = """(component
      (import "wasi:io/error@0.2.0" (instance $error (export "error" (type (sub resource)))))
      (alias export $error "error" (type $error))
      (import "wasi:io/streams@0.2.0" (instance $streams
        (export "output-stream" (type $out (sub resource)))
        (alias outer 1 $error (type $e'))
        (export "error" (type $e (eq $e')))
        (type $failed' (variant (case "last-operation-failed" (own $e)) (case "closed")))
        (export "stream-error" (type $failed (eq $failed')))
        (export "[method]output-stream.blocking-write-and-flush"
          (func (param "self" (borrow $out)) (param "contents" (list u8)) (result (result (error $failed)))))))
      (alias export $streams "output-stream" (type $out))
      (import "wasi:cli/stdout@0.2.0" (instance $stdout
        (alias outer 1 $out (type $out'))
        (export "output-stream" (type $out (eq $out')))
        (export "get-stdout" (func (result (own $out))))))
      (core module $libc (memory (export "memory") 1))
      (core instance $libc (instantiate $libc))
      (core func $write (canon lower (func $streams "[method]output-stream.blocking-write-and-flush")
        (memory (core memory $libc "memory"))))
      (core func $get (canon lower (func $stdout "get-stdout")))
      (core module $main
        (import "host" "memory" (memory 1))
        (import "host" "write" (func $write (param i32 i32 i32 i32)))
        (import "host" "get" (func $get (result i32)))
        (data (i32.const 100) "gr\\c3\\bcn\\n")
        (func (export "run") (call $write (call $get) (i32.const 100) (i32.const 6) (i32.const 64))))
      (core instance $main (instantiate $main (with "host" (instance
        (export "memory" (memory $libc "memory")) (export "write" (func $write)) (export "get" (func $get))))))
      (func (export "run") (canon lift (core func $main "run"))))"""

    def test_output(self):
        texts, data = io.StringIO(), bytearray()
        for stdout in (texts, data.extend):
            instance_of(self.HELLO, lambda linker: linker.add_wasi(vitrine.Wasi(stdout=stdout)))["run"]()
        self.assertEqual((texts.getvalue(), bytes(data)), ("grün\n", "grün\n".encode()))

    def test_clocks_and_random_bytes(self):
        wasi = vitrine.Wasi(clock=lambda name: len(name), random=lambda size: (b"jade" * size)[:size])
        program = instance_of(self.CLOCK, lambda linker: linker.add_wasi(wasi))
        self.assertEqual((program["now"](), program["random"](4)), (len("monotonic"), b"jade"))

    def test_exit(self):
        program = instance_of(self.EXIT, lambda linker: linker.add_wasi())
        with self.assertRaises(vitrine.Exit) as caught:
            program["run"]()
        self.assertEqual(caught.exception.status, 1)

    def test_configuration(self):
        wasi = vitrine.Wasi(args=["app", "jade"])
        program = instance_of(self.ARGUMENTS, lambda linker: linker.add_wasi(wasi))
        self.assertEqual(program["arguments"](), ["app", "jade"])
        program._store.set_wasi(vitrine.Wasi(args=["other"]))
        self.assertEqual(program["arguments"](), ["other"])


class Private(unittest.TestCase):
    def test_core_instances(self):
        app = instance_of(CAPI / "nested.wat", guest_debug=True)
        cores = app.debug_core_instances
        self.assertEqual([core.name for core in cores], ["inner/main", "keeper"])
        main = app.debug_core_instance("inner/main")
        self.assertEqual((main, main.core_name, main.debug_global("count").value), (cores[0].instance, "inner/main", 5))
        self.assertEqual(repr(main), "<Instance 0 of counter, inner/main>")
        main.debug_global("count").value = 40
        self.assertEqual(app["bump"](2), 42)
        self.assertIsNone(app.debug_core_instance("nowhere"))
        (inner,) = app.debug_nested
        self.assertEqual(
            ([core.name for core in inner.debug_core_instances], inner.func("bump")(1)), (["inner/main"], 43)
        )
        self.assertEqual((inner.exports, inner.component), ({}, None))
        self.assertEqual(app.debug_handles, [])
        app["keep"]()
        (handle,) = app.debug_handles
        self.assertEqual((handle.index, handle.rep, handle.lends, handle.is_own), (1, 7, 0, True))

    def test_without_guest_debug(self):
        app = instance_of(CAPI / "nested.wat")
        self.assertEqual(app["bump"](2), 7)
        self.assertIsNone(app.debug_core_instances)
        self.assertIsNone(app.debug_core_instance("inner/main"))
        self.assertIsNone(app.debug_nested)
        self.assertIsNone(app.debug_handles)


class Sessions(unittest.TestCase):
    def setUp(self):
        self.store = vitrine.Store(guest_debug=True)
        self.session = vitrine.Session(self.store)
        self.addCleanup(self.session.close)
        self.component = vitrine.Component(self.store, wasm(CAPI / "nested.wat"))
        self.linker = vitrine.ComponentLinker(self.store)
        self.modules = dict(self.component.core_modules(self.store))

    def test_calls(self):
        self.assertEqual(list(self.modules), ["counter", "keeper"])
        self.session.add_breakpoint(self.modules["counter"], "bump")
        run = self.session.instantiate(self.linker, self.component)
        self.assertEqual(run.finish(), None)
        app = run.instance
        other = self.linker.instantiate(self.component)
        run = self.session.call(app["bump"], 2)
        for stop in run:
            frame = stop.frame
            self.assertEqual((frame.name, frame.core_name, dict(frame.locals)), ("bump", "inner/main", {"by": 2}))
            self.assertRegex(repr(frame), r"<Frame bump in inner/main at 0x\w+, by=2>")
            self.assertEqual(stop.call(other["bump"], 10), 15)
            with self.assertRaisesRegex(vitrine.Trap, "cannot enter"):
                stop.call(app["bump"], 10)
            with self.assertRaisesRegex(vitrine.Trap, "unreachable"):
                stop.call(other["fail"])
            self.assertEqual(stop.frame.locals["by"], 2)
        self.assertEqual((run.results, app["bump"](0)), (7, 7))
        with self.assertRaises(TypeError):
            self.session.call(app["bump"]).finish()

    def test_results(self):
        component = vitrine.Component(self.store, wasm(CAPI / "things.wat"))
        linker = vitrine.ComponentLinker(self.store, trap_unknown_functions=True)
        run = self.session.instantiate(linker.prepare(component))
        run.finish()
        things = run.instance
        self.assertEqual(self.session.call(things["same-point"], {"x": 1, "y": 2}).finish(), {"x": 1, "y": 2})
        run = self.session.call(things["check"], 0, stop_at_entry=True)
        stops = [str(stop.reason) for stop in run]
        self.assertEqual(stops, ["entry"])
        with self.assertRaises(vitrine.Err):
            run.results
        self.session.stop_on("component_call")
        self.assertEqual([stop.reason.kind for stop in self.session.call(things["open"])], ["component_call"])

    def test_a_function_of_the_host(self):
        """The session runs the guest on a thread of its own, which calls Python, which calls the guest."""
        other = self.linker.instantiate(self.component)
        self.linker.define(None, "ask", lambda *_: other["bump"](5))
        self.linker.define("test:host/log@0.1.0", "say", lambda _: None)
        asking = self.linker.instantiate(vitrine.Component(self.store, wasm(ASK)))
        self.session.add_breakpoint(self.modules["counter"], "bump")
        run = self.session.call(asking["ask"], "")
        self.assertEqual(
            [[frame.core_name for frame in stop.frames if not frame.is_host] for stop in run], [["inner/main", "main"]]
        )
        self.assertEqual(run.results, 10)


if __name__ == "__main__":
    unittest.main()
