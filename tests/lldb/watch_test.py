#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""LLDB's watchpoints, and guests whose execution it moves."""

import unittest

from debuggee import Guest, SessionTest, compile_guest, line_of

SOURCE = "watched.c"


class Watchpoints(SessionTest):
    def setUp(self):
        self.wasm = compile_guest(SOURCE, "-O0")

    def test_a_global_that_is_modified(self):
        with Guest(self.wasm) as guest:
            self.check(guest, [], [
                ("b main", r"Breakpoint 1: "),
                ("continue", r"stop reason = breakpoint 1\.1"),
                ("watchpoint set variable shared", r"Watchpoint created: Watchpoint 1: addr = 0x[0-9a-f]+,? size = 4,? state = enabled,? type = m"),
                # Writing the same value does not stop. The stop is after the writing instruction.
                ("continue", r"Watchpoint 1 hit:\s+old value: 1\s+new value: 2", r"stop reason = watchpoint 1$"),
                ("p shared", r"\(int\) 2$"),
                ("watchpoint modify -c 'shared == 101'"),
                ("continue", r"Watchpoint 1 hit:\s+old value: 2\s+new value: 101", rf"main at {SOURCE}:{line_of(SOURCE, 'print')}"),
                ("watchpoint delete 1", r"1 watchpoints deleted"),
                ("continue", r"^6 100 101$", r"exited with status = 0"),
            ])

    def test_each_kind_of_access(self):
        with Guest(self.wasm) as guest:
            self.check(guest, [], [
                ("b main", r"Breakpoint 1: "),
                ("continue", r"stop reason = breakpoint 1\.1"),
                ("watchpoint set expression -w read -- &shared", r"Watchpoint 1: .* type = r"),
                ("watchpoint set expression -w read_write -s 4 -- &pair[1]", r"Watchpoint 2: .* type = rw"),
                ("continue", r"stop reason = watchpoint 1$", rf"main at {SOURCE}:{line_of(SOURCE, 'read')}"),
                ("continue", r"stop reason = watchpoint 2$"),
                ("p pair[1]", r"\(int\) 5$"),
                ("watchpoint delete -f"),
                ("watchpoint set expression -w write -- &shared", r"Watchpoint 3: .* type = w"),
                ("continue", r"new value: 0x00000065", r"stop reason = watchpoint 3$"),
                ("continue", r"exited with status = 0"),
            ])

    def test_a_local_until_its_scope_ends(self):
        with Guest(self.wasm) as guest:
            self.check(guest, [], [
                (f"b {SOURCE}:{line_of(SOURCE, 'loop')}", r"Breakpoint 1: "),
                ("continue", r"stop reason = breakpoint 1\.1"),
                ("breakpoint disable 1"),
                ("watchpoint set variable sum", r"Watchpoint 1: "),
                ("continue", r"old value: 0\s+new value: 1"),
                ("continue", r"old value: 1\s+new value: 3"),
                ("continue", r"old value: 3\s+new value: 6"),
                # LLDB removes the watchpoint where the caller continues.
                ("continue", r"^6 100 101$", r"exited with status = 0"),
                ("watchpoint list", r"state = disabled"),
            ])


class Jumps(SessionTest):
    def test_over_a_line(self):
        wasm = compile_guest(SOURCE, "-O0")
        with Guest(wasm) as guest:
            self.check(guest, [], [
                (f"b {SOURCE}:{line_of(SOURCE, 'skipped')}", r"Breakpoint 1: "),
                ("continue", r"stop reason = breakpoint 1\.1"),
                (f"thread jump --line {line_of(SOURCE, 'last')}"),
                ("frame info", rf"main at {SOURCE}:{line_of(SOURCE, 'last')}"),
                ("p second", r"\(int\) 7$"),
                ("register write pc 0x4000000100000008", r"error: Failed to write register 'pc'"),
                ("frame info", rf"main at {SOURCE}:{line_of(SOURCE, 'last')}"),
                ("continue", r"^6 7 8$", r"exited with status = 0"),
            ])


if __name__ == "__main__":
    unittest.main()
