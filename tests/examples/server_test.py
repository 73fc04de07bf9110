# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The server of examples/server, and debuggers that attach to one of its 10,000 tenants while the
others answer."""

import os
import unittest

from program import EXAMPLES, Program, attach, wait_for_stop

TENANTS = 10_000


class ServerTest(unittest.TestCase):
    def setUp(self):
        self.server = Program(self, os.environ["VITRINE_SERVER"], EXAMPLES / "server" / "tenant.wasm")
        self.server.expect(rf"^{TENANTS} tenants in ([\d.]+) s, \d+ bytes each\n")
        self.requests = 0

    def ask(self, *tenants, amount=20):
        self.requests += len(tenants)
        self.server.say("".join(f"{tenant} {amount}\n" for tenant in tenants))

    def answers(self, count):
        """The next answers: pairs of the tenant and a text."""
        return {tuple(self.server.expect(r"^(.*)\n").split(": ")) for _ in range(count)}

    def debug(self, tenant):
        self.server.say(f"debug {tenant}\n")
        return attach(self, self.door())

    def door(self):
        return self.server.expect(r"^vitrine debug --attach=(\S+)\n")

    def close(self):
        self.server.say("close\n")
        self.server.expect(r"^(closed)\n")

    def leave(self, debugger):
        debugger.type("detach\n")
        self.assertEqual(debugger.status(), 0)
        debugger.process = 0

    def quit(self):
        self.server.end_input()
        self.server.expect(rf"^({self.requests}) requests, \d+ per second\n")
        self.assertEqual(self.server.status(), 0)

    def test_one_tenant_is_debugged_while_the_others_answer(self):
        self.ask(4711, amount=2_000_000)
        self.assertEqual(self.answers(1), {("4711", "-1")})
        debugger = self.debug(4711)
        debugger.say("break $charge if $amount == 20", "breakpoint 1: $charge at")
        self.ask(4711)
        wait_for_stop(debugger, "breakpoint 1")
        others = [tenant for tenant in range(TENANTS) if tenant != 4711]
        for first in range(0, len(others), 1000):
            some = others[first:first + 1000]
            self.ask(*some)
            self.assertEqual(self.answers(len(some)), {(str(tenant), "999980") for tenant in some})
        self.ask(4711)
        self.assertEqual(self.answers(1), {("4711", "is being debugged")})
        # Nothing of this is exported.
        debugger.say("print $credit", "1000000")
        debugger.say("print $refusals", "1")
        debugger.say("set $credit = 500", "\n")
        self.leave(debugger)
        self.assertEqual(self.answers(1), {("4711", "480")})
        # Without a door, the tenant is one of all again.
        self.close()
        self.ask(4711)
        self.assertEqual(self.answers(1), {("4711", "460")})
        self.quit()

    def test_a_tenant_that_hangs_is_debugged(self):
        debugger = self.debug(7)
        # The amount is rounded up to a multiple of it.
        debugger.say("set $unit = 0x7fffffffffffffff", "\n")
        self.leave(debugger)
        self.close()
        self.ask(7)
        self.server.wait_until_busy()
        self.ask(8)
        self.assertEqual(self.answers(1), {("8", "999980")})
        # The call ends, or there could be no door.
        self.server.say("debug 7\n")
        self.assertEqual(self.answers(1), {("7", "interrupted")})
        debugger = attach(self, self.door())
        # One that hangs while there is a door can be looked at.
        self.ask(7)
        self.server.wait_until_busy()
        debugger.say("pause", "#0 $rounded at")
        debugger.say("print $unit", "9223372036854775807")
        debugger.say("set $unit = 10", "\n")
        debugger.say("set $amount = 20", "\n")
        self.leave(debugger)
        self.assertEqual(self.answers(1), {("7", "999980")})
        self.quit()

    def test_the_server_ends_while_a_tenant_is_stopped(self):
        debugger = self.debug(9)
        debugger.say("break $rounded", "breakpoint 1: $rounded at")
        self.ask(9)
        wait_for_stop(debugger, "breakpoint 1")
        self.server.end_input()
        self.assertEqual(self.answers(1), {("9", "999980")})
        self.quit()


if __name__ == "__main__":
    unittest.main()
