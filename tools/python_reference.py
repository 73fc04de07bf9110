# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The reference of the Python package, for make_site.py: pages made of its annotations and docstrings.

It reads the sources and imports nothing, so that neither the library nor cffi needs to be there. A page has
the public names of one module of the package, in their order. A public name, or a public member of one,
that has no docstring is an error, and so is an attribute that nothing describes.
"""

import ast
import re

# Classes that programs make objects of. All others come from the package.
CONSTRUCTED = (
    "Engine", "Store", "Module", "Instance", "Linker", "Wasi", "Session", "GdbServer", "DapServer", "FuncType",
    "Component", "ComponentLinker", "Record", "Variant", "Ok", "Err", "Error", "Exit",
)


class Class:
    """A class with its public members."""

    def __init__(self, node, classes):
        self.node, self.name = node, node.name
        self.doc = ast.get_docstring(node) or ""
        decorators = [ast.unparse(item) for item in node.decorator_list]
        self.bases = [ast.unparse(base) for base in node.bases]
        self.is_plain = any(base == "NamedTuple" for base in self.bases) or any("dataclass" in item for item in decorators)
        # Members of bases that are not public belong to the class.
        inherited = [classes[base] for base in self.bases if base in classes]
        self.members = {name: member for base in inherited for name, member in Class(base, classes).members.items()}
        self.overloads = {}
        self.attributes = {}
        self.init = None
        for item in node.body:
            if isinstance(item, ast.FunctionDef):
                self.add(item)
            elif self.is_plain and isinstance(item, ast.AnnAssign) and not item.target.id.startswith("_"):
                self.attributes[item.target.id] = ast.unparse(item.annotation)

    def add(self, func):
        decorators = [ast.unparse(item) for item in func.decorator_list]
        if func.name == "__init__":
            self.init = func
            for item in ast.walk(func):
                targets = item.targets if isinstance(item, ast.Assign) else [item.target] if isinstance(item, ast.AnnAssign) else []
                for target in targets:
                    values = item.value.elts if isinstance(target, ast.Tuple) and isinstance(item.value, ast.Tuple) else [item.value]
                    for one, value in zip(target.elts if isinstance(target, ast.Tuple) else [target], values):
                        if isinstance(one, ast.Attribute) and ast.unparse(one.value) == "self" and not one.attr.startswith("_"):
                            self.attributes.setdefault(one.attr, self.type_of(func, item, value))
        elif func.name.startswith("_") or any(item.endswith(".setter") for item in decorators):
            pass
        elif "overload" in decorators:
            self.overloads.setdefault(func.name, []).append(signature(func, True))
        else:
            self.members[func.name] = func

    @staticmethod
    def type_of(init, assignment, value):
        """The type of an attribute: as it is annotated, or that of the parameter that it is set to."""
        if isinstance(assignment, ast.AnnAssign):
            return ast.unparse(assignment.annotation)
        params = [*init.args.posonlyargs, *init.args.args, *init.args.kwonlyargs]
        types = {param.arg: param.annotation for param in params if param.annotation}
        return ast.unparse(types[value.id]) if isinstance(value, ast.Name) and value.id in types else ""

    def comment_on(self, name, text):
        """The `#:` comment above an attribute."""
        lines = "\n".join(text.splitlines()[self.node.lineno - 1:self.node.end_lineno])
        found = re.search(rf"((?:^ +#: .*\n)+) +(?:self\.)?{name}\b", lines, re.MULTILINE)
        return " ".join(line.strip().removeprefix("#: ") for line in found[1].splitlines()) if found else ""

    def signature(self):
        if self.name not in CONSTRUCTED:
            return self.name
        if self.init:
            return self.name + signature(self.init, True).partition(" -> ")[0]
        fields = [item for item in self.node.body if isinstance(item, ast.AnnAssign)]
        return f"{self.name}({', '.join(ast.unparse(item) for item in fields)})"


def signature(func, is_method):
    """`(size: int = 5) -> bytes`, without `self`."""
    args = ast.unparse(func.args)
    if is_method:
        args = re.sub(r"^(self|cls)(, )?", "", args)
    return f"({args.removeprefix('/, ')})" + (f" -> {ast.unparse(func.returns)}" if func.returns else "")


class Package:
    def __init__(self, folder):
        self.errors = []
        init = ast.parse((folder / "__init__.py").read_text())
        sources = {}
        self.public = set()
        for item in init.body:
            if isinstance(item, ast.ImportFrom):
                for alias in item.names:
                    sources[alias.asname or alias.name] = item.module
            elif isinstance(item, ast.Assign) and ast.unparse(item.targets[0]) == "__all__":
                self.public = {ast.literal_eval(name) for name in item.value.elts}
        self.modules = {path.stem: ast.parse(path.read_text()) for path in sorted(folder.glob("_*.py"))}
        self.texts = {path.stem: path.read_text() for path in folder.glob("_*.py")}
        nodes = {name: [item for item in tree.body if hasattr(item, "name")] for name, tree in self.modules.items()}
        private = {node.name: node for items in nodes.values() for node in items
                   if isinstance(node, ast.ClassDef) and node.name not in self.public}
        self.aliases = {}
        for tree in self.modules.values():
            for item in tree.body:
                if isinstance(item, ast.Assign) and isinstance(item.value, ast.Subscript) and ast.unparse(item.value.value) == "Union":
                    self.aliases[item.targets[0].id] = " | ".join(ast.unparse(one) for one in item.value.slice.elts)
                elif isinstance(item, ast.Assign) and isinstance(item.value, ast.Call) and ast.unparse(item.value.func) == "TypeVar":
                    self.aliases[item.targets[0].id] = " | ".join(ast.unparse(one) for one in item.value.args[1:])
        # The public names of each module, in its order.
        self.pages = {}
        for module, items in nodes.items():
            named = [item for item in items if item.name in self.public and sources.get(item.name) == module]
            if named:
                self.pages[module] = [Class(item, private) if isinstance(item, ast.ClassDef) else item for item in named]
        found = {item.name for items in self.pages.values() for item in items}
        self.errors += [f"not in the Python reference: {name}" for name in sorted(self.public - found)]
        self.errors += [f"no class of the Python package: {name}" for name in sorted(set(CONSTRUCTED) - found)]
        # All names that can be linked to.
        self.names = set(found)
        for items in self.pages.values():
            for item in items:
                if isinstance(item, Class):
                    self.names |= {f"{item.name}.{member}" for member in [*item.members, *item.attributes]}

    # -- Text

    def prose(self, doc, owner=""):
        """A docstring in Markdown: examples in fences, names as links."""
        parts = []
        for paragraph in re.split(r"\n{2,}", doc):
            if paragraph.startswith(">>>"):
                if parts and parts[-1].startswith("```pycon"):
                    parts[-1] = parts[-1].removesuffix("\n```") + f"\n\n{paragraph}\n```"
                else:
                    parts.append(f"```pycon\n{paragraph}\n```")
                continue
            parts.append(self.linked(paragraph, owner))
        return "\n\n".join(parts)

    def linked(self, text, owner):
        def code(match):
            word = match[1]
            for name in (word.removeprefix("vitrine."), f"{owner}.{word}"):
                if name in self.names:
                    return f"{{py:obj}}`{word} <vitrine.{name}>`"
            return match[0]
        text = re.sub(r"`([\w.]+)`", code, text)
        text = re.sub(r"`(vitrine/(\w+)\.h)`", r"[`\1`](../vitrine_\2_h.md)", text)
        return re.sub(r"docs/([\w-]+)\.md", r"[\1.md](../../docs/\1.md)", text)

    def documented(self, name, doc):
        if not doc:
            self.errors.append(f"no docstring: vitrine.{name}")
        return doc or ""

    # -- Pages

    def spelled_out(self, text):
        """A signature without names that are not public: those of unions and type variables."""
        for name, meaning in self.aliases.items():
            text = re.sub(rf"\b{name}\b", meaning, text)
        # `type` alone would be taken for one of the members of that name.
        return re.sub(r"\btype\[", "Type[", text.replace("'os.PathLike[str]'", "os.PathLike[str]"))

    def page(self, module):
        tree = self.modules[module]
        title = (ast.get_docstring(tree) or module).splitlines()[0].rstrip(".")
        text = [f"# {title}\n", "```{py:module} vitrine\n:no-index:\n```\n"]
        for item in self.pages[module]:
            text.append(f"## {item.name}\n")
            text.append(self.of_class(item, module) if isinstance(item, Class) else self.of_function(item, "function", item.name, signature(item, False)))
        return "\n".join(text)

    def directive(self, kind, head, body, depth, options=()):
        fence = "`" * depth
        head, options = self.spelled_out(head), [self.spelled_out(option) for option in options]
        return "\n".join([f"{fence}{{py:{kind}}} {head}", *(f":{option}" for option in options), "", body, fence, ""])

    def of_class(self, item, module):
        doc = self.documented(item.name, item.doc)
        if item.init and item.name in CONSTRUCTED and (more := ast.get_docstring(item.init)):
            doc += "\n\n" + more
        body = [self.prose(doc, item.name), ""]
        described = set(re.findall(r"`(\w+)", doc))
        for name, type in item.attributes.items():
            comment = item.comment_on(name, self.texts[module])
            if name not in described and not comment:
                self.errors.append(f"no docstring: vitrine.{item.name}.{name}")
            options = [f"type: {type}"] if type else []
            body.append(self.directive("attribute", f"{item.name}.{name}", self.linked(comment, item.name), 5, options))
        for name, func in item.members.items():
            decorators = [ast.unparse(one) for one in func.decorator_list]
            if "property" in decorators:
                type = [f"type: {ast.unparse(func.returns)}"] if func.returns else []
                doc = self.documented(f"{item.name}.{name}", ast.get_docstring(func))
                body.append(self.directive("property", f"{item.name}.{name}", self.prose(doc, item.name), 5, type))
            else:
                kinds = ["classmethod:"] if "classmethod" in decorators else ["staticmethod:"] if "staticmethod" in decorators else []
                full = f"{item.name}.{name}"
                forms = item.overloads.get(name, [])
                body.append(self.of_function(func, "method", full, signature(func, "staticmethod" not in decorators), kinds, item.name, forms))
        kind = "exception" if item.name in ("Error", "Exit", "Trap", "Err") else "class"
        return self.directive(kind, item.signature(), "\n".join(body), 7)

    def of_function(self, func, kind, name, shown, options=(), owner="", forms=()):
        doc = self.prose(self.documented(name, ast.get_docstring(func)), owner)
        if forms:
            doc = "```python\n" + "\n".join(func.name + self.spelled_out(form) for form in forms) + "\n```\n\n" + doc
            shown = "(...)"
        return self.directive(kind, name + shown, doc, 5, options)

    def index(self):
        text = ["# The Python package\n", "The public names of the package `vitrine`. [python.md](../../docs/python.md) is an introduction.\n",
                "```{py:module} vitrine\n```\n", "| name | |\n| --- | --- |"]
        rows = []
        for items in self.pages.values():
            for item in items:
                doc = item.doc if isinstance(item, Class) else ast.get_docstring(item) or ""
                first = re.split(r"(?<=[.:])\s", re.sub(r"\s+", " ", doc.split("\n\n")[0]))[0].rstrip(":")
                rows.append((item.name, self.linked(first, item.name).replace("|", "\\|")))
        text += [f"| {{py:obj}}`{name} <vitrine.{name}>` | {first} |" for name, first in sorted(rows)]
        text.append("\n```{toctree}\n:hidden:\n\n" + "\n".join(module.strip("_") for module in self.pages) + "\n```\n")
        return "\n".join(text)


def write(source, folder):
    """Writes the pages into the folder `source`. Returns the package."""
    package = Package(folder)
    source.mkdir(parents=True)
    for module in package.pages:
        (source / f"{module.strip('_')}.md").write_text(package.page(module))
    (source / "index.md").write_text(package.index())
    return package
