#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""LLDB on an embedder's session, with modules that come one after the other."""

import os
import subprocess
import unittest

from debuggee import LLDB, PATIENCE, SessionTest, compile_guest, line_of

SOURCE = "adder.c"
ADD = line_of(SOURCE, "add")
MONITOR = "process plugin packet monitor"


def module(start):
    return compile_guest(SOURCE, "-O0", "-mexec-model=reactor", f"-DSTART={start}")


class Host:
    """One of the embedders here, as a guest is."""

    def __init__(self, *modules, program="VITRINE_HOST"):
        self.process = subprocess.Popen([os.environ[program], *map(str, modules)], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        address = self.process.stderr.readline().strip()
        self.command = [LLDB, "-o", "settings set target.language c", "-o", f"process connect --plugin wasm connect://{address}"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


class Modules(SessionTest):
    def test_modules_that_come_later(self):
        one, two = module(1), module(100)
        with Host(one, two, two) as host:
            self.check(host, [r"stop reason = signal SIGINT"], [
                ("image list", rf"\[  0\].*{one}"),
                # In every module that has this line, also in those that are yet to come.
                (f"b {SOURCE}:{ADD}", rf"Breakpoint 1: where = {one.name}`add"),
                ("continue", r"stop reason = breakpoint 1\.1", rf"{one.name}`add\(more=1\)"),
                ("p kept", r"\(int\) 1$"),
                # The second module and its breakpoint.
                ("continue", r"stop reason = signal SIGTRAP", rf"{two.name}`add"),
                ("image list", rf"{one} *\n[^\n]*{two} *$"),
                ("breakpoint list", r"locations = 2, resolved = 2"),
                ("continue", r"stop reason = breakpoint 1\.2", rf"{two.name}`add\(more=1\)"),
                ("p kept", r"\(int\) 100$"),
                ("expr kept = 200", r"= 200$"),
                # Another instance of it, which LLDB reads from the guest.
                ("continue", r"stop reason = signal SIGTRAP", r"`add"),
                ("image list", rf"{one} *\n[^\n]*{two} *\n[^\n]*{two.name}#2"),
                ("breakpoint list", r"locations = 3, resolved = 3"),
                ("continue", r"stop reason = breakpoint 1\.3", r"`add\(more=1\) at adder\.c"),
                ("p kept", r"\(int\) 100$"),
                (f"{MONITOR} instances", rf"  instance 0 of \S+ at 0x4000000100000000: {one}\n  instance 1 of \S+ at 0x4000000200000000: {two}\n"
                    rf"\* instance 2 of \S+ at 0x4000000300000000: {two}#2$"),
                # Each has the value of its own at the same address of its own memory.
                ("expr -f hex -- (int)&kept", r"0x[0-9a-f]+"),
                ("breakpoint disable 1.2"),
                ("continue", r"stop reason = breakpoint 1\.1", rf"{one.name}`add\(more=10\)"),
                ("p kept", r"\(int\) 2$"),
                ("continue", r"stop reason = breakpoint 1\.3", r"`add\(more=10\)"),
                ("p kept", r"\(int\) 101$"),
                ("continue", r"exited with status = 0"),
            ])
            self.assertEqual(host.process.communicate(timeout=PATIENCE)[0].split(), ["2", "201", "101", "12", "211", "111"])
            self.assertEqual(host.process.returncode, 0)


if __name__ == "__main__":
    unittest.main()
