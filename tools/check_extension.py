#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares the VS Code extension with the sources that it derives from.

- The attributes of launch and attach configurations in editors/vscode/package.json have the type
  and description of their rows in src/dap/launch.inc and attach.inc, in the same order. They may
  have more: a default, the values to choose from. `name` is missing: VS Code has it itself.
- The version is that of include/vitrine/version.h.

With --write, it corrects package.json.
"""

import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "editors" / "vscode" / "package.json"
REQUESTS = ["launch", "attach"]
ROW = re.compile(r'^ATTRIBUTE\(\w+, "(\w+)", (\w+), "((?:[^"\\]|\\.)*)"\)$', re.MULTILINE)
TEXT_OR_NULL = {"type": ["string", "null"]}
TYPES = {
    "Text": {"type": "string"},
    "Texts": {"type": "array", "items": {"type": "string"}},
    "TextMap": {"type": "object", "additionalProperties": TEXT_OR_NULL},
    "Flag": {"type": "boolean", "default": False},
    "Number": {"type": "integer"},
    "TextOrNumber": {"type": ["string", "integer"]},
}


def attributes(request, now):
    """The properties that REQUEST.inc wants; whatever else `now` has in them stays."""
    wanted = {}
    for name, kind, summary in ROW.findall((ROOT / "src" / "dap" / f"{request}.inc").read_text()):
        if name != "name":
            text = json.loads(f'"{summary}"')
            wanted[name] = {**TYPES[kind], **now.get(name, {}), **TYPES[kind], "markdownDescription": text}
    return wanted


def version():
    return ".".join(re.findall(r"#define VITRINE_VERSION_\w+ (\d+)", (ROOT / "include" / "vitrine" / "version.h").read_text()))


def main():
    text = PACKAGE.read_text()
    package = json.loads(text)
    package["version"] = version()
    (debugger,) = package["contributes"]["debuggers"]
    described = debugger["configurationAttributes"]
    for request in REQUESTS:
        if (ROOT / "src" / "dap" / f"{request}.inc").exists():
            entry = described.setdefault(request, {})
            entry["properties"] = attributes(request, entry.get("properties", {}))
    right = json.dumps(package, indent=2) + "\n"
    if "--write" in sys.argv:
        PACKAGE.write_text(right)
    elif text != right:
        print("editors/vscode/package.json differs from its sources: run tools/check_extension.py --write")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
