#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Holds the tree against ARCHITECTURE.md.

- Each folder of src/ has its row in the layer table, and each row its folder.
- A file includes only its own layer and those its row lists; so does DEPENDS of its CMakeLists.txt.
- What it includes may itself include other layers. Such headers reach the file only if the page lists them as
  re-exported; so no debugger reaches a tier.
- Only engine knows which tiers there are.
- Only exec/frame, the driver and the tiers know control records; only they and the rest of exec touch the fields of
  a thread that belong to execution.
- Guest state is written by runtime, exec and the tiers; everybody else goes through runtime/mutation.
- Libraries of others are included only by the layers that list them.
- Public headers include the standard library and each other. Every layer may include those of plain data.
- Each file of src/ and include/ is named by exactly one line of the file tables, and each line has its file.
- No layer but cli, which is a program, has variables of the process.
- Each file that the five walks of the page open is there.
- Each source starts with the licence line.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "ARCHITECTURE.md"
SOURCES = {".h", ".hpp", ".cpp", ".inc"}
LICENCE = "SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception"
LIBRARIES = {"boost": "Boost", "fmt": "fmt", "CLI": "CLI11", "llvm": "LLVM", "asmjit": "asmjit", "histedit.h": "libedit"}
TIERS = {"interp/interpreter.h", "jit/compiling_tier.h"}
# What the layers have in common with the API: plain data.
COMMON = {"vitrine/kinds.hpp", "vitrine/component_value.hpp", "vitrine/component_types.hpp", "vitrine/component_mapping.hpp"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)

# A variable that is static or of a thread and not constant; a function has a bracket before its end.
VARIABLE = re.compile(r"^\s*(?:inline\s+)?(?:static|thread_local)\s+(?!const\b|constexpr\b|constinit const\b)[^(\n]*?(?:;|=|\{)", re.MULTILINE)

# What a thread remembers about itself and nothing else: no state of the library.
CACHES_OF_A_THREAD = {"exec/host_thread.cpp", "jit/compiler.cpp"}
# A signal handler gets no argument: it can only find what is static.
SIGNAL_HANDLERS = {"jit/faults.cpp"}
# What GDB finds by its name.
NAMES_FOR_GDB = {"jit/profile.cpp"}

errors = []


def error(where, text):
    errors.append(f"{where}: {text}")


def rows(text):
    """The cells of each line of the tables in `text`, without heads and rulers."""
    table = []
    for line in text.splitlines():
        if re.fullmatch(r"\|[ |:-]+\|", line):
            table.pop()  # what stood above the ruler was the head
        elif line.startswith("|"):
            table.append([cell.strip() for cell in line.strip("|").split("|")])
    return table


def section(page, heading):
    """The text below a heading, up to the next one of its level or above."""
    level = heading.split(" ")[0]
    match = re.search(rf"^{re.escape(heading)}$(.*?)(?=^#{{1,{len(level)}}} |\Z)", page, re.MULTILINE | re.DOTALL)
    if not match:
        sys.exit(f"ARCHITECTURE.md: no section '{heading}'")
    return match[1]


def layers_of(page):
    """Layer -> (layers it may include, libraries it may use), in the order of the table."""
    layers = {}
    for name, below, libraries, _ in rows(section(page, "## Layers")):
        name = name.strip("`")
        allowed = set(layers) if below == "all above" else set(re.findall(r"\w+", below))
        for layer in allowed - set(layers):
            error("ARCHITECTURE.md", f"layer {name} may include {layer}, which is no layer above it in the table")
        layers[name] = (allowed | {name}, set(re.findall(r"\w+", libraries)))
    return layers


def sources(folder):
    return sorted(path for path in (ROOT / folder).rglob("*") if path.suffix in SOURCES)


def check_layers(layers):
    folders = {path.name for path in (ROOT / "src").iterdir() if path.is_dir()}
    for folder in folders - set(layers):
        error(f"src/{folder}", "has no row in the layer table")
    for layer in set(layers) - folders:
        error("ARCHITECTURE.md", f"layer {layer} has no folder src/{layer}")


