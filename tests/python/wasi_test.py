# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""WASI preview 1, with the guest of tests/capi."""

import os
import tempfile
import unittest

import vitrine
from support import ROOT, wasm


def guest(**options):
    store = vitrine.Store()
    linker = vitrine.Linker(store)
    linker.add_wasi(vitrine.Wasi(**options))
    return linker.instantiate(vitrine.Module(store, wasm(ROOT / "tests/capi/wasi.wat")))


class Wasi(unittest.TestCase):
    def test_output(self):
        out, err = bytearray(), []
        program = guest(args=["app", "jade"], env={"COLOUR": "amber"}, stdout=out.extend, stderr=err.append, stdin=b"input")
        program["args"]()
        program["environ"]()
        program["copy"](2)
        self.assertEqual((bytes(out), b"".join(err)), (b"app\0jade\0COLOUR=amber\0", b"input"))

    def test_input_from_a_function(self):
        out = bytearray()
        guest(stdin=lambda size: b"abc"[:size], stdout=out.extend)["copy"](1)
        self.assertEqual(out, b"abc")

    def test_directories(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertNotEqual(guest(read_only_dirs={"/": folder})["create"](), 0)
            self.assertEqual(os.listdir(folder), [])
            self.assertEqual(guest(dirs={"/": folder})["create"](), 0)
            self.assertEqual(os.listdir(folder), ["new"])
        with self.assertRaisesRegex(vitrine.Error, "no-such-folder"):
            guest(dirs={"/": "/no-such-folder"})

    def test_exit(self):
        with self.assertRaises(vitrine.Exit) as caught:
            guest()["exit"](3)
        self.assertEqual(caught.exception.status, 3)


if __name__ == "__main__":
    unittest.main()
