#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Steps that do not end at an instruction of the current function."""

import os
import pathlib
import subprocess
import unittest

from debuggee import BUILD, HERE, Guest, SessionTest, by_version, compile_guest


def with_dwarf(name):
    """Assembles a text module with debug information about its lines."""
    wasm = pathlib.Path(BUILD.name) / f"{name}-g.wasm"
    subprocess.run([os.environ["VITRINE_WASM_TOOLS"], "parse", "-g", str(HERE / "guests" / name), "-o", str(wasm)], check=True)
    return wasm


class Steps(SessionTest):
    def test_the_last_line_of_an_optimised_function(self):
        for level in ("-O1", "-O2", "-Os"):
            for verb, reason in (("next", "step over"), ("step", "step in")):
                with self.subTest(level=level, verb=verb), Guest(compile_guest("last_line.c", level)) as guest:
                    self.check(guest, [], [
                        ("b norm", r"Breakpoint 1: "),
                        ("continue", r"stop reason = breakpoint 1\.1"),
                        # LLDB 22 stops once more in the line.
                        *by_version([(verb, r"`norm")], []),
                        (verb, rf"stop reason = {reason}$", r"`(main|__main_argc_argv|__original_main)"),
                        ("continue", r"exited with status = \d+"),
                    ])
                    guest.finish()

    def test_an_exception_that_the_caller_catches(self):
        """The call does not return to where LLDB waits for its end."""
        wasm = with_dwarf("throw_over.wat")
        for first_stop, verb in (
                ("breakpoint set -a 0x4000000100000064 -i 1", "thread step-inst-over"),
                # The exception leaves the callee for a frame further out than LLDB expects.
                ("breakpoint set -a 0x4000000100000052 -i 1", "thread step-inst-over"),
                ("breakpoint set -a 0x4000000100000045", "finish")):
            with self.subTest(first_stop=first_stop, verb=verb), Guest(wasm) as guest:
                self.check(guest, [], [
                    (first_stop, r"Breakpoint 1: "),
                    ("continue", r"stop reason = breakpoint 1\.1"),
                    (verb, r"stop reason = exception caught$", r"`safe"),
                    ("register read pc", r"pc = 0x4000000100000069"),
                    ("stepi", r"stop reason = instruction step into"),
                    ("continue", r"exited with status = 0 "),
                ])
                self.assertEqual(guest.finish()[0], 0)

    def test_a_breakpoint_at_the_size_of_a_function(self):
        """A breakpoint where DWARF for WAT says that a function begins."""
        with Guest(with_dwarf("plain.wat")) as guest:
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
