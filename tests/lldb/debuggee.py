# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Guests under `vitrine run -g`, and real LLDBs that attach to them."""

import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
SHARED = pathlib.Path(os.environ.get("VITRINE_SHARED", HERE.parents[2] / "shared"))
VITRINE = os.environ["VITRINE"]
BUILD = tempfile.TemporaryDirectory(prefix="vitrine-lldb-")
# The LLDB that is tested, and its version.
LLDB = os.environ.get("VITRINE_LLDB", "lldb-22")
VERSION = int(os.environ.get("VITRINE_LLDB_VERSION", "22"))
PATIENCE = 60
if VERSION != 22 and not shutil.which(LLDB):
    print(f"skipped: there is no {LLDB}; ./dev setup installs it")
    # Status 77 is that of a skipped test.
    sys.exit(1 if os.environ.get("VITRINE_REQUIRE_SHARED") == "1" else 77)

COMPILE = {
    ".c": ["clang-22", "--target=wasm32-wasi", "-Wno-deprecated", "--no-wasm-opt", "-g"],
    ".cpp": ["clang++-22", "--target=wasm32-wasi", "-Wno-deprecated", "--no-wasm-opt", "-g", "-fno-exceptions"],
}

# Flags for a program with threads, for which Debian has no C library.
THREADS = ["-O0", "-matomics", "-mbulk-memory", "-nostdlib", "-Wl,--no-entry,--import-memory,--export-memory,--shared-memory",
    "-Wl,--max-memory=1048576,--export=wasi_thread_start"]


def by_version(lldb_22, lldb_23):
    """What the LLDB that is tested does. A comment says why the versions differ; docs/lldb.md has
    what users see of it."""
    return lldb_22 if VERSION == 22 else lldb_23


# The symbol's name in LLDB 22, the function's in LLDB 23.
MAIN = by_version("__main_argc_argv", "main")


def compile_guest(source, *flags):
    """Compiles guests/SOURCE, or a file at another path, once per test program. Returns the
    guest's path."""
    path = HERE / "guests" / source
    wasm = pathlib.Path(BUILD.name) / f"{path.stem}{''.join(flags)}.wasm"
    if not wasm.exists():
        subprocess.run([*COMPILE[path.suffix], *flags, str(path), "-o", str(wasm)], check=True)
    return wasm


def compile_components(folder, sources=HERE / "guests"):
    """Compiles app.c and the provider.c that it imports, from copies in `sources`, to one component.
    Returns its path."""
    tools = os.environ["VITRINE_WASM_TOOLS"]
    folder.mkdir(exist_ok=True)
    wit = HERE / "guests" / "two.wit"
    for world in ("provider", "app"):
        source = sources / f"{world}.c"
        if not source.exists():
            shutil.copy(HERE / "guests" / source.name, source)
        core, embedded = folder / f"{world}.core.wasm", folder / f"{world}.embedded.wasm"
        subprocess.run(["clang-22", "--target=wasm32", "-nostdlib", "-g", "-O0", "-Wl,--no-entry", source, "-o", core], check=True)
        subprocess.run([tools, "component", "embed", wit, core, "--world", world, "-o", embedded], check=True)
        subprocess.run([tools, "component", "new", embedded, "-o", folder / f"{world}.wasm"], check=True)
    subprocess.run([tools, "compose", folder / "app.wasm", "-d", folder / "provider.wasm", "-o", folder / "two.wasm"],
        check=True, capture_output=True)
    return folder / "two.wasm"


def assemble(source):
    """Assembles guests/SOURCE, a module as text, into a binary."""
    path = HERE / "guests" / source
    wasm = f"{BUILD.name}/{path.stem}.wasm"
    subprocess.run([os.environ["VITRINE_WASM_TOOLS"], "parse", str(path), "-o", wasm], check=True)
    return wasm


def shared_file(name):
    """A file of the shared test data. If it is missing, skips the current test, or fails it
    where the data is required."""
    path = SHARED / name
    if not path.exists() and os.environ.get("VITRINE_REQUIRE_SHARED") != "1":
        raise unittest.SkipTest(f"{path} is missing")
    return path


def line_of(source, mark):
    """The number of the line that ends with `// @MARK`."""
    for number, line in enumerate((HERE / "guests" / source).read_text().splitlines(), 1):
        if line.rstrip().endswith(f"// @{mark}"):
            return number
    raise LookupError(f"{source} has no mark {mark}")


def command_of(words):
    """What Vitrine prints for attaching, for the LLDB that is tested: LLDB 23 needs no language, as
    `run --lldb` knows."""
    assert words[0] == "lldb-22", words
    pairs = zip(words[1::2], words[2::2], strict=True)
    return [LLDB, *(word for pair in pairs if VERSION == 22 or "target.language" not in pair[1] for word in pair)]


