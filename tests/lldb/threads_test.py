#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""LLDB on two guest threads of an embedder, each in a store of its own."""

import unittest

from debuggee import PATIENCE, SessionTest, compile_guest, line_of
from modules_test import Host

SOURCE = "worker.c"
TURN = line_of(SOURCE, "turn")
HG = "process plugin packet send Hg{}"


class Threads(SessionTest):
    def test_two_threads(self):
        wasm = compile_guest(SOURCE, "-O0", "-mexec-model=reactor")
        with Host(wasm, program="VITRINE_THREADS_HOST") as host:
            self.check(host, [r"stop reason = signal SIGINT"], [
                # Both memories have the same addresses for LLDB, which would show one thread what it has read for the other.
                ("settings set target.process.disable-memory-cache true"),
                (f"b -f {SOURCE} -l {TURN} -c 'id == 1'", r"Breakpoint 1: where = .*`turn"),
                ("continue", r"^\* thread #1, name = 'main', stop reason = breakpoint 1\.1$", rf"`turn\(id=1, step=1\) at {SOURCE}:{TURN}"),
                # The other's module may come later, and is there before its first instruction.
                ("breakpoint delete 1", r"1 breakpoints deleted"),
                (f"b -f {SOURCE} -l {TURN} -c 'id == 2'", r"Breakpoint 2: "),
                ("continue", r"^\* thread #2, name = 'thread 2', stop reason = breakpoint 2\.2$", rf"`turn\(id=2, step=2\) at {SOURCE}:{TURN}"),
                ("breakpoint list", r"locations = 2, resolved = 2"),
                ("p result", r"\(int\) 20$"),
                ("p turns = 1000", r"\) 1000$"),
                # Looking at a thread for the first time names it; going back to one does not, which a packet does then.
                "thread select 1",
                ("p turns == 1000", r"\(bool\) false$"),
                (HG.format(2), r"response: OK"),
                "thread select 2",
                ("p id", r"\(int\) 2$"),
                ("p turns", r"\(volatile int\) 1000$"),
                ("thread list", r"^  thread #1: .*name = 'main'", r"^\* thread #2: .*name = 'thread 2', stop reason = breakpoint 2\.2$"),
                ("thread backtrace all", r"thread #1, name = 'main'$", r"frame #\d: .*`work\(", r"frame #1: .*#2`work\("),
                # Both go on, and then one of them alone.
                ("continue", r"^\* thread #2, .*stop reason = breakpoint 2\.2$"),
                ("p turns", r"\(volatile int\) 1002$"),
                ("p enough = 1", r"\) 1$"),
                ("breakpoint delete -f", r"All breakpoints removed"),
                ("stepi", r"^\* thread #2, .*stop reason = instruction step into$"),
                "thread select 1",
                ("stepi", r"^\* thread #1, .*stop reason = instruction step into$"),
                # Each has its own at the same address.
                (HG.format(1), r"response: OK"),
                ("p enough", r"\(volatile int\) 0$"),
                ("p enough = 1", r"\) 1$"),
                ("continue", r"exited with status = 0"),
            ])
            self.assertEqual(host.process.communicate(timeout=PATIENCE)[0].split(), ["10", "20"])


if __name__ == "__main__":
    unittest.main()
