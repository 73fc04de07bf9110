# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measures debug information in the terminal: the time until the first stop with its line and until
its variables are shown, and the memory of the reader and of the process with the guest."""

import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

SECONDS = 120


class Session:
    """`vitrine debug` behind pipes."""

    def __init__(self, vitrine, words):
        self.begin = time.monotonic()
        self.process = subprocess.Popen([vitrine, "debug", *map(str, words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, bufsize=0)
        self.marks = 0

    def ask(self, *lines):
        """What the lines print, up to the error of a verb that there is not."""
        self.marks += 1
        mark = f"mark{self.marks}"
        self.process.stdin.write("".join(f"{line}\n" for line in (*lines, mark)).encode())
        text, end = b"", time.monotonic() + SECONDS
        while not re.search(mark.encode() + rb"\b.*\n", text):
            more = self.process.stdout.read(65536)
            if not more or time.monotonic() > end:
                sys.exit(f"bench: the debugger has ended: {text.decode(errors='replace')[-500:]}")
            text += more
        return text.decode(errors="replace")

    def reader(self):
        """The id of the reader process; None if there is none."""
        path = pathlib.Path(f"/proc/{self.process.pid}/task")
        for task in path.iterdir():
            for child in (task / "children").read_text().split():
                if b"symbols" in pathlib.Path(f"/proc/{child}/cmdline").read_bytes():
                    return int(child)
        return None

    def close(self):
        self.process.kill()
        self.process.wait()


def memory_of(process, key):
    """A line of a process's status, in bytes."""
    text = pathlib.Path(f"/proc/{process}/status").read_text()
    return int(re.search(rf"^{key}:\s+(\d+) kB", text, re.MULTILINE)[1]) * 1024


def anonymous_of(process):
    return memory_of(process, "RssAnon") + memory_of(process, "RssShmem")


def cpu_of(process):
    """In milliseconds, of all its threads."""
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1e3 / os.sysconf("SC_CLK_TCK")


def debug_bytes(module):
    """The size of the sections with DWARF."""
    def leb(at):
        value = shift = 0
        while True:
            value |= (module[at] & 0x7f) << shift
            at, shift = at + 1, shift + 7
            if module[at - 1] < 0x80:
                return value, at

    total, at = 0, 8
    while at < len(module):
        kind = module[at]
        size, begin = leb(at + 1)
        length, name = leb(begin) if kind == 0 else (0, begin)
        if kind == 0 and module[name:name + length].startswith(b".debug_"):
            total += size
        at = begin + size
    return total


def measure(vitrine, module, words, places, folder, rounds):
    """Prints the medians of all rounds. `places` is a function as the source and as WebAssembly call
    it."""
    content = module.read_bytes()
    dwarf = debug_bytes(content)
    # The same module without debug information that anybody reads.
    hidden = folder / f"hidden-{module.name}"
    hidden.write_bytes(content.replace(b".debug_", b".xebug_"))
    results = {}

    def add(name, value):
        results.setdefault(name, []).append(value)

    for _ in range(rounds):
        session = Session(vitrine, [*words[0], module, *words[1]])
        session.ask()
        loaded = time.monotonic()
        session.ask("info source")
        indexed = time.monotonic()
        reader = session.reader()
        add("loading the module, ms", (loaded - session.begin) * 1e3)
        add("start of the reader and index, ms", (indexed - loaded) * 1e3)
        add("CPU of the reader until then, ms", cpu_of(reader))
        add("reader after indexing, x DWARF", anonymous_of(reader) / dwarf)
        add("the same with its program, x DWARF", memory_of(reader, "VmRSS") / dwarf)
        add("its peak, x DWARF", memory_of(reader, "VmHWM") / dwarf)
        session.close()

        session = Session(vitrine, [*words[0], module, *words[1]])
        shown = session.ask(f"break {places[0]}", "run")
        stopped = time.monotonic()
        if not re.search(r"stopped: .* at \S+:\d+", shown):
            sys.exit(f"bench: no stop with a line: {shown[-500:]}")
        reader = session.reader()
        add("CPU of both processes until then, ms", cpu_of(session.process.pid) + cpu_of(reader))
        session.ask("info locals", "info args", "bt")
        variables = time.monotonic()
        add("first stop with its line, ms", (stopped - session.begin) * 1e3)
        add("its variables and frames, ms more", (variables - stopped) * 1e3)
        add("reader after that, x DWARF", anonymous_of(reader) / dwarf)
        ours = anonymous_of(session.process.pid)
        session.close()

        session = Session(vitrine, [*words[0], hidden, *words[1]])
        session.ask(f"break {places[1]}", "run")
        session.ask("info locals", "info args", "bt")
        add("the guest's process, MB more", (ours - anonymous_of(session.process.pid)) / 1e6)
        session.close()
    hidden.unlink()
    print(f"{module.name}: {len(content) / 1e6:.1f} MB, of them {dwarf / 1e6:.1f} MB DWARF")
    for name, values in results.items():
        print(f"  {name:36} {statistics.median(values):8.2f}   ({min(values):.2f} to {max(values):.2f})", flush=True)
