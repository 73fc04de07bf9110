#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""VS Code's client for tests of debug adapters, of the npm package @vscode/debugadapter-testsupport,
drives `vitrine dap`."""

import pathlib
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lldb"), str(HERE.parents[1] / "tools")]

import bench  # noqa: E402
from debuggee import VITRINE, compile_guest  # noqa: E402

PACKAGE = "@vscode/debugadapter-testsupport@1.68.0"
SOURCE = HERE.parents[1] / "examples" / "bank" / "bank.c"


class TestsupportTest(unittest.TestCase):
    def test_sessions(self):
        try:
            package = bench.npm_package(PACKAGE)
        except (OSError, subprocess.CalledProcessError) as error:
            raise unittest.SkipTest(f"{PACKAGE} cannot be fetched: {error}") from error
        done = subprocess.run(["node", HERE / "testsupport.mjs", package, VITRINE, compile_guest(SOURCE), SOURCE],
            capture_output=True, text=True, timeout=240)
        self.assertEqual((done.returncode, done.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()
