# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is not exported, and debug sessions."""

import gc
import threading
import unittest

import vitrine
from support import BANK, ROOT, instance, wasm


class Private(unittest.TestCase):
    def test_by_index_and_by_name(self):
        store = vitrine.Store(guest_debug=True)
        imports = {"host": {"print": print, "base": vitrine.Global.new(store, "i32", 5)}}
        guest = vitrine.Instance(store, vitrine.Module(store, wasm(ROOT / "tests/capi/private.wat")), imports)
        counter = guest.debug_global("counter")
        counter.value = 40
        self.assertEqual((guest.debug_global(1), guest.debug_global(1).value), (counter, 40))
        self.assertEqual(guest.debug_memory("data").text(1024), "amber and jade..")
        self.assertEqual(guest.debug_memory(1).limits, (1, 1))
        self.assertEqual(guest.debug_func("twice")(21), 42)
        self.assertEqual(guest.debug_table("ops")[3], guest.debug_func("twice"))
        self.assertEqual(str(guest.debug_tag("failed").type), "(param i32)")
        self.assertEqual(guest.debug_func("add"), guest["add"])
        self.assertEqual(list(guest.debug_global("origin").value), [1, 2])
        for find in (guest.debug_func, guest.debug_global, guest.debug_memory, guest.debug_table, guest.debug_tag):
            self.assertIsNone(find("nowhere"))
            self.assertIsNone(find(99))
            self.assertIsNone(find(-1))
        with self.assertRaises(vitrine.Error):
            guest.debug_global("limit").value = 1
        guest.debug_global("limit").debug_set(1)
        self.assertEqual(guest.evaluate("$limit + 1"), 2)
        guest.assign("$counter += 2")
        self.assertEqual((counter.value, guest.text_of("$counter")), (42, "42"))
        with self.assertRaises(vitrine.Error) as caught:
            guest.evaluate("1 +")
        self.assertIsNotNone(caught.exception.offset)
        self.assertTrue(caught.exception.is_in_text)
        self.assertEqual(store.debug_instances, [guest])

    def test_without_guest_debug(self):
        guest = instance(BANK, {"host": {"print": print}})
        for found in (
            guest.debug_func(1),
            guest.debug_global("total"),
            guest.debug_memory(0),
            guest.debug_table(0),
            guest.debug_tag(0),
        ):
            self.assertIsNone(found)
        self.assertIsNone(guest._store.debug_instances)
        with self.assertRaises(vitrine.Error):
            guest.evaluate("1")
        with self.assertRaises(vitrine.Error):
            vitrine.Session(guest._store)


