#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares the terminal debugger with LLDB at the same stops: the function, the line, the frames, and the scalar variables.

    beside_lldb.py --vitrine PROGRAM --work FOLDER [--lldb PROGRAM] [--zig PROGRAM]

Each program of beside/, and the one of examples/bank, is compiled at -O0 and -O2. Both debuggers
stop at every line of it that has code. A difference must be in beside/known.txt, which says why,
and each line of known.txt must be met: `PROGRAM LEVEL LINE WHAT: why`.

These are no differences:

- A line has several rows in the table of lines, and LLDB also stops at those that are no statements. So each side may stop at more
  instructions of a line than the other, if both stop at the line.
- At the first instruction of an inlined function a breakpoint in it has entered it. LLDB shows the call.
- A reference of Rust is shown as what it refers to. LLDB shows its address.
- LLDB 22 shows the innermost line for all frames of a recursion.
"""

import argparse
import difflib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
SECONDS = 120
MAX_STOPS = 60
MIN_STOPS = 200
SKIPPED = 77

C = ["clang-22", "--target=wasm32-wasi", "-Wno-deprecated", "--no-wasm-opt", "-g"]
COMPILERS = {
    ".c": {level: [*C, level] for level in ("-O0", "-O2")},
    ".cpp": {level: ["clang++-22", *C[1:], "-fno-exceptions", "-std=c++20", level] for level in ("-O0", "-O2")},
    ".rs": {"-O0": ["rustc", "--target", "wasm32-wasip1", "-g"], "-O2": ["rustc", "--target", "wasm32-wasip1", "-g", "-O"]},
    ".zig": {"-O0": ["zig", "build-exe", "-target", "wasm32-wasi"],
             "-O2": ["zig", "build-exe", "-target", "wasm32-wasi", "-O", "ReleaseSafe", "-fno-strip"]},
}

# Run by LLDB's own Python: writes a line of JSON for each stop.
IN_LLDB = r'''
import json, lldb
def run(lines, source, path, most):
    target = lldb.debugger.GetSelectedTarget()
    process = target.GetProcess()
    for line in lines:
        target.BreakpointCreateByLocation(source, line)
    stops = []
    for _ in range(most):
        process.Continue()
        if process.GetState() != lldb.eStateStopped:
            break
        thread = process.GetSelectedThread()
        frames = []
        for frame in thread.frames:
            entry = frame.GetLineEntry()
            frames.append([frame.GetDisplayFunctionName() or frame.GetFunctionName() or "", entry.GetFileSpec().GetFilename() or "", entry.GetLine()])
        values = {}
        for variable in thread.GetFrameAtIndex(0).GetVariables(True, True, False, True):
            error = variable.GetError()
            kind = variable.GetType().GetCanonicalType().GetTypeFlags()
            if not kind & (lldb.eTypeIsScalar | lldb.eTypeIsPointer):
                continue
            if variable.GetName() and variable.GetName() not in values:
                values[variable.GetName()] = None if error.Fail() or variable.GetValue() is None else variable.GetValue()
        stops.append({"at": thread.GetFrameAtIndex(0).GetPC() & 0xffffffff, "frames": frames, "values": values})
    version = int(lldb.debugger.GetVersionString().split("version ")[1].split(".")[0])
    open(path, "w").write(json.dumps({"version": version, "stops": stops}))
'''


class Missing(Exception):
    """A toolchain or debugger is not there."""


def compile_program(source, level, folder, zig):
    program, *words = COMPILERS[source.suffix][level]
    command = [str(zig.resolve()) if program == "zig" else program, *words]
    if program == "zig":
        command += ["--cache-dir", str(folder.parent / "zig-cache"), "--global-cache-dir", str(folder.parent / "zig-cache")]
    if not shutil.which(command[0]):
        raise Missing(f"there is no {program}")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, folder)
    out = ["-femit-bin=app.wasm"] if source.suffix == ".zig" else ["-o", "app.wasm"]
    done = subprocess.run([*command, source.name, *out], cwd=folder, capture_output=True, text=True, timeout=SECONDS)
    if "can't find crate for" in done.stderr:
        raise Missing("rustc has no target wasm32-wasip1")
    if done.returncode != 0:
        sys.exit(f"{source.name}: {done.stderr}")


def lines_of(source):
    """The lines to stop at: those that may have code."""
    text = source.read_text().splitlines()
    return [number for number, line in enumerate(text, 1)
            if re.search(r"[;{]\s*$", line) and not re.match(r"\s*(#|//|struct|class|public|private|enum|static \w+ \w+;|})", line)]


def number_of(text):
    """A scalar as a number; None if it is not one."""
    text = text.strip()
    if match := re.match(r"'(\\?.+)'$", text):
        letter = match[1].encode().decode("unicode_escape", "replace")
        return ord(letter) if len(letter) == 1 else None
    match = re.match(r"(-?)(0x[0-9a-f]+|\d+(?:\.\d+)?(?:e[-+]?\d+)?|inf|nan)", text)
    if text in ("true", "false"):
        return int(text == "true")
    if not match:
        return None
    value = int(match[2], 16) if match[2].startswith("0x") else float(match[2])
    return -value if match[1] else value


def bare_name(name):
    """The last component of a function's name, without parameters and template arguments."""
    name = name.replace(" [inlined]", "")
    # What LLDB shows of Rust's names, and what clang calls main.
    if name.startswith("_ZN"):
        parts, rest = [], name[3:]
        while match := re.match(r"(\d+)", rest):
            parts.append(rest[match.end():match.end() + int(match[1])])
            rest = rest[match.end() + int(match[1]):]
        name = parts[-2] if len(parts) > 1 and re.fullmatch(r"h[0-9a-f]{16}", parts[-1]) else parts[-1]
    if name in ("__main_argc_argv", "__original_main"):
        return "main"
    while re.search(r"<[^<>]*>", name):
        name = re.sub(r"<[^<>]*>", "", name)
    name = re.sub(r"\(.*", "", re.sub(r"::h[0-9a-f]{16}$", "", name))
    return name.split("::")[-1].split(".")[-1].split(" ")[-1]


