# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Completions in real shells: what a Tab makes of a line, and which options are listed."""

import fcntl
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

VITRINE = pathlib.Path(os.environ["VITRINE"])
SECONDS = 60

# Notes the words that the shell passes to it.
RECORD = """#!/usr/bin/env python3
import json, os, sys
with open("words.new", "w") as file:
    json.dump(sys.argv[1:], file)
os.rename("words.new", "words")
"""
FILES = ("app.wasm", "apple.txt", "list.txt", "library.wasm", "script.json", "script.txt", "with space.wasm", "debug.d", "stdin=x.txt")
FOLDERS = ("data", "dark.d", "run.d")

# A line, and the words after Tab. The word that a Tab completes is the last one; None if it stays as it is.
CASES = [
    ("vitrine obj", "objdump"),
    ("vitrine deb", "debug"),
    ("vitrine --ver", "--version"),
    ("vitrine --color al", "always"),
    ("vitrine --color=al", "--color=always"),
    ("vitrine --color always obj", "objdump"),
    ("vitrine symb", None),
    ("../bin/vitrine obj", "objdump"),
    ("~/vitrine obj", "objdump"),
    ("vitrine run --unk", "--unknown-imports"),
    ("vitrine run --unknown-imports tr", "trap"),
    ("vitrine run --unknown-imports=tr", "--unknown-imports=trap"),
    ("vitrine run --perf=ji", "--perf=jitdump"),
    ("vitrine run --perf ap", "app.wasm"),
    ("vitrine run --features simd,-relaxed", "simd,-relaxed-simd"),
    ("vitrine run --features=mvp,relaxed", "--features=mvp,relaxed-simd"),
    ("vitrine run ap", "app.wasm"),
    ("vitrine run with", "with space.wasm"),
    ("vitrine run ./app", "./app.wasm"),
    ("vitrine run app.wasm appl", "apple.txt"),
    ("vitrine run app.wasm --unk", None),
    ("vitrine run -- ap", "app.wasm"),
    ("vitrine run --dir dat", "data/"),
    ("vitrine run --dir=dat", "--dir=data/"),
    ("vitrine run --dir-ro data --dir dar", "dark.d/"),
    ("vitrine run --preload env=li", "env=library.wasm"),
    ("vitrine run --preload=env=li", "--preload=env=library.wasm"),
    ("vitrine run --stdin lis", "list.txt"),
    ("vitrine objdump -d ap", "app.wasm"),
    ("vitrine validate app.wasm li", "library.wasm"),
    ("vitrine wast scr", "script.json"),
    ("vitrine completions fi", "fish"),
]


def options_of(*command):
    """The options that help lists."""
    shown = subprocess.run([VITRINE, *command, "--help"], capture_output=True, text=True, check=True).stdout
    listed = shown.partition("\nOptions:\n")[2].partition("\n\n")[0]
    return {name for line in re.findall(r"^  (-\S+)", listed, re.MULTILINE) for name in line.split(",")}


def commands():
    shown = subprocess.run([VITRINE, "--help"], capture_output=True, text=True, check=True).stdout
    return re.findall(r"^  (\S+)", shown.partition("\nCommands:\n")[2].partition("\n\n")[0], re.MULTILINE)


