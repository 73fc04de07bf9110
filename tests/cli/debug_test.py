# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The debugger on a terminal of its own: Ctrl-C, history, completion, colour; and with its lines from a pipe, on programs with threads too."""

import os
import pathlib
import pty
import re
import select
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lldb"))

from debuggee import THREADS, compile_guest, shared_file  # noqa: E402

VITRINE = os.environ["VITRINE"]
WASM_TOOLS = os.environ["VITRINE_WASM_TOOLS"]
PROMPT = "(vitrine) "
SECONDS = 20
GUEST = """(module
  (global $rounds (mut i32) (i32.const 0))
  (global $goes_on (mut i32) (i32.const 1))
  (func $round (export "round")
    global.get $rounds  i32.const 1  i32.add  global.set $rounds)
  (func $spin (export "spin") (result i32)
    loop
      call $round
      global.get $goes_on
      br_if 0
    end
    i32.const 42)
  (func $rotate (export "rotate")))
"""
READER = """(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\\10\\00\\00\\00\\06\\00\\00\\00")
  (func $main (export "_start")
    i32.const 0  i32.const 0  i32.const 1  i32.const 8  call $read  drop))
"""
IMPORTER = """(module
  (import "other" "round" (func $round))
  (func (export "twice") call $round  call $round))
"""
# The type of descriptor 3: a socket is 6.
ACCEPTOR = """(module
  (import "wasi_snapshot_preview1" "fd_fdstat_get" (func $stat (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "open") (result i32)
    i32.const 3  i32.const 0  call $stat  drop
    i32.const 0  i32.load8_u))
"""


class Terminal:
    """The debugger in a terminal; what it shows is text without escapes."""

    def __init__(self, folder, *words):
        self.shown = ""
        self.process, self.stream = pty.fork()
        if self.process == 0:
            environment = {**os.environ, "HOME": str(folder), "TERM": "xterm", "NO_COLOR": "1"}
            environment.pop("XDG_STATE_HOME", None)
            os.chdir(folder)
            os.execve(VITRINE, [VITRINE, "debug", *words], environment)

    def wait_for(self, text, every=SECONDS, again=""):
        """Takes what is shown, up to and with the text; meanwhile types something again and again."""
        end = time.monotonic() + SECONDS
        while text not in self.shown:
            if not select.select([self.stream], [], [], every)[0]:
                if time.monotonic() > end or not again:
                    raise AssertionError(f"no {text!r} in {self.shown!r}")
                self.type(again)
                continue
            try:
                some = os.read(self.stream, 4096)
            except OSError:
                some = b""
            if not some:
                raise AssertionError(f"it ended without {text!r} in {self.shown!r}")
            self.shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self.shown + some.decode(errors="replace"))
        self.shown = self.shown.partition(text)[2]

    def interrupt(self, text):
        """Types Ctrl-C until that is shown: the guest may not run yet at the first one."""
        self.wait_for(text, 0.2, "\x03")

    def type(self, text):
        os.write(self.stream, text.encode())

    def say(self, line, answer):
        """Types a line at the prompt, and waits for the answer and the next prompt."""
        self.type(line + "\n")
        self.wait_for(answer)
        self.wait_for(PROMPT)

    def status(self, again=""):
        """What it ended with. Until it ends, `again` is typed: the editor takes the terminal a moment after it has shown the prompt."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            try:
                self.type(again)
            except OSError:
                pass
            process, status = os.waitpid(self.process, os.WNOHANG)
            if process:
                os.close(self.stream)
                return os.waitstatus_to_exitcode(status)
            # What nobody reads would keep it from ending.
            if select.select([self.stream], [], [], 0.05)[0]:
                try:
                    os.read(self.stream, 4096)
                except OSError:
                    pass
        raise AssertionError("it does not end")


def check_ctrl_c(folder):
    terminal = Terminal(folder, "app.wasm")
    terminal.wait_for(PROMPT)
    terminal.type("run spin\n")
    terminal.interrupt("stopped: interrupt in $")
    terminal.wait_for(PROMPT)
    terminal.say("bt", "$spin at")
    # At the prompt it gives up the line, and no more.
    terminal.type("kill\x03")
    terminal.wait_for("^C")
    terminal.say("print rounds > 0", "\n1")
    terminal.type("continue\n")
    terminal.interrupt("stopped: interrupt in $")
    terminal.wait_for(PROMPT)
    terminal.say("set $goes_on = 0", "\n")
    terminal.say("continue", "exited: 42")
    terminal.say("run round", "exited")
    terminal.type("quit\n")
    assert terminal.status() == 0


def check_ctrl_c_in_host(folder):
    """The guest waits for input: the stop is in the host function; what is typed then goes to the guest."""
    terminal = Terminal(folder, "reader.wasm")
    terminal.wait_for(PROMPT)
    terminal.type("run\n")
    terminal.interrupt("stopped: interrupt in host wasi_snapshot_preview1.fd_read")
    terminal.wait_for(PROMPT)
    terminal.say("bt", "#1 $main at")
    terminal.type("continue\n")
    time.sleep(0.3)
    terminal.type("input\n")
    terminal.wait_for("exited")
    terminal.wait_for(PROMPT)
    terminal.say("memory 16 5", "input")
    assert terminal.status(again="\x04") == 0


def check_editing(folder):
    terminal = Terminal(folder, "app.wasm")
    terminal.wait_for(PROMPT)
    # A verb, and the name of a function. What is shown is not the line's text: the editor moves the cursor about.
    terminal.type("conti\t\n")
    terminal.wait_for("error: the guest does not stand still")
    terminal.wait_for(PROMPT)
    terminal.type("brea\t$s\t\n")
    terminal.wait_for("breakpoint 1: $spin at")
    terminal.wait_for(PROMPT)
    # Several that begin so.
    terminal.type("break $ro\t")
    terminal.wait_for("$rotate  $round")
    terminal.type("\x15")
    terminal.say("delete 1", "deleted 1")
    # The line before the last.
    terminal.type("\x1b[A\x1b[A\n")
    terminal.wait_for("breakpoint 2: $spin at")
    terminal.wait_for(PROMPT)
    terminal.type("quit\n")
    assert terminal.status() == 0
    # History outlives the debugger.
    terminal = Terminal(folder, "app.wasm")
    terminal.wait_for(PROMPT)
    terminal.type("\x1b[A\x1b[A\n")
    terminal.wait_for("breakpoint 1: $spin at")
    terminal.wait_for(PROMPT)
    assert terminal.status(again="\x04") == 0


def check_pipe(folder):
    """Lines that are no terminal's: no prompt; the guest reads what stands behind the line that runs it."""
    done = subprocess.run([VITRINE, "debug", "reader.wasm"], cwd=folder, input="run\nhello\nmemory 16 5\n", capture_output=True, text=True, timeout=SECONDS)
    assert (done.returncode, done.stderr) == (0, ""), done
    assert done.stdout.startswith("exited\n0x00000010  68 65 6c 6c 6f"), done.stdout


