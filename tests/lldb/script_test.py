#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Vitrine's own commands in LLDB, which `run --lldb` loads and `lldb-script` prints."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from debuggee import BUILD, HERE, LLDB, PATIENCE, VERSION, VITRINE, by_version, compile_guest, line_of

SHAPES = "shapes.c"


class ScriptTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def environment(self, filter_words=""):
        """One in which `--lldb` finds the LLDB that is tested, and leaves its files in a folder of ours. `filter_words` are
        lines of the shell that may change the arguments."""
        bin, temporary = self.folder / "bin", self.folder / "tmp"
        for folder in (bin, temporary):
            folder.mkdir(exist_ok=True)
        lldb = shutil.which(LLDB)
        program = bin / f"lldb-{VERSION}"
        program.write_text(f'#!/bin/bash\n[ "$1" = --version ] && exec {lldb} --version\n{filter_words}\n'
                           f'exec {lldb} --no-lldbinit -O "settings set use-color false" "$@"\n')
        program.chmod(0o755)
        # Newer LLDBs are looked for first.
        return {**os.environ, "PATH": f"{bin}:{os.environ['PATH']}", "TMPDIR": str(temporary)}

    def run_lldb(self, wasm, commands, **options):
        """What LLDB answers to each command that is typed into `vitrine run --lldb`."""
        # A command ends before the next one begins.
        commands = ["script lldb.debugger.SetAsync(False)", *commands]
        done = subprocess.run([VITRINE, "run", "--lldb", str(wasm)], input="\n".join(commands) + "\n", stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=PATIENCE, env=self.environment(**options), errors="replace")
        self.assertEqual(list((self.folder / "tmp").glob("vitrine-lldb-*")), [])
        _, *answers = re.split(r"^\(lldb\) ", done.stdout, flags=re.MULTILINE)
        # Those that Vitrine has given come first.
        first = next(i for i, answer in enumerate(answers) if answer.startswith(commands[0]))
        found = {}
        for command, answer in zip(commands, answers[first:], strict=False):
            self.assertTrue(answer.startswith(command), f"{command}:\n{done.stdout}")
            found[command] = answer.removeprefix(command).strip()
        self.text = done.stdout
        return found

    def load(self, commands, environment=None):
        """What LLDB answers with the script that `lldb-script` prints."""
        script = self.folder / "vitrine.py"
        script.write_text(subprocess.run([VITRINE, "lldb-script"], check=True, capture_output=True, text=True).stdout)
        done = subprocess.run([LLDB, "--no-lldbinit"], input="\n".join((f"command script import {script}", *commands)) + "\n",
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=PATIENCE, env=environment or dict(os.environ))
        self.assertEqual(done.returncode, 0)
        return done.stdout


class Script(ScriptTest):
    def test_verbs_are_about_the_frame_that_is_selected(self):
        answers = self.run_lldb(compile_guest(SHAPES, "-O0"), [
            "b area", "continue", "vitrine globals", "vitrine memories", "vitrine print shape->width", "vitrine print value + 1",
            "up", "vitrine print value + 2", "vitrine set value = 7", "vitrine print value + 3", "vitrine print result in 0", "vitrine tables 0",
            "monitor print size(memory)", "help vitrine globals", "vitrine continue", "breakpoint delete -f", "process continue", "vitrine locals"])
        # The callee has no such variable.
        self.assertRegex(answers["vitrine print value + 1"], r"\Aerror: .*value")
        self.assertEqual(answers["vitrine print value + 2"], "2")
        self.assertEqual(answers["vitrine print value + 3"], "10")
        self.assertEqual(answers["vitrine print result in 0"], "0")
        self.assertRegex(answers["vitrine globals"], r"\Aglobal\[0\] \$__stack_pointer = \d+ \(mut i32\), private")
        self.assertRegex(answers["vitrine memories"], r"\Amemory\[0\] \$memory: 131072 bytes at 0x100000000")
        self.assertEqual(answers["vitrine print shape->width"], "40")
        self.assertRegex(answers["vitrine tables 0"], r"\A\[0\] null\n\[1\] func area")
        self.assertEqual(answers["monitor print size(memory)"], "131072")
        self.assertIn("Globals, exported or not.", answers["help vitrine globals"])
        self.assertIn("Syntax: vitrine globals [PATTERN]", answers["help vitrine globals"])
        # LLDB alone resumes.
        self.assertRegex(answers["vitrine continue"], r"\Aerror: 'continue' is not a valid subcommand|\Aerror: .*continue")
        self.assertRegex(answers["vitrine locals"], r"\Aerror: ")
        self.assertNotIn("packet:", self.text)
        self.assertNotIn("response:", self.text)

    def test_an_lldb_without_python(self):
        """As if it could not import the script."""
        answers = self.run_lldb(compile_guest(SHAPES, "-O0"), ["vitrine globals", "monitor globals", "process kill"],
            filter_words='sed -i s,import,import/nowhere, "$TMPDIR"/vitrine-lldb-*/vitrine.lldb')
        for command in ("vitrine globals", "monitor globals"):
            self.assertRegex(answers[command], r"global\[0\] \$__stack_pointer = \d+ \(mut i32\), private")

    def test_without_a_guest(self):
        text = self.load(["vitrine globals", "monitor help", "help vitrine"])
        self.assertEqual(text.count("error: LLDB is not attached to a guest of Vitrine"), 2, text)
        self.assertRegex(text, r"(?m)^ *memory +-- Memories, or the bytes of one")

    def test_without_rustc(self):
        # The tools that LLDB itself needs are given by their paths.
        text = self.load(["vitrine rust", "p 1 + 1"], {**os.environ, "PATH": f"{pathlib.Path(shutil.which(LLDB)).parent}:/nowhere"})
        self.assertRegex(text, r"error: rustc, which has the formatters, cannot be asked|error: rustc has no formatters")
        self.assertIn("(int) 2", text)


class Rust(ScriptTest):
    def test_formatters_and_steps(self):
        if not shutil.which("rustc"):
            raise unittest.SkipTest("rustc is not installed")
        wasm = pathlib.Path(BUILD.name) / "formats.wasm"
        built = subprocess.run(["rustc", "--target", "wasm32-wasip1", "-g", str(HERE / "guests/formats.rs"), "-o", str(wasm)],
            capture_output=True, text=True)
        if "can't find crate" in built.stderr:
            raise unittest.SkipTest("rustc has no wasm32-wasip1 target")
        self.assertEqual(built.returncode, 0, built.stderr)
        answers = self.run_lldb(wasm, [f"b formats.rs:{line_of('formats.rs', 'begin')}", "continue", "step", f"b formats.rs:{line_of('formats.rs', 'end')}",
            "process continue", "frame variable text numbers some", "process kill"])
        # LLDB 22 enters functions of libraries whatever the setting says.
        self.assertRegex(answers["step"], by_version("stop reason = step in", r"`formats::measure.* at formats\.rs:\d+"))
        shown = answers["frame variable text numbers some"]
        self.assertIn('text = "jade"', shown)
        self.assertRegex(shown, r"numbers = size=2")
        self.assertRegex(shown, r"some = Some\(5\)")


if __name__ == "__main__":
    unittest.main()
