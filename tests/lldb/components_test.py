#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""LLDB on a component that is composed of two, whose core modules have code at the same offsets."""

import os
import pathlib
import subprocess
import unittest

from debuggee import BUILD, HERE, Guest, SessionTest, line_of

WASM_TOOLS = os.environ["VITRINE_WASM_TOOLS"]
GUESTS = HERE / "guests"
WIT = GUESTS / "two.wit"


def run(*command):
    subprocess.run(list(map(str, command)), check=True, capture_output=True)


def component_of(world):
    """The component of a C file that names its imports and exports itself."""
    base = pathlib.Path(BUILD.name) / world
    core, embedded, component = (base.with_suffix(suffix) for suffix in (".core.wasm", ".embedded.wasm", ".wasm"))
    run("clang-22", "--target=wasm32", "-nostdlib", "-g", "-O0", "-Wl,--no-entry", GUESTS / f"{world}.c", "-o", core)
    run(WASM_TOOLS, "component", "embed", WIT, core, "--world", world, "-o", embedded)
    run(WASM_TOOLS, "component", "new", embedded, "-o", component)
    return component


def composed():
    target = pathlib.Path(BUILD.name) / "two.wasm"
    run(WASM_TOOLS, "compose", component_of("app"), "-d", component_of("provider"), "-o", target)
    return target


class TwoModules(SessionTest):
    def guest(self):
        return Guest(composed(), options=["--invoke", "run()"])

    def test_each_breakpoint_hits_only_in_its_own_module(self):
        with self.guest() as guest:
            self.check(guest, [], [
                ("b ops_add", r"Breakpoint 1: where = two\.wasm:main.*`ops_add"),
                ("b run", r"Breakpoint 2: where = two\.wasm:main.*`run"),
                ("continue", r"stop reason = breakpoint 2\.1", r"app\.c:"),
                ("continue", r"stop reason = breakpoint 1\.1", r"provider\.c:"),
                ("continue", r"exited with status = 0 "),
            ])
            self.assertEqual(guest.finish()[:2], (0, "50\n"))

    def test_variables_in_both_frames_and_both_memories_are_changed(self):
        with self.guest() as guest:
            self.check(guest, [], [
                (f"b provider.c:{line_of('provider.c', 'sum')}", r"Breakpoint 1: "),
                ("continue", r"stop reason = breakpoint 1\.1"),
                ("frame variable mybox", r"w = 7, h = 35\)"),
                ("p calls", r"\(int\) 101$"),
                ("process plugin packet monitor info call", r"ops_add\n  a: s32 = 7\n  b: s32 = 35"),
                ("expr mybox.w = 1000", r"= 1000$"),
                ("up", r"`run"),
                ("frame variable mybox", r"w = 7, h = 8\)"),
                ("p answer", r"\(int\) 1$"),
                ("expr mybox.h = 100000", r"= 100000$"),
                ("continue", r"exited with status = 0 "),
            ])
            self.assertEqual(guest.finish()[:2], (0, f"{1000 + 35 + 100000}\n"))

    def test_steps_across_the_boundary_and_back(self):
        with self.guest() as guest:
            self.check(guest, [], [
                (f"b app.c:{line_of('app.c', 'call')}", r"Breakpoint 1: "),
                ("continue", r"stop reason = breakpoint 1\.1"),
                ("next", r"stop reason = step over", rf"app\.c:{line_of('app.c', 'answer')}"),
                ("continue", r"exited with status = 0 "),
            ])
        with self.guest() as guest:
            self.check(guest, [], [
                ("b ops_add", r"Breakpoint 1: "),
                ("continue", r"stop reason = breakpoint 1\.1"),
                ("finish", r"stop reason = step out", r"app\.c:"),
                ("continue", r"exited with status = 0 "),
            ])


if __name__ == "__main__":
    unittest.main()
