#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs golden files: guests, commands on them, and the expected output.

    run_golden.py [--bless] [--vitrine PROGRAM] [--wasm-tools PROGRAM] [--work FOLDER] FILE...

tests/golden/readme.txt explains the format by example. With --bless, or VITRINE_BLESS=1 in the
environment, rewrites the expectations.
"""

import argparse
import difflib
import os
import pathlib
import re
import shlex
import subprocess
import sys

import tiers

ROOT = pathlib.Path(__file__).resolve().parent.parent
CLANG = ["clang-22", "--target=wasm32-wasi", "-Wno-deprecated", "--no-wasm-opt"]
# A line of output that begins like this is escaped, because the beginning has a meaning in the
# file.
MARKS = ("$ ", "! ", "[", "|", "# ", ";;;")
SECONDS = 60


class Broken(Exception):
    """The file itself is wrong, or a guest in it cannot be made."""


def sections(text):
    """The comment at the top, and the sections after it: (head line without its mark, lines)."""
    parts = []
    comment = []
    for line in text.splitlines():
        if re.match(r";;; (WAT|HEX|C|FILE|TEXT) \S|;;; RUN$", line):
            parts.append((line[4:], []))
        elif parts:
            parts[-1][1].append(line)
        elif line.startswith(";;;") or not line:
            comment.append(line)
        else:
            raise Broken(f"'{line}' stands before the first section (;;; WAT, HEX, C, FILE, TEXT, RUN)")
    return comment, parts


def make_file(head, lines, folder, wasm_tools):
    """Makes the file that a section describes."""
    kind, name, *rest = head.split(" ", 2)
    path = folder / name
    text = "\n".join(lines).strip("\n") + "\n"
    if kind == "HEX":
        path.write_bytes(bytes.fromhex("".join(line.split("#")[0] for line in lines)))
    elif kind == "FILE":
        path.write_bytes((ROOT / rest[0]).read_bytes())
    elif kind == "TEXT":
        path.write_text(text)
    elif kind == "WAT":
        run([wasm_tools, "parse", "-", "-o", path, *shlex.split("".join(rest))], text)
    elif kind == "C":
        (folder / f"{name}.c").write_text(text)
        run([*CLANG, *shlex.split("".join(rest)), f"{name}.c", "-o", name], "", folder)


def run(command, text, folder=None):
    done = subprocess.run(command, input=text, text=True, cwd=folder, capture_output=True, timeout=SECONDS)
    if done.returncode:
        raise Broken(f"{command[0]}: {done.stderr.strip()}")


def output_lines(printed, mark):
    """Printed output, as lines of a golden file."""
    lines = printed.decode("utf-8", "backslashreplace").split("\n")
    end = ["[no newline]"] if lines[-1] else []
    if not end:
        lines.pop()
    return [mark + ("| " + line).rstrip() if not line or line.startswith(MARKS) else mark + line for line in lines] + end


def transcript(command, folder, environment):
    """The command, its output, its errors, and its status if that is not 0."""
    done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=SECONDS)
    lines = [f"$ {command}", *output_lines(done.stdout, ""), *output_lines(done.stderr, "! ")]
    return lines + ([f"[{done.returncode}]"] if done.returncode else [])


def actual(path, arguments):
    """The contents that the file should have."""
    comment, parts = sections(path.read_text())
    folder = pathlib.Path(arguments.work).resolve() / path.resolve().relative_to(ROOT).with_suffix("")
    if folder.exists():
        run(["rm", "-r", folder], "")
    folder.mkdir(parents=True)
    vitrine = pathlib.Path(arguments.vitrine).resolve()
    environment = {"PATH": f"{vitrine.parent}:{os.environ['PATH']}", "HOME": str(folder), "LC_ALL": "C.UTF-8"} | tiers.environment()
    if problem := tiers.canary(vitrine, environment):
        raise Broken(problem)
    lines = list(comment)
    for head, body in parts:
        lines.append(f";;; {head}")
        if head != "RUN":
            make_file(head, body, folder, arguments.wasm_tools)
            lines += body
            continue
        for line in body:
            if line.startswith("$ "):
                lines += transcript(line[2:], folder, environment)
            elif not line or line.startswith("# "):
                lines.append(line)
    return "\n".join(lines) + "\n"


def check(path, arguments):
    """Whether the file has the contents that it should have."""
    try:
        text = actual(path, arguments)
    except (Broken, subprocess.TimeoutExpired, OSError, ValueError) as error:
        print(f"{path}: {error}")
        return False
    if text == path.read_text():
        return True
    if arguments.bless:
        path.write_text(text)
        print(f"{path}: rewritten")
        return True
    sys.stdout.writelines(difflib.unified_diff(path.read_text().splitlines(True), text.splitlines(True),
                                               f"{path} (expected)", f"{path} (actual)"))
    return False


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bless", action="store_true", default=os.environ.get("VITRINE_BLESS") == "1")
    parser.add_argument("--vitrine", default=ROOT / "build/release/vitrine")
    parser.add_argument("--wasm-tools", default=ROOT / "build/venv/wasm-tools")
    parser.add_argument("--work", default=ROOT / "build/golden")
    parser.add_argument("files", nargs="+", type=pathlib.Path)
    arguments = parser.parse_args()
    results = [check(path, arguments) for path in arguments.files]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
