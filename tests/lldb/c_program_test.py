#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""LLDB on a C program with structures, recursion, function pointers and globals."""

import unittest

from debuggee import MAIN, Guest, SessionTest, by_version, compile_guest, line_of

SOURCE = "shapes.c"
AREA = line_of(SOURCE, "area")
APPLY = line_of(SOURCE, "apply")


class Unoptimised(SessionTest):
    def test_a_whole_session(self):
        wasm = compile_guest(SOURCE, "-O0")
        steps = [
            ("image list", rf"{wasm}"),
            # There is no source language yet, which must not crash LLDB.
            ("p 1 + 1", r"\(int\) 2"),
            ("p total", r"\(int\) 5"),
            (f"b {SOURCE}:{AREA}", rf"Breakpoint 1: where = .*`area \+ \d+ at {SOURCE}:{AREA}"),
            ("b count_down", r"Breakpoint 2: where = .*`count_down \+ \d+ at "),
            ("continue", r"stop reason = breakpoint 1\.1$", rf"`area\(shape=0x[0-9a-f]+\) at {SOURCE}:{AREA}", rf"^-> {AREA} "),
            ("bt", r"\* frame #0: .*`area\(", rf"frame #1: .*`apply\(function=0x[0-9a-f]+, shape=0x[0-9a-f]+\) at {SOURCE}:{APPLY}",
                rf"frame #2: .*`{MAIN}\(argc=2, .* at {SOURCE}:{line_of(SOURCE, 'first')}", r"frame #\d: .*`_start"),
            ("frame variable", r"\(const shape \*\) shape = 0x", r"\(int\) result = 0"),
            ("p *shape", r"corner = \(x = 3, y = -3\)\s+width = 40\s+height = 6\s+weight = 4\.5\s+name = .*\"box\"", r"next = 0x"),
            ("p shape->next->corner.x", r"\(.*int\) 2"),
            ("p shape->width * shape->height", r"\(int\) 240"),
            ("p origin", r"corner = \(x = -1, y = -2\)\s+width = 1\s+height = 1\s+weight = 0\.5\s+name = .*\"origin\""),
            ("p sizes", r"\[0\] = 10, \[1\] = 20, \[2\] = 30, \[3\] = 40"),
            # The guest must see each write: its sums depend on them.
            ("expr total = 1000", r"\(int\) \$\d = 1000"),
            ("expr *(int*)&shape->width = 50", r"\(int\) \$\d = 50"),
            ("memory write -s 4 &sizes[1] 0x11223344"),
            ("memory read -s 1 -f x -c 4 &sizes[1]", r"0x44 0x33 0x22 0x11"),
            ("p sizes[1]", r"\(int\) 287454020"),
            ("stepi", r"stop reason = instruction step into", rf"at {SOURCE}:{AREA}"),
            ("next", r"stop reason = step over", rf"at {SOURCE}:{line_of(SOURCE, 'area-end')}"),
            ("p result", r"\(int\) 300"),
            ("finish", r"stop reason = step out", rf"`apply\(.* at {SOURCE}:{APPLY}"),
            ("next", r"stop reason = step over", rf"at {SOURCE}:{line_of(SOURCE, 'apply-add')}"),
            ("up", rf"frame #1: .*`{MAIN}.* at {SOURCE}:{line_of(SOURCE, 'first')}"),
            ("frame variable list->corner", r"\(point\) list->corner = \(x = 3, y = -3\)"),
            ("breakpoint disable 1"),
            ("continue", r"stop reason = breakpoint 2\.1", r"count_down\(depth=4\)"),
            ("p total", r"\(int\) 1412"),
            ("breakpoint modify -c 'depth == 1' 2"),
            ("continue", r"stop reason = breakpoint 2\.1", r"count_down\(depth=1\)"),
            ("bt", r"frame #3: .*`count_down", rf"frame #4: .*`{MAIN}"),
            (f"b {SOURCE}:{line_of(SOURCE, 'bottom')}", r"Breakpoint 3: "),
            ("continue", r"stop reason = breakpoint 3\.1"),
            ("register read pc", r"pc = 0x400000010000[0-9a-f]{4}"),
            ("disassemble -c 2 -p", r"->  0x400000010000[0-9a-f]{4} <\+\d+>: +\w"),
            ("breakpoint disable 2"),
            ("continue", r"^named: 300 112 1422 1412$", r"exited with status = 22 \(0x00000016\)"),
        ]
        with Guest(wasm, "named") as guest:
            self.check(guest, [r"Process 1 stopped", r"name = 'main', stop reason = signal SIGTRAP", r"_start"], steps)
            self.assertEqual(guest.finish(), (22, "named: 300 112 1422 1412\n", ""))

    def test_stepping_into_a_function(self):
        wasm = compile_guest(SOURCE, "-O0")
        with Guest(wasm) as guest:
            self.check(guest, [], [
                (f"b {SOURCE}:{APPLY}", r"Breakpoint 1: "),
                ("continue", r"stop reason = breakpoint 1\.1"),
                ("step", r"stop reason = step in", r"`area\("),
                ("step", r"stop reason = step in", rf"at {SOURCE}:{AREA}"),
                ("next", rf"at {SOURCE}:{line_of(SOURCE, 'area-end')}"),
                ("frame variable result", r"\(int\) result = 240"),
                ("breakpoint delete 1", r"1 breakpoints deleted"),
                ("continue", r"exited with status"),
            ])


