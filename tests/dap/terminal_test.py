#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Programs whose standard streams are in a terminal of the editor's (`console`)."""

import os
import pathlib
import pty
import select
import subprocess
import sys
import tempfile
import time
import unittest
import unittest.mock

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from editor import Editor, PATIENCE, VITRINE  # noqa: E402

WASM_TOOLS = os.environ["VITRINE_WASM_TOOLS"]
# Says hello, then copies its input to its output, and the kind of its input to address 200.
ECHO = """(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_fdstat_get" (func $kind (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\\40\\00\\00\\00\\40\\00\\00\\00\\80\\00\\00\\00\\06\\00\\00\\00")
  (data (i32.const 128) "hello\\n")
  (func $copy
    (i32.store (i32.const 4) (i32.load (i32.const 24)))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 28)))
    (i32.store (i32.const 4) (i32.const 64)))
  (func (export "_start")
    (drop (call $kind (i32.const 0) (i32.const 200)))
    (drop (call $write (i32.const 2) (i32.const 8) (i32.const 1) (i32.const 28)))
    loop
      (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 24)))
      (if (i32.load (i32.const 24)) (then (call $copy) (br 1)))
    end))
"""
CHARACTER_DEVICE = "2"


class Window:
    """What an editor opens: a terminal in which a command runs."""

    def __init__(self, arguments):
        self.process, self.stream = pty.fork()
        if self.process == 0:
            os.execv(arguments["args"][0], arguments["args"])
        self.shown = ""
        self.is_open = True

    def type(self, text):
        os.write(self.stream, text.encode())

    def wait_for(self, text):
        end = time.monotonic() + PATIENCE
        while text not in self.shown:
            if not select.select([self.stream], [], [], max(end - time.monotonic(), 0))[0]:
                raise AssertionError(f"no {text!r} in {self.shown!r}")
            self.shown += os.read(self.stream, 4096).decode()
        self.shown = self.shown.partition(text)[2]

    def status(self):
        """Of the command, once it has ended."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            process, status = os.waitpid(self.process, os.WNOHANG)
            if process:
                self.process = None
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.01)
        raise AssertionError("the command in the terminal does not end")

    def close(self):
        if self.is_open:
            self.is_open = False
            os.close(self.stream)
            if self.process:
                self.status()


class TerminalTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="vitrine-terminal-")
        wat = pathlib.Path(cls.folder.name) / "echo.wat"
        wat.write_text(ECHO)
        cls.program = wat.with_suffix(".wasm")
        subprocess.run([WASM_TOOLS, "parse", wat, "-o", cls.program], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def setUp(self):
        # The register's folder is that of this test alone.
        self.enterContext(unittest.mock.patch.dict(os.environ, {"XDG_RUNTIME_DIR": self.folder.name}))

    def sockets(self):
        return list(pathlib.Path(self.folder.name).glob("vitrine/*terminal*"))

    def editor(self, **abilities):
        editor = Editor(**{"supportsRunInTerminalRequest": True, **abilities})
        editor.ask("initialize", adapterID="vitrine", **editor.abilities)
        return editor

    def asked(self, editor, **attributes):
        """Launches, and waits until the adapter asks for a terminal. The numbers of both requests,
        and what it asks for."""
        launch = editor.send("launch", program=str(self.program), **{"console": "integratedTerminal", **attributes})
        _, request = editor._await(lambda m: m["type"] == "request", "runInTerminal")
        self.assertEqual(request["command"], "runInTerminal")
        return launch, request["seq"], request["arguments"]

    def answer(self, editor, seq, **members):
        editor.sent += 1
        editor.send_message({"seq": editor.sent, "type": "response", "request_seq": seq, "command": "runInTerminal", **members})

    def open(self, editor, **attributes):
        launch, seq, arguments = self.asked(editor, **attributes)
        window = Window(arguments)
        self.addCleanup(window.close)
        self.answer(editor, seq, success=True, body={"processId": window.process})
        self.assertTrue(editor.answer(launch)["success"])
        editor.event("initialized")
        return window, arguments

    def test_a_program_in_a_terminal(self):
        editor = self.editor()
        window, arguments = self.open(editor, cwd=self.folder.name)
        self.assertEqual((arguments["kind"], arguments["cwd"], arguments["title"]), ("integrated", self.folder.name, "echo.wasm"))
        self.assertEqual(self.sockets(), [])
        editor.ask("configurationDone")
        window.wait_for("hello")
        window.type("one line\n")
        window.wait_for("one line\r\none line\r\n")
        # It waits for input: it can be stopped there, also by Ctrl-C.
        editor.ask("pause", threadId=1)
        editor.stop(reason="pause")
        self.assertEqual(editor.evaluate("u8[200]"), CHARACTER_DEVICE)
        editor.ask("continue", threadId=1)
        window.type("\x03")
        editor.stop(reason="pause")
        editor.ask("continue", threadId=1)
        window.type("two\n")
        window.wait_for("two\r\ntwo\r\n")
        # A further run is in the same terminal.
        editor.ask("restart")
        window.wait_for("hello")
        window.type("three\n")
        window.wait_for("three\r\nthree\r\n")
        self.assertEqual(editor.output_text() + editor.output_text("stderr"), "")
        # The end of its input.
        window.type("\x04")
        self.assertEqual(editor.event("exited")["exitCode"], 0)
        self.assertEqual(editor.finish(), (0, ""))
        self.assertEqual(window.status(), 0)

    def test_a_terminal_outside(self):
        editor = self.editor()
        (pathlib.Path(self.folder.name) / "input").write_text("from a file\n")
        window, arguments = self.open(editor, console="externalTerminal", stdin="input", cwd=self.folder.name)
        self.assertEqual(arguments["kind"], "external")
        editor.ask("configurationDone")
        window.wait_for("hello\r\nfrom a file\r\n")
        self.assertEqual(editor.event("exited")["exitCode"], 0)
        self.assertEqual(editor.finish(), (0, ""))
        self.assertEqual(window.status(), 0)

    def test_the_program_ends_with_its_terminal(self):
        editor = self.editor()
        window, _ = self.open(editor)
        editor.ask("configurationDone")
        window.wait_for("hello")
        # While it runs, it would see the end of its input first.
        editor.ask("pause", threadId=1)
        editor.stop(reason="pause")
        window.close()
        self.assertEqual(editor.event("exited")["exitCode"], 137)
        self.assertEqual(editor.finish(), (0, ""))

    def test_no_terminal(self):
        editor = self.editor()
        # The client says no.
        launch, seq, _ = self.asked(editor)
        self.answer(editor, seq + 1, success=False, message="this answers nothing")
        self.answer(editor, seq, success=False, message="no more windows")
        self.assertIn("no more windows", editor.answer(launch)["message"])
        # What begins there is not ours.
        editor.messages.clear()
        launch, seq, arguments = self.asked(editor)
        subprocess.run([sys.executable, "-c", "import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.send(b'x'); s.recv(1)",
            arguments["args"][-1]], check=True)
        self.assertIn("streams", editor.answer(launch)["message"])
        # Nothing begins, and the user has enough of it.
        editor.messages.clear()
        launch, seq, arguments = self.asked(editor)
        self.answer(editor, seq, success=True, body={})
        editor.ask("cancel", requestId=launch)
        self.assertEqual(editor.answer(launch)["message"], "cancelled")
        done = subprocess.run(arguments["args"], capture_output=True, text=True)
        self.assertEqual((done.returncode, self.sockets()), (1, []))
        self.assertIn("cannot connect", done.stderr)
        # It can be tried again. The client vanishes while the adapter waits.
        editor.messages.clear()
        self.asked(editor)
        editor.output.close()
        self.assertEqual(editor.process.wait(timeout=PATIENCE), 0)
        editor.reader.join(timeout=PATIENCE)
        editor.input.close()
        editor.process.stderr.close()
        self.assertEqual(self.sockets(), [])

    def test_refusals(self):
        editor = self.editor(supportsRunInTerminalRequest=False)
        self.assertIn("cannot open a terminal", editor.refused("launch", program=str(self.program), console="integratedTerminal"))
        self.assertIn("expected internalConsole", editor.refused("launch", program=str(self.program), console="window"))
        editor.ask("launch", program=str(self.program), console="internalConsole")
        self.assertEqual(editor.finish(), (0, ""))
        done = subprocess.run([VITRINE, "dap", "--terminal", "x.sock", "--listen", "0"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)


if __name__ == "__main__":
    unittest.main()
