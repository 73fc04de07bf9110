#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the official tests of WASI preview 1 with `vitrine run`.

A .json next to a program says what it needs and does; a program without one runs without options
and must exit with 0. Each runs twice: with paths resolved by the kernel, and by component.
known_failures.txt lists the known failures, one name per line: they must fail.
Exits with 77, skipped, if there is no archive, but fails if VITRINE_REQUIRE_SHARED=1.

With --components, each program is first made a component, which uses WASI 0.2, and
known_component_failures.txt is the list. This needs the adapter, a file that is not in this tree:
VITRINE_WASI_ADAPTER is the path of wasi_snapshot_preview1.command.wasm, which is in lib/ of the npm
package @bytecodealliance/jco. Skipped without it.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "tools"))
import tiers  # noqa: E402

TIMEOUT = 60
# What the programs that succeed print on stderr, with the statistics of the compiler.
statistics = []


def run(command, options, program, work):
    """None if the program does what it should; otherwise what it did instead."""
    spec_file = program.with_suffix(".json")
    spec = json.loads(spec_file.read_text()) if spec_file.is_file() else {}
    folders = [("/", spec["root"])] if "root" in spec else [(name, name) for name in spec.get("dirs", [])]
    scratch = work / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    line = [command, "run", "--stats", *options]
    for guest, name in folders:
        shutil.copytree(program.parent / name, scratch / name, symlinks=True)
        line += ["--dir", f"{scratch / name}::{guest}"]
    for name, value in spec.get("env", {}).items():
        line += ["--env", f"{name}={value}"]
    line += [str(program), *spec.get("args", [])]
    try:
        done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        return f"does not end within {TIMEOUT} seconds"
    if done.returncode != spec.get("exit_code", 0):
        return f"exits with {done.returncode}: {done.stderr.decode(errors='replace').strip()}"
    statistics.append(done.stderr.decode(errors="replace"))
    if "stdout" in spec and done.stdout.decode(errors="replace") != spec["stdout"]:
        return f"prints {done.stdout!r}"
    return None


def component_of(program, adapter):
    """The program as a component, which is beside it and has the same name."""
    component = program.with_suffix(".component")
    subprocess.run([os.environ["VITRINE_WASM_TOOLS"], "component", "new", program, "--adapt",
                    f"wasi_snapshot_preview1={adapter}", "-o", component], check=True, capture_output=True)
    return component


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--vitrine", required=True, help="the command")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="a folder to work in")
    parser.add_argument("--components", action="store_true", help="run the programs as components")
    options = parser.parse_args()
    adapter = os.environ.get("VITRINE_WASI_ADAPTER")
    if options.components and not adapter:
        print("skipped: VITRINE_WASI_ADAPTER is not set; see the beginning of this script")
        return 77

    archive = pathlib.Path(os.environ.get("VITRINE_SHARED", HERE.parents[2] / "shared")) / "tests/wasi-p1.tar.xz"
    if not archive.is_file():
        print(f"{archive} is missing")
        return 1 if os.environ.get("VITRINE_REQUIRE_SHARED") == "1" else 77
    shutil.rmtree(options.work, ignore_errors=True)
    options.work.mkdir(parents=True)
    with tarfile.open(archive) as packed:
        packed.extractall(options.work)

    list_name = "known_component_failures.txt" if options.components else "known_failures.txt"
    known = {line for line in (HERE / list_name).read_text().splitlines() if line and line[0] != "#"}
    programs = sorted(options.work.rglob("*.wasm"))
    failed = {}
    for program in programs:
        language = program.relative_to(options.work).parts[1]
        # The adapter looks at how long the arguments are, so they must not depend on the folder.
        options_of_all = ["--argv0", program.name]
        if options.components:
            program = component_of(program, adapter)
        for way in [], ["--paths-by-component"]:
            if (problem := run(options.vitrine, options_of_all + way, program, options.work)) is not None:
                failed[f"{language}/{program.stem}"] = " ".join([*way, problem])
    problem = tiers.problem("\n".join(statistics), "the programs")
    print(problem or "", end="\n" if problem else "")
    for name in sorted(set(failed) - known):
        print(f"{name} {failed[name]}")
    for name in sorted(known - set(failed)):
        print(f"{name} passes: take it off the list of known failures")
    print(f"wasi-testsuite: {len(programs)} programs, {len(programs) - len(failed)} pass, {len(known & set(failed))} known to fail")
    return 0 if programs and set(failed) == known and not problem else 1


if __name__ == "__main__":
    sys.exit(main())