def check_includes(layers):
    for path in sources("src"):
        where, layer = path.relative_to(ROOT), path.relative_to(ROOT / "src").parts[0]
        if layer not in layers:
            continue
        allowed, libraries = layers[layer]
        for form, name in INCLUDE.findall(path.read_text()):
            first = name.split("/")[0]
            if form == '"' and not (ROOT / "src" / name).is_file():
                error(where, f'"{name}" is not a file below src/')
            elif form == '"' and first not in allowed:
                error(where, f'includes "{name}", but {layer} may not include {first}')
            elif name in TIERS and layer not in (first, "engine"):
                error(where, f'includes "{name}", but {layer} is not engine, which alone knows the tiers')
            elif first == "vitrine" and name not in COMMON and "public" not in libraries:
                error(where, f"includes <{name}>, but {layer} may not include the public headers")
            elif first in LIBRARIES and LIBRARIES[first] not in libraries:
                error(where, f"includes <{name}>, but {layer} may not use {LIBRARIES[first]}")
    for path in sources("include"):
        for form, name in INCLUDE.findall(path.read_text()):
            public = form == "<" and (name.startswith("vitrine/") or "/" not in name)
            if not public:
                error(path.relative_to(ROOT), f"includes {name}, which is neither public nor standard")


def includes_of(name, known={}):
    """The files below src/ that a file includes, directly or not, and by which of its includes they come."""
    if name not in known:
        known[name] = {}
        for form, included in INCLUDE.findall((ROOT / "src" / name).read_text()):
            if form == '"' and (ROOT / "src" / included).is_file():
                known[name].setdefault(included, included)
                for further in includes_of(included):
                    known[name].setdefault(further, included)
    return known[name]


def check_reach(layers, page):
    exported = {}
    for layer, headers in re.findall(r"^- `(\w+)`: (.*?)(?=^- |\Z)", section(page, "## Re-exported headers"), re.MULTILINE | re.DOTALL):
        exported[layer] = set(re.findall(r"[\w/]+\.\w+", headers))
        for header in sorted(exported[layer]):
            if not (ROOT / "src" / header).is_file():
                error("ARCHITECTURE.md", f"{layer} re-exports {header}, which does not exist")
    used = set()
    for path in sources("src"):
        name = str(path.relative_to(ROOT / "src"))
        layer = name.split("/")[0]
        if layer not in layers:
            continue
        allowed = layers[layer][0]
        passed_on = set().union(*(exported.get(other, set()) for other in allowed))
        for header, through in includes_of(name).items():
            if header.split("/")[0] in allowed:
                continue
            used.add(header)
            if header not in passed_on:
                error(f"src/{name}", f'reaches "{header}" through "{through}", which may not re-export it to {layer}')
    for layer, headers in exported.items():
        for header in sorted(headers - used):
            error("ARCHITECTURE.md", f"{layer} re-exports {header}, which no other layer reaches")


def check_walks(page):
    for name in re.findall(r"`(\w+/\w+\.\w+)`", section(page, "## Five walks")):
        if not (ROOT / "src" / name).is_file():
            error("ARCHITECTURE.md", f"a walk opens {name}, which does not exist")


RECORD_FILES = {
    "exec/frame.h", "exec/frame.cpp", "exec/driver.h", "exec/driver.cpp", "exec/crossing.cpp", "interp/interpreter.cpp",
    "jit/compiler.cpp", "jit/control.cpp", "jit/exit.cpp", "jit/out_of_line.cpp", "jit/thread_machine.cpp",
}
RECORD_FORWARD = {"exec/guest_stack.h", "exec/guest_stack.cpp", "exec/thread.h", "exec/crossing.h"}
RECORDS = re.compile(r"(?<!ComponentKind::)\bRecord\b|\b(?:push|pop|popped|innermost)_record\b|\brecord_of\b|\bReturnTo\b")


