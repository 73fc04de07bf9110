# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Readers of debug information that somebody ends, stops or confuses, and debug information that
means harm: types in circles, sizes and counts without sense, names that try to control the
terminal. The user reads one sentence for each end of a reader and goes on; the guest never notices.
In the terminal and through the gdb door. VITRINE_MUTATIONS is how many modules are tried."""

import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests" / "cli")]

from gdb_client import Guest, Refused  # noqa: E402
from hostile_names_test import check_output  # noqa: E402

VITRINE = os.environ["VITRINE"]
COUNT = int(os.environ.get("VITRINE_MUTATIONS", "24"))
SECONDS = 100
COMPILE = ["clang-22", "--target=wasm32-wasi", "-Wno-deprecated", "-Wno-unused-command-line-argument", "--no-wasm-opt", "-O0"]
PROGRAM = r"""
typedef int number;
typedef const number fixed;
struct node { int value; struct node *next; number parts[3]; const char *name; };
enum color { RED, GREEN };
union both { int whole; float real; };
static struct node first = { 1, &first, { 1, 2, 3 }, "first" };
int work(struct node *node, enum color shade)
{
    fixed limit = 3;
    union both both = { 7 };
    struct node copy = *node;
    number (*function)(struct node *, enum color) = work;
    return copy.value + limit + both.whole + (function != 0) + shade;
}
int main(void) { return work(&first, GREEN); }
"""
STATUS = 13
VARIABLES = ("node", "*node", "shade", "limit", "both", "copy", "copy.parts", "function", "first", "first.next->next->name")
LOOK = ["bt full", "info locals", "info args", "info source", "info functions work", "info variables first", "info types node", "list", "frame 0",
        *(f"{verb} {variable}" for variable in VARIABLES for verb in ("print", "print /x", "ptype", "whatis", "display")),
        "print limit = 4", "print sizeof copy", "print copy.parts[1]@2", "x /4x &copy", "print (struct node *)node", "up", "info locals", "down", "next"]


def reader_of(process):
    for task in pathlib.Path(f"/proc/{process.pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            if b"symbols" in pathlib.Path(f"/proc/{child}/cmdline").read_bytes():
                return int(child)
    raise AssertionError("there is no reader")


class Terminal:
    """`vitrine debug` behind pipes. What it prints is collected."""

    def __init__(self, module):
        self.process = subprocess.Popen([VITRINE, "debug", module], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0)
        self.marks = 0

    def ask(self, *lines):
        """What the lines print, up to the error of a verb that there is not."""
        self.marks += 1
        mark = f"error: there is no verb mark{self.marks};".encode()
        self.process.stdin.write("".join(f"{line}\n" for line in (*lines, f"mark{self.marks}")).encode())
        text, end = b"", time.monotonic() + SECONDS
        while mark not in text:
            more = self.process.stdout.read(65536)
            assert more and time.monotonic() < end, f"the debugger has ended: {text[-1000:]}"
            text += more
        return text.partition(mark)[0].decode()

    def close(self):
        self.process.stdin.close()
        self.process.stdout.read()
        return self.process.wait(timeout=SECONDS)


def check_ended_readers(module):
    terminal = Terminal(module)
    terminal.ask("break work", "run", "next", "next", "next", "next")
    expected = terminal.ask("print copy")
    assert '"first"}' in expected, expected
    warning = f"symbols of {module}: the reader "
    for _ in range(8):
        os.kill(reader_of(terminal.process), signal.SIGKILL)
        text = terminal.ask("print copy", "bt")
        assert text.count(warning) == 1 and text.count('"first"}') == 1, text
        assert f"{warning}ended (signal 9); it is started again" in text and "#0 work(" in text, text
    os.kill(reader_of(terminal.process), signal.SIGKILL)
    text = terminal.ask("print copy", "info locals", "bt", "print local[0]")
    assert text.count(warning) == 1 and f"{warning}ended (signal 9); there is no more debug information" in text, text
    assert "work" in text.partition("#0")[2], text
    text = terminal.ask("continue")
    assert f"status {STATUS}" in text, text
    terminal.close()


def check_stopped_readers(module):
    terminal = Terminal(module)
    terminal.ask("break work", "run")
    os.kill(reader_of(terminal.process), signal.SIGSTOP)
    text = terminal.ask("print first")
    assert text.count("warning") == 1 and "the reader was ended: it took too long; it is started again" in text, text
    text = terminal.ask("print first", "print *node")
    assert "warning" not in text and text.count('"first"}') == 2, text
    terminal.close()


def check_readers_of_monitor(folder, module):
    guest = Guest(VITRINE, [module], folder, os.environ)
    try:
        guest.connection.ask("?")
        for number in signal.SIGKILL, signal.SIGSTOP:
            assert '"first"}' in "".join(guest.connection.monitor("print first"))
            os.kill(reader_of(guest.process), number)
            try:
                guest.connection.monitor("print first")
            except Refused:
                # There was no answer in time.
                assert number == signal.SIGSTOP
        assert '"first"}' in "".join(guest.connection.monitor("print first"))
        guest.connection.ask("c")
        status, _, errors = guest.close()
    except BaseException:
        guest.discard()
        raise
    warnings = re.findall(r"warning: symbols of .*", errors)
    assert status == STATUS and len(warnings) == 2 and "(signal 9); it is started again" in warnings[0] \
        and "it took too long; it is started again" in warnings[1], (status, errors)


def check_session(module, what):
    """Everything that shows what the module says, and then the guest runs to its end."""
    terminal = Terminal(module)
    shown = check_output(what, terminal.ask("break work", "run", "next", "next", "next", "next", *LOOK).encode())
    warnings = re.findall(r"warning: (symbols of .*)", shown)
    assert len(set(warnings)) == len(warnings) <= 9, f"{what}: {warnings}"
    end = check_output(what, terminal.ask("delete", "kill", "run").encode())
    terminal.close()
    assert re.search(rf"\b{STATUS}\b", end), f"{what}: {end}"
    return shown


def check_monitor(folder, module, what):
    guest = Guest(VITRINE, [module], folder, os.environ)
    shown = ""
    try:
        guest.connection.ask("?")
        for line in ("break work", None, "break h.c:14", None, *LOOK):
            if line is None:
                # LLDB lets the guest go on.
                reply = guest.connection.ask("c")
                while reply.startswith("O"):
                    reply = guest.connection.receive()
                shown += f"{reply}\n"
                continue
            try:
                shown += "\n".join(guest.connection.monitor(line)) + "\n"
            except Refused as refusal:
                shown += f"{refusal}\n"
        check_output(f"monitor, {what}", shown.encode("utf-8", "surrogateescape"))
    finally:
        guest.discard()
    return shown


class Assembly:
    """The program as assembly, with the debug information in words."""

    def __init__(self, folder, version):
        self.folder = folder
        (folder / "h.c").write_text(PROGRAM)
        subprocess.run([*COMPILE, f"-gdwarf-{version}", "-S", "-o", "h.s", "h.c"], cwd=folder, check=True)
        self.lines = (folder / "h.s").read_text().splitlines()
        entries = [re.search(r"# Abbrev \[\d+\] (0x[0-9a-f]+):0x[0-9a-f]+ DW_TAG_(\w+)", line) for line in self.lines]
        self.owner, last = [], 0
        for entry in entries:
            last = int(entry[1], 16) if entry else last
            self.owner.append(last)
        self.entries = [int(entry[1], 16) for entry in entries if entry]
        self.types = [int(entry[1], 16) for entry in entries if entry and (entry[2].endswith("_type") or entry[2] == "typedef")]
        self.references = [i for i, line in enumerate(self.lines) if re.search(r"\.int32\s+\d+\s+# DW_AT_type", line)]
        self.numbers = [i for i, line in enumerate(self.lines)
                        if self.owner[i] and re.search(r"\.int8\s+\d+\s+# DW_AT_(byte_size|count|data_member_location|encoding|const_value|upper_bound)", line)]
        self.names = [i for i, line in enumerate(self.lines) if re.match(r'\s*\.asciz\s+"\w+"', line)]
        assert self.references and self.numbers and self.names

    def build(self, name, changes):
        lines = list(self.lines)
        for i, text in changes.items():
            lines[i] = text
        (self.folder / f"{name}.s").write_text("\n".join(lines) + "\n")
        subprocess.run([*COMPILE, f"{name}.s", "-o", f"{name}.wasm"], cwd=self.folder, check=True)
        return self.folder / f"{name}.wasm"

    def rewired(self, choose):
        """Each reference to a type leads to another entry."""
        return {i: f"\t.int32\t{choose(i)}" for i in self.references}


HOSTILE = ("\\033[31mred", "\\033]0;title\\007", "\\342\\200\\256bidi", "\\342\\201\\246isolate", "\\302\\233C1", "line\\nFORGED", "\\342\\200\\250FORGED", "\\377\\376bytes", "")


def check_hostile(folder, version):
    program = Assembly(folder, version)
    plain = program.build("plain", {})
    shown = check_session(plain, "plain")
    for what in ('"first"}', "limit", "GREEN", "struct node"):
        assert what in shown, (what, shown)
    assert check_monitor(folder, plain, "plain").count('"first"}') > 4
    changed = {"self": program.rewired(lambda i: program.owner[i]),
               "one": program.rewired(lambda i: program.types[0]),
               "next": program.rewired(lambda i: program.types[(program.types.index(program.owner[i]) + 1) % len(program.types)
                                                                if program.owner[i] in program.types else 0]),
               "largest": {i: re.sub(r"\.int8\s+\d+", ".int8\t255", program.lines[i]) for i in program.numbers},
               "zero": {i: re.sub(r"\.int8\s+\d+", ".int8\t0", program.lines[i]) for i in program.numbers}}
    for number, name in enumerate(HOSTILE):
        keep = number % 2 == 0
        # Every second time, the names of variables stay, so that the expressions mean something.
        changed[f"names{number}"] = {
            i: re.sub(r'"(\w+)"', lambda old: '"' + (old[1] if keep and old[1] in VARIABLES else old[1][:2] + name) + '"', program.lines[i])
            for i in program.names}
    for name, changes in changed.items():
        module = program.build(name, changes)
        check_session(module, f"DWARF {version}, {name}")
        check_monitor(folder, module, f"DWARF {version}, {name}")
    choices = random.Random(version)
    for number in range(COUNT):
        changes = program.rewired(lambda i: choices.choice(program.entries if number % 2 else program.types))
        for i in choices.sample(program.numbers, 3):
            changes[i] = re.sub(r"\.int8\s+\d+", f".int8\t{choices.choice((0, 1, 127, 128, 255))}", program.lines[i])
        check_session(program.build("random", changes), f"DWARF {version}, random {number}")
    print(f"DWARF {version}: {len(changed)} hostile modules through both doors, {COUNT} more", flush=True)


def check_large(folder):
    """Blocks in each other, and types that no memory holds."""
    depth = 400
    blocks = "".join(f"{{ int v{i} = {i};\n" for i in range(depth)) + "stop(huge, cube);" + "}" * depth
    (folder / "large.c").write_text(f"""struct huge {{ int all[1 << 28]; }};
