#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs session files: a guest, what the user of the debugger says, and what he sees.

    run_sessions.py [--bless] [--door DOOR] [--vitrine PROGRAM] [--wasm-tools PROGRAM] [--work FOLDER] FILE...
    run_sessions.py --check-verbs FILE...

tests/sessions/readme.txt explains the form by example. tests/source has sessions of guests in other languages than WAT. The door `terminal` is `vitrine debug`; `gdb` is
tools/gdb_door.py, which speaks the gdb remote protocol. With --bless, or VITRINE_BLESS=1 in the environment, what the user sees
through the door `terminal` is rewritten. --check-verbs asks whether each verb of the debugger is said in one of the files.
"""

import argparse
import difflib
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import textwrap

import gdb_door
import tiers
from run_golden import Broken, ROOT, SECONDS, run

VERBS = ROOT / "src/console/verbs.inc"
INFO = ROOT / "src/console/info.inc"
SETTINGS = ROOT / "src/console/settings.inc"
PAGE = ROOT / "docs/debug.md"
HEAD = re.compile(r"^(?:;;; DOORS: (.*)\n)?(?:;;; GUEST: (.*)\n)?;;; RUN: session(.*)$", re.MULTILINE)
# Guests in other languages than WAT: the ending of the source file, and what compiles it to app.wasm.
COMPILERS = {
    "wat": ("wat", ["wasm-tools", "parse", "app.wat", "-o", "app.wasm"]),
    "c": ("c", ["clang-22", "--target=wasm32-wasi", "-Wno-deprecated", "--no-wasm-opt", "app.c", "-o", "app.wasm"]),
    "c++": ("cpp", ["clang++-22", "--target=wasm32-wasi", "-Wno-deprecated", "--no-wasm-opt", "-fno-exceptions", "-std=c++20", "app.cpp", "-o", "app.wasm"]),
    "zig": ("zig", ["zig", "build-exe", "-target", "wasm32-wasi", "--cache-dir", "cache", "--global-cache-dir", "cache", "-femit-bin=app.wasm", "app.zig"]),
    "rust": ("rs", ["rustc", "--target", "wasm32-wasip1", "app.rs", "-o", "app.wasm"]),
}
SKIPPED = 77


def parts_of(text):
    """The comment with the head lines, the doors, how the guest is compiled, the words for the command line, its source, and the
    lines of the session."""
    head = HEAD.search(text)
    top, mark, session = text.partition("\n;;; SESSION\n")
    if not head or not mark:
        raise Broken("it needs a line ';;; RUN: session' and a line ';;; SESSION'")
    return top[: head.end()], (head[1] or "terminal").split(), shlex.split(head[2] or "wat"), shlex.split(head[3]), top[head.end():], session.splitlines()


class Missing(Exception):
    """A toolchain that the session's guest needs is not there."""


def leb(number):
    """An unsigned LEB128."""
    head = bytes([number & 127])
    return head if number < 128 else bytes([head[0] | 128]) + leb(number >> 7)


def with_modules(component, modules):
    """The component with these core modules in place of those that only have a custom section with their name."""
    result, at = component[:8], 8
    while at < len(component):
        kind, size, shift = component[at], 0, 0
        while True:
            at += 1
            size |= (component[at] & 127) << shift
            shift += 7
            if component[at] < 128:
                break
        content = component[at + 1 : at + 1 + size]
        at += 1 + size
        if kind == 1:
            content = next((binary for name, binary in modules.items() if b"\4file" + name.encode() in content), content)
        elif kind == 4:
            content = with_modules(content, modules)
        result += bytes([kind]) + leb(len(content)) + content
    return result


