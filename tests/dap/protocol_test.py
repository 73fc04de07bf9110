#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Connections: ports and sockets, strangers, clients that vanish or do not read, and what a guest
does with its streams."""

import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lldb"))

from editor import Editor, PATIENCE, VITRINE  # noqa: E402

WASM_TOOLS = os.environ["VITRINE_WASM_TOOLS"]
# Writes lines for ever.
TALKER = """(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (global $lines (mut i32) (i32.const 0))
  (data (i32.const 0) "\\10\\00\\00\\00\\40\\00\\00\\00")
  (data (i32.const 16) "\\c3\\a4 line of sixty-four bytes, again and again, until it stops \\c3\\a4\\n")
  (func $talk (export "_start")
    loop
      i32.const 1  i32.const 0  i32.const 1  i32.const 8  call $write  drop
      global.get $lines  i32.const 1  i32.add  global.set $lines
      br 0
    end))
"""
# Copies its input to its output, then traps.
COPIER = """(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\\10\\00\\00\\00\\40\\00\\00\\00")
  (func (export "_start")
    i32.const 0  i32.const 0  i32.const 1  i32.const 4  call $read  drop
    i32.const 1  i32.const 0  i32.const 1  i32.const 8  call $write  drop
    unreachable))
"""


class Server:
    """`vitrine dap --listen`."""

    def __init__(self, address):
        self.process = subprocess.Popen([VITRINE, "dap", "--listen", address], stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        self.address = re.fullmatch(r"vitrine: listening for editors on (.+)\n", line)[1]

    def connect(self):
        if self.address.startswith("/"):
            client = socket.socket(socket.AF_UNIX)
            client.connect(self.address)
        else:
            client = socket.create_connection(self.address.rsplit(":", 1))
        client.settimeout(PATIENCE)
        return client

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=PATIENCE)
        self.process.stderr.close()


class ProtocolTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="vitrine-dap-")
        for name, text in (("talker", TALKER), ("copier", COPIER)):
            wat = pathlib.Path(cls.folder.name) / f"{name}.wat"
            wat.write_text(text)
            subprocess.run([WASM_TOOLS, "parse", wat, "-o", wat.with_suffix(".wasm")], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def path(self, name):
        return pathlib.Path(self.folder.name) / name

    def start(self, address="0"):
        server = Server(address)
        self.addCleanup(server.end)
        return server

    def test_each_connection_has_a_program_of_its_own(self):
        for address in ("0", str(self.path("door.sock"))):
            server = self.start(address)
            clients = [server.connect() for _ in range(2)]
            editors = [Editor(streams=(client.makefile("rb"), client.makefile("wb"))) for client in clients]
            for editor in editors:
                editor.launch(self.path("talker.wasm"), stopOnEntry=True)
                editor.ask("configurationDone")
                editor.stop(reason="entry")
            editors[0].ask("disconnect")
            self.assertEqual(editors[1].evaluate("$lines"), "0")
            for client, editor in zip(clients, editors):
                self.hang_up(client, editor)

    def test_a_web_page_cannot_drive_the_port(self):
        server = self.start()
        body = b'Content-Length: 61\r\n\r\n{"seq":1,"type":"request","command":"initialize"}'
        for bytes_sent in (b"G", b"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\n" + body, b"\x16\x03\x01"):
            with server.connect() as client:
                client.sendall(bytes_sent)
                try:
                    self.assertEqual(client.recv(1), b"")
                except ConnectionResetError:
                    pass
        # Others are still served.
        client = server.connect()
        editor = Editor(streams=(client.makefile("rb"), client.makefile("wb")))
        editor.ask("initialize")
        editor.ask("disconnect")
        self.hang_up(client, editor)

    def test_a_client_that_does_not_read_delays_the_program_alone(self):
        server = self.start()
        client = server.connect()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        editor = Editor(streams=(client.makefile("rb"), client.makefile("wb")))
        editor.launch(self.path("talker.wasm"))
        editor.ask("configurationDone")
        # Output flows, and the program can be stopped in it.
        editor.event("output")
        editor.ask("pause", threadId=1)
        editor.stop(reason="pause")
        self.assertGreater(int(editor.evaluate("$lines")), 0)
        self.assertNotIn("\ufffd", editor.output_text())
        self.hang_up(client, editor)
        # One that never reads: its program waits, and uses no memory. It ends with its client.
        silent = server.connect()
        silent.sendall(b"".join(b"Content-Length: %d\r\n\r\n%s" % (len(text), text) for text in (
            b'{"seq":1,"type":"request","command":"initialize"}',
            b'{"seq":2,"type":"request","command":"launch","arguments":{"program":"%s"}}'
            % str(self.path("talker.wasm")).encode(),
            b'{"seq":3,"type":"request","command":"configurationDone"}')))
        # Until the program has written, and has filled what lies between it and its client. It then
        # only looks now and then whether there is room.
        deadline = time.monotonic() + PATIENCE
        used = -100
        while b"sixty-four" not in silent.recv(1 << 20, socket.MSG_PEEK) or self.cpu_time(server) > used + 5:
            self.assertLess(time.monotonic(), deadline)
            used = self.cpu_time(server)
            time.sleep(1)
        before = self.memory(server)
        time.sleep(1)
        self.assertLess(self.memory(server) - before, 1024)
        silent.close()

    @staticmethod
    def hang_up(client, editor):
        try:
            client.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the other side was first
        editor.reader.join(timeout=PATIENCE)
        editor.output.close()
        editor.input.close()
        client.close()

    @staticmethod
    def memory(server):
        """In KiB."""
        status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])

    @staticmethod
    def cpu_time(server):
        """Of all threads, in ticks of the clock."""
        fields = pathlib.Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    def test_a_program_has_no_part_in_the_adapter_s_streams(self):
        editor = Editor()
        editor.launch(self.path("copier.wasm"))
        editor.ask("setExceptionBreakpoints", filters=[])
        editor.ask("configurationDone")
        self.assertEqual(editor.event("exited")["exitCode"], 134)
        self.assertEqual(editor.output_text(), "")
        self.assertIn("trap: unreachable", editor.output_text("important"))
        self.assertEqual(editor.finish(), (0, ""))
        # With a file as its input.
        self.path("input.txt").write_text("from a file")
        editor = Editor()
        editor.launch("copier.wasm", cwd=self.folder.name, stdin="input.txt")
        editor.ask("configurationDone")
        editor.stop(reason="exception")
        self.assertEqual(editor.output_text(), "from a file")
        self.assertEqual(editor.finish(), (0, ""))

    def test_the_adapter_ends_with_its_client(self):
        editor = Editor()
        editor.launch(self.path("talker.wasm"))
        editor.ask("configurationDone")
        editor.output.close()
        self.assertEqual(editor.process.wait(timeout=PATIENCE), 0)
        editor.process.stderr.close()
        editor.reader.join(timeout=PATIENCE)
        editor.input.close()
        # Also at an error in the framing.
        editor = Editor()
        editor.ask("initialize")
        editor.send_bytes(b"Content-Length: many\r\n\r\n")
        self.assertEqual(editor.process.wait(timeout=PATIENCE), 0)
        editor.has_ended = True
        editor.finish()

    def test_refusals_of_a_launch(self):
        editor = Editor()
        editor.ask("initialize")
        for attributes, text in (
                ({"program": "nothing.wasm"}, "nothing.wasm"),
                ({"program": str(HERE / "editor.py")}, "magic"),
                ({"program": str(self.path("talker.wasm")), "invoke": "other"}, "other"),
                ({"program": str(self.path("talker.wasm")), "features": "moon"}, "moon"),
                ({"program": str(self.path("talker.wasm")), "unknownImports": "what"}, "what"),
                ({"program": str(self.path("talker.wasm")), "dirs": ["/no/such/folder"]}, "/no/such/folder")):
            self.assertIn(text, editor.refused("launch", **attributes))
        editor.ask("launch", program=str(self.path("talker.wasm")))
        self.assertEqual(editor.finish(), (0, ""))


if __name__ == "__main__":
    unittest.main()
