# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The debugger on a terminal: Ctrl-C, history, completion, colour. Also with commands from a
pipe, and on programs with threads."""

import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import termios
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lldb"))

from debuggee import THREADS, compile_guest, shared_file  # noqa: E402

VITRINE = os.environ["VITRINE"]
WASM_TOOLS = os.environ["VITRINE_WASM_TOOLS"]
PROMPT = "(vitrine) "
SECONDS = 20
GUEST = """(module
  (global $rounds (mut i32) (i32.const 0))
  (global $goes_on (mut i32) (i32.const 1))
  (func $round (export "round")
    global.get $rounds  i32.const 1  i32.add  global.set $rounds)
  (func $spin (export "spin") (result i32)
    loop
      call $round
      global.get $goes_on
      br_if 0
    end
    i32.const 42)
  (func $rotate (export "rotate")))
"""
READER = """(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\\10\\00\\00\\00\\06\\00\\00\\00")
  (func $main (export "_start")
    i32.const 0  i32.const 0  i32.const 1  i32.const 8  call $read  drop))
"""
IMPORTER = """(module
  (import "other" "round" (func $round))
  (func (export "twice") call $round  call $round))
"""
# Returns the type of descriptor 3; 6 is a socket.
ACCEPTOR = """(module
  (import "wasi_snapshot_preview1" "fd_fdstat_get" (func $stat (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "open") (result i32)
    i32.const 3  i32.const 0  call $stat  drop
    i32.const 0  i32.load8_u))
"""
# Two threads that spin in $spin until they are released, each through its own word.
TEAM = """(module
  (import "env" "memory" (memory 1 1 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (func $spin (param $word i32)
    (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
    (loop (br_if 0 (i32.eqz (i32.atomic.load (local.get $word))))))
  (func $work (param $word i32)
    (call $spin (local.get $word))
    nop
    (drop (i32.const 1))
    (drop (i32.atomic.rmw.add (i32.const 4) (i32.const 1))))
  (func (export "wasi_thread_start") (param i32 i32) (call $work (local.get 1)))
  (func $all_there (param $n i32) nop)
  (func $sleep
    (drop (memory.atomic.wait32 (i32.const 12) (i32.const 0) (i64.const 50000000))))
  (func $main (export "_start")
    (drop (call $spawn (i32.const 16)))
    (drop (call $spawn (i32.const 20)))
    (loop (br_if 0 (i32.ne (i32.atomic.load (i32.const 0)) (i32.const 2))))
    (call $all_there (i32.const 7))
    (call $sleep)
    (loop (br_if 0 (i32.ne (i32.atomic.load (i32.const 4)) (i32.const 2))))))
"""
# A library, and a program that imports it under two names.
LIBRARY = """(module $lib
  (global $calls (mut i32) (i32.const 0))
  (tag $broken (param i32))
  (func $helper (param $k i32) (result i32) (i32.add (local.get $k) (i32.const 100)))
  (func $api (export "api") (param $z i32) (result i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (call $helper (local.get $z))))
"""
USER = """(module $user
  (import "p" "api" (func $p (param i32) (result i32)))
  (import "q" "api" (func $q (param i32) (result i32)))
  (global $own (mut i64) (i64.const 5))
  (func $pad (param i32 i32 i32) (result i32) (i32.add (local.get 0) (i32.add (local.get 1) (local.get 2))))
  (func $go (export "go") (param $n i32) (result i32)
    (global.set $own (i64.const 6))
    (i32.add (call $p (local.get $n)) (call $q (i32.add (local.get $n) (i32.const 1))))))
"""
# Spins where a component's boundary calls it: in realloc, post-return and a destructor.
COMPONENT = """(component
  (core module $main
    (memory (export "memory") 1)
    (global $goes_on (mut i32) (i32.const 1))
    (func $spin (loop $again (br_if $again (global.get $goes_on))))
    (func $realloc (export "realloc") (param i32 i32 i32 i32) (result i32) (call $spin) (i32.const 1024))
    (func $size (export "size") (param i32 i32) (result i32) (global.set $goes_on (i32.const 1)) (local.get 1))
    (func $after (export "after") (param i32) (call $spin))
    (func $destroy (export "destroy") (param i32) (call $spin)))
  (core instance $main (instantiate $main))
  (type $file (resource (rep i32) (dtor (core func $main "destroy"))))
  (core func $new (canon resource.new $file))
  (core func $drop (canon resource.drop $file))
  (core module $user
    (import "" "new" (func $new (param i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (func $use (export "use") (call $drop (call $new (i32.const 7)))))
  (core instance $user (instantiate $user (with "" (instance (export "new" (func $new)) (export "drop" (func $drop))))))
  (func (export "use") (canon lift (core func $user "use")))
  (func (export "size") (param "text" string) (result u32) (canon lift (core func $main "size")
    (memory (core memory $main "memory")) (realloc (core func $main "realloc")) (post-return (core func $main "after")))))
"""


class Terminal:
    """The debugger in a terminal. Its output is read as text without escapes."""

    def __init__(self, folder, *words):
        self.shown = ""
        self.process, self.stream = pty.fork()
        if self.process == 0:
            environment = {**os.environ, "HOME": str(folder), "TERM": "xterm", "NO_COLOR": "1"}
            environment.pop("XDG_STATE_HOME", None)
            os.chdir(folder)
            os.execve(VITRINE, [VITRINE, "debug", *words], environment)

    def wait_for(self, text, every=SECONDS, again=""):
        """Reads output up to and including the text. Meanwhile, types `again` repeatedly."""
        now = time.monotonic()
        end, next_time = now + SECONDS, now + every
        while text not in self.shown:
            is_there = select.select([self.stream], [], [], max(min(next_time, end) - now, 0))[0]
            now = time.monotonic()
            if now > end:
                raise AssertionError(f"no {text!r} in {self.shown[-10000:]!r}")
            if again and now > next_time:
                self.type(again)
                next_time = now + every
            if not is_there:
                continue
            try:
                some = os.read(self.stream, 4096)
            except OSError:
                some = b""
            if not some:
                raise AssertionError(f"it ended without {text!r} in {self.shown!r}")
            self.shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self.shown + some.decode(errors="replace"))
        self.shown = self.shown.partition(text)[2]

    def end_of_input(self):
        """Types Ctrl-D as soon as the editor controls the terminal, which is a moment after it has
        shown its prompt. Before, Ctrl-D does nothing."""
        end = time.monotonic() + SECONDS
        while termios.tcgetattr(self.stream)[3] & termios.ICANON and time.monotonic() < end:
            time.sleep(0.001)
        self.type("\x04")

    def interrupt(self, text):
        """Types Ctrl-C until the text appears: the guest may not run yet the first time."""
        self.wait_for(text, 0.2, "\x03")

    def type(self, text):
        os.write(self.stream, text.encode())

    def say(self, line, answer):
        """Types a line at the prompt, and waits for the answer and the next prompt."""
        self.type(line + "\n")
        self.wait_for(answer)
        self.wait_for(PROMPT)

    def status(self, again=""):
        """The exit status. Types `again` until the debugger ends: its editor takes over the
        terminal only a moment after it has shown the prompt."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            try:
                self.type(again)
            except OSError:
                pass
            process, status = os.waitpid(self.process, os.WNOHANG)
            if process:
                os.close(self.stream)
                return os.waitstatus_to_exitcode(status)
            # Read the remaining output, or the debugger could not end.
            if select.select([self.stream], [], [], 0.05)[0]:
                try:
                    os.read(self.stream, 4096)
                except OSError:
                    pass
        raise AssertionError("it does not end")


def check_ctrl_c(folder):
    terminal = Terminal(folder, "app.wasm")
    terminal.wait_for(PROMPT)
    terminal.type("run spin\n")
    terminal.interrupt("stopped: interrupt in $")
    terminal.wait_for(PROMPT)
    terminal.say("bt", "$spin at")
    # At the prompt, Ctrl-C only discards the line.
    terminal.type("kill\x03")
    terminal.wait_for("^C")
    terminal.say("print rounds > 0", "\n1")
    terminal.type("continue\n")
    terminal.interrupt("stopped: interrupt in $")
    terminal.wait_for(PROMPT)
    terminal.say("set $goes_on = 0", "\n")
    terminal.say("continue", "exited: 42")
    terminal.say("run round", "exited")
    terminal.type("quit\n")
    assert terminal.status() == 0


def check_ctrl_c_in_component(folder):
    """What the boundary of a component calls can be interrupted."""
    terminal = Terminal(folder, "component.wasm")
    terminal.wait_for(PROMPT)
    for line, frames, ends in (('run size("abc")', ("size: realloc for the arguments", "size: post-return"), "exited: 3"),
                               ("run use", ("resource.drop: destructor of resource",), "exited")):
        terminal.type(line + "\n")
        for frame in frames:
            terminal.interrupt("stopped: interrupt in $")
            terminal.wait_for(PROMPT)
            terminal.say("bt", f"host {frame}")
            terminal.say("set $goes_on = 0 of 0", "\n")
            if frame == frames[-1]:
                terminal.say("continue", ends)
            else:
                terminal.type("continue\n")
    terminal.type("quit\n")
    assert terminal.status() == 0


def check_ctrl_c_in_host(folder):
    """The guest waits for input: the stop is in the host function, and what is typed after that
    goes to the guest."""
    terminal = Terminal(folder, "reader.wasm")
    terminal.wait_for(PROMPT)
    terminal.type("run\n")
    terminal.interrupt("stopped: interrupt in host wasi_snapshot_preview1.fd_read")
    terminal.wait_for(PROMPT)
    terminal.say("bt", "#1 $main at")
    terminal.type("continue\n")
    time.sleep(0.3)
    terminal.type("input\n")
    terminal.wait_for("exited")
    terminal.wait_for(PROMPT)
    terminal.say("memory 16 5", "input")
    assert terminal.status(again="\x04") == 0


def check_editing(folder):
    terminal = Terminal(folder, "app.wasm")
    terminal.wait_for(PROMPT)
    # Complete a verb and the name of a function. The output is not the text of the line, because
    # the editor moves the cursor.
    terminal.type("conti\t\n")
    terminal.wait_for("error: the program is not running")
    terminal.wait_for(PROMPT)
    terminal.type("brea\t$s\t\n")
    terminal.wait_for("breakpoint 1: $spin at")
    terminal.wait_for(PROMPT)
    # Several names begin like this.
    terminal.type("break $ro\t")
    terminal.wait_for("$rotate  $round")
    terminal.type("\x15")
    terminal.say("delete 1", "deleted 1")
    # Recall the line before the last.
    terminal.type("\x1b[A\x1b[A\n")
    terminal.wait_for("breakpoint 2: $spin at")
    terminal.wait_for(PROMPT)
    terminal.type("quit\n")
    assert terminal.status() == 0
    # The history outlives the debugger.
    terminal = Terminal(folder, "app.wasm")
    terminal.wait_for(PROMPT)
    terminal.type("\x1b[A\x1b[A\n")
    terminal.wait_for("breakpoint 1: $spin at")
    terminal.wait_for(PROMPT)
    assert terminal.status(again="\x04") == 0


def history_of(folder):
    return folder / ".local" / "state" / "vitrine" / "debug_history"


def check_history(folder):
    """However a debugger ends, its lines are kept, also those of two at the same time."""
    for sign in (signal.SIGTERM, signal.SIGHUP, signal.SIGKILL):
        terminal = Terminal(folder, "app.wasm")
        terminal.wait_for(PROMPT)
        terminal.say(f"list 0x{sign.value}000", "error: ")
        os.kill(terminal.process, sign)
        assert terminal.status() == -sign
        assert f"list\\0400x{sign.value}000" in history_of(folder).read_text(), sign
    first, second = Terminal(folder, "app.wasm"), Terminal(folder, "app.wasm")
    for number, terminal in enumerate((first, second)):
        terminal.wait_for(PROMPT)
        terminal.say(f"list 0x7{number}", "error: ")
    for number, terminal in enumerate((second, first)):
        terminal.say(f"list 0x8{number}", "error: ")
        assert terminal.status(again="\x04") == 0
    kept = history_of(folder).read_text()
    assert kept.startswith("_HiStOrY_V2_\n") and kept.count("_HiStOrY_V2_") == 1, kept
    for line in ("70", "71", "80", "81"):
        assert kept.count(f"list\\0400x{line}\\012\n") == 1, kept
    # The newest line is recalled first. Lines written by libedit are read too.
    with history_of(folder).open("a") as file:
        file.write("help\\040fin\\151sh\\012\n")
    terminal = Terminal(folder, "app.wasm")
    terminal.wait_for(PROMPT)
    terminal.type("\x1b[A\n")
    terminal.wait_for("Run until the innermost function returns")
    assert terminal.status(again="\x04") == 0
    # The history does not grow without limit.
    history_of(folder).write_text("_HiStOrY_V2_\n" + "".join(f"print\\040{i}\\012\n" for i in range(5000)))
    assert Terminal(folder, "app.wasm").status(again="\x04") == 0
    lines = history_of(folder).read_text().splitlines()
    assert (len(lines), lines[-1]) == (1001, "print\\0404999\\012"), (len(lines), lines[-1])


def check_history_that_is_none(folder):
    """A history that is not a file or cannot be written is left alone, and delays nothing."""

    def fifo(path):
        os.mkfifo(path)

    def folder_there(path):
        path.mkdir()

    def device(path):
        path.symlink_to("/dev/tty")

    def broken(path):
        path.write_bytes(b"\xff\\\n\\9\n\0\n" * 100)

    for make in (fifo, folder_there, device, broken):
        path = history_of(folder)
        if path.exists():
            path.unlink()
        make(path)
        terminal = Terminal(folder, "app.wasm")
        terminal.wait_for(PROMPT)
        terminal.say("help finish", "Run until the innermost function returns")
        assert terminal.status(again="\x04") == 0, make
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink()


def check_pipe(folder):
    """Lines from a pipe: there is no prompt, and the guest reads the lines after the one that
    runs it."""
    done = subprocess.run([VITRINE, "debug", "reader.wasm"], cwd=folder, input="run\nhello\nmemory 16 5\n", capture_output=True, text=True, timeout=SECONDS)
    assert (done.returncode, done.stderr) == (0, ""), done
    assert done.stdout.startswith("exited\n0x00000010  68 65 6c 6c 6f"), done.stdout


def check_session(guest, *steps):
    """Checks the debugger's output for each line from a pipe, in this order. Patterns match
    whole lines."""
    lines = "".join(line + "\n" for line, *_ in steps)
    done = subprocess.run([VITRINE, "debug", guest], input=lines, capture_output=True, text=True, timeout=SECONDS)
    assert (done.returncode, done.stderr) == (0, ""), done
    at = 0
    for line, *patterns in steps:
        for pattern in patterns:
            match = re.compile(f"^{pattern}$", re.MULTILINE).search(done.stdout, at)
            assert match, f"{line!r}: no {pattern!r} in {done.stdout[at:]!r}"
            at = match.end()


def check_threads(_):
    """The expectations hold whichever thread is faster."""
    stop = r"stopped: breakpoint %d in thread [23] in \$step at .*"
    check_session(compile_guest("crew.c", *THREADS, "-g0"),
        ("break $step", r"breakpoint 1: \$step at 0x[0-9a-f]+"),
        ("run", stop % 1),
        ("threads", r"  thread 1: .*", r"\* thread [23]: \$step at .*"),
        ("bt", r"\* #0 \$step at .*", r"  #1 \$work at .*"),
        ("thread 1",),
        ("bt", r".*\$start at .*"),
        ("continue", stop % 1),
        ("delete 1", "deleted 1"),
        ("continue", "exited with status 0"),
        # Another run has new threads.
        ("break $step", r"breakpoint 2: .*"),
        ("run", stop % 2),
        ("kill", "killed"),
        ("delete 2", "deleted 2"),
        ("run", "exited with status 0"))


def check_threads_left_behind(_):
    """Threads that are still running end with the program, and do not delay its end."""
    guest = compile_guest("crew.c", *THREADS, "-DWAITED_FOR=0")
    done = subprocess.run([VITRINE, "debug", guest], input="run\n", capture_output=True, text=True, timeout=SECONDS)
    assert (done.returncode, done.stdout, done.stderr) == (0, "exited with status 1\n", ""), done


def check_shared_threads(_):
    check_session(compile_guest(shared_file("guests/threads.c"), *THREADS, "-g0"),
        ("break $worker", r"breakpoint 1: .*"),
        ("run", r"stopped: breakpoint 1 in thread [23] in \$worker at .*"),
        ("threads", r"  thread 1: .*", r"\* thread [23]: \$worker at .*"),
        ("delete 1", "deleted 1"),
        ("continue", "threads done", "exited with status 0"))


def offset_in(folder, guest, function, instruction):
    """The offset of the first such instruction in a function."""
    text = subprocess.run([VITRINE, "objdump", "-d", guest], cwd=folder, capture_output=True, text=True, check=True).stdout
    body = text.partition(f"func ${function} ")[2] or text.partition(f"(func ${function}")[2]
    return re.search(rf"^ *(?:0x)?([0-9a-f]+):? +{re.escape(instruction)}$", body, re.MULTILINE)[1]


def check_selected_thread(folder):
    """A step belongs to the selected thread, and so does everything else that is done to a
    thread."""
    place = "0x" + offset_in(folder, "team.wasm", "work", "i32.const 1").lstrip("0x")
    check_session(folder / "team.wasm",
        ("break $all_there", r"breakpoint 1: .*"),
        ("run", r"stopped: breakpoint 1 in thread 1 in \$all_there at 0x[0-9a-f]+, n=7"),
        ("thread 2", r"#0 \$spin at .*"),
        ("skip", r"next: \$spin at .*"), ("jump 0x1", "error: no instruction .*"), ("clear", "error: no exception is being thrown"),
        # A call on the selected thread, which does not wait for the others. Afterwards the thread
        # is where it was.
        ("call $sleep", "returned"),
        ("threads", r"  thread 1: \$all_there at .*, n=7", r"\* thread 2: \$spin at .*"),
        ("return 3", "error: 3 is one value too many: expected 0"),
        ("step", r"stopped: step in thread 2 in \$spin at .*"),
        ("step 20", r"stopped: step in thread 2 in \$spin at .*"),
        ("thread 3", r"#0 \$spin at .*"),
        ("step 5", r"stopped: step in thread 3 in \$spin at .*"),
        ("thread 1", r"#0 \$all_there at .*, n=7"),
        ("next", r"stopped: step in thread 1 in \$all_there at .*"),
        ("thread 3", r"#0 \$spin at .*"),
        ("next 5", r"stopped: step in thread 3 in \$spin at .*"),
        ("thread 2", r"#0 \$spin at .*"),
        # Both threads are released; the selected one stops.
        ("set i32[16] = 1",), ("set i32[20] = 1",),
        ("finish", r"stopped: step in thread 2 in \$work at .*"),
        ("thread 1", r"#0 .*"), ("thread 2", r"#0 \$work at .*"),
        (f"until {place}", rf"stopped: step in thread 2 in \$work at {place}"),
        ("finish", r"stopped: step in thread 2 in \$wasi_thread_start at .*"),
        ("finish", "thread 2 has no caller: it goes on to its end", "exited"),
        ("run", r"stopped: breakpoint 1 in thread 1 in \$all_there at .*"),
        ("set i32[16] = 1",), ("set i32[20] = 1",),
        ("thread 4", "error: there is no thread 4"),
        ("continue", "exited"))


def check_step_over_a_wait(folder):
    """A thread that waits for others is stepped while they run."""
    check_session(folder / "team.wasm",
        ("break $sleep", r"breakpoint 1: .*"),
        ("run", r"stopped: breakpoint 1 in thread 1 in \$sleep at .*"),
        ("step 3", r"stopped: step in thread 1 in \$sleep at .*, operands \[12, 0, 50000000\]"),
        ("step", r"stopped: step in thread 1 in \$sleep at .*, operands \[2\]"))


def check_modules(folder):
    """An offset belongs to the module in view, and names are found in all modules. Output about
    anything outside of the program names its module."""
    helper = "0x" + offset_in(folder, "library.wasm", "helper", "i32.const 100").lstrip("0x")

    def session(*steps, entry="go"):
        words = ["--preload", "p=library.wasm", "--preload", "q=library.wasm", "--invoke", entry, "user.wasm", "3"]
        done = subprocess.run([VITRINE, "debug", *words], cwd=folder, input="".join(line + "\n" for line, *_ in steps),
            capture_output=True, text=True, timeout=SECONDS)
        at = 0
        for line, *patterns in steps:
            for pattern in patterns:
                match = re.compile(f"^{pattern}$", re.MULTILINE).search(done.stdout, at)
                assert match, f"{line!r}: no {pattern!r} in {done.stdout[at:]!r}"
                at = match.end()

    session(
        # A module by the name that it was preloaded as, by its own, by its file.
        ("break q:$helper", r"breakpoint 1: \$helper at 0x[0-9a-f]+ in q"),
        ("break lib:$helper", r"breakpoint 2: \$helper at 0x[0-9a-f]+ in p"),
        (f"tbreak library:{helper}", rf"breakpoint 3: \$helper at {helper} in p, temporary"),
        ("break user:$go", r"breakpoint 4: \$go at 0x[0-9a-f]+"),
        ("break r:$go", r"error: r:\$go: no such module: the program has user, p, q"),
        ("break p:$go", r"error: p:\$go: no such function .*"),
        ("module q", r"library.wasm \$lib: functions 2.*"),
        ("functions", r"func\[0\] \$helper: .*", r"func\[1\] \$api: .*"),
        ("run", r"stopped: breakpoint 4 in \$go at .*, n=3"),
        ("globals", r"global\[0\] \$own = 5 .*"),
        ("instances", r"  instance 0 of \$lib", r"  instance 1 of \$lib", r"\* instance 2 of \$user"),
        ("instance 1", r"\* instance 1 of \$lib"),
        ("globals", r"global\[0\] \$calls = 0 .*"),
        ("set $calls = 5",),
        ("print $calls", "5"), ("print $calls of 0", "0"), ("print $n of 2", "3"), ("print $own in 0", "5"),
        ("break $api of 1", r"breakpoint 5: \$api at 0x[0-9a-f]+ in q"),
        ("continue", r"stopped: breakpoint [23] in \$helper at .*, k=3"),
        # The selection has ended.
        ("print $calls", "1"),
        ("delete 2", "deleted 2"),
        ("continue", r"stopped: breakpoint (5 in \$api at .*|3 in .*)"))
    session(
        # Names that the program does not have are looked up in preloaded modules.
        ("break $helper", r"breakpoint 1: \$helper, 2 locations", r"    1\.1: \$helper at 0x[0-9a-f]+ in p", r"    1\.2: \$helper at 0x[0-9a-f]+ in q"),
        ("break $go", r"breakpoint 2: \$go at 0x[0-9a-f]+"),
        ("break $helpre", r"error: \$helpre: no such function.*"),
        ("run", r"stopped: breakpoint 2 in \$go at .*, n=3"),
        ("continue", r"stopped: breakpoint 1 in \$helper at .*, k=3"),
        # Stopped in a preloaded module.
        (f"break {helper}", rf"breakpoint 3: \$helper at {helper} in p"),
        ("list $go", r" +.*func \$go.*"),
        ("functions api", r"func\[1\] \$api: .*"),
        ("tags", r"tag\[0\] \$broken: .*"),
        ("break", r"breakpoint 1: \$helper, 2 locations, 1 hit", r"    1\.1: \$helper at 0x[0-9a-f]+ in p, 1 hit", r"    1\.2: .* in q", r"breakpoint 2: \$go at 0x[0-9a-f]+, 1 hit", rf"breakpoint 3: \$helper at {helper} in p"),
        ("continue", rf"stopped: breakpoint 3 in \$helper at {helper}.*"),
        ("up 2", r"#2 \$go at .*"),
        ("functions pad", r"func\[2\] \$pad: .*"),
        ("delete", "deleted 1", "deleted 2", "deleted 3"),
        ("continue", "exited: 207"),
        # After the end, the program is in view again.
        ("instances", "  instance 0 of \\$lib", "  instance 1 of \\$lib", r"\* instance 2 of \$user"),
        ("print $own", "6"),
        ("globals", r"global\[0\] \$own = 6 .*"),
        ("modules", r"user.wasm \$user: functions 4.*", r"library.wasm \$lib: functions 2.*", r"library.wasm \$lib: .*"))
    # Without a debugger.
    done = subprocess.run([VITRINE, "inspect", "--at", "q:$helper", "--preload", "p=library.wasm", "--preload", "q=library.wasm",
        "--invoke", "go", "user.wasm", "3"], cwd=folder, capture_output=True, text=True, timeout=SECONDS)
    assert "stopped: breakpoint 1\n#0 func[0] helper at " in done.stdout and "local[0] k = 4 (i32)" in done.stdout, done
    done = subprocess.run([VITRINE, "inspect", "--at", "r:$helper", "--invoke", "go", "user.wasm", "3"], cwd=folder, capture_output=True, text=True, timeout=SECONDS)
    assert (done.returncode, done.stderr) == (2, "vitrine: error: --at r:$helper: no such module: the program has user (vitrine inspect --help)\n"), done


def check_many_functions(folder):
    """A stop costs no more in a module of 50,000 functions: no rows are made for functions that
    are not involved."""
    functions = "".join(f"(func (export \"f{i}\") (param i32 i64 f64) (result i32) (i32.const {i}))" for i in range(50000))
    text = f"""(module {functions}
      (func $deep (export "deep") (param $n i32)
        (if (i32.eqz (local.get $n)) (then (loop $turn (br $turn))) (else (call $deep (i32.sub (local.get $n) (i32.const 1)))))))"""
    subprocess.run([WASM_TOOLS, "parse", "-", "-o", folder / "many.wasm"], input=text, text=True, check=True)
    began = time.monotonic()
    lines = "break $deep if $n == 0\nrun deep 200\n" + "step\n" * 300 + "bt\n" * 5 + "list\n" * 50
    done = subprocess.run([VITRINE, "debug", "many.wasm"], cwd=folder, input=lines, capture_output=True, text=True, timeout=10 * SECONDS)
    seconds = time.monotonic() - began
    assert done.stdout.count("stopped: step in $deep") == 300 and done.stdout.count("  #200 $deep") == 5, done
    # Copying all rows at each stop and in each frame took half a minute.
    assert seconds < 15, seconds


def check_world(folder):
    """Each run gets what the command line says, from the start."""

    def run_twice(function, *words):
        done = subprocess.run([VITRINE, "debug", *words], cwd=folder, input=f"run {function}\n" * 2, capture_output=True, text=True, timeout=SECONDS)
        assert done.returncode == 0, done
        return done.stdout, done.stderr

    shown = run_twice("twice", "--preload", "other=app.wasm", "importer.wasm")
    assert shown == ("exited\n" * 2, ""), shown
    shown = run_twice("twice", "--unknown-imports", "trap", "importer.wasm")
    assert shown[0].count('stopped: trap: unknown import: func "other" "round" was called') == 2, shown
    shown = run_twice("twice", "importer.wasm")
    assert shown == ('error: unknown import: func "other" "round" is not defined\n' * 2, ""), shown
    shown = run_twice("open", "--listen", "127.0.0.1:0", "acceptor.wasm")
    assert (shown[0], shown[1].count("the guest is listening on")) == ("exited: 6\n" * 2, 1), shown


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for file, text in (("app.wasm", GUEST), ("reader.wasm", READER), ("importer.wasm", IMPORTER), ("acceptor.wasm", ACCEPTOR),
                           ("team.wasm", TEAM), ("library.wasm", LIBRARY), ("user.wasm", USER), ("component.wasm", COMPONENT)):
            subprocess.run([WASM_TOOLS, "parse", "-", "-o", folder / file], input=text, text=True, check=True)
        for check in (check_pipe, check_world, check_threads, check_threads_left_behind, check_shared_threads, check_selected_thread,
                      check_step_over_a_wait, check_modules, check_many_functions, check_ctrl_c, check_ctrl_c_in_component,
                      check_ctrl_c_in_host, check_editing, check_history, check_history_that_is_none):
            try:
                check(folder)
                print(f"{check.__name__}: ok", flush=True)
            except unittest.SkipTest as reason:
                print(f"{check.__name__}: skipped: {reason}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
