# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A module in which every name tries to control the terminal. No command may print a byte that
does, or a line made up by a name."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unicodedata

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "lldb"), str(ROOT / "tests" / "dap"), str(ROOT / "tools")]

from debuggee import compile_guest  # noqa: E402
from editor import Editor  # noqa: E402
from gdb_client import Guest, Refused  # noqa: E402

VITRINE = os.environ["VITRINE"]
WASM_TOOLS = os.environ["VITRINE_WASM_TOOLS"]
SECONDS = 60
# C0, DEL, C1, a format character that reorders, an invisible one, line separators, a tag beyond 16
# bits.
HOSTILE = "\x1b[31m\x1b]0;title\x07\r\x08\x7f\x9b31m\x85\u202e\u2066\u200b\ufeff\u00ad\u2028\u2029\U000e0041\nFORGED \\ end"


def wat(text):
    return "".join(f"\\{byte:02x}" for byte in text.encode())


def name(tag):
    return tag + HOSTILE


def module():
    """Each name begins with a tag of its own."""

    def id(tag):
        return f'$"{wat(name(tag))}"'

    def text(tag):
        return f'"{wat(name(tag))}"'
    return f"""(module {id("module")}
      (@custom {text("custom")} (after export) "bytes")
      (type {id("type")} (func (param i32) (result i32)))
      (import {text("wire")} {text("imported")} (func {id("import")} (param i32)))
      (memory {id("memory")} (export {text("the_memory")}) 1)
      (table {id("table")} (export {text("the_table")}) 2 funcref)
      (global {id("global")} (mut i32) (i32.const 7))
      (global {id("holder")} (export {text("the_global")}) (mut funcref) (ref.func {id("fails")}))
      (tag {id("tag")} (param i32))
      (elem {id("elem")} (i32.const 0) {id("fails")} {id("import")})
      (data {id("data")} (i32.const 0) "x")
      (func {id("fails")} (type {id("type")})
        (local {id("local")} i32)
        (call {id("import")} (local.get 0))
        (throw {id("tag")} (i32.const 3)))
      (func {id("start")} (export {text("go")}) (export "plain") (param {id("param")} i32) (result i32)
        (block {id("label")} (drop (global.get {id("holder")})))
        (call {id("fails")} (local.get 0))))"""


def check_output(what, output):
    """No control character but line feeds, and no line that begins inside a name."""
    text = output.decode("utf-8", "surrogateescape")
    for character in text:
        is_hostile = unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp", "Cs")
        assert character == "\n" or not is_hostile, f"{what}: U+{ord(character):04X} in {text!r}"
    assert not re.search(r"^\s*FORGED", text, re.MULTILINE), f"{what}: a line of the module's in {text!r}"
    return text


def run(folder, *words, input=""):
    done = subprocess.run([VITRINE, *words], cwd=folder, input=input.encode(), capture_output=True, timeout=SECONDS)
    return check_output(words, done.stdout) + check_output(words, done.stderr)


def strings_of(document):
    if isinstance(document, dict):
        for key, value in document.items():
            yield from (key, *strings_of(value))
    elif isinstance(document, list):
        for value in document:
            yield from strings_of(value)
    elif isinstance(document, str):
        yield document


def check_json(text, *tags):
    """The document has the names of the module, character by character."""
    found = set(strings_of(json.loads(text)))
    for tag in tags:
        assert name(tag) in found, (tag, found)


TRAPPING = ("--unknown-imports", "trap", "--invoke", "plain")
ALL_ENTITIES = ("module", "fails", "start", "import", "wire", "imported", "global", "table", "memory", "tag", "elem", "data", "custom", "go", "the_memory")


def check_run(folder):
    shown = run(folder, "run", *TRAPPING, "app.wasm", "1")
    assert 'unknown import: func "wire\\1b[31m' in shown and "] fails\\1b[31m" in shown, shown
    run(folder, "run", "--invoke", "plain", "app.wasm", "1")
    run(folder, "run", "--invoke", name("no"), "app.wasm", "1")
    run(folder, "run", name("file"))
    # Names are accepted in the form in which they are listed.
    shown = run(folder, "run", "app.wasm")
    quoted = re.search(r'"go\\1b.* end"', shown)[0]
    shown = run(folder, "run", "--unknown-imports", "trap", "--invoke", quoted, "app.wasm", "1")
    assert "trap: unknown import" in shown, shown


