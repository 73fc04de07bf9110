#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Real programs give what their manifest says, and a guest of 30.8 MB works. Needs the shared test data ($VITRINE_SHARED)."""

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


def check_programs(folder):
    wrong = 0
    for row in json.loads((folder / "MANIFEST.json").read_text()):
        done = subprocess.run([VITRINE, "run", "--dir", ".", folder / row["file"], *row["args"]], cwd=folder / row["cwd"], capture_output=True)
        found = (done.returncode, hashlib.sha256(done.stdout).hexdigest(), hashlib.sha256(done.stderr).hexdigest())
        is_right = found == (row["exit"], row["stdout_sha256"], row["stderr_sha256"])
        print(f"{row['file']}: {'ok' if is_right else 'WRONG'}", flush=True)
        wrong += not is_right
    return wrong


def check_big_guest():
    yosys = bench.npm_package(bench.YOSYS) / "gen" / "yosys.core.wasm"
    version = subprocess.run([VITRINE, "run", yosys, "-V"], capture_output=True, text=True)
    is_right = version.returncode == 0 and version.stdout.startswith("Yosys 0.55")
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "counter.v").write_text(COUNTER)
        script = "read_verilog counter.v; proc; opt -full; stat; write_json out.json"
        done = subprocess.run([VITRINE, "run", "--dir", ".", yosys, "-q", "-p", script], cwd=folder, capture_output=True)
        is_right &= done.returncode == 0 and "counter" in json.loads((pathlib.Path(folder) / "out.json").read_text())["modules"]
    print(f"yosys: {'ok' if is_right else 'WRONG'}")
    return not is_right


def main():
    archive = SHARED / "bench" / "programs.tar.xz"
    required = os.environ.get("VITRINE_REQUIRE_SHARED") == "1"
    if not archive.exists():
        print(f"{'missing' if required else 'skipped'}: {archive}")
        return 1 if required else 77
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(archive) as opened:
            opened.extractall(folder)
        wrong = check_programs(pathlib.Path(folder))
    if shutil.which("npm"):
        wrong += check_big_guest()
    else:
        print("the big guest needs npm" + (": missing" if required else ": skipped"))
        wrong += required
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
