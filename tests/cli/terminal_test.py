# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the debugger does only on a terminal, or only for its user: the pager, init files, blocks of
lines, the list of typed lines, Ctrl-C in commands."""

import fcntl
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import termios
import time

from debug_test import PROMPT, SECONDS, VITRINE, WASM_TOOLS, Terminal

# Many functions, so that a list of them is long; $count is called in a loop that does not end by
# itself.
GUEST = "(module\n" + "".join(f"  (func $f{i})\n" for i in range(200)) + """
  (global $n (mut i32) (i32.const 0))
  (func $count (export "count")
    global.get $n  i32.const 1  i32.add  global.set $n)
  (func (export "_start")
    loop
      call $count
      br 0
    end))
"""


def session(folder, *words, rows=24, **variables):
    """A debugger in a terminal of so many rows."""
    kept = {name: os.environ.get(name) for name in ("PAGER", "LESS", "XDG_CONFIG_HOME", *variables)}
    for name in kept:
        os.environ.pop(name, None)
    os.environ.update(variables)
    try:
        terminal = Terminal(folder, *words, "app.wasm")
    finally:
        for name, value in kept.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
    fcntl.ioctl(terminal.stream, termios.TIOCSWINSZ, struct.pack("HHHH", rows, 80, 0, 0))
    terminal.wait_for(PROMPT)
    return terminal


def leave(terminal):
    assert terminal.status(again="\x04") == 0


def check_pager(folder):
    """A long answer goes to the pager, a short one does not, and nothing is lost."""
    seen = folder / "seen"
    terminal = session(folder, PAGER=f"cat > {seen}; echo paged")
    terminal.type("help print\n")
    terminal.wait_for("example: print")
    terminal.wait_for(PROMPT)
    assert not seen.exists()
    terminal.say("functions", "paged")
    lines = seen.read_text().splitlines()
    assert len(lines) == 202 and lines[0].startswith("func[0] $f0: "), lines
    seen.unlink()
    # Lines that are wider than the screen take several of its rows.
    terminal.say("echo " + "x" * 1900, "paged")
    assert seen.read_text() == "x" * 1900 + "\n"
    seen.unlink()
    terminal.type("set height 500\n")
    terminal.say("functions", "func[201]")
    terminal.type("set height auto\n")
    terminal.type("set pager off\n")
    terminal.say("functions", "func[201]")
    assert not seen.exists()
    leave(terminal)


def check_pager_that_is_left(folder):
    """The user leaves the pager, or ends it with Ctrl-C; the debugger goes on."""
    # The second waits in the shell itself: one that is starting a program may lose a Ctrl-C.
    for pager, keys in (("head -3", ""), ("echo waits; read -r line </dev/tty", "\x03")):
        terminal = session(folder, PAGER=pager)
        terminal.type("functions\n")
        if keys:
            terminal.wait_for("waits")
            terminal.type(keys)
        terminal.wait_for(PROMPT)
        terminal.say("echo still here", "still here")
        leave(terminal)


def check_pager_that_is_none(folder):
    """Without a pager the answer is shown as it is, and why is said once."""
    for variables in ({"PAGER": "/nowhere/pager"}, {"PATH": "/nowhere"}):
        terminal = session(folder, **variables)
        terminal.type("functions\n")
        terminal.wait_for("cannot be started")
        terminal.wait_for("func[0] $f0")
        terminal.wait_for("func[201]")
        terminal.wait_for(PROMPT)
        terminal.say("functions", "func[201]")
        leave(terminal)


def check_no_pager_without_a_terminal(folder):
    """Nor for scripts."""
    seen = folder / "seen"
    (folder / "long").write_text("functions\n")
    environment = os.environ | {"PAGER": f"cat > {seen}", "HOME": str(folder), "TERM": "xterm"}
    for words, lines in (((), "functions\n"), (("-x", "long", "--batch"), "")):
        done = subprocess.run([VITRINE, "debug", *words, "app.wasm"], cwd=folder, env=environment, input=lines, capture_output=True,
                              text=True, timeout=SECONDS)
        assert "func[201]" in done.stdout and not seen.exists(), done


def check_init_files(folder):
    """The user's own file is read; one in the working folder only if that allows it."""
    config = folder / ".config" / "vitrine"
    config.mkdir(parents=True)
    init, local = config / "init", folder / ".vitrine"
    init.write_text("alias ff = info functions\nset listsize 5\nnonsense\ndefine hi\necho hello\nend\n")
    local.write_text("echo from the folder\n")
    local.chmod(0o644)

    def run(*words, **variables):
        environment = {**os.environ, "HOME": str(folder), **variables}
        environment.pop("XDG_CONFIG_HOME", None)
        environment |= variables
        done = subprocess.run([VITRINE, "debug", *words, "app.wasm"], cwd=folder, env=environment, input="ff f199\nhi\nshow listsize\n",
                              capture_output=True, text=True, timeout=SECONDS)
        assert done.returncode == 0, done
        return done.stdout, done.stderr

    output, errors = run()
    assert "func[199] $f199" in output and "hello" in output and "listsize: 5" in output, output
    assert f"error: there is no verb nonsense; `help` lists them\n  in line 3 of {init}: nonsense\n" in output, output
    assert "from the folder" not in output and ".vitrine is not read: `set auto-load on`" in errors, (output, errors)
    assert "hello" not in run("--no-init")[0] and "not read" not in run("-n")[1]
    assert "hello" not in run(XDG_CONFIG_HOME="/nowhere")[0]
    init.write_text("set auto-load on\n")
    assert "from the folder" in run()[0]
    # Others can write to it.
    local.chmod(0o666)
    output, errors = run()
    assert "from the folder" not in output and "others can write to it" in errors, (output, errors)
    local.unlink()
    local.mkdir()
    assert run()[1] == ""
    local.rmdir()
    init.write_text("define open\necho x\n")
    assert "`end` is missing" in run()[1]
    init.write_text("quit\n")
    assert run() == ("", "")
    init.unlink()


