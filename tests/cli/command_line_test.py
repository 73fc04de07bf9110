#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The command line: statuses, streams and messages, by its own conventions (docs/command-line.md)."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time
import unittest

VITRINE = os.environ["VITRINE"]
WASM_TOOLS = os.environ["VITRINE_WASM_TOOLS"]

ADD = """(module $adder
  (func $add (export "add") (param $a i32) (param $b i32) (result i32) local.get $a local.get $b i32.add)
  (func (export "wide") (param i64 f32 f64) (result i64 f32 f64) local.get 0 local.get 1 local.get 2))"""

# A WASI command that writes its first argument's length to nowhere and ends with 7.
EXIT = """(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start") i32.const 7 call $exit unreachable))"""

ECHO = """(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (drop (call $sizes (i32.const 0) (i32.const 4)))
    (drop (call $get (i32.const 1024) (i32.const 4096)))
    (i32.store (i32.const 16) (i32.const 4096))
    (i32.store (i32.const 20) (i32.load (i32.const 4)))
    (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 8)))))"""

TRAP = """(module
  (func $inner (param i32) (result i32) i32.const 1 local.get 0 i32.div_s)
  (func $outer (export "_start") i32.const 0 call $inner drop))"""

SPIN = """(module (memory (export "memory") 1) (func $spin (export "_start") loop br 0 end))"""

PRIVATE = """(module $box
  (global $secret (mut i32) (i32.const 41))
  (global $ratio f64 (f64.const 0.1))
  (global $wide i64 (i64.const 9007199254740993))
  (memory $vault 1)
  (data (i32.const 100) "amber")
  (table $slots 3 funcref)
  (elem (i32.const 1) $touch)
  (func $touch (param $n i32) (result i32)
    local.get $n global.get $secret i32.add)
  (func (export "_start") i32.const 1 call $touch drop)
  (func (export "go") (param i32) (result i32) local.get 0 call $touch))"""


