#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""LLDB on several guest threads: two of an embedder, each in a store of its own, and those that
a program spawns."""

import os
import pathlib
import re
import subprocess
import unittest

from debuggee import BUILD, HERE, PATIENCE, THREADS, Guest, Lldb, SessionTest, compile_guest, line_of, run_script, shared_file
from modules_test import Host

SOURCE = "worker.c"
TURN = line_of(SOURCE, "turn")
CREW = "crew.c"
STEP = line_of(CREW, "step")
HG = "process plugin packet send Hg{}"
MONITOR = "process plugin packet monitor "
UNCACHED = "settings set target.process.disable-memory-cache true"


class Threads(SessionTest):
    def test_two_threads(self):
        wasm = compile_guest(SOURCE, "-O0", "-mexec-model=reactor")
        with Host(wasm, program="VITRINE_THREADS_HOST") as host:
            self.check(host, [r"stop reason = signal SIGINT"], [
                # LLDB sees the same addresses in both memories. With its cache it would show one
                # thread what it has read for the other.
                (UNCACHED,),
                (f"b -f {SOURCE} -l {TURN} -c 'id == 1'", r"Breakpoint 1: where = .*`turn"),
                ("continue", r"^\* thread #1, name = 'main', stop reason = breakpoint 1\.1$", rf"`turn\(id=1, step=1\) at {SOURCE}:{TURN}"),
                # The other's module may be reported later, but before its first instruction.
                ("breakpoint delete 1", r"1 breakpoints deleted"),
                (f"b -f {SOURCE} -l {TURN} -c 'id == 2'", r"Breakpoint 2: "),
                ("continue", r"^\* thread #2, name = 'thread 2', stop reason = breakpoint 2\.2$", rf"`turn\(id=2, step=2\) at {SOURCE}:{TURN}"),
                ("breakpoint list", r"locations = 2, resolved = 2"),
                ("p result", r"\(int\) 20$"),
                ("p turns = 1000", r"\) 1000$"),
                # LLDB tells the door when a thread is first selected, but not when it is selected
                # again. Then a packet of ours does.
                "thread select 1",
                ("p turns == 1000", r"\(bool\) false$"),
                (HG.format(2), r"response: OK"),
                "thread select 2",
                ("p id", r"\(int\) 2$"),
                ("p turns", r"\(volatile int\) 1000$"),
                ("thread list", r"^  thread #1: .*name = 'main'", r"^\* thread #2: .*name = 'thread 2', stop reason = breakpoint 2\.2$"),
                ("thread backtrace all", r"thread #1, name = 'main'$", r"frame #\d: .*`work\(", r"frame #1: .*#2`work\("),
                # Both continue, and then one of them alone.
                ("continue", r"^\* thread #2, .*stop reason = breakpoint 2\.2$"),
                ("p turns", r"\(volatile int\) 1002$"),
                ("p enough = 1", r"\) 1$"),
                ("breakpoint delete -f", r"All breakpoints removed"),
                ("stepi", r"^\* thread #2, .*stop reason = instruction step into$"),
                "thread select 1",
                ("stepi", r"^\* thread #1, .*stop reason = instruction step into$"),
                # Each thread has its own value at the same address.
                (HG.format(1), r"response: OK"),
                ("p enough", r"\(volatile int\) 0$"),
                ("p enough = 1", r"\) 1$"),
                ("continue", r"exited with status = 0"),
            ])
            self.assertEqual(host.process.communicate(timeout=PATIENCE)[0].split(), ["10", "20"])


class SpawnedThreads(SessionTest):
    """The expectations hold whichever thread is faster."""

    def test_a_breakpoint_in_one_of_them(self):
        with Guest(compile_guest(CREW, *THREADS)) as guest:
            self.check(guest, [r"^\* thread #1, name = 'main', stop reason = signal SIGTRAP"], [
                ("thread list", r"^\* thread #1: "),
                (f"b -f {CREW} -l {STEP}", rf"Breakpoint 1: where = .*`step \+ \d+ at {CREW}:{STEP}"),
                ("continue", r"^\* thread #[23], name = 'thread [23]', stop reason = breakpoint 1\.1$", rf"`step\(number=[12]\) at {CREW}:{STEP}"),
                ("thread backtrace", r"frame #1: .*`work\(number=[12]\)", r"frame #2: .*`begin\(job="),
                ("thread list", r"^  thread #1: .*name = 'main'", r"^\* thread #[23]: .*name = 'thread [23]'.* stop reason = breakpoint 1\.1$"),
                "thread select 1",
                ("thread backtrace", r"frame #\d: .*`start at crew\.c:"),
                ("breakpoint delete -f", r"All breakpoints removed"),
                ("continue", r"exited with status = 0 "),
            ])
            self.assertEqual(guest.finish(), (0, "", ""))

    def test_all_stop_and_all_go_on(self):
        """The first thread does not run while another is stopped, and that other thread returns
        only when the first has looped again."""
        commands = [UNCACHED, f"b -f {CREW} -l {STEP} -c 'number == 2'",
            "continue", "p number", "p turns", "process status", "p turns",
            "continue", "p number", "p turns", "breakpoint delete -f", "continue"]
        with Guest(compile_guest(CREW, *THREADS)) as guest:
            answers = run_script(guest, commands)
            self.assertEqual(guest.finish()[0], 0, answers)
        values = {"number": [], "turns": []}
        for command, answer in zip(commands, answers[1:]):
            if command.startswith("p "):
                values[command[2:]].append(int(re.search(r"\(int\) (\d+)$", answer, re.MULTILINE)[1]))
        self.assertEqual(values["number"], [2, 2], answers)
        first, still, later = values["turns"]
        self.assertEqual(first, still, answers)
        self.assertGreater(later, still, answers)

    def test_sending_another_thread_elsewhere(self):
        """By writing a register and with our own commands, while the first thread is the one
        that stopped."""
        wasm = pathlib.Path(BUILD.name) / "spinners.wasm"
        subprocess.run([os.environ["VITRINE_WASM_TOOLS"], "parse", str(HERE / "guests" / "spinners.wat"), "-o", str(wasm)], check=True)
        behind_the_loop = "0x40000001000000ad"
        with Guest(wasm) as guest, Lldb(guest) as lldb:
            lldb.expect(r"stop reason = signal SIGTRAP")
            # LLDB assigns wrong names to the functions of a module with imports: this is the start
            # of $all_there.
            lldb.ask("breakpoint set -a 0x40000001000000d3", r"Breakpoint 1: ")
            lldb.ask("continue", r"^\* thread #1, .*stop reason = breakpoint 1\.1$")
            # LLDB shows the thread in a thread of its own. If its register is written meanwhile,
            # LLDB 23 can deadlock.
            lldb.ask("thread select 2", r"^\* thread #2, .*\n +frame #0: (?s:.*?)i32\.eqz")
            lldb.send(f"register write pc {behind_the_loop}")
            lldb.ask("register read pc", rf"pc = {behind_the_loop}")
            lldb.ask("thread select 3", r"^\* thread #3, .*\n +frame #0: (?s:.*?)i32\.eqz")
            lldb.ask(MONITOR + "skip", r"error: thread 1 stopped, and thread [23] was looked at last: end the command with")
            lldb.ask(MONITOR + "return 50 on 3", r"^next: \S+ at 0x")
            lldb.ask(MONITOR + "throw 0 on 9", r"error: there is no thread 9")
            lldb.ask("breakpoint delete 1", r"1 breakpoints deleted")
            lldb.ask("continue", r"exited with status = 57 ")
            self.assertEqual(guest.finish()[0], 57)

    def test_the_shared_guest(self):
        with Guest(compile_guest(shared_file("guests/threads.c"), *THREADS)) as guest:
            self.check(guest, [], [
                ("b worker", r"Breakpoint 1: where = .*`worker"),
                ("continue", r"stop reason = breakpoint 1\.1$", r"`worker\(tid=[12], n=[12]000\) at threads\.c:"),
                ("thread list", r"^  thread #1: .*name = 'main'"),
                ("breakpoint delete -f", r"All breakpoints removed"),
                ("continue", r"exited with status = 0 "),
            ])
            self.assertEqual(guest.finish(), (0, "threads done\n", ""))


if __name__ == "__main__":
    unittest.main()
