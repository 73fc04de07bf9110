# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`vitrine run --perf`: the files that tell perf which functions machine code belongs to."""

import os
import pathlib
import struct
import subprocess
import tempfile
import unittest

VITRINE = os.environ["VITRINE"]
WASM_TOOLS = os.environ["VITRINE_WASM_TOOLS"]
GUEST = """(module $guest
  (func $leaf (param i32) (result i32) (i32.mul (local.get 0) (i32.const 3)))
  (func (param i32) (result i32) (call $leaf (local.get 0)))
  (func $root (export "root") (param i32) (result i32) (call 1 (local.get 0))))
"""
NAMES = {"leaf", "wasm-function[1]", "root"}
MAGIC, VERSION, LOAD, LINES = 0x4A695444, 1, 0, 2


class Perf(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.guest = self.folder / "guest.wasm"
        subprocess.run([WASM_TOOLS, "parse", "-", "-o", self.guest], input=GUEST.encode(), check=True)

    def run_guest(self, *options, tier="jit"):
        """The process's number, what it printed, and its status."""
        command = [VITRINE, "run", f"--tier={tier}", *options, "--invoke", "root", self.guest, "5"]
        with subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as guest:
            out, err = guest.communicate(timeout=60)
        return guest.pid, out, err, guest.returncode

    def test_the_map_lists_each_function(self):
        for option in "--perf", "--perf=map":
            number, *end = self.run_guest(option)
            path = pathlib.Path(f"/tmp/perf-{number}.map")
            self.addCleanup(path.unlink)
            self.assertEqual(end, ["15\n", "", 0])
            rows = [line.split(" ", 2) for line in path.read_text().splitlines()]
            self.assertEqual({name for _, _, name in rows}, NAMES)
            ranges = sorted((int(begin, 16), int(begin, 16) + int(size, 16)) for begin, size, _ in rows)
            self.assertTrue(all(begin < end for begin, end in ranges))
            self.assertTrue(all(end <= begin for (_, end), (begin, _) in zip(ranges, ranges[1:])))

    def test_the_dump_has_the_code_and_its_lines(self):
        number, *end = self.run_guest("--perf=jitdump")
        self.assertEqual(end, ["15\n", "", 0])
        data = (self.folder / f"jit-{number}.dump").read_bytes()
        magic, version, size, machine, _, pid, _, flags = struct.unpack_from("<IIIIIIQQ", data)
        self.assertEqual((magic, version, size, machine, pid, flags), (MAGIC, VERSION, 40, 62, number, 0))
        at, last, loaded, lined = size, 0, {}, {}
        while at < len(data):
            kind, size, time = struct.unpack_from("<IIQ", data, at)
            self.assertGreaterEqual(time, last)
            last = time
            body = data[at + 16 : at + size]
            at += size
            if kind == LOAD:
                pid, _, vma, address, length, index = struct.unpack_from("<IIQQQQ", body)
                name, _, code = body[40:].partition(b"\0")
                self.assertEqual((pid, vma, index), (number, address, len(loaded)))
                self.assertGreaterEqual(len(code), length)
                loaded[name.decode()] = address, length
                # Lines come before the code that they are for.
                self.assertIn(address, lined)
            else:
                self.assertEqual(kind, LINES)
                address, count = struct.unpack_from("<QQ", body)
                rows, rest = [], body[16:]
                for _ in range(count):
                    place, line, _ = struct.unpack_from("<QII", rest)
                    file, _, rest = rest[16:].partition(b"\0")
                    self.assertEqual(file, b"guest.wasm")
                    rows.append((place, line))
                lined[address] = rows
        self.assertEqual(set(loaded), NAMES)
        listing = subprocess.run([VITRINE, "objdump", "-d", self.guest], capture_output=True, text=True, check=True).stdout
        for address, length in loaded.values():
            rows = lined[address]
            self.assertTrue(all(address <= place <= address + length for place, _ in rows))
            self.assertEqual(rows, sorted(rows))
        multiplication = next(int(line.split()[0], 16) for line in listing.splitlines() if "i32.mul" in line)
        self.assertIn(multiplication, [line for _, line in lined[loaded["leaf"][0]]])

    def test_gdb_needs_no_file(self):
        _, *end = self.run_guest("--perf=gdb")
        self.assertEqual(end, ["15\n", "", 0])
        self.assertEqual(os.listdir(self.folder), ["guest.wasm"])

    def test_what_cannot_be_is_said(self):
        for option, tier, text in [
            ("--perf=top", "jit", "--perf top: expected map, jitdump or gdb"),
            ("--perf", "interp", "--perf map: nothing is compiled: the engine is configured to interpret"),
        ]:
            _, out, err, status = self.run_guest(option, tier=tier)
            self.assertEqual((out, err, status), ("", f"vitrine: error: {text} (vitrine run --help)\n", 2))
        self.folder.chmod(0o500)
        if os.geteuid() != 0:
            _, _, err, status = self.run_guest("--perf=jitdump")
            self.assertIn("cannot write jit-", err)
            self.assertEqual(status, 2)


if __name__ == "__main__":
    unittest.main()