def compile_component(flags, source, folder, wasm_tools):
    """Makes app.wasm from a component in WAT. Parts of the source that begin with `;;; FILE a.c FLAGS` are files of C, which become the
    core modules that are written as `(core module $a FILE a.c)`."""
    def run_tool(command):
        if not shutil.which(command[0]):
            raise Missing(f"there is no {command[0]}")
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS)
        if done.returncode != 0:
            raise Broken(f"{' '.join(command)}\n{done.stderr}")

    text, *parts = re.split(r"^;;; FILE (\S+)(.*)\n", source.lstrip("\n"), flags=re.MULTILINE)
    modules = {}
    for name, more, code in zip(parts[::3], parts[1::3], parts[2::3]):
        (folder / name).write_text(code)
        run_tool(["clang-22", *flags, *more.split(), name, "-o", f"{name}.wasm"])
        modules[name] = (folder / f"{name}.wasm").read_bytes()
    (folder / "app.wat").write_text(re.sub(r" FILE (\S+)\)", r' (@custom "file" "\1"))', text))
    run_tool([str(wasm_tools), "parse", "app.wat", "-o", "app.wasm"])
    (folder / "app.wasm").write_bytes(with_modules((folder / "app.wasm").read_bytes(), modules))


def compile_guest(words, source, folder, wasm_tools):
    """Makes app.wasm in the folder. `words` are a language and more arguments for its compiler."""
    if words[0] == "component":
        return compile_component(words[1:], source, folder, wasm_tools)
    if words[0] not in COMPILERS:
        raise Broken(f"GUEST: {words[0]} is none of component, {', '.join(COMPILERS)}")
    ending, command = COMPILERS[words[0]]
    programs = {"wasm-tools": wasm_tools, "zig": ROOT / "build/zig/zig"}
    command = [str(programs.get(word, word)) for word in command] + words[1:]
    if not shutil.which(command[0]):
        raise Missing(f"there is no {command[0]}")
    # The first line of the source is the first one behind the head that is not empty.
    (folder / f"app.{ending}").write_text(source.lstrip("\n"))
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS)
    if done.returncode != 0 and words[0] == "rust" and "can't find crate for `core`" in done.stderr + done.stdout:
        raise Missing("rustc has no target wasm32-wasip1")
    if done.returncode != 0:
        raise Broken(f"{' '.join(command)}\n{done.stderr}")


def actual(path, arguments):
    """The file as it would have to be."""
    head, doors, guest, words, module, session = parts_of(path.read_text())
    if arguments.door not in doors:
        raise Broken(f"its doors are {' and '.join(doors)}, not {arguments.door}")
    folder = pathlib.Path(arguments.work).resolve() / f"{path.stem}-{arguments.door}"
    folder.mkdir(parents=True, exist_ok=True)
    compile_guest(guest, module, folder, pathlib.Path(arguments.wasm_tools).resolve())
    script = [line[2:] for line in session if line.startswith("> ") or line == ">"]
    (folder / "commands").write_text("".join(line + "\n" for line in script))
    if "app.wasm" not in words:
        words.append("app.wasm")
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8"} | tiers.environment()
    vitrine = pathlib.Path(arguments.vitrine).resolve()
    if problem := tiers.canary(vitrine, environment):
        raise Broken(problem)
    if arguments.door == "gdb":
        lines = gdb_door.run_session(vitrine, words, folder, environment, script)
    else:
        done = subprocess.run([vitrine, "debug", "--batch", "-x", "commands", *words], cwd=folder, env=environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS)
        lines = [line.rstrip() for line in done.stdout.decode("utf-8", "backslashreplace").splitlines()]
        lines += [f"[{done.returncode}]"] if done.returncode else []
    return head + module + "\n;;; SESSION\n" + "".join(line + "\n" for line in lines)


def check(path, arguments):
    """Whether the user sees what the file says; None if a toolchain is missing, which CI does not allow."""
    try:
        text = actual(path, arguments)
    except Missing as missing:
        print(f"{path}: skipped: {missing}")
        return False if os.environ.get("VITRINE_REQUIRE_SHARED") else None
    except (Broken, gdb_door.Broken, subprocess.TimeoutExpired, OSError) as error:
        print(f"{path}: {error}")
        return False
    if text == path.read_text():
        return True
    if arguments.bless and arguments.door == "terminal":
        path.write_text(text)
        print(f"{path}: rewritten")
        return True
    sys.stdout.writelines(difflib.unified_diff(path.read_text().splitlines(True), text.splitlines(True),
                                               f"{path} (expected)", f"{path} (actual)"))
    return False


