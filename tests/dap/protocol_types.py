# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The types of the Debug Adapter Protocol, read from debugProtocol.d.ts of the npm package
@vscode/debugprotocol, and a check of messages against them. It is stricter than the protocol: a
member that the types do not have is an error, as it is most likely misspelled."""

import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "tools"))

import bench  # noqa: E402

PACKAGE = "@vscode/debugprotocol@1.68.0"
TOKEN = re.compile(r"'[^']*'|\[\]|[\w$]+|[{}()\[\]|;:?=]")


class Types:
    """Types are tuples: ("name", NAME), ("literal", TEXT), ("array", TYPE), ("union", TYPES) and
    ("object", MEMBERS, TYPE of all other members or None), where MEMBERS are by name (TYPE, whether
    it is required)."""

    def __init__(self, text):
        # The values of `event` and `command` are in comments.
        text = re.sub(r"// (event|command): ('\w+');", r"@\1: \2;", text)
        text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
        text = re.sub(r"//.*", "", text).replace("@", "$")
        self.tokens = TOKEN.findall(text[text.index("{") + 1:])
        self.named, self.events, self.requests = {}, {}, {}
        while self.tokens[0] != "}":
            self._declaration()

    # -- Reading

    def _next(self, expected=None):
        token = self.tokens.pop(0)
        assert expected in (None, token), (expected, token, self.tokens[:10])
        return token

    def _declaration(self):
        word, name = self._next(), self._next()
        if word == "type":
            self._next("=")
            self.named[name] = self._type()
            self._next(";")
            return
        assert word == "interface", word
        base = None
        if self.tokens[0] == "extends":
            self._next()
            base = self._next()
        _, members, others = self._object()
        for kind, table in (("$event", self.events), ("$command", self.requests)):
            if kind in members:
                table[members.pop(kind)[0][1]] = name
        if base:
            members = {**self.named[base][1], **members}
        self.named[name] = ("object", members, others)

    def _object(self):
        members, others = {}, None
        self._next("{")
        while self.tokens[0] != "}":
            name = self._next()
            if name == "[":
                self._next(), self._next(":"), self._next("string"), self._next("]"), self._next(":")
                others = self._type()
            else:
                is_required = self.tokens[0] != "?"
                if not is_required:
                    self._next()
                self._next(":")
                members[name] = (self._type(), is_required)
            self._next(";")
        self._next("}")
        return ("object", members, others)

    def _type(self):
        choices = [self._choice()]
        while self.tokens[0] == "|":
            self._next()
            choices.append(self._choice())
        return choices[0] if len(choices) == 1 else ("union", choices)

    def _choice(self):
        if self.tokens[0] == "{":
            found = self._object()
        elif self.tokens[0] == "(":
            self._next()
            found = self._type()
            self._next(")")
        else:
            token = self._next()
            found = ("literal", token[1:-1]) if token.startswith("'") else ("name", token)
        while self.tokens[0] == "[]":
            self._next()
            found = ("array", found)
        return found

    # -- Checking

    def problem(self, value, wanted, path, extra=()):
        """What is wrong with a value, or None. `extra` are further members of modules."""
        kind = wanted[0]
        if kind == "name":
            simple = {"any": object, "string": str, "boolean": bool, "number": (int, float), "null": type(None),
                "object": dict}.get(wanted[1])
            if not simple:
                found = self.named[wanted[1]]
                if wanted[1] == "Module" and isinstance(value, dict):
                    value = {name: each for name, each in value.items() if name not in extra}
                return self.problem(value, found, path, extra)
            fits = isinstance(value, simple) and (wanted[1] != "number" or not isinstance(value, bool))
            return None if fits else f"{path} is {value!r}, and should be a {wanted[1]}"
        if kind == "literal":
            return None if value == wanted[1] else f"{path} is {value!r}, and should be {wanted[1]!r}"
        if kind == "union":
            problems = [self.problem(value, each, path, extra) for each in wanted[1]]
            return None if None in problems else problems[0]
        if kind == "array":
            if not isinstance(value, list):
                return f"{path} is no array"
            problems = (self.problem(each, wanted[1], f"{path}[{at}]", extra) for at, each in enumerate(value))
            return next(filter(None, problems), None)
        if not isinstance(value, dict):
            return f"{path} is no object"
        _, members, others = wanted
        for name, (member, is_required) in members.items():
            if name not in value:
                if is_required:
                    return f"{path}.{name} is missing"
            elif found := self.problem(value[name], member, f"{path}.{name}", extra):
                return found
        for name in value.keys() - members.keys():
            if not others:
                return f"{path}.{name} is not in the protocol"
            if found := self.problem(value[name], others, f"{path}.{name}", extra):
                return found
        return None

    def type_of(self, message):
        """The name of its type, or None if the protocol has no such message."""
        if message["type"] == "event":
            return self.events.get(message["event"])
        request = self.requests.get(message["command"])
        if message["type"] == "request":
            return request
        if message["success"] is False:
            return "ErrorResponse"
        return request and request.removesuffix("Request") + "Response"

    def check(self, message, extra=()):
        """What is wrong with a message, or None."""
        name = self.type_of(message)
        if not name:
            return f"the protocol has no such message: {message}"
        found = self.problem(message, ("name", name), name, extra)
        return found and f"{found}, in {message}"

    def arguments_of(self, command):
        """The type of a request's arguments, or None."""
        members = self.named[self.requests[command]][1]
        return members["arguments"][0] if "arguments" in members else None


def load():
    """None if the package cannot be fetched: `./dev` does not install npm."""
    try:
        return Types((bench.npm_package(PACKAGE) / "lib" / "debugProtocol.d.ts").read_text())
    except (OSError, subprocess.CalledProcessError):
        return None
