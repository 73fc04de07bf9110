#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks the headers of the C API: compilers of C and C++ take each without warnings, the shared
library exports their functions and no others of those prefixes, and each is called by a test."""

import argparse
import pathlib
import re
import subprocess
import sys

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]
NAME = r"(?:wasm|vitrine)_\w+"


def include_lines(headers):
    return "".join(f"#include <{header}>\n" for header in headers)


def compile_alone(compiler, language, standard, include, header):
    command = [compiler, f"-std={standard}", "-x", language, f"-I{include}", *WARNINGS, "-"]
    # A header may have nothing but macros; C wants a declaration.
    subprocess.run(command, input=include_lines([header, header]) + "extern int declared;\n", text=True, check=True)


def declared(compiler, include, headers):
    """The functions that the headers declare, without those that they define."""
    text = subprocess.run([compiler, "-E", "-P", "-x", "c", f"-I{include}", "-"], input=include_lines(headers),
                          text=True, capture_output=True, check=True).stdout
    return set(re.findall(rf'visibility\("default"\)\)\)[^;{{]*?\b({NAME})\s*\(', text))


def symbols(nm, *arguments):
    text = subprocess.run([nm, *arguments], text=True, capture_output=True, check=True).stdout
    return set(re.findall(rf"\b({NAME})$", text, re.MULTILINE))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--include", required=True, type=pathlib.Path)
    for option in ("cc", "cxx", "nm"):
        parser.add_argument("--" + option, required=True)
    parser.add_argument("--library", help="the shared library, if it is built")
    parser.add_argument("objects", nargs="+")
    args = parser.parse_args()
    headers = ["wasm.h", "vitrine.h", *sorted(f"vitrine/{path.name}" for path in args.include.glob("vitrine/*.h"))]
    for header in headers:
        for standard in ("c11", "c17"):
            compile_alone(args.cc, "c", standard, args.include, header)
        for standard in ("c++11", "c++20"):
            compile_alone(args.cxx, "c++", standard, args.include, header)
    functions = declared(args.cc, args.include, headers)
    assert len(functions) > 250, len(functions)
    missing = sorted(functions - symbols(args.nm, "--undefined-only", *args.objects))
    for name in missing:
        print(f"no test calls {name}")
    if args.library:
        difference = sorted(functions ^ symbols(args.nm, "--dynamic", "--defined-only", args.library))
        for name in difference:
            print(f"{name} is either not exported, or in no header")
        missing += difference
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
