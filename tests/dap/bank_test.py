#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A session of an editor with examples/bank/bank.c, of which nothing is exported."""

import base64
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lldb"))

from debuggee import COMPILE, compile_guest  # noqa: E402
from editor import Editor  # noqa: E402

SOURCE = HERE.parents[1] / "examples" / "bank" / "bank.c"
LINES = SOURCE.read_text().splitlines()
DEPOSIT = LINES.index("    account->balance += amount;") + 1
WITHDRAW = LINES.index("    if (amount > account->balance)") + 1
CALL = next(number for number, line in enumerate(LINES, 1) if "const int balance = operations" in line)


class BankTest(unittest.TestCase):
    def setUp(self):
        self.editor = Editor()
        self.addCleanup(self.end)

    def end(self):
        self.assertEqual(self.editor.finish(), (0, ""))

    def launch(self, **attributes):
        return self.editor.launch(compile_guest(SOURCE), **attributes)

    def run_to(self, *breakpoints, **attributes):
        """Runs to the first of these breakpoints in bank.c. Returns the rows of all."""
        self.launch(**attributes)
        rows = self.editor.ask("setBreakpoints", source={"path": str(SOURCE)}, breakpoints=list(breakpoints))["breakpoints"]
        self.editor.ask("configurationDone")
        self.editor.stop(reason="breakpoint")
        return rows

    def test_from_launch_to_exit(self):
        editor = self.editor
        (row,) = self.run_to({"line": DEPOSIT})
        self.assertTrue(row["verified"])
        self.assertEqual((row["line"], row["source"]["path"]), (DEPOSIT, str(SOURCE)))
        # Clients would show a column as a second breakpoint within the line.
        self.assertNotIn("column", row)

        # Frames, as the source has them.
        frames = editor.frames()
        self.assertEqual([frame["name"] for frame in frames][:2], ["deposit", "main"])
        self.assertEqual((frames[0]["line"], frames[0]["source"]["path"]), (DEPOSIT, str(SOURCE)))
        self.assertEqual(frames[1]["line"], CALL)
        self.assertEqual(editor.frames(startFrame=1, levels=1)[0]["name"], "main")

        # Scopes, variables, and their parts.
        scopes = editor.scopes(frames[0]["id"])
        arguments = editor.variables(scopes["Arguments"])
        self.assertEqual(arguments["amount"]["value"], "20")
        self.assertEqual(arguments["account"]["type"], "struct account *")
        account = editor.variables(arguments["account"]["variablesReference"])
        self.assertEqual(account["balance"]["evaluateName"], "account->balance")
        self.assertEqual({name: row["value"] for name, row in account.items()},
            {"owner": '"jade"', "balance": "80", "movements": "0"})
        statics = editor.variables(scopes["Statics"])
        self.assertEqual(statics["total"]["value"], "215")
        self.assertEqual(statics["accounts"]["indexedVariables"], 3)
        accounts = editor.variables(statics["accounts"]["variablesReference"], filter="indexed", start=1, count=1)
        self.assertEqual(list(accounts), ["[1]"])

        # What WebAssembly has, of which nothing is exported.
        wasm_locals = editor.variables(scopes["Wasm locals"])
        self.assertIn("local[1]", " ".join(wasm_locals))
        self.assertTrue(any("$__stack_pointer" in name for name in editor.variables(scopes["Wasm globals"])))
        (table,) = editor.variables(scopes["Wasm tables"]).values()
        elements = editor.variables(table["variablesReference"])
        self.assertIn("func deposit", [element["value"] for element in elements.values()])
        functions = editor.variables(scopes["Wasm functions"], filter="indexed", start=0, count=5)
        self.assertEqual(len(functions), 5)
        self.assertIn("private", list(editor.variables(scopes["Wasm functions"]).values())[10]["value"])

        # Other forms of values.
        self.assertEqual(editor.evaluate("amount", frameId=frames[0]["id"], format={"hex": True}), "0x14")
        self.assertEqual(editor.evaluate("local[1]", frameId=frames[0]["id"], format={"hex": True}), "0x14")
        self.assertIn('owner = "opal"', editor.evaluate("accounts", "clipboard", frameId=frames[0]["id"]))

        # Changes.
        changed = editor.ask("setVariable", variablesReference=scopes["Arguments"], name="amount", value="5 * 5")
        self.assertEqual(changed["value"], "25")
        editor.ask("setExpression", frameId=frames[0]["id"], expression="account->movements", value="7")
        self.assertEqual(editor.evaluate("account->movements + amount", frameId=frames[0]["id"]), "32")
        self.assertEqual(editor.evaluate("account->balance", "hover", frameId=frames[0]["id"]), "80")

        # A data breakpoint on a member.
        info = editor.ask("dataBreakpointInfo", variablesReference=arguments["account"]["variablesReference"], name="balance")
        self.assertTrue(info["canPersist"])
        (watch,) = editor.ask("setDataBreakpoints", breakpoints=[{"dataId": info["dataId"], "accessType": "write"}])["breakpoints"]
        self.assertTrue(watch["verified"], watch)
        editor.ask("continue", threadId=1)
        stopped = editor.stop(reason="data breakpoint")
        self.assertEqual(stopped["hitBreakpointIds"], [watch["id"]])
        self.assertIn("80 -> 105", stopped["text"])
        editor.ask("setDataBreakpoints", breakpoints=[])

        # Steps. The store was the last instruction of its line.
        self.assertEqual(editor.where(), f"deposit:{DEPOSIT + 1}")
        editor.ask("next", threadId=1)
        editor.stop(reason="step")
        self.assertEqual(editor.where(), f"deposit:{DEPOSIT + 2}")
        editor.ask("next", threadId=1, granularity="instruction")
        editor.stop(reason="step")
        editor.ask("stepOut", threadId=1)
        editor.stop(reason="step")
        self.assertEqual(editor.where(), f"main:{CALL}")
        returned = editor.variables(editor.scopes()["Locals"])["(return) deposit"]
        self.assertEqual((returned["value"], returned["type"]), ("105", "int"))

        # An old number is an error, and never another value.
        self.assertEqual(editor.refused("variables", variablesReference=scopes["Arguments"]),
            "there are no such variables any more")
        self.assertEqual(editor.refused("scopes", frameId=frames[0]["id"]), "there is no such frame any more")

        # To the end.
        editor.ask("setBreakpoints", source={"path": str(SOURCE)}, breakpoints=[])
        editor.ask("continue", threadId=1)
        self.assertEqual(editor.event("exited")["exitCode"], 0)
        editor.event("terminated")
        # It prints the amount of its list, and uses what the editor has set.
        self.assertIn("jade     20 -> 105\n", editor.output_text())
        self.assertIn("total 195\n", editor.output_text())
        self.assertEqual(editor.refused("stackTrace", threadId=1), "the program has ended")

    def test_breakpoints_with_conditions_counts_and_messages(self):
        editor = self.editor
        self.launch()
        editor.ask("setBreakpoints", source={"path": str(SOURCE)}, breakpoints=[
            {"line": DEPOSIT, "logMessage": "{account->owner} gets {amount}"},
            {"line": WITHDRAW, "condition": "amount > 50"},
            {"line": CALL, "hitCondition": ">= 4"},
            {"line": CALL + 1, "hitCondition": "often"},
        ])
        rows = editor.ask("setBreakpoints", source={"path": str(SOURCE)}, breakpoints=[
            {"line": DEPOSIT, "logMessage": "{account->owner} gets {amount}"},
            {"line": WITHDRAW, "condition": "amount > 50"},
            {"line": CALL, "hitCondition": ">= 4"},
            {"line": CALL + 1, "hitCondition": "often"},
            {"line": CALL, "condition": "no_such_name > 1"},
        ])["breakpoints"]
        self.assertEqual([row["verified"] for row in rows], [True, True, True, False, False])
        self.assertIn("hit condition", rows[3]["message"])
        self.assertIn("no_such_name", rows[4]["message"])
        (named,) = editor.ask("setFunctionBreakpoints", breakpoints=[{"name": "find_account", "hitCondition": "4"}])["breakpoints"]
        self.assertTrue(named["verified"])
        (pending,) = editor.ask("setBreakpoints", source={"path": "/nowhere/other.c"}, breakpoints=[{"line": 3}])["breakpoints"]
        self.assertFalse(pending["verified"])
        editor.ask("configurationDone")
        self.assertEqual(editor.stop(reason="breakpoint")["hitBreakpointIds"], [rows[2]["id"]])
        editor.ask("continue", threadId=1)
        self.assertEqual(editor.stop(reason="breakpoint")["hitBreakpointIds"], [named["id"]])
        self.assertEqual(editor.output_text("console"), '"jade" gets 20\n"opal" gets 5\n')
        editor.ask("continue", threadId=1)
        self.assertEqual(editor.stop(reason="breakpoint")["hitBreakpointIds"], [rows[1]["id"]])
        self.assertEqual(editor.evaluate("amount", frameId=editor.frames()[0]["id"]), "100")
        # Messages lead to their breakpoints.
        logged = [m["body"] for m in editor.messages if m.get("event") == "output" and "gets" in m["body"]["output"]]
        self.assertGreater(len(logged), 1)
        for each in logged:
            self.assertEqual((each["source"]["path"], each["line"]), (str(SOURCE), DEPOSIT))

    def test_every_second_hit(self):
        editor = self.editor
        self.launch()
        editor.ask("setBreakpoints", source={"path": str(SOURCE)}, breakpoints=[{"line": DEPOSIT, "logMessage": "deposit"}])
        editor.ask("setFunctionBreakpoints", breakpoints=[{"name": "deposit", "hitCondition": "% 2"}])
        self.assertIn("hit condition", editor.ask("setFunctionBreakpoints",
            breakpoints=[{"name": "deposit", "hitCondition": "% 2"}, {"name": "withdraw", "hitCondition": "% 0"}])["breakpoints"][1]["message"])
        editor.ask("configurationDone")
        editor.stop(reason="breakpoint")
        self.assertEqual(editor.output_text("console").count("deposit\n"), 2)
        self.assertIn("every 2", editor.evaluate(":info breakpoints", context="repl"))
        # Also after the program has been run anew, where messages still lead to their places.
        editor.ask("restart")
        editor.stop(reason="breakpoint")
        logged = [m["body"] for m in editor.messages if m.get("event") == "output" and m["body"]["output"].startswith("deposit\n")]
        self.assertEqual(logged[-1]["line"], DEPOSIT)

    def test_code_and_memory(self):
        editor = self.editor
        self.run_to({"line": DEPOSIT})
        frame = editor.frames()[0]
        reference = frame["instructionPointerReference"]
        rows = editor.ask("disassemble", memoryReference=reference, instructionOffset=-300, instructionCount=400)["instructions"]
        self.assertEqual(len(rows), 400)
        at = rows[300]
        self.assertEqual(at["address"], reference)
        addresses = [int(row["address"], 16) for row in rows if row.get("presentationHint") != "invalid"]
        self.assertEqual(addresses, sorted(set(addresses)))
        self.assertIn("$deposit", [row.get("symbol") for row in rows])
        # A breakpoint at an instruction.
        (row,) = editor.ask("setInstructionBreakpoints",
            breakpoints=[{"instructionReference": rows[303]["address"]}])["breakpoints"]
        self.assertTrue(row["verified"])
        self.assertEqual(row["instructionReference"], rows[303]["address"])
        editor.ask("continue", threadId=1)
        self.assertEqual(editor.stop(reason="breakpoint")["hitBreakpointIds"], [row["id"]])
        self.assertEqual(editor.frames()[0]["instructionPointerReference"], rows[303]["address"])
        # Memory, by a variable's reference.
        scopes = editor.scopes()
        total = editor.variables(scopes["Statics"])["total"]["memoryReference"]
        memory = editor.ask("readMemory", memoryReference=total, count=8)
        self.assertEqual(int.from_bytes(base64.b64decode(memory["data"]), "little"), 215)
        editor.ask("writeMemory", memoryReference=total, data=base64.b64encode((1000).to_bytes(8, "little")).decode())
        self.assertEqual(editor.evaluate("total", frameId=editor.frames()[0]["id"]), "1000")
        info = editor.ask("dataBreakpointInfo", name=total, asAddress=True, bytes=16)
        self.assertEqual(info["dataId"], f"0 memory 0 {int(total.split(':')[1], 16)} 16")
        beyond = editor.ask("readMemory", memoryReference="0.0:0xffffffff", count=8)
        self.assertEqual((beyond.get("data"), beyond["unreadableBytes"]), (None, 8))
        # libc has no debug information: its source is generated.
        editor.ask("setFunctionBreakpoints", breakpoints=[{"name": "$__wasi_fd_write"}])
        editor.ask("setInstructionBreakpoints", breakpoints=[])
        editor.ask("setBreakpoints", source={"path": str(SOURCE)}, breakpoints=[])
        editor.ask("continue", threadId=1)
        editor.stop(reason="breakpoint")
        frame = editor.frames()[0]
        text = editor.ask("source", source=frame["source"], sourceReference=frame["source"]["sourceReference"])["content"]
        self.assertIn("__wasi_fd_write", text.splitlines()[0])
        (row,) = editor.ask("setBreakpoints", source=frame["source"], breakpoints=[{"line": frame["line"] + 2}])["breakpoints"]
        self.assertEqual((row["verified"], row["line"]), (True, frame["line"] + 2))
        editor.ask("continue", threadId=1)
        editor.stop(reason="breakpoint")
        self.assertEqual(editor.frames()[0]["line"], frame["line"] + 2)

    def test_the_console(self):
        editor = self.editor
        self.run_to({"line": DEPOSIT})
        frame = editor.frames()[0]["id"]
        # An expression, a command, and what would be both.
        self.assertEqual(editor.evaluate("account->owner", "repl", frameId=frame), '"jade"')
        self.assertIn("deposit", editor.evaluate("info breakpoints", "repl", frameId=frame))
        self.assertEqual(editor.evaluate(":print amount", "repl", frameId=frame), "20")
        self.assertIn("error: no variable is called `moon`", editor.evaluate("set amount = moon", "repl", frameId=frame))
        editor.evaluate("set amount = 30", "repl", frameId=frame)
        editor.event("invalidated")
        self.assertEqual(editor.evaluate("amount", frameId=frame), "30")
        self.assertIn("for the debug console", editor.evaluate("quit", "repl"))
        # A command that resumes the program answers when it has stopped again.
        number = editor.send("evaluate", expression="next", context="repl")
        editor.event("continued")
        editor.stop(reason="step")
        self.assertIn(f"{DEPOSIT + 1}", editor.answer(number)["body"]["result"])
        # Meanwhile the adapter serves other requests.
        editor.ask("setBreakpoints", source={"path": str(SOURCE)}, breakpoints=[])
        targets = editor.ask("completions", text="print acc", column=10, frameId=editor.frames()[0]["id"])["targets"]
        self.assertIn("accounts", [target["label"] for target in targets])
        number = editor.send("evaluate", expression="continue", context="repl")
        editor.event("terminated")
        self.assertIn("exited", editor.answer(number)["body"]["result"])

    def test_restart_keeps_breakpoints(self):
        editor = self.editor
        (row,) = self.run_to({"line": DEPOSIT})
        editor.ask("restart")
        self.assertEqual(editor.stop(reason="breakpoint")["hitBreakpointIds"], [row["id"]])
        self.assertEqual(editor.where(), f"deposit:{DEPOSIT}")
        editor.ask("terminate")
        editor.event("terminated")

    def test_sources_that_are_elsewhere(self):
        editor = self.editor
        folder = tempfile.TemporaryDirectory(prefix="vitrine-dap-")
        self.addCleanup(folder.cleanup)
        wasm = pathlib.Path(folder.name) / "bank.wasm"
        subprocess.run([*COMPILE[".c"], f"-fdebug-prefix-map={SOURCE.parent}=/build/elsewhere", SOURCE, "-o", wasm], check=True)
        editor.launch(wasm, sourceMap={"/build/elsewhere": str(SOURCE.parent)})
        (row,) = editor.ask("setBreakpoints", source={"path": str(SOURCE)}, breakpoints=[{"line": DEPOSIT}])["breakpoints"]
        self.assertTrue(row["verified"], row)
        rows = editor.ask("breakpointLocations", source={"path": str(SOURCE)}, line=DEPOSIT)["breakpoints"]
        self.assertEqual([row["line"] for row in rows], [DEPOSIT])
        editor.ask("configurationDone")
        editor.stop(reason="breakpoint")
        self.assertEqual(editor.frames()[0]["source"]["path"], str(SOURCE))

    def test_goto_and_locations(self):
        editor = self.editor
        self.run_to({"line": DEPOSIT})
        source = {"path": str(SOURCE)}
        rows = editor.ask("breakpointLocations", source=source, line=DEPOSIT - 1, endLine=DEPOSIT + 1)["breakpoints"]
        # The opening brace has code: the prologue.
        self.assertEqual(sorted({row["line"] for row in rows}), [DEPOSIT - 1, DEPOSIT, DEPOSIT + 1])
        # Columns are there to choose from.
        by_line = [row["line"] for row in rows]
        for row in rows:
            self.assertEqual("column" in row, by_line.count(row["line"]) > 1, row)
        (target,) = editor.ask("gotoTargets", source=source, line=DEPOSIT + 2)["targets"]
        editor.ask("goto", threadId=1, targetId=target["id"])
        editor.stop(reason="goto")
        self.assertEqual(editor.where(), f"deposit:{DEPOSIT + 2}")
        modules = editor.ask("modules")["modules"]
        self.assertEqual(modules[0]["symbolStatus"], "symbols loaded")
        self.assertIn(str(SOURCE), [each.get("path") for each in editor.ask("loadedSources")["sources"]])


if __name__ == "__main__":
    unittest.main()