class Sessions(unittest.TestCase):
    def setUp(self):
        self.printed = []
        self.store = vitrine.Store(guest_debug=True)
        self.module = vitrine.Module(self.store, wasm(BANK))
        self.bank = vitrine.Instance(self.store, self.module, {"host": {"print": self.printed.append}})
        self.session = vitrine.Session(self.store)

    def tearDown(self):
        self.session.close()

    def test_a_loop(self):
        breakpoint = self.session.add_breakpoint(self.module, "twice")
        run = self.session.call(self.bank["run"], 3)
        with self.assertRaises(vitrine.Error):
            run.results
        stops = []
        for stop in run:
            stops.append(stop)
            self.assertEqual((stop.reason.kind, stop.reason.id, str(stop.reason)), ("breakpoint", 1, "breakpoint 1"))
            self.assertEqual([frame.name for frame in stop.frames], ["twice", "run"])
            frame = stop.frame
            self.assertEqual((dict(frame.locals), frame.locals[0], repr(frame.locals)), ({"n": 3}, 3, "{n: 3}"))
            self.assertEqual(
                (frame.func, frame.instance, frame.is_valid, frame.is_host),
                (self.bank.debug_func("twice"), self.bank, True, False),
            )
            self.assertEqual(
                [(slot.name, slot.type, slot.text) for slot in stop.frames[1].locals.slots()],
                [("n", "i32", "3"), ("i", "i32", "3")],
            )
            frame.locals["n"] = 50
            self.assertEqual((frame.evaluate("$n + 1"), frame.text_of("$n")), (51, "50"))
            frame.assign("$n = 60")
            for wrong in (lambda: frame.locals["x"], lambda: frame.locals[1], lambda: frame.locals.__setitem__(9, 1)):
                with self.assertRaises(KeyError):
                    wrong()
            self.assertRegex(repr(stop), r"<Stop breakpoint 1 in <Frame twice at 0x\w+, n=60>>")
            shown = stop._repr_html_()
            self.assertIn("<b>breakpoint 1</b>", shown)
            self.assertIn("<td>n</td><td>i32</td><td>60</td>", shown)
            self.assertIn("<td>0</td><td>n</td><td>i32</td><td>60</td>", frame.locals._repr_html_())
            self.assertIn("<caption>operands</caption>", frame.operands._repr_html_())
            self.assertEqual([(thread.id, len(thread.frames)) for thread in stop.threads], [(1, 2)])
        self.assertEqual((len(stops), run.results, self.printed, breakpoint.hits), (1, 120, [1, 2, 3], 1))
        self.assertEqual((stops[0].reason.text, repr(stops[0])), ("breakpoint 1", "<Stop breakpoint 1, stale>"))
        self.assertEqual(stops[0]._repr_html_(), "&lt;Stop breakpoint 1, stale&gt;")
        with self.assertRaises(vitrine.Error):
            stops[0].frames

    def test_steps(self):
        offsets = []
        run = self.session.call(self.bank["add"], 2, 3, stop_at_entry=True)
        for stop in run:
            offsets.append((stop.reason.kind, list(stop.frame.operands.values())))
            stop.step()
        self.assertEqual(offsets, [("entry", []), ("step", [2]), ("step", [2, 3]), ("step", [5])])
        self.assertEqual(run.results, 5)

    def test_out_over_and_to(self):
        self.session.add_breakpoint(self.module, "twice", temporary=True)
        run = self.session.call(self.bank["run"], 1)
        stop = next(run)
        stop.step_out()
        stop = next(run)
        self.assertEqual((stop.reason.kind, stop.reason.results, stop.frame.name), ("step", 2, "run"))
        self.assertEqual(run.finish(), 2)
        run = self.session.call(self.bank["run"], 2, stop_at_entry=True)
        stop = next(run)
        stop.run_to(self.module.func("run").end - 1)
        stop = next(run)
        self.assertEqual((stop.frame.offset, stop.frame.operands[-1]), (self.module.func("run").end - 1, 4))
        run.kill()
        self.assertIsNone(self.session.reason)
        over = set()
        for stop in self.session.call(self.bank["run"], 2, stop_at_entry=True):
            over.add(stop.frame.name)
            stop.step_over()
        self.assertEqual(over, {"run"})

    def test_kill(self):
        with self.assertRaises(vitrine.Trap) as caught:
            for stop in self.session.call(self.bank["add"], 1, 2, stop_at_entry=True):
                stop.kill()
        self.assertEqual(caught.exception.kind, "killed")
        self.assertEqual(self.session.call(self.bank["add"], 1, 2).finish(), 3)

    def test_conditions_and_callbacks(self):
        seen = []

        def look(stop):
            seen.append(stop.frame.locals["i"])
            return False

        again = self.module.func("run").offset
        offsets = []
        for stop in self.session.call(self.bank["run"], 1, stop_at_entry=True):
            if stop.frame.operands:
                offsets.append(stop.frame.offset)
            stop.step()
        inside = self.session.add_breakpoint(self.module, offsets[0], callback=look)
        self.assertGreater(inside.offset, again)
        self.assertEqual(list(self.session.call(self.bank["run"], 4)), [])
        self.assertEqual(seen, [0, 1, 2, 3])
        inside.change(callback=None, condition="$i == 2")
        self.assertRegex(repr(inside), r"<Breakpoint 1 at 0x\w+ if \$i == 2, 4 hits>")
        self.assertEqual([stop.frame.locals["i"] for stop in self.session.call(self.bank["run"], 4)], [2])
        inside.change(enabled=False)
        self.assertEqual(list(self.session.call(self.bank["run"], 4)), [])
        with self.assertRaises(TypeError):
            inside.change(colour="jade")
        inside.remove()
        self.assertEqual(repr(inside), "<Breakpoint 1, removed>")
        for wrong in [dict(condition="$i =="), dict(where="print"), dict(where=2**31)]:
            with self.assertRaises(vitrine.Error):
                self.session.add_breakpoint(self.module, **{"where": offsets[0], **wrong})

    def test_messages(self):
        said = []
        self.session.on_message(said.append)
        self.session.add_breakpoint(self.module, "twice", message="n is {$n}")
        self.assertEqual(self.session.call(self.bank["run"], 2).finish(), 4)
        self.assertEqual(said, ["n is 2"])

    def test_watchpoints(self):
        guest = instance(
            """(module (memory $m 1) (global $g (mut i32) (i32.const 1))
            (func (export "f") (local $x i32)
              (global.set $g (i32.const 1)) (global.set $g (i32.const 2))
              (i32.store (i32.const 8) (i32.const 7)) (drop (i32.load (i32.const 8)))))""",
            guest_debug=True,
        )
        session = vitrine.Session(guest._store)
        on_global = session.add_watchpoint(guest.debug_global("g").place())
        on_memory = session.add_watchpoint(guest.place("i32[8]"), "read_write")
        seen = [(stop.reason.id, stop.reason.watched, stop.reason.is_write) for stop in session.call(guest["f"])]
        four = (7).to_bytes(4, "little")
        self.assertEqual(seen, [(1, (1, 2), True), (2, (bytes(4), four), True), (2, (four, four), False)])
        self.assertEqual(
            (on_global.hits, on_memory.hits, on_memory.place.kind, on_memory.place.size), (1, 2, "memory", 4)
        )
        on_memory.remove()
        with self.assertRaises(vitrine.Error):
            on_memory.hits
        with self.assertRaises(ValueError):
            session.add_watchpoint(guest.debug_global("g").place(), "look")

    def test_traps_stop(self):
        guest = instance(
            '(module (func $f (export "f") (param $n i32) (drop (i32.div_u (i32.const 1) (local.get $n)))))',
            guest_debug=True,
        )
        session = vitrine.Session(guest._store)
        kinds = []
        with self.assertRaises(vitrine.Trap) as caught:
            for stop in session.call(guest["f"], 0):
                kinds.append((stop.reason.kind, stop.reason.trap, stop.frame.locals["n"]))
        self.assertEqual(kinds, [("trap", "integer_divide_by_zero", 0)])
        self.assertEqual(caught.exception.frames[0].name, "f")
        session.stop_on()
        with self.assertRaises(vitrine.Trap):
            self.assertEqual(list(session.call(guest["f"], 0)), [])
        with self.assertRaises(ValueError):
            session.stop_on("nothing")

    def test_exceptions_of_the_host(self):
        store = vitrine.Store(guest_debug=True)
        module = vitrine.Module(store, wasm(BANK))
        bank = vitrine.Instance(store, module, {"host": {"print": lambda _: 1 / 0}})
        session = vitrine.Session(store)
        kinds = []
        with self.assertRaises(ZeroDivisionError):
            for stop in session.call(bank["run"], 1):
                kinds.append((stop.reason.trap, [frame.is_host for frame in stop.frames]))
        self.assertEqual(kinds, [("host_error", [False])])

    def test_calls_in_functions_of_the_host(self):
        """The session runs the guest on a thread of its own, which calls Python, which calls the guest."""
        guests = []
        bank = instance(BANK, {"host": {"print": lambda n: sums.append(guests[0]["add"](n, 1))}}, guest_debug=True)
        guests.append(bank)
        sums = []
        session = vitrine.Session(bank._store)
        session.add_breakpoint(bank.module, "add")
        stops = [[frame.name for frame in stop.frames] for stop in session.call(bank["run"], 2)]
        self.assertEqual((stops, sums), ([["add", "host.print", "run"]] * 2, [2, 3]))

    def test_steering(self):
        run = self.session.call(self.bank["run"], 3, stop_at_entry=True)
        stop = next(run)
        self.assertEqual(stop.call(self.bank["add"], 4, 5), 9)
        with self.assertRaises(TypeError):
            stop.return_from(stop.frame)
        stop.return_from(stop.frame, 77)
        self.assertEqual(run.finish(), 77)
        run = self.session.call(self.bank["add"], 3, 4, stop_at_entry=True)
        stop = next(run)
        stop.step()
        stop = next(run)
        stop.jump(self.module.func("add").end - 1 - 3)
        with self.assertRaises(vitrine.Error):
            stop.jump(0)
        run.kill()

    def test_references_in_frames(self):
        guest = instance(
            """(module (type $p (struct (field (mut i32))))
            (func (export "f") (result i32) (local $p (ref null $p)) (local $e externref) (local $w v128)
              (local.set $p (struct.new $p (i32.const 3))) (struct.get $p 0 (local.get $p))))""",
            guest_debug=True,
        )
        session = vitrine.Session(guest._store)
        run = session.call(guest["f"], stop_at_entry=True)
        for stop in run:
            frame = stop.frame
            self.assertEqual([slot.type for slot in frame.locals.slots()][1:], ["externref", "v128"])
            if isinstance(frame.operands.get(0), vitrine.Ref):
                frame.operands[0][0] = 8
                frame.locals["e"] = "jade"
                frame.locals["w"] = bytes(range(16))
                frame.locals["p"] = frame.operands[0]
                self.assertEqual((frame.locals["e"], frame.locals["w"][3], list(frame.locals["p"])), ("jade", 3, [8]))
                with self.assertRaises(TypeError):
                    frame.locals["p"] = "jade"
            stop.step()
        self.assertEqual(run.results, 8)

    def test_exceptions_of_the_guest(self):
        guest = instance(
            """(module (tag $t (param i32)) (func $f (export "f") (param $n i32) (result i32)
            (block $caught (result i32) (try_table (catch $t $caught) (throw $t (local.get $n))) (i32.const 0))))""",
            guest_debug=True,
        )
        session = vitrine.Session(guest._store)
        session.stop_on("caught_throw", "uncaught_throw", "trap")
        run = session.call(guest["f"], 5)
        stop = next(run)
        self.assertEqual((stop.reason.kind, list(stop.reason.exception), run.finish()), ("throw", [5], 5))
        run = session.call(guest["f"], 5, stop_at_entry=True)
        stop = next(run)
        stop.throw(guest.debug_tag("t"), 7)
        stop = next(run)
        self.assertEqual((stop.reason.trap, list(stop.reason.exception)), ("uncaught_exception", [7]))
        with self.assertRaises(vitrine.Trap) as caught:
            run.finish()
        self.assertEqual(list(caught.exception.exception), [7])
        run = session.call(guest["f"], 5)
        next(run).clear_exception()
        with self.assertRaises(vitrine.Trap):
            run.finish()

    def test_skip(self):
        run = self.session.call(self.bank["add"], 3, 4, stop_at_entry=True)
        next(run).step()
        next(run).step()
        next(run).skip()
        self.assertIn(run.finish(), (0, 3, 4))

    def test_options_of_breakpoints(self):
        other = vitrine.Instance(self.store, self.module, {"host": {"print": print}})
        breakpoint = self.session.add_breakpoint(self.module, "add", instance=other, ignore_count=1)
        self.assertEqual(list(self.session.call(self.bank["add"], 1, 2)), [])
        self.assertEqual(list(self.session.call(other["add"], 1, 2)), [])
        frames = [stop.frame for stop in self.session.call(other["add"], 1, 2)]
        self.assertEqual((len(frames), breakpoint.hits), (1, 2))
        places = [
            other.debug_table(0).place(3),
            other.debug_memory(0).place(1024, 4),
            other.debug_global("total").place(),
        ]
        self.assertEqual(
            [(place.kind, place.index, place.size) for place in places],
            [("table", 3, 0), ("memory", 1024, 4), ("global", 0, 0)],
        )

    def test_places_of_frames(self):
        run = self.session.call(self.bank["run"], 2, stop_at_entry=True)
        stop = next(run)
        self.assertEqual((stop.frame.activation, stop.frame.module), (0, self.module))
        watchpoint = self.session.add_watchpoint(
            stop.frame.place("$i"), callback=lambda stop: stop.reason.watched == (1, 2)
        )
        self.assertEqual([stop.reason.watched for stop in run], [(1, 2)])
        with self.assertRaises(vitrine.Error):
            watchpoint.hits  # the call has ended
        # With a condition; the second hit only.
        run = self.session.call(self.bank["run"], 4, stop_at_entry=True)
        local = next(run).frame.place("$i")
        watchpoint = self.session.add_watchpoint(local, condition="$i > 1", every=2)
        self.assertEqual([stop.reason.watched for stop in run], [(2, 3)])
        with self.assertRaises(vitrine.Error):
            watchpoint.hits  # the call has ended
        self.session.add_breakpoint(self.module, "twice", temporary=True)
        run = self.session.call(self.bank["run"], 2)
        watchpoint = self.session.add_watchpoint(next(run).frame.place("$n"), "read")
        self.assertEqual([str(stop.reason) for stop in run], ["watchpoint 4: 2", "watchpoint 4: 2"])
        with self.assertRaises(vitrine.Error):
            watchpoint.hits  # its frame has returned

    def test_a_wrong_target_leaves_the_guest_stopped(self):
        run = self.session.call(self.bank["add"], 3, 4, stop_at_entry=True)
        stop = next(run)
        for wrong in (lambda: stop.run_to(2**31), lambda: stop.step(thread=9)):
            wrong()
            with self.assertRaises(vitrine.Error):
                next(run)
            # The stop is as it was.
            self.assertTrue(stop.is_valid)
            self.assertEqual((self.session.reason.kind, stop.frame.locals[0]), ("entry", 3))
        self.assertEqual(run.finish(), 7)

    def test_after_a_break(self):
        run = self.session.call(self.bank["add"], 3, 4, stop_at_entry=True)
        for _ in run:
            break
        self.assertEqual(repr(self.session), "<Session stopped: entry>")
        with self.assertRaises(vitrine.Error):
            self.session.call(self.bank["add"], 1, 1).finish()
        self.assertEqual(run.finish(), 7)

    def test_instantiate_and_run(self):
        module = vitrine.Module(
            self.store,
            wasm('(module (import "host" "print" (func $p (param i32))) (func $s (call $p (i32.const 5))) (start $s))'),
        )
        linker = vitrine.Linker(self.store)
        linker.define("host", "print", self.printed.append)
        self.session.add_breakpoint(module, "s")
        run = self.session.instantiate(linker, module)
        self.assertEqual([stop.frame.name for stop in run], ["s"])
        self.assertEqual((run.instance.module, self.printed), (module, [5]))
        self.session.add_breakpoint(self.module, "twice")
        sums = []
        run = self.session.run(lambda: sums.append(self.bank["run"](2)))
        self.assertEqual([stop.frame.name for stop in run], ["twice"])
        self.assertEqual(sums, [4])
        with self.assertRaises(ZeroDivisionError):
            self.session.run(lambda: 1 / 0).finish()

    def test_interrupt_from_another_thread(self):
        guest = instance('(module (func $f (export "f") (loop $l (br $l))))', guest_debug=True)
        session = vitrine.Session(guest._store)
        timer = threading.Timer(0.2, session.interrupt)
        timer.start()
        with self.assertRaises(vitrine.Trap):
            for stop in session.call(guest["f"]):
                self.assertEqual((stop.reason.kind, stop.frame.name), ("interrupt", "f"))
                stop.kill()
        timer.join()

    def test_a_closed_session(self):
        run = self.session.call(self.bank["add"], 3, 4, stop_at_entry=True)
        frame = next(run).frame
        self.session.close()
        self.assertFalse(frame.is_valid)
        self.assertEqual((repr(frame), repr(self.session)), ("<Frame, stale>", "<Session, closed>"))
        with self.assertRaises(vitrine.Error):
            next(run)
        self.assertEqual(self.bank["add"](1, 2), 3)

    def test_go_and_wait(self):
        guest = instance(
            """(module (memory $m 1) (func $f (export "f") (result i32)
              (loop $l (br_if $l (i32.eqz (i32.load (i32.const 0))))) (i32.const 7)))""",
            guest_debug=True,
        )
        store, f, memory = guest._store, guest["f"], guest.debug_memory()
        with vitrine.Session(store) as session:
            run = session.call(f, stop_at_entry=True)
            with self.assertRaises(vitrine.Error):
                run.go()
            next(run)
            run.go()
            self.assertIsNone(session.reason)
            for use in (f, store.close):
                with self.assertRaises((vitrine.Error, RuntimeError)):
                    use()
            session.interrupt()
            stop = next(run)
            self.assertEqual(stop.reason.kind, "interrupt")
            memory.write(0, b"\1")
            run.go()
            self.assertEqual(run.finish(), 7)
            memory.write(0, b"\0")
            run = session.call(f, stop_at_entry=True)
            next(run)
            run.go()
            run.kill()
            run = session.call(f, stop_at_entry=True)
            next(run)
            run.go()
            with self.assertRaisesRegex(vitrine.Error, "stale|not stopped"):
                session.go(stop)
        # The session has ended the guest.
        memory.write(0, b"\1")
        self.assertEqual(f(), 7)
        store.close()

    def test_a_session_that_is_forgotten_while_its_guest_runs(self):
        guest = instance('(module (func $f (export "f") (loop $l (br $l))) (func (export "g")))', guest_debug=True)
        g = guest["g"]
        run = vitrine.Session(guest._store).call(guest["f"], stop_at_entry=True)
        next(run)
        run.go()
        del run
        gc.collect()
        g()
        guest._store.close()

    def test_what_the_guest_calls_cannot_close_the_session(self):
        store = vitrine.Store(guest_debug=True)
        sessions = []
        imports = {"host": {"print": lambda _: sessions[0].close()}}
        bank = vitrine.Instance(store, vitrine.Module(store, wasm(BANK)), imports)
        sessions.append(vitrine.Session(store))
        with self.assertRaisesRegex(vitrine.Error, "cannot be closed by what its guest calls"):
            sessions[0].call(bank["run"], 1).finish()
        sessions[0].close()

    def test_stores_of_other_threads(self):
        other = vitrine.Store(self.store.engine)
        module = self.module.obtain(other)
        self.assertEqual([row.name for row in module.funcs], [row.name for row in self.module.funcs])
        printed = []
        bank = vitrine.Instance(other, module, {"host": {"print": printed.append}})
        self.session.add_store(other)
        with self.assertRaises(vitrine.Error):
            self.session.add_store(other)
        self.session.add_breakpoint(self.module, "twice")
        results = []
        thread = threading.Thread(target=lambda: results.append(bank["run"](7)))
        thread.start()
        stop = self.session.wait()
        self.assertEqual((stop.reason.kind, stop.reason.thread), ("breakpoint", 2))
        self.assertEqual([(one.id, one.is_running) for one in stop.threads], [(1, False), (2, True)])
        self.assertEqual(stop.threads[1].frames[0].instance, bank)
        self.assertIs(stop.frame.instance._store, other)
        self.assertEqual(stop.frame.locals["n"], 7)
        stop.step()
        self.session.go(stop)
        stepped = self.session.wait()
        self.assertEqual((stepped.reason.kind, stepped.frame.operands[0]), ("step", 7))
        with self.assertRaises(vitrine.Error):
            stop.frames
        stepped.frame.locals["n"] = 8
        with self.assertRaisesRegex(vitrine.Error, "running"):
            self.session.remove_store(other)
        self.session.go(stepped)
        thread.join(60)
        self.assertEqual((results, len(printed)), ([15], 7))
        self.session.remove_store(other)
        with self.assertRaises(vitrine.Error):
            self.session.add_store(vitrine.Store(guest_debug=True))
        with self.assertRaises(vitrine.Error):
            self.session.wait()
        with self.assertRaises(vitrine.Error):
            self.module.obtain(vitrine.Store())

    def test_types_of_slots(self):
        guest = instance(
            """(module (type $p (struct (field i32)))
            (func $f (export "f") (local $a i64) (local $b (ref null $p)) (local $c eqref) (local $d (ref func))))""",
            guest_debug=True,
        )
        with vitrine.Session(guest._store) as session:
            run = session.call(guest["f"], stop_at_entry=True)
            types = [slot.val_type for slot in next(run).frame.locals.slots()]
            run.kill()
        self.assertEqual(
            [(type.text, type.kind, type.is_nullable, type.heap, type.index, type.name) for type in types],
            [
                ("i64", "i64", False, "", None, ""),
                ("(ref null $p)", "anyref", True, "defined", 0, "p"),
                ("eqref", "anyref", True, "eq", None, ""),
                ("(ref func)", "funcref", False, "func", None, ""),
            ],
        )

    def test_places(self):
        run = self.session.call(self.bank["run"], 2, stop_at_entry=True)
        frame = next(run).frame
        place = frame.locals.place("i")
        self.assertEqual((place.kind, place.index, place.entity), ("local", 1, None))
        self.session.add_watchpoint(place)
        self.assertEqual(next(run).reason.watched, (0, 1))
        with self.assertRaises(vitrine.Error):
            frame.operands.place(0)
        run.kill()
        total = self.bank.debug_global("total")
        self.assertEqual(total.place().entity, total)

    def test_lists(self):
        self.assertEqual((self.session.breakpoints, self.session.watchpoints), ([], []))
        one = self.session.add_breakpoint(self.module, "twice", condition="$n > 3", temporary=True)
        two = self.session.add_watchpoint(self.bank.debug_global("total").place())
        self.assertEqual((self.session.breakpoints, self.session.watchpoints), ([one], [two]))
        self.assertEqual((one.options["condition"], one.options["temporary"]), ("$n > 3", True))
        self.assertLessEqual(one.requested_offset, one.offset)
        self.assertEqual((two.options["every"], two.options["condition"]), (1, None))
        two.change(condition="$total == 7", every=2)
        self.assertEqual((two.options["every"], two.options["condition"]), (2, "$total == 7"))
        for wrong, error in ((dict(condition="$total =="), vitrine.Error), (dict(message="x"), TypeError)):
            with self.assertRaises(error):
                two.change(**wrong)
        two.remove()
        with self.assertRaises(vitrine.Error):
            two.change(every=3)
        self.session.call(self.bank["run"], 4).finish()
        self.assertEqual((self.session.breakpoints, self.session.watchpoints), ([], []))

    def test_servers(self):
        with vitrine.GdbServer(self.session) as server:
            host, port = server.address.split(":")
            self.assertEqual((host, server.is_loopback), ("127.0.0.1", True))
            self.assertIn(port, " ".join(server.lldb_commands(self.module)))
            server.announce(self.module)
            self.assertFalse(server.is_launched_by_client)
            self.assertRegex(repr(server), r"<GdbServer at 127\.0\.0\.1:\d+>")
            self.assertEqual(self.session.call(self.bank["add"], 1, 2).finish(), 3)
        with vitrine.DapServer(self.session, name="bank") as server:
            self.assertEqual(server.finish(self.bank["add"], 1, 2), 3)
        with self.assertRaises(vitrine.Error):
            vitrine.DapServer(self.session, "no-such-folder/x.sock")
        with self.assertRaises(ValueError):
            vitrine.GdbServer(self.session, serves="tea")


