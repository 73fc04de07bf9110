#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the protocol has besides running, stopping and looking: targets of steps, modes of
breakpoints, locations, events of memory and sources, formats, colours, conditions of filters."""

import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lldb"))

from debuggee import COMPILE, THREADS, compile_guest, line_of  # noqa: E402
from editor import Editor  # noqa: E402

WASM_TOOLS = os.environ["VITRINE_WASM_TOOLS"]
SOURCE = HERE.parents[1] / "examples" / "bank" / "bank.c"
LINES = SOURCE.read_text().splitlines()
DEPOSIT = LINES.index("    account->balance += amount;") + 1
FIND = LINES.index("    for (int i = 0; i < 3; ++i)") + 1
CALL = next(number for number, line in enumerate(LINES, 1) if "const int balance = operations" in line)
CREW = HERE.parent / "lldb" / "guests" / "crew.c"

# Everything that can be watched and that can go wrong; exits with status 3.
ODD = """(module $odd
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (type $pair (struct (field $left (mut i32)) (field $right (mut f64))))
  (memory $near (export "memory") 1)
  (memory $far 2)
  (table $slots 4 funcref)
  (elem (table $slots) (i32.const 0) func $spare)
  (global $count (mut i32) (i32.const 5))
  (global $limit i32 (i32.const 100))
  (global $kept (mut (ref null $pair)) (ref.null $pair))
  (tag $small (param i32))
  (tag $large (param i64))
  (func $spare)
  (func $touch (param $n i32)
    (local $seen i32)
    (local.set $seen (local.get $n))
    (global.set $count (i32.const 5))
    (global.set $count (i32.add (global.get $count) (local.get $seen)))
    (i32.store $near (i32.const 16) (i32.const 7))
    (i32.store $far (i32.const 32) (i32.const 8))
    (drop (i32.load $far (i32.const 32)))
    (table.set $slots (i32.const 1) (ref.func $spare))
    (global.set $kept (struct.new $pair (i32.const 1) (f64.const 2))))
  (func $risk (param $n i32)
    (if (i32.eq (local.get $n) (i32.const 1)) (then (throw $small (i32.const 1))))
    (if (i32.eq (local.get $n) (i32.const 2)) (then (throw $large (i64.const 2)))))
  (func $try (param $n i32)
    (block $done (try_table (catch_all $done) (call $risk (local.get $n)))))
  (func $exits (call $try (i32.const 1)) (call $try (i32.const 2)) (call $exit (i32.const 3)))
  (func $beyond (drop (i64.load offset=8 (i32.const 65530))))
  (func $uncaught (call $risk (i32.const 2)))
  (func (export "_start") (call $touch (i32.const 3)) (call $exits))
  (export "beyond" (func $beyond)) (export "uncaught" (func $uncaught)))
