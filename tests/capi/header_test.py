#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks wasm.h: compilers of C and C++ take it without warnings, the shared library exports its
functions and no others of that prefix, and each of them is called by a test."""

import argparse
import re
import subprocess
import sys

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]


def compile_alone(compiler, language, standard, include):
    source = "#include <wasm.h>\n#include <wasm.h>\n"
    command = [compiler, f"-std={standard}", "-x", language, f"-I{include}", *WARNINGS, "-"]
    subprocess.run(command, input=source, text=True, check=True)


def declared(compiler, include):
    """The functions that the header declares, without those that it defines."""
    text = subprocess.run([compiler, "-E", "-P", "-x", "c", f"-I{include}", "-"], input="#include <wasm.h>\n",
                          text=True, capture_output=True, check=True).stdout
    return set(re.findall(r'visibility\("default"\)\)\)[^;{]*?\b(wasm_\w+)\s*\(', text))


def exported(nm, library):
    text = subprocess.run([nm, "--dynamic", "--defined-only", library], text=True, capture_output=True,
                          check=True).stdout
    return set(re.findall(r"\b(wasm_\w+)$", text, re.MULTILINE))


def called(nm, objects):
    text = subprocess.run([nm, "--undefined-only", *objects], text=True, capture_output=True, check=True).stdout
    return set(re.findall(r"\b(wasm_\w+)$", text, re.MULTILINE))


def main():
    parser = argparse.ArgumentParser()
    for option in ("include", "cc", "cxx", "nm"):
        parser.add_argument("--" + option, required=True)
    parser.add_argument("--library", help="the shared library, if it is built")
    parser.add_argument("objects", nargs="+")
    args = parser.parse_args()
    for standard in ("c11", "c17"):
        compile_alone(args.cc, "c", standard, args.include)
    for standard in ("c++11", "c++20"):
        compile_alone(args.cxx, "c++", standard, args.include)
    functions = declared(args.cc, args.include)
    assert len(functions) > 250, len(functions)
    missing = sorted(functions - called(args.nm, args.objects))
    for name in missing:
        print(f"no test calls {name}")
    if args.library:
        difference = sorted(functions ^ exported(args.nm, args.library))
        for name in difference:
            print(f"{name} is either not exported, or not in the header")
        missing += difference
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
