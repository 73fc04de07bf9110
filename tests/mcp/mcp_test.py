#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`vitrine mcp`: an agent's client debugs a program, and no message does harm."""

import json
import os
import pathlib
import random
import re
import subprocess
import sys
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/lldb"))

from debuggee import compile_guest, line_of  # noqa: E402

VITRINE = os.environ["VITRINE"]
PYTHON = os.environ["VITRINE_MCP_PYTHON"]
SECONDS = 60
SHAPES = "shapes.c"
TOOLS = ["start", "breakpoint", "continue", "interrupt", "state", "evaluate", "read", "command", "stop"]

if not os.path.exists(PYTHON):
    print(f"skipped: there is no {PYTHON}; ./dev setup installs it")
    sys.exit(1 if os.environ.get("VITRINE_REQUIRE_SHARED") == "1" else 77)


def use_client(*calls):
    """What the client was told at first, and the answer to each call: whether it is an error, and its text."""
    done = subprocess.run([PYTHON, "-B", str(ROOT / "tests/mcp/client.py"), VITRINE], input="".join(json.dumps(call) + "\n" for call in calls),
        capture_output=True, text=True, timeout=SECONDS)
    if done.returncode != 0:
        raise AssertionError(done.stdout + done.stderr)
    first, *answers = map(json.loads, done.stdout.splitlines())
    return first, answers


class Agents(unittest.TestCase):
    def test_a_whole_session(self):
        wasm = compile_guest(SHAPES, "-O0")
        steps = [
            ("state", {}, "!there is no program: `start` one"),
            ("start", {"program": str(wasm), "args": ["named"]}, r"_start"),
            ("breakpoint", {"place": "area", "condition": "shape->height == 6"}, r"^breakpoint 1: area at shapes\.c:\d+, if shape->height == 6$"),
            ("continue", {}, "^the program is running"),
            ("state", {"wait": 10}, rf"breakpoint 1(?s:.*)area\(.*shapes\.c:{line_of(SHAPES, 'area')}"),
            ("evaluate", {"expression": "shape->width * shape->height"}, r"^240$"),
            ("evaluate", {"expression": "value", "frame": 1}, r"^0$"),
            ("evaluate", {"expression": "nonsense"}, r"!nonsense"),
            ("read", {"address": "&sizes", "length": 4}, r"^0x0*[0-9a-f]+  0a 00 00 00"),
            ("command", {"line": "info locals\nbt 2"}, r"^result = 0\n(?s:.*)#1 apply"),
            ("command", {"line": "finish"}, r"apply\("),
            ("command", {"line": "set total = 1000"}, r"^$"),
            ("command", {"line": "run"}, "!is not possible here"),
            # A definition without an end does not take the next lines.
            ("command", {"line": "define mine"}, ""),
            ("command", {"line": "delete"}, r"^deleted 1$"),
            ("continue", {}, "running"),
            ("state", {"wait": 10}, r"exited(?s:.*)Output of the program:\nnamed: 240 92 \d+ \d+\n$"),
            ("evaluate", {"expression": "total"}, "!the program has ended"),
            ("stop", {}, "there is no program now"),
            ("evaluate", {"expression": "total"}, "!there is no program"),
        ]
        (hello, tools), answers = use_client(*((tool, arguments) for tool, arguments, _ in steps))
        self.assertEqual(hello["serverInfo"]["name"], "vitrine")
        self.assertEqual([tool["name"] for tool in tools], TOOLS)
        self.assertEqual(tools[0]["inputSchema"]["required"], ["program"])
        for (tool, arguments, pattern), (is_error, text) in zip(steps, answers, strict=True):
            with self.subTest(tool=tool, arguments=arguments):
                self.assertEqual(is_error, pattern.startswith("!"), text)
                self.assertRegex(text, re.compile(pattern.removeprefix("!"), re.MULTILINE))

    def test_a_program_that_does_not_end(self):
        _, answers = use_client(("start", {"program": str(compile_guest("endless.c", "-O0"))}), ("continue", {}), ("state", {"wait": 1}),
            ("evaluate", {"expression": "turns"}), ("interrupt", {}), ("evaluate", {"expression": "turns > 0"}), ("continue", {}),
            ("start", {"program": "nothing.wasm"}), ("state", {}))
        self.assertEqual([is_error for is_error, _ in answers], [False, False, False, True, False, False, False, True, True], answers)
        self.assertRegex(answers[2][1], r"^the program is running\nOutput of the program:\nturning\n$")
        self.assertIn("`interrupt` stops it", answers[3][1])
        self.assertRegex(answers[5][1], "^(1|true)$")
        self.assertIn("nothing.wasm", answers[7][1])


