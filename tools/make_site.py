#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes the documentation as a site: the pages of docs/, and a reference from the public headers and
from the Python package (python_reference.py).

    make_site.py --work FOLDER [--library LIBVITRINE.SO]

FOLDER/html is the site. Sphinx makes it; a link that leads nowhere is an error. So is a public
function without a comment, and one that the library exports but the reference does not have.

A page of the reference has what stands in a header, in its order: declarations, and their comments
as text. Private members, `namespace detail` and the bodies of functions are left out. It relies on
the layout that clang-format makes. A comment is about all declarations up to the next empty line; one with
an empty line below it, about those up to the next comment.
"""

import argparse
import pathlib
import re
import shutil
import subprocess
import sys

import python_reference

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = ROOT / "include"
# Pages beside docs/, and files that pages link to.
PAGES = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")
FOLDERS = {"examples/embed": "examples/embed/embed.cpp", "examples/game": "examples/game/game.cpp",
    "examples/server": "examples/server/server.cpp"}
# Functions without a comment whose name says all, and classes that have the interface of std::expected.
CLEAR = re.compile(r"Own::make|ComponentFlags::(has|set)|ok|err|Resume::go|Val::([if]\d\d|v128)"
    r"|vitrine_\w+_(new|delete|copy|get|set)|vitrine_val_([if]\d\d|v128)")
STANDARD = {"Result", "ComponentResult"}
# Functions that need no comment: special members, operators, conversions, and getters, whose name is
# a noun.
PLAIN = re.compile(r"= default|= delete|~\w+\(|\boperator\b|^explicit |\w\(\) const( noexcept)?;$|\(\w+&&\) noexcept;$|\(const \w+\*\w*\);$")

CONFIGURATION = """
project = "Vitrine"
version = release = "{version}"
extensions = ["myst_parser"]
root_doc = "index"
myst_heading_anchors = 4
# With a sidebar that is not fixed, the text comes first for text browsers, then the list of pages.
html_theme = "alabaster"
html_theme_options = {{"description": "A WebAssembly runtime that a debugger can see into", "page_width": "1200px"}}
html_show_copyright = False
html_copy_source = False
suppress_warnings = ["misc.highlighting_failure"]
"""


def without_c_comments(text):
    """C comments as `///` lines, and the headings between them as `##`."""
    text = re.sub(r"/\* -{20,} \*\n \* (.*)\n \* -{20,} \*/", r"/// ## \1\n", text)

    def lines(match):
        inner = re.sub(r"^ \* ?", "", match[1].strip().removesuffix("*/").rstrip(), flags=re.MULTILINE)
        return "\n".join(f"/// {line}".rstrip() for line in inner.splitlines())
    return re.sub(r"^/\* (.*?\*/)$", lines, text, flags=re.MULTILINE | re.DOTALL)


def declarations_of(lines):
    """The lines without private members, without `detail`, and without bodies of functions; and the
    private lines."""
    kept, private, at = [], [], 0
    while at < len(lines):
        line = lines[at]
        indent = line[:len(line) - len(line.lstrip())]
        if line in ("namespace detail {", "#ifdef __cplusplus"):
            # A namespace of one line has no comment at its end.
            end = "#endif" if line.startswith("#") else "}" if lines[at + 2] == "}" else "} // namespace detail"
            while lines[at] != end:
                at += 1
        elif re.match(r"(private|protected):", line.strip()):
            # Up to the end of the class, or to what is public again.
            while not re.match(rf"{indent}(\}};|public:)", lines[at]):
                private.append(lines[at].strip())
                at += 1
            continue
        elif re.match(r"\s*(public:|#\s*(pragma|include|ifndef|endif|undef|define (\w+_H|own)$|if|else|elif)|namespace|\} // namespace|extern \"C\")", line):
            pass
        elif re.fullmatch(r"\s*\{\}?", line):
            # The body of a function, below its declaration and the initialisers of members.
            while re.match(r"\s+[:,] ", kept[-1]):
                kept.pop()
            kept[-1] = re.sub(r"\) : .*", ")", kept[-1]) + ";"
            while line.endswith("{") and lines[at] != f"{indent}}}":
                at += 1
        elif re.search(r"\)[^(){}]* \{ .* \}$", line):
            kept.append(re.sub(r"(\)[^(){}]*?)(?: : .*)? \{ .* \}$", r"\1;", line))
        elif re.match(r"\s+: .* \{\}$|\s+: .* \{ .* \}$", line) and kept:
            kept[-1] += ";"
        elif re.search(r"\) : .*\{\}$", line):
            kept.append(re.sub(r"\) : .*\{\}$", ");", line))
        else:
            kept.append(line.replace("VITRINE_API ", "").replace("WASM_API_EXTERN ", ""))
        at += 1
    return kept, private


NAME = re.compile(r"(?:^|[\s*&])(operator\W+?|~?\w+)\(")


class Page:
    """The page of a header."""

    def __init__(self, path):
        self.name = str(path.relative_to(INCLUDE))
        self.text = []
        self.names = set()
        self.is_covered = False
        self.bare = []
        lines = without_c_comments(path.read_text()).splitlines()
        lines = [line for line in lines if "SPDX-License-Identifier" not in line]
        lines = [re.sub(r"^// (?!#)", "/// ", line) if at < 1 else line for at, line in enumerate(lines)]
        self.text.append(f"# {self.name}\n")
        public, private = declarations_of(lines)
        self.private = {name for line in private for name in NAME.findall(line)}
        self.body(public, "", "")

    def body(self, lines, indent, owner):
        comment, code, at = [], [], 0
        while at < len(lines):
            line = lines[at].removeprefix(indent)
            at += 1
            if not line.strip():
                self.item(comment, code, owner)
                comment, code = [], []
            elif match := re.match(r"///? ?(.*)", line):
                if code:
                    self.item(comment, code, owner)
                    comment, code = [], []
                if match[1].startswith("## "):
                    self.item(comment, code, owner)
                    comment = []
                    self.text.append(match[1] + "\n")
                    self.is_covered = False
                else:
                    comment.append(match[1])
            elif match := re.match(r"(?:template<.*> )?(?:class|struct) (?:\[\[nodiscard\]\] )?(\w+)(?:<.*>)?(?: final)?(?: : .*)? \{$", line):
                self.item([], code, owner)
                end = at
                while lines[end] != f"{indent}}};":
                    end += 1
                self.of_class(comment, line, match[1], lines[at:end], indent, owner)
                comment, code, at = [], [], end + 1
            else:
                code.append(line)
        self.item(comment, code, owner)

    def of_class(self, comment, head, name, lines, indent, owner):
        full = f"{owner}::{name}" if owner else name
        self.text.append(f"## {full}\n" if not owner else f"### {full}\n")
        self.item(comment, [head.removesuffix(" {") + ";"], owner)
        self.body(lines, indent + "    ", full)

    def item(self, comment, code, owner):
        """Declarations, and the comment on them."""
        if code:
            text = "\n".join(code)
            # Lines that go on have only parameters.
            declared = [(NAME.search(line)[1], line) for line in code if NAME.search(line) and not line.startswith((" ", "#"))]
            declared = [(name, line) for name, line in declared if not name.isupper()]
            indexed = sorted({name for name, _ in declared if not name.startswith(("operator", "~")) and name not in (owner, "bool")})
            self.text += [f"```{{index}} single: {name} ({owner or self.name})\n```\n" for name in indexed]
            for name, line in declared:
                self.names.add((owner, name))
                is_clear = name == owner or owner in STANDARD or PLAIN.search(line) or CLEAR.fullmatch(f"{owner}::{name}".removeprefix("::"))
                # The standard C API says what its functions do.
                if not comment and not self.is_covered and not is_clear and self.name != "wasm.h":
                    self.bare.append(f"{self.name}: {owner}::{name}".replace(": ::", ": "))
            self.text.append(f"```{'c' if self.name.endswith('.h') else 'cpp'}\n{text}\n```\n")
        if comment:
            self.is_covered = not code
            self.text.append("\n".join(self.prose(line) for line in comment) + "\n")

    @staticmethod
    def prose(line):
        """Outside of code `<` would begin a tag, and `*` emphasis."""
        if line.startswith("    "):
            return line
        return "`".join(part if at % 2 else re.sub(r"([<*])", r"\\\1", part) for at, part in enumerate(line.split("`")))


def write_reference(source):
    folder = source / "reference"
    folder.mkdir(parents=True)
    pages = []
    for path in sorted(INCLUDE.rglob("*.h*")):
        if path.name in ("export.hpp", "forward.hpp"):
            continue
        page = Page(path)
        pages.append(page)
        file = page.name.replace("/", "_").replace(".", "_") + ".md"
        (folder / file).write_text("\n".join(page.text))
        page.file = file.removesuffix(".md")
    lists = "\n".join(f"{page.name} <{page.file}>" for page in pages)
    (folder / "index.md").write_text("# Reference\n\nThe public headers, one a page: the C++ API is in `vitrine/`, the standard C API in `wasm.h`. "
        "The [index](genindex) lists all functions.\n\n```{toctree}\n" + lists + "\n```\n")
    return pages


def write_pages(source):
    """Copies the pages, and what they link to."""
    for path in [*(ROOT / name for name in PAGES), *(ROOT / "docs").glob("*.md")]:
        text = path.read_text()
        if path == ROOT / "docs/README.md":
            text = "---\norphan: true\n---\n" + text

        def target(match):
            link, _, anchor = match[1].partition("#")
            if re.match(r"\w+:", link) or not link:
                return match[0]
            file = (path.parent / link).resolve()
            name = str(file.relative_to(ROOT)) if file.is_relative_to(ROOT) else ""
            if file.is_relative_to(INCLUDE) and file.is_file():
                up = "../" if path.parent != ROOT else ""
                return f"]({up}reference/{str(file.relative_to(INCLUDE)).replace('/', '_').replace('.', '_')}.md)"
            if name in FOLDERS:
                link, file = link.replace(name, FOLDERS[name]), ROOT / FOLDERS[name]
            if file.is_file() and file.suffix != ".md":
                copy = source / file.relative_to(ROOT)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, copy)
            return f"]({link}{'#' + anchor if anchor else ''})"
        # Not in blocks of code.
        parts = re.split(r"(^```(?:.|\n)*?^```$|^    .*$|`[^`\n]*`(?!\]))", text, flags=re.MULTILINE)
        text = "".join(part if at % 2 else re.sub(r"\]\(([^)\s]+)\)", target, part) for at, part in enumerate(parts))
        copy = source / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(text)


def write_index(source):
    """The first page: docs/README.md, whose chapters order all pages."""
    text, trees, seen = (ROOT / "docs/README.md").read_text(), [], {"docs/README"}
    for chapter in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        links = re.findall(r"^\| \[.*?\]\((.*?)\)", chapter, re.MULTILINE)
        pages = [str((ROOT / "docs" / link).resolve().relative_to(ROOT)).removesuffix(".md") for link in links]
        trees.append((chapter.splitlines()[0], [page for page in pages if page not in seen]))
        seen.update(pages)
    trees.append(("Reference", ["reference/index", "reference/python/index"]))
    trees.append(("The project", [page for page in (name.removesuffix(".md") for name in PAGES) if page not in seen]))
    text = re.sub(r"\]\((?!\.\./)", "](docs/", text).replace("](../", "](")
    text += "\n## Reference\n\nAll declarations of the [public headers](reference/index.md), and all names of the "
    text += "[Python package](reference/python/index.md).\n\n"
    text += "\n".join("```{toctree}\n:hidden:\n:caption: " + caption + "\n\n" + "\n".join(pages) + "\n```\n" for caption, pages in trees)
    (source / "index.md").write_text(text)


def missing_functions(library, pages):
    """Functions that the library exports but no page has."""
    shown = subprocess.run(["nm", "--dynamic", "--defined-only", "--demangle", library], capture_output=True, text=True, check=True).stdout
    known = {(owner.rpartition("::")[2], name) for page in pages for owner, name in page.names}
    private = {name for page in pages for name in page.private}
    missing = set()
    for line in re.findall(r" T vitrine::([\w:~]+)(?:\[abi:\w+\])?\(", shown):
        parts = [part for part in line.split("::") if part != "debug"]
        owner, name = (parts[-2] if len(parts) > 1 else "", parts[-1])
        is_special = name.startswith("~") or name == owner or name == "operator" or "detail" in parts
        if not is_special and (owner, name) not in known and name not in private:
            missing.add(line)
    return sorted(missing)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--library", type=pathlib.Path)
    arguments = parser.parse_args()
    source, html = arguments.work / "source", arguments.work / "html"
    for folder in (source, html):
        shutil.rmtree(folder, ignore_errors=True)
    pages = write_reference(source)
    package = python_reference.write(source / "reference/python", ROOT / "python/vitrine")
    write_pages(source)
    write_index(source)
    numbers = re.findall(r"#define VITRINE_VERSION_\w+ (\d+)", (INCLUDE / "vitrine/version.h").read_text())
    (source / "conf.py").write_text(CONFIGURATION.format(version=".".join(numbers)))
    errors = [f"no comment: {bare}" for page in pages for bare in page.bare]
    if arguments.library:
        errors += [f"not in the reference: {name}" for name in missing_functions(arguments.library, pages)]
    errors += package.errors
    for error in errors:
        print(error, file=sys.stderr)
    print(f"site: {sum(len(page.names) for page in pages)} functions in {len(pages)} headers, "
        f"{len(package.names)} names of Python, {len(errors)} errors")
    status = subprocess.run([sys.executable, "-m", "sphinx", "-b", "html", "-q", "-W", "--keep-going", source, html]).returncode
    return 1 if errors else status


if __name__ == "__main__":
    sys.exit(main())