CELL = r'"((?:[^"\\]|\\.)*)"'


def item_of(name, arguments, forms, summary):
    """An item of a list in docs/debug.md."""
    others = "".join(f", `{form}`" for form in forms.split())
    item = f"- `{name}{' ' if arguments else ''}{arguments}`{others}: {summary}"
    return "\n".join(textwrap.wrap(item, 98, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)) + "\n"


def info_list():
    """The forms of `info`."""
    text = "\n### Forms of `info`\n\n"
    for own, form in re.findall(r"^(?:INFO\((.*?)\)|FORM\((.*?)\))$", INFO.read_text(), re.MULTILINE):
        cells = re.findall(CELL, own or form)
        if own:
            name, forms, arguments, summary = cells
            summary = summary[0].lower() + summary[1:]
        else:
            name, forms, verb = cells
            arguments, summary = "", f"the same as `{verb}`"
        text += item_of("info " + name, arguments, forms, summary)
    return text


def settings_list():
    """The settings of `set` and `show`."""
    text = "\n### Settings\n\n"
    for row in re.findall(r"^SETTING\((.*?)\)$", SETTINGS.read_text(), re.MULTILINE | re.DOTALL):
        name, forms, summary = re.findall(CELL, row)
        initial, terminal = re.search(r"(?:Switch|Count), (\w+), (true|false)", row).groups()
        initial = {"0": "off", "1": "on"}.get(initial, "auto" if initial == "automatic" else initial)
        text += item_of(name, "", forms, f"{summary[0].lower()}{summary[1:]} (initially {initial}{'; only in the terminal' if terminal == 'true' else ''})")
    return text


def verb_lists():
    """The verbs as docs/debug.md lists them, in groups, and what belongs to them."""
    cell = CELL
    rows = re.findall(rf"^VERB\(\w+, {cell}, {cell}, {cell}, \w+, \w+, \w+, {cell},\s*{cell}, {cell}\)", VERBS.read_text(), re.MULTILINE)
    text, last = "", ""
    for row in rows:
        name, forms, arguments, group, summary, example = (each.replace('\\"', '"') for each in row)
        if group != last:
            text += ("\n" if last else "") + f"### {group}\n\n"
        last = group
        text += item_of(name, arguments, forms, f"{summary[0].lower()}{summary[1:]}. Example: `{example}`")
    return rows, text + info_list() + settings_list()


def check_verbs(files, is_blessed):
    """Whether each verb is said, in one of its forms, and the page for users lists them as they are."""
    rows, lists = verb_lists()
    said = {re.split(r"[ /]", line[2:])[0] for path in files for line in path.read_text().splitlines() if line.startswith("> ")}
    missing = [row[0] for row in rows if not said & {row[0], *row[1].split()}]
    page = PAGE.read_text()
    begin = page.index("### Stops\n")
    end = page.index("\nThe formats of `print`")
    is_right = page[begin:end] == lists
    if is_blessed and not is_right:
        PAGE.write_text(page[:begin] + lists + page[end:])
        is_right = True
    print(f"{len(rows)} verbs; not in a session: {', '.join(missing) or 'none'}" + ("" if is_right else "; docs/debug.md lists others"))
    return bool(rows) and not missing and is_right


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bless", action="store_true", default=os.environ.get("VITRINE_BLESS") == "1")
    parser.add_argument("--check-verbs", action="store_true")
    parser.add_argument("--door", choices=["terminal", "gdb"], default="terminal")
    parser.add_argument("--vitrine", default=ROOT / "build/release/vitrine")
    parser.add_argument("--wasm-tools", default=ROOT / "build/venv/wasm-tools")
    parser.add_argument("--work", default=ROOT / "build/sessions")
    parser.add_argument("files", nargs="+", type=pathlib.Path)
    arguments = parser.parse_args()
    if arguments.check_verbs:
        return 0 if check_verbs(arguments.files, arguments.bless) else 1
    results = [check(path, arguments) for path in arguments.files]
    return 1 if False in results else SKIPPED if None in results else 0


if __name__ == "__main__":
    sys.exit(main())
