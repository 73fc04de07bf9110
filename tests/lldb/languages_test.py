#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Functions by name and computed expressions, in each language and in mixtures of languages,
with the commands that Vitrine prints."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from debuggee import BUILD, COMPILE, HERE, PATIENCE, VERSION, VITRINE, Guest, SessionTest, by_version, compile_guest, line_of


class Languages(SessionTest):
    def check_guest(self, wasm, language, status, steps):
        with Guest(wasm) as guest:
            # LLDB 23 needs no setting, and has none of these limits.
            self.assertEqual(f"settings set target.language {language}" in guest.command, VERSION == 22)
            # The first stop is in a function without a language, where LLDB 22 aborts without the
            # setting.
            self.check(guest, [r"stop reason = signal SIGTRAP"], [("p 1 + 2", r"\(int\) 3$"), *steps])
            self.assertEqual(guest.finish()[0], status)

    def test_c(self):
        self.check_guest(compile_guest("shapes.c", "-O0"), "c", 47, [
            ("b area", r"Breakpoint 1: where = .*`area "),
            ("b printf", r"Breakpoint 2: where = .*`printf"),
            ("breakpoint modify -c 'shape->height == 6' 1"),
            ("continue", r"stop reason = breakpoint 1\.1"),
            ("p shape->height * 2", r"\(int\) 12$"),
            ("breakpoint delete 1 2"),
            ("continue", r"exited with status"),
        ])

    def test_cpp_that_calls_c(self):
        parts = []
        for source in ("mixed.cpp", "mixed_c.c"):
            path = HERE / "guests" / source
            parts.append(str(pathlib.Path(BUILD.name) / f"{source}.o"))
            subprocess.run([*COMPILE[path.suffix], "-O0", "-c", str(path), "-o", parts[-1]], check=True)
        wasm = pathlib.Path(BUILD.name) / "mixed.wasm"
        subprocess.run([*COMPILE[".cpp"], *parts, "-o", str(wasm)], check=True)
        self.check_guest(wasm, "c++", 19, [
            ("b sum", r"Breakpoint 1: where = .*`sum\("),
            ("b Box::area", r"Breakpoint 2: where = .*`Box::area\("),
            # LLDB 22 treats the setting as a filter.
            ("b c_add", by_version(r"Breakpoint 3: no locations", r"Breakpoint 3: where = .*`c_add ")),
            ("breakpoint set -L c -n c_add", r"Breakpoint 4: where = .*`c_add "),
            ("breakpoint set -L c -n printf", r"Breakpoint 5: where = .*`printf"),
            *by_version([], ["breakpoint delete 3"]),
            ("breakpoint modify -c '1 == 1' 1 4"),
            ("continue", r"stop reason = breakpoint 1\.1"),
            ("p 1 + 2", r"\(int\) 3$"),
            ("continue", r"stop reason = breakpoint 2\.1"),
            ("p width + height", r"\(int\) 7$"),
            ("continue", r"stop reason = breakpoint 4\.1"),
            ("p a + b", r"\(int\) 19$"),
            ("breakpoint delete 5"),
            ("continue", r"exited with status = 19 "),
        ])

    def test_rust(self):
        wasm = pathlib.Path(BUILD.name) / "rust.wasm"
        if not shutil.which("rustc"):
            raise unittest.SkipTest("rustc is not installed")
        built = subprocess.run(["rustc", "--target", "wasm32-wasip1", "-g", str(HERE / "guests" / "shapes.rs"), "-o", str(wasm)],
            capture_output=True, text=True)
        if "can't find crate for `std`" in built.stderr or "can't find crate for `core`" in built.stderr:
            raise unittest.SkipTest("rustc has no wasm32-wasip1 target")
        self.assertEqual(built.returncode, 0, built.stderr)
        self.check_guest(wasm, "c++", 72, [
            ("b area", r"Breakpoint 1: where = .*`\S*area\S* .*shapes\.rs:"),
            (f"b shapes.rs:{line_of('shapes.rs', 'area')}", r"Breakpoint 2: where = .*`\S*area"),
            ("breakpoint set -L c -n write", r"Breakpoint 3: where = .*`write "),
            ("breakpoint disable 1 3"),
            # LLDB takes a condition's language from the place, unless told otherwise.
            ("breakpoint modify -Y c++ -c 'factor == 2' 2"),
            ("continue", r"stop reason = breakpoint 2\.1"),
            ("p total + factor", r"\(int\) 26$"),
            ("frame variable *rect", r"width = 3, height = 4|width = 3\s+height = 4"),
            ("expr total = 24", r"= 24$"),
            ("breakpoint delete 1 2 3"),
            ("continue", r"exited with status = 72 "),
        ])

    def test_wat(self):
        wasm = pathlib.Path(BUILD.name) / "plain.wasm"
        for options in ((), ("-g",)):
            subprocess.run([os.environ["VITRINE_WASM_TOOLS"], "parse", *options, str(HERE / "guests" / "plain.wat"), "-o", str(wasm)],
                check=True)
            self.check_guest(wasm, "c", 0, [
                ("b twice", r"Breakpoint 1: (where = .*`twice|2 locations)"),
                ("breakpoint modify -Y c++ -c '1 == 1' 1"),
                ("continue", r"stop reason = breakpoint 1\.[12]"),
                ("p 1 + 2", r"\(int\) 3$"),
                ("continue", r"exited with status = 0 "),
            ])


class Versions(unittest.TestCase):
    def test_only_lldb_22_is_told_a_language(self):
        """The commands that `run --lldb` passes to the program it finds, which here prints its
        version and exits."""
        wasm = compile_guest("shapes.c", "-O0")
        for version, is_told in (("22.1.8", True), ("23.1.0", False), ("what?", True)):
            with self.subTest(version=version), tempfile.TemporaryDirectory() as folder:
                program = pathlib.Path(folder) / "lldb"
                program.write_text(f"#!/bin/sh\nif [ \"$1\" = --version ]; then echo 'lldb version {version}'; "
                                   f"else printf '%s\\n' \"$@\" > '{folder}/words'; fi\n")
                program.chmod(0o755)
                subprocess.run([VITRINE, "run", "--lldb", wasm], env={**os.environ, "PATH": folder}, capture_output=True, timeout=PATIENCE)
                words = (pathlib.Path(folder) / "words").read_text()
                self.assertEqual("target.language" in words, is_told, words)
                self.assertIn("process connect --plugin wasm", words)


if __name__ == "__main__":
    unittest.main()
