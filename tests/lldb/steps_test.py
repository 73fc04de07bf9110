#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Steps whose end is not at an instruction of the function that is executed."""

import os
import pathlib
import subprocess
import unittest

from debuggee import BUILD, HERE, Guest, SessionTest, compile_guest


class Steps(SessionTest):
    def test_the_last_line_of_an_optimised_function(self):
        for level in ("-O1", "-O2", "-Os"):
            for verb, reason in (("next", "step over"), ("step", "step in")):
                with self.subTest(level=level, verb=verb), Guest(compile_guest("last_line.c", level)) as guest:
                    self.check(guest, [], [
                        ("b norm", r"Breakpoint 1: "),
                        ("continue", r"stop reason = breakpoint 1\.1"),
                        (verb, r"`norm"),
                        (verb, rf"stop reason = {reason}$", r"`(main|__main_argc_argv|__original_main)"),
                        ("continue", r"exited with status = \d+"),
                    ])
                    guest.finish()

    def test_a_breakpoint_at_the_size_of_a_function(self):
        """Where DWARF made of WAT says that a function begins."""
        wasm = pathlib.Path(BUILD.name) / "plain-g.wasm"
        subprocess.run([os.environ["VITRINE_WASM_TOOLS"], "parse", "-g", str(HERE / "guests" / "plain.wat"), "-o", str(wasm)], check=True)
        with Guest(wasm) as guest:
            self.check(guest, [], [
                ("b twice", r"Breakpoint 1: (?!.*no locations)(?!(?s:.*)warning)"),
                ("continue", r"stop reason = breakpoint 1\.\d"),
                ("bt", r"frame #1: "),
                ("breakpoint delete 1"),
                ("continue", r"exited with status = 0 "),
            ])
            self.assertEqual(guest.finish()[0], 0)


if __name__ == "__main__":
    unittest.main()
