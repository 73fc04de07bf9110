#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the official test suite of core modules or components with `vitrine wast`.

`wasm-tools json-from-wast` converts each .wast to JSON and binaries; where it fails, `wast2json`.
The results are kept in the work folder. A list names the known failures: they must fail, and
nothing else may. `--record` rewrites it.

Exits with 77, skipped, if there is no archive, but fails if VITRINE_REQUIRE_SHARED=1.
"""

import argparse
import collections
import concurrent.futures
import dataclasses
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "tools"))
import tiers  # noqa: E402

HEADER = """\
# The commands of the official test suite that fail. Every command listed here must fail, and every
# other one must pass, so the list can only get shorter.
#
#     FILE:LINE      this command; line 0 is the whole file: not converted, refused, crashed or late
#     FILE: COUNT    this many commands of the file
#
# The text after ` # ` is the reason. Written by run_suite.py --record.
"""
# Increment this when the conversion changes.
CONVERSION = "1"
# A file with more failures than this is recorded with their number only.
MOST_LINES = 12


@dataclasses.dataclass
class Suite:
    """An archive of scripts, and what is known about it."""

    folder: str  # in the archive
    list: pathlib.Path
    excluded: tuple = ()
    # How many commands of each kind `vitrine wast` skips in all of the suite; None: any.
    skipped: dict | None = None


SUITES = {
    "core": Suite("core-wast", HERE / "expected_failures.txt", ("proposals/custom-descriptors/",)),
    # Asynchronous functions cannot be called yet.
    "components": Suite(
        "component-wast",
        HERE / "component_failures.txt",
        skipped={"asynchronous": 187, "text": 5},
    ),
}
# The features for the files of a folder. Those of threads are written for an engine with one memory
# and one table.
FEATURES = {
    "proposals/threads/": "-multi-memory,-reference-types",
    "proposals/custom-page-sizes/": "custom-page-sizes",
    "proposals/wide-arithmetic/": "wide-arithmetic",
}

SUMMARY = re.compile(r"(\d+) passed, (\d+) failed, (\d+) skipped")
SKIPPED = re.compile(r"skipped: (\w+ \d+(?:, \w+ \d+)*)")


class Outcome:
    """The result of a file: numbers, and the lines of its failures with their messages."""

    def __init__(self, name, passed=0, skipped=0, failures=(), problem=None, kinds=None):
        self.name, self.passed, self.skipped = name, passed, skipped
        self.kinds, self.errors = kinds or {}, ""
        self.failures = list(failures) if problem is None else [(0, f"{name}: {problem}")]

    def lines(self):
        return [line for line, _ in self.failures]


# -- Conversion


def unpack(archive, folder_in_archive, work):
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()[:12]
    folder = work / f"suite-{digest}"
    if not folder.is_dir():
        fresh = work / f"suite-fresh-{digest}"
        shutil.rmtree(fresh, ignore_errors=True)
        with tarfile.open(archive) as packed:
            packed.extractall(fresh)
        fresh.rename(folder)
    return folder / folder_in_archive


def output_of(command, **more):
    """None and the output if the command succeeds; otherwise its error."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", **more)
    except FileNotFoundError:
        return f"{command[0]} is missing", ""
    words = done.stderr.strip().splitlines()
    return (None if done.returncode == 0 else words[0] if words else f"status {done.returncode}"), done.stdout


def convert_texts(folder, script, wasm_tools):
    """Converts text modules to binaries where the converter did not. Malformed ones stay text."""
    for command in script["commands"]:
        is_text = command.get("module_type") == "text" and "binary_filename" not in command
        if is_text and not command["type"].startswith("assert_malformed"):
            binary = command["filename"] + ".wasm"
            problem, _ = output_of([wasm_tools, "parse", str(folder / command["filename"]), "-o", str(folder / binary)])
            if problem is None:
                command["binary_filename"] = binary


