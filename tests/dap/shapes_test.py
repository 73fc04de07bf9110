#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Requests of any shape, at any time, and clients that vanish at any byte: each request is
answered, with a sentence if it fails, and nothing else is lost."""

import copy
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import time
import unittest

from editor import ABILITIES, PATIENCE, TYPES, Editor
from protocol_test import Server

WASM_TOOLS = os.environ["VITRINE_WASM_TOOLS"]
ENDLESS = """(module (memory (export "memory") 1) (global $rounds (mut i32) (i32.const 0))
  (func $round (global.set $rounds (i32.add (global.get $rounds) (i32.const 1))))
  (func (export "_start") (loop (call $round) (br 0))))"""
# In place of a value that an argument should have.
ODD_VALUES = [None, True, 0, -1, 2**31, 2**53, 2**63, 1e300, 0.5, "", "\0\ud83d\ude00", "x" * 100_000, [], [[]], [{}], {}, {"a": {}}]
RESUMING = {"continue", "next", "stepIn", "stepOut", "goto"}
ENDING = {"disconnect", "terminate", "restart", "terminateThreads", "launch", "attach", "initialize"}


class ShapesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not TYPES:
            raise unittest.SkipTest("the types of the protocol, of which the requests are made, cannot be fetched")
        cls.folder = tempfile.TemporaryDirectory(prefix="vitrine-dap-")
        wat = pathlib.Path(cls.folder.name) / "endless.wat"
        wat.write_text(ENDLESS)
        cls.wasm = str(wat.with_suffix(".wasm"))
        subprocess.run([WASM_TOOLS, "parse", wat, "-o", cls.wasm], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def members(self, wanted, depth=0):
        """(path, a plausible value) of the arguments of a type, and of those in them."""
        kind = wanted[0]
        if kind == "name" and wanted[1] in TYPES.named:
            yield from self.members(TYPES.named[wanted[1]], depth)
        elif kind == "object" and depth < 4:
            for name, (member, _) in wanted[1].items():
                yield (name,), None
                for path, _ in self.members(member, depth + 1):
                    yield (name, *path), None
        elif kind == "array":
            for path, _ in self.members(wanted[1], depth + 1):
                yield (0, *path), None

    def plausible(self, wanted, known, name=""):
        kind = wanted[0]
        if name in known:
            return known[name]
        if kind == "name" and wanted[1] in TYPES.named:
            return self.plausible(TYPES.named[wanted[1]], known, name)
        if kind == "object":
            return {each: self.plausible(member, known, each) for each, (member, needed) in wanted[1].items() if needed}
        if kind == "array":
            return [self.plausible(wanted[1], known)]
        if kind == "union":
            return self.plausible(wanted[1][0], known)
        if kind == "literal":
            return wanted[1]
        return {"string": "x", "number": 1, "boolean": True}.get(wanted[1], {})

    def shapes(self, command, known):
        """Arguments of a request that are plausible but for one member."""
        wanted = TYPES.arguments_of(command)
        yield {"moon": 1}
        if not wanted:
            return
        for path, _ in self.members(wanted):
            for odd in ODD_VALUES:
                arguments = copy.deepcopy(self.plausible(wanted, known))
                at = arguments
                for step in path[:-1]:
                    if isinstance(step, str):
                        at = at.setdefault(step, {}) if isinstance(at, dict) else {}
                    elif isinstance(at, list) and at:
                        at = at[0]
                    elif isinstance(at, dict):
                        at.clear()
                if isinstance(at, dict):
                    at[path[-1]] = copy.deepcopy(odd)
                yield arguments
        # Without one of the members that are needed.
        whole = self.plausible(wanted, known)
        for name in whole if isinstance(whole, dict) else ():
            yield {each: value for each, value in whole.items() if each != name}

    def send(self, editor, command, arguments):
        editor.sent += 1
        editor.asked[editor.sent] = command, arguments if isinstance(arguments, dict) else {}
        body = json.dumps({"seq": editor.sent, "type": "request", "command": command, "arguments": arguments}).encode()
        editor.send_bytes(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        return editor.sent

    def check_answers(self, editor, requests):
        editor.answer(requests[-1])
        answers = [message for message in editor.messages if message["type"] == "response"]
        self.assertEqual(sorted(message["request_seq"] for message in answers), list(range(1, editor.sent + 1)))
        for answer in answers:
            if not answer["success"]:
                self.assertGreater(len(answer["message"].split()), 0, answer)

    def test_each_argument_of_each_request(self):
        editor = Editor()
        editor.launch(self.wasm, stopOnEntry=True)
        editor.ask("configurationDone")
        editor.stop(reason="entry")
        editor.ask("setFunctionBreakpoints", breakpoints=[{"name": "$round"}])
        editor.ask("continue", threadId=1)
        editor.stop(reason="breakpoint")
        frame = editor.frames()[0]
        known = {"threadId": 1, "frameId": frame["id"], "variablesReference": editor.scopes(frame["id"])["Wasm globals"],
            "memoryReference": frame["instructionPointerReference"], "instructionReference": frame["instructionPointerReference"],
            "source": frame["source"], "line": 3, "expression": "$rounds", "name": "$rounds", "value": "1", "breakpoints": []}
        count = 0
        for command in sorted(TYPES.requests.keys() - RESUMING - ENDING - {"pause", "evaluate", "cancel"}):
            sent = [self.send(editor, command, arguments) for arguments in self.shapes(command, known)]
            self.check_answers(editor, sent)
            count += len(sent)
        self.assertGreater(count, 1000)
        # What was there before still is.
        self.assertEqual(editor.frames()[0]["name"], "$round")
        editor.ask("setFunctionBreakpoints", breakpoints=[{"name": "$round"}])
        editor.ask("setExceptionBreakpoints", filters=[])
        # Those that let the program run may do so. It is stopped again before the next one.
        for command in sorted(RESUMING | {"evaluate", "cancel", "pause"}):
            sent = []
            for arguments in self.shapes(command, known):
                sent.append(self.send(editor, command, arguments))
                if command in RESUMING:
                    sent.append(editor.send("pause", threadId=1))
            self.check_answers(editor, sent)
        self.assertEqual(editor.finish(), (0, ""))

    def test_each_argument_of_those_that_begin_and_end(self):
        editor = Editor()
        for arguments in self.shapes("initialize", {"adapterID": "x"}):
            self.send(editor, "initialize", arguments)
        editor.send("initialize")
        sent = []
        attributes = ["program", "args", "env", "cwd", "dirs", "stdin", "invoke", "preloads", "features", "timeout", "sourceMap", "stopOnEntry"]
        for name in attributes:
            for odd in ODD_VALUES:
                sent.append(self.send(editor, "launch", {"program": "/no/such/file.wasm", name: odd}))
        self.check_answers(editor, sent)
        editor.ask("launch", program=self.wasm)
        sent = [self.send(editor, "terminateThreads", {"threadIds": odd}) for odd in ODD_VALUES]
        self.check_answers(editor, sent)
        self.assertEqual(editor.finish(), (0, ""))

    def test_each_request_at_each_time(self):
        """Without arguments, and with an argument that is no object."""
        commands = sorted(TYPES.requests.keys() - {"disconnect", "initialize", "launch"}) + ["moon", ""]

        def all_requests(editor):
            self.check_answers(editor, [self.send(editor, command, arguments) for command in commands
                for arguments in ({}, [], "x", None)])

        editor = Editor()
        all_requests(editor)
        editor.ask("initialize", adapterID="x", **ABILITIES)
        all_requests(editor)
        editor.ask("launch", program=self.wasm)
        for request in ("configurationDone", "restart"):
            editor.send(request)
            all_requests(editor)
        self.assertEqual(editor.finish(), (0, ""))

    def test_clients_that_vanish_at_any_byte(self):
        server = Server("0")
        self.addCleanup(server.end)
        tasks = pathlib.Path(f"/proc/{server.process.pid}/task")
        before = len(list(tasks.iterdir()))
        session = b""
        for seq, (command, arguments) in enumerate([
                ("initialize", {"adapterID": "x", **ABILITIES}), ("launch", {"program": self.wasm}), ("setFunctionBreakpoints",
                {"breakpoints": [{"name": "$round"}]}), ("configurationDone", {}), ("threads", {}), ("stackTrace", {"threadId": 1}),
                ("evaluate", {"expression": "continue", "context": "repl"}), ("pause", {"threadId": 1}), ("next", {"threadId": 1}),
                ("disassemble", {"memoryReference": "0x100000000", "instructionCount": 10_000})], 1):
            body = json.dumps({"seq": seq, "type": "request", "command": command, "arguments": arguments}).encode()
            session += b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        for cut in range(0, len(session), max(1, len(session) // 40)):
            client = server.connect()
            client.sendall(session[:cut])
            if cut % 3 == 0:
                client.shutdown(socket.SHUT_WR)
            client.close()
        # No thread of theirs, and so no program, is left.
        deadline = time.monotonic() + PATIENCE
        while len(list(tasks.iterdir())) > before and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertLessEqual(len(list(tasks.iterdir())), before)


if __name__ == "__main__":
    unittest.main()