def check_blocks(folder):
    """The prompt says that lines are kept. Ctrl-D ends them, too."""
    terminal = session(folder)
    terminal.type("define mine\n")
    terminal.wait_for(">")
    terminal.type("echo one\n")
    terminal.wait_for(">")
    terminal.type("end\n")
    terminal.wait_for(PROMPT)
    terminal.say("mine", "\none")
    terminal.type("define other\n")
    terminal.wait_for(">")
    terminal.end_of_input()
    terminal.wait_for(PROMPT)
    terminal.say("help other", "other")
    terminal.say("history 2", "help other")
    leave(terminal)


def check_ctrl_c_in_commands(folder):
    """Commands that go on forever end at Ctrl-C, and so does an endless step."""
    terminal = session(folder)
    terminal.say("break $count", "breakpoint 1")
    for line in ("commands", "silent", "continue"):
        terminal.type(line + "\n")
        terminal.wait_for(">")
    terminal.type("end\n")
    terminal.wait_for(PROMPT)
    for line in ("run", "continue"):
        terminal.type(line + "\n")
        time.sleep(0.3)
        terminal.interrupt(PROMPT)
    terminal.say("print n > 0", "\n1")
    terminal.say("delete", "deleted 1")
    terminal.type("step 1000000000\n")
    time.sleep(0.3)
    terminal.interrupt("stopped: ")
    terminal.wait_for(PROMPT)
    terminal.say("kill", "killed")
    leave(terminal)


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        subprocess.run([WASM_TOOLS, "parse", "-", "-o", folder / "app.wasm"], input=GUEST, text=True, check=True)
        for check in (check_pager, check_pager_that_is_left, check_pager_that_is_none, check_no_pager_without_a_terminal,
                      check_init_files, check_blocks, check_ctrl_c_in_commands):
            check(folder)
            print(f"{check.__name__}: ok", flush=True)


if __name__ == "__main__":
    sys.exit(main())
