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

    def wait_until_busy(self):
        """Waits until the program has computed for a while."""
        def seconds():
            fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
            return int(fields[11]) / os.sysconf("SC_CLK_TCK")
        before, end = seconds(), time.monotonic() + PATIENCE
        while seconds() < before + 0.1:
            assert time.monotonic() < end, "the program does nothing"
            time.sleep(0.01)

    def end_input(self):
        if self.process.stdin:
            self.process.stdin.close()
            self.process.stdin = None

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


def wait_for_stop(terminal, reason):
    """The guest may have stopped already, and the debugger may have said so at its prompt."""
    terminal.type("wait\n")
    terminal.wait_for(f"stopped: {reason}")


def kill(terminal):
    """Ends the debugger as a crash would."""
    if terminal.process:
        os.kill(terminal.process, signal.SIGKILL)
        os.waitpid(terminal.process, 0)
        os.close(terminal.stream)
        terminal.process = 0