def check_inspect(folder):
    shown = run(folder, "inspect", "app.wasm")
    for tag in ALL_ENTITIES:
        assert tag + "\\1b[31m\\1b]0;title" in shown, (tag, shown)
    check_json(run(folder, "inspect", "--json", "app.wasm"), *ALL_ENTITIES)
    for place in (name("fails"), "$\"" + name("fails").replace("\\", "\\\\") + "\"", re.search(r"fails\\1b.* end", shown)[0], "func[1]"):
        shown_there = run(folder, "inspect", *TRAPPING, "--at", place, "app.wasm", "1")
        assert "#1 func[2] start\\1b" in shown_there, (place, shown_there)
    check_json(run(folder, "inspect", *TRAPPING, "--json", "--at", "func[1]", "app.wasm", "1"), "fails", "local", "param", "global", "table", "memory")
    assert "near: `" in run(folder, "inspect", *TRAPPING, "--at", name("fail"), "app.wasm", "1")


def check_objdump(folder):
    for option in ("-d", "-h"):
        assert "title" in run(folder, "objdump", option, "app.wasm")


def check_validate(folder):
    twice = f'(module (func (export "{wat(name("twice"))}")) (func (export "other")))'
    binary = subprocess.run([WASM_TOOLS, "parse", "-"], input=twice.encode(), capture_output=True, check=True).stdout
    (folder / "bad.wasm").write_bytes(binary.replace(b"\x05other", b"\x05twice").replace(b"twice\x1b", b"twice\x1b"))
    both = f'(module (func (export "{wat(name("twice"))}")) (func (export "{wat(name("other"))}")))'
    binary = subprocess.run([WASM_TOOLS, "parse", "-"], input=both.encode(), capture_output=True, check=True).stdout
    (folder / "bad.wasm").write_bytes(binary.replace(b"other", b"twice"))
    assert "duplicate export name \"twice\\1b" in run(folder, "validate", "bad.wasm", name("file"))


def check_wast(folder):
    commands = [{"type": "module", "line": 1, "filename": "app.wasm", "name": name("module")},
        {"type": "assert_return", "line": 2, "action": {"type": "invoke", "field": name("go"), "args": []}, "expected": []},
        {"type": "assert_trap", "line": 3, "action": {"type": "invoke", "field": "plain", "args": [{"type": "i32", "value": "1"}]}, "text": name("text")},
        {"type": name("command"), "line": 4}]
    (folder / "script.json").write_text(json.dumps({"source_filename": name("source"), "commands": commands}))
    run(folder, "wast", "script.json")


def check_opcodes(folder):
    run(folder, "opcodes")


ARGUMENTS = {
    "break": ["func[1]", "", "$nobody"], "tbreak": ["func[2]"], "until": ["0x1"], "call": ["func[1] 1", "nobody"], "print": ["global[1]", "$nobody", "local[0]"],
    "watch": ["global[0]", "$nobody"], "list": ["func[1] 50", "nobody"], "throw": ["tag[0] 1", "nobody"], "set": ["$nobody = 1"], "help": [""],
    "tables": ["", "0"], "functions": ["", "nobody"], "catch": [""], "thread": ["1"], "jump": ["0x1"], "return": ["1"], "memory": ["", "0"], "find": ['"x"'],
    "show": ["global[1]", "local[0]", "nobody"], "bytes": ["0 0"], "disassemble": ["", "func[1]", "nobody"], "instance": ["0"], "module": ["app", "nobody"],
}


