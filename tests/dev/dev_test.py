# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The script `dev` in a tree of its own, with programs that only record how they are called."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Records its name and arguments; fails if FAILING names it.
NOTE = """#!/bin/sh
echo "${0##*/} $*" >> "$NOTES"
[ "${0##*/}" != "$FAILING" ]
"""
PROGRAMS = ["cmake", "ctest", "clang-format-22", "python3", "dpkg-query", "apt-get", "sudo", "cpack", "lintian"]


class Dev(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="vitrine-dev-")
        self.addCleanup(folder.cleanup)
        self.tree = pathlib.Path(folder.name) / "tree"
        self.bin = pathlib.Path(folder.name) / "bin"
        self.notes = pathlib.Path(folder.name) / "notes"
        for path in ("dev", "tools/packages.txt", "tools/requirements.txt"):
            (self.tree / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, self.tree / path)
        (self.tree / "one file.cpp").touch()
        (self.tree / "gone.h").touch()
        subprocess.run("git init -q . && git add . && rm gone.h && touch new.hpp", shell=True, cwd=self.tree, check=True)
        # The folder where need_wasm_tools looks.
        (self.tree / "build/venv").mkdir(parents=True)
        shutil.copy(ROOT / "tools/requirements.txt", self.tree / "build/venv")
        # The same for need_zig.
        (self.tree / "build/zig").mkdir()
        shutil.copy(ROOT / "tools/requirements-zig.txt", self.tree / "tools")
        shutil.copy(ROOT / "tools/requirements-zig.txt", self.tree / "build/zig/requirements.txt")
        # The same for need_editors.
        (self.tree / "build/editors").mkdir()
        shutil.copy(ROOT / "tools/install_editors.sh", self.tree / "tools")
        shutil.copy(ROOT / "tools/install_editors.sh", self.tree / "build/editors/installed")
        # And for need_lldb_23.
        (self.tree / "build/lldb").mkdir()
        shutil.copy(ROOT / "tools/requirements-lldb.txt", self.tree / "tools")
        shutil.copy(ROOT / "tools/requirements-lldb.txt", self.tree / "build/lldb/requirements.txt")
        # The same for need_python.
        (self.tree / "build/python").mkdir()
        shutil.copy(ROOT / "tools/requirements-python.txt", self.tree / "tools")
        shutil.copy(ROOT / "tools/requirements-python.txt", self.tree / "build/python/requirements.txt")
        # And for need_mcp.
        (self.tree / "build/mcp").mkdir()
        shutil.copy(ROOT / "tools/requirements-mcp.txt", self.tree / "tools")
        shutil.copy(ROOT / "tools/requirements-mcp.txt", self.tree / "build/mcp/requirements.txt")
        # And for need_docs.
        (self.tree / "build/docs/venv").mkdir(parents=True)
        shutil.copy(ROOT / "tools/requirements-docs.txt", self.tree / "tools")
        shutil.copy(ROOT / "tools/requirements-docs.txt", self.tree / "build/docs/venv/requirements.txt")
        self.bin.mkdir()
        for program in PROGRAMS:
            self.program(self.bin / program, NOTE)
        self.program(self.tree / "build/venv/wasm-tools", NOTE)
        # All packages are installed.
        self.program(self.bin / "dpkg-query", '#!/bin/sh\nshift 2\nfor name in "$@"; do echo "installed $name"; done\n')

    @staticmethod
    def program(path, text):
        path.write_text(text)
        path.chmod(0o755)

    def dev(self, *words, failing=""):
        self.notes.write_text("")
        done = subprocess.run([self.tree / "dev", *words], capture_output=True, text=True, timeout=60,
            env=os.environ | {"PATH": f"{self.bin}:{os.environ['PATH']}", "NOTES": str(self.notes), "FAILING": failing})
        return done.returncode, self.notes.read_text().splitlines(), done.stdout + done.stderr

    def test_help_names_each_verb(self):
        verbs = re.search(r"^case \$verb in\n([a-z |]+)\)", (ROOT / "dev").read_text(), re.MULTILINE)[1].split(" | ")
        status, _, shown = self.dev("help")
        self.assertEqual(status, 0)
        self.assertEqual(re.findall(r"^  (\w+) ", shown, re.MULTILINE), verbs)

    def test_an_unknown_verb_is_refused(self):
        status, notes, shown = self.dev("tets")
        self.assertEqual((status, notes), (1, []))
        self.assertIn("no verb 'tets'", shown)

    def test_format_changes_each_source_that_is_there(self):
        status, notes, _ = self.dev("format")
        self.assertEqual((status, notes), (0, ["clang-format-22 -i new.hpp one file.cpp"]))

    def test_check_changes_no_source(self):
        status, notes, _ = self.dev("check")
        self.assertEqual(status, 0)
        self.assertIn("clang-format-22 --dry-run -Werror new.hpp one file.cpp", notes)
        self.assertEqual(self.dev("check", failing="clang-format-22")[0], 123)

    def test_test_checks_first_unless_told_otherwise(self):
        status, notes, _ = self.dev("test", "-R", "wasm")
        self.assertEqual(status, 0)
        self.assertTrue(any("lint.py" in note for note in notes), notes)
        self.assertTrue(notes[-1].startswith("ctest ") and notes[-1].endswith(" -R wasm"), notes)
        status, notes, _ = self.dev("test", "--no-check", "-R", "wasm")
        self.assertEqual(status, 0)
        self.assertFalse(any("lint.py" in note or "clang-format" in note for note in notes), notes)
        self.assertTrue(notes[-1].startswith("ctest ") and notes[-1].endswith(" -R wasm"), notes)

    def test_packages_are_made_and_checked(self):
        (self.tree / "build/package/packages").mkdir(parents=True)
        (self.tree / "build/package/packages/old.deb").touch()
        self.program(self.bin / "cpack", NOTE + "touch build/package/packages/new.deb\n")
        status, notes, _ = self.dev("package")
        self.assertEqual(status, 0)
        self.assertIn("cpack --preset package", notes)
        self.assertTrue(notes[-1].startswith("lintian ") and notes[-1].endswith(" build/package/packages/new.deb"), notes)
        self.assertEqual(self.dev("package", failing="lintian")[0], 1)

    def test_bless_fails_when_a_test_does(self):
        self.assertEqual(self.dev("bless")[0], 0)
        self.assertNotEqual(self.dev("bless", failing="ctest")[0], 0)


if __name__ == "__main__":
    unittest.main()
