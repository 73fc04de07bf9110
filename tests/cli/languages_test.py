#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Programs in Rust and Go run, and a Rust panic shows where it happened. The Go program needs
the compiler `go`."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

VITRINE = os.environ["VITRINE"]
GUESTS = pathlib.Path(__file__).resolve().parents[1] / "guests" / "wasi"
RUST_OUTPUT = "the 3\n55\n55\n"
GO_OUTPUT = """[1 4 9 16 25 36 49 64 81 100]
true
from go <nil>
1 note.txt <nil>
<nil>
true
"""


def run(program, *arguments):
    with tempfile.TemporaryDirectory() as folder:
        line = [VITRINE, "run", "--dir", f"{folder}::/", program, *arguments]
        done = subprocess.run(line, capture_output=True, text=True)
        if left := os.listdir(folder):
            sys.exit(f"{program}: leaves {left}")
    return done.returncode, done.stdout, done.stderr


def expect(what, found, expected):
    if found != expected:
        sys.exit(f"{what}: expected {expected!r}, got {found!r}")


def check_rust():
    program = GUESTS / "collections.wasm"
    expect("rust", run(program), (0, RUST_OUTPUT, ""))
    status, out, err = run(program, "panic")
    expect("rust panics", (status, out), (134, ""))
    frames = re.findall(r"^  #\d+ func\[\d+\] (.*?) at 0x[0-9a-f]+(?:, (.*))?$", err, re.MULTILINE)
    own = [frame for frame in frames if frame[0].startswith("collections::")]
    dive = "collections::depths::dive"
    expect("rust panics at", own, [(dive, "collections.rs:13"), (dive, "collections.rs:15"), (dive, "collections.rs:15"),
                                   ("collections::main", "collections.rs:21")])
    if "panicked at collections.rs:13" not in err or not any(name == "std::process::abort" for name, _ in frames):
        sys.exit(f"rust panics: {err}")


def check_go():
    if not shutil.which("go"):
        print("go is not there: its program is skipped")
        return
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / "goroutines.wasm"
        environment = {**os.environ, "GOOS": "wasip1", "GOARCH": "wasm", "GOCACHE": os.environ.get("GOCACHE", f"{folder}/cache")}
        subprocess.run(["go", "build", "-o", program, GUESTS / "goroutines.go"], check=True, env=environment)
        expect("go", run(program), (0, GO_OUTPUT, ""))
        expect("go exits", run(program, "x"), (7, GO_OUTPUT, ""))


check_rust()
check_go()
print("all well")