def check_debug(folder):
    """Every verb, in the innermost function and in one that waits for the host."""
    table = (ROOT / "src/console/verbs.inc").read_text()
    verbs = re.findall(r'^VERB\(\w+, "([^"]+)"', table, re.MULTILINE)
    assert "functions" in verbs
    for entered in ("break func[1]\nrun\n", "catch trap\nrun\n"):
        for verb in verbs:
            for arguments in ARGUMENTS.get(verb, [""]):
                lines = entered + f"{verb} {arguments}\nbt all\nlocals\ninfo\n"
                shown = run(folder, "debug", *TRAPPING, "app.wasm", "1", input=lines)
                assert "stopped: " in shown, (lines, shown)
    shown = run(folder, "debug", *TRAPPING, "app.wasm", "1", input="functions\nglobals\ntags\ntables\nmemory\ninstances\nmodules\n")
    # Every name is accepted in the form in which it is shown.
    for label in re.findall(r'\$"fails.*? end"', shown):
        shown = run(folder, "debug", *TRAPPING, "app.wasm", "1", input=f"break {label}\nlist {label}\nrun\nprint {label}\ndelete\nkill\n")
        assert "breakpoint 1: $\"fails" in shown and "stopped: breakpoint 1 in $\"fails" in shown, shown


def check_monitor(folder):
    guest = Guest(VITRINE, [*TRAPPING, "app.wasm", "1"], folder, os.environ)
    try:
        guest.connection.ask("?")
        commands = [line.split()[0] for line in guest.connection.monitor("help") if line.strip()]
        assert "functions" in commands
        for command in commands:
            if command in ("kill", "return", "skip"):
                continue
            for arguments in ("", *ARGUMENTS.get(command, ())):
                try:
                    lines = guest.connection.monitor(f"{command} {arguments}".strip())
                except Refused as refusal:
                    lines = [str(refusal)]
                check_output(f"monitor {command} {arguments}", "\n".join(lines).encode("utf-8", "surrogateescape"))
    finally:
        guest.discard()


def check_dwarf(folder):
    """Names and files in DWARF, exactly as the compiler was given them."""
    path = folder / "hostile.c"
    path.write_text('void fail(void) __asm__("fail\\033[31m\\nFORGED");\n#line 7 "file\\033[31m\\nFORGED.c"\nvoid fail(void) { __builtin_trap(); }\nint main(void) { fail(); }\n')
    guest = compile_guest(path, "-g", "-O0")
    shown = run(folder, "run", str(guest))
    assert re.search(r"fail\\1b\[31m\\nFORGED at 0x[0-9a-f]+, .*file\\1b\[31m\\nFORGED\.c:7", shown), shown


def check_dap(folder):
    """All strings of all messages: editors show most of them."""
    editor = Editor()
    editor.launch(folder / "app.wasm", unknownImports="trap", invoke="plain", args=["1"])
    editor.ask("setExceptionBreakpoints", filters=["host"])
    editor.ask("configurationDone")
    editor.stop(reason="exception")
    editor.ask("exceptionInfo", threadId=1)
    names = []
    for frame in editor.frames():
        for scope, reference in editor.scopes(frame["id"]).items():
            for shown in editor.variables(reference).values():
                names.append(shown["name"])
                if shown["variablesReference"] != 0:
                    editor.variables(shown["variablesReference"])
                editor.send("dataBreakpointInfo", name=shown["name"], variablesReference=reference)
                editor.send("evaluate", expression=shown["name"], context="hover", frameId=frame["id"])
        if reference := frame.get("source", {}).get("sourceReference"):
            editor.ask("source", sourceReference=reference)
        editor.ask("disassemble", memoryReference=frame["instructionPointerReference"], instructionCount=20)
    for tag in ("fails", "start", "import", "global", "holder", "table", "memory", "tag", "param", "local"):
        assert any(tag + "\\1b" in each for each in names), (tag, names)
    for request in ("modules", "loadedSources", "threads"):
        editor.ask(request)
    for line in ("bt all", "functions", "globals", "tags", "tables", "memory", "instances", "modules", "list", "print nobody"):
        editor.send("evaluate", expression=line, context="repl")
    editor.ask("completions", text="break ", column=7)
    assert editor.finish() == (0, "")
    for message in editor.messages:
        for text in strings_of(message):
            check_output(message.get("command", message.get("event")), text.encode("utf-8", "surrogateescape"))


def offered(environment, *words):
    """The candidates for a shell, with blanks in place of the tabs between their columns."""
    done = subprocess.run([VITRINE, "complete", "--", *words], env=environment, capture_output=True, timeout=SECONDS)
    assert done.returncode == 0 and done.stderr == b"", done
    return check_output(("complete", *words), done.stdout.replace(b"\t", b" "))


