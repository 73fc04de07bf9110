#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""exports_test.py LIBRARY: the shared library exports what the public headers mark with
VITRINE_API, and nothing else. Those of the C API are for tests/capi/header_test.py."""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CLASS = re.compile(r"\b(?:class|struct) VITRINE_API (\w+)")
FUNCTION = re.compile(r"\bVITRINE_API [\w:<>&*, ]*?\b(operator==|\w+)\(")


def exported(library):
    """The names of its symbols, with their scopes and without parameters."""
    output = subprocess.run(["nm", "--dynamic", "--defined-only", "--demangle", library],
                            text=True, capture_output=True, check=True).stdout
    names = [line.split(maxsplit=2)[2] for line in output.splitlines()]
    names = [name for name in names if not name.startswith(("wasm_", "vitrine_"))]
    return {re.sub(r"\(.*|\[abi:\w+\]", "", name) for name in names}


def main():
    text = "\n".join(path.read_text() for path in sorted((ROOT / "include" / "vitrine").glob("*.hpp")))
    text = re.sub(r"^#.*", "", text, flags=re.MULTILINE)
    classes, functions = set(CLASS.findall(text)), set(FUNCTION.findall(text))
    errors, used = [], set()
    for name in sorted(exported(sys.argv[1])):
        scopes = name.split("::")
        inner = [scope for scope in scopes[1:-1] if scope not in ("debug", "detail")]
        marked = inner[0] if inner and inner[0] in classes else scopes[-1] if not inner else None
        if inner == ["WasiConfig"]:
            marked = scopes[-1]  # a class in which only this function is not inline
        if scopes[0] != "vitrine" or "core" in scopes or marked not in classes | functions:
            errors.append(f"exports {name}, which no public header marks")
        used.add(marked)
    errors += [f"does not export {name}, which a public header marks" for name in sorted((classes | functions) - used)]
    print("\n".join(errors) or f"{len(used)} classes and functions")
    return 1 if errors or not used else 0


if __name__ == "__main__":
    sys.exit(main())