def check_session(guest, *steps):
    """What the debugger says to each line of a pipe, in this order; patterns of whole lines."""
    lines = "".join(line + "\n" for line, *_ in steps)
    done = subprocess.run([VITRINE, "debug", guest], input=lines, capture_output=True, text=True, timeout=SECONDS)
    assert (done.returncode, done.stderr) == (0, ""), done
    at = 0
    for line, *patterns in steps:
        for pattern in patterns:
            match = re.compile(f"^{pattern}$", re.MULTILINE).search(done.stdout, at)
            assert match, f"{line!r}: no {pattern!r} in {done.stdout[at:]!r}"
            at = match.end()


def check_threads(_):
    """What is asked for holds whichever thread is faster."""
    stop = r"stopped: breakpoint %d in thread [23] in \$step at .*"
    check_session(compile_guest("crew.c", *THREADS),
        ("break $step", r"breakpoint 1: \$step at 0x[0-9a-f]+"),
        ("run", stop % 1),
        ("threads", r"  thread 1: .*", r"\* thread [23]: \$step at .*"),
        ("bt", r"\* #0 \$step at .*", r"  #1 \$work at .*"),
        ("thread 1",),
        ("bt", r".*\$start at .*"),
        ("continue", stop % 1),
        ("delete 1", "deleted 1"),
        ("continue", "exited with status 0"),
        # Another run has threads of its own.
        ("break $step", r"breakpoint 2: .*"),
        ("run", stop % 2),
        ("kill", "killed"),
        ("delete 2", "deleted 2"),
        ("run", "exited with status 0"))


def check_threads_left_behind(_):
    """They end with the program, and stop nobody."""
    guest = compile_guest("crew.c", *THREADS, "-DWAITED_FOR=0")
    done = subprocess.run([VITRINE, "debug", guest], input="run\n", capture_output=True, text=True, timeout=SECONDS)
    assert (done.returncode, done.stdout, done.stderr) == (0, "exited with status 1\n", ""), done


def check_shared_threads(_):
    check_session(compile_guest(shared_file("guests/threads.c"), *THREADS),
        ("break $worker", r"breakpoint 1: .*"),
        ("run", r"stopped: breakpoint 1 in thread [23] in \$worker at .*"),
        ("threads", r"  thread 1: .*", r"\* thread [23]: \$worker at .*"),
        ("delete 1", "deleted 1"),
        ("continue", "threads done", "exited with status 0"))


def check_world(folder):
    """A run gets what the command line says, each time anew."""

    def run_twice(function, *words):
        done = subprocess.run([VITRINE, "debug", *words], cwd=folder, input=f"run {function}\n" * 2, capture_output=True, text=True, timeout=SECONDS)
        assert done.returncode == 0, done
        return done.stdout, done.stderr

    shown = run_twice("twice", "--preload", "other=app.wasm", "importer.wasm")
    assert shown == ("exited\n" * 2, ""), shown
    shown = run_twice("twice", "--unknown-imports", "trap", "importer.wasm")
    assert shown[0].count('stopped: trap: unknown import: func "other" "round" was called') == 2, shown
    shown = run_twice("twice", "importer.wasm")
    assert shown == ('error: unknown import: func "other" "round" is not defined\n' * 2, ""), shown
    shown = run_twice("open", "--listen", "127.0.0.1:0", "acceptor.wasm")
    assert (shown[0], shown[1].count("the guest listens on")) == ("exited: 6\n" * 2, 1), shown


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for file, text in (("app.wasm", GUEST), ("reader.wasm", READER), ("importer.wasm", IMPORTER), ("acceptor.wasm", ACCEPTOR)):
            subprocess.run([WASM_TOOLS, "parse", "-", "-o", folder / file], input=text, text=True, check=True)
        for check in (check_pipe, check_world, check_threads, check_threads_left_behind, check_shared_threads, check_ctrl_c, check_ctrl_c_in_host, check_editing):
            try:
                check(folder)
                print(f"{check.__name__}: ok", flush=True)
            except unittest.SkipTest as reason:
                print(f"{check.__name__}: skipped: {reason}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