def check_ps(folder):
    """A guest with a door whose file and arguments have such names, and the debugger that attaches."""
    environment = os.environ | {"XDG_RUNTIME_DIR": str(folder)}
    file = folder / (name("file") + ".wasm")
    file.write_bytes((folder / "app.wasm").read_bytes())
    guest = subprocess.Popen([VITRINE, "run", "--dap", "--unknown-imports=trap", "--invoke", "plain", file, "1"], env=environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    check_output("run --dap", guest.stderr.readline())

    def ask(*words, input=""):
        done = subprocess.run([VITRINE, *words], env=environment, input=input.encode(), capture_output=True, timeout=SECONDS)
        return check_output(words, done.stdout) + check_output(words, done.stderr)
    try:
        assert "file\\1b[31m" in ask("ps")
        assert json.loads(ask("ps", "--json"))[0]["module"] == str(file)
        assert "file\\1b[31m" in offered(environment, "debug", "--attach=")
        assert "file\\1b[31m" in ask("debug", "--attach=nobody")
        shown = ask("debug", "--attach", input="wait\nbt\nfunctions\nglobals\nprint nobody\ndetach\n")
        assert "start\\1b" in shown and "global\\1b" in shown, shown
    finally:
        guest.kill()
        guest.communicate(timeout=SECONDS)


def check_lldb_script(folder):
    assert "VERBS" in run(folder, "lldb-script")


def check_completions(folder):
    assert "_vitrine" in run(folder, "completions", "bash")
    assert "expected the name of a shell" in run(folder, "completions", name("shell"))
    for words in (("run", name("app"), ""), ("run", name("app")), ("run", "--dir=" + name("folder")), (name("command"), ""), ("--" + name("option"),)):
        offered(os.environ, *words)


def check_mcp(folder):
    """The texts of all answers. What the program itself writes is passed on as it is."""
    calls = [("start", {"program": str(folder / "app.wasm"), "unknownImports": "trap", "invoke": "plain", "args": ["1"]})]
    calls += [("command", {"line": line}) for line in ("catch host", "continue", "bt all", "info locals", "functions", "globals", "tags", "tables", "memory", "instances",
        "modules", "list", "print nobody", "break nobody" + HOSTILE)]
    calls += [("breakpoint", {"place": name("go")}), ("evaluate", {"expression": name("x")}), ("state", {})]
    lines = [json.dumps({"jsonrpc": "2.0", "id": i, "method": "tools/call", "params": {"name": tool, "arguments": arguments}})
        for i, (tool, arguments) in enumerate(calls)]
    done = subprocess.run([VITRINE, "mcp"], input="\n".join(lines) + "\n", capture_output=True, text=True, timeout=SECONDS)
    check_output("mcp", done.stderr.encode())
    answers = [json.loads(line) for line in done.stdout.split("\n")[:-1]]
    assert [answer["id"] for answer in answers] == list(range(len(calls))), done.stdout
    assert any("fails\\1b" in text for answer in answers for text in strings_of(answer)), answers
    for answer in answers:
        for text in strings_of(answer):
            check_output("mcp", text.encode("utf-8", "surrogateescape"))


CHECKS = {"ps": (check_ps,), "run": (check_run, check_dwarf), "debug": (check_debug, check_monitor), "dap": (check_dap,), "lldb-script": (check_lldb_script,), "completions": (check_completions,), "mcp": (check_mcp,),
    "inspect": (check_inspect,), "objdump": (check_objdump,), "validate": (check_validate,),
    "opcodes": (check_opcodes,), "wast": (check_wast,)}


def main():
    commands = subprocess.run([VITRINE, "--help"], capture_output=True, text=True, check=True).stdout.partition("Commands:\n")[2].partition("\n\n")[0]
    names = [line.split()[0] for line in commands.splitlines()]
    assert set(names) == set(CHECKS), f"a command without a check here: {names}"
    with tempfile.TemporaryDirectory() as path:
        folder = pathlib.Path(path)
        subprocess.run([WASM_TOOLS, "parse", "-", "-o", folder / "app.wasm"], input=module().encode(), check=True)
        for command, checks in CHECKS.items():
            for check in checks:
                check(folder)
                print(f"{command}: {check.__name__}: ok", flush=True)


if __name__ == "__main__":
    sys.exit(main())
