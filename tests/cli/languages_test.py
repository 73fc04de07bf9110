#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Programs in Rust and Go run, and a Rust panic shows where it happened. The Go program needs
the compiler `go`.

With --components, programs in C, C++, Rust and Go run as components. Each needs its compiler; all but
the Rust program for wasm32-wasip2 also need the adapter of preview 1, a file that is not in this tree:
VITRINE_WASI_ADAPTER is the path of wasi_snapshot_preview1.command.wasm, which is in lib/ of the npm
package @bytecodealliance/jco. VITRINE_COMPONENTS is a folder with components of componentize-js, -qjs
and -py, which export `greet: func(name: string) -> string`. What is not there is skipped."""

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
CPP = """#include <iostream>
#include <map>
#include <string>
int main()
{
    const std::map<std::string, int> numbers { { "two", 2 }, { "one", 1 } };
    for (const auto& [name, number] : numbers)
        std::cout << name << ' ' << number << std::endl;
}
"""
CPP_OUTPUT = "one 1\ntwo 2\n"


def run(program, *arguments):
    with tempfile.TemporaryDirectory() as folder:
        line = [VITRINE, "run", "--dir", f"{folder}::/", program, *arguments]
        done = subprocess.run(line, input="line\n", capture_output=True, text=True)
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


def components_of_compilers(folder, adapter):
    """(language, component, what it prints) of each program that can be made here."""
    c = ["--target=wasm32-wasi", "-Wno-deprecated", "--no-wasm-opt", "-O1", "-g"]
    rust = ["--edition=2021", "-O", "-g", GUESTS / "collections.rs"]
    go = {"GOOS": "wasip1", "GOARCH": "wasm", "GOCACHE": os.environ.get("GOCACHE", f"{folder}/cache")}
    (folder / "numbers.cpp").write_text(CPP)
    rows = [
        ("rust-wasip2", ["rustc"], ["--target=wasm32-wasip2", *rust], {}, RUST_OUTPUT),
        ("rust-wasip1", ["rustc"], ["--target=wasm32-wasip1", *rust], {}, RUST_OUTPUT),
        ("c", ["clang-22"], [*c, GUESTS / "cat.c"], {}, "1: line\n"),
        ("c++", ["clang++-22"], [*c, "-fno-exceptions", folder / "numbers.cpp"], {}, CPP_OUTPUT),
        ("go", ["go", "build"], [GUESTS / "goroutines.go"], go, GO_OUTPUT),
    ]
    for language, compiler, rest, environment, output in rows:
        program, needs_adapter = folder / f"{language}.wasm", language != "rust-wasip2"
        if not shutil.which(compiler[0]):
            print(f"{language}: skipped, {compiler[0]} is not there")
            continue
        if needs_adapter and not adapter:
            print(f"{language}: skipped, VITRINE_WASI_ADAPTER is not set")
            continue
        done = subprocess.run([*compiler, "-o", program, *rest], env={**os.environ, **environment}, capture_output=True, text=True)
        if done.returncode and "may not be installed" in done.stderr:
            print(f"{language}: skipped, {rest[0]} is not installed")
            continue
        if done.returncode:
            sys.exit(f"{language}: {done.stderr}")
        if needs_adapter:
            core, program = program, folder / f"{language}.component.wasm"
            subprocess.run([os.environ["VITRINE_WASM_TOOLS"], "component", "new", core, "--adapt",
                            f"wasi_snapshot_preview1={adapter}", "-o", program], check=True)
        yield language, program, output


def check_components():
    made = 0
    with tempfile.TemporaryDirectory() as name:
        for language, program, output in components_of_compilers(pathlib.Path(name), os.environ.get("VITRINE_WASI_ADAPTER")):
            expect(f"component of {language}", run(program), (0, output, ""))
            print(f"{language}: well")
            made += 1
    for program in sorted(pathlib.Path(os.environ.get("VITRINE_COMPONENTS", "/nowhere")).glob("*.wasm")):
        done = subprocess.run([VITRINE, "run", "--invoke", 'greet("x")', program], capture_output=True, text=True)
        if done.returncode or not re.search(r'^"hello x\b', done.stdout, re.MULTILINE):
            sys.exit(f"{program}: {done}")
        print(f"{program.name}: well")
        made += 1
    return made


if "--components" in sys.argv:
    sys.exit(0 if check_components() else 77)
check_rust()
check_go()
print("all well")
