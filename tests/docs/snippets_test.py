# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs what README.md and docs/ show. A snippet without a known kind fails the test.

VITRINE is the command, VITRINE_SNIPPETS the folder with the programs that CMake built from the snippets in C and C++.
"""

import contextlib
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from snippets import LANGUAGES, ROOT, all_snippets  # noqa: E402

VITRINE = os.environ["VITRINE"]
WASM_TOOLS = os.environ["VITRINE_WASM_TOOLS"]
PROGRAMS = pathlib.Path(os.environ["VITRINE_SNIPPETS"])
SECONDS = 60
TO_WASI = ["clang-22", "--target=wasm32-wasi", "-Wno-deprecated", "--no-wasm-opt", "-g", "-O0"]

SHELL = re.compile(r"(\$?vitrine|clang-22|\./dev)[ =]")
# Snippets that are not run here, by page and first line, and what covers them instead.
COVERED = {
    ("docs/c-api.md", "$ cc examples/c/hello.c"): "needs an installation: example.c, consumer.package",
    ("docs/c-api.md", "$ budget plugin.wasm"): "an example: example.c.budget",
    ("docs/command-line.md", "perf record"): "commands of perf: cli.perf",
    ("docs/command-line.md", "source <(vitrine completions bash)"): "init files of shells: cli.completions",
    ("docs/installing.md", "sudo apt install"): "installs: consumer.debian",
    ("docs/installing.md", "cmake --preset release"): "installs: consumer.package",
    ("docs/python.md", "pip install ."): "builds everything: python.wheel",
    ("docs/python.md", "VITRINE_ROOT=~/vitrine"): "installs: python.wheel",
    ("docs/performance.md", "perf record"): "commands of perf: cli.perf",
    ("docs/debug.md", "vitrine debug [options]"): "a synopsis",
    ("docs/debug.md", "alias px"): "an init file: session.definitions",
    ("docs/editors.md", "vitrine dap"): "how editors connect: editor.bank, editor.protocol",
    ("docs/editors.md", "$ vitrine run --dap"): "a guest that waits for editors: editor.attach",
    ("docs/editors.md", '{ "type": "vitrine"'): "a configuration: editors.vscode",
    ("docs/editors.md", "./dev build"): "installs: editors.vscode",
    ("docs/editors.md", "   mkdir ~/bank"): "the user's files: editors.vscode",
    ("docs/editors.md", "(require 'dap-mode)"): "a configuration",
    ("docs/editors.md", "local dap = require"): "a configuration",
    ("docs/editors.md", "(require 'dap-mode)"): "a configuration: editor.emacs",
    ("docs/editors.md", "(add-to-list 'dape-configs"): "a configuration",
    ("docs/editors.md", "[[language]]"): "a configuration",
    ("docs/execution.md", "bytes --decode--> Module"): "a diagram",
    ("docs/expressions.md", "$0 == 7"): "expressions: eval.Expression",
    ("docs/expressions.md", "place = expression"): "a grammar",
    ("docs/expressions.md", "open {cstr[$path]}"): "a message: eval.Expression",
    ("docs/expressions.md", "choice   ="): "a grammar",
    ("docs/expressions.md", "total + p->balance"): "expressions by source: eval.*",
    ("docs/values.md", "(vitrine) print *account"): "values: values.Values, source.bank",
    ("docs/lldb.md", "(lldb) "): "commands of LLDB: lldb.*",
    ("docs/lldb.md", "process plugin packet monitor"): "commands of LLDB: lldb.monitor",
    ("docs/lldb.md", '{ "type": "lldb-dap"'): "a configuration: lldb.dap",
    ("docs/mcp.md", '{ "mcpServers"'): "a configuration: mcp.server",
    ("docs/wasi.md", "clang --target=wasm32-wasi app.c"): "needs a download: wasi.components",
    ("docs/wasi.md", "vitrine: error: trap: unreachable"): "a backtrace: golden.run.backtrace",
}


def kind_of(snippet):
    """program, output (of the program before it), session, lldb, transcript, shell or covered;
    None if nothing runs it."""
    if snippet.language in LANGUAGES:
        return "program"
    if snippet.first.startswith(">>> "):
        return "covered"  # python.documents
    if snippet.before.endswith("It prints:"):
        return "output"
    if snippet.first.startswith("$ vitrine debug"):
        return "session"
    if snippet.first.startswith("$ vitrine run --lldb"):
        return "lldb"
    if any(page == snippet.page and snippet.first.startswith(first) for page, first in COVERED):
        return "covered"
    if snippet.first.startswith("$ "):
        return "transcript"
    return "shell" if SHELL.match(snippet.first) else None


SNIPPETS = all_snippets()


def of_kind(kind):
    return [snippet for snippet in SNIPPETS if kind_of(snippet) == kind]


class Snippets(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        """A folder that looks like a checkout with a finished build, with the guests that the
        pages name."""
        cls.folder = tempfile.TemporaryDirectory(prefix="vitrine-docs-")
        work = cls.work = pathlib.Path(cls.folder.name)
        (work / "build/release").mkdir(parents=True)
        (work / "build/release/vitrine").symlink_to(VITRINE)
        (work / "examples").symlink_to(ROOT / "examples")
        (work / "data").mkdir()
        (work / "input.txt").write_text("a line of input\n")
        subprocess.run([*TO_WASI, ROOT / "examples/bank/bank.c", "-o", work / "bank.wasm"], check=True)
        subprocess.run([*TO_WASI, HERE / "app.c", "-o", work / "app.wasm"], check=True)
        shutil.copy(work / "app.wasm", work / "server.wasm")
        cls.make_component(work)
        for name in ("fib", "shapes"):
            subprocess.run([WASM_TOOLS, "parse", HERE / f"{name}.wat", "-o", work / f"{name}.wasm"], check=True)
        cls.environment = os.environ | {"PATH": f"{work}/build/release:{os.environ['PATH']}", "TERM": "dumb"}

    @classmethod
    def make_component(cls, work):
        """two.wasm, of two components."""
        guests, parts = ROOT / "tests/lldb/guests", work / "parts"
        parts.mkdir()
        for world in ("provider", "app"):
            core, embedded = parts / f"{world}.core.wasm", parts / f"{world}.embedded.wasm"
            subprocess.run(["clang-22", "--target=wasm32", "-nostdlib", "-g", "-O0", "-Wl,--no-entry", guests / f"{world}.c",
                "-o", core], check=True)
            subprocess.run([WASM_TOOLS, "component", "embed", guests / "two.wit", core, "--world", world, "-o", embedded],
                check=True)
            subprocess.run([WASM_TOOLS, "component", "new", embedded, "-o", parts / f"{world}.wasm"], check=True)
        subprocess.run([WASM_TOOLS, "compose", parts / "app.wasm", "-d", parts / "provider.wasm", "-o", work / "two.wasm"],
            check=True, capture_output=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def run_line(self, line, lines=""):
        """What a command prints; it must succeed."""
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", line], cwd=self.work, env=self.environment, input=lines,
            capture_output=True, text=True, timeout=SECONDS)
        self.assertEqual(done.returncode, 0, f"{line}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    @contextlib.contextmanager
    def guest_of_a_debugger(self, line):
        """Starts a guest that waits for a debugger; returns the line that says how to attach."""
        guest = subprocess.Popen(["bash", "-c", f"exec {line}"], cwd=self.work, env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            told = ""
            while "process connect" not in told and (more := guest.stderr.readline()):
                told += more
            self.assertIn("process connect", told, line)
            yield told.splitlines()[-1]
        finally:
            guest.kill()
            guest.wait()
            guest.stderr.close()

    def test_each_snippet_has_a_kind(self):
        self.assertGreater(len(SNIPPETS), 20)
        for snippet in SNIPPETS:
            with self.subTest(snippet.where):
                self.assertIsNotNone(kind_of(snippet), f"nothing runs this snippet: {snippet.first}")
        for page, first in COVERED:
            self.assertTrue(any(s.page == page and s.first.startswith(first) for s in SNIPPETS), f"{page} has no snippet '{first}'")

    def test_programs_print_what_the_page_says(self):
        programs = of_kind("program")
        self.assertTrue(programs)
        for snippet in programs:
            with self.subTest(snippet.where):
                expected = SNIPPETS[SNIPPETS.index(snippet) + 1]
                self.assertEqual(kind_of(expected), "output", "a program is followed by 'It prints:' and what it prints")
                printed = self.run_line(str(PROGRAMS / snippet.name))
                self.assertEqual(printed.rstrip(), expected.text)

    def test_sessions_in_the_terminal_are_as_shown(self):
        sessions = of_kind("session")
        self.assertTrue(sessions)
        for snippet in sessions:
            with self.subTest(snippet.where):
                prompt = "(vitrine) "
                shown = snippet.text.splitlines()[1:]
                typed = "".join(line.removeprefix(prompt) + "\n" for line in shown if line.startswith(prompt))
                answers = [line for line in shown if not line.startswith(prompt)]
                printed = self.run_line(snippet.first.removeprefix("$ "), typed)
                self.assertEqual(printed.splitlines(), answers)

    def test_sessions_of_lldb_are_as_shown(self):
        """LLDB prints every line that the page shows, in order, and possibly others. It attaches
        with the printed command. White space does not count: LLDB prints tabs."""
        sessions = of_kind("lldb")
        self.assertTrue(sessions)
        for snippet in sessions:
            with self.subTest(snippet.where):
                shown = [" ".join(line.split()) for line in snippet.text.splitlines()[1:] if line.strip() != "..."]
                typed = [line.removeprefix("(lldb) ") for line in shown if line.startswith("(lldb) ")]
                with self.guest_of_a_debugger(snippet.first.removeprefix("$ ").replace("--lldb", "-g0")) as told:
                    attach = told[told.index("lldb-22 "):]
                    printed = self.run_line(" ".join([attach, "-b", *(f"-o {shlex.quote(line)}" for line in typed)]))
                lines = iter(" ".join(line.split()) for line in printed.splitlines())
                for line in shown:
                    self.assertIn(line, lines, printed)

    def test_transcripts_of_the_shell_are_as_shown(self):
        """Runs each `$` line in the same shell, whatever its status. All of its output must
        follow it."""
        transcripts = of_kind("transcript")
        self.assertTrue(transcripts)
        for snippet in transcripts:
            with self.subTest(snippet.where):
                script = "set +e +o pipefail\n"
                for line in snippet.text.splitlines():
                    if line.startswith("$ "):
                        typed = line.removeprefix("$ ")
                        script += f"status=$?; echo {shlex.quote(line)}; (exit $status)\n{typed} 2>&1\n"
                self.assertEqual(self.run_line(script + "true").rstrip(), snippet.text)

    def test_commands_work(self):
        verbs = set(re.findall(r"^  (\w+) ", self.run_line(f"{ROOT}/dev help"), re.MULTILINE))
        assigned = {}
        for snippet in of_kind("shell"):
            for line in snippet.text.splitlines():
                line = line.split("#")[0].strip()
                with self.subTest(f"{snippet.where}: {line}"):
                    if line.startswith("./dev "):
                        self.assertIn(line.split()[1], verbs)
                        continue
                    # Let the system choose the ports.
                    line = re.sub(r"(-g(?:[\d.]+:)?|--listen )\d+", r"\g<1>0", line)
                    assigned.setdefault(snippet.page, "")
                    if re.match(r"\w+=\S+$", line):
                        assigned[snippet.page] += line + "; "
                        continue
                    line = line.replace("$vitrine", "build/release/vitrine") if "vitrine=" in assigned[snippet.page] else line
                    if " -g" in line and "--no-wait" not in line and not line.startswith("clang"):
                        with self.guest_of_a_debugger(line):
                            pass
                    else:
                        self.run_line(line, "quit\n")

    def test_inspect_shows_what_the_bank_keeps_to_itself(self):
        line = next(line for s in of_kind("shell") for line in s.text.splitlines() if line.startswith("$vitrine inspect"))
        shown = self.run_line(line.replace("$vitrine", "vitrine"))
        for text in ("amber", "jade", "opal", "deposit"):
            self.assertIn(text, shown, line)


if __name__ == "__main__":
    unittest.main()