def check_execution():
    """Who knows control records, and the fields of a thread that belong to execution."""
    thread = (ROOT / "src" / "exec" / "thread.h").read_text()
    match = re.search(r"// For exec and the tiers\.\n(.*?)\n    // For probes", thread, re.DOTALL)
    if not match:
        return error("src/exec/thread.h", "has no part 'For exec and the tiers.' before its part 'For probes'")
    fields = re.findall(r"(\w+)(?: = [^;]*| \{\})?;$", match[1], re.MULTILINE)
    touches = re.compile(r"\bthread_?(?:\(\))?(?:\.|->)(" + "|".join(fields) + r")\b(?!\()")
    for path in sources("src"):
        name = str(path.relative_to(ROOT / "src"))
        text = re.sub(r"//.*", "", path.read_text())
        if name not in RECORD_FILES | RECORD_FORWARD and (found := RECORDS.search(text)):
            error(f"src/{name}", f"knows control records ({found[0]}), which only {', '.join(sorted(RECORD_FILES))} may")
        if name.split("/")[0] not in ("exec", "interp", "jit") and (found := touches.search(text)):
            error(f"src/{name}", f"touches Thread::{found[1]}, which belongs to exec and the tiers")


WRITERS = {"runtime", "exec", "interp", "jit"}
WRITES = re.compile(r"\b(?:writable_\w+|set_part|store_element|guest_store|guest_fill)\b|\bstore(?:\(\))?(?:\.|->)grow\b")


def check_writes():
    """Who writes guest state past runtime/mutation."""
    for path in sources("src"):
        name = str(path.relative_to(ROOT / "src"))
        found = WRITES.search(re.sub(r"//.*", "", path.read_text()))
        if found and name.split("/")[0] not in WRITERS:
            error(f"src/{name}", f"writes guest state ({found[0]}) past runtime/mutation")


def check_depends(layers):
    for layer, (allowed, _) in layers.items():
        file = ROOT / "src" / layer / "CMakeLists.txt"
        text = file.read_text() if file.is_file() else ""
        for depends in re.findall(r"DEPENDS([^)]*?)(?=SOURCES|LINKS|\))", text):
            for name in set(depends.split()) - allowed:
                error(file.relative_to(ROOT), f"depends on {name}, which {layer} may not include")


def check_files(page):
    listed = []
    for folder in re.findall(r"^### `((?:src|include)(?:/\w+)?)`", page, re.MULTILINE):
        for name, _ in rows(section(page, f"### `{folder}`")):
            name = name.strip("`")
            forms = [name] if "." in name else [f"{name}.h", f"{name}.cpp"]
            listed += [f"{folder}/{form}" for form in forms]
    present = {str(path.relative_to(ROOT)) for folder in ("src", "include") for path in sources(folder)}
    for file in sorted(set(listed) - present):
        error("ARCHITECTURE.md", f"{file} has a line but does not exist")
    for file in sorted(present - set(listed)):
        error(file, "has no line in ARCHITECTURE.md")
    for file in sorted({file for file in listed if listed.count(file) > 1}):
        error("ARCHITECTURE.md", f"{file} has more than one line")


def check_variables():
    for path in sources("src"):
        name = path.relative_to(ROOT / "src")
        if name.parts[0] != "cli" and str(name) not in CACHES_OF_A_THREAD | SIGNAL_HANDLERS | NAMES_FOR_GDB:
            for found in VARIABLE.findall(path.read_text()):
                error(path.relative_to(ROOT), f"has a variable of the process: {found.strip()}")


def check_licence():
    for folder in ("src", "include", "tests", "examples"):
        for path in sources(folder):
            with path.open(errors="replace") as file:
                if LICENCE not in file.readline():
                    error(path.relative_to(ROOT), "does not start with the licence line")


def main():
    page = PAGE.read_text()
    layers = layers_of(page)
    check_layers(layers)
    check_includes(layers)
    check_reach(layers, page)
    check_walks(page)
    check_execution()
    check_writes()
    check_depends(layers)
    check_files(page)
    check_variables()
    check_licence()
    for text in errors:
        print(text)
    print(f"architecture: {len(layers)} layers, {len(sources('src'))} sources, {len(errors)} errors")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
