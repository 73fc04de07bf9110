# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Finds the snippets of README.md, SECURITY.md and docs/: fenced blocks, and blocks indented by four spaces.

    snippets.py --programs FOLDER    writes each C and C++ snippet to a file there, and prints the files
"""

import argparse
import dataclasses
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
# The languages of programs, as a fence and as a file name say.
LANGUAGES = {"c", "cpp"}


@dataclasses.dataclass
class Snippet:
    page: str  # its path in the tree
    line: int
    language: str  # what the fence says; empty for an indented block
    text: str
    before: str  # the last line of prose before it

    @property
    def first(self):
        return self.text.split("\n", 1)[0]

    @property
    def where(self):
        return f"{self.page}:{self.line}"

    @property
    def name(self):
        return re.sub(r"\W", "_", f"{self.page.removesuffix('.md')}_{self.line}")


def pages():
    return [ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]


def snippets_of(path):
    page = str(path.relative_to(ROOT))
    lines = path.read_text().splitlines()
    found, before, at = [], "", 0
    while at < len(lines):
        start, language, body = at, "", []
        if lines[at].startswith("```"):
            language = lines[at][3:].strip()
            at += 1
            while not lines[at].startswith("```"):
                body.append(lines[at])
                at += 1
            at += 1
        elif lines[at].startswith("    ") and (at == 0 or not lines[at - 1].strip()):
            while at < len(lines) and (lines[at].startswith("    ") or not lines[at].strip()):
                body.append(lines[at][4:])
                at += 1
        else:
            before = lines[at].strip() or before
            at += 1
            continue
        found.append(Snippet(page, start + 1, language, "\n".join(body).rstrip(), before))
    return found


def all_snippets():
    return [snippet for path in pages() for snippet in snippets_of(path)]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=pathlib.Path, required=True, metavar="FOLDER")
    folder = parser.parse_args().programs
    folder.mkdir(parents=True, exist_ok=True)
    for snippet in all_snippets():
        if snippet.language in LANGUAGES:
            file = folder / f"{snippet.name}.{snippet.language}"
            text = f'#line {snippet.line + 1} "{ROOT / snippet.page}"\n{snippet.text}\n'
            if not file.exists() or file.read_text() != text:
                file.write_text(text)
            print(file)


if __name__ == "__main__":
    main()
