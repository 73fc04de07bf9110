#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs clang-tidy on the sources below src/, in parallel.

A source that passed is skipped until it changes, or a header of the project that it includes, its
compile command, the configuration, or clang-tidy itself. A stamp for it in BUILD/lint is named by
the hash of all of these.
"""

import argparse
import concurrent.futures
import functools
import hashlib
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = re.compile(rb'^\s*#\s*include\s*["<]([^">]+)[">]', re.MULTILINE)


@functools.cache
def content(path):
    return path.read_bytes()


@functools.cache
def includes(path):
    """The project's files that this file includes directly."""
    names = [name.decode() for name in INCLUDE.findall(content(path))]
    candidates = [base / name for name in names for base in (path.parent, ROOT / "src", ROOT / "include")]
    return [candidate.resolve() for candidate in candidates if candidate.is_file()]


def closure(path):
    seen, todo = set(), [path]
    while todo:
        file = todo.pop()
        if file not in seen:
            seen.add(file)
            todo.extend(includes(file))
    return sorted(seen)


def key(tool, entry, path):
    digest = hashlib.sha256(f"{tool}\n{entry['command']}\n".encode())
    for file in [ROOT / ".clang-tidy", *path.parent.glob(".clang-tidy"), *closure(path)]:
        digest.update(f"{file.relative_to(ROOT)}\n".encode() + content(file))
    return digest.hexdigest()


def lint(path, build):
    command = ["clang-tidy-22", "--quiet", "-p", str(build), str(path)]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", type=pathlib.Path, required=True, help="folder with compile_commands.json")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    build = options.build.resolve()

    tool = subprocess.run(["clang-tidy-22", "--version"], capture_output=True, text=True, check=True).stdout
    stamps = build / "lint"
    stamps.mkdir(exist_ok=True)
    pending, total = {}, 0
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["file"])
        if path.is_relative_to(ROOT / "src"):
            total += 1
            stamp = stamps / key(tool, entry, path)
            if not stamp.exists():
                pending[path] = stamp

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        runs = {pool.submit(lint, path, build): path for path in pending}
        for run in concurrent.futures.as_completed(runs):
            result, path = run.result(), runs[run]
            if result.returncode == 0:
                pending[path].touch()
            else:
                failed += 1
                print(f"{path.relative_to(ROOT)}:\n{result.stdout}", flush=True)
    print(f"lint: {total} sources, {len(pending)} read, {failed} with errors")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
