#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The register of running guests, and `vitrine ps`: what it lists, sweeps and does not trust."""

import json
import os
import pathlib
import socket
import stat
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lldb"))

from editor import PATIENCE, VITRINE  # noqa: E402
from running import ENVIRONMENT, FOLDER, AttachedEditor, Guest, ticker  # noqa: E402

REGISTER = pathlib.Path(FOLDER.name) / "vitrine"


def ps(*options, environment=ENVIRONMENT):
    return subprocess.run([VITRINE, "ps", *options], env=environment, capture_output=True, text=True, timeout=PATIENCE)


class RegisterTest(unittest.TestCase):
    def run_guest(self, *options, wasm=None, arguments=()):
        guest = Guest(wasm or ticker(), *options, arguments=arguments)
        self.addCleanup(guest.discard)
        return guest

    def setUp(self):
        # What the guests of other tests have left that were killed.
        for path in REGISTER.glob("*"):
            path.unlink()

    def listed(self):
        done = ps("--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout), done.stderr

    def dead(self):
        """The id of a process that has ended."""
        process = subprocess.Popen(["true"])
        process.wait()
        return process.pid

    def test_it_lists_guests_with_doors(self):
        self.assertEqual(self.listed(), ([], ""))
        self.assertEqual((ps().stdout, ps().stderr), ("", "vitrine: no guest with a door for debuggers is running\n"))
        both = self.run_guest("--dap", "-g0", "--no-wait", arguments=["a b", "\x1b[31mred\n"])
        lldb = self.run_guest("-g0", "--no-wait", wasm=ticker("other"))
        expected = [
            {"pid": both.process.pid, "module": str(ticker()), "arguments": ["a b", "\x1b[31mred\n"],
             "doors": {"dap": both.editors, "lldb": both.lldb}},
            {"pid": lldb.process.pid, "module": str(ticker("other")), "arguments": [], "doors": {"lldb": lldb.lldb}}]
        self.assertEqual(self.listed(), (sorted(expected, key=lambda row: row["pid"]), ""))
        text = ps().stdout
        self.assertEqual(text.splitlines()[0].split(), ["PID", "DOORS", "GUEST"])
        self.assertEqual(len(text.splitlines()), 3)
        self.assertNotIn("\x1b", text)
        # Nobody else can read any of it.
        self.assertEqual(stat.S_IMODE(REGISTER.stat().st_mode), 0o700)
        self.assertEqual(both.editors, str(REGISTER / f"{both.process.pid}.sock"))
        for name in (f"{both.process.pid}.json", f"{both.process.pid}.sock"):
            self.assertEqual(stat.S_IMODE((REGISTER / name).stat().st_mode), 0o600)
        # It ends with the guest.
        editor = AttachedEditor(both.editors).attach_and_go()
        editor.leave(terminateDebuggee=True)
        self.assertEqual(both.finish()[0], 137)
        self.assertEqual([path.name for path in REGISTER.iterdir()], [f"{lldb.process.pid}.json"])
        self.assertEqual(ps("x").returncode, 2)

    def test_it_sweeps_what_the_dead_have_left(self):
        killed = self.run_guest("--dap", "--no-wait")
        killed.process.kill()
        killed.process.wait()
        self.assertEqual(len(list(REGISTER.iterdir())), 2)
        self.assertEqual(self.listed(), ([], ""))
        self.assertEqual(list(REGISTER.iterdir()), [])
        # A process of the same id that began at another time is another one.
        guest = self.run_guest("--dap", "--no-wait")
        entry = REGISTER / f"{guest.process.pid}.json"
        text = json.loads(entry.read_text())
        text["startTime"] = str(int(text["startTime"]) - 1)
        entry.write_text(json.dumps(text))
        self.assertEqual(self.listed(), ([], ""))
        self.assertFalse(entry.exists())

    def test_it_does_not_trust_what_it_finds(self):
        guest = self.run_guest("--dap", "--no-wait")
        good = (REGISTER / f"{guest.process.pid}.json").read_text()
        me = os.getpid()
        (REGISTER / "readme.txt").write_text("ignored")
        (REGISTER / "0.json").write_text(good)
        (REGISTER / "007.json").write_text(good)
        bad = {
            "about another process": lambda path: path.write_text(good),
            "not a regular file": os.mkfifo,
            "symbolic link": lambda path: path.symlink_to(REGISTER / "readme.txt"),
            "regular file": lambda path: path.mkdir(),
            "too large": lambda path: path.write_bytes(b" " * (1 << 21)),
            "invalid JSON": lambda path: path.write_text("{"),
            "pid": lambda path: path.write_text("{}"),
            "arguments": lambda path: path.write_text(good.replace('"arguments":[]', '"arguments":7')),
            "\\u{1b}": lambda path: path.write_text('{"pid":"\x1b[31m"}'),
        }
        path = REGISTER / f"{me}.json"
        for text, make in bad.items():
            with self.subTest(problem=text):
                make(path)
                rows, problems = self.listed()
                self.assertEqual([row["pid"] for row in rows], [guest.process.pid])
                self.assertEqual(problems.count("\n"), 1, problems)
                self.assertIn(f"{me}.json: ", problems)
                if text != "\\u{1b}":
                    self.assertIn(text, problems)
                self.assertNotIn("\x1b", problems)
                path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        # A socket that nobody has bound here is not opened by anything.
        with socket.socket(socket.AF_UNIX) as other:
            other.bind(str(path))
            self.assertIn("json: ", self.listed()[1])
        path.unlink()
        for name in ("readme.txt", "0.json", "007.json"):
            self.assertTrue((REGISTER / name).exists())
            (REGISTER / name).unlink()

    def test_a_folder_that_others_could_use(self):
        REGISTER.mkdir(mode=0o700, exist_ok=True)
        REGISTER.chmod(0o777)
        try:
            done = ps()
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn("is not a folder that only its owner", done.stderr)
            # A guest can be debugged nevertheless, but not at a socket in there.
            done = subprocess.run([VITRINE, "run", "--dap", ticker()], env=ENVIRONMENT, capture_output=True, text=True)
            self.assertEqual(done.returncode, 1)
            self.assertIn("give a port or a path", done.stderr)
            guest = self.run_guest("--dap=0", "--no-wait")
            self.assertIn("will not list this guest", guest.process.stderr.readline())
            AttachedEditor(guest.editors).attach_and_go().leave(terminateDebuggee=True)
            self.assertEqual(guest.finish()[0], 137)
        finally:
            REGISTER.chmod(0o700)

    def test_without_a_folder_of_the_session(self):
        for environment in ({}, {"XDG_RUNTIME_DIR": "relative"}, {"XDG_RUNTIME_DIR": "/no/such"}, {"XDG_RUNTIME_DIR": "/tmp"}):
            done = ps(environment={name: value for name, value in os.environ.items() if name != "XDG_RUNTIME_DIR"} | environment)
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_options_that_do_not_fit(self):
        for options, text in ((["--no-wait"], "requires -g or --dap"), (["--dap", "--wait", "--no-wait"], "together"),
                (["--dap=70000"], "expected [ADDRESS:]PORT"), (["--dap", "--lldb"], "together"), (["--dap=/no/such/place.sock"], "cannot listen")):
            done = subprocess.run([VITRINE, "run", *options, ticker()], env=ENVIRONMENT, capture_output=True, text=True, timeout=PATIENCE)
            self.assertIn(done.returncode, (1, 2))
            self.assertIn(text, done.stderr)


if __name__ == "__main__":
    unittest.main()
