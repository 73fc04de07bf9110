#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Guests of other kinds: with threads, of several components, and with inlined functions."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lldb"))

from debuggee import THREADS, compile_components, compile_guest, line_of  # noqa: E402
from editor import Editor  # noqa: E402

GUESTS = HERE.parent / "lldb" / "guests"
INLINED = """static int counter = 3;
__attribute__((always_inline)) static inline int twice(int n)
{
    int sum = n + n;
    counter += sum;
    return sum;
}
__attribute__((noinline)) static int work(int k)
{
    int first = twice(k);
    return twice(first) + counter;
}
int main(void)
{
    return work(counter) == 33 ? 0 : 1;
}
"""


class GuestsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="vitrine-dap-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.editor = Editor()
        self.addCleanup(self.end)

    def end(self):
        self.assertEqual(self.editor.finish(), (0, ""))

    def test_threads(self):
        editor = self.editor
        editor.launch(compile_guest("crew.c", *THREADS), invoke="_start")
        line = line_of("crew.c", "step")
        editor.ask("setBreakpoints", source={"path": str(GUESTS / "crew.c")}, breakpoints=[{"line": line}])
        editor.ask("configurationDone")
        thread = editor.stop(reason="breakpoint")["threadId"]
        self.assertGreater(thread, 1)
        ids = {each["id"] for each in editor.ask("threads")["threads"]}
        self.assertLessEqual({1, thread}, ids)
        self.assertEqual([frame["name"] for frame in editor.frames(thread)][:3], ["step", "work", "begin"])
        self.assertEqual(editor.frames(1)[-1]["name"], "start")
        # One thread alone.
        where = {each: editor.frames(each)[0]["line"] for each in ids - {thread} if editor.frames(each)}
        editor.ask("next", threadId=thread, singleThread=True)
        stopped = editor.stop(reason="step")
        self.assertEqual(stopped["threadId"], thread)
        self.assertEqual(editor.frames(thread)[0]["line"], line + 1)
        self.assertEqual(where, {each: editor.frames(each)[0]["line"] for each in where})
        told = {m["body"]["threadId"] for m in editor.messages if m.get("event") == "thread"}
        self.assertLessEqual(ids, told)

    def test_components(self):
        editor = self.editor
        editor.launch(compile_components(self.folder), invoke="run()")
        self.assertEqual(editor.ask("modules")["totalModules"], 2)
        (row,) = editor.ask("setFunctionBreakpoints", breakpoints=[{"name": "ops_add"}])["breakpoints"]
        self.assertTrue(row["verified"])
        editor.ask("configurationDone")
        editor.stop(reason="breakpoint")
        frames = editor.frames()
        self.assertEqual([frame["name"] for frame in frames], ["ops_add", "host ops_add", "run", "host run"])
        self.assertEqual([frame["source"]["name"] for frame in frames[::2]], ["provider.c", "app.c"])
        self.assertEqual(editor.variables(editor.scopes(frames[0]["id"])["Statics"])["calls"]["value"], "100")
        self.assertNotIn("calls", editor.variables(editor.scopes(frames[2]["id"])["Statics"]))
        editor.ask("continue", threadId=1)
        self.assertEqual(editor.event("exited")["exitCode"], 0)

    def test_inlined_functions(self):
        source, wasm = self.folder / "inlined.c", self.folder / "inlined.wasm"
        source.write_text(INLINED)
        subprocess.run(["clang-22", "--target=wasm32-wasi", "-Wno-deprecated", "--no-wasm-opt", "-g", "-O1", source, "-o", wasm],
            check=True)
        editor = self.editor
        editor.launch(wasm)
        line = INLINED.splitlines().index("    counter += sum;") + 1
        (row,) = editor.ask("setBreakpoints", source={"path": str(source)}, breakpoints=[{"line": line}])["breakpoints"]
        self.assertTrue(row["verified"])
        editor.ask("configurationDone")
        editor.stop(reason="breakpoint")
        frames = editor.frames()
        self.assertEqual([frame["name"] for frame in frames][:2], ["twice [inlined]", "work"])
        self.assertEqual(frames[0]["line"], line)
        self.assertIn("first = twice(k)", INLINED.splitlines()[frames[1]["line"] - 1])
        editor.ask("setBreakpoints", source={"path": str(source)}, breakpoints=[])
        editor.ask("continue", threadId=1)
        self.assertEqual(editor.event("exited")["exitCode"], 0)


if __name__ == "__main__":
    unittest.main()
