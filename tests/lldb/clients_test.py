#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Two shared clients and LLDB on one session: each is told the truth, and LLDB, while it is attached, alone resumes."""

import os
import pathlib
import subprocess
import tempfile
import threading
import time
import unittest

from debuggee import BUILD, HERE, PATIENCE, Lldb, command_of

# The index of each function in the module: `run` is the first one.
FIRST, SECOND = 1, 2
TURNS = 5
REFUSED = "the guest is controlled by LLDB"


def module():
    wasm = pathlib.Path(BUILD.name) / "turns.wasm"
    subprocess.run(["clang-22", "--target=wasm32", "-g", "-O0", "-nostdlib", "-Wl,--no-entry",
        str(HERE / "guests" / "turns.c"), "-o", str(wasm)], check=True)
    return wasm


class Host:
    """The embedder, and what everybody in it has heard."""

    def __init__(self, folder):
        self.process = subprocess.Popen([os.environ["VITRINE_CLIENTS_HOST"], str(module()), f"{folder}/turns.sock"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        address = self.process.stdout.readline().strip()
        self.command = command_of(["lldb-22", "-o", "settings set target.language c",
            "-o", f"process connect --plugin wasm unix-connect://{address}"])
        self.heard = {"editor": [], "page": [], "embedder": [], ">": []}
        self.changed = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            who, _, what = line.rstrip("\n").partition(" ")
            with self.changed:
                self.heard[who.removesuffix(":")].append(what)
                self.changed.notify_all()

    def hears(self, who, *expected):
        """Waits until somebody has heard this next, and nothing else."""
        with self.changed:
            found = self.changed.wait_for(lambda: len(self.heard[who]) >= len(expected), PATIENCE)
            heard, self.heard[who] = self.heard[who][:len(expected)], self.heard[who][len(expected):]
            if not found or tuple(heard) != expected:
                raise AssertionError(f"{who} heard {heard}, not {expected}; then {self.heard}")

    def both_hear(self, *expected):
        self.hears("editor", *expected)
        self.hears("page", *expected)

    def does(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        with self.changed:
            if not self.changed.wait_for(lambda: self.heard[">"], PATIENCE):
                raise AssertionError(f"no answer to {command}")
            return self.heard[">"].pop().rstrip()

    def nobody_heard_more(self):
        time.sleep(0.1)
        with self.changed:
            if any(self.heard.values()):
                raise AssertionError(f"there was more to hear: {self.heard}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        self.process.stdout.close()


class Clients(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def begin(self, host):
        """The guest stands in `first`, where the page has a breakpoint; the editor has one in `second`."""
        self.assertEqual(host.does(f"editor break {SECOND}"), "1")
        self.assertEqual(host.does(f"page break {FIRST}"), "2")
        self.assertEqual(host.does(f"run {TURNS}"), "ok")
        host.both_hear("breakpoint 2")
        host.hears("embedder", "breakpoint 2")

    def await_answer(self, host, command, answer):
        """The door notices the end of LLDB in a moment."""
        end = time.monotonic() + PATIENCE
        while (answered := host.does(command)) != answer:
            self.assertLess(time.monotonic(), end, answered)
            time.sleep(0.02)

    def test_each_is_told_the_truth(self):
        with Host(self.folder.name) as host:
            self.begin(host)
            # Any shared client resumes, and the others are told who it was.
            self.assertEqual(host.does("page resume"), "ok")
            host.both_hear("resumed by page", "breakpoint 1")
            host.hears("embedder", "breakpoint 1")
            self.assertEqual(host.does("embedder resume"), "ok")
            host.both_hear("resumed by the embedder", "breakpoint 2")
            host.hears("embedder", "breakpoint 2")
            with Lldb(host) as lldb:
                # LLDB finds the guest where the others left it, for a reason that it has no part in.
                lldb.expect(r"stop reason = another client's breakpoint")
                lldb.ask("bt", r"frame #0: .*`first")
                for who in ("editor", "page", "embedder"):
                    self.assertEqual(host.does(f"{who} resume"), REFUSED)
                self.assertEqual(host.does("editor step"), REFUSED)
                # Where both have a breakpoint, LLDB hears of its own.
                lldb.ask("breakpoint set --skip-prologue false --name first", r"Breakpoint 1: ")
                lldb.ask("continue", r"stop reason = another client's breakpoint")
                host.both_hear("resumed by LLDB", "breakpoint 1")
                lldb.ask("continue", r"stop reason = breakpoint 1\.1")
                host.both_hear("resumed by LLDB", "breakpoint 2")
                self.assertEqual(host.does("stops"), "1 2 3")
                host.nobody_heard_more()
                lldb.ask("detach", r"detached")
            host.both_hear("resumed by LLDB", "breakpoint 1")
            host.hears("embedder", "breakpoint 1")
            self.assertEqual(host.does("stops"), "1 2")
            self.assertEqual(host.does("page leave"), "ok")
            self.assertEqual(host.does("stops"), "1")
            self.assertEqual(host.does("editor resume"), "ok")
            host.hears("editor", "resumed by editor", "breakpoint 1")
            self.assertEqual(host.does("editor leave"), "ok")
            self.assertEqual(host.does("stops"), "")

    def test_one_that_vanishes_takes_its_own_stops_along(self):
        with Host(self.folder.name) as host:
            self.begin(host)
            with Lldb(host) as lldb:
                lldb.expect(r"stop reason = another client's breakpoint")
                lldb.ask("b second", r"Breakpoint 1: ")
                lldb.ask("process plugin packet monitor catch throw", r"throw: stops")
                self.assertEqual(host.does("stops"), "1 2 3 throw")
                self.assertEqual(host.does("page resume"), REFUSED)
                lldb.kill()
            self.await_answer(host, "stops", "1 2")
            # The guest has stayed where it was, and is the others' again.
            self.assertEqual(host.does("page resume"), "ok")
            host.both_hear("resumed by page", "breakpoint 1")
            host.hears("embedder", "breakpoint 1")
            self.assertEqual(host.does("page leave"), "ok")
            self.assertEqual(host.does("editor resume"), "ok")
            host.hears("editor", "resumed by editor", "breakpoint 1")
            self.assertEqual(host.does("editor leave"), "ok")
            host.hears("embedder", "breakpoint 1")

    def test_a_running_guest_goes_on_without_lldb(self):
        with Host(self.folder.name) as host:
            self.assertEqual(host.does("run 1000000000"), "ok")
            with Lldb(host) as lldb:
                lldb.expect(r"stop reason = signal SIGINT")
                host.both_hear("interrupt")
                lldb.send("continue")
                host.both_hear("resumed by LLDB")
                lldb.wait_until_running()
                lldb.kill()
            host.nobody_heard_more()
            # It is not stopped for a next LLDB, as there are others to stop it.
            self.await_answer(host, "page resume", "the session's guest is not stopped")
            self.assertEqual(host.does(f"page break {FIRST}"), "1")
            host.both_hear("breakpoint 1")
            host.hears("embedder", "breakpoint 1")
            self.assertEqual(host.does("page leave"), "ok")
            self.assertEqual(host.does("editor resume"), "ok")
            host.hears("editor", "resumed by editor")


if __name__ == "__main__":
    unittest.main()
