#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""LLDB on an embedder's session, with modules that are loaded one after another."""

import os
import pathlib
import re
import subprocess
import unittest

from debuggee import BUILD, HERE, PATIENCE, Guest, SessionTest, compile_guest, command_of, line_of, run_script

SOURCE = "adder.c"
ADD = line_of(SOURCE, "add")
MONITOR = "process plugin packet monitor"


def module(start):
    return compile_guest(SOURCE, "-O0", "-mexec-model=reactor", f"-DSTART={start}")


class Host:
    """One of the embedders in this folder, with the interface of a guest."""

    def __init__(self, *modules, program="VITRINE_HOST"):
        self.process = subprocess.Popen([os.environ[program], *map(str, modules)], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        address = self.process.stderr.readline().strip()
        self.command = command_of(["lldb-22", "-o", "settings set target.language c", "-o", f"process connect --plugin wasm connect://{address}"])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


class Memories(SessionTest):
    """Two modules, each with a memory of its own, and the same addresses in both."""

    def guest(self, *flags):
        modules = []
        for source in ("memory_a.c", "memory_b.c"):
            modules.append(pathlib.Path(BUILD.name) / f"{source}{''.join(flags)}.wasm")
            subprocess.run(["clang-22", "--target=wasm32", "-g", *flags, "-nostdlib", "-Wl,--no-entry", "-Wl,--export-memory",
                str(HERE / "guests" / source), "-o", str(modules[-1])], check=True)
        return Guest(modules[0], "21", options=["--preload", f"b={modules[1]}", "--invoke", "go"])

    def test_variables_of_a_caller_in_another_module(self):
        with self.guest("-O0") as guest:
            self.check(guest, [], [
                (f"b memory_b.c:{line_of('memory_b.c', 'inner')}", r"Breakpoint 1: "),
                ("continue", r"stop reason = breakpoint 1\.1"),
                ("frame variable", r'y = 132\n.*twice = 264\n.*own = \(number = 132, name = "inner"\)'),
                ("p tag", r'number = 9, name = "modB"'),
                ("p value", r"\(int\) 223$"),
                ("up", r"`enter\(y=132\)"),
                ("p value", r"\(int\) 223$"),
                ("up", r"`outer\(x=21\)"),
                ("p value", r"\(int\) 111$"),
                ("p tag", r'number = 7, name = "modA"'),
                ("frame variable", r'x = 21\n.*sum = 132\n.*own = \(number = 21, name = "outer"\)'),
                ("p *pointer", r'number = 21, name = "outer"'),
                ("p value + x", r"\(int\) 132$"),
                ("expr tag.number = 100", r"= 100$"),
                ("expr own.number = 1000", r"= 1000$"),
                ("p tag.number + own.number", r"\(int\) 1100$"),
                ("continue", r"exited with status = 0 "),
            ])
            self.assertEqual(guest.finish()[:2], (0, f"{132 + 264 + 9 + 132 + 223 + 100 + 1000}\n"))

    def test_optimised_values_in_locals_are_what_they_were(self):
        with self.guest("-O2") as guest:
            self.check(guest, [], [
                ("b inner", r"Breakpoint 1: "),
                ("continue", r"stop reason = breakpoint 1\.1", r"y=132"),
                ("continue", r"exited with status = 0 "),
            ])


class Parts(SessionTest):
    """A module inside a larger file, which LLDB must not mistake for the module."""

    def test_a_session(self):
        whole = module(1)
        for before, behind in [(b"\0asm\1\0\0\0" * 300, b"and more"), (b"", b"and more"), (b"header", b"")]:
            with self.subTest(before=len(before), behind=len(behind)):
                box = pathlib.Path(BUILD.name) / "box.bin"
                box.write_bytes(before + whole.read_bytes() + behind)
                part = f"{len(before):#x}+{whole.stat().st_size}"
                with Guest(box, "5", options=["--part", part, "--invoke", "add"]) as guest:
                    self.check(guest, [], [
                        ("image list", rf"{box}:{len(before):#x} \("),
                        (f"b {SOURCE}:{ADD}", rf"Breakpoint 1: where = {box.name}:{len(before):#x}`add"),
                        ("continue", r"stop reason = breakpoint 1\.1", r"add\(more=5\)", rf"at {SOURCE}:{ADD}"),
                        ("p kept", r"\(int\) 1$"),
                        ("expr kept = 30", r"= 30$"),
                        ("register read pc", rf"pc = {0x4000000100000000 + self.offset_of_add(whole):#018x}"),
                        ("continue", r"exited with status = 0 "),
                    ])
                    self.assertEqual(guest.finish()[:2], (0, "35\n"))

    def offset_of_add(self, wasm):
        """Where the breakpoint is in the module: the same offset as without a file around it."""
        with Guest(wasm, "5", options=["--invoke", "add"]) as guest:
            answers = run_script(guest, [f"b {SOURCE}:{ADD}", "continue", "register read pc", "continue"])
            return int(re.search(r"pc = (0x[0-9a-f]+)", answers[3])[1], 16) - 0x4000000100000000


class Modules(SessionTest):
    def test_modules_that_come_later(self):
        one, two = module(1), module(100)
        with Host(one, two, two) as host:
            self.check(host, [r"stop reason = signal SIGINT"], [
                ("image list", rf"\[  0\].*{one}"),
                # In every module that has this line, including those loaded later.
                (f"b {SOURCE}:{ADD}", rf"Breakpoint 1: where = {one.name}`add"),
                ("continue", r"stop reason = breakpoint 1\.1", rf"{one.name}`add\(more=1\)"),
                ("p kept", r"\(int\) 1$"),
                # The second module and its breakpoint.
                ("continue", r"stop reason = signal SIGTRAP", rf"{two.name}`add"),
                ("image list", rf"{one} *\n[^\n]*{two} *$"),
                ("breakpoint list", r"locations = 2, resolved = 2"),
                ("continue", r"stop reason = breakpoint 1\.2", rf"{two.name}`add\(more=1\)"),
                ("p kept", r"\(int\) 100$"),
                ("expr kept = 200", r"= 200$"),
                # Another instance of the module, which LLDB reads from the guest.
                ("continue", r"stop reason = signal SIGTRAP", r"`add"),
                ("image list", rf"{one} *\n[^\n]*{two} *\n[^\n]*{two.name}#2"),
                ("breakpoint list", r"locations = 3, resolved = 3"),
                ("continue", r"stop reason = breakpoint 1\.3", r"`add\(more=1\) at adder\.c"),
                ("p kept", r"\(int\) 100$"),
                (f"{MONITOR} instances", rf"  instance 0 of \S+ at 0x4000000100000000: {one}\n  instance 1 of \S+ at 0x4000000200000000: {two}\n"
                    rf"\* instance 2 of \S+ at 0x4000000300000000: {two}#2$"),
                # Each module has its own value at the same address in its own memory.
                ("expr -f hex -- (int)&kept", r"0x[0-9a-f]+"),
                ("breakpoint disable 1.2"),
                ("continue", r"stop reason = breakpoint 1\.1", rf"{one.name}`add\(more=10\)"),
                ("p kept", r"\(int\) 2$"),
                ("continue", r"stop reason = breakpoint 1\.3", r"`add\(more=10\)"),
                ("p kept", r"\(int\) 101$"),
                ("continue", r"exited with status = 0"),
            ])
            self.assertEqual(host.process.communicate(timeout=PATIENCE)[0].split(), ["2", "201", "101", "12", "211", "111"])
            self.assertEqual(host.process.returncode, 0)


if __name__ == "__main__":
    unittest.main()
