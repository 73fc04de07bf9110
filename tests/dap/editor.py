# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""An editor: it starts `vitrine dap`, and speaks the Debug Adapter Protocol with it."""

import atexit
import json
import os
import pathlib
import subprocess
import sys
import threading
import time

import protocol_types

VITRINE = os.environ["VITRINE"]
PATIENCE = 60
# None if they cannot be fetched: messages are not checked then.
TYPES = protocol_types.load()
# What an editor that has everything says of itself.
ABILITIES = {name: True for name in ("supportsVariableType", "supportsVariablePaging", "supportsMemoryReferences",
    "supportsProgressReporting", "supportsInvalidatedEvent", "supportsMemoryEvent")}

# What of the protocol this program uses with success: see coverage.py.
USED = set()


@atexit.register
def write_used():
    if folder := os.environ.get("VITRINE_DAP_USED"):
        file = pathlib.Path(folder) / f"{pathlib.Path(sys.argv[0]).stem}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(f"{line}\n" for line in sorted(USED)), errors="replace")


def uses_of(path, value):
    """`evaluate.format.hex`, `stackTrace.levels`, `evaluate.context=hover`"""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from uses_of(f"{path}.{name}", each)
        return
    if isinstance(value, list):
        for each in value:
            yield from uses_of(path, each)
        return
    yield path
    if isinstance(value, (str, bool)) and len(str(value)) < 30 and "\n" not in str(value):
        yield f"{path}={value}"


class Editor:
    """The adapter's messages, in order. `at` is where the next event is looked for."""

    # Whether it is Vitrine's, whose messages must be exactly those of the protocol. Others number
    # theirs otherwise.
    is_ours = True

    def __init__(self, options=(), streams=None, **abilities):
        """With `streams`, a pair of binary files to read from and to write to, nothing is started.
        `abilities` are further ones of the client."""
        self.abilities = abilities
        self.process = None
        if not streams:
            self.process = subprocess.Popen([VITRINE, "dap", *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE)
            streams = self.process.stdout, self.process.stdin
        self.input, self.output = streams
        self.sent = self.received = 0
        self.messages = []
        self.asked = {}
        self.problem = None
        self.columns = ()
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
                self.messages.append(message)
                if self.is_ours:
                    self.problem = self.problem or self._check(message)
                self.changed.notify_all()
        with self.changed:
            self.has_ended = True
            self.changed.notify_all()

    def _check(self, message):
        """What is wrong with a message of the adapter, or None."""
        self.received += 1
        if message["seq"] != self.received:
            return f"not number {self.received}: {message}"
        body = message.get("body", {})
        if message["type"] == "event":
            USED.update((f"event {message['event']}", *uses_of(f"event {message['event']}", body)))
        elif message["type"] == "response" and message["success"]:
            command, arguments = self.asked.get(message["request_seq"], (message["command"], {}))
            USED.update((f"request {command}", *uses_of(command, arguments), *uses_of(f"answer {command}", body)))
            if command == "initialize":
                self.columns = [each["attributeName"] for each in body.get("additionalModuleColumns", [])]
        return TYPES and TYPES.check(message, self.columns)

    def _await(self, fits, what, start=0):
        deadline = time.monotonic() + PATIENCE
        number = start
        with self.changed:
            while True:
                if self.problem:
                    raise AssertionError(self.problem)
                for number in range(number, len(self.messages)):
                    if fits(self.messages[number]):
                        return number, self.messages[number]
                number = max(start, len(self.messages))
                left = deadline - time.monotonic()
                if self.has_ended or left < 0 or not self.changed.wait(left):
                    last = "\n".join(json.dumps(message)[:1000] for message in self.messages[-30:])
                    raise AssertionError(f"vitrine never sent {what}. Its last messages:\n{last}")

    def send_bytes(self, data):
        self.output.write(data)
        self.output.flush()

    def send(self, command, **arguments):
        self.sent += 1
        request = {"seq": self.sent, "type": "request", "command": command}
        if arguments:
            request["arguments"] = arguments
        self.asked[self.sent] = command, arguments
        self.send_message(request)
        return self.sent

    def send_message(self, message):
        body = json.dumps(message).encode()
        self.send_bytes(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

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
        capabilities = self.ask("initialize", adapterID="vitrine", **{**ABILITIES, **self.abilities})
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
        if self.problem:
            raise AssertionError(self.problem)
        errors = self.process.stderr.read().decode()
        self.process.stderr.close()
        self.input.close()
        return status, errors