def convert(wast, name, tools, work):
    """The script as JSON, or why it could not be converted."""
    key = hashlib.sha256(tools.version.encode() + CONVERSION.encode() + wast.read_bytes()).hexdigest()[:12]
    folder = work / "json" / name / key
    target = folder / (wast.stem + ".json")
    if target.is_file():
        return target, None
    shutil.rmtree(folder.parent, ignore_errors=True)
    folder.mkdir(parents=True)
    fresh = folder / (wast.stem + ".new")
    problem, _ = output_of([tools.wasm_tools, "json-from-wast", str(wast), "-o", str(fresh), "--wasm-dir", str(folder)])
    if problem is not None and name.startswith("legacy/"):
        problem, _ = output_of(["wast2json", "--enable-all", str(wast), "-o", str(fresh)])
    if problem is not None:
        return None, f"cannot be converted: {problem}"
    script = json.loads(fresh.read_text())
    script["source_filename"] = name
    convert_texts(folder, script, tools.wasm_tools)
    fresh.write_text(json.dumps(script))
    fresh.rename(target)
    return target, None


# -- Running


def run(vitrine, script, name, timeout, stress):
    command = [vitrine, "wast", "--stats", *(["--stress-collector"] if stress else [])]
    command += [f"--features={list_}" for folder, list_ in FEATURES.items() if name.startswith(folder)]
    try:
        done = subprocess.run([*command, str(script)], stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        return Outcome(name, problem=f"does not end within {timeout} seconds")
    lines = done.stdout.decode(errors="replace").splitlines()
    summary = SUMMARY.fullmatch(lines[-1]) if lines else None
    if done.returncode not in (0, 1) or not summary:
        words = done.stderr.decode(errors="replace").strip().splitlines()
        return Outcome(name, problem=f"status {done.returncode}: {words[-1] if words else 'no summary'}")
    passed, failed, skipped = map(int, summary.groups())
    place = re.compile(re.escape(name) + r":(\d+): ")
    failures = [(int(match[1]), line) for line in lines if (match := place.match(line))]
    if len(failures) != failed or (done.returncode == 0) != (failed == 0):
        return Outcome(name, problem=f"{failed} failed, but {len(failures)} lines and status {done.returncode}")
    kinds = {}
    for line in lines:
        if match := SKIPPED.fullmatch(line):
            kinds = {kind: int(count) for kind, count in (item.split(" ") for item in match[1].split(", "))}
    if sum(kinds.values()) != skipped:
        return Outcome(name, problem=f"{skipped} skipped, but the kinds are {kinds}")
    outcome = Outcome(name, passed, skipped, failures, kinds=kinds)
    outcome.errors = done.stderr.decode(errors="replace")
    return outcome


# -- Expectations


class Expectations:
    """The list: for each file its failing lines, or how many there are."""

    def __init__(self, path):
        self.path = path
        text = path.read_text() if path.is_file() else ""
        self.lines, self.counts, self.reasons = collections.defaultdict(list), {}, {}
        for row in text.splitlines():
            entry, _, reason = row.partition(" # ")
            entry = entry.strip()
            if not entry or entry.startswith("#"):
                continue
            name, _, number = entry.rpartition(":")
            if not name or not number.strip().isdigit():
                sys.exit(f"{path.name}: {row}: expected FILE:LINE or FILE: COUNT")
            if number.startswith(" "):
                self.counts[name] = int(number)
            else:
                self.lines[name].append(int(number))
            if reason:
                self.reasons[entry] = reason

    def names(self):
        return set(self.lines) | set(self.counts)

    def count(self, name):
        return self.counts.get(name, 0) + len(self.lines.get(name, []))

    def problems_of(self, outcome):
        """The differences from the list, one per line."""
        name = outcome.name
        if name in self.counts:
            expected, got = self.counts[name], len(outcome.failures)
            if got == expected and outcome.lines() != [0]:
                return []
            shown = [text for _, text in outcome.failures[:10]] if got > expected or outcome.lines() == [0] else []
            return [*shown, f"{name}: {got} commands fail, {self.path.name} says {expected}"]
        expected, got = collections.Counter(self.lines.get(name, [])), collections.Counter(outcome.lines())
        problems = [text for line, text in outcome.failures if got[line] > expected[line]]
        for line, number in sorted(expected.items()):
            if got[line] < number:
                problems.append(f"{name}:{line}: passes: take it off {self.path.name}")
        return problems

    def set(self, outcome):
        self.lines.pop(outcome.name, None)
        self.counts.pop(outcome.name, None)
        if len(outcome.failures) > MOST_LINES:
            self.counts[outcome.name] = len(outcome.failures)
        elif outcome.failures:
            self.lines[outcome.name] = outcome.lines()

    def to_text(self):
        rows = [HEADER]
        for name in sorted(self.names()):
            entries = [f"{name}: {self.counts[name]}"] if name in self.counts else []
            entries += [f"{name}:{line}" for line in self.lines.get(name, [])]
            rows += [f"{entry} # {self.reasons[entry]}" if entry in self.reasons else entry for entry in entries]
        return "\n".join(rows) + "\n"


# -- All of it


def print_table(outcomes):
    failing = [outcome for outcome in outcomes if outcome.failures]
    if failing:
        print(f"{'passed':>8} {'failed':>8} {'skipped':>8}")
    for outcome in failing:
        print(f"{outcome.passed:8} {len(outcome.failures):8} {outcome.skipped:8}  {outcome.name}")


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--suite", choices=SUITES, default="core", help="which suite")
    parser.add_argument("--vitrine", required=True, help="the command")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="a folder to work in; what is there is used again")
    parser.add_argument("--wasm-tools", default=os.environ.get("VITRINE_WASM_TOOLS", "wasm-tools"), help="the program")
    parser.add_argument("--timeout", type=float, default=60, metavar="SECONDS", help="for each file")
    parser.add_argument("--jobs", type=int, default=2, help="files at a time")
    parser.add_argument("--stress-collector", action="store_true", help="collect garbage at every allocation")
    parser.add_argument("--record", action="store_true", help="rewrite the list of failures for the files that are run")
    parser.add_argument("--verbose", action="store_true", help="print every failure, also those that are expected")
    parser.add_argument("part", nargs="?", default="", help="run only files with this in their name")
    return parser.parse_args()