class CommandLine(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.folder.name)

    def tearDown(self):
        self.folder.cleanup()

    def module(self, wat, name="app.wasm"):
        text = self.path / (name + ".wat")
        text.write_text(wat)
        subprocess.run([WASM_TOOLS, "parse", text, "-o", self.path / name], check=True)
        return str(self.path / name)

    def run_it(self, *arguments, **more):
        return subprocess.run([VITRINE, *arguments], capture_output=True, timeout=60, cwd=self.path, **more)

    def check(self, arguments, status, out=None, err=None):
        done = self.run_it(*arguments)
        self.assertEqual(done.returncode, status, done.stderr)
        if out is not None:
            self.assertEqual(done.stdout.decode(), out)
        if err is not None:
            self.assertIn(err, done.stderr.decode())
        return done

    # run

    def test_invoke_prints_results_one_a_line(self):
        app = self.module(ADD)
        self.check(["run", "--invoke", "add", app, "40", "2"], 0, "42\n", "")
        self.check(["run", "--invoke", "add", app, "0x7fff_ffff", "1"], 0, "-2147483648\n")
        self.check(["run", "--invoke", "add", app, "4294967295", "-1"], 0, "-2\n")
        self.check(["run", "--typed", "--invoke", "wide", app, "-0x8000000000000000", "nan:0x200000", "inf"], 0,
                   "i64:-9223372036854775808\nf32:nan:0x200000\nf64:inf\n")
        self.check(["run", "--typed", "--invoke", "wide", app, "1", "0x1p-3", "-1e400"], 1, "")

    def test_invoke_checks_its_arguments(self):
        app = self.module(ADD)
        for arguments, text in [(["1"], "takes 2 arguments, 1 are given"), (["1", "x"], 'argument 2: "x" is no number of type i32'),
                                (["4294967296", "1"], "argument 1"), (["-2147483649", "1"], "argument 1"), (["1.5", "1"], "argument 1")]:
            with self.subTest(arguments):
                self.check(["run", "--invoke", "add", app, *arguments], 1, "", text)
        self.check(["run", "--invoke", "nowhere", app], 1, "", 'no function "nowhere" to call: it exports add, wide')
        self.check(["run", app], 1, "", "--invoke calls one of them")

    def test_the_guests_status_is_the_commands(self):
        self.check(["run", self.module(EXIT)], 7, "", "")

    def test_everything_behind_the_module_is_the_guests(self):
        app = self.module(ECHO)
        done = self.run_it("run", app, "-g", "--dir", "x", "--", "--help")
        self.assertEqual(done.stdout, app.encode() + b"\0-g\0--dir\0x\0--\0--help\0")
        done = self.run_it("run", "--", app, "-g4711")
        self.assertEqual(done.stdout, app.encode() + b"\0-g4711\0")

    def test_arguments_are_bytes(self):
        app = self.module(ECHO)
        done = subprocess.run([VITRINE.encode(), b"run", app.encode(), b"\xff\xfe"], capture_output=True, timeout=60)
        self.assertEqual(done.stdout, app.encode() + b"\0\xff\xfe\0")

    def test_a_trap_prints_its_text_and_a_backtrace(self):
        done = self.check(["run", self.module(TRAP)], 134, "", "vitrine: error: trap: integer divide by zero")
        lines = done.stderr.decode().splitlines()
        self.assertRegex(lines[1], r"#0 inner func\[0\] at 0x[0-9a-f]+")
        self.assertRegex(lines[2], r"#1 outer func\[1\] at 0x[0-9a-f]+")

    def test_a_timeout_and_ctrl_c_end_an_endless_guest(self):
        app = self.module(SPIN)
        self.check(["run", "--timeout", "0.3", app], 124, "", "longer than 0.3 s")
        guest = subprocess.Popen([VITRINE, "run", app], stderr=subprocess.PIPE)
        time.sleep(0.5)
        guest.send_signal(signal.SIGINT)
        self.assertEqual(guest.wait(timeout=30), 130)
        guest.stderr.close()

    def test_unknown_imports_are_named(self):
        app = self.module('(module (import "env" "launch" (func)) (func (export "_start")))')
        self.check(["run", app], 1, "", 'unknown import: func "env" "launch" is not defined (at offset 0x')

    def test_a_reactor_is_initialised_first(self):
        app = self.module("""(module (global $g (mut i32) (i32.const 0)) (func (export "_initialize") i32.const 5 global.set $g)
            (func (export "get") (result i32) global.get $g))""")
        self.check(["run", "--invoke", "get", app], 0, "5\n")

    def test_a_closed_output_ends_quietly(self):
        app = self.module(ECHO)
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run([VITRINE, "run", app], stdout=write, stderr=subprocess.PIPE, timeout=60)
        os.close(write)
        self.assertEqual((done.returncode, done.stderr), (0, b""))

    # Bad input

    def test_wrong_usage_is_status_2(self):
        for arguments, text in [([], "subcommand"), (["run"], "no module is given"), (["run", "--nonsense", "x.wasm"], "--nonsense"),
                                (["run", "--timeout", "-1", "x.wasm"], "--timeout"), (["frobnicate"], ""),
                                (["inspect", "--memory", "0:12", "--at", "main", "x.wasm"], "--memory 0:12"),
                                (["inspect", "--memory", "0:12+4", "x.wasm"], "--memory needs --at"),
                                (["run", "--env", "=x", "x.wasm"], "--env =x"), (["run", "--dir", "::x", "x.wasm"], "--dir ::x")]:
            with self.subTest(arguments):
                done = self.check(arguments, 2, "", text)
                self.assertTrue(done.stderr.startswith(b"vitrine: error: "), done.stderr)

    def test_what_cannot_be_read_or_is_no_module_is_status_1(self):
        self.check(["run", "nowhere.wasm"], 1, "", "cannot read nowhere.wasm: No such file or directory")
        self.check(["run", "."], 1, "", "cannot read .: Is a directory")
        (self.path / "text.wasm").write_text("hello")
        self.check(["validate", "text.wasm"], 1, "", "text.wasm: magic header not detected (at offset 0x0)")
        self.check(["run", "--dir", "nowhere", self.module(EXIT)], 1, "", "nowhere")

    def test_a_module_cut_anywhere_gives_one_message(self):
        whole = pathlib.Path(self.module(PRIVATE)).read_bytes()
        for size in range(0, len(whole), 7):
            (self.path / "cut.wasm").write_bytes(whole[:size])
            done = self.run_it("inspect", "--at", "touch", "cut.wasm")
            self.assertIn(done.returncode, (0, 1), size)
            if done.returncode:
                self.assertEqual(done.stderr.count(b"vitrine: error: "), 1, done.stderr)

    def test_a_port_in_use_is_refused(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            self.check(["run", f"-g{port}", self.module(EXIT)], 1, "", f"-g {port}")
        self.check(["run", "-gnonsense:x", self.module(EXIT)], 1, "", "-g nonsense:x")

    def test_unsupported_features_are_named(self):
        app = self.module("(module (func (result v128) v128.const i64x2 0 0))")
        self.check(["validate", app], 1, "", "simd is not supported: v128 (at offset 0x")

    # The door

    def test_the_doors_line_can_be_pasted_and_quiet_hides_it(self):
        app = self.module(EXIT)
        for option in ("-g0", "-g127.0.0.1:0", "-g=127.0.0.1:0"):
            guest = subprocess.Popen([VITRINE, "run", option, app], stderr=subprocess.PIPE)
            line = guest.stderr.readline().decode()
            self.assertRegex(line, r"^vitrine: waiting for a debugger on 127\.0\.0\.1:\d+: lldb-22 .*"
                                   r"-o 'process connect --plugin wasm connect://127\.0\.0\.1:\d+'")
            guest.kill()
            guest.wait()
            guest.stderr.close()

    # inspect

    def test_inspect_shows_the_structure(self):
        done = self.check(["inspect", self.module(PRIVATE)], 0)
        for text in ('"box"', "func[0] $touch (param i32) (result i32)", "global[0] $secret mut i32", "memory[0] $vault 1..",
                     "table[0] $slots funcref 3..", 'export "_start"', "data segment, active, 5 bytes"):
            self.assertIn(text, done.stdout.decode())

    def test_inspect_at_shows_what_is_private(self):
        app = self.module(PRIVATE)
        done = self.check(["inspect", "--at", "$touch", "--memory", "0:0x64+5", "--memory", "0:65530+100", app], 0)
        for text in ("stopped: breakpoint 1", "#0 touch func[0]", "local[0] $n = 1 (i32)", "global[0] $secret = 41 (i32) private",
                     "global[1] $ratio = 0.1 (f64) private", "[1] touch func[0]", "61 6d 62 65 72", "amber", "at 0xfffa, 6 bytes"):
            self.assertIn(text, done.stdout.decode())
        self.check(["inspect", "--at", "touch", "--invoke", "go", app, "9"], 0)
        self.check(["inspect", "--at", "func[0]", app], 0)
        self.check(["inspect", "--at", "func[9]", app], 1, "", "--at func[9]: the module has 3 functions")
        self.check(["inspect", "--at", "nobody", app], 1, "", "--at nobody: no function has this name")
        self.check(["inspect", "--at", "0x3", app], 1, "", "--at 0x3: no function has code at this offset")
        self.check(["inspect", "--at", "go", app], 1, "", "--at go: the guest ended without coming by")
        self.check(["inspect", "--at", "touch", "--memory", "1:0+4", app], 1, "", "the module has no memory 1")

    def test_inspect_json_has_the_same_content(self):
        app = self.module(PRIVATE)
        state = json.loads(self.check(["inspect", "--json", "--at", "touch", "--memory", "0:100+5", app], 0).stdout)["state"]
        self.assertEqual(state["frames"][0]["locals"], [{"index": 0, "name": "n", "type": "i32", "value": 1}])
        self.assertEqual([row["value"] for row in state["globals"]], [41, 0.1, "9007199254740993"])
        self.assertEqual(state["tables"][0]["elements"], [None, {"function": "touch", "index": 0}, None])
        self.assertEqual(state["memory"][0]["bytes"], b"amber".hex())
        self.assertFalse(state["globals"][0]["exported"])

    def test_inspect_json_keeps_the_guests_output_apart(self):
        app = self.module(ECHO.replace("(func (export \"_start\")", "(func $late) (func (export \"_start\")").replace(
            "(i32.const 8)))))", "(i32.const 8))) (call $late)))"))
        done = self.run_it("inspect", "--json", "--at", "late", app, "hello")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(b"hello", done.stderr)
        json.loads(done.stdout)

    # Others

    def test_objdump_disassembles_with_offsets(self):
        done = self.check(["objdump", "-d", self.module(ADD)], 0)
        self.assertRegex(done.stdout.decode(), r"0x[0-9a-f]+.*local\.get \$a")
        self.assertIn("i32.add", done.stdout.decode())

    def test_opcodes_are_all_there(self):
        rows = json.loads(self.check(["opcodes", "--json"], 0).stdout)
        self.assertGreater(len(rows), 500)
        self.assertIn({"name": "i32.add", "prefix": None, "code": 106, "feature": "mvp", "supported": True}, rows)

    def test_help_has_an_example_and_version_its_features(self):
        for command in ("run", "inspect", "objdump", "validate", "opcodes"):
            self.assertIn("Example: vitrine " + command, self.check([command, "--help"], 0).stdout.decode())
        self.assertRegex(self.check(["--version"], 0).stdout.decode(), r"vitrine \d+\.\d+\.\d+ \(.*\)\nfeatures: mvp ")

    def test_colour_only_when_asked_for(self):
        self.assertNotIn(b"\x1b", self.check(["validate", "nowhere"], 1).stderr)
        self.assertIn(b"\x1b", self.check(["--color=always", "validate", "nowhere"], 1).stderr)


if __name__ == "__main__":
    unittest.main()
