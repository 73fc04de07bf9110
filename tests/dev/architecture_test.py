#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""tools/check_architecture.py reports every violation that it should: each rule is broken once,
in a copy of the tree."""

import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PARTS = ["ARCHITECTURE.md", "tools", "src", "include", "tests", "examples"]

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


def check(tree):
    done = subprocess.run([sys.executable, tree / "tools" / "check_architecture.py"], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def main():
    failures = 0
    with tempfile.TemporaryDirectory() as work:
        tree = pathlib.Path(work)
        for part in PARTS:
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            copy(ROOT / part, tree / part)
        status, said = check(tree)
        if status != 0:
            failures += 1
            print(f"the tree as it is: {said}")
        for name, line, expected in VIOLATIONS:
            file = tree / name
            before = file.read_text()
            file.write_text(f"{before}\n{line}\n")
            status, said = check(tree)
            file.write_text(before)
            if status != 1 or expected not in said:
                failures += 1
                print(f"{name} with '{line}': expected '{expected}', got {status}: {said}")
    print(f"{len(VIOLATIONS) + 1} trees, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
