#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How LLDB attaches to a guest and leaves it: interrupts, traps, ends, output, detaching,
vanishing."""

import tempfile
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

from debuggee import (Guest, LLDB, MAIN, Lldb, PATIENCE, PLATFORM, SessionTest, assemble, await_ends, compile_guest, guests_of, line_of,
    run_script)

ENDLESS = "endless.c"
FAULTS = "faults.c"


class Interrupts(SessionTest):
    def start(self, lldb):
        lldb.expect(r"stop reason = signal SIGTRAP")
        # In either order.
        lldb.ask("continue", r"(?s)(?=.*^turning$)(?=.*Process 1 resuming$).*")
        lldb.wait_until_running()

    def stop(self, lldb, interrupt):
        interrupt(r"stop reason = signal SIGINT")
        lldb.expect(rf"`main at {ENDLESS}:")

    def test_an_endless_loop_is_stopped_and_ended(self):
        with Guest(compile_guest(ENDLESS, "-O0")) as guest, Lldb(guest) as lldb:
            self.start(lldb)
            self.stop(lldb, lambda stopped: lldb.ask("process interrupt", stopped))
            turns = int(lldb.ask("p turns", r"\(.*unsigned int\) (\d+)")[1])
            lldb.ask("continue", r"Process 1 resuming")
            lldb.wait_until_running()
            self.stop(lldb, lldb.interrupt)
            self.assertGreater(int(lldb.ask("p turns", r"\(.*unsigned int\) (\d+)")[1]), turns)
            lldb.ask("stepi", r"stop reason = instruction step into")
            lldb.ask("expr stop = 9", r"\(.*int\) \$\d+ = 9")
            lldb.ask("continue", r"^stopped by 9$")
            lldb.expect(r"exited with status = 7 ")
            self.assertEqual(lldb.quit(), 0)
            self.assertEqual(guest.finish(), (7, "turning\nstopped by 9\n", ""))

    def test_a_breakpoint_set_while_the_guest_runs(self):
        with Guest(compile_guest(ENDLESS, "-O0")) as guest, Lldb(guest) as lldb:
            self.start(lldb)
            # LLDB stops the guest, sets the breakpoint and resumes the guest, without printing
            # anything. Sometimes the guest hits the breakpoint before LLDB has put it on its own
            # list, or has printed anything about it. LLDB then only knows the place and the signal.
            turn = line_of(ENDLESS, "turn")
            lldb.ask(f"b {ENDLESS}:{turn}", r"(?s)(?=.*^Breakpoint 1: where = [^\n]* address = (0x[0-9a-f]+)$)"
                r"(?=.*stop reason = (?:breakpoint 1\.1|signal SIGTRAP)$\s+frame #0: \1 "
                rf"[^\n]*`main at {ENDLESS}:{turn}:).*")
            turns = int(lldb.ask("p turns", r"\(.*unsigned int\) (\d+)")[1])
            for more in (1, 2):
                lldb.ask("continue", r"stop reason = breakpoint 1\.1$")
                lldb.ask("p turns", rf"\(.*unsigned int\) {turns + more}$")
            lldb.ask("process kill", r"exited with status = 9 \(0x00000009\) killed")
            status, _, errors = guest.finish()
            self.assertEqual(status, 137)
            self.assertIn("the debugger ended the guest", errors)

    def test_the_guests_of_two_clients_after_each_other(self):
        with Guest(compile_guest(ENDLESS, "-O0")) as guest:
            with Lldb(guest) as lldb:
                self.start(lldb)
                lldb.ask("process interrupt", r"stop reason = signal SIGINT")
                lldb.ask(f"b {ENDLESS}:{line_of(ENDLESS, 'turn')}", r"Breakpoint 1: where = ")
                lldb.ask("detach", r"Process 1 detached")
                lldb.quit()
            # The guest continues, and its breakpoint is gone.
            time.sleep(0.1)
            self.assertIsNone(guest.process.poll())
            with Lldb(guest) as lldb:
                lldb.expect(r"stop reason = signal SIGINT")
                before = int(lldb.ask("p turns", r"\(.*unsigned int\) (\d+)")[1])
                lldb.ask("stepi", r"stop reason = instruction step into")
                lldb.ask("expr stop = 3", r"\(.*int\) \$\d+ = 3")
                lldb.ask("process detach", r"Process 1 detached")
                self.assertGreater(before, 0)
            self.assertEqual(guest.finish(), (7, "turning\nstopped by 3\n", ""))

    def test_a_client_that_is_killed_while_the_guest_runs(self):
        with Guest(compile_guest(ENDLESS, "-O0")) as guest:
            with Lldb(guest) as lldb:
                self.start(lldb)
                lldb.kill()
            # The guest stops, and waits for the next client.
            with Lldb(guest) as lldb:
                lldb.expect(r"stop reason = signal SIGINT")
                turns = lldb.ask("p turns", r"\(.*unsigned int\) (\d+)")[1]
                lldb.kill()
            time.sleep(0.05)
            with Lldb(guest) as lldb:
                lldb.expect(r"stop reason = signal SIGINT")
                self.assertEqual(lldb.ask("p turns", r"\(.*unsigned int\) (\d+)")[1], turns)
                lldb.ask("expr stop = 4", r"\(.*int\) \$\d+ = 4")
                lldb.ask("continue", r"exited with status = 7 ")
            self.assertEqual(guest.finish(), (7, "turning\nstopped by 4\n", ""))


class Clients(SessionTest):
    def test_a_guest_that_does_not_wait(self):
        with Guest(compile_guest(ENDLESS, "-O0"), options=["--no-wait"]) as guest:
            # It runs before any client has connected.
            self.assertEqual(guest.process.stdout.readline(), "turning\n")
            with Lldb(guest) as lldb:
                lldb.expect(r"stop reason = signal SIGINT")
                lldb.expect(rf"`main at {ENDLESS}:")
                lldb.ask(f"b {ENDLESS}:{line_of(ENDLESS, 'turn')}", r"Breakpoint 1: where = ")
                lldb.ask("continue", r"stop reason = breakpoint 1\.1$")
                lldb.ask("expr stop = 5", r"\(.*int\) \$\d+ = 5")
                lldb.ask("breakpoint delete 1", r"1 breakpoints deleted")
                lldb.ask("continue", r"exited with status = 7 ")
            self.assertEqual(guest.finish(), (7, "stopped by 5\n", ""))

    def test_a_guest_that_waits_for_nobody_ends_alone(self):
        with Guest(compile_guest(FAULTS, "-O0"), "5", options=["--no-wait"]) as guest:
            self.assertEqual(guest.finish(), (5, "about to 5\n", ""))

    def test_a_second_client_is_refused(self):
        with Guest(compile_guest(FAULTS, "-O0"), "5") as guest, Lldb(guest) as first:
            first.expect(r"stop reason = signal SIGTRAP")
            with Lldb(guest) as second:
                second.expect(r"error: .*(shut down|lost|failed to (connect|get reply))")
                second.quit()
            first.ask("continue", r"exited with status = 5 ")
            self.assertEqual(guest.finish(), (5, "about to 5\n", ""))


class Ends(SessionTest):
    def test_the_guests_status(self):
        with Guest(compile_guest(FAULTS, "-O0"), "42") as guest:
            self.check(guest, [], [("continue", r"^about to 42$", r"exited with status = 42 \(0x0000002a\)")])
            self.assertEqual(guest.finish(), (42, "about to 42\n", ""))

    def fault(self, how, text, function, *steps):
        """A trap is reported with its text at the place where it happens, and again by vitrine,
        with a backtrace."""
        with Guest(compile_guest(FAULTS, "-O0"), how) as guest:
            self.check(guest, [], [
                ("continue", rf"^about to {how}$", rf"stop reason = trap: {text}$", rf"frame #0: .*`{function}\("),
                ("bt", r"frame #1: "),
                *steps,
                ("continue", r"exited with status = 6 "),
            ])
            status, _, errors = guest.finish()
            self.assertEqual(status, 134)
            self.assertRegex(errors, text)
            self.assertRegex(errors, r"#0 .*0x[0-9a-f]+[^\n]*\n  #1 ")

    def test_a_division_by_zero(self):
        self.fault("divide", "integer divide by zero", "divide", ("frame variable", r"\(int\) a = 7\n\(int\) b = 0$"),
            ("frame select 1", rf"at {FAULTS}:{line_of(FAULTS, 'call')}"))

    def test_an_abort(self):
        self.fault("trap", "unreachable", MAIN, ("frame info", rf"at {FAULTS}:{line_of(FAULTS, 'trap')}"))

    def test_unreachable_beside_a_shared_memory(self):
        """The first bytes of a shared memory, where the guest traps."""
        with Guest(assemble("shared.wat")) as guest:
            self.check(guest, [], [
                ("continue", r"stop reason = trap: unreachable$", r"frame #0: 0x400000010000[0-9a-f]{4}"),
                ("memory read -s 1 -f x -c 4 0", r"^0x00000000: 0x11 0x22 0x33 0x44$"),
                ("memory write -s 1 0 0x55"),
                ("memory read -s 4 -f x -c 1 0", r"^0x00000000: 0x44332255$"),
                ("continue", r"exited with status = 6 "),
            ])
            self.assertEqual(guest.finish()[0], 134)

    def test_an_access_out_of_bounds(self):
        self.fault("read", r"out of bounds memory access: 4 bytes at 0x[0-9a-f]+ of memory\[0\], which has 0x20000 bytes", MAIN,
            ("frame info", rf"at {FAULTS}:{line_of(FAULTS, 'read')}"))

    def test_a_stack_that_is_exhausted(self):
        # The guest's own stack in memory ends before the engine's.
        self.fault("dive", r"out of bounds memory access: 4 bytes at 0xfffffffc of memory\[0\], which has 0x20000 bytes", "dive", ("bt 5", r"frame #4: .*`dive\("))

    def test_a_guest_that_is_killed(self):
        with Guest(compile_guest(FAULTS, "-O0"), "0") as guest:
            self.check(guest, [], [("process kill", r"exited with status = 9 \(0x00000009\) killed")])
            self.assertEqual(guest.finish()[:2], (137, ""))

    def test_a_detached_guest_runs_to_its_end(self):
        with Guest(compile_guest(FAULTS, "-O0"), "5") as guest:
            self.check(guest, [], [("b main", r"Breakpoint 1: "), ("detach", r"Process 1 detached")])
            self.assertEqual(guest.finish(), (5, "about to 5\n", ""))

    def test_lldb_that_quits_detaches(self):
        with Guest(compile_guest(FAULTS, "-O0"), "5") as guest:
            self.check(guest, [], ["b main", "settings set auto-confirm true", "quit"])
            self.assertEqual(guest.finish(), (5, "about to 5\n", ""))


class Launch:
    """An LLDB that starts guests itself instead of attaching to one."""

    command = [LLDB, *(word for command in PLATFORM for word in ("-O", command))]


class Launches(unittest.TestCase):
    def test_lldb_starts_the_guest_itself(self):
        """`process launch` on LLDB's wasm platform, with breakpoints that were set before."""
        wasm = compile_guest(FAULTS, "-O0")
        answers = run_script(Launch, [f"target create {wasm}", "b divide", "process launch -- divide", "bt", "continue",
            "continue"])
        self.assertRegex(answers[2], r"Breakpoint 1: where = .*`divide")
        self.assertRegex(answers[3], r"stop reason = breakpoint 1\.1")
        self.assertRegex(answers[4], rf"frame #1: .*`{MAIN}\(argc=2")
        self.assertRegex(answers[5], r"stop reason = trap: integer divide by zero")
        self.assertRegex(answers[6], r"exited with status = 6 ")

    def test_each_line_of_output_comes_once(self):
        with Lldb(Launch) as lldb:
            lldb.ask(f"target create {compile_guest(FAULTS, '-O0')}", r"Current executable set")
            lldb.ask("process launch -- 42", r"exited with status = 42 ")
            self.assertEqual(lldb.quit(), 0)
            self.assertEqual(lldb.text.count("about to 42"), 1, lldb.text)

    def test_output_that_is_redirected_does_not_come_to_the_terminal(self):
        with tempfile.NamedTemporaryFile("r") as file, Lldb(Launch) as lldb:
            lldb.ask(f"target create {compile_guest(FAULTS, '-O0')}", r"Current executable set")
            lldb.ask(f"process launch -o {file.name} -- 42", r"exited with status = 42 ")
            self.assertEqual(lldb.quit(), 0)
            self.assertNotIn("about to 42", lldb.text)
            self.assertEqual(file.read(), "about to 42\n")

    def launch(self, lldb, options, pattern):
        lldb.ask(f"target create {compile_guest(ENDLESS, '-O0')}", r"Current executable set")
        lldb.ask(f"process launch {options}", pattern)
        [guest] = guests_of(lldb.process.pid)
        return guest

    def check_ends(self, ways, options="-s", pattern=r"Process 1 launched"):
        """LLDB takes two seconds to launch a guest, without doing anything; so all do it at once."""
        def check(leave):
            with Lldb(Launch) as lldb:
                guest = self.launch(lldb, options, pattern)
                leave(lldb)
                await_ends([guest])

        compile_guest(ENDLESS, "-O0")
        with ThreadPoolExecutor(len(ways)) as pool:
            for checked in [pool.submit(check, leave) for leave in ways]:
                checked.result()

    def test_a_launched_guest_ends_with_lldb(self):
        def quit(lldb):
            lldb.send("settings set auto-confirm true")
            lldb.send("quit")
            lldb.process.wait(PATIENCE)

        self.check_ends([Lldb.kill, quit, Lldb.quit, lambda lldb: lldb.ask("detach", r"Process 1 detached")])

    def test_a_launched_guest_that_runs_ends_with_lldb(self):
        self.check_ends([Lldb.kill], "", r"^turning$")
        # Without a terminal.
        self.check_ends([Lldb.kill], "-n")

    def test_a_guest_that_is_run_again_ends_before(self):
        with Lldb(Launch) as lldb:
            lldb.send("settings set auto-confirm true")
            first = self.launch(lldb, "-s", r"Process 1 launched")
            lldb.ask("process launch -s", r"Process 1 launched")
            await_ends([first])
            [second] = guests_of(lldb.process.pid)
            lldb.kill()
            await_ends([second])


if __name__ == "__main__":
    unittest.main()
