#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares compiled code with the interpreter, where compiled code can return to the interpreter
before any instruction.

Runs the scripts of the official test suite and of this folder, and the benchmark programs with small
inputs: once in the interpreter, and then in rounds with VITRINE_TIER=mixed:SEED:PERCENT, with
another seed and percentage in each round. What `transcript` prints must be the same. `./dev differ
--no-wasmtime` does the same for random modules.

    run_exits.py --transcript PROGRAM --work FOLDER [--rounds N | --seconds S] [--seed K] [PART]

Exits with 77, skipped, if there are no archives, but fails if VITRINE_REQUIRE_SHARED=1.
"""

import argparse
import concurrent.futures
import difflib
import hashlib
import itertools
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "spec"), str(HERE.parents[1] / "tools")]
import run_suite  # noqa: E402
import tiers  # noqa: E402

# The percentages of the rounds. With 0, compiled code returns only where it must.
PERCENTAGES = (20, 3, 0, 70, 1, 100)
# Programs: arguments, the input's file and size in bytes, and after how many bytes of output they
# are interrupted (0 for never).
PROGRAMS = [
    ("binary_trees", ["7"], None, 0),
    ("fannkuch_redux", ["6"], None, 0),
    ("nbody", ["500"], None, 0),
    ("blake3-scalar", [], ("d_blake3/default.input", 8000), 0),
    ("blake3-simd", [], ("d_blake3/default.input", 8000), 0),
    ("hex-simd", [], ("d_json/default.input", 8000), 0),
    ("regex", [], ("d_regex/default.input", 2000), 0),
    ("pulldown-cmark", [], ("d_md/default.input.md", 8000), 0),
    # This cuts a character in two, which makes the program panic.
    ("pulldown-cmark", [], ("d_md/default.input.md", 20000), 0),
    ("rust-json", [], ("d_json/default.input", "3 users"), 0),
    ("rust-json", [], ("d_json/default.input", 3000), 0),
    ("brotli", ["-c", "-f", "default.input"], ("d_blake3/default.input", 500), 0),
    ("sqlite3", [], ("d_sqlite/default.input", 0), 120),
]
# Seconds, and how many times longer than in the interpreter a guest may take: it is slower when it
# leaves its code all the time, 80 times under AddressSanitizer.
TIMEOUT, FACTOR = 20, 200
# After so many differences, the rest does not run.
MOST_DIFFERENCES = 10


class Job:
    """A guest, the command that prints its transcript, and the interpreter's transcript."""

    def __init__(self, name, command):
        self.name, self.command, self.expected, self.seconds = name, list(map(str, command)), None, 0

    def run(self, tier):
        """The transcript and the statistics."""
        timeout = TIMEOUT + FACTOR * self.seconds if self.expected else 10 * TIMEOUT
        try:
            done = subprocess.run(self.command, env={**os.environ, "VITRINE_TIER": tier}, stdin=subprocess.DEVNULL,
                                  capture_output=True, text=True, errors="replace", timeout=timeout)
        except subprocess.TimeoutExpired:
            return f"does not end within {timeout:.0f} seconds\n", ""
        end = f"status {done.returncode}: {done.stderr[-500:]}\n" if done.returncode else ""
        return done.stdout + end, done.stderr


def inputs(folder, source, work):
    """A folder with the start of an input, for a program that reads it all."""
    name, size = source
    work = work / f"{name.replace('/', '_')}-{size}".replace(" ", "-")
    work.mkdir(parents=True, exist_ok=True)
    data = (folder / name).read_bytes()
    data = json.dumps(json.loads(data)[:3]).encode() if size == "3 users" else data[:size]
    file = work / pathlib.Path(name).name
    file.write_bytes(data)
    # The guests see these times. Reading does not change an access time that is the latest one.
    now = int(time.time())
    os.utime(file, (now + 3600, now - 3600))
    return work


