#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The check of messages by the protocol's own types, which all tests with editor.py make."""

import unittest

import protocol_types

EVENT = {"seq": 1, "type": "event", "event": "stopped", "body": {"reason": "step", "threadId": 1, "hitBreakpointIds": [1]}}
ANSWER = {"seq": 2, "type": "response", "request_seq": 1, "command": "modules", "success": True,
    "body": {"modules": [{"id": 0, "name": "a.wasm", "producer": "clang"}]}}


class TypesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.types = protocol_types.load()
        if not cls.types:
            raise unittest.SkipTest(f"{protocol_types.PACKAGE}, whose types are needed, cannot be fetched")

    def problem(self, message, extra=()):
        return self.types.check(message, extra)

    def test_messages_of_the_protocol(self):
        self.assertGreater(len(self.types.named), 180)
        self.assertIsNone(self.problem(EVENT))
        self.assertIsNone(self.problem(ANSWER, ["producer"]))
        self.assertIsNone(self.problem({"seq": 1, "type": "response", "request_seq": 1, "command": "moon", "success": False,
            "message": "no", "body": {"error": {"id": 1, "format": "no", "showUser": False}}}))
        self.assertIsNone(self.problem({"seq": 1, "type": "request", "command": "runInTerminal",
            "arguments": {"cwd": "/", "args": ["a"], "env": {"A": None}}}))

    def test_other_messages(self):
        for change, text in (
                ({"event": "moon"}, "no such message"),
                ({"body": None}, "is no object"),
                ({"seq": "1"}, "should be a number"),
                ({"body": {}}, "reason is missing"),
                ({"body": {"reason": "step", "threadID": 1}}, "threadID is not in the protocol"),
                ({"body": {"reason": "step", "threadId": True}}, "should be a number"),
                ({"body": {"reason": "step", "hitBreakpointIds": [1, None]}}, "hitBreakpointIds[1] is None"),
                ({"body": {"reason": "step", "hitBreakpointIds": 1}}, "is no array")):
            self.assertIn(text, self.problem({**EVENT, **change}))
        self.assertIn("producer is not in the protocol", self.problem(ANSWER))
        self.assertIn("should be 'pending'", self.problem({"seq": 1, "type": "event", "event": "breakpoint",
            "body": {"reason": "new", "breakpoint": {"verified": False, "reason": "moon"}}}))


if __name__ == "__main__":
    unittest.main()
