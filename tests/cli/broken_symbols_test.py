# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A program whose debug information is damaged runs as before: its output, its status and the
frames of its trap are the same, and each end of the reader is told once. VITRINE_MUTATIONS is how
many modules are tried for each version of DWARF."""

import collections
import concurrent.futures
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile

VITRINE = os.environ["VITRINE"]
COUNT = int(os.environ.get("VITRINE_MUTATIONS", "150"))
PROGRAM = r"""
#include <stdio.h>
struct point { int x, y; const char *name; };
static struct point points[2] = { { 1, 2, "a" }, { 3, 4, "b" } };
static inline __attribute__((always_inline)) int check(struct point *p, int limit)
{
    int sum = p->x + p->y;
    if (sum > limit)
        __builtin_trap();
    return sum;
}
__attribute__((noinline)) int work(struct point *p, int n)
{
    int all = 0;
    for (int i = 0; i < n; i++) {
        struct point *each = &p[i];
        all += check(each, 5);
    }
    return all;
}
int main(int argc, char **argv)
{
    puts("working");
    fflush(stdout);
    return work(points, argc + 1);
}
"""


def sections(module):
    """Yields the name, begin and end of each custom section's content."""
    def leb(at):
        value = shift = 0
        while True:
            byte = module[at]
            value |= (byte & 0x7f) << shift
            at, shift = at + 1, shift + 7
            if byte < 0x80:
                return value, at

    at = 8
    while at < len(module):
        kind = module[at]
        size, begin = leb(at + 1)
        if kind == 0:
            length, name = leb(begin)
            yield module[name:name + length].decode(), name + length, begin + size
        at = begin + size


def run(module, folder, number):
    path = pathlib.Path(folder) / f"{number}.wasm"
    path.write_bytes(module)
    done = subprocess.run([VITRINE, "run", path], capture_output=True, timeout=300)
    path.unlink()
    lines = done.stderr.decode().splitlines()
    told = [line for line in lines if ": warning: symbols of" in line]
    # Frames without what debug information says of them.
    rest = [re.sub(r"(at 0x[0-9a-f]+), .*", r"\1", line) for line in lines
            if line not in told and not line.endswith("(inlined)")]
    return (done.stdout, done.returncode, rest), told


def mutations(module, seed):
    """Modules with 1 to 8 changed bytes in their debug sections."""
    places = [(begin, end) for name, begin, end in sections(module)
              if name.startswith(".debug_") and end > begin]
    changes = random.Random(seed)
    for number in range(COUNT):
        bad = bytearray(module)
        for _ in range(1 << changes.randrange(4)):
            begin, end = changes.choice(places)
            # Headers, at the beginnings of sections, decide more than what follows.
            end = min(end, begin + 64) if changes.random() < 0.3 else end
            bad[changes.randrange(begin, end)] = changes.choice((0, 1, 0x7f, 0x80, 0xff, changes.randrange(256)))
        yield number, bytes(bad)


def check(version, folder):
    source = pathlib.Path(folder) / "points.c"
    source.write_text(PROGRAM)
    compiled = pathlib.Path(folder) / f"points{version}.wasm"
    subprocess.run(["clang-22", "--target=wasm32-wasi", "-Wno-deprecated", "--no-wasm-opt", f"-gdwarf-{version}",
                    "-O1", "-o", compiled, source], check=True)
    module = compiled.read_bytes()
    expected, told = run(module, folder, "good")
    if expected[:2] != (b"working\n", 134) or told:
        sys.exit(f"DWARF {version}: {expected} {told}")
    ends = collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        jobs = [(number, pool.submit(run, bad, folder, number)) for number, bad in mutations(module, version)]
        for number, job in jobs:
            found, told = job.result()
            if found != expected:
                sys.exit(f"DWARF {version}, module {number}: expected {expected}, got {found}")
            if len(set(told)) != len(told):
                sys.exit(f"DWARF {version}, module {number}: told twice: {told}")
            ends.update(re.sub(r"[^ ]*\.wasm|unit \d+", "_", line) for line in told)
    print(f"DWARF {version}: {COUNT} modules, {sum(ends.values())} ends of readers")
    for line, count in ends.most_common():
        print(f"  {count} times: {line}")


def main():
    if not shutil.which("clang-22"):
        print("skipped: clang-22 is not installed")
        sys.exit(1 if os.environ.get("VITRINE_REQUIRE_SHARED") else 77)
    with tempfile.TemporaryDirectory() as folder:
        for version in 4, 5:
            check(version, folder)


main()
