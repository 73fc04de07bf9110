# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The debugger on a terminal of its own: Ctrl-C, history, completion, colour; and with its lines from a pipe."""

import os
import pathlib
import pty
import re
import select
import subprocess
import sys
import tempfile
import time

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


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for file, text in (("app.wasm", GUEST), ("reader.wasm", READER)):
            subprocess.run([WASM_TOOLS, "parse", "-", "-o", folder / file], input=text, text=True, check=True)
        for check in (check_pipe, check_ctrl_c, check_ctrl_c_in_host, check_editing):
            check(folder)
            print(f"{check.__name__}: ok", flush=True)


if __name__ == "__main__":
    sys.exit(main())
