#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Emacs with dap-mode, in batch: Debian's packages emacs-nox and elpa-dap-mode."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lldb"))

from debuggee import VITRINE, compile_guest  # noqa: E402

SOURCE = HERE.parents[1] / "examples" / "bank" / "bank.c"
DEPOSIT = SOURCE.read_text().splitlines().index("    account->balance += amount;") + 1
DAP_MODE = pathlib.Path("/usr/share/emacs/site-lisp/elpa")


class EmacsTest(unittest.TestCase):
    def test_a_session(self):
        if not (shutil.which("emacs") and any(DAP_MODE.glob("dap-mode-*"))) and os.environ.get("VITRINE_REQUIRE_SHARED") != "1":
            raise unittest.SkipTest("Emacs or its dap-mode is missing")
        with tempfile.TemporaryDirectory(prefix="vitrine-emacs-") as folder:
            done = subprocess.run(["emacs", "--batch", "-l", HERE / "emacs.el", VITRINE, compile_guest(SOURCE), SOURCE, str(DEPOSIT), folder],
                capture_output=True, text=True, timeout=240, stdin=subprocess.DEVNULL, env={**os.environ, "HOME": folder})
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = done.stdout.splitlines()
        self.assertEqual(lines[0], f"deposit:{DEPOSIT}")
        self.assertRegex(lines[1], r"^account = 0x[0-9a-f]+$")
        self.assertEqual(lines[2:4], ["amount = 20", f"deposit:{DEPOSIT + 1}"])
        self.assertIn("total 190", done.stdout)


if __name__ == "__main__":
    unittest.main()
