# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Doors to sessions, with clients that speak just enough of their protocols."""

import json
import os
import pathlib
import socket
import tempfile
import threading
import unittest

import vitrine
from support import BANK, wasm


class Client:
    """A client of the Debug Adapter Protocol."""

    def __init__(self, address):
        host, port = address.split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=60)
        self.file = self.socket.makefile("rb")
        self.number = 0
        self.events = []

    def read(self):
        size = 0
        while line := self.file.readline().strip():
            size = int(line.partition(b":")[2])
        return json.loads(self.file.read(size))

    def ask(self, command, **arguments):
        self.number += 1
        request = {"seq": self.number, "type": "request", "command": command, "arguments": arguments}
        data = json.dumps(request).encode()
        self.socket.sendall(b"Content-Length: %d\r\n\r\n%s" % (len(data), data))
        while True:
            message = self.read()
            if message["type"] == "response" and message["request_seq"] == self.number:
                return message
            self.events.append(message)

    def event(self, name, wanted=lambda body: True):
        while True:
            for message in self.events:
                if message.get("event") == name and wanted(message.get("body", {})):
                    self.events.remove(message)
                    return message.get("body", {})
            self.events.append(self.read())

    def close(self):
        self.file.close()
        self.socket.close()


class Servers(unittest.TestCase):
    def setUp(self):
        self.store = vitrine.Store(guest_debug=True)
        self.module = vitrine.Module(self.store, wasm(BANK))
        self.bank = vitrine.Instance(self.store, self.module, {"host": {"print": self.print}})
        self.session = vitrine.Session(self.store)
        self.addCleanup(self.session.close)
        self.server = None

    def print(self, number):
        if self.server:
            self.server.send_output(b"%d\n" % number)

    def test_an_editor(self):
        with vitrine.DapServer(self.session, "127.0.0.1:0", name="bank") as self.server:
            self.server.announce(self.module)
            client = Client(self.server.address)
            self.addCleanup(client.close)
            results = []

            def run():
                self.server.wait_for_client()
                results.append(self.server.finish(self.bank["run"], 3))

            thread = threading.Thread(target=run)
            self.assertTrue(client.ask("initialize", adapterID="vitrine")["success"])
            thread.start()
            client.ask("attach")
            client.event("initialized")
            found = client.ask("setFunctionBreakpoints", breakpoints=[{"name": "twice"}])
            self.assertTrue(found["success"], found)
            client.ask("configurationDone")
            self.assertEqual(client.event("stopped")["reason"], "breakpoint")
            output = ""
            while output != "1\n2\n3\n":
                output += client.event("output", lambda body: body.get("category") == "stdout")["output"]
            frames = client.ask("stackTrace", threadId=1)["body"]["stackFrames"]
            self.assertEqual([frame["name"] for frame in frames], ["$twice", "$run"])
            client.ask("continue", threadId=1)
            thread.join(60)
            self.assertEqual(results, [6])

    def test_lldb(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "lldb.sock")
            with vitrine.GdbServer(self.session, path, serves="embedder") as server:
                self.assertEqual((server.address, server.is_loopback), (path, True))
                commands = server.lldb_commands(self.module, [self.module])
                self.assertTrue(any("lldb.sock" in command for command in commands), commands)
                client = socket.socket(socket.AF_UNIX)
                client.settimeout(60)
                client.connect(path)
                with client:
                    client.sendall(
                        b"+$qSupported:xmlRegisters=wasm#" + b"%02x" % (sum(b"qSupported:xmlRegisters=wasm") % 256)
                    )
                    answer = b""
                    while b"#" not in answer:
                        answer += client.recv(1000)
                    self.assertIn(b"PacketSize", answer)
            self.assertFalse(pathlib.Path(path).exists())

    def test_without_a_client(self):
        with vitrine.DapServer(self.session) as server:
            self.assertEqual(server.finish(self.bank["run"], 2), 4)
            self.assertEqual(server.close(), 0)
        component = vitrine.Component(self.store, wasm(BANK.parents[1] / "capi/nested.wat"))
        app = vitrine.ComponentLinker(self.store).instantiate(component)
        with vitrine.DapServer(self.session) as server:
            self.assertEqual(server.finish(app["bump"], 2), 7)


if __name__ == "__main__":
    unittest.main()
