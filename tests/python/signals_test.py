# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Ctrl-C, and interruption from other threads."""

import os
import signal
import threading
import time
import unittest

import vitrine
from support import instance

FOREVER = '(module (import "host" "f" (func $f)) (func (export "loop") (loop $l (br $l))) (func (export "call") (loop $l (call $f) (br $l))))'


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