typedef int cube[1000][1000][100];
__attribute__((noinline)) int stop(struct huge *huge, cube *cube) {{ return huge != 0; }}
int main(void)
{{
    struct huge *huge = 0;
    cube *cube = 0;
    {blocks}
    return {STATUS};
}}
""")
    subprocess.run([*COMPILE, "-g", f"-fbracket-depth={2 * depth}", "large.c", "-o", "large.wasm"], cwd=folder, check=True)
    terminal = Terminal(folder / "large.wasm")
    text = terminal.ask("break stop", "run", "up", "info locals", "print v399", "print *huge", "print *cube", "print huge->all[5]", "print (*cube)[1]",
                        "print *cube@1000", "ptype cube", "print sizeof *huge", "print huge->all[1 << 28]", "display *huge", "bt full")
    for variable in range(depth):
        assert text.count(f"v{variable} = {variable}\n") == 2, (variable, text)
    assert "warning" not in text and str(4 << 28) in text and len(text) < 100_000, text
    assert f"status {STATUS}" in terminal.ask("undisplay", "delete", "continue")
    terminal.close()


def main():
    if not shutil.which("clang-22"):
        print("skipped: clang-22 is not installed")
        return 1 if os.environ.get("VITRINE_REQUIRE_SHARED") else 77
    with tempfile.TemporaryDirectory() as path:
        folder = pathlib.Path(path)
        (folder / "good.c").write_text(PROGRAM)
        subprocess.run([*COMPILE, "-g", "good.c", "-o", "good.wasm"], cwd=folder, check=True)
        check_ended_readers(folder / "good.wasm")
        check_stopped_readers(folder / "good.wasm")
        check_readers_of_monitor(folder, folder / "good.wasm")
        check_large(folder)
        for version in 4, 5:
            check_hostile(folder, version)
    return 0


if __name__ == "__main__":
    sys.exit(main())
