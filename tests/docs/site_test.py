# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The site that tools/make_site.py makes, and that it refuses what it should."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PYTHON = os.environ["VITRINE_DOCS_PYTHON"]
LIBRARY = os.environ["VITRINE_LIBRARY"]


def make(tree, work):
    done = subprocess.run([PYTHON, "-B", tree / "tools/make_site.py", "--work", work, "--library", LIBRARY], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def text_of(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", re.sub(r"<(script|style|head).*?</\1>", "", html, flags=re.DOTALL)))


class Site(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="vitrine-site-")
        self.addCleanup(folder.cleanup)
        self.work = pathlib.Path(folder.name) / "work"
        self.tree = pathlib.Path(folder.name) / "tree"

    def copy_tree(self):
        for name in ("docs", "examples", "include", "python/vitrine"):
            shutil.copytree(ROOT / name, self.tree / name)
        for path in [*ROOT.glob("*.md"), ROOT / "LICENSE", *(ROOT / "tools").glob("*.py")]:
            copy = self.tree / path.relative_to(ROOT)
            copy.parent.mkdir(exist_ok=True)
            shutil.copy(path, copy)

    def test_site(self):
        status, shown = make(ROOT, self.work)
        self.assertEqual(status, 0, shown)
        html = self.work / "html"
        # Text browsers show the text first, then the list of pages.
        page = text_of((html / "reference/vitrine_instance_hpp.html").read_text())
        self.assertLess(page.index("Creates an instance and runs its start function."), page.index("Navigation"))
        self.assertNotIn("find_func", page)
        self.assertIn("std::optional&lt;Func&gt; debug_function(std::uint32_t index) const;", page)
        self.assertIn("deletes an object of it", text_of((html / "reference/wasm_h.html").read_text()))
        self.assertIn("debug_function (Instance)", text_of((html / "genindex.html").read_text()))
        self.assertIn("docs/debug.html", (html / "index.html").read_text())
        self.assertIn("debug_function", (html / "searchindex.js").read_text())

        page = text_of((html / "reference/python/session.html").read_text())
        self.assertIn("add_watchpoint(place: Place, access: str = 'change', *, condition: str | None = None", page)
        self.assertIn("Stops the guest after it accesses a place", page)
        self.assertIn("property instance: Instance | ComponentInstance", page)
        page = (html / "reference/python/store.html").read_text()
        self.assertIn('href="instance.html#vitrine.Wasi"', page)
        self.assertIn("vitrine_config_h.html", page)
        self.assertIn("debug_core_instance() (vitrine.ComponentInstance method)", text_of((html / "genindex.html").read_text()))

    def test_python_needs_docstrings(self):
        self.copy_tree()
        path = self.tree / "python/vitrine/_store.py"
        path.write_text(path.read_text().replace("    def serialize(self)", "    def change(self) -> None: ...\n\n    def serialize(self)")
            .replace("        self.index: int = row.index\n", "        self.index: int = row.index\n        self.colour = 5\n"))
        path = self.tree / "python/vitrine/__init__.py"
        path.write_text(path.read_text().replace('__all__ = [\n', '__all__ = [\n    "Missing",\n'))
        status, shown = make(self.tree, self.work)
        self.assertEqual(status, 1)
        for error in ("no docstring: vitrine.Module.change", "no docstring: vitrine.Entity.colour", "not in the Python reference: Missing"):
            self.assertIn(error, shown)
        self.assertIn(" 3 errors", shown)

    def test_a_link_to_nothing_is_refused(self):
        self.copy_tree()
        with (self.tree / "docs/wasi.md").open("a") as page:
            page.write("\n[one](gone.md), [two](limits.md#nowhere)\n")
        status, shown = make(self.tree, self.work)
        self.assertEqual(status, 1)
        self.assertIn("'gone.md'", shown)
        self.assertIn("'nowhere'", shown)

    def test_functions_need_comments(self):
        self.copy_tree()
        path = self.tree / "include/vitrine/linker.hpp"
        header = path.read_text()
        path.write_text(header.replace("    ~Linker();\n", "    ~Linker();\n\n    void change(int how);\n").replace("define_instance(", "define_all("))
        status, shown = make(self.tree, self.work)
        self.assertEqual(status, 1)
        self.assertIn("no comment: vitrine/linker.hpp: Linker::change", shown)
        self.assertIn("not in the reference: Linker::define_instance", shown)


if __name__ == "__main__":
    if not pathlib.Path(PYTHON).exists():
        print("there is no Sphinx: `./dev docs` installs it")
        sys.exit(1 if os.environ.get("VITRINE_REQUIRE_SHARED") else 77)
    unittest.main()
