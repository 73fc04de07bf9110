#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Each public header compiles by itself with both compilers, both language standards, and
without exceptions."""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = ROOT / "include"
OPTIONS = ["-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-x", "c++", "-"]
HEADERS = sorted(f"vitrine/{path.name}" for path in (INCLUDE / "vitrine").glob("*.hpp"))
# The headers that embedders include. They include the others, which therefore need no third pass.
WHOLE = ["vitrine/vitrine.hpp", "vitrine/wasi.hpp", "vitrine/debugger.hpp"]
PASSES = [
    (HEADERS, ["g++", "-std=c++20", "-fno-exceptions", "-fvisibility=hidden"]),
    (HEADERS, ["clang++-22", "-std=c++23"]),
    (WHOLE, ["g++", "-std=c++23"]),
    (WHOLE, ["clang++-22", "-std=c++20", "-fno-exceptions", "-fvisibility=hidden"]),
]
MACRO = re.compile(r"^\s*#\s*define\s+(\w+)", re.MULTILINE)
ALLOWED_MACRO = re.compile(r"VITRINE_(API|VERSION_(MAJOR|MINOR|PATCH))")


def main():
    failed = []
    for headers, compiler in PASSES:
        for header in headers:
            run = subprocess.run([*compiler, f"-I{INCLUDE}", *OPTIONS], input=f"#include <{header}>\n",
                                 text=True, capture_output=True)
            if run.returncode != 0:
                failed.append(f"{' '.join(compiler)}: {header}\n{run.stderr}")
    for header in HEADERS:
        text = (INCLUDE / header).read_text()
        for macro in MACRO.findall(text):
            if not ALLOWED_MACRO.fullmatch(macro) and f"#undef {macro}\n" not in text:
                failed.append(f"{header} defines the macro {macro}")
    print("\n".join(failed) or f"{len(HEADERS)} headers")
    return 1 if failed or not HEADERS else 0


if __name__ == "__main__":
    sys.exit(main())