class Guest:
    """A guest that a debugger can attach to. `command` is the line that it prints for attaching."""

    def __init__(self, wasm, *arguments, options=(), door="-g0", stdout=subprocess.PIPE):
        self.process = subprocess.Popen([VITRINE, "run", *options, door, str(wasm), *arguments],
            stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        match = re.fullmatch(r"vitrine: (?:waiting|listening) for a debugger on (.+): (lldb-22 .*)\n", line)
        if not match:
            raise AssertionError(f"vitrine printed {line!r} {self.process.communicate()}")
        self.address = match[1]
        self.command = command_of(shlex.split(match[2]))

    def finish(self):
        """Its status, output and errors, once it has ended."""
        try:
            output, errors = self.process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        return self.process.returncode, output, errors

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


def run_script(guest, commands):
    """LLDB's answer to each command, run one after another: a list of texts. The first is the
    answer to attaching."""
    with tempfile.NamedTemporaryFile("w", suffix=".lldb") as script:
        script.write("\n".join(commands) + "\n")
        script.flush()
        done = subprocess.run([*lldb_command(guest), "-s", script.name], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=PATIENCE, errors="replace")
    if done.returncode != 0:
        raise AssertionError(f"LLDB ended with {done.returncode}:\n{done.stdout}")
    answers = []
    rest = done.stdout
    for command in commands:
        answer, found, rest = rest.partition(f"(lldb) {command}\n")
        if not found:
            raise AssertionError(f"LLDB did not come to '{command}':\n{done.stdout}")
        answers.append(answer)
    return [*answers, rest]


def lldb_command(guest):
    program, *attach = guest.command
    return [program, "--no-lldbinit", "-O", "settings set use-color false",
        "-O", "settings set interpreter.stop-command-source-on-error false", *attach]


class Lldb:
    """An LLDB that receives input while the guest runs."""

    def __init__(self, guest):
        self.process = subprocess.Popen(lldb_command(guest), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace")
        self.text = ""
        self.at = 0
        self.changed = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        while chunk := os.read(self.process.stdout.fileno(), 65536):
            with self.changed:
                self.text += chunk.decode(errors="replace")
                self.changed.notify_all()
        with self.changed:
            self.text += "\n[LLDB has ended]\n"
            self.changed.notify_all()

    def send(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def find(self, pattern, patience):
        """The next match in LLDB's output, in order; None if there is none in time."""
        deadline = time.monotonic() + patience
        with self.changed:
            while True:
                if match := re.compile(pattern, re.MULTILINE).search(self.text, self.at):
                    self.at = match.end()
                    return match
                if not self.changed.wait(deadline - time.monotonic()) and time.monotonic() > deadline:
                    return None

    def expect(self, pattern):
        if match := self.find(pattern, PATIENCE):
            return match
        raise AssertionError(f"LLDB never printed '{pattern}':\n{self.text}")

    def ask(self, command, pattern):
        self.send(command)
        return self.expect(pattern)

    def wait_until_running(self):
        """LLDB prints `resuming`, and the guest's output, a moment before it can be interrupted."""
        while self.ask("process status", r"^Process \d+ (is running|stopped)")[1] != "is running":
            time.sleep(0.05)

    def interrupt(self, pattern):
        """Presses Ctrl-C, and again if nothing happens: LLDB may apply it to the previous
        command until that has completely ended."""
        for _ in range(PATIENCE // 5):
            self.process.send_signal(signal.SIGINT)
            if match := self.find(pattern, 5):
                return match
        raise AssertionError(f"Ctrl-C never made LLDB print '{pattern}':\n{self.text}")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def quit(self):
        self.process.stdin.close()
        return self.process.wait(PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


# Commands that make LLDB launch guests itself.
PLATFORM = [
    f"settings set -- platform.plugin.wasm.runtime-path {VITRINE}",
    "settings set -- platform.plugin.wasm.runtime-args run --quiet",
    "settings set -- platform.plugin.wasm.port-arg -g127.0.0.1:",
    "platform select wasm",
]


def process_state(pid):
    """Name, state and parent of a process; None if there is none."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    name, _, rest = stat.partition("(")[2].rpartition(")")
    state, parent, *_ = rest.split()
    return name, state, int(parent)


def guests_of(parent):
    """The processes of the runtime that a process has started."""
    pids = [int(folder.name) for folder in pathlib.Path("/proc").iterdir() if folder.name.isdigit()]
    return [pid for pid in pids if (found := process_state(pid)) and (found[0], found[2]) == ("vitrine", parent)]


def is_running(pid):
    found = process_state(pid)
    return found is not None and found[1] != "Z"


def await_ends(pids):
    """Waits until all of these processes have ended."""
    deadline = time.monotonic() + PATIENCE
    while any(is_running(pid) for pid in pids):
        if time.monotonic() > deadline:
            raise AssertionError("a guest was left behind")
        time.sleep(0.05)


class SessionTest(unittest.TestCase):
    """Base class for scripted sessions: commands, alone or with patterns that their answers must
    match."""

    def check(self, guest, attached, steps):
        steps = [(step,) if isinstance(step, str) else step for step in steps]
        answers = run_script(guest, [command for command, *_ in steps])
        transcript = answers[0] + "".join(f"(lldb) {step[0]}\n{answer}" for step, answer in zip(steps, answers[1:]))
        for (command, *patterns), answer in zip([("attach", *attached), *steps], answers):
            for pattern in patterns:
                if not re.search(pattern, answer, re.MULTILINE):
                    self.fail(f"after '{command}' LLDB did not print '{pattern}':\n{transcript}")
