#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""LLDB on a guest of 30.8 MB with 34,004 functions without names. The guest comes from npm."""

import os
import shutil
import sys
import unittest

from debuggee import HERE, Guest, SessionTest

sys.path.insert(0, str(HERE.parents[1] / "tools"))

import bench  # noqa: E402

CODE = 0x4000000100000000
# Addresses in the pinned package: `_start` calls a function without parameters here, this is the
# first instruction of that function, and this is where it returns to.
CALL, MAIN, BEHIND = (f"{CODE + offset:#x}" for offset in (0x10eb4, 0xb3fdbe, 0x10eba))
MONITOR = "process plugin packet monitor"


class Big(SessionTest):
    def test_breakpoints_by_address(self):
        if not shutil.which("npm") and os.environ.get("VITRINE_REQUIRE_SHARED") != "1":
            raise unittest.SkipTest("npm, which brings the guest, is missing")
        with Guest(bench.npm_package(bench.YOSYS) / "gen" / "yosys.core.wasm", "-V") as guest:
            self.check(guest, [r"^\* thread #1, name = 'main', stop reason = signal SIGTRAP"], [
                (f"breakpoint set --address {MAIN}", rf"Breakpoint 1: where = yosys\.core\.wasm.*, address = {MAIN}$"),
                (f"breakpoint set --address {CALL}", rf"Breakpoint 2: where = yosys\.core\.wasm.*, address = {CALL}$"),
                ("continue", r"^\* thread #1, name = 'main', stop reason = breakpoint 2\.1$", rf"^->  {CALL}: call +17917$"),
                ("continue", r"^\* thread #1, name = 'main', stop reason = breakpoint 1\.1$"),
                ("thread backtrace", rf"^ +\* frame #0: {MAIN} yosys", rf"^ +frame #1: {BEHIND} yosys"),
                ("register read pc", rf"^ +pc = {MAIN}$"),
                ("disassemble --count 4", rf"^->  {MAIN}: global\.get 0$", r"i32\.const 16$", r"i32\.sub *$"),
                (f"{MONITOR} functions _start", r"^func\[25\] \$_start: \(\) at 0x4000000100010e[0-9a-f]{2}$"),
                (f"{MONITOR} locals", r"^local\[0\] = 0 \(i32\)$"),
                (f"{MONITOR} globals", r"^global\[0\] = 8388608 \(mut i32\), private$"),
                (f"{MONITOR} memories", r"^memory\[0\].*: \d+ bytes at 0x100000000"),
                # The text that it is about to print.
                ("memory find --string 'Yosys 0.55' -- 0x100800000 0x100b00000", r"^data found at location: 0x1[0-9a-f]{8}$", r"^0x1[0-9a-f]{8}: 59 6f 73 79 73 "),
                ("stepi", r"stop reason = instruction step into$"),
                ("stepi", r"stop reason = instruction step into$"),
                (f"{MONITOR} stack", r"^stack\[0\] = 8388608 \(i32\)$", r"^stack\[1\] = 16 \(i32\)$"),
                ("breakpoint list", r"^1: address = .*, locations = 1, resolved = 1, hit count = 1$", r"^2: address = .*hit count = 1$"),
                ("breakpoint delete 1", r"1 breakpoints deleted"),
                ("breakpoint delete 2", r"1 breakpoints deleted"),
                ("continue", r"exited with status = 0 "),
            ])
            status, output, errors = guest.finish()
            self.assertEqual((status, output[:10], errors), (0, "Yosys 0.55", ""))


if __name__ == "__main__":
    unittest.main()
