#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Editors that attach to a guest that runs already: several at a time, with LLDB beside them, and
through another adapter. Each must be told the truth, and none may take the guest with it."""

import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest
import unittest.mock

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lldb"), str(HERE.parent / "cli"), str(HERE.parents[1] / "tools")]

from debug_test import PROMPT, Terminal  # noqa: E402
from debuggee import THREADS, compile_components, compile_guest, line_of  # noqa: E402
from editor import Editor, PATIENCE, VITRINE  # noqa: E402
from gdb_client import Connection  # noqa: E402
from running import ENVIRONMENT, AttachedEditor, Guest, connect, ticker  # noqa: E402

GUESTS = HERE.parent / "lldb" / "guests"
BANK = HERE.parents[1] / "examples" / "bank" / "bank.c"
DEPOSIT = BANK.read_text().splitlines().index("    account->balance += amount;") + 1


class AttachTest(unittest.TestCase):
    def run_guest(self, *options, wasm=None, arguments=()):
        guest = Guest(wasm or ticker(), *options, arguments=arguments)
        self.addCleanup(guest.discard)
        return guest

    def editor(self, guest):
        editor = AttachedEditor(guest.editors)
        self.addCleanup(editor.vanish)
        return editor

    def break_at_tick(self, editor, **more):
        (row,) = editor.ask("setFunctionBreakpoints", breakpoints=[{"name": "$tick", **more}])["breakpoints"]
        self.assertTrue(row["verified"], row)
        return row["id"]

    def end(self, editor, guest):
        """Lets the guest end by itself."""
        editor.ask("setFunctionBreakpoints", breakpoints=[])
        editor.ask("setExpression", expression="$done", value="1")
        editor.ask("continue", threadId=1)
        self.assertEqual(editor.event("exited")["exitCode"], 0)
        editor.event("terminated")
        self.assertEqual(guest.finish(), (0, ""))

    def test_attach_without_a_stop(self):
        guest = self.run_guest("--dap", "--no-wait")
        editor = self.editor(guest).attach_and_go()
        process = next(m["body"] for m in editor.messages if m.get("event") == "process")
        self.assertEqual((process["startMethod"], process["systemProcessId"], process["name"]),
            ("attach", guest.process.pid, str(ticker())))
        guest.must_go_on()
        self.assertFalse(editor.has_event("stopped"))
        self.assertIn("running", editor.refused("stackTrace", threadId=1))
        self.assertRegex(editor.event("output", category="stdout")["output"], r"^(tick\n)+$")
        self.assertIn("not started by this editor", editor.refused("restart"))
        self.assertIn("attached", editor.refused("attach"))
        # A breakpoint while it runs.
        number = self.break_at_tick(editor)
        self.assertEqual(editor.stop(reason="breakpoint")["hitBreakpointIds"], [number])
        self.assertEqual([frame["name"] for frame in editor.frames()][:2], ["$tick", "$run"])
        self.assertEqual(editor.evaluate("$n == $ticks + 1"), "1")
        guest.must_stand()
        # Leaving it takes the breakpoint along.
        editor.leave()
        guest.must_go_on()
        # And again.
        editor = self.editor(guest).attach_and_go(stopOnEntry=True)
        editor.stop(reason="pause")
        self.end(editor, guest)

    def test_a_guest_waits_for_its_first_editor(self):
        guest = self.run_guest("--dap", wasm=compile_guest(BANK))
        # One that vanishes before it has set its breakpoints is not counted.
        self.editor(guest).attach().vanish()
        editor = self.editor(guest).attach()
        (row,) = editor.ask("setBreakpoints", source={"path": str(BANK)}, breakpoints=[{"line": DEPOSIT}])["breakpoints"]
        self.assertTrue(row["verified"])
        editor.ask("configurationDone")
        editor.stop(reason="breakpoint")
        self.assertEqual(editor.where(), f"deposit:{DEPOSIT}")
        self.assertEqual(editor.evaluate("account->owner"), '"jade"')
        self.assertEqual(editor.evaluate("continue", context="repl").splitlines()[0].partition(" in ")[0],
            f"stopped: breakpoint {row['id']}")
        editor.ask("setBreakpoints", source={"path": str(BANK)}, breakpoints=[])
        editor.ask("continue", threadId=1)
        code = editor.event("exited")["exitCode"]
        editor.event("terminated")
        status, errors = guest.finish()
        self.assertEqual((status, errors), (code, ""))
        self.assertEqual(editor.output_text(), guest.output)

    def test_stop_on_entry(self):
        guest = self.run_guest("--dap")
        editor = self.editor(guest).attach_and_go(stopOnEntry=True)
        editor.stop(reason="entry")
        # The second does not take it away from the first.
        other = self.editor(guest).attach_and_go()
        other.stop(reason="entry")
        self.assertEqual(guest.lines(), 0)
        other.ask("continue", threadId=1)
        editor.event("continued")
        guest.must_go_on()

    def test_two_editors_and_lldb_are_told_the_truth(self):
        guest = self.run_guest("--dap=0", "-g0", "--no-wait")
        first, second = self.editor(guest).attach_and_go(), self.editor(guest).attach_and_go()
        number = self.break_at_tick(first)
        self.assertEqual(first.stop(reason="breakpoint")["hitBreakpointIds"], [number])
        stop = second.stop(reason="breakpoint")
        self.assertNotIn("hitBreakpointIds", stop)
        self.assertEqual(stop["description"], "another client's breakpoint")
        self.assertEqual(first.evaluate("$ticks"), second.evaluate("$ticks"))
        self.assertEqual(second.ask("evaluate", expression=":info breakpoints", context="repl")["result"], "no breakpoints")
        # Each may resume; the other one hears of it.
        second.ask("continue", threadId=1)
        first.event("continued")
        first.stop(reason="breakpoint")
        second.stop(reason="breakpoint")
        first.ask("next", threadId=1)
        second.event("continued")
        first.stop(reason="step")
        second.stop(reason="step")
        # What is asked for a stop that the other has ended is refused.
        first.ask("setFunctionBreakpoints", breakpoints=[])
        second.ask("continue", threadId=1)
        first.event("continued")
        self.assertIn("running", first.refused("continue", threadId=1))
        guest.must_go_on()
        # LLDB takes control, and stops the guest.
        lldb = Connection(guest.lldb)
        self.addCleanup(lldb.socket.close)
        self.assertTrue(lldb.ask("?").startswith("T"))
        for editor in (first, second):
            editor.stop()
            self.assertEqual(int(editor.evaluate("$ticks")), int(first.evaluate("$ticks")))
            self.assertIn("controlled by LLDB", editor.refused("continue", threadId=1))
        lldb.send("c")
        for editor in (first, second):
            editor.event("continued")
        guest.must_go_on()
        second.ask("pause", threadId=1)
        while (packet := lldb.receive()).startswith("O"):
            pass  # output of the guest
        self.assertTrue(packet.startswith("T"), packet)
        for editor in (first, second):
            editor.stop(reason="pause")
        # LLDB dies: the guest stays stopped, and is theirs again.
        lldb.socket.close()
        guest.must_stand()
        deadline = time.monotonic() + PATIENCE
        while not (answer := first.answer(first.send("continue", threadId=1)))["success"]:
            self.assertIn("controlled by LLDB", answer["message"])
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)
        second.event("continued")
        guest.must_go_on()
        second.ask("pause", threadId=1)
        first.stop(reason="pause")
        second.stop(reason="pause")
        second.ask("setExpression", expression="$done", value="1")
        first.ask("continue", threadId=1)
        for editor in (first, second):
            self.assertEqual(editor.event("exited")["exitCode"], 0)
            editor.event("terminated")
        self.assertEqual(guest.finish(), (0, ""))

    def test_editors_that_disagree(self):
        """Both resume at every stop. What each is told makes sense, in its order."""
        guest = self.run_guest("--dap", "--no-wait")
        editors = [self.editor(guest).attach_and_go() for _ in range(3)]
        self.break_at_tick(editors[0])
        for _ in range(30):
            for editor in editors:
                editor.stop()
            for request in [(editor, editor.send("continue", threadId=1)) for editor in editors]:
                request[0].answer(request[1])
        for editor in editors:
            is_stopped = False
            for message in editor.messages:
                if message.get("event") in ("stopped", "continued") or message.get("command") == "continue" and message["success"]:
                    self.assertEqual(is_stopped, message.get("event") != "stopped", message)
                    is_stopped = message.get("event") == "stopped"
        editors[0].leave()
        for editor in editors[1:]:
            editor.send("continue", threadId=1)
        guest.must_go_on()

    def test_two_editors_on_threads(self):
        guest = self.run_guest("--dap", "--invoke", "_start", wasm=compile_guest("crew.c", *THREADS))
        first, second = self.editor(guest).attach(), self.editor(guest).attach()
        line = line_of("crew.c", "step")
        first.ask("setBreakpoints", source={"path": str(GUESTS / "crew.c")}, breakpoints=[{"line": line}])
        for editor in (first, second):
            editor.ask("configurationDone")
        thread = first.stop(reason="breakpoint")["threadId"]
        self.assertGreater(thread, 1)
        self.assertEqual(second.stop(reason="breakpoint")["threadId"], thread)
        ids = {each["id"] for each in first.ask("threads")["threads"]}
        self.assertEqual(ids, {each["id"] for each in second.ask("threads")["threads"]})
        for each in ids:
            self.assertEqual([frame["name"] for frame in first.frames(each)], [frame["name"] for frame in second.frames(each)])
        # One steps one thread; the other sees it there.
        second.ask("next", threadId=thread, singleThread=True)
        for editor in (first, second):
            self.assertEqual(editor.stop(reason="step")["threadId"], thread)
            self.assertEqual(editor.frames(thread)[0]["line"], line + 1)
        first.ask("setBreakpoints", source={"path": str(GUESTS / "crew.c")}, breakpoints=[])
        first.ask("continue", threadId=thread)
        second.event("continued")
        for editor in (first, second):
            editor.event("exited")
        guest.finish()

    def test_two_editors_on_a_component(self):
        with tempfile.TemporaryDirectory(prefix="vitrine-attach-") as folder:
            guest = self.run_guest("--dap", "--invoke", "run()", wasm=compile_components(pathlib.Path(folder)))
            first, second = self.editor(guest).attach(), self.editor(guest).attach()
            self.assertTrue(first.ask("setFunctionBreakpoints", breakpoints=[{"name": "ops_add"}])["breakpoints"][0]["verified"])
            for editor in (first, second):
                editor.ask("configurationDone")
            for editor in (first, second):
                editor.stop(reason="breakpoint")
                frames = editor.frames()
                self.assertEqual([frame["name"] for frame in frames], ["ops_add", "host ops_add", "run", "host run"])
                # Each core module has statics of its own.
                self.assertEqual(editor.variables(editor.scopes(frames[0]["id"])["Statics"])["calls"]["value"], "100")
                self.assertNotIn("calls", editor.variables(editor.scopes(frames[2]["id"])["Statics"]))
            # What one changes, the other sees.
            first.ask("setExpression", expression="calls", value="7", frameId=first.frames()[0]["id"])
            self.assertEqual(second.evaluate("calls", frameId=second.frames()[0]["id"]), "7")
            second.ask("continue", threadId=1)
            for editor in (first, second):
                self.assertEqual(editor.event("exited")["exitCode"], 0)
            self.assertEqual(guest.finish()[0], 0)

    def test_a_real_lldb_beside_an_editor(self):
        guest = self.run_guest("--dap", "-g0", wasm=compile_guest(BANK))
        editor = self.editor(guest).attach_and_go(stopOnEntry=True)
        editor.stop(reason="entry")
        commands = ["breakpoint set -n deposit", "continue", "bt", "detach"]
        done = subprocess.run([*guest.lldb_command, "-b", *(word for line in commands for word in ("-o", line))],
            capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=PATIENCE)
        self.assertIn(f"deposit(account=0x000109d8, amount=20) at bank.c:{DEPOSIT}", done.stdout, done.stderr)
        editor.event("continued")
        self.assertEqual(editor.stop()["description"], "another client's breakpoint")
        editor.event("continued")
        self.assertEqual(editor.event("exited")["exitCode"], 0)
        editor.event("terminated")
        self.assertEqual(guest.finish(), (0, ""))

    def test_lldb_alone_beside_the_door_leaves_a_running_guest(self):
        guest = self.run_guest("--dap=0", "-g0", "--no-wait")
        lldb = Connection(guest.lldb)
        self.assertTrue(lldb.ask("?").startswith("T"))
        guest.must_stand()
        lldb.socket.close()
        guest.must_go_on()

    def test_an_editor_can_vanish_at_any_point(self):
        guest = self.run_guest("--dap", "--no-wait")

        def stopped(editor):
            self.break_at_tick(editor)
            editor.ask("configurationDone")
            editor.stop(reason="breakpoint")

        def in_a_command(editor):
            stopped(editor)
            editor.ask("setFunctionBreakpoints", breakpoints=[])
            editor.send("evaluate", expression=":continue", context="repl")
            editor.event("continued")

        points = {
            "connected": lambda editor: None,
            "in a header": lambda editor: editor.send_bytes(b"Content-Len"),
            "in a message": lambda editor: editor.send_bytes(b"Content-Length: 100\r\n\r\n{"),
            "initialized": lambda editor: editor.ask("initialize"),
            "attaching": lambda editor: (editor.ask("initialize"), editor.send("attach")),
            "attached": lambda editor: editor.attach(),
            "with breakpoints": lambda editor: self.break_at_tick(editor.attach()),
            "running": lambda editor: editor.attach_and_go(),
            "stopped": lambda editor: stopped(editor.attach()),
            "stepping": lambda editor: (stopped(editor.attach()), editor.send("stepOut", threadId=1)),
            "in a command": lambda editor: in_a_command(editor.attach()),
            "pausing": lambda editor: (editor.attach_and_go(), editor.send("pause", threadId=1)),
            "leaving": lambda editor: (editor.attach_and_go(), editor.send("disconnect")),
        }
        for name, reach in points.items():
            with self.subTest(point=name, company=False):
                editor = AttachedEditor(guest.editors)
                reach(editor)
                editor.vanish()
                guest.must_go_on()
        witness = self.editor(guest).attach_and_go()
        self.break_at_tick(witness, condition="$done == 7")
        for name in ("with breakpoints", "stopped", "stepping", "in a command"):
            with self.subTest(point=name, company=True):
                editor = AttachedEditor(guest.editors)
                points[name](editor)
                editor.vanish()
                # If it has stopped for the one that is gone, the one that is left resumes it.
                for _ in range(PATIENCE):
                    witness.answer(witness.send("continue", threadId=1))
                    if self.goes_on(guest):
                        break
                witness.at = len(witness.messages)
                witness.ask("pause", threadId=1)
                witness.stop(reason="pause")
                self.assertEqual(witness.evaluate(":info breakpoints", context="repl").count("breakpoint"), 1)
                witness.ask("continue", threadId=1)
                guest.must_go_on()
        witness.leave()
        guest.must_go_on()

    @staticmethod
    def goes_on(guest):
        before = guest.lines()
        with guest.changed:
            return guest.changed.wait_for(lambda: guest.output.count("\n") > before + 1, 1)

    def test_ways_to_leave(self):
        guest = self.run_guest("--dap", "--no-wait")
        capabilities = self.editor(guest).ask("initialize")
        self.assertTrue(capabilities["supportSuspendDebuggee"] and capabilities["supportTerminateDebuggee"])
        self.editor(guest).attach_and_go().leave(suspendDebuggee=True)
        guest.must_stand()
        editor = self.editor(guest).attach()
        self.assertFalse(editor.has_event("stopped"))
        editor.ask("configurationDone")
        editor.stop(reason="pause")
        editor.leave()
        guest.must_go_on()
        witness = self.editor(guest).attach_and_go()
        self.editor(guest).attach_and_go().leave(terminateDebuggee=True)
        self.assertEqual(witness.event("exited")["exitCode"], 137)
        self.assertEqual(guest.finish()[0], 137)

    def test_what_does_not_fit_this_door(self):
        guest = self.run_guest("--dap", "--no-wait")
        editor = self.editor(guest)
        editor.ask("initialize")
        self.assertIn("use `attach`", editor.refused("launch", program="app.wasm"))
        self.assertIn("more than one", editor.refused("attach", pid=1, program="x"))
        self.assertIn("pid", editor.refused("attach", pid="one"))
        editor.ask("attach")
        editor.event("initialized")

    def test_a_web_page_cannot_drive_the_port(self):
        guest = self.run_guest("--dap=0", "--no-wait")
        body = b'Content-Length: 61\r\n\r\n{"seq":1,"type":"request","command":"initialize"}'
        for bytes_sent in (b"G", b"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\n" + body, b"\x16\x03\x01"):
            with connect(guest.editors) as client:
                client.sendall(bytes_sent)
                try:
                    self.assertEqual(client.recv(1), b"")
                except ConnectionResetError:
                    pass
        guest.must_go_on()
        self.editor(guest).attach_and_go().leave()

    # -- Through an adapter

    def adapter(self):
        editor = RelayedEditor()
        self.addCleanup(editor.discard)
        editor.ask("initialize", adapterID="vitrine")
        return editor

    def test_an_adapter_finds_the_guest(self):
        self.assertIn("there is no guest", self.adapter().refused("attach"))
        (ticker().parent / "x").mkdir(exist_ok=True)
        guest = self.run_guest("--dap", "--no-wait", wasm=ticker("clock"), arguments=["blue"])
        by_port = self.run_guest("--dap=0", "--no-wait")
        for_lldb = self.run_guest("-g0", "--no-wait", wasm=ticker("other"))
        port = int(by_port.editors.rpartition(":")[2])
        for attributes, name in (({"pid": guest.process.pid}, "clock"), ({"name": "clock"}, "clock"), ({"name": "clock.wasm"}, "clock"),
                ({"name": str(ticker("clock"))}, "clock"), ({"program": "clock.wasm", "name": "mine", "type": "vitrine"}, "clock"),
                ({"program": str(ticker().parent / "x" / ".." / "clock.wasm")}, "clock"), ({"socket": guest.editors}, "clock"), ({"port": port}, "ticker"),
                ({"port": by_port.editors}, "ticker")):
            with self.subTest(**attributes):
                editor = self.adapter()
                editor.ask("attach", **attributes)
                self.assertEqual(pathlib.Path(editor.event("process")["name"]).stem, name)
                editor.event("initialized")
                self.break_at_tick(editor)
                editor.ask("configurationDone")
                editor.stop(reason="breakpoint")
                self.assertEqual(editor.frames()[0]["name"], "$tick")
                self.assertEqual(editor.finish(), (0, ""))
        guest.must_go_on()
        by_port.must_go_on()
        for attributes, text in (({}, "several guests"), ({"name": "clock", "request": "attach"}, "several guests"), ({"name": "nothing"}, f"{guest.process.pid} "), ({"pid": 1}, "no guest `1`"),
                ({"name": "other"}, "LLDB only"), ({"pid": for_lldb.process.pid}, "LLDB only"), ({"port": "x"}, "port"),
                ({"port": int(for_lldb.lldb.rpartition(":")[2])}, "door for editors"), ({"socket": "/no/such.sock"}, "No such file")):
            with self.subTest(**attributes):
                editor = self.adapter()
                self.assertIn(text, editor.refused("attach", **attributes))
                # It can try again.
                editor.ask("attach", pid=guest.process.pid)
                self.assertEqual(editor.finish(), (0, ""))

    def test_an_adapter_tells_of_a_guest_that_was_killed(self):
        guest = self.run_guest("--dap", "--no-wait")
        editor = self.adapter()
        # The only guest there is.
        editor.ask("attach")
        editor.event("initialized")
        editor.ask("configurationDone")
        guest.process.kill()
        self.assertIn("ended", editor.event("output", category="important")["output"])
        editor.event("terminated")
        self.assertIn("nothing", editor.refused("threads"))
        self.assertEqual(editor.finish(), (0, ""))

    # -- The terminal's debugger

    def debug(self, commands, which=""):
        return subprocess.run([VITRINE, "debug", f"--attach={which}" if which else "--attach"], env=ENVIRONMENT, text=True,
            input="\n".join(commands) + "\n", capture_output=True, timeout=PATIENCE)

    def test_the_terminal_s_debugger_attaches(self):
        guest = self.run_guest("--dap", "--no-wait")
        done = self.debug(["pause", "print $done", "break $tick", "continue", "bt", "nonsense", "delete", "detach"], guest.process.pid)
        lines = [line for line in done.stdout.splitlines() if line != "tick"]
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        text = "\n".join(lines)
        self.assertRegex(text, r"^stopped: interrupt")
        self.assertRegex(text, r"breakpoint 1: \$tick")
        self.assertRegex(text, r"stopped: breakpoint 1 in \$tick")
        self.assertIn("$run", text)
        self.assertIn("nonsense", text)
        guest.must_go_on()
        # Beside an editor whose breakpoint stops the guest; then the end.
        editor = self.editor(guest).attach_and_go()
        self.break_at_tick(editor)
        done = self.debug(["wait", "set $done = 1", "continue"], "ticker")
        self.assertIn("stopped: another client's breakpoint\n#0 $tick at 0x", done.stdout)
        self.assertEqual(done.stdout.count("exited"), 1)
        editor.event("continued")
        self.assertEqual(done.returncode, 0, done)
        self.assertEqual(guest.finish(), (0, ""))

    def test_the_terminal_s_debugger_in_a_terminal(self):
        guest = self.run_guest("--dap", "--no-wait")
        with unittest.mock.patch.dict(os.environ, ENVIRONMENT):
            terminal = Terminal(ticker().parent, f"--attach={guest.process.pid}")
        terminal.wait_for(PROMPT)
        terminal.type("wait\n")
        guest.must_go_on()
        terminal.interrupt("stopped: interrupt")
        terminal.wait_for(PROMPT)
        guest.must_stand()
        # Tab completes verbs, and names of the guest.
        terminal.say("brea\t$tic\t", "breakpoint 1: $tick at")
        terminal.say("print $do\t", "0")
        terminal.say("continue", "stopped: breakpoint 1 in $tick")
        terminal.say("delete", "deleted 1")
        # Ctrl-C ends a command that runs the guest.
        terminal.type("continue\n")
        guest.must_go_on()
        terminal.interrupt("stopped: interrupt")
        terminal.wait_for(PROMPT)
        terminal.type("detach\n")
        self.assertEqual(terminal.status(), 0)
        guest.must_go_on()

    def test_one_who_says_nothing_is_not_waited_for(self):
        guest = self.run_guest("--dap", "--no-wait")
        silent, half = connect(guest.editors), connect(guest.editors)
        half.sendall(b"Content-Len")
        editor = self.editor(guest).attach_and_go()
        for client in (silent, half):
            self.assertEqual(client.recv(1), b"")
            client.close()
        # One who has said something may be silent for longer.
        editor.ask("threads")
        guest.must_go_on()

    def test_the_terminal_s_debugger_refuses(self):
        for which, text in (("", "there is no guest"), ("nothing", "no guest `nothing`"), ("1", "cannot connect"), ("/no/such", "cannot connect")):
            done = self.debug([], which)
            self.assertEqual(done.returncode, 1)
            self.assertIn(text, done.stderr)
        done = subprocess.run([VITRINE, "debug", "--attach", "app.wasm"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)


class RelayedEditor(Editor):
    """An editor that starts an adapter, as always."""

    def __init__(self):
        import os
        before = dict(os.environ)
        os.environ.update(ENVIRONMENT)
        try:
            super().__init__()
        finally:
            os.environ.clear()
            os.environ.update(before)

    def discard(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.reader.join(timeout=PATIENCE)
        for stream in (self.input, self.output, self.process.stderr):
            stream.close()


if __name__ == "__main__":
    unittest.main()
