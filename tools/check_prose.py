#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks comments and pages for what makes them hard to read.

- No line of a comment or of a page is longer than 100 columns.
- None of the words and openings below, for which plain English has better ones.

It reads comments in include/, src/ and tests/, and the pages in docs/ and at the top of the tree.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
COLUMNS = 100
SOURCES = {".h", ".hpp", ".cpp", ".inc"}
# A comment, or a string or character that may have slashes in it.
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|(//.*)$')

# What not to write, and what to write instead.
WORDS = [
    (r"\b[Ww]hoever\b", "name who: the caller, the embedder, a client"),
    (r"\binside each other\b", "nested"),
    (r"\b(?:stands?|stood|come to stand|comes to stand) still\b|\bstands still\b", "is stopped"),
    (r"\bshort way\b", "fast path"),
    (r"///?<? Of (?!course\b)", "begin with what it is: Only for .., The .. of .."),
    (r"\b[Ll]ets? go of\b", "release, or disconnect"),
    (r"\bis too much\b", "unexpected argument"),
    (r"\bso often before\b", "the first N times"),
    (r"\b[Ll]ooks? into\b(?= the guest| it)", "inspect"),
    (r"\bgives? itself up\b", "end"),
]

errors = []


def error(path, number, text):
    errors.append(f"{path.relative_to(ROOT)}:{number}: {text}")


def check(path, number, prose):
    for pattern, better in WORDS:
        if found := re.search(pattern, prose):
            error(path, number, f"'{found[0].strip()}': {better}")


def check_source(path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        comment = next((found[1] for found in TOKEN.finditer(line) if found[1]), None)
        if not comment:
            continue
        if len(line) > COLUMNS:
            error(path, number, f"a comment of {len(line)} columns")
        check(path, number, comment)


def check_page(path):
    in_fence = False
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("```"):
            in_fence = not in_fence
        if len(line) > COLUMNS:
            error(path, number, f"a line of {len(line)} columns")
        if not in_fence and not line.startswith("    "):
            check(path, number, line)


def main():
    for folder in ("include", "src", "tests"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in SOURCES:
                check_source(path)
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    for path in sorted(pages):
        check_page(path)
    for line in errors:
        print(line, file=sys.stderr)
    print(f"prose: {len(pages)} pages, {len(errors)} errors")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
