#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Real programs print what their manifest says, and a guest of 30.8 MB, yosys, works.

    programs_test.py [NAME...]        these, or all
    programs_test.py --but NAME...    all others

The programs need the shared test data ($VITRINE_SHARED), and yosys needs npm. If something is
missing, the test is skipped (status 77), or fails with VITRINE_REQUIRE_SHARED=1.
"""

import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile

VITRINE = os.environ["VITRINE"]
ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("VITRINE_SHARED", ROOT.parent / "shared"))
sys.path.insert(0, str(ROOT / "tools"))

import bench  # noqa: E402

COUNTER = "module counter(input clk, output reg [3:0] q); always @(posedge clk) q <= q + 1; endmodule\n"


class Missing(Exception):
    """Something is missing without which nothing can be checked."""


def check_programs(is_wanted):
    """Runs these programs of the manifest and compares the hash of their output. Yields names,
    and whether they are right."""
    archive = SHARED / "bench" / "programs.tar.xz"
    if not archive.exists():
        raise Missing(archive)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        with tarfile.open(archive) as opened:
            opened.extractall(folder)
        rows = json.loads((folder / "MANIFEST.json").read_text())
        for row in rows:
            if not is_wanted(program := row["file"].removesuffix(".wasm")):
                continue
            done = subprocess.run([VITRINE, "run", "--dir", ".", folder / row["file"], *row["args"]], cwd=folder / row["cwd"], capture_output=True)
            found = (done.returncode, hashlib.sha256(done.stdout).hexdigest(), hashlib.sha256(done.stderr).hexdigest())
            yield program, found == (row["exit"], row["stdout_sha256"], row["stderr_sha256"])


def check_yosys():
    """It prints its version, and converts a Verilog file in its folder to JSON: a 4-bit register
    behind an adder."""
    if not shutil.which("npm"):
        raise Missing("npm, which brings yosys")
    yosys = bench.npm_package(bench.YOSYS) / "gen" / "yosys.core.wasm"
    version = subprocess.run([VITRINE, "run", yosys, "-V"], capture_output=True, text=True)
    is_right = version.returncode == 0 and version.stdout.startswith("Yosys 0.55")
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "counter.v").write_text(COUNTER)
        script = "read_verilog counter.v; proc; opt -full; stat; write_json out.json"
        done = subprocess.run([VITRINE, "run", "--dir", ".", yosys, "-q", "-p", script], cwd=folder, capture_output=True)
        counter = json.loads((pathlib.Path(folder) / "out.json").read_text())["modules"]["counter"]
    ports = {name: (port["direction"], len(port["bits"])) for name, port in counter["ports"].items()}
    cells = sorted(cell["type"] for cell in counter["cells"].values())
    return is_right and done.returncode == 0 and ports == {"clk": ("input", 1), "q": ("output", 4)} and cells == ["$add", "$dff"]


def main(arguments):
    is_but, names = arguments[:1] == ["--but"], set(arguments) - {"--but"}

    def is_wanted(name):
        return not names or (name in names) != is_but

    results = {}
    try:
        if is_but or names != {"yosys"}:
            results.update(check_programs(is_wanted))
        if is_wanted("yosys"):
            results["yosys"] = check_yosys()
    except Missing as what:
        required = os.environ.get("VITRINE_REQUIRE_SHARED") == "1"
        print(f"{'missing' if required else 'skipped'}: {what}")
        return 1 if required else 77
    for name, is_right in results.items():
        print(f"{name}: {'ok' if is_right else 'WRONG'}")
    unknown = set() if is_but else names - set(results)
    if unknown:
        print(f"there is no program {', '.join(sorted(unknown))}")
    return 0 if results and all(results.values()) and not unknown else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
