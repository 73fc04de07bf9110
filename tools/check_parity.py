#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Holds docs/parity.md and docs/pains.md against the tests.

In parity.md, below each item, another one names the tests that verify it, or says why it is later
or does not apply. A name is one of ctest's, as `api.Sessions.Step`; for a program of Python the
method follows, as `lldb.control` `Ends.test_an_abort`; `lldb.control.23` is the same with LLDB 23. The tests of GoogleTest are run here. All
others are run by ctest itself, and here only looked up: those of Python, and all tests of a program
in another tier (`api.jit`).

In pains.md each numbered item ends with "Verified by" and the names of tests, `lldb.*` for a group
of them, or it says "Not yet". Here the names are only looked up.

    check_parity.py --build DIR [--config CONFIG]
"""

import argparse
import ast
import collections
import fnmatch
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "parity.md"
PAINS = ROOT / "docs" / "pains.md"
REASON = re.compile(r"^(later|does not apply): \S.{10,}")
FEWEST_ROWS = 69
PYTHON = {"lldb": ROOT / "tests" / "lldb", "cli": ROOT / "tests" / "cli"}

errors = []


def error(line, text, page=PAGE):
    errors.append(f"{page.relative_to(ROOT)}:{line}: {text}")


def rows():
    """(line, what is verified, the tests' names or the reason) of each item: a list item with one below it."""
    found = []
    for number, line in enumerate(PAGE.read_text().splitlines(), 1):
        if line.startswith("- "):
            found.append([number, line[2:], ""])
        elif line.startswith("  - ") and found:
            if found[-1][2]:
                error(number, "an item has one item below it: its tests, or the reason why there are none")
            found[-1][2] = line[4:]
        elif line.startswith("  ") and found:
            found[-1][2 if found[-1][2] else 1] += " " + line.strip()
    return [tuple(row) for row in found]


def ctest_list(build, config):
    """Name -> command of all tests."""
    command = ["ctest", "--test-dir", str(build), "--show-only=json-v1"] + (["-C", config] if config else [])
    listed = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    # GoogleTest lists the value of a parameter behind the name.
    return {test["name"].partition("  # ")[0]: test.get("command", []) for test in listed["tests"]}


def methods_of(name):
    """Class.method of a program of Python that is a test."""
    group, _, program = name.removesuffix(".23").partition(".")
    file = PYTHON[group] / f"{program}_test.py"
    return {
        f"{kind.name}.{method.name}"
        for kind in ast.parse(file.read_text()).body if isinstance(kind, ast.ClassDef)
        for method in kind.body if isinstance(method, ast.FunctionDef) and method.name.startswith("test_")
    }


def check_row(line, tests, known, wanted):
    """Notes what the row's tests are, by the program that has them."""
    names = re.findall(r"`([^`]+)`", tests)
    rest = re.sub(r"[\s,]+", "", re.sub(r"`[^`]*`", "", tests))
    if rest or not names:
        if not REASON.match(tests):
            error(line, "neither the names of tests nor a reason (`later: ...`, `does not apply: ...`)")
        return
    program = None
    for name in names:
        if program and re.fullmatch(r"\w+\.test_\w+", name):
            if name not in methods_of(program):
                error(line, f"{program} has no method {name}")
            program = None
        elif name not in known:
            error(line, f"there is no test {name}")
        elif name.partition(".")[0] in PYTHON:
            program = name
            continue
        elif any(word.startswith("--gtest_filter") for word in known[name]):
            wanted[known[name][0]].setdefault(name.partition(".")[2], (line, name))
    if program:
        error(line, f"{program} needs the name of a method")


def run(program, tests):
    """Runs tests of one program; each must be in its results, run, and without failures."""
    with tempfile.TemporaryDirectory() as folder:
        results = pathlib.Path(folder) / "results.xml"
        subprocess.run([program, "--gtest_filter=" + ":".join(tests), f"--gtest_output=xml:{results}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=500)
        cases = xml.parse(results).iter("testcase") if results.exists() else []
        passed = {
            f"{case.get('classname')}.{case.get('name')}" for case in cases
            if case.get("status") == "run" and case.get("result") == "completed" and case.find("failure") is None
        }
    for test, (line, name) in tests.items():
        if test not in passed:
            error(line, f"{name} did not run, or failed")
    return len(passed)


def check_pains(known):
    """Whether the tests exist that each item of pains.md names."""
    items = []
    for number, line in enumerate(PAINS.read_text().splitlines(), 1):
        if re.match(r"\d+\. ", line):
            items.append([number, line])
        elif items:
            items[-1][1] += " " + line.strip()
    for number, text in items:
        names = re.findall(r"`([^`]+)`", text.partition("Verified by")[2])
        if not names and "Not yet" not in text:
            error(number, 'neither "Verified by" and names of tests, nor "Not yet"', PAINS)
        for name in names:
            if not fnmatch.filter(known, name):
                error(number, f"there is no test {name}", PAINS)
    return len(items)


def main():
    parser = argparse.ArgumentParser(description="Holds docs/parity.md and docs/pains.md against the tests.")
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--config", default="")
    options = parser.parse_args()
    found = rows()
    if len(found) < FEWEST_ROWS:
        error(1, f"{len(found)} rows are fewer than the {FEWEST_ROWS} of the list")
    known = ctest_list(options.build, options.config)
    wanted = collections.defaultdict(dict)
    for line, _, tests in found:
        check_row(line, tests, known, wanted)
    passed = sum(run(program, tests) for program, tests in wanted.items())
    pains = check_pains(known)
    for text in errors:
        print(text)
    later = sum(bool(REASON.match(tests)) for _, _, tests in found)
    print(f"parity: {len(found)} rows, {later} of them with a reason, {passed} tests run here, {pains} pains, {len(errors)} errors")
    return 1 if errors or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
