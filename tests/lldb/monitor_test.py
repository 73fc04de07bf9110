#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Features that LLDB has no commands for: our own commands, next to what LLDB itself shows."""

import unittest

from debuggee import Guest, SessionTest, assemble, compile_guest, line_of

MONITOR = "process plugin packet monitor"
SHAPES = "shapes.c"
VECTORS = "vectors.c"


class Monitor(SessionTest):
    def test_a_c_program(self):
        with Guest(compile_guest(SHAPES, "-O0")) as guest:
            self.check(guest, [], [
                ("b area", r"Breakpoint 1: "),
                # Also before the guest executes anything.
                (f"{MONITOR} print size(memory)", r"^131072$"),
                (f"{MONITOR} help", r"^  globals \(gl\) +Globals, exported or not$", r"^  set +Change", r"^response: OK$"),
                ("continue", r"stop reason = breakpoint 1\.1"),
                (f"{MONITOR} globals", r"^global\[0\] \$__stack_pointer = \d+ \(mut i32\), private$"),
                (f"{MONITOR} locals", r"^local\[0\] = \d+ \(i32\)$"),
                (f"{MONITOR} locals in 2", r"^local\[0\] = "),
                # What is selected with words is what the next lines are about.
                (f"{MONITOR} up", r"^#1 \w+\(.*\) at shapes\.c:\d+"),
                (f"{MONITOR} bt", r"^  #0 area\(.*\) at shapes\.c:\d+", r"^\* #1 \w+\("),
                (f"{MONITOR} frame 0", r"^#0 area\("),
                (f"{MONITOR} functions area of 0", r"^func\[\d+\] \$area: "),
                (f"{MONITOR} continue", r"^error: `continue` is not possible here: only LLDB's own commands resume the program$"),
                (f"{MONITOR} elements 0", r"^\[0\] null$", r"^\[\d+\] func area$"),
                (f"{MONITOR} functions count_d", r"^func\[\d+\] \$count_down: \(param i32\) \(result i32\) at 0x40000001[0-9a-f]{8}, private$"),
                (f"{MONITOR} memories", r"^memory\[0\] \$memory: 131072 bytes at 0x100000000$"),
                (f"{MONITOR} nonsense", r"^error: there is no verb nonsense; `help` lists them$"),
                ("breakpoint disable 1"),
                ("continue", r"exited with status = 47 "),
            ])

    def test_a_local_that_lldb_cannot_assign(self):
        """The guest uses the value at once, and LLDB shows it when it next reads it."""
        with Guest(compile_guest(SHAPES, "-O2")) as guest:
            self.check(guest, [], [
                ("b count_down", r"Breakpoint 1: "),
                ("continue", r"stop reason = breakpoint 1\.1"),
                ("frame variable depth", r"\(int\) depth = 4"),
                (f"{MONITOR} set local 0 = 1", r"^response: OK$"),
                (f"{MONITOR} print local[0]", r"^1$"),
                ("stepi"),
                ("frame variable depth", r"\(int\) depth = 1"),
                ("breakpoint delete -f"),
                ("continue", r"exited with status"),
            ])

    def test_what_the_engine_stops_for(self):
        with Guest(compile_guest(SHAPES, "-O0")) as guest:
            self.check(guest, [], [
                (f"{MONITOR} break count_down if $0 == 2", r"^breakpoint 1: count_down at shapes\.c:\d+, if \$0 == 2$"),
                (f"{MONITOR} break area log \"area is called\"", r"^breakpoint 2: area at shapes\.c:\d+, log \"area is called\"$"),
                (f"{MONITOR} watch global 0 access", r"^watchpoint 3: awatch global 0$"),
                ("continue", r"stop reason = watchpoint 3: \d+$"),
                (f"{MONITOR} delete 3", r"^deleted 3$"),
                ("continue", r"^log: area is called$", r"stop reason = breakpoint 1$", r"`count_down"),
                # LLDB learns of the new place with the step that executes nothing.
                (f"{MONITOR} return 0", r"^next: \$\w+ at 0x40000001[0-9a-f]{8}", r"^LLDB learns of it"),
                ("stepi", r"stop reason = instruction step into", r"`count_down\(depth="),
                (f"{MONITOR} stops", r"^breakpoint 1: .*, if \$0 == 2, 1 hit$", r"^breakpoint 2: .*, 1 hit$"),
                ("continue", r"^shapes: 240 92 7 332$|exited with status = \d+"),
            ])

    def test_values_that_are_references(self):
        """Objects with their fields, also changed; a memory beyond LLDB's addresses; no debug
        information at all."""
        with Guest(assemble("cabinet.wat"), options=("--invoke", "run")) as guest:
            self.check(guest, [], [
                ("b inner", r"Breakpoint 1: where = .*`inner"),
                ("continue", r"stop reason = breakpoint 1\.1"),
                (f"{MONITOR} locals", r"^local\[0\] p = struct \$pair \{1, struct \$pair\} \(\(ref null \$pair\)\)$", r"^local\[1\] e = null \(externref\)$",
                    r"^local\[2\] n = 7 \(i64\)$", r"^local\[3\] v = i32x4 0x00000001 0x00000002 0x00000003 0x00000004 \(v128\)$"),
                (f"{MONITOR} show $p[1]", r"^\$p\[1\] = struct \$pair \{2, null\} \(\(ref null \$pair\)\)$", r"^ +\[0\] 2 \(i32\)$"),
                (f"{MONITOR} set local 0 1 0 = 40", r"^response: OK$"),
                (f"{MONITOR} print $p[1][0]", r"^40$"),
                (f"{MONITOR} set global 0 = 0x10", r"^response: OK$"),
                (f"{MONITOR} bytes 0 0x100000000 5", r"^0x0000000100000000  68 69 67 68 00 +high\.$"),
                # One that has no form of its own is no harm to the next.
                ("process plugin packet send qWasmLocal:0;0", r"response: [0-9a-f]{16}$"),
                ("process plugin packet send qWasmLocal:0;2", r"response: 0700000000000000$"),
                ("process plugin packet send qWasmLocal:0;3", r"response: 01000000020000000300000004000000$"),
                ("continue", r"exited with status = 0 "),
            ])
            self.assertEqual(guest.finish(), (0, "57\n", ""))


class Vectors(SessionTest):
    def test_variables_in_locals_of_128_bits(self):
        with Guest(compile_guest(VECTORS, "-O1", "-msimd128")) as guest:
            self.check(guest, [], [
                ("b scale", r"Breakpoint 1: "),
                ("continue", r"stop reason = breakpoint 1\.1"),
                ("frame variable v", r"\(four\) v = \(1, 2, 3, 4\)"),
                ("frame variable factor", r"\(int\) factor = 3"),
                ("continue", r"exited with status = 30 "),
            ])


if __name__ == "__main__":
    unittest.main()
