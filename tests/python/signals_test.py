# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Ctrl-C, and interruption from other threads."""

import os
import signal
import threading
import time
import unittest

import vitrine
from support import instance, wasm

FOREVER = '(module (import "host" "f" (func $f)) (func (export "loop") (loop $l (br $l))) (func (export "call") (loop $l (call $f) (br $l))))'

COMPONENT = """(component (import "f" (func $f)) (core func $f' (canon lower (func $f)))
  (core module $main (import "host" "f" (func $f))
    (func (export "loop") (loop $l (br $l))) (func (export "call") (loop $l (call $f) (br $l))))
  (core instance $main (instantiate $main (with "host" (instance (export "f" (func $f'))))))
  (func (export "loop") (canon lift (core func $main "loop")))
  (func (export "call") (canon lift (core func $main "call"))))"""


class Interrupts(unittest.TestCase):
    def press(self, seconds=0.2):
        timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        self.addCleanup(timer.join)

    def test_a_loop(self):
        guest = instance(FOREVER, {"host": {"f": lambda: None}})
        for _ in range(2):
            self.press()
            with self.assertRaises(KeyboardInterrupt):
                guest["loop"]()

    def test_a_handler_that_was_set_later(self):
        guest = instance(FOREVER, {"host": {"f": lambda: None}})
        self.press()
        with self.assertRaises(KeyboardInterrupt):
            guest["loop"]()
        seen = []

        def handler(*_):
            seen.append("handler")
            raise KeyError("from the handler")

        before = signal.signal(signal.SIGINT, handler)
        self.addCleanup(signal.signal, signal.SIGINT, before)
        time.sleep(0.05)
        self.press()
        with self.assertRaises(KeyError):
            guest["loop"]()
        self.assertEqual(seen, ["handler"])

    def test_in_a_function_of_the_host(self):
        guest = instance(FOREVER, {"host": {"f": lambda: time.sleep(0.01)}})
        self.press()
        with self.assertRaises(KeyboardInterrupt):
            guest["call"]()

    def test_in_a_session(self):
        guest = instance(FOREVER, {"host": {"f": lambda: None}}, guest_debug=True)
        session = vitrine.Session(guest._store)
        self.press()
        with self.assertRaises(KeyboardInterrupt):
            list(session.call(guest["loop"]))
        self.assertIsNone(session.reason)

    def component(self, **config):
        store = vitrine.Store(**config)
        linker = vitrine.ComponentLinker(store)
        linker.define(None, "f", lambda: time.sleep(0.01))
        return linker.instantiate(vitrine.Component(store, wasm(COMPONENT)))

    def test_in_a_component(self):
        for name in ("loop", "call"):
            component = self.component()
            self.press()
            with self.assertRaises(KeyboardInterrupt):
                component[name]()
        component = self.component()
        with component._store.time_limit(0.05), self.assertRaises(vitrine.Trap) as caught:
            component["loop"]()
        self.assertEqual(caught.exception.kind, "interrupted")

    def test_in_a_session_with_a_component(self):
        component = self.component(guest_debug=True)
        with vitrine.Session(component._store) as session:
            self.press()
            with self.assertRaises(KeyboardInterrupt):
                list(session.call(component["loop"]))
            self.assertIsNone(session.reason)

    def test_in_a_handler(self):
        guest = instance(FOREVER, {"host": {"f": lambda: None}}, guest_debug=True)
        with vitrine.Session(guest._store, handler=lambda stop: time.sleep(5)) as session:
            session.add_breakpoint(guest.module, "call")
            self.press()
            with self.assertRaises(KeyboardInterrupt):
                guest["call"]()

    def test_when_no_guest_runs(self):
        instance(FOREVER, {"host": {"f": lambda: None}})
        self.press()
        with self.assertRaises(KeyboardInterrupt):
            time.sleep(5)

    def test_from_another_thread(self):
        guest = instance(FOREVER, {"host": {"f": lambda: None}})
        threading.Timer(0.2, guest._store.interrupt).start()
        with self.assertRaises(vitrine.Trap) as caught:
            guest["loop"]()
        self.assertEqual(caught.exception.kind, "interrupted")


if __name__ == "__main__":
    unittest.main()
