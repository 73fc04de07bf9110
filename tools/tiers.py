# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What tests by tier share. The environment variable VITRINE_TIER chooses the tier of every command
(src/engine/tier_choice.h). A test that passes without compiling anything shows nothing, so these
functions look at the statistics that commands print on stderr."""

import os
import pathlib
import re
import subprocess
import tempfile

COMPILED = re.compile(r"^vitrine: compiled: (\d+) function", re.MULTILINE)
EXITS = re.compile(r"^vitrine: exits to the interpreter: (\d+) at", re.MULTILINE)
DISABLED = re.compile(r"^vitrine: nothing is compiled: (.*)$", re.MULTILINE)
# (module (func $g) (func (export "f") (result i32) (local i32)
#   (loop (call $g)
#     (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 64))))
#   (i32.const 7)))
GUEST = bytes.fromhex(
    "0061736d010000000108026000006000017f0303020001070501016600010a1d0202000b1801017f"
    "03401000200041016a220041c000490d000b41070b"
)



def name():
    """The tier that is tested; empty for the default one."""
    return os.environ.get("VITRINE_TIER", "")


def compiles():
    """Whether the tier that is tested compiles everything, or much at random."""
    return name().startswith(("jit", "mixed"))


def numbers(stderr):
    """Functions compiled, and exits taken, in all statistics in a text."""
    return sum(map(int, COMPILED.findall(stderr))), sum(map(int, EXITS.findall(stderr)))


def problem(stderr, what):
    """Why the commands whose errors these are have not tested the tier; None if they have."""
    if not compiles() or numbers(stderr)[0]:
        return None
    return f"{what}: VITRINE_TIER={name()}, but no function was compiled: {' '.join(DISABLED.findall(stderr)) or 'no statistics'}"


def environment():
    """What an environment made by a test must have for its commands to use the tier."""
    return {"VITRINE_TIER": name()} if name() else {}


def canary(vitrine, variables):
    """Runs a guest in an environment. Returns why commands in it do not test the tier, or None."""
    if not compiles():
        return None
    with tempfile.TemporaryDirectory() as folder:
        guest = pathlib.Path(folder) / "f.wasm"
        guest.write_bytes(GUEST)
        done = subprocess.run([vitrine, "run", "--stats", "--invoke", "f", guest], env=variables, cwd=folder,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    if done.returncode != 0 or done.stdout != "7\n":
        return f"the canary failed: {done}"
    return problem(done.stderr, "canary")
