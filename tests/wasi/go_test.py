#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Go's own tests of the packages that use files pass as WASI programs.

    go_test.py VITRINE [PACKAGE...]

They take minutes and only run with VITRINE_GO_TESTS=1. Skipped (status 77) otherwise, and if `go`
is missing.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

PACKAGES = ["os", "io/fs", "path/filepath"]


def check(vitrine, package, folder):
    """Compiles the package's tests and runs them in its folder, like Go's own runner for WASI."""
    program = folder / (package.replace("/", "_") + ".test")
    subprocess.run(["go", "test", "-c", "-o", program, package], check=True, env={**os.environ, "GOOS": "wasip1", "GOARCH": "wasm"})
    source = subprocess.run(["go", "list", "-f", "{{.Dir}}", package], check=True, capture_output=True, text=True).stdout.strip()
    line = [vitrine, "run", "--dir", "/", "--env", f"PWD={source}", "--env", f"TMPDIR={folder}", "--env", "PATH", program]
    done = subprocess.run(line, cwd=source, capture_output=True, text=True, timeout=1200)
    is_right = done.returncode == 0 and done.stdout.endswith("PASS\n")
    print(f"{package}: {'ok' if is_right else 'WRONG'}", flush=True)
    if not is_right:
        print(done.stdout + done.stderr)
    return is_right


def main(vitrine, *packages):
    if os.environ.get("VITRINE_GO_TESTS") != "1" or not shutil.which("go"):
        print("skipped: set VITRINE_GO_TESTS=1 where the compiler go is")
        return 77
    with tempfile.TemporaryDirectory() as name:
        results = [check(vitrine, package, pathlib.Path(name)) for package in packages or PACKAGES]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
