#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""tools/check_architecture.py and tools/check_prose.py report every violation that they should: each
rule is broken once, in a copy of the tree."""

import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PARTS = ["ARCHITECTURE.md", "README.md", "docs", "tools", "src", "include", "tests", "examples", "editors"]

# A file, the text to append to it, and the expected error.
VIOLATIONS = [
    ("src/gdb/view.cpp", '#include "runtime/memory.h"', 'includes "runtime/memory.h", but gdb may not include runtime'),
    ("src/debug/session.cpp", '#include "interp/interpreter.h"', "debug may not include interp"),
    # Through a header that debug may include.
    ("src/exec/frame.h", '#include "exec/code.h"', 'reaches "exec/code.h" through'),
    ("src/base/text.h", "#include <boost/json.hpp>", "base may not use Boost"),
    ("src/exec/code.cpp", "static Record* last;", "knows control records (Record)"),
    ("src/debug/detour.cpp", "auto depth = thread.control;", "touches Thread::control, which belongs to exec and the tiers"),
    ("src/gdb/view.cpp", "auto sp = thread->state.sp;", "touches Thread::state, which belongs to exec and the tiers"),
    ("src/gdb/view.cpp", "auto at = memory->writable_base();", "writes guest state (writable_base) past runtime/mutation"),
    ("src/api/store.cpp", "store.grow(memory, 1);", "writes guest state (store.grow) past runtime/mutation"),
    ("src/wasm/types.h", "#include <vitrine/types.hpp>", "wasm may not include the public headers"),
    ("src/cli/wast.cpp", '#include "interp/interpreter.h"', "cli is not engine, which alone knows the tiers"),
    ("src/api_wasi/wasi.cpp", '#include "debug/session.h"', "api_wasi may not include debug"),
    ("include/vitrine/vitrine.hpp", '#include "base/text.h"', "which is neither public nor standard"),
]

# The same for prose. A line of code may be longer than a comment.
LONG = "x" * 100
PROSE_VIOLATIONS = [
    ("src/base/text.h", f"// {LONG}", "a comment of 103 columns"),
    ("src/base/text.h", f"int x; // {LONG[:93]}", "a comment of 103 columns"),
    ("docs/wasi.md", f"{LONG}x", "a line of 101 columns"),
    ("src/base/text.h", "/// Of a reference.", "begin with what it is"),
    ("tests/support/wat.h", "// Whoever reads this stands still.", "'Whoever': name who"),
    ("docs/wasi.md", "The guest stands still.", "'stands still': is stopped"),
]
# The same for the VS Code extension.
EXTENSION_VIOLATIONS = [
    ("src/dap/launch.inc", 'ATTRIBUTE(colour, "colour", Text, "The colour")', "package.json differs"),
    ("include/vitrine/version.h", "#define VITRINE_VERSION_BUILD 7", "package.json differs"),
]
# Not prose.
NO_VIOLATIONS = [
    ("src/base/text.cpp", f'constexpr auto text = "// {LONG}";'),
    ("docs/wasi.md", "    Whoever typed this is quoted."),
]


def check(tree, tool="check_architecture"):
    done = subprocess.run([sys.executable, tree / "tools" / f"{tool}.py"], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def main():
    failures = 0
    with tempfile.TemporaryDirectory() as work:
        tree = pathlib.Path(work)
        for part in PARTS:
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            copy(ROOT / part, tree / part)
        for tool in ("check_architecture", "check_prose", "check_extension"):
            status, said = check(tree, tool)
            if status != 0:
                failures += 1
                print(f"the tree as it is: {said}")
        trials = [("check_architecture", *row) for row in VIOLATIONS]
        trials += [("check_prose", *row) for row in PROSE_VIOLATIONS]
        trials += [("check_extension", *row) for row in EXTENSION_VIOLATIONS]
        trials += [("check_prose", *row, None) for row in NO_VIOLATIONS]
        for tool, name, line, expected in trials:
            file = tree / name
            before = file.read_text()
            file.write_text(f"{before}\n{line}\n")
            status, said = check(tree, tool)
            file.write_text(before)
            if status != (1 if expected else 0) or (expected or "") not in said:
                failures += 1
                print(f"{name} with '{line}': expected '{expected}', got {status}: {said}")
    print(f"{len(trials) + 1} trees, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