def main():
    options = parse_options()
    suite = SUITES[options.suite]
    archive = pathlib.Path(os.environ.get("VITRINE_SHARED", HERE.parents[2] / "shared")) / f"tests/{suite.folder}.tar.xz"
    if not archive.is_file():
        print(f"{archive} is missing")
        return 1 if os.environ.get("VITRINE_REQUIRE_SHARED") == "1" else 77
    problem, options.version = output_of([options.wasm_tools, "--version"])
    if problem is not None:
        print(f"wasm-tools: {problem}")
        return 1
    work = options.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    folder = unpack(archive, suite.folder, work)
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.wast"))
    names = [name for name in names if not name.startswith(suite.excluded)]
    chosen = [name for name in names if options.part in name]

    def convert_and_run(name):
        script, problem = convert(folder / name, name, options, work)
        return Outcome(name, problem=problem) if problem else run(options.vitrine, script, name, options.timeout, options.stress_collector)

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        outcomes = list(pool.map(convert_and_run, chosen))

    print_table(outcomes)
    expectations = Expectations(suite.list)
    if options.verbose and any(outcome.failures for outcome in outcomes):
        print("\n".join(text for outcome in outcomes for _, text in outcome.failures))
    problems = [text for outcome in outcomes for text in expectations.problems_of(outcome)]
    problems += [f"{name} is in {suite.list.name}, but there is no such file" for name in sorted(expectations.names() - set(names))]
    kinds = sum((collections.Counter(outcome.kinds) for outcome in outcomes), collections.Counter())
    if suite.skipped is not None and not options.part and kinds != suite.skipped:
        problems.append(f"skipped: expected {suite.skipped}, got {dict(sorted(kinds.items()))}")
    if not options.part and (problem := tiers.problem("\n".join(outcome.errors for outcome in outcomes), "the suite")):
        problems.append(problem)
    known = sum(expectations.count(outcome.name) for outcome in outcomes)
    if options.record:
        for name in expectations.names() - set(names):
            expectations.lines.pop(name, None)
            expectations.counts.pop(name, None)
        for outcome in outcomes:
            expectations.set(outcome)
        suite.list.write_text(expectations.to_text())
    elif problems:
        print("\n".join(problems))
    print(
        f"{options.suite} suite: {len(outcomes)} files, {sum(outcome.passed for outcome in outcomes)} commands pass, "
        f"{sum(len(outcome.failures) for outcome in outcomes)} fail ({known} were expected to), "
        f"{sum(outcome.skipped for outcome in outcomes)} are skipped"
    )
    if kinds:
        print("skipped: " + ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items())))
    if not outcomes:
        print(f"no file has {options.part!r} in its name")
    return 0 if outcomes and (options.record or not problems) else 1


if __name__ == "__main__":
    sys.exit(main())
