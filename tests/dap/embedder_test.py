#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Editors that attach to the guest of an embedder (host.cpp), which makes several calls."""

import os
import pathlib
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lldb"))

from debuggee import compile_guest  # noqa: E402
from editor import PATIENCE, VITRINE  # noqa: E402
from running import AttachedEditor  # noqa: E402

HOST = os.environ["VITRINE_DAP_HOST"]
BANK = HERE.parents[1] / "examples" / "bank" / "bank.c"
DEPOSIT = BANK.read_text().splitlines().index("    account->balance += amount;") + 1


class EmbedderTest(unittest.TestCase):
    def setUp(self):
        self.host = subprocess.Popen([HOST, compile_guest(BANK), VITRINE], stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.end)
        self.assertEqual(self.host.stdout.readline(), "returned\n")
        self.address = self.host.stdout.readline().strip()

    def end(self):
        self.host.kill()
        self.host.wait(timeout=PATIENCE)
        self.host.stdout.close()

    def editor(self):
        editor = AttachedEditor(self.address)
        self.addCleanup(editor.vanish)
        return editor.attach()

    def break_at_deposit(self, editor, *breakpoints):
        return editor.ask("setBreakpoints", source={"path": str(BANK)}, breakpoints=[{"line": line} for line in breakpoints])["breakpoints"]

    def test_calls_are_debugged_and_the_host_goes_on(self):
        editor = self.editor()
        (row,) = self.break_at_deposit(editor, DEPOSIT)
        self.assertTrue(row["verified"], row)
        editor.ask("configurationDone")
        editor.stop(reason="entry")
        editor.ask("continue", threadId=1)
        editor.stop(reason="breakpoint")
        self.assertEqual(editor.where(), f"deposit:{DEPOSIT}")
        self.assertEqual(editor.evaluate("account->owner"), '"jade"')
        # The end of a call is not the end of the program.
        self.break_at_deposit(editor)
        editor.ask("continue", threadId=1)
        self.assertEqual(self.host.stdout.readline(), "returned\n")
        self.assertIn("jade", editor.event("output", category="stdout")["output"])
        editor.stop(reason="entry")
        self.assertFalse(editor.has_event("exited"))
        # The last one that leaves takes the stop along.
        editor.leave()
        self.assertEqual(self.host.stdout.read(), "returned\n0 unread\n")
        self.assertEqual(self.host.wait(timeout=PATIENCE), 0)

    def test_the_server_closes_and_calls_can_be_ended(self):
        editor = self.editor()
        editor.ask("configurationDone")
        editor.stop(reason="entry")
        editor.ask("terminate")
        self.assertIn("debugger", self.host.stdout.readline())
        editor.stop(reason="entry")
        editor.ask("continue", threadId=1)
        editor.event("terminated")
        self.assertEqual(self.host.stdout.read(), "returned\n0 unread\n")
        self.assertEqual(self.host.wait(timeout=PATIENCE), 0)


if __name__ == "__main__":
    unittest.main()
