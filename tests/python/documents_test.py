# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What docs/python.md, README.md and the docstrings of the package show."""

import doctest
import importlib
import os
import pathlib
import pkgutil
import tempfile
import unittest

import vitrine
from support import BANK, ROOT, wasm

HELLO = """(module (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1) (data (i32.const 0) "\\08\\00\\00\\00\\06\\00\\00\\00hello\\0a")
  (func (export "_start") (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16))) (call $exit (i32.const 3))))"""
SPIN = '(module (func (export "spin") (loop $l (br $l))))'
FLAGS = doctest.IGNORE_EXCEPTION_DETAIL


class Documents(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="vitrine-python-")
        cls.addClassCleanup(folder.cleanup)
        modules = {
            "bank": BANK,
            "fib": ROOT / "tests/docs/fib.wat",
            "hello": HELLO,
            "spin": SPIN,
            "shapes": ROOT / "tests/docs/shapes.wat",
        }
        for name, text in modules.items():
            pathlib.Path(folder.name, f"{name}.wasm").write_bytes(wasm(text))
        cls.addClassCleanup(os.chdir, os.getcwd())
        os.chdir(folder.name)

    def check(self, results):
        self.assertGreater(results.attempted, 0)
        self.assertEqual(results.failed, 0)

    def test_pages(self):
        for page in ("docs/python.md", "README.md"):
            with self.subTest(page):
                self.check(doctest.testfile(str(ROOT / page), module_relative=False, optionflags=FLAGS))

    def test_docstrings(self):
        names = ["vitrine", *(f"vitrine.{found.name}" for found in pkgutil.iter_modules(vitrine.__path__))]
        results = [doctest.testmod(importlib.import_module(name)) for name in names if name != "vitrine._c"]
        self.assertEqual(sum(result.failed for result in results), 0)
        self.assertGreater(sum(result.attempted for result in results), 50)

    def test_everything_public_has_a_docstring(self):
        for name in vitrine.__all__:
            self.assertTrue(getattr(vitrine, name).__doc__, name)


if __name__ == "__main__":
    unittest.main()