def program_jobs(options, archive):
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()[:12]
    folder = options.work / f"programs-{digest}"
    if not folder.is_dir():
        fresh = options.work / f"programs-fresh-{digest}"
        with tarfile.open(archive) as packed:
            packed.extractall(fresh)
        fresh.rename(folder)
    for name, arguments, source, limit in PROGRAMS:
        work = inputs(folder, source, options.work / "inputs") if source else folder
        yield Job(" ".join([name, *arguments, str(source[1]) if source else ""]).strip(),
                  [options.transcript, "wasi", folder / f"{name}.wasm", limit, work, *arguments])


def script_jobs(options, archive):
    core = run_suite.SUITES["core"]
    suite = run_suite.unpack(archive, core.folder, options.work)
    names = sorted(path.relative_to(suite).as_posix() for path in suite.rglob("*.wast"))
    scripts = [(name, suite / name) for name in names if not name.startswith(core.excluded)]
    own = [(path.name, path) for path in sorted(HERE.glob("*.wast"))]
    for name, path in [*own, *scripts]:
        script, problem = run_suite.convert(path, name, options, options.work)
        if problem is None:
            features = [list_ for folder, list_ in run_suite.FEATURES.items() if name.startswith(folder)]
            yield Job(name, [options.transcript, "wast", script, *features])


def difference(expected, actual):
    lines = difflib.unified_diff(expected.splitlines(), actual.splitlines(), "interpreter", "mixed", lineterm="", n=1)
    return "\n".join(line[:300] for line in itertools.islice(lines, 20))


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--transcript", required=True, help="the program")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="a folder to work in, the suite's")
    parser.add_argument("--wasm-tools", default=os.environ.get("VITRINE_WASM_TOOLS", "wasm-tools"), help="the program")
    parser.add_argument("--jobs", type=int, default=2, help="guests at a time")
    parser.add_argument("--rounds", type=int, default=2, help="how often each guest runs")
    parser.add_argument("--seconds", type=float, help="for how long, instead of rounds")
    parser.add_argument("--seed", type=int, default=1, help="of the first round")
    parser.add_argument("part", nargs="?", default="", help="run only guests with this in their name")
    return parser.parse_args()


def main():
    options = parse_options()
    shared = pathlib.Path(os.environ.get("VITRINE_SHARED", HERE.parents[2] / "shared"))
    archives = [shared / "bench/programs.tar.xz", shared / "tests/core-wast.tar.xz"]
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

    jobs = [job for job in [*program_jobs(options, archives[0]), *script_jobs(options, archives[1])] if options.part in job.name]
    end = time.monotonic() + options.seconds if options.seconds else None
    statistics, runs, failed = [], 0, {}
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        def interpret(job):
            begin = time.monotonic()
            transcript, _ = job.run("interp")
            job.seconds = time.monotonic() - begin
            return transcript

        for job, transcript in zip(jobs, pool.map(interpret, jobs)):
            job.expected = transcript
            if transcript.count("\n") < 2 or transcript.splitlines()[-1].startswith(("status", "does not end")):
                failed[job.name] = f"no transcript: {transcript[-300:]}"

        def compare(job, tier):
            if (end and time.monotonic() > end) or len(failed) >= MOST_DIFFERENCES:
                return job, None, ""
            return job, *job.run(tier)

        for number in itertools.count():
            if failed or (time.monotonic() > end if end else number >= options.rounds):
                break
            tier = f"mixed:{options.seed + number}:{PERCENTAGES[number % len(PERCENTAGES)]}"
            for job, transcript, errors in pool.map(lambda job: compare(job, tier), jobs):
                runs += transcript is not None
                statistics.append(errors)
                if transcript not in (None, job.expected):
                    failed[job.name] = f"VITRINE_TIER={tier} {' '.join(job.command)}\n{difference(job.expected, transcript)}"

    functions, exits = tiers.numbers("\n".join(statistics))
    for name, text in failed.items():
        print(f"{name}: {text}")
    print(f"{len(jobs)} guests, {runs} runs, {functions} functions compiled, {exits} exits, {len(failed)} differences")
    if not failed and not (functions and exits):
        print("nothing was compiled, or no exit was taken: the comparison shows nothing")
        return 1
    return 1 if failed or not jobs else 0


if __name__ == "__main__":
    sys.exit(main())
