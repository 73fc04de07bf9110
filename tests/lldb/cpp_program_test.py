#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""LLDB on a C++ program with containers, strings and methods."""

import unittest

from debuggee import Guest, SessionTest, by_version, compile_guest, line_of

SOURCE = "library.cpp"


class Unoptimised(SessionTest):
    def test_a_whole_session(self):
        wasm = compile_guest(SOURCE, "-O0")
        with Guest(wasm) as guest:
            self.check(guest, [r"stop reason = signal SIGTRAP"], [
                ("p 1 + 1", r"\(int\) 2"),
                ("b library::Shelf::add", rf"Breakpoint 1: where = .*`library::Shelf::add\(.*\) \+ \d+ at {SOURCE}:{line_of(SOURCE, 'add')}"),
                ("b pages", r"Breakpoint 2: "),
                ("continue", r"stop reason = breakpoint 1\.1"),
                ("frame variable book", r"title = \"Wasm\"", r"pages = 120", r"readers = .*size=2", r"\[0\] = \"ada\"", r"\[1\] = \"bob\""),
                ("p this->books_", r"size=0"),
                ("p library::loans", r"\(int\) 100"),
                ("next", r"stop reason = step over", rf"at {SOURCE}:{line_of(SOURCE, 'add') + 1}"),
                ("frame variable books_", r"size=1", r"title = \"Wasm\""),
                ("finish", r"stop reason = step out", r"`main at "),
                ("continue", r"stop reason = breakpoint 1\.1"),
                ("frame variable book", r"title = \"Dwarf\"", r"readers = size=0"),
                ("breakpoint disable 1"),
                ("continue", r"stop reason = breakpoint 2\.1", r"`library::Shelf::pages\(this=0x"),
                ("bt", r"frame #1: .*`main at "),
                (f"b {SOURCE}:{line_of(SOURCE, 'pages')}", r"Breakpoint 3: "),
                ("continue", r"stop reason = breakpoint 3\.1"),
                ("p sum", r"\(int\) 0"),
                ("expr sum = 1000", r"\(int\) \$\d = 1000"),
                ("frame variable book.title", r"\"Wasm\""),
                ("breakpoint disable 3"),
                (f"b {SOURCE}:{line_of(SOURCE, 'main')}", r"Breakpoint 4: "),
                ("continue", r"stop reason = breakpoint 4\.1"),
                ("p numbers", r"size=5", r"\[0\] = 1\s+\[1\] = 2\s+\[2\] = 3\s+\[3\] = 5\s+\[4\] = 8"),
                ("frame variable numbers[3]", r"\(int\) numbers\[3\] = 5"),
                ("p name", r"\(std::string\) \"short\""),
                ("p long_name", r"\(std::string\) \"a name that does not fit into the string itself\""),
                ("p ages", r"size=2", r"first = \"ada\", second = 36", r"first = \"bob\", second = 41"),
                ("p pages", r"\(int\) 1420"),
                # A call is refused and must not crash LLDB.
                ("p shelf->capacity()", r"error: .*[Cc]an't evaluate the expression"),
                ("p numbers.size()", r"error: .*[Cc]an't evaluate the expression"),
                # LLDB 23 does not step into functions of the library.
                *by_version([("step", r"stop reason = step in", r"unique_ptr<.*operator->"), "finish"], []),
                ("step", r"stop reason = step in", r"`library::LongShelf::capacity"),
                ("finish", r"stop reason = step out", r"`main at "),
                ("continue", r"^1420 20 8 short a name that does not fit into the string itself 36$", r"exited with status = 102 "),
            ])
            self.assertEqual(guest.finish()[0], 102)


class Optimised(SessionTest):
    def test_containers_and_members(self):
        wasm = compile_guest(SOURCE, "-O2")
        with Guest(wasm) as guest:
            self.check(guest, [r"stop reason = signal SIGTRAP"], [
                ("b library::Shelf::add", r"Breakpoint 1: where = .*`library::Shelf::add"),
                (f"b {SOURCE}:{line_of(SOURCE, 'end')}", r"Breakpoint 2: "),
                ("continue", r"stop reason = breakpoint 1\.1"),
                ("bt", r"frame #0: .*`library::Shelf::add", r"frame #1: .*`main"),
                ("frame variable book", r"title = \"Wasm\"", r"pages = 120", r"readers = .*size=2", r"\[1\] = \"bob\""),
                ("frame variable this->books_", r"size=0"),
                ("expr library::loans = 40", r"\(int\) \$\d = 40"),
                ("next", r"stop reason = .*step"),
                ("continue", r"stop reason = breakpoint 1\.1"),
                ("frame variable book.title", r"\"Dwarf\""),
                ("frame variable this->books_", r"size=1"),
                ("continue", r"stop reason = breakpoint 2\.1"),
                ("frame variable name long_name", r"\"short\"", r"\"a name that does not fit into the string itself\""),
                ("frame variable ages", r"size=2", r"first = \"bob\", second = 41"),
                ("continue", r"exited with status = 42 "),
            ])
            self.assertEqual(guest.finish()[0], 42)


if __name__ == "__main__":
    unittest.main()
