# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Guests that run with a door for editors, and editors that attach to them."""

import os
import pathlib
import re
import shlex
import signal
import socket
import subprocess
import tempfile
import threading
import time

from editor import Editor, PATIENCE, VITRINE

WASM_TOOLS = os.environ["VITRINE_WASM_TOOLS"]
# Ticks every few milliseconds until $done is set, and writes a line for each tick.
TICKER = """(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (global $ticks (mut i32) (i32.const 0))
  (global $done (mut i32) (i32.const 0))
  (data (i32.const 16) "\\01")
  (data (i32.const 24) "\\40\\4b\\4c\\00")
  (data (i32.const 128) "\\90\\00\\00\\00\\05\\00\\00\\00tick\\n")
  (data (i32.const 144) "tick\\n")
  (func $tick (param $n i32)
    (global.set $ticks (local.get $n))
    (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 96))))
  (func $run (export "_start")
    loop
      (call $tick (i32.add (global.get $ticks) (i32.const 1)))
      (drop (call $write (i32.const 1) (i32.const 128) (i32.const 1) (i32.const 136)))
      (br_if 0 (i32.eqz (global.get $done)))
    end))
"""
FOLDER = tempfile.TemporaryDirectory(prefix="vitrine-attach-")
# The register of these tests alone.
ENVIRONMENT = os.environ | {"XDG_RUNTIME_DIR": FOLDER.name}


def ticker(name="ticker"):
    wasm = pathlib.Path(FOLDER.name) / f"{name}.wasm"
    if not wasm.exists():
        wat = wasm.with_suffix(".wat")
        wat.write_text(TICKER)
        subprocess.run([WASM_TOOLS, "parse", wat, "-o", wasm], check=True)
    return wasm


class Guest:
    """`vitrine run --dap`. `editors` and `lldb` are the addresses of its doors."""

    def __init__(self, wasm, *options, arguments=()):
        self.process = subprocess.Popen([VITRINE, "run", *options, str(wasm), *arguments], env=ENVIRONMENT,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.editors = self.lldb = None
        for _ in range(sum(option.startswith(("-g", "--dap")) for option in options)):
            line = self.process.stderr.readline()
            match = re.match(r"vitrine: (?:waiting|listening) for (editors|a debugger) on (\S+): (.*)", line)
            if not match:
                raise AssertionError(f"vitrine printed {line!r} {self.process.communicate()}")
            if match[1] == "editors":
                self.editors = match[2]
            else:
                self.lldb, self.lldb_command = match[2], shlex.split(match[3])
        self.output = ""
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            with self.changed:
                self.output += line
                self.changed.notify_all()

    def lines(self):
        with self.changed:
            return self.output.count("\n")

    def must_go_on(self):
        """Waits until the guest has written more."""
        before = self.lines()
        with self.changed:
            assert self.changed.wait_for(lambda: self.output.count("\n") > before + 1, PATIENCE), "the guest does not run"

    def must_stand(self):
        """Waits until the guest writes nothing more. What it wrote before may still be on its way."""
        deadline = time.monotonic() + PATIENCE
        before = None
        while before != (before := self.lines()):
            assert time.monotonic() < deadline, "the guest goes on"
            time.sleep(0.3)

    def finish(self):
        """Its status and errors, once it has ended."""
        status = self.process.wait(timeout=PATIENCE)
        self.reader.join(timeout=PATIENCE)
        errors = self.process.stderr.read()
        self.close()
        return status, errors

    def close(self):
        self.process.stdout.close()
        self.process.stderr.close()

    def discard(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(timeout=PATIENCE)
            self.reader.join(timeout=PATIENCE)
        self.close()


def connect(address):
    if address.startswith("/"):
        client = socket.socket(socket.AF_UNIX)
        client.connect(address)
    else:
        client = socket.create_connection(address.rsplit(":", 1))
    client.settimeout(PATIENCE)
    return client


class AttachedEditor(Editor):
    """An editor that is connected to a door itself."""

    def __init__(self, address):
        self.socket = connect(address)
        self.socket.settimeout(None)
        super().__init__(streams=(self.socket.makefile("rb"), self.socket.makefile("wb")))

    def attach(self, **attributes):
        """Up to where breakpoints can be set."""
        self.ask("initialize", adapterID="vitrine")
        self.ask("attach", **attributes)
        self.event("initialized")
        return self

    def attach_and_go(self, **attributes):
        self.attach(**attributes)
        self.ask("configurationDone")
        return self

    def vanish(self):
        """As a process that is killed."""
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the other side was first
        self.reader.join(timeout=PATIENCE)
        try:
            self.output.close()
        except OSError:
            pass
        self.input.close()
        self.socket.close()

    def leave(self, **arguments):
        self.ask("disconnect", **arguments)
        self.vanish()

    def has_event(self, name):
        with self.changed:
            return any(m["type"] == "event" and m["event"] == name for m in self.messages)