class Messages(unittest.TestCase):
    def answers(self, data, status=0):
        """The answers to these bytes, in pieces, up to the end of the stream."""
        with subprocess.Popen([VITRINE, "mcp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
            try:
                server.stdin.write(data)
                server.stdin.close()
            except BrokenPipeError:
                pass
            lines = server.stdout.read().splitlines()
            self.assertEqual(server.wait(SECONDS), status)
        return [json.loads(line) for line in lines]

    def test_errors_of_the_protocol(self):
        ping = {"jsonrpc": "2.0", "id": 7, "method": "ping"}
        call = {"jsonrpc": "2.0", "id": "x", "method": "tools/call"}
        cases = [
            (b"{", -32700, None), (b"", -32700, None), (b"\xff\x00\x01", -32700, None), (b"[" * 5000, -32700, None),
            ([ping], -32600, None), (7, -32600, None), ({"id": 7}, -32600, 7), ({**ping, "jsonrpc": "1.0"}, -32600, 7),
            ({**ping, "id": None}, -32600, None), ({**ping, "id": {}}, -32600, None), ({**ping, "method": 3}, -32600, 7),
            ({**ping, "method": "resources/list"}, -32601, 7), ({**ping, "params": [1]}, -32602, 7),
            (call, -32602, "x"), ({**call, "params": {"name": "fly"}}, -32602, "x"), ({**call, "params": {"name": 3}}, -32602, "x"),
            ({**call, "params": {"name": "state", "arguments": 3}}, -32602, "x"),
        ]
        lines = [case if isinstance(case, bytes) else json.dumps(case).encode() for case, _, _ in cases]
        silent = [json.dumps(each).encode() for each in ({"jsonrpc": "2.0", "method": "notifications/initialized"}, {"jsonrpc": "2.0", "id": 1, "result": {}})]
        answers = self.answers(b"\n".join([*silent, *lines, json.dumps(ping).encode()]) + b"\n{\"part")
        self.assertEqual(answers.pop(), {"jsonrpc": "2.0", "id": 7, "result": {}})
        for (case, code, id), answer in zip(cases, answers, strict=True):
            with self.subTest(case=str(case)[:80]):
                self.assertEqual((answer["error"]["code"], answer["id"]), (code, id))

    def test_arguments_of_other_types_are_errors_of_the_tool(self):
        calls = [("start", {}), ("start", {"program": 3}), ("start", {"program": "x", "args": "y"}), ("start", {"program": "\x00\n"}),
            ("breakpoint", {"place": []}), ("state", {"wait": "long"}), ("read", {"address": 7}), ("command", {"line": None})]
        lines = [json.dumps({"jsonrpc": "2.0", "id": i, "method": "tools/call", "params": {"name": name, "arguments": arguments}})
            for i, (name, arguments) in enumerate(calls)]
        answers = self.answers("\n".join(lines).encode() + b"\n")
        self.assertEqual([answer["result"]["isError"] for answer in answers], [True] * len(calls), answers)

    def test_a_message_that_is_too_long(self):
        answers = self.answers(b"x" * (8 << 20) + b"xx\n", 1)
        self.assertEqual([answer["error"]["code"] for answer in answers], [-32700])

    def test_damaged_messages(self):
        random.seed(18)
        start = {"name": "start", "arguments": {"program": str(compile_guest(SHAPES, "-O0"))}}
        base = b"".join(json.dumps({"jsonrpc": "2.0", "id": i, "method": "tools/call", "params": params}).encode() + b"\n" for i, params in enumerate(
            [start, {"name": "breakpoint", "arguments": {"place": "area"}}, {"name": "continue"}, {"name": "state", "arguments": {"wait": 1}},
                {"name": "command", "arguments": {"line": "bt"}}]))
        for _ in range(20):
            damaged = bytearray(base)
            for _ in range(random.randrange(1, 8)):
                at = random.randrange(len(damaged))
                damaged[at:at + random.randrange(3)] = random.randbytes(random.randrange(3))
            for answer in self.answers(bytes(damaged)):
                self.assertEqual(answer["jsonrpc"], "2.0")

    def test_a_client_that_vanishes_takes_the_program_along(self):
        with subprocess.Popen([VITRINE, "mcp"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
            for i, (name, arguments) in enumerate([("start", {"program": str(compile_guest("endless.c", "-O0"))}), ("continue", {})]):
                message = {"jsonrpc": "2.0", "id": i, "method": "tools/call", "params": {"name": name, "arguments": arguments}}
                server.stdin.write(json.dumps(message).encode() + b"\n")
                server.stdin.flush()
                server.stdout.readline()
            begin = time.monotonic()
            server.stdin.close()
            self.assertEqual(server.wait(SECONDS), 0)
            self.assertLess(time.monotonic() - begin, 15)


if __name__ == "__main__":
    unittest.main()