class Optimised(SessionTest):
    def test_values_in_locals_and_on_the_operand_stack(self):
        wasm = compile_guest(SOURCE, "-O2")
        with Guest(wasm) as guest:
            self.check(guest, [r"stop reason = signal SIGTRAP"], [
                ("b area", r"Breakpoint 1: where = .*`area"),
                ("b count_down", r"Breakpoint 2: where = .*`count_down"),
                ("continue", r"stop reason = breakpoint 1\.1", r"`area\(shape=0x[0-9a-f]+\)"),
                ("bt", r"frame #1: .*`apply\(", rf"frame #2: .*`{MAIN}\("),
                ("frame variable *shape", r"corner = \(x = 3, y = -3\)", r"width = 40", r"weight = 4\.5"),
                ("p shape->height", r"\(.*int\) 6"),
                ("p total", r"\(int\) 5"),
                ("expr total = 1000", r"\(int\) \$\d = 1000"),
                # LLDB 22 stops once more in the line.
                ("next", r"stop reason = .*step over", rf"`area\(.* at {SOURCE}:{by_version(AREA, AREA + 1)}"),
                ("finish", r"stop reason = step out", r"`apply\("),
                ("continue", r"stop reason = breakpoint 2\.1"),
                ("frame variable depth", r"\(int\) depth = 4"),
                ("p total", r"\(int\) 1332"),
                ("stepi", r"stop reason = instruction step into"),
                ("breakpoint delete -f", r"All breakpoints removed"),
                ("continue", r"^shapes: 240 92 1342 1332$", r"exited with status = 42 "),
            ])
            self.assertEqual(guest.finish(), (42, "shapes: 240 92 1342 1332\n", ""))


class WithoutDebugInformation(SessionTest):
    def test_names_and_instructions(self):
        wasm = compile_guest(SOURCE, "-O0", "-g0")
        with Guest(wasm) as guest:
            self.check(guest, [], [
                # In LLDB 22, the offset where the function declares its locals, before its first
                # instruction; in LLDB 23, that instruction.
                ("b area", rf"Breakpoint 1: where = .*`area{by_version('', ' . 3')}, address = 0x4000000100000"),
                ("continue", r"stop reason = breakpoint 1\.1", rf"^->  0x[0-9a-f]+ <\+{by_version(0, 3)}>"),
                ("bt", r"frame #0: .*`area", r"frame #1: .*`apply \+ \d+", r"frame #2: .*`main \+ \d+"),
                ("p 1 + 1", r"\(int\) 2"),
                ("stepi", r"stop reason = instruction step into", r"`area \+ \d+"),
                ("memory read -c 4 1024", r"0x00000400: "),
                ("continue", r"exited with status"),
            ])


if __name__ == "__main__":
    unittest.main()
