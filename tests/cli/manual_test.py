# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The pages of the manual: groff and mandoc have nothing to complain about, and a page says all that `--help` does."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from completions_test import VITRINE, commands


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == "", (words, done.stderr, done.stdout)
    return done.stdout


def plain(text):
    """The text in one line, without what pages and help show in different ways."""
    return re.sub(r"\s+", " ", text.replace("`", ""))


def check_page(path, help_text):
    if shutil.which("mandoc"):
        assert run("mandoc", "-T", "lint", "-W", "warning", path) == ""
    shown = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-P-c", "-P-b", "-P-u", "-rLL=300n", path], capture_output=True, text=True, check=True)
    assert shown.stderr == "", shown.stderr
    page = plain(shown.stdout)
    listed = help_text.partition("\nOptions:\n")[2].partition("\n\n")[0]
    rows = re.findall(r"^  (-\S+)(?: ((?:\S| (?! ))*))?\s+(.*)$", listed, re.MULTILINE)
    assert len(rows) == len(re.findall(r"^  -", listed, re.MULTILINE)) > 0, listed
    for names, _, description in rows:
        for name in names.split(","):
            assert re.search(rf"[ ,]{re.escape(name)}[ ,=\[]", page), (path, name, page)
        assert plain(description) in page, (path, description, page)
    return page


def main():
    if not shutil.which("groff"):
        print("groff is not installed")
        return 1 if os.environ.get("VITRINE_REQUIRE_SHARED") else 77
    with tempfile.TemporaryDirectory() as path:
        folder = pathlib.Path(path)
        run(VITRINE, "man-pages", folder, "2024-02-29")
        assert {each.name for each in folder.iterdir()} == {"vitrine.1", *(f"vitrine-{name}.1" for name in commands())}
        page = check_page(folder / "vitrine.1", run(VITRINE, "--help"))
        for name in commands():
            shown = run(VITRINE, name, "--help")
            summary = shown.partition("\n")[0]
            assert plain(summary) in page and f"vitrine-{name}(1)" in page, (name, page)
            of_command = check_page(folder / f"vitrine-{name}.1", shown)
            # The summary, the syntax, the details and the example.
            for text in (summary, *re.findall(r"^(?:Usage|Example): (.*)", shown, re.MULTILINE), plain(shown.split("\n\n")[-2].strip())):
                assert text in of_command, (name, text, of_command)
        verbs = re.findall(r'^VERB\(\w+, "([^"]+)"', (pathlib.Path(__file__).parents[2] / "src/console/verbs.inc").read_text(), re.MULTILINE)
        debug = (folder / "vitrine-debug.1").read_text()
        for verb in verbs:
            assert re.search(rf"^\\fB{re.escape(verb)}\\fR", debug, re.MULTILINE), verb
        # A folder that is not there.
        done = subprocess.run([VITRINE, "man-pages", folder / "none", "2024-02-29"], capture_output=True, text=True)
        assert done.returncode == 1 and "cannot write" in done.stderr, done.stderr
    return 0


if __name__ == "__main__":
    sys.exit(main())
