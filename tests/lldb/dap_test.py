#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""lldb-dap, as editors drive it, on guests that it attaches to or starts."""

import base64
import json
import pathlib
import shutil
import subprocess
import sys
import time
import unittest

from debuggee import Guest, HERE, PATIENCE, PLATFORM, await_ends, compile_guest, guests_of, line_of

sys.path.insert(0, str(HERE.parents[0] / "dap"))

from editor import Editor  # noqa: E402

SHAPES = "shapes.c"
AREA = line_of(SHAPES, "area")


def find_adapter():
    found = shutil.which("lldb-dap-22") or shutil.which("lldb-dap", path="/usr/lib/llvm-22/bin")
    if not found:
        raise FileNotFoundError("lldb-dap-22, which Debian has in lldb-22")
    return found


class Adapter(Editor):
    """An lldb-dap and its messages."""

    is_ours = False

    def __init__(self):
        adapter = subprocess.Popen([find_adapter(), "--no-lldbinit"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL)
        super().__init__(streams=(adapter.stdout, adapter.stdin))
        self.process = adapter

    def await_output(self, text):
        deadline = time.monotonic() + PATIENCE
        while text not in self.output_text():
            if time.monotonic() > deadline:
                raise AssertionError(f"the guest never printed {text}: {self.output_text()!r}")
            time.sleep(0.02)

    def pause(self, thread):
        """Pauses a guest that has just been resumed: its output may arrive before lldb-dap knows
        that it runs."""
        deadline = time.monotonic() + PATIENCE
        while not (answer := self.answer(self.send("pause", threadId=thread)))["success"]:
            if "not running" not in json.dumps(answer) or time.monotonic() > deadline:
                raise AssertionError(answer)
            time.sleep(0.02)

    def begin(self, command, breakpoints=(), source=SHAPES, **arguments):
        """Brings the guest to the point where it runs. An editor sends its breakpoints when it
        hears that the adapter is ready."""
        capabilities = self.ask("initialize", adapterID="lldb", linesStartAt1=True, columnsStartAt1=True, pathFormat="path")
        request = self.send(command, **arguments)
        self.event("initialized")
        set_ = self.ask("setBreakpoints", source={"path": str(HERE / "guests" / source)},
            breakpoints=[{"line": line} for line in breakpoints])["breakpoints"]
        self.ask("configurationDone")
        answer = self.answer(request)
        if not answer["success"]:
            raise AssertionError(answer)
        return capabilities, set_

    def stopped(self, reason=None):
        """The frames after the next stop, which must have this reason."""
        stop = self.event("stopped", **({"reason": reason} if reason else {}))
        return self.ask("stackTrace", threadId=stop["threadId"], levels=20)["stackFrames"]

    def variables(self, reference):
        return {v["name"]: v for v in self.ask("variables", variablesReference=reference)["variables"]}

    def close(self):
        self.ask("disconnect")
        return self.process.wait(PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def attach_to(guest):
    *_, language, _, connect = guest.command
    return {"attachCommands": [language, connect]}


class Attached(unittest.TestCase):
    def test_a_whole_session(self):
        with Guest(compile_guest(SHAPES, "-O0"), "named") as guest, Adapter() as dap:
            _, breakpoints = dap.begin("attach", [AREA], **attach_to(guest))
            self.assertTrue(breakpoints[0]["verified"])
            self.assertEqual(breakpoints[0]["line"], AREA)
            frames = dap.stopped("breakpoint")
            self.assertEqual([frame["name"] for frame in frames[:3]], ["area", "apply", "__main_argc_argv"])
            self.assertEqual((frames[0]["line"], frames[0]["source"]["name"]), (AREA, SHAPES))
            self.look_around(dap, frames)
            self.step_around(dap, frames)
            dap.ask("setBreakpoints", source={"path": str(HERE / "guests" / SHAPES)}, breakpoints=[])
            dap.ask("continue", threadId=1)
            self.assertEqual(dap.event("exited")["exitCode"], 22)
            dap.event("terminated")
            self.assertIn("named: 300 112 1422 1412", dap.output_text().replace("\r\n", "\n"))
            self.assertEqual(dap.close(), 0)
            self.assertEqual(guest.finish(), (22, "named: 300 112 1422 1412\n", ""))

    def look_around(self, dap, frames):
        scopes = {s["name"]: s["variablesReference"] for s in dap.ask("scopes", frameId=frames[0]["id"])["scopes"]}
        local = dap.variables(scopes["Locals"])
        self.assertIn("shape", local)
        fields = dap.variables(local["shape"]["variablesReference"])
        self.assertEqual((fields["width"]["value"], fields["height"]["value"]), ("40", "6"))
        self.assertEqual(dap.variables(fields["corner"]["variablesReference"])["y"]["value"], "-3")
        statics = dap.variables(scopes["Globals"])
        self.assertIn("total", {name.rpartition("::")[2] for name in statics} | set(statics))
        # What an editor shows when the mouse hovers over a word. LLDB must not run code for it.
        hover = dap.ask("evaluate", expression="shape->height", context="hover", frameId=frames[0]["id"])
        self.assertEqual(hover["result"], "6")
        caller = dap.ask("evaluate", expression="shape", context="hover", frameId=frames[1]["id"])
        self.assertEqual(caller["result"], local["shape"]["value"])
        # The guest must see each write.
        dap.ask("setVariable", variablesReference=local["shape"]["variablesReference"], name="width", value="50")
        total = statics.get("total") or statics["::total"]
        memory = dap.ask("readMemory", memoryReference=total["memoryReference"], count=4)
        self.assertEqual(base64.b64decode(memory["data"]), (5).to_bytes(4, "little"))
        dap.ask("writeMemory", memoryReference=total["memoryReference"],
            data=base64.b64encode((1000).to_bytes(4, "little")).decode())
        lines = dap.ask("disassemble", memoryReference=frames[0]["instructionPointerReference"], instructionCount=4)["instructions"]
        self.assertEqual(len(lines), 4)
        self.assertRegex(lines[0]["instruction"], r"^(local|i32)\.")

    def step_around(self, dap, frames):
        thread = dap.ask("threads")["threads"]
        self.assertEqual([t["id"] for t in thread], [1])
        dap.ask("next", threadId=1)
        self.assertEqual(dap.stopped("step")[0]["line"], line_of(SHAPES, "area-end"))
        dap.ask("stepOut", threadId=1)
        self.assertEqual(dap.stopped("step")[0]["name"], "apply")
        dap.ask("next", threadId=1, granularity="instruction")
        dap.stopped("step")

    def test_a_guest_is_paused_and_left_alone(self):
        with Guest(compile_guest("endless.c", "-O0")) as guest, Adapter() as dap:
            dap.begin("attach", **attach_to(guest))
            dap.await_output("turning")
            dap.pause(1)
            frame = dap.stopped()[0]
            self.assertEqual(frame["name"], "main")
            [scope] = [s for s in dap.ask("scopes", frameId=frame["id"])["scopes"] if s["name"] == "Globals"]
            [stop] = [name for name in dap.variables(scope["variablesReference"]) if name.rpartition("::")[2] == "stop"]
            dap.ask("setVariable", variablesReference=scope["variablesReference"], name=stop, value="6")
            # An editor that attached leaves without ending anything.
            self.assertEqual(dap.close(), 0)
            self.assertEqual(guest.finish(), (7, "turning\nstopped by 6\n", ""))


class Launched(unittest.TestCase):
    def test_a_trap_in_a_guest_that_the_adapter_starts(self):
        with Adapter() as dap:
            _, [breakpoint] = dap.begin("launch", [line_of("faults.c", "divide")], "faults.c",
                program=str(compile_guest("faults.c", "-O0")), args=["divide"], initCommands=PLATFORM)
            self.assertEqual(breakpoint["line"], line_of("faults.c", "divide"))
            frames = dap.stopped("breakpoint")
            self.assertEqual(frames[0]["name"], "divide")
            dap.ask("continue", threadId=1)
            frames = dap.stopped("exception")
            self.assertEqual((frames[0]["name"], frames[0]["line"]), ("divide", line_of("faults.c", "divide")))
            self.assertIn("trap: integer divide by zero", json.dumps(dap.ask("exceptionInfo", threadId=1)))
            dap.ask("continue", threadId=1)
            dap.event("exited", exitCode=6)
            self.assertEqual(dap.close(), 0)

    def test_the_end_of_the_session_is_that_of_the_guest(self):
        with Adapter() as dap:
            dap.begin("launch", program=str(compile_guest("endless.c", "-O0")), initCommands=PLATFORM)
            dap.await_output("turning")
            before = guests_of(dap.process.pid)
            self.assertEqual(len(before), 1)
            self.assertEqual(dap.close(), 0)
            await_ends(before)

    def test_the_end_of_the_adapter_is_that_of_the_guest(self):
        for is_running in (True, False):
            with Adapter() as dap:
                stop = [] if is_running else [line_of("endless.c", "turn")]
                dap.begin("launch", stop, "endless.c", program=str(compile_guest("endless.c", "-O0")), initCommands=PLATFORM)
                dap.await_output("turning")
                if not is_running:
                    dap.stopped("breakpoint")
                before = guests_of(dap.process.pid)
                self.assertEqual(len(before), 1)
                dap.process.kill()
                await_ends(before)

    def test_each_line_of_output_comes_once(self):
        with Adapter() as dap:
            dap.begin("launch", program=str(compile_guest(SHAPES, "-O0")), args=["named"], initCommands=PLATFORM)
            dap.event("exited", exitCode=47)
            dap.event("terminated")
            self.assertEqual(dap.output_text().replace("\r\n", "\n").count("named: "), 1)
            self.assertEqual(dap.close(), 0)


if __name__ == "__main__":
    unittest.main()
