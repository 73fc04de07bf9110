# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A program of examples/ that runs, and debuggers that attach to it."""

import os
import pathlib
import re
import select
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "cli"), str(ROOT / "tests" / "lldb")]

from debug_test import PROMPT, Terminal  # noqa: E402

EXAMPLES = ROOT / "examples"
VITRINE = os.environ["VITRINE"]
PATIENCE = 60


class Program:
    """A program with its input and output. It runs in a folder of its own."""

    def __init__(self, test, *command):
        self.folder = tempfile.TemporaryDirectory(prefix="vitrine-example-")
        test.addCleanup(self.folder.cleanup)
        self.process = subprocess.Popen([str(word) for word in command], cwd=self.folder.name, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE)
        test.addCleanup(self.discard)
        self.output = ""

    def expect(self, pattern):
        """Reads output up to and including the pattern. Returns what its group matches."""
        end = time.monotonic() + PATIENCE
        while not (match := re.search(pattern, self.output)):
            if not select.select([self.process.stdout], [], [], max(end - time.monotonic(), 0))[0]:
                raise AssertionError(f"no {pattern!r} in {self.output!r}")
            some = os.read(self.process.stdout.fileno(), 65536)
            if not some:
                raise AssertionError(f"it ended without {pattern!r} in {self.output!r}")
            self.output += some.decode()
        self.output = self.output[match.end():]
        return match[1]

    def say(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)

    def status(self):
        """The exit status, once it has ended."""
        self.process.communicate(timeout=PATIENCE)
        return self.process.returncode

    def discard(self):
        self.process.kill()
        self.process.communicate()


def attach(test, address):
    """The debugger in a terminal, attached to a door."""
    folder = tempfile.TemporaryDirectory(prefix="vitrine-example-")
    test.addCleanup(folder.cleanup)
    terminal = Terminal(folder.name, f"--attach={address}")
    test.addCleanup(kill, terminal)
    terminal.wait_for(PROMPT)
    return terminal


def kill(terminal):
    """Ends the debugger as a crash would."""
    if terminal.process:
        os.kill(terminal.process, signal.SIGKILL)
        os.waitpid(terminal.process, 0)
        os.close(terminal.stream)
        terminal.process = 0
