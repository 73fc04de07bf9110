# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Where `vitrine run` finds the debug information for the backtrace of a trap: in the module, beside
it, in a file that it names, in a file of --debug-info; and what it says of files that it refuses."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools"))

from gdb_client import Guest  # noqa: E402

VITRINE = os.environ["VITRINE"]
PROGRAM = """int limit;
static int check(int n)
{
    if (n > limit)
        __builtin_trap();
    return n;
}
int main(void)
{
    limit = EXTRA;
    return check(3);
}
"""
COMPILE = ["clang-22", "--target=wasm32-wasi", "-Wno-deprecated", "--no-wasm-opt", "-g", "-O0"]
OBJCOPY = "llvm-objcopy-22"
AS_PROGRAM = """export function fail(n: i32): i32 {
  if (n > 2) {
    unreachable();
  }
  return n;
}
"""
MEMORY_PROGRAM = """struct account { const char *owner; int balance; };
struct account account = { "zero", 80 };
__attribute__((noinline)) int work(int n)
{
    account.balance += n;
    return account.balance;
}
int main(void)
{
    return work(1) + work(2);
}
"""
GO_PROGRAM = """package main

//go:noinline
func next(n int) int {
	return n + 1
}

//go:noinline
func spin() {
	n := 0
	for {
		n = next(n)
	}
}

func main() {
	spin()
}
"""
failures = []


def expect(condition, what, text):
    if not condition:
        failures.append(f"{what}:\n{text}")


def run(folder, *words):
    done = subprocess.run([VITRINE, "run", *words], cwd=folder, capture_output=True, text=True, timeout=120)
    return done.stderr


def compile_c(folder, name, *flags, extra="2"):
    (folder / "a.c").write_text(PROGRAM)
    subprocess.run([*COMPILE, f"-DEXTRA={extra}", *flags, "a.c", "-o", name], cwd=folder, check=True)


def objcopy(folder, *words):
    subprocess.run([OBJCOPY, *words], cwd=folder, check=True)


def has_lines(text):
    return "a.c:5" in text and "a.c:11" in text


def check_external(folder, *flags):
    """Stripped modules, and files with what was stripped."""
    compile_c(folder, "a.wasm", *flags)
    expect(has_lines(run(folder, "a.wasm")), "in the module", run(folder, "a.wasm"))
    objcopy(folder, "--only-keep-debug", "a.wasm", "a.debug.wasm")
    objcopy(folder, "--strip-debug", "a.wasm", "s.wasm")
    text = run(folder, "s.wasm")
    expect("a.c" not in text and "warning" not in text, "nowhere", text)
    for words in (["--debug-info", "a.debug.wasm", "s.wasm"], ["--debug-info=a.wasm", "s.wasm"]):
        text = run(folder, *words)
        expect(has_lines(text) and "warning" not in text, words, text)
    shutil.copy(folder / "a.debug.wasm", folder / "s.debug.wasm")
    expect(has_lines(run(folder, "s.wasm")), "s.debug.wasm", run(folder, "s.wasm"))
    (folder / "s.debug.wasm").unlink()
    # The section holds the name with its length.
    (folder / "sub").mkdir(exist_ok=True)
    (folder / "sub/x.debug.wasm").write_bytes((folder / "a.debug.wasm").read_bytes())
    name = b"sub/x.debug.wasm"
    (folder / "name").write_bytes(bytes([len(name)]) + name)
    objcopy(folder, "--add-section=external_debug_info=name", "s.wasm", "x.wasm")
    expect(has_lines(run(folder, "x.wasm")), "external_debug_info", run(folder, "x.wasm"))
    expect(has_lines(run("/", str(folder / "x.wasm"))), "relative to the module", run("/", str(folder / "x.wasm")))


