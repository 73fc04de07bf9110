#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs `order` on every script of the official test suite and on the benchmark programs, on
these for a bounded time.

Fails if an instruction's position is not greater than that of the instruction before it. Also fails
if no instruction would be out of order without the rule for `loop`, because the check is then void.

Exits with 77, skipped, if there are no archives, but fails if VITRINE_REQUIRE_SHARED=1.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tarfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "spec"))
import run_suite  # noqa: E402

# How many instructions of each benchmark program are run.
PROGRAM_LIMIT = 20_000_000
# The least number of instructions in the suite. With much less, scripts were not run.
LEAST_OF_SUITE = 80_000_000


def run(name, command):
    """The three numbers of a run, or why there are none."""
    try:
        done = subprocess.run(list(map(str, command)), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600)
    except subprocess.TimeoutExpired:
        return name, f"{name}: does not end"
    words = done.stdout.split()
    if done.returncode != 0 or len(words) != 3:
        return name, f"{name}: status {done.returncode}: {done.stderr.strip()}"
    return name, tuple(map(int, words))


def suite_runs(options, archive):
    core = run_suite.SUITES["core"]
    suite = run_suite.unpack(archive, core.folder, options.work)
    names = sorted(path.relative_to(suite).as_posix() for path in suite.rglob("*.wast"))
    for name in names:
        if name.startswith(core.excluded):
            continue
        script, problem = run_suite.convert(suite / name, name, options, options.work)
        if problem is None:
            features = [list_ for folder, list_ in run_suite.FEATURES.items() if name.startswith(folder)]
            yield name, [options.order, "wast", script, *features]


def program_runs(options, archive):
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()[:12]
    folder = options.work / f"programs-{digest}"
    if not folder.is_dir():
        with tarfile.open(archive) as packed:
            packed.extractall(folder)
    for row in json.loads((folder / "MANIFEST.json").read_text()):
        yield row["file"], [options.order, "wasi", folder / row["file"], PROGRAM_LIMIT, folder / row["cwd"], *row["args"]]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--order", required=True, help="the program")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="a folder to work in, the suite's")
    parser.add_argument("--wasm-tools", default=os.environ.get("VITRINE_WASM_TOOLS", "wasm-tools"), help="the program")
    parser.add_argument("--jobs", type=int, default=2, help="runs at a time")
    options = parser.parse_args()
    shared = pathlib.Path(os.environ.get("VITRINE_SHARED", HERE.parents[2] / "shared"))
    archives = [shared / "tests/core-wast.tar.xz", shared / "bench/programs.tar.xz"]
    missing = [str(archive) for archive in archives if not archive.is_file()]
    if missing:
        print(f"{', '.join(missing)}: missing")
        return 1 if os.environ.get("VITRINE_REQUIRE_SHARED") == "1" else 77
    options.work = options.work.resolve()
    options.work.mkdir(parents=True, exist_ok=True)
    problem, options.version = run_suite.output_of([options.wasm_tools, "--version"])
    if problem is not None:
        print(f"wasm-tools: {problem}")
        return 1

    problems = []
    for what, runs, least in [
        ("official suite", suite_runs(options, archives[0]), LEAST_OF_SUITE),
        ("benchmark programs", program_runs(options, archives[1]), PROGRAM_LIMIT),
    ]:
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            results = list(pool.map(lambda job: run(*job), runs))
        problems += [result for _, result in results if isinstance(result, str)]
        numbers = [(name, result) for name, result in results if not isinstance(result, str)]
        problems += [f"{name}: {wrong} of {count} out of order" for name, (count, wrong, _) in numbers if wrong]
        count, wrong, without_rule = (sum(result[i] for _, result in numbers) for i in range(3))
        print(f"{what}: {len(results)} runs, {count} instructions, {wrong} out of order, {without_rule} without the rule for loop")
        if count < least:
            problems.append(f"{what}: only {count} instructions")
        if without_rule == 0:
            problems.append(f"{what}: the rule for loop makes no difference: the check cannot fail")
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
