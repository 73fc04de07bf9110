# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The game of examples/game, and a debugger that attaches to its script while it draws."""

import os
import unittest

from program import EXAMPLES, PROMPT, VITRINE, Program, attach, kill

SCRIPT = EXAMPLES / "game" / "script.wasm"
LINE = (EXAMPLES / "game" / "script.c").read_text().splitlines().index("    ball += speed * dt;") + 1


class GameTest(unittest.TestCase):
    def setUp(self):
        self.game = Program(self, os.environ["VITRINE_GAME"], SCRIPT, VITRINE)
        self.debugger = attach(self, self.game.expect(r"vitrine debug --attach=(\S+)\n"))

    def balls(self, note=""):
        """The columns of the ball in the next frames with this note."""
        return {len(self.game.expect(rf"\r\|( *)o *\| {note}\x1b\[K")) for _ in range(10)}

    def quit(self):
        self.game.interrupt()
        self.assertEqual(self.game.status(), 0)

    def test_the_game_draws_while_its_script_is_stopped(self):
        self.debugger.say("pause", "stopped: ")
        self.debugger.say("break update", f"breakpoint 1: update at script.c:{LINE}")
        self.debugger.say("continue", "stopped: breakpoint 1")
        self.assertEqual(len(self.balls("stopped: breakpoint 1")), 1)
        self.debugger.say("print dt", "0.02")
        # Static variables of the script.
        self.debugger.say("set speed = 0", "\n")
        self.debugger.say("set ball = 7", "\n")
        self.debugger.say("delete", "deleted 1")
        self.debugger.type("continue\n")
        self.game.expect(r"(\| )\x1b")
        self.assertEqual(self.balls(), {7})
        # The script runs for a moment only in each frame. If Ctrl-C comes between two calls, the next one
        # stops at its entry.
        self.debugger.interrupt("stopped: ")
        self.debugger.wait_for(PROMPT)
        self.balls(r"stopped: \w+")
        self.debugger.say("set ball = 9", "\n")
        self.debugger.type("continue\n")
        self.game.expect(r"(\| )\x1b")
        self.assertEqual(self.balls(), {9})
        kill(self.debugger)
        self.assertEqual(self.balls(), {9})
        self.quit()

    def test_the_game_ends_while_its_script_is_stopped(self):
        self.debugger.say("pause", "stopped: ")
        self.debugger.say("break bounce", "breakpoint 1: bounce at script.c:")
        self.debugger.say("continue", "stopped: breakpoint 1")
        self.balls("stopped: breakpoint 1")
        self.quit()


if __name__ == "__main__":
    unittest.main()