def stops_of_lldb(lldb, vitrine, folder, source, lines):
    path = folder / f"{pathlib.Path(lldb).parent.parent.name}-stops.json"
    path.unlink(missing_ok=True)
    (folder / "in_lldb.py").write_text(IN_LLDB)
    guest = subprocess.Popen([vitrine, "run", "-g0", "app.wasm"], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE, text=True)
    try:
        told = re.search(r"process connect [^'\"]*", guest.stderr.readline())
        subprocess.run([lldb, "--no-lldbinit", "--batch", "-o", told[0], "-o", "command script import in_lldb.py",
                        "-o", f"script in_lldb.run({lines}, {source.name!r}, {path.name!r}, {MAX_STOPS})", "-o", "kill"],
                       cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS)
    finally:
        guest.kill()
        guest.wait()
    return json.loads(path.read_text()) if path.exists() else None


FRAME = re.compile(r"^[* ] #\d+ (?P<name>.*?)(?:\((?P<arguments>.*)\))?(?P<inlined> \[inlined\])? at (?P<file>[^ :]+)(?::(?P<line>\d+))?$")


def stops_of_vitrine(vitrine, folder, source, lines):
    commands = ["set print elements 8", *(f"break {source.name}:{line}" for line in lines), "run"]
    for _ in range(MAX_STOPS):
        commands += ["echo @frames", "bt", "info frame", "echo @values", "info args", "info locals", "echo @end", "continue"]
    commands = [line if not line.startswith("echo") else f"print \"{line[5:]}\"" for line in commands]
    (folder / "commands").write_text("\n".join(commands) + "\n")
    done = subprocess.run([vitrine, "debug", "--batch", "-x", "commands", "app.wasm"], cwd=folder, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=SECONDS, errors="replace")
    stops, part = [], None
    for line in done.stdout.splitlines():
        if line.strip('"') in ("@frames", "@values", "@end"):
            part = line.strip('"')
            if part == "@frames":
                stops.append({"frames": [], "values": {}})
        elif line.startswith("> ") or not stops or part in (None, "@end"):
            continue
        elif part == "@frames" and (match := FRAME.match(line)):
            stops[-1].setdefault("is_inlined", bool(match["inlined"]))
            stops[-1]["frames"].append([match["name"], match["file"], int(match["line"] or 0)])
        elif part == "@frames" and (match := re.match(r"  at: 0x([0-9a-f]+)", line)):
            stops[-1]["at"] = int(match[1], 16)
        elif part == "@values" and (match := re.match(r"(\w+) = (.*)", line)):
            stops[-1]["values"].setdefault(match[1], None if match[2].startswith("<") else match[2])
    return [stop for stop in stops if stop["frames"]]