class Shell:
    """A shell in a terminal, with a prompt that says READY."""

    def __init__(self, folder, arguments, environment):
        self.folder = folder
        self.name = arguments[0]
        self.shown = ""
        self.process, self.stream = pty.fork()
        if self.process == 0:
            os.chdir(folder)
            os.execvpe(arguments[0], arguments, environment)
        fcntl.ioctl(self.stream, termios.TIOCSWINSZ, struct.pack("HHHH", 300, 200, 0, 0))

    def read(self, seconds):
        if select.select([self.stream], [], [], seconds)[0]:
            try:
                self.shown += os.read(self.stream, 65536).decode(errors="replace")
            except OSError:
                raise AssertionError(f"the shell has ended: {self.shown!r}") from None

    def wait_for(self, holds):
        end = time.monotonic() + SECONDS
        while not holds():
            assert time.monotonic() < end, self.shown
            self.read(0.02)

    def type(self, text):
        os.write(self.stream, text.encode())

    def words_after_tab(self, line):
        """The words of the line when Tab was pressed at its end."""
        words = self.folder / "words"
        words.unlink(missing_ok=True)
        # Ctrl-A goes to the start of the line.
        self.type(f"{line}\t\x01record \n")
        self.wait_for(words.exists)
        return json.loads(words.read_text())

    def list_after_tab(self, line, expected):
        """Waits until all of the expected words are shown as candidates."""
        start = len(self.shown)
        # What fish shows is a part of the list, with its own keys.
        self.type(f"complete -C '{line}'\n" if self.name == "fish" else f"{line}\t\t")
        self.wait_for(lambda: expected <= set(re.findall(r"(?<![\w-])--?\w[\w-]*", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", " ", self.shown[start:]))))
        self.type("\x01\x0b")

    def end(self):
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
        os.close(self.stream)


def bash(folder, home, environment):
    (home / "bashrc").write_text("PS1='READY> '\nbind 'set enable-bracketed-paste off' 'set completion-query-items 0' 'set page-completions off'\n"
        "source <(vitrine completions bash)\n")
    return Shell(folder, ["bash", "--noprofile", "--rcfile", str(home / "bashrc"), "-i"], environment)


def zsh(folder, home, environment):
    (home / ".zshrc").write_text("PROMPT='READY> '\nLISTMAX=10000\nautoload -Uz compinit && compinit -u -D\n"
        "source <(vitrine completions zsh)\n")
    return Shell(folder, ["zsh", "-d", "-i"], environment | {"ZDOTDIR": str(home)})


def zsh_installed(folder, home, environment):
    """The file as packages install it, where zsh finds it by its first line."""
    (home / "functions").mkdir()
    (home / "functions/_vitrine").write_bytes(subprocess.run([VITRINE, "completions", "zsh"], capture_output=True, check=True).stdout)
    (home / ".zshrc").write_text(f"PROMPT='READY> '\nLISTMAX=10000\nfpath+=({home}/functions)\nautoload -Uz compinit && compinit -u -D\n")
    return Shell(folder, ["zsh", "-d", "-i"], environment | {"ZDOTDIR": str(home)})


def fish(folder, home, environment):
    (home / "fish").mkdir()
    (home / "fish/config.fish").write_text("set -g fish_greeting\nfunction fish_prompt; echo -n 'READY> '; end\nvitrine completions fish | source\n")
    return Shell(folder, ["fish", "-i"], environment | {"XDG_CONFIG_HOME": str(home), "XDG_DATA_HOME": str(home / "data")})


SHELLS = {"bash": bash, "zsh": zsh, "zsh, installed": zsh_installed, "fish": fish}


def check_shell(name, start):
    with tempfile.TemporaryDirectory() as path:
        home, folder, bin = (pathlib.Path(path) / part for part in ("home", "folder", "bin"))
        for each in (home, folder, bin, *(folder / name for name in FOLDERS)):
            each.mkdir()
        for each in FILES:
            (folder / each).touch()
        (bin / "vitrine").symlink_to(VITRINE)
        (home / "vitrine").symlink_to(VITRINE)
        (bin / "record").write_text(RECORD)
        (bin / "record").chmod(0o755)
        environment = os.environ | {"PATH": f"{bin}:{os.environ['PATH']}", "HOME": str(home), "TERM": "xterm", "LC_ALL": "C.UTF-8"}
        shell = start(folder, home, environment)
        try:
            shell.wait_for(lambda: "READY> " in shell.shown)
            for line, expected in CASES:
                words = shell.words_after_tab(line)
                wanted = line.replace("~", str(home)).split(" ")
                if expected is not None:
                    wanted[-1] = expected
                if words[-1] + "/" == wanted[-1] and name.startswith("zsh"):
                    words[-1] += "/"  # zsh removes the slash when the line is entered
                assert words == wanted, f"{name}: {line!r} became {words}, not {wanted}"
            for command in ("run", "debug", "objdump"):
                shell.list_after_tab(f"vitrine {command} -", options_of(command))
        finally:
            shell.end()


def check_candidates():
    """Every option of every command is a candidate, and nothing else is."""
    def candidates(*words):
        shown = subprocess.run([VITRINE, "complete", "--", *words], capture_output=True, text=True, check=True)
        assert shown.stderr == "", shown.stderr
        return [line.split("\t") for line in shown.stdout.splitlines()]
    for command in [(), *((name,) for name in commands())]:
        found = candidates(*command, "-")
        assert {text for kind, text, _ in found if kind == "word"} == options_of(*command), (command, found)
        assert all(description for _, _, description in found), found
    assert [text for _, text, _ in candidates("")] == commands()
    # Not a word that the terminal would obey, nor an error.
    assert candidates("run", "--dir=\x1b[31m") == [] and candidates("run", "--none", "") == [] and candidates("fly", "") == []
    assert candidates() == []


def main():
    missing = [name for name in ("bash", "zsh", "fish") if not shutil.which(name)]
    check_candidates()
    print("candidates: ok", flush=True)
    for name, start in SHELLS.items():
        if name.split(",")[0] not in missing:
            check_shell(name, start)
            print(f"{name}: ok", flush=True)
    if missing:
        print(f"not installed: {', '.join(missing)}")
        return 1 if os.environ.get("VITRINE_REQUIRE_SHARED") else 77
    return 0


if __name__ == "__main__":
    sys.exit(main())