def check_split(folder):
    """Split debug information, in files and in a package."""
    (folder / "a.c").write_text(PROGRAM)
    subprocess.run([*COMPILE, "-DEXTRA=2", "-gdwarf-5", "-gsplit-dwarf", "-c", "a.c", "-o", "a.o"], cwd=folder, check=True)
    subprocess.run([*COMPILE[:4], "a.o", "-o", "a.wasm"], cwd=folder, check=True)
    expect(has_lines(run(folder, "a.wasm")), "a.dwo", run(folder, "a.wasm"))
    subprocess.run(["llvm-dwp-22", "a.dwo", "-o", "a.dwp"], cwd=folder, check=True)
    (folder / "a.dwo").unlink()
    for words in (["a.wasm"], ["--debug-info", "a.dwp", "a.wasm"]):
        text = run(folder, *words)
        expect(has_lines(text) and "warning" not in text, words, text)


def check_refused(folder):
    """Files of other modules, and what is no debug information."""
    compile_c(folder, "a.wasm", "-Wl,--build-id")
    compile_c(folder, "b.wasm", "-Wl,--build-id", extra="1")
    objcopy(folder, "--strip-debug", "a.wasm", "s.wasm")
    text = run(folder, "--debug-info", "b.wasm", "s.wasm")
    expect("b.wasm is not used: it belongs to another module: its build id is " in text, "another build id", text)
    expect("that of the module is " in text and "a.c" not in text, "another build id", text)
    compile_c(folder, "c.wasm", "-DMORE", extra="(limit + 2)")
    compile_c(folder, "d.wasm")
    objcopy(folder, "--strip-debug", "d.wasm", "s.wasm")
    text = run(folder, "--debug-info", "c.wasm", "s.wasm")
    expect("its code has " in text and " bytes, that of the module has " in text, "another size", text)
    for word, reason in (("gone.wasm", "No such file"), (".", "it is a folder"), ("/dev/zero", "not a regular file")):
        text = run(folder, "--debug-info", word, "s.wasm")
        expect(reason in text and "trap" in text, word, text)
    text = run(folder, "--debug-info", "s.wasm", "s.wasm")
    expect("s.wasm is not used: it has no debug information" in text, "a stripped file", text)
    (folder / "text").write_text("no map")
    text = run(folder, "--debug-info", "text", "s.wasm")
    expect("trap" in text, "no map", text)
    text = run(folder, "--source-map", "nothing", "s.wasm")
    expect("expected FROM=TO" in text, "--source-map", text)


def check_assembly_script(folder):
    """Maps of a real compiler, if there is one: VITRINE_ASC is its path."""
    compiler = os.environ.get("VITRINE_ASC") or shutil.which("asc")
    if not compiler:
        print("no AssemblyScript compiler: skipped")
        return
    (folder / "t.ts").write_text(AS_PROGRAM)
    subprocess.run([compiler, "t.ts", "--debug", "--sourceMap", "--runtime", "stub", "-o", "t.wasm"], cwd=folder, check=True)
    words = ("--invoke", "fail", "t.wasm", "3")
    expect("t.ts:3" in run(folder, *words), "sourceMappingURL", run(folder, *words))
    (folder / "t.wasm.map").rename(folder / "other.map")
    text = run(folder, *words)
    expect("t.ts" not in text and "warning" not in text, "no map", text)
    text = run(folder, "--debug-info", "other.map", *words)
    expect("t.ts:3" in text, "--debug-info other.map", text)


def leb(number):
    """Five bytes of an LEB128 number."""
    return bytes(number >> shift & 0x7f | (0x80 if shift < 28 else 0) for shift in range(0, 35, 7))


def read_leb(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7f) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 0x80:
            return value, at


def with_second_memory(module):
    """The module with a second memory, whose data differ: no compiler makes one with variables in it.
    There, texts begin with `ones` and not `zero`, and 80 is 42."""
    out, at = module[:8], 8
    while at < len(module):
        kind = module[at]
        size, begin = read_leb(module, at + 1)
        content = module[begin:begin + size]
        at = begin + size
        if kind == 5:
            content = bytes([content[0] + 1]) + content[1:] + b"\0\2"
        elif kind == 11:
            count, position = read_leb(content, 0)
            first = position
            more = b""
            for _ in range(count):
                start = position
                assert content[position:position + 2] == b"\0\x41", "an active segment at a constant"
                _, position = read_leb(content, position + 2)
                length, position = read_leb(content, position + 1)
                head, data = content[start + 1:position], content[position:position + length]
                more += b"\2\1" + head + data.replace(b"zero", b"ones").replace(b"\x50\0\0\0", b"\x2a\0\0\0")
                position += length
            content = leb(2 * count) + content[first:] + more
        elif kind == 12:
            content = leb(2 * read_leb(content, 0)[0])
        out += bytes([kind]) + leb(len(content)) + content
    return out