def differences(ours, theirs, source, version):
    """(line, what) of each difference. Stops at the same instruction, in the same order, are compared; one that only one side has
    is one difference."""
    def own(stop):
        frames = [(bare_name(name), line) for name, file, line in stop["frames"] if file == source.name]
        return frames if version > 22 else [(name, frames[0][1] if name == frames[0][0] else line) for name, line in frames]

    def line_of(stop):
        return stop["frames"][0][2]

    our_lines, their_lines = {line_of(stop) for stop in ours}, {line_of(stop) for stop in theirs}
    found, compared = [], 0
    matcher = difflib.SequenceMatcher(None, [stop["at"] for stop in ours], [stop["at"] for stop in theirs], autojunk=False)
    for what, begin, end, other_begin, other_end in matcher.get_opcodes():
        if what != "equal":
            found += [(line_of(stop), "only ours stops") for stop in ours[begin:end] if line_of(stop) not in their_lines]
            found += [(line_of(stop), "only LLDB stops") for stop in theirs[other_begin:other_end] if line_of(stop) not in our_lines]
            continue
        for stop, other in zip(ours[begin:end], theirs[other_begin:other_end]):
            compared += 1
            if stop["is_inlined"] and own(stop)[1:] == own(other):
                continue
            if own(stop) != own(other):
                found.append((line_of(stop), f"frames {own(stop)} / {own(other)}"))
            found += [(line_of(stop), what) for what in different_values(stop["values"], other["values"])]
    return found, compared


def different_values(ours, theirs):
    for name, value in theirs.items():
        mine = ours.get(name, "")
        if mine == "":
            yield f"{name} is only in LLDB"
        elif value is None and mine is not None:
            yield f"{name} has a value only here"
        elif value is not None and mine is None:
            yield f"{name} has a value only in LLDB"
        elif value is not None and not (value.startswith("0x") and not mine.startswith("0x")):
            one, two = number_of(mine), number_of(value)
            if one is not None and two is not None and one != two and abs(one - two) > 1e-9 * abs(two):
                yield f"{name} is {mine}, in LLDB {value}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--vitrine", required=True, type=pathlib.Path)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--lldb", default="lldb-22")
    parser.add_argument("--zig", type=pathlib.Path, default=HERE.parents[1] / "build/zig/zig")
    arguments = parser.parse_args()
    vitrine = arguments.vitrine.resolve()
    if not shutil.which(arguments.lldb):
        print(f"skipped: there is no {arguments.lldb}")
        return 1 if os.environ.get("VITRINE_REQUIRE_SHARED") else SKIPPED
    known = {line.partition(": ")[0]: 0 for line in (HERE / "beside/known.txt").read_text().splitlines() if line and not line.startswith("#")}
    total, missing, unknown = 0, [], []
    for source in sorted([HERE.parents[1] / "examples/bank/bank.c", *(HERE / "beside").glob("*.*")]):
        if source.suffix not in COMPILERS:
            continue
        for level in ("-O0", "-O2"):
            folder = arguments.work.resolve() / f"{source.stem}{level}"
            try:
                compile_program(source, level, folder, arguments.zig)
            except Missing as reason:
                missing.append(f"{source.name}: {reason}")
                continue
            lines = lines_of(source)
            theirs = stops_of_lldb(arguments.lldb, vitrine, folder, source, lines)
            if theirs is None:
                sys.exit(f"{source.name} {level}: LLDB did not come to an end")
            ours = stops_of_vitrine(vitrine, folder, source, lines)
            found, compared = differences(ours, theirs["stops"], source, theirs["version"])
            total += compared
            print(f"{source.name} {level}: {len(ours)} stops here, {len(theirs['stops'])} in LLDB, {compared} compared, {len(found)} differences")
            for line, what in found:
                row = f"{source.name} {level} {line} {what}"
                if row in known:
                    known[row] += 1
                else:
                    unknown.append(row)
    print(f"{total} stops compared, {len(unknown)} unexplained differences")
    for row in dict.fromkeys(unknown):
        print(f"unexplained: {row}")
    unmet = [row for row, count in known.items() if count == 0 and not any(row.startswith(each.split(":")[0]) for each in missing)]
    for row in unmet:
        print(f"known, but not met: {row}")
    for reason in dict.fromkeys(missing):
        print(f"skipped: {reason}")
    if not missing and total < MIN_STOPS:
        print(f"fewer than {MIN_STOPS} stops were compared")
        return 1
    if missing and os.environ.get("VITRINE_REQUIRE_SHARED"):
        return 1
    return 1 if unknown or unmet or total == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