"""
MANY = """static int numbers[1000];
static int down(int depth)
{
    numbers[depth % 1000] = depth;
    return depth == 0 ? 0 : down(depth - 1) + 1;
}
int main(void)
{
    return down(1500) == 1500 ? 0 : 1;
}
"""


class CapabilitiesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="vitrine-dap-")
        folder = pathlib.Path(cls.folder.name)
        (folder / "odd.wat").write_text(ODD)
        cls.odd = folder / "odd.wasm"
        subprocess.run([WASM_TOOLS, "parse", folder / "odd.wat", "-o", cls.odd], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def start(self, **abilities):
        self.editor = Editor(**abilities)
        self.addCleanup(lambda editor: self.assertEqual(editor.finish(), (0, "")), self.editor)
        return self.editor

    def run_to(self, line, **abilities):
        """Runs bank.c to a line."""
        editor = self.start(**abilities)
        editor.launch(compile_guest(SOURCE))
        editor.ask("setBreakpoints", source={"path": str(SOURCE)}, breakpoints=[{"line": line}])
        editor.ask("configurationDone")
        editor.stop(reason="breakpoint")
        editor.ask("setBreakpoints", source={"path": str(SOURCE)}, breakpoints=[])
        return editor

    def test_what_it_says_of_itself(self):
        editor = self.start()
        body = editor.launch(compile_guest(SOURCE))
        self.assertEqual([each["mode"] for each in body["breakpointModes"]], ["stop", "once", "change", "write"])
        self.assertEqual(body["supportedChecksumAlgorithms"], ["MD5"])
        self.assertIn(".", body["completionTriggerCharacters"])
        self.assertTrue(all(each["conditionDescription"] for each in body["exceptionBreakpointFilters"]))
        columns = [each["attributeName"] for each in body["additionalModuleColumns"]]
        (module,) = editor.ask("modules")["modules"]
        self.assertLessEqual(set(columns), set(module))
        self.assertIn("clang", module["producer"])
        self.assertEqual((module["debugInformation"], module["byteCount"]), ("DWARF 4", compile_guest(SOURCE).stat().st_size))

    def test_targets_of_a_step_in(self):
        editor = self.run_to(CALL)
        frame = editor.frames()[0]["id"]
        targets = editor.ask("stepInTargets", frameId=frame)["targets"]
        self.assertEqual(targets[0]["label"], "find_account")
        self.assertIn("indirect", targets[1]["label"])
        self.assertEqual({target["line"] for target in targets}, {CALL})
        editor.ask("stepIn", threadId=1, targetId=targets[1]["id"])
        editor.stop(reason="step")
        self.assertEqual(editor.where(), f"deposit:{DEPOSIT}")
        self.assertEqual(editor.ask("stepInTargets", frameId=editor.frames()[1]["id"])["targets"], [])
        self.assertEqual(editor.refused("stepIn", threadId=1, targetId=targets[0]["id"]), "there is no such target any more")
        # A function without lines, as it was chosen.
        editor = self.run_to(FIND + 1)
        (target,) = editor.ask("stepInTargets", frameId=editor.frames()[0]["id"])["targets"]
        self.assertEqual(target["label"], "strcmp")
        editor.ask("stepIn", threadId=1, targetId=target["id"])
        editor.stop(reason="step")
        self.assertIn("strcmp", editor.frames()[0]["name"])

    def test_threads_that_the_client_ends(self):
        editor = self.start()
        editor.launch(compile_guest("crew.c", *THREADS, "-DWAITED_FOR=1"), invoke="_start")
        editor.ask("setBreakpoints", source={"path": str(CREW)}, breakpoints=[{"line": line_of("crew.c", "step")}])
        editor.ask("configurationDone")
        thread = editor.stop(reason="breakpoint")["threadId"]
        self.assertEqual(editor.refused("terminateThreads", threadIds=[99]), "there is no thread 99")
        self.assertIn("threadIds", editor.refused("terminateThreads"))
        editor.ask("setBreakpoints", source={"path": str(CREW)}, breakpoints=[])
        # The one that stopped: the others go on.
        editor.ask("terminateThreads", threadIds=[thread])
        editor.event("continued", threadId=thread)
        editor.event("thread", reason="exited", threadId=thread)
        self.assertNotIn(thread, [each["id"] for each in editor.ask("threads")["threads"]])
        # The first thread waits for one of its two workers, and finds a part of the sum.
        self.assertEqual(editor.event("exited")["exitCode"], 1)
        # The first one: the program ends.
        editor.ask("setBreakpoints", source={"path": str(CREW)}, breakpoints=[{"line": line_of("crew.c", "step")}])
        editor.ask("restart")
        editor.stop(reason="breakpoint")
        editor.ask("terminateThreads", threadIds=[1])
        editor.event("terminated")

    def test_modes_of_breakpoints(self):
        editor = self.start()
        editor.launch(compile_guest(SOURCE))
        source = {"path": str(SOURCE)}
        self.assertEqual(
            editor.ask("setBreakpoints", source=source, breakpoints=[{"line": DEPOSIT, "mode": "moon"}])["breakpoints"][0]["message"],
            "mode: expected stop or once")
        once, _ = editor.ask("setBreakpoints", source=source,
            breakpoints=[{"line": DEPOSIT, "mode": "once"}, {"line": CALL + 1, "mode": "stop"}])["breakpoints"]
        editor.ask("configurationDone")
        self.assertEqual(editor.stop()["hitBreakpointIds"], [once["id"]])
        self.assertEqual(editor.event("breakpoint", reason="removed")["breakpoint"]["id"], once["id"])
        for _ in range(2):
            editor.ask("continue", threadId=1)
            editor.stop(reason="breakpoint")
            self.assertEqual(editor.where(), f"main:{CALL + 1}")
        reference = editor.frames()[0]["instructionPointerReference"]
        rows = editor.ask("disassemble", memoryReference=reference, instructionCount=3)["instructions"]
        self.assertEqual((rows[0]["location"]["path"], rows[0]["line"]), (str(SOURCE), CALL + 1))
        editor.ask("setBreakpoints", source=source, lines=[CALL])
        editor.ask("setInstructionBreakpoints", breakpoints=[{"instructionReference": rows[2]["address"], "mode": "once"}])
        editor.ask("continue", threadId=1)
        editor.stop(reason="breakpoint")
        self.assertEqual(editor.frames()[0]["instructionPointerReference"], rows[2]["address"])
        editor.ask("continue", threadId=1)
        editor.stop(reason="breakpoint")
        self.assertEqual(editor.where(), f"main:{CALL}")

    def test_locations(self):
        editor = self.run_to(DEPOSIT)
        scopes = editor.scopes()
        amount = editor.variables(scopes["Arguments"])["amount"]
        place = editor.ask("locations", locationReference=amount["declarationLocationReference"])
        self.assertEqual((place["source"]["path"], place["line"]), (str(SOURCE), DEPOSIT - 2))
        operations = editor.variables(scopes["Statics"])["operations"]
        second = editor.variables(operations["variablesReference"])["[1]"]
        place = editor.ask("locations", locationReference=second["valueLocationReference"])
        self.assertEqual((place["source"]["path"], place["line"]),
            (str(SOURCE), LINES.index("static int withdraw(struct account *account, int amount)") + 1))
        # Of WebAssembly, and in generated sources.
        functions = editor.variables(scopes["Wasm functions"])
        strcmp = next(row for name, row in functions.items() if name.endswith("$strcmp"))
        place = editor.ask("locations", locationReference=strcmp["valueLocationReference"])
        self.assertIn("$strcmp", place["source"]["name"])
        editor.ask("next", threadId=1)
        editor.stop(reason="step")
        self.assertEqual(editor.refused("locations", locationReference=amount["declarationLocationReference"]),
            "there is no such location any more")

    def test_events_of_memory(self):
        editor = self.run_to(DEPOSIT)
        statics = editor.scopes()["Statics"]
        total = editor.variables(statics)["total"]["memoryReference"]
        editor.ask("readMemory", memoryReference=total, offset=-4, count=16)
        editor.ask("setVariable", variablesReference=statics, name="total", value="300")
        self.assertEqual(editor.event("memory"), {"memoryReference": total, "offset": 0, "count": 8})
        editor.ask("writeMemory", memoryReference=total, offset=10, data="AAAA")
        self.assertEqual(editor.event("memory"), {"memoryReference": total, "offset": 10, "count": 2})
        editor.evaluate("set total = 5", "repl")
        editor.event("invalidated")
        self.assertEqual(editor.event("memory"), {"memoryReference": total, "offset": -4, "count": 16})
        editor.ask("next", threadId=1)
        self.assertEqual(editor.event("memory"), {"memoryReference": total, "offset": -4, "count": 16})
        editor.stop(reason="step")

    def test_clients_that_take_less(self):
        editor = self.run_to(DEPOSIT, supportsVariableType=False, supportsMemoryReferences=False, supportsMemoryEvent=False,
            supportsInvalidatedEvent=False)
        total = editor.variables(editor.scopes()["Statics"])["total"]
        self.assertNotIn("type", total)
        self.assertNotIn("memoryReference", total)
        editor.ask("readMemory", memoryReference="0.0:0x400", count=16)
        editor.evaluate("set total = 5", "repl")
        editor.ask("threads")
        self.assertFalse({"memory", "invalidated"} & {message.get("event") for message in editor.messages})

    def test_formats(self):
        editor = self.run_to(DEPOSIT)
        (frame,) = editor.frames(levels=1, format={"parameters": True, "parameterTypes": True, "parameterNames": True,
            "parameterValues": True, "line": True, "module": True})
        self.assertRegex(frame["name"],
            rf"^bank\.wasm!deposit\(struct account \* account = 0x[0-9a-f]+, int amount = 20\) Line {DEPOSIT}$")
        (frame,) = editor.frames(levels=1, format={"parameters": True})
        self.assertEqual(frame["name"], "deposit(account, amount)")
        scopes = editor.scopes()
        self.assertEqual(editor.variables(scopes["Arguments"], format={"hex": True})["amount"]["value"], "0x14")
        wasm_locals = editor.variables(scopes["Wasm locals"], format={"hex": True})
        self.assertTrue(all(row["value"].startswith("0x") for row in wasm_locals.values()))
        changed = editor.ask("setVariable", variablesReference=scopes["Arguments"], name="amount", value="31", format={"hex": True})
        self.assertEqual(changed["value"], "0x1f")

    def test_colours_of_the_console(self):
        editor = self.run_to(DEPOSIT, supportsANSIStyling=True)
        editor.ask("setFunctionBreakpoints", breakpoints=[{"name": "withdraw"}])
        self.assertIn("\x1b[", editor.evaluate("info breakpoints", "repl"))
        self.assertNotIn("\x1b", editor.evaluate("amount", "repl"))

    def test_sources(self):
        wasm = pathlib.Path(self.folder.name) / "five.wasm"
        subprocess.run([*COMPILE[".c"], "-gdwarf-5", SOURCE, "-o", wasm], check=True)
        editor = self.start()
        editor.launch(wasm)
        editor.ask("setFunctionBreakpoints", breakpoints=[{"name": "deposit"}])
        loaded = editor.event("loadedSource", reason="new")["source"]
        self.assertEqual(loaded["path"], str(SOURCE))
        self.assertEqual(loaded["checksums"],
            [{"algorithm": "MD5", "checksum": hashlib.md5(SOURCE.read_bytes()).hexdigest()}])
        known = editor.ask("loadedSources")["sources"]
        self.assertIn(loaded, known)
        # A list has no events for what is in it.
        editor.ask("threads")
        told = [message for message in editor.messages if message.get("event") == "loadedSource"]
        self.assertEqual(len(told), 1)

    def test_what_takes_long(self):
        """A text that is nowhere in 2 GiB."""
        wat = pathlib.Path(self.folder.name) / "vast.wat"
        wat.write_text('(module (memory 32768) (func (export "_start")))')
        subprocess.run([WASM_TOOLS, "parse", wat, "-o", wat.with_suffix(".wasm")], check=True)
        editor = self.start()
        editor.launch(wat.with_suffix(".wasm"), stopOnEntry=True)
        editor.ask("configurationDone")
        editor.stop(reason="entry")
        request = editor.send("evaluate", expression='find "nowhere"', context="repl")
        begun = editor.event("progressStart")
        self.assertEqual((begun["requestId"], begun["cancellable"]), (request, True))
        editor.ask("cancel", progressId=begun["progressId"])
        editor.event("progressEnd", progressId=begun["progressId"])
        editor.answer(request)

    # -- Exceptions

    def conditions(self, *options, **attributes):
        editor = self.start()
        editor.launch(self.odd, **attributes)
        rows = editor.ask("setExceptionBreakpoints", filters=[],
            filterOptions=[{"filterId": name, "condition": text} for name, text in options])["breakpoints"]
        return editor, rows

    def test_filters_for_tags_and_statuses(self):
        editor, rows = self.conditions(("throw", "$large"), ("exit", "!= 0"), ("uncaught", "tag[0], $large"))
        self.assertEqual([row["verified"] for row in rows], [True] * 3)
        editor.ask("configurationDone")
        editor.stop(reason="exception")
        info = editor.ask("exceptionInfo", threadId=1)
        self.assertEqual((info["details"]["typeName"], info["details"]["fullTypeName"]), ("$large", "throw: $large"))
        self.assertIn("{2}", info["description"])
        editor.ask("continue", threadId=1)
        self.assertIn("status 3", editor.stop(reason="exception")["description"])
        editor.ask("setExceptionBreakpoints", filters=[], filterOptions=[{"filterId": "throw", "condition": "$n == 1"},
            {"filterId": "exit", "condition": "4"}])
        editor.ask("restart")
        self.assertIn("{1}", editor.stop(reason="exception")["description"])
        editor.ask("continue", threadId=1)
        self.assertEqual(editor.event("exited")["exitCode"], 3)

    def test_filters_for_kinds_of_traps(self):
        editor, rows = self.conditions(("trap", "integer divide by zero, out of bounds"), ("moon", ""), ("host", "1 +"), invoke="beyond")
        self.assertEqual([row["verified"] for row in rows], [True, False, False])
        editor.ask("configurationDone")
        editor.stop(reason="exception")
        info = editor.ask("exceptionInfo", threadId=1)
        self.assertEqual(info["description"],
            "trap: out of bounds memory access: 8 bytes at 0x10002 of $near, which has 0x10000 bytes")
        editor.ask("setExceptionBreakpoints", filters=[], filterOptions=[{"filterId": "trap", "condition": "unreachable, null"}])
        editor.ask("restart")
        editor.event("terminated")

    def test_filters_of_all_kinds(self):
        editor, _ = self.conditions(invoke="uncaught")
        editor.ask("setExceptionBreakpoints", filters=["trap", "uncaught", "throw", "host", "exit", "load", "component"])
        editor.ask("configurationDone")
        editor.stop(reason="load")
        editor.ask("continue", threadId=1)
        editor.stop(reason="exception")
        info = editor.ask("exceptionInfo", threadId=1)
        self.assertEqual((info["exceptionId"], info["details"]["typeName"], info["breakMode"]), ("trap", "$large", "unhandled"))

    # -- Everything can be seen and watched

    def test_instances(self):
        editor = self.start()
        editor.launch(self.odd, stopOnEntry=True)
        editor.ask("configurationDone")
        editor.stop(reason="entry")
        (instance,) = editor.variables(editor.scopes()["Wasm instances"]).values()
        self.assertEqual(instance["value"], "instance 0 of $odd")
        parts = editor.variables(instance["variablesReference"])
        self.assertEqual(list(parts), ["Globals", "Tables", "Memories", "Functions", "Tags"])
        tags = editor.variables(parts["Tags"]["variablesReference"])
        self.assertEqual(len(tags), 2)
        globals_ = editor.variables(parts["Globals"]["variablesReference"])
        self.assertEqual(globals_["global[1] $limit"]["presentationHint"], {"attributes": ["readOnly"]})
        editor.ask("setVariable", variablesReference=parts["Globals"]["variablesReference"], name="global[0] $count", value="9")
        self.assertEqual(editor.evaluate("$count"), "9")

    def test_data_of_all_kinds(self):
        editor = self.start()
        editor.launch(self.odd)
        editor.ask("setFunctionBreakpoints", breakpoints=[{"name": "$touch"}])
        editor.ask("configurationDone")
        editor.stop(reason="breakpoint")
        editor.ask("setFunctionBreakpoints", breakpoints=[])
        scopes = editor.scopes()

        def row(scope, name, *path, **more):
            reference = scopes[scope]
            for each in (*path, None):
                rows = editor.variables(reference)
                if each:
                    reference = next(row for key, row in rows.items() if key.startswith(each))["variablesReference"]
            name = next(key for key in rows if key.startswith(name))
            return editor.ask("dataBreakpointInfo", variablesReference=reference, name=name, **more)

        self.assertIsNone(row("Wasm tags", "tag[0]")["dataId"])
        infos = [
            (row("Wasm locals", "local[1]", mode="change"), "write", "0 -> 3"),
            (row("Wasm globals", "global[0]", mode="write"), "write", "5 -> 5"),
            (None, None, "5 -> 8"),
            (editor.ask("dataBreakpointInfo", name="i32[near: 16]"), "write", "0 -> 7"),
            (editor.ask("dataBreakpointInfo", name="0.1:0x20", asAddress=True, bytes=8), "readWrite", "0 -> 8"),
            (None, None, "8"),
            (row("Wasm tables", "[1]", "table[0]"), "write", "null -> func"),
            (row("Wasm globals", "global[2]"), "write", "null -> struct"),
        ]
        set_ = editor.ask("setDataBreakpoints",
            breakpoints=[{"dataId": info["dataId"], "accessType": access} for info, access, _ in infos if info])["breakpoints"]
        self.assertTrue(all(each["verified"] for each in set_), set_)
        for info, _, text in infos:
            editor.ask("continue", threadId=1)
            self.assertIn(text, editor.stop(reason="data breakpoint")["text"], info)
        (bad,) = editor.ask("setDataBreakpoints", breakpoints=[{"dataId": "0 global 0", "accessType": "sometimes"}])["breakpoints"]
        self.assertIn("accessType", bad["message"])

    def test_pages(self):
        folder = pathlib.Path(self.folder.name)
        (folder / "many.c").write_text(MANY)
        subprocess.run([*COMPILE[".c"], "-O0", folder / "many.c", "-o", folder / "many.wasm"], check=True)
        editor = self.start()
        editor.launch(folder / "many.wasm")
        editor.ask("setBreakpoints", source={"path": str(folder / "many.c")}, breakpoints=[{"line": 4, "condition": "depth == 0"}])
        editor.ask("configurationDone")
        editor.stop(reason="breakpoint")
        body = editor.ask("stackTrace", threadId=1, startFrame=0, levels=20)
        self.assertEqual(len(body["stackFrames"]), 20)
        total = body["totalFrames"]
        self.assertGreater(total, 1501)
        names = []
        while len(names) < total:
            page = editor.ask("stackTrace", threadId=1, startFrame=len(names), levels=400)
            names += [frame["name"] for frame in page["stackFrames"]]
            total = page["totalFrames"]
        self.assertEqual(names[:1501], ["down"] * 1501)
        self.assertEqual(names[1501], "main")
        numbers = editor.variables(editor.scopes()["Statics"])["numbers"]
        self.assertEqual(numbers["indexedVariables"], 1000)
        values = []
        for start in range(0, 1000, 100):
            page = editor.variables(numbers["variablesReference"], filter="indexed", start=start, count=100)
            self.assertEqual(list(page), [f"[{index}]" for index in range(start, start + 100)])
            values += [int(row["value"]) for row in page.values()]
        self.assertEqual(values[1:], list(range(1, 1000)))


if __name__ == "__main__":
    unittest.main()