def check_memory(folder):
    """Variables in another memory than the first."""
    (folder / "m.c").write_text(MEMORY_PROGRAM)
    subprocess.run([*COMPILE, "m.c", "-o", "one.wasm"], cwd=folder, check=True)
    (folder / "m.wasm").write_bytes(with_second_memory((folder / "one.wasm").read_bytes()))

    def debug(lines, *words):
        done = subprocess.run([VITRINE, "debug", *words], cwd=folder, input="".join(f"{line}\n" for line in lines),
                              capture_output=True, text=True, timeout=120)
        return done.stdout + done.stderr

    look = ("break work", "run", "print account", "print account.owner[0]", "print *&account", "print $", "set account.balance = 5",
            "print account.balance", "continue", "print account.balance", "x /s account.owner", "x /dw &account.balance")
    text = debug(look, "m.wasm")
    expect(text.count('"zero", balance = 80') == 3 and "work(n=1)" in text and "\n5\nstopped" in text and "\n6\n" in text, "the first memory", text)
    text = debug(look, "--debug-memory", "1", "m.wasm")
    expect(text.count('"ones", balance = 42') == 3 and "'o'" in text, "--debug-memory 1", text)
    # The guest uses its first memory.
    expect("\n5\nstopped" in text and "\n6\n" not in text and "work(n=0)" in text, "assigned in the other memory", text)
    expect('0x00010000  "ones"' in text and re.search(r"0x0001000c  5\s*$", text), "x", text)
    for words, stops in (((), False), (("--debug-memory=1",), True)):
        text = debug(("break work if account.balance == 42", "run"), *words, "m.wasm")
        expect(("stopped: breakpoint 1" in text) == stops, f"a condition, {words}", text)
    text = debug(look, "--debug-memory", "1", "one.wasm")
    expect('"zero", balance = 80' in text, "a module without that memory", text)
    guest = Guest(VITRINE, ["--debug-memory", "1", "m.wasm"], folder, os.environ)
    try:
        guest.connection.ask("?")
        text = "".join(guest.connection.monitor("print account"))
        expect('"ones", balance = 42' in text, "monitor with --debug-memory 1", text)
    finally:
        guest.discard()
    for word in ("-1", "x", "4294967296"):
        text = debug(look, f"--debug-memory={word}", "m.wasm")
        expect("--debug-memory" in text and "account" not in text, f"--debug-memory={word}", text)


def check_go(folder):
    if not shutil.which("go"):
        print("no Go: skipped")
        return
    (folder / "b.go").write_text(GO_PROGRAM)
    environment = os.environ | {"GOOS": "wasip1", "GOARCH": "wasm", "GO111MODULE": "off", "GOCACHE": str(folder / "cache")}
    if "GOCACHE" in os.environ or "HOME" in os.environ:
        environment.pop("GOCACHE")
    done = subprocess.run(["go", "build", "-o", "b.wasm", "b.go"], cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        print(f"no Go for wasip1: skipped\n{done.stderr}")
        return
    text = run(folder, "--timeout", "2", "b.wasm")
    # The innermost frame may be between two calls, where Go tells no line. Its callers are at calls.
    expect("b.go:17" in text, "lines of Go", text)


def main():
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        for name, flags in (("plain", []), ("five", ["-gdwarf-5"]), ("id", ["-Wl,--build-id"])):
            (folder / name).mkdir()
            check_external(folder / name, *flags)
        for name, check in (("split", check_split), ("refused", check_refused), ("as", check_assembly_script), ("go", check_go),
                            ("memory", check_memory)):
            (folder / name).mkdir()
            check(folder / name)
    for failure in failures:
        print(failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
