#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""LLDB on two guest threads of an embedder, each in a store of its own."""

import os
import subprocess
import unittest

from debuggee import Lldb, PATIENCE, SessionTest, compile_guest, line_of
from modules_test import Host

SOURCE = "worker.c"
TURN = line_of(SOURCE, "turn")


class Threads(SessionTest):
    def test_two_threads(self):
        wasm = compile_guest(SOURCE, "-O0", "-mexec-model=reactor")
        with Host(wasm, program="VITRINE_THREADS_HOST") as host:
            self.check(host, [r"stop reason = signal SIGINT"], [
                (f"b -f {SOURCE} -l {TURN} -c 'id == 2'", r"Breakpoint 1: where = .*`turn"),
                # Its module comes later, and is there before its first instruction.
                ("continue", r"\* thread #2, name = 'thread 2', stop reason = breakpoint 1\.2", rf"`turn\(id=2, step=2\) at {SOURCE}:{TURN}"),
                ("breakpoint list", r"locations = 2, resolved = 2"),
                ("thread list", r"^  thread #1: .*name = 'main'", r"^\* thread #2: .*name = 'thread 2', stop reason = breakpoint 1\.2"),
                ("p result", r"\(int\) 20$"),
                ("p turns = 1000", r"= 1000$"),
                ("thread select 1", r"^\* thread #1, name = 'main'"),
                ("thread backtrace", r"`work\(id=1\)"),
                ("up 100"),
                ("p id", r"\(int\) 1$"),
                ("p turns < 1000 || turns == 1000 ? -1 : 0"),
                ("thread select 2"),
                ("p id", r"\(int\) 2$"),
                ("p turns", r"\(int\) 1000$"),
                # Both go on, and one of them alone.
                ("continue", r"\* thread #2, .*stop reason = breakpoint 1\.2"),
                ("p turns", r"\(int\) 1002$"),
                ("breakpoint delete -f", r"All breakpoints removed"),
                ("stepi", r"\* thread #2, .*stop reason = instruction step into"),
                ("thread select 1"),
                ("stepi", r"\* thread #1, .*stop reason = instruction step into"),
                # Each has its own at the same address.
                ("p enough = 1", r"= 1$"),
                ("thread select 2"),
                ("p enough", r"\(int\) 0$"),
                ("p enough = 1", r"= 1$"),
                ("continue", r"exited with status = 0"),
            ])
            self.assertEqual(host.process.communicate(timeout=PATIENCE)[0].split(), ["10", "20"])


if __name__ == "__main__":
    unittest.main()