class Notebooks(unittest.TestCase):
    def test_modules_and_instances(self):
        guest = instance(BANK, {"host": {"print": print}}, guest_debug=True)
        module = guest.module._repr_html_()
        self.assertIn("<td>func 0</td><td>print</td><td>(param i32)</td><td>host.print</td><td></td>", module)
        self.assertIn("<td>add</td>", module)
        self.assertIn("<td>memory 0</td><td>vault</td><td>1 page or more</td>", module)
        self.assertIn("<td>i64 mutable</td>", module)
        state = guest._repr_html_()
        self.assertIn("<td>total</td><td>global i64 mutable</td><td>1200</td>", state)
        self.assertIn("<td>vault</td><td>memory</td><td>65536 bytes</td>", state)
        self.assertIn("<td>ops</td><td>table funcref</td><td>4 elements</td>", state)
        # Only what is exported.
        private = instance(BANK, {"host": {"print": print}})._repr_html_()
        self.assertNotIn("total", private)
        guest = instance('(module (memory (export "<m>") 1) (table (export "t") 1 externref))')
        shown = guest._repr_html_()
        self.assertIn("<td>&lt;m&gt;</td><td>memory</td>", shown)
        self.assertIn("<td>t</td><td>table externref</td><td>1 element</td>", shown)

    def test_completions(self):
        guest = instance(BANK, {"host": {"print": print}}, guest_debug=True)
        self.assertEqual(guest._ipython_key_completions_(), ["add", "run"])
        with vitrine.Session(guest._store) as session:
            run = session.call(guest["run"], 1, stop_at_entry=True)
            self.assertEqual(next(run).frame.locals._ipython_key_completions_(), ["n", "i"])
            run.kill()
        store = vitrine.Store()
        component = vitrine.Component(store, wasm(ROOT / "tests/docs/shapes.wat"))
        shapes = vitrine.ComponentLinker(store).instantiate(component)
        self.assertEqual(shapes._ipython_key_completions_(), ["test:shapes/ops@0.1.0", "translate"])
        self.assertEqual(shapes["test:shapes/ops"]._ipython_key_completions_(), ["greet"])

    def test_long_tables_are_cut(self):
        funcs = "(func)" * 130
        shown = instance(f"(module {funcs})").module._repr_html_()
        self.assertIn("and 30 more", shown)
        self.assertEqual(shown.count("<tr>"), 102)
        guest = instance(
            """(module (func $f (export "f") (param $n i32)
              (if (local.get $n) (then (call $f (i32.sub (local.get $n) (i32.const 1)))) (else (unreachable)))))""",
            guest_debug=True,
        )
        with vitrine.Session(guest._store) as session:
            run = session.call(guest["f"], 30)
            shown = next(run)._repr_html_()
            run.kill()
        self.assertEqual((shown.count("<li>"), "and 11 more frames" in shown), (20, True))

    def test_components(self):
        store = vitrine.Store(guest_debug=True)
        component = vitrine.Component(store, wasm(ROOT / "tests/capi/nested.wat"))
        self.assertIn("export bump: func(by: s32) -&gt; s32;", component._repr_html_())
        shown = vitrine.ComponentLinker(store).instantiate(component)._repr_html_()
        self.assertIn("<td>bump</td><td>func(by: s32) -&gt; s32</td>", shown)
        self.assertIn("<td>count</td><td>global i32 mutable</td><td>5</td>", shown)
        self.assertIn("Instance 0 of counter, inner/main", shown)


