#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares the ABI of the C API with abi.txt: functions, structs with the offsets of their members,
enumerations with their values, and typedefs. Programs that were compiled with older headers depend
on them. VITRINE_BLESS=1 rewrites the file.

The headers are compiled with a body for each function that they declare, and debug information.
`abidw` (Debian package abigail-tools) describes the result, as it would the library itself, which
has no debug information."""

import argparse
import difflib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml

HERE = pathlib.Path(__file__).parent
EXPECTED = HERE / "abi.txt"
PREFIX = "vitrine_|wasm_"
DECLARATION = re.compile(r'(__attribute__\s*\(\(visibility\("default"\)\)\)[^;{}]*\))\s*;')
# Changes of a header that must be noticed, and what changes in the description.
CHANGES = [
    ("vitrine/session.h", "    uint64_t every;\n", "    uint32_t every;\n", "struct vitrine_breakpoint_options_t"),
    ("vitrine/session.h", "    uint64_t ignore_count;\n", "", "struct vitrine_watchpoint_options_t"),
    ("vitrine/entity.h", "vitrine_memory_can_move(const", "vitrine_memory_can_go(const", "vitrine_memory_can_move("),
    ("vitrine/module.h", "const void* bytes, size_t size, own", "void* bytes, size_t size, own", "vitrine_module_new("),
    ("vitrine/session.h", "VITRINE_STOP_ENTRY,", "VITRINE_STOP_ENTRY = 1,", "enum vitrine_stop_kind_enum"),
    ("vitrine/session.h", "typedef uint8_t vitrine_stop_kind_t", "typedef int vitrine_stop_kind_t",
     "typedef vitrine_stop_kind_t"),
]
DUMP = ["--no-show-locs", "--no-comp-dir-path", "--no-corpus-path", "--no-architecture", "--load-all-types",
        "--no-parameter-names"]


def definitions(cc, include):
    """The headers as C, with a body for each function."""
    headers = ["wasm.h", "vitrine.h", *sorted(f"vitrine/{path.name}" for path in include.glob("vitrine/*.h"))]
    text = "".join(f"#include <{header}>\n" for header in headers)
    text = subprocess.run([cc, "-E", "-P", "-x", "c", f"-I{include}", "-"], input=text, text=True,
                          capture_output=True, check=True).stdout
    # abidw forgets the `const` of `const void`, so it gets another type.
    text = re.sub(r"\bconst void\b", "const struct anything", text)
    text, count = DECLARATION.subn(r"\1 { __builtin_trap(); }", text)
    assert count > 500, count
    return "struct anything;\n" + text


def describe(cc, abidw, include):
    with tempfile.TemporaryDirectory() as folder:
        source, library, dump = (pathlib.Path(folder) / name for name in ("api.c", "api.so", "api.abi"))
        source.write_text(definitions(cc, include))
        # C23 allows parameters without names in definitions.
        subprocess.run([cc, "-std=c2x", "-g", "-O0", "-w", "-fPIC", "-shared", "-fno-eliminate-unused-debug-types",
                        "-o", library, source], check=True)
        subprocess.run([abidw, *DUMP, "--out-file", dump, library], check=True)
        return Abi(xml.parse(dump).getroot()).lines()


class Abi:
    """What abidw says, as one line for each thing that the API has."""

    def __init__(self, root):
        self.instr = root.find("abi-instr")
        self.types = {}
        for node in self.instr.iter():
            if "id" in node.attrib:
                self.types.setdefault(node.get("id"), node)

    def name(self, identity):
        node = self.types[identity]
        if node.tag == "pointer-type-def":
            target = self.types[node.get("type-id")]
            if target.tag == "function-type":
                return f"{self.result(target)} (*)({self.params(target)})"
            return self.name(node.get("type-id")) + "*"
        if node.tag == "qualified-type-def":
            inner = self.name(node.get("type-id"))
            return f"{inner} const" if inner.endswith("*") else f"const {inner}"
        if node.tag == "array-type-def":
            return f"{self.name(node.get('type-id'))}[{node.find('subrange').get('length')}]"
        if node.tag == "function-type":
            return f"{self.result(node)} ({self.params(node)})"
        name = node.get("name")
        return "void" if name == "anything" else name or f"unnamed {node.tag}"

    def params(self, node):
        return ", ".join("..." if param.get("is-variadic") else self.name(param.get("type-id"))
                         for param in node.findall("parameter"))

    def result(self, node):
        return self.name(node.find("return").get("type-id"))

    def members(self, node):
        """Offsets and types of the members; an unnamed member has its own in braces."""
        members = []
        for member in node.findall("data-member"):
            variable = member.find("var-decl")
            kind = self.types[variable.get("type-id")]
            inner = self.name(variable.get("type-id"))
            if kind.tag in ("union-decl", "class-decl") and kind.get("is-anonymous"):
                inner = f"{kind.tag.removesuffix('-decl')} {{ {self.members(kind)} }}"
            offset = int(member.get("layout-offset-in-bits", "0"))
            assert offset % 8 == 0, "bit fields are not described"
            members.append(f"{offset // 8}: {inner} {variable.get('name')}")
        return "; ".join(members)

    def line(self, node):
        name = node.get("name")
        if node.tag == "function-decl":
            return f"function {self.result(node)} {name}({self.params(node)})"
        if node.tag in ("class-decl", "union-decl"):
            word = "struct" if node.tag == "class-decl" else "union"
            if node.get("is-declaration-only"):
                return f"{word} {name}, opaque"
            return f"{word} {name}, {int(node.get('size-in-bits')) // 8} bytes: {self.members(node)}"
        if node.tag == "enum-decl":
            values = ", ".join(f"{each.get('name')} = {each.get('value')}" for each in node.findall("enumerator"))
            return f"enum {name}: {values}"
        if node.tag == "typedef-decl" and self.name(node.get("type-id")) != name:
            return f"typedef {name}: {self.name(node.get('type-id'))}"
        return None

    def lines(self):
        named = sorted((node for node in self.instr if re.match(PREFIX, node.get("name", ""))),
                       key=lambda node: (node.get("name"), node.tag))
        return list(dict.fromkeys(line for line in map(self.line, named) if line))


def notices(cc, abidw, include, known):
    """Fails for a change that the description does not show."""
    for header, old, new, what in CHANGES:
        with tempfile.TemporaryDirectory() as folder:
            copy = pathlib.Path(folder) / "include"
            shutil.copytree(include, copy)
            text = (copy / header).read_text()
            assert old in text, (header, old)
            (copy / header).write_text(text.replace(old, new))
            lost = set(known) - set(describe(cc, abidw, copy))
            assert any(what in line for line in lost), f"{header}: {old!r} -> {new!r} is not noticed"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--include", required=True, type=pathlib.Path)
    parser.add_argument("--cc", required=True)
    parser.add_argument("--abidw", required=True)
    args = parser.parse_args()
    actual = describe(args.cc, args.abidw, args.include)
    if os.environ.get("VITRINE_BLESS"):
        EXPECTED.write_text("\n".join(actual) + "\n")
    expected = EXPECTED.read_text().splitlines()
    if actual == expected:
        notices(args.cc, args.abidw, args.include, actual)
        print(f"{len(actual)} functions and types")
        return 0
    changes = [line for line in difflib.unified_diff(expected, actual, lineterm="", n=0)
               if not line.startswith(("---", "+++", "@@"))]
    print("\n".join(changes))
    print("\nThe ABI of the C API differs from tests/capi/abi.txt.")
    if any(line.startswith("-") for line in changes):
        print("Programs that were compiled with the former headers may break.")
    print("To accept this, run VITRINE_BLESS=1 ctest --preset release -R ^capi.abi$, and commit the file.")
    return 1


if __name__ == "__main__":
    sys.exit(main())
