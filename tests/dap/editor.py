# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""An editor: it starts `vitrine dap`, and speaks the Debug Adapter Protocol with it."""

import json
import os
import subprocess
import threading
import time

VITRINE = os.environ["VITRINE"]
PATIENCE = 60


class Editor:
    """The adapter's messages, in order. `at` is where the next event is looked for."""

    # Whether the adapter numbers its messages from 1, as the protocol wants.
    are_numbered = True

    def __init__(self, options=(), streams=None):
        """With `streams`, a pair of binary files to read from and to write to, nothing is started."""
        self.process = None
        if not streams:
            self.process = subprocess.Popen([VITRINE, "dap", *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE)
            streams = self.process.stdout, self.process.stdin
        self.input, self.output = streams
        self.sent = 0
        self.messages = []
        self.at = 0
        self.has_ended = False
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        while header := self.input.readline():
            length = int(header.removeprefix(b"Content-Length:"))
            assert self.input.readline() == b"\r\n"
            message = json.loads(self.input.read(length))
            with self.changed:
                assert not self.are_numbered or message["seq"] == len(self.messages) + 1, message
                self.messages.append(message)
                self.changed.notify_all()
        with self.changed:
            self.has_ended = True
            self.changed.notify_all()

    def _await(self, fits, what, start=0):
        deadline = time.monotonic() + PATIENCE
        with self.changed:
            while True:
                for number, message in enumerate(self.messages[start:], start):
                    if fits(message):
                        return number, message
                left = deadline - time.monotonic()
                if self.has_ended or left < 0 or not self.changed.wait(left):
                    last = "\n".join(map(json.dumps, self.messages[-30:]))
                    raise AssertionError(f"vitrine never sent {what}. Its last messages:\n{last}")

    def send_bytes(self, data):
        self.output.write(data)
        self.output.flush()

    def send(self, command, **arguments):
        self.sent += 1
        request = {"seq": self.sent, "type": "request", "command": command}
        if arguments:
            request["arguments"] = arguments
        body = json.dumps(request).encode()
        self.send_bytes(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        return self.sent

    def answer(self, request):
        return self._await(lambda m: m["type"] == "response" and m["request_seq"] == request, f"an answer to {request}")[1]

    def ask(self, command, **arguments):
        answer = self.answer(self.send(command, **arguments))
        if not answer["success"]:
            raise AssertionError(f"{command} {arguments}: {answer}")
        return answer.get("body", {})

    def refused(self, command, **arguments):
        """The sentence of a failed response."""
        answer = self.answer(self.send(command, **arguments))
        if answer["success"]:
            raise AssertionError(f"{command} {arguments} should have failed: {answer}")
        return answer["message"]

    def event(self, name, **values):
        """The body of the next such event after the last one that was awaited."""
        def fits(message):
            body = message.get("body", {})
            return message["type"] == "event" and message["event"] == name and all(body.get(k) == v for k, v in values.items())
        number, message = self._await(fits, f"{name} {values}", self.at)
        self.at = number + 1
        return message.get("body", {})

    def output_text(self, category="stdout"):
        """All output so far."""
        with self.changed:
            return "".join(message["body"]["output"] for message in self.messages
                if message["type"] == "event" and message["event"] == "output" and message["body"]["category"] == category)

    # -- What editors do

    def launch(self, program, **attributes):
        """Up to where breakpoints can be set. Returns the capabilities."""
        capabilities = self.ask("initialize", adapterID="vitrine", supportsInvalidatedEvent=True)
        self.ask("launch", program=str(program), **attributes)
        self.event("initialized")
        return capabilities

    def stop(self, **values):
        return self.event("stopped", **values)

    def frames(self, thread=1, **arguments):
        return self.ask("stackTrace", threadId=thread, **arguments)["stackFrames"]

    def scopes(self, frame=None):
        """The references of the scopes, by name."""
        frame = frame or self.frames()[0]["id"]
        return {scope["name"]: scope["variablesReference"] for scope in self.ask("scopes", frameId=frame)["scopes"]}

    def variables(self, reference, **arguments):
        """The variables by name."""
        return {each["name"]: each for each in self.ask("variables", variablesReference=reference, **arguments)["variables"]}

    def evaluate(self, text, context="watch", **arguments):
        return self.ask("evaluate", expression=text, context=context, **arguments)["result"]

    def where(self):
        """`deposit:25`"""
        frame = self.frames()[0]
        return f"{frame['name']}:{frame['line']}"

    def finish(self):
        """Disconnects. Returns the status of the adapter and what it printed."""
        if not self.has_ended:
            self.ask("disconnect")
        self.output.close()
        if not self.process:
            return None
        try:
            status = self.process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self.reader.join(timeout=PATIENCE)
        errors = self.process.stderr.read().decode()
        self.process.stderr.close()
        self.input.close()
        return status, errors
