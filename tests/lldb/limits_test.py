#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What LLDB cannot do, by version: the table of limits in docs/lldb.md. The list may only shrink: a
test that fails because LLDB has learnt something shows which row to change."""

import os
import pathlib
import signal
import subprocess
import unittest

from debuggee import BUILD, LLDB, PATIENCE, VERSION, Guest, SessionTest, assemble, by_version, compile_guest, line_of

SHAPES = "shapes.c"
BOTTOM = line_of(SHAPES, "bottom")
BELOW = BOTTOM + 1


def compile_text(name, text, *flags):
    """Compiles a program of C that is part of a test."""
    source = pathlib.Path(BUILD.name) / f"{name}.c"
    source.write_text(text)
    wasm = source.with_suffix(".wasm")
    subprocess.run(["clang-22", "-Wno-deprecated", "-g", "-O0", *flags, str(source), "-o", str(wasm)], check=True)
    return wasm


class OfLldb22(SessionTest):
    """What LLDB 23 can do."""

    def check_crash(self, settings, *commands):
        """LLDB 22 crashes, and LLDB 23 prints the number 2."""
        with Guest(assemble("plain.wat")) as guest:
            attach = guest.command[-1]
            words = [word for command in (*settings, attach, *commands, "p 1 + 1") for word in ("-o", command)]
            done = subprocess.run([LLDB, "--no-lldbinit", *words, "--batch"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                errors="replace", timeout=PATIENCE, env={**os.environ, "TMPDIR": BUILD.name})
            if VERSION == 22:
                self.assertEqual(done.returncode, -signal.SIGABRT, done.stdout)
            else:
                self.assertRegex(done.stdout, r"\(int\) 2\s*\Z")

    def test_an_expression_where_no_language_is_known(self):
        self.check_crash([])

    def test_a_condition_where_no_language_is_known(self):
        self.check_crash(["settings set target.language c"], "b twice", "breakpoint modify -c '1 == 1' 1", "continue")

    def test_variables_of_callers_in_a_recursion(self):
        with Guest(compile_guest(SHAPES, "-O0")) as guest:
            depths = by_version((0, 0, 0), (0, 1, 2))
            self.check(guest, [], [
                (f"b {SHAPES}:{BOTTOM}", r"Breakpoint 1: "),
                ("continue", r"stop reason = breakpoint 1\.1"),
                ("bt", *(rf"frame #{i}: .*`count_down\(depth={depth}\)" for i, depth in enumerate(depths))),
                ("up", rf"`count_down\(depth={depths[1]}\)"),
                ("frame variable depth", rf"\(int\) depth = {depths[1]}$"),
                ("continue", r"exited with status"),
            ])

    def test_a_step_over_a_call_of_the_function_itself(self):
        with Guest(compile_guest(SHAPES, "-O0")) as guest:
            self.check(guest, [], [
                ("tbreak count_down", r"Breakpoint 1: "),
                ("continue", r"count_down\(depth=4\)"),
                ("next", rf"count_down\(depth=4\) at {SHAPES}:{BELOW}"),
                # LLDB 22 takes a frame of another activation for this one.
                ("next", rf"count_down\(depth={by_version(1, 4)}\) at {SHAPES}:{BELOW + 1}"),
                ("continue", r"exited with status"),
            ])

    def test_a_step_over_a_call_without_arguments(self):
        wasm = compile_text("bump", "static int n;\nstatic void bump(void) { n++; }\nint main(void) {\n    bump();\n    return n;\n}\n",
            "--target=wasm32-wasi", "--no-wasm-opt")
        with Guest(wasm) as guest:
            self.check(guest, [], [
                ("b main", r"Breakpoint 1: where = .*bump\.c:4"),
                ("continue", r"stop reason = breakpoint 1\.1"),
                ("next", by_version(r"`bump at bump\.c:2", r"`main at bump\.c:5")),
                ("continue", r"exited with status = 1 "),
            ])


class OfBoth(SessionTest):
    def test_values_that_cannot_be_had(self):
        """Calls in expressions, results, returns, locals that cannot be assigned."""
        with Guest(compile_guest(SHAPES, "-O2")) as guest:
            self.check(guest, [], [
                ("b area", r"Breakpoint 1: "),
                ("b count_down", r"Breakpoint 2: "),
                ("continue", r"stop reason = breakpoint 1\.1"),
                ("p count_down(3)", r"error: .*[Cc]an't evaluate the expression"),
                ("register read", r"\A\s*\Z"),
                ("thread return 5", r"error: .*Could not find ABI to set return value"),
                ("finish", r"\A(?!(?s:.*)Return value)(?s:.*)stop reason = step out"),
                ("continue", r"stop reason = breakpoint 2\.1"),
                ("expr depth = 1", r"error: .*couldn't write the new contents of depth"),
                ("breakpoint delete -f"),
                ("continue", r"exited with status"),
            ])

    def test_static_variables_in_a_64_bit_memory(self):
        wasm = compile_text("wide", "static int counter = 5;\nint go(int x) { int y = x + counter; counter = y; return y; }\n",
            "--target=wasm64", "-nostdlib", "-Wl,--no-entry", "-Wl,--export=go")
        with Guest(wasm, "3", options=["--invoke", "go"]) as guest:
            self.check(guest, [], [
                ("b go", r"Breakpoint 1: "),
                ("continue", r"stop reason = breakpoint 1\.1"),
                ("frame variable x", r"\(int\) x = 3$"),
                ("p counter", r"error: .*nhandled opcode DW_OP_unknown_0"),
                ("continue", r"exited with status = 0 "),
            ])

    def test_names_of_functions_in_a_module_with_imports(self):
        with Guest(assemble("spinners.wat")) as guest:
            self.check(guest, [], [
                # The start of $all_there.
                ("image lookup -a 0x40000001000000d3", r"`spin \+ 1"),
                ("process plugin packet monitor functions all_there", r"^func\[4\] \$all_there: .* at 0x40000001000000d3"),
                ("process kill"),
            ])

    def test_symbols_of_another_file(self):
        wasm = compile_guest(SHAPES, "-O0")
        stripped = pathlib.Path(BUILD.name) / "stripped.wasm"
        subprocess.run([os.environ["VITRINE_WASM_TOOLS"], "strip", "--all", str(wasm), "-o", str(stripped)], check=True)
        with Guest(stripped) as guest:
            self.check(guest, [], [(f"target symbols add {wasm}", r"error: .*does not match any existing module"), ("process kill",)])


if __name__ == "__main__":
    unittest.main()
