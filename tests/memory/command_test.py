# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The command under limited memory: whatever the limit is, it works or ends with an error of its
own."""

import os
import resource
import subprocess
import sys

COMMAND, TOOLS, WORK = (os.environ[name] for name in ("VITRINE", "VITRINE_WASM_TOOLS", "VITRINE_WORK"))
MEBI = 1 << 20

GUESTS = {
    # The next ones grow something until it cannot grow any more.
    "table": """(module (table $t 1 externref) (func (export "go") (result i32)
        (loop $l (br_if $l (i32.ne (table.grow $t (ref.null extern) (i32.const 100000)) (i32.const -1))))
        (i32.const 7)))""",
    "tables": "(module %s (func (export \"go\") (result i32) (i32.const 7)))" % ("(table 10000000 funcref)" * 5),
    "memory": """(module (memory 1) (func (export "go") (result i32)
        (loop $l (br_if $l (i32.ne (memory.grow (i32.const 100)) (i32.const -1))))
        (i32.const 7)))""",
    "heap": """(module (type $n (struct (field (ref null $n)) (field i64 i64 i64 i64))) (func (export "go") (result i32)
        (local $list (ref null $n))
        (loop $l (local.set $list (struct.new $n (local.get $list) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 0)))
          (br $l)) (i32.const 7)))""",
    "arrays": """(module (type $a (array (mut i64))) (table $t 10000 anyref) (func (export "go") (result i32) (local $i i32)
        (loop $l (table.set $t (local.get $i) (array.new_default $a (i32.const 1000000)))
          (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 10000)))) (i32.const 7)))""",
    "deep": """(module (func $f (export "go") (result i32) (i32.add (i32.const 1) (call $f))))""",
    # Spawns threads until there is no memory for another one. The result is negative then, and the
    # guest continues.
    "threads": """(module (import "env" "memory" (memory 1 1 shared)) (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
        (func (export "wasi_thread_start") (param i32 i32)
          (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))
        (func (export "go") (result i32)
          (loop $l (br_if $l (i32.gt_s (call $spawn (i32.const 0)) (i32.const 0))))
          (i32.const 7)))""",
    "large": "(module %s (func (export \"go\") (result i32) (i32.const 7)))" % " ".join(
        f'(func $f{i} (export "f{i}") (param i32) (result i32) (local i64) (i32.add (local.get 0) (i32.const {i})))'
        for i in range(20000)),
}
# An error that names memory, an instance that cannot be made, or a trap of the guest.
WORDS = ("memory", "call stack exhausted", "cannot ", "limit")


def run(arguments, limit, data=b""):
    def bound():
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    return subprocess.run([COMMAND, *arguments], input=data, capture_output=True, preexec_fn=bound, timeout=120)


def main():
    modules = {}
    for name, text in GUESTS.items():
        modules[name] = os.path.join(WORK, f"limited-{name}.wasm")
        subprocess.run([TOOLS, "parse", "-", "-o", modules[name]], input=text.encode(), check=True)
    # The lowest limit at which the program starts. Below it, the system's loader fails.
    floor = next(limit for limit in range(8, 400, 2) if run(["opcodes"], limit * MEBI).returncode == 0)
    runs = failures = errors = 0
    limits = [floor + extra for extra in (*range(0, 16), *range(16, 64, 8), 80, 120, 200, 400, 800)]
    for name, path in modules.items():
        lines = {
            "run": (["run", "--invoke", "go", path], b""),
            "validate": (["validate", path], b""),
            "inspect": (["inspect", "--json", path], b""),
            "objdump": (["objdump", "-d", path], b""),
            "debug": (["debug", "--batch", "--invoke", "go", path], b"break go\nrun\nbt\nstep\ninfo locals\ncontinue\n"),
        }
        for verb, (arguments, data) in lines.items():
            for limit in limits if verb in ("run", "debug") else limits[::3]:
                ended = run(arguments, limit * MEBI, data)
                runs += 1
                said = ended.stderr.decode(errors="replace")
                errors += ended.returncode != 0
                is_clean = ended.returncode in (0, 1, 2, 134) and (
                    ended.returncode == 0 or any(word in said + ended.stdout.decode(errors="replace") for word in WORDS))
                if not is_clean or "terminate called" in said:
                    failures += 1
                    print(f"{verb} {name} in {limit} MiB: status {ended.returncode}: {said[-300:]}")
    print(f"{runs} runs from {floor} MiB on, {errors} with an error, {failures} not clean")
    return 1 if failures or errors == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
