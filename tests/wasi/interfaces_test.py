#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A component that imports all of WASI 0.2 with the official types can be linked.

    interfaces_test.py VITRINE

The official WIT is not in this tree: VITRINE_WASI_WIT is a folder with a folder for each package, each with a file
package.wit, such as lib/wit/builtin/0.2.12 of the npm package @bytecodealliance/jco. Skipped (status 77) without it.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

WORLD = """package test:all;
world all {{
  include wasi:cli/command@{0};
  include wasi:http/imports@{0};
  import wasi:http/types@{0};
  import wasi:random/insecure@{0};
  import wasi:random/insecure-seed@{0};
}}
"""


def main(vitrine):
    packages = os.environ.get("VITRINE_WASI_WIT")
    if not packages:
        print("skipped: VITRINE_WASI_WIT is not set; see the beginning of this script")
        return 77
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        shutil.copytree(packages, folder / "wit/deps")
        text = "".join(file.read_text() for file in folder.glob("wit/deps/*/*.wit"))
        version = re.search(r"package wasi:cli@([\d.]+)", text).group(1)
        (folder / "wit/world.wit").write_text(WORLD.format(version))
        tools = os.environ["VITRINE_WASM_TOOLS"]
        subprocess.run([tools, "component", "embed", "--dummy", "wit", "--world", "all", "-o", "all.core.wasm"], cwd=folder, check=True)
        subprocess.run([tools, "component", "new", "all.core.wasm", "-o", "all.wasm"], cwd=folder, check=True)
        shown = subprocess.run([vitrine, "inspect", "all.wasm"], cwd=folder, capture_output=True, text=True, check=True).stdout
        done = subprocess.run([vitrine, "run", "all.wasm"], cwd=folder, capture_output=True, text=True)
    # Its functions do nothing but trap, so that it ends this way if everything could be linked.
    is_right = "trap: unreachable" in done.stderr and "import" not in done.stderr
    print(f"WASI {version}: {shown.count('import wasi:')} interfaces: {'linked' if is_right else 'WRONG'}\n{done.stderr}")
    return 0 if is_right else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