class Handlers(unittest.TestCase):
    def open(self, handler):
        store = vitrine.Store(guest_debug=True)
        self.module = vitrine.Module(store, wasm(BANK))
        self.printed = []
        self.bank = vitrine.Instance(store, self.module, {"host": {"print": self.printed.append}})
        self.session = vitrine.Session(store, handler=handler)
        self.addCleanup(self.session.close)

    def test_steps(self):
        stops = []

        def handle(stop):
            stops.append((stop.reason.kind, stop.frame.name, threading.get_ident()))
            self.stop = stop
            stop.frame.locals["n"] = 5 if len(stops) == 1 else stop.frame.locals["n"]
            ways = [stop.step, stop.step_over, stop.step_out, stop.resume]
            ways[len(stops) - 1]()

        self.open(handle)
        self.session.add_breakpoint(self.module, "twice")
        self.assertEqual(self.bank["run"](3), 10)
        me = threading.get_ident()
        self.assertEqual(
            stops,
            [("breakpoint", "twice", me), ("step", "twice", me), ("step", "twice", me), ("step", "run", me)],
        )
        # Nothing of the stop is used after it.
        for use in (lambda: self.stop.frames, lambda: self.stop.threads, lambda: self.stop.skip()):
            with self.assertRaisesRegex(vitrine.Error, "stale"):
                use()
        self.assertEqual((str(self.stop.reason), repr(self.stop)), ("step", "<Stop step, stale>"))
        self.assertEqual(self.stop.reason.results, 10)
        with self.assertRaisesRegex(vitrine.Error, "handler"):
            self.session.wait()

    def test_calls_and_callbacks(self):
        seen = []

        def handle(stop):
            seen.append((stop.frame.locals["n"], self.bank["add"](1, 2)))
            stop.run_to(self.module.func("twice").end - 1)

        self.open(handle)
        self.session.add_breakpoint(self.module, "twice", callback=lambda stop: stop.frame.locals["n"] > 3)
        self.assertEqual((self.bank["run"](3), self.bank["run"](4)), (6, 8))
        self.assertEqual(seen, [(4, 3), (4, 3)])

    def test_ends(self):
        self.open(lambda stop: stop.kill())
        self.session.add_breakpoint(self.module, "twice")
        with self.assertRaises(vitrine.Trap) as caught:
            self.bank["run"](3)
        self.assertEqual(caught.exception.kind, "killed")
        for handler in (lambda stop: 1 / 0, lambda stop: stop.step(thread=5), lambda stop: self.session.close()):
            self.open(handler)
            self.session.add_breakpoint(self.module, "twice")
            with self.assertRaises((ZeroDivisionError, vitrine.Error)) as caught:
                self.bank["run"](3)
            self.assertNotIsInstance(caught.exception, vitrine.Trap)
            self.assertEqual(self.bank["add"](1, 2), 3)

    def test_components(self):
        store = vitrine.Store(guest_debug=True)
        component = vitrine.Component(store, wasm(ROOT / "tests/capi/nested.wat"))
        app = vitrine.ComponentLinker(store).instantiate(component)
        names = []
        session = vitrine.Session(store, handler=lambda stop: names.append(stop.frame.core_name))
        session.add_breakpoint(component.core_modules(store)[0].module, "bump")
        self.assertEqual((app["bump"](2), names), (7, ["inner/main"]))


if __name__ == "__main__":
    unittest.main()
