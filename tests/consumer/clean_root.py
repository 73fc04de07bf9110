# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes a folder that looks like the root of a Debian on which only certain packages are installed.

    clean_root.py FOLDER PACKAGES NAME...

PACKAGES is a folder with our own packages. The others, and all that they depend on, are copied from
this machine, where they must be installed; of these only what programs are compiled and run with.
So a package that does not name what it needs leaves a hole in the tree.
"""

import pathlib
import re
import shutil
import subprocess
import sys

KEPT = ("/lib/", "/lib64/", "/usr/lib/", "/usr/lib64/", "/usr/include/")
MERGED = ("bin", "lib", "lib64", "sbin")


def output(*words):
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


class Own:
    """A package that is a file."""

    def __init__(self, file):
        self.file = file
        self.version = self.field("Version")

    def field(self, name):
        return output("dpkg-deb", "-f", self.file, name).strip()

    def depends(self):
        return self.field("Depends")

    def unpack(self, root):
        # `dpkg-deb -x` would replace the link of a folder such as /lib by a folder.
        archive = subprocess.run(["dpkg-deb", "--fsys-tarfile", self.file], capture_output=True, check=True).stdout
        subprocess.run(["tar", "-x", "--keep-directory-symlink", "--no-same-owner", "-C", root], input=archive, check=True)


class Installed:
    """A package of this machine."""

    def __init__(self, name):
        self.name = name
        status, self.version = output("dpkg-query", "-W", "-f=${db:Status-Status} ${Version}", name).split()
        if status != "installed":
            sys.exit(f"{name} is not installed")

    def depends(self):
        return output("dpkg-query", "-W", "-f=${Pre-Depends},${Depends}", self.name)

    def unpack(self, root):
        files = [path for path in output("dpkg-query", "-L", self.name).splitlines() if path.startswith(KEPT)]
        files = [path for path in files if not pathlib.Path(path).is_dir() or pathlib.Path(path).is_symlink()]
        archive = subprocess.run(["tar", "-c", "--no-recursion", "-C", "/", "-T", "-"], input="\n".join(path[1:] for path in files).encode(),
            capture_output=True, check=True).stdout
        subprocess.run(["tar", "-x", "--keep-directory-symlink", "--no-same-owner", "-C", root], input=archive, check=True)


def find(own, choice):
    """The package that a dependency such as `libc6 (>= 2.34) | libc6-udeb` means."""
    for alternative in choice.split("|"):
        name, relation, wanted = re.fullmatch(r"([\w.+-]+)(?::\w+)?\s*(?:\((\S+) (\S+)\))?", alternative.strip()).groups()
        if name in own:
            package = own[name]
        elif subprocess.run(["dpkg-query", "-W", name], capture_output=True).returncode == 0:
            package = Installed(name)
        else:
            continue
        if relation and subprocess.run(["dpkg", "--compare-versions", package.version, relation, wanted]).returncode != 0:
            sys.exit(f"{choice}: there is {name} {package.version}")
        return name, package
    # A virtual package, which only chooses between others.
    return None, None


def main():
    root, packages, names = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:]
    shutil.rmtree(root, ignore_errors=True)
    for folder in MERGED:
        (root / "usr" / folder).mkdir(parents=True)
        (root / folder).symlink_to(f"usr/{folder}")
    own = {output("dpkg-deb", "-f", file, "Package").strip(): Own(file) for file in packages.glob("*.deb")}
    waiting, done = list(names), set()
    while waiting:
        name, package = find(own, waiting.pop())
        if name is None or name in done:
            continue
        done.add(name)
        package.unpack(root)
        waiting += [choice for choice in package.depends().split(",") if choice.strip()]
    print("installed:", *sorted(done))


if __name__ == "__main__":
    main()
