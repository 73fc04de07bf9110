#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs random modules in Wasmtime and in each tier of Vitrine, and compares the results.

`wasm-tools smith` makes the modules; module N of seed K is always the same. Our side is the program
differ_runner, the other side this file (`--wasmtime`). Each is a process that answers every line
with a line: see tests/fuzz/differ_runner.cpp. Every sixth module has some bytes changed and is only
validated. Every twentieth module is made here, of compare-and-exchange instructions: the random
operands of smith hardly ever match what is in memory.

The interpreter is compared with Wasmtime, and the other tiers with the interpreter: their answers
must be equal, including the backtraces of traps and how deep a recursion was that overflowed. In
the tier `mixed`, compiled code can return to the interpreter before some of the instructions.

A difference is saved as build/differ/K-N.wasm, and as K-N.small.wasm, as small as `wasm-tools
shrink` can make it. With file names as arguments, compares these files instead.
"""

import argparse
import collections
import itertools
import json
import os
import pathlib
import random
import re
import select
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORK = ROOT / "build" / "differ"
WASM_TOOLS = ROOT / "build" / "venv" / "wasm-tools"
RUNNER = ROOT / "build" / "release" / "tests" / "differ_runner"
WASMTIME_PYTHON = ROOT / "build" / "wasmtime" / "bin" / "python3"

# differ_runner uses the same limits.
MAX_PAGES = 64
MAX_PARTS, MAX_ELEMENTS, MAX_DEPTH = 16, 64, 3
MAX_TABLE = 10_000_000

# --- the other side -----------------------------------------------------------------------------

# By the number of Wasmtime's trap.
TRAPS = {
    0: "call stack exhausted",
    1: "out of bounds memory access",
    2: "unaligned atomic",
    3: "out of bounds table access",
    4: "uninitialized element",
    5: "indirect call type mismatch",
    6: "integer overflow",
    7: "integer divide by zero",
    8: "invalid conversion to integer",
    9: "unreachable",
    12: "expected shared memory",
    13: "null reference",
    14: "out of bounds array access",
    15: "out of memory",
    16: "cast failure",
}
KINDS = ["i32", "i64", "f32", "f64", "v128", "funcref", "externref", "anyref", "exnref"]
EXTERNS = ["func", "global", "table", "memory", "memory", "tag"]


class Wasmtime:
    """Modules in Wasmtime, through its C API: the Python API supports neither vectors nor
    objects."""

    def __init__(self):
        import ctypes
        import zlib

        import wasmtime
        from wasmtime import _ffi

        self.c, self.ffi, self.wasmtime, self.checksum = ctypes, _ffi, wasmtime, zlib.crc32
        config = wasmtime.Config()
        for feature in ("threads", "tail_call", "reference_types", "simd", "bulk_memory", "multi_value", "multi_memory", "memory64"):
            setattr(config, f"wasm_{feature}", True)
        for feature in ("exceptions", "function_references", "gc", "wide_arithmetic", "custom_page_sizes", "relaxed_simd"):
            setattr(config, f"wasm_{feature}", True)
        config.wasm_relaxed_simd_deterministic = True
        config.shared_memory = True
        config.parallel_compilation = False
        config.cranelift_opt_level = "none"
        config.max_wasm_stack = 1 << 20
        self.engine = wasmtime.Engine(config)

    def serve(self):
        for line in sys.stdin:
            request = json.loads(line)
            print(json.dumps(self.answer(request)), flush=True)

    def answer(self, request):
        code = pathlib.Path(request["file"]).read_bytes()
        try:
            module = self.wasmtime.Module(self.engine, code)
        except self.wasmtime.WasmtimeError as error:
            return {"end": "invalid", "text": str(error)}
        if request["mode"] == "validate":
            return {"end": "valid"}
        return {"end": "ok", "runs": [self.run(module, calls) for calls in request["runs"]]}

    def run(self, module, calls):
        self.store = self.wasmtime.Store(self.engine)
        self.store.set_limits(memory_size=MAX_PAGES * 65536, table_elements=MAX_TABLE)
        self.context = self.store._context()
        instance, trap = self.ffi.wasmtime_instance_t(), self.c.POINTER(self.ffi.wasm_trap_t)()
        error = self.ffi.wasmtime_instance_new(self.context, module.ptr(), None, 0, self.c.byref(instance), self.c.byref(trap))
        if end := self.failure(error, trap):
            return end
        return {"end": "ok", "calls": [self.call(instance, call) for call in calls], "items": self.items(instance)}

    def failure(self, error, trap):
        """The end of a failed call; None if it did not fail."""
        if error:
            text = str(self.wasmtime.WasmtimeError._from_ptr(error))
            return self.thrown() or {"end": "refused", "text": text}
        if not trap:
            return None
        code = self.c.c_uint8()
        has_code = self.ffi.wasmtime_trap_code(trap, self.c.byref(code))
        message = self.ffi.wasm_byte_vec_t()
        self.ffi.wasm_trap_message(trap, self.c.byref(message))
        text = self.ffi.to_str(message)
        self.ffi.wasm_byte_vec_delete(self.c.byref(message))
        self.ffi.wasm_trap_delete(trap)
        if thrown := self.thrown():
            return thrown
        return {"end": "trap " + TRAPS.get(code.value, str(code.value)) if has_code else "refused", "text": text}

    def thrown(self):
        exception = self.ffi.wasmtime_exnref_t()
        if not self.ffi.wasmtime_context_take_exception(self.context, self.c.byref(exception)):
            return None
        return {"end": "trap uncaught exception: " + self.exception(exception, MAX_DEPTH)}

    def export(self, instance, index):
        item = self.ffi.wasmtime_extern_t()
        name, length = self.c.POINTER(self.c.c_char)(), self.c.c_size_t()
        found = self.ffi.wasmtime_instance_export_nth(
            self.context, self.c.byref(instance), index, self.c.byref(name), self.c.byref(length), self.c.byref(item)
        )
        return item if found else None

    def call(self, instance, call):
        function = self.export(instance, call["export"]).of.func
        arguments = (self.ffi.wasmtime_val_t * len(call["arguments"]))()
        for value, text in zip(arguments, call["arguments"]):
            self.give(value, text)
        results = (self.ffi.wasmtime_val_t * call["count"])()
        trap = self.c.POINTER(self.ffi.wasm_trap_t)()
        error = self.ffi.wasmtime_func_call(
            self.context, self.c.byref(function), arguments, len(arguments), results, len(results), self.c.byref(trap)
        )
        return self.failure(error, trap) or {"end": ", ".join(self.value(result) for result in results)}

    def give(self, value, text):
        kind, _, bits = text.partition(" ")
        if kind == "null":
            # A null has no store, and a null function has no pointer either.
            value.kind = KINDS.index(bits)
        elif kind == "i31":
            value.kind = KINDS.index("anyref")
            self.ffi.wasmtime_anyref_from_i31(self.context, int(bits), self.c.byref(value.of.anyref))
        else:
            value.kind = KINDS.index(kind)
            data = int(bits, 16).to_bytes(len(bits) // 2, "little")
            self.c.memmove(self.c.byref(value.of), data, len(data))

    def value(self, value, depth=MAX_DEPTH):
        kind = KINDS[value.kind]
        if value.kind <= 4:
            size = (4, 8, 4, 8, 16)[value.kind]
            return f"{kind} {self.c.string_at(self.c.byref(value.of), size)[::-1].hex()}"
        reference = getattr(value.of, kind)
        if reference.store_id == 0:
            return "null"
        if kind == "funcref":
            return "func"
        if kind == "exnref":
            return self.exception(reference, depth)
        if kind == "externref":
            # Every externref here is a converted anyref, as we make no others.
            raw = self.ffi.wasmtime_externref_to_raw(self.context, self.c.byref(reference))
            reference = self.ffi.wasmtime_anyref_t()
            self.ffi.wasmtime_anyref_from_raw(self.context, raw, self.c.byref(reference))
        return self.object(reference, depth)

    def object(self, reference, depth):
        c, ffi = self.c, self.ffi
        number = c.c_uint32()
        if ffi.wasmtime_anyref_i31_get_u(self.context, c.byref(reference), c.byref(number)):
            return f"i31 {number.value}"
        if ffi.wasmtime_anyref_is_struct(self.context, c.byref(reference)):
            structure = ffi.wasmtime_structref_t()
            ffi.wasmtime_anyref_as_struct(self.context, c.byref(reference), c.byref(structure))
            type_ = ffi.wasmtime_structref_type(self.context, c.byref(structure))
            count = ffi.wasmtime_struct_type_num_fields(type_)
            ffi.wasmtime_struct_type_delete(type_)
            return "struct" + self.parts(ffi.wasmtime_structref_field, structure, count, depth)
        if ffi.wasmtime_anyref_is_array(self.context, c.byref(reference)):
            array = ffi.wasmtime_arrayref_t()
            ffi.wasmtime_anyref_as_array(self.context, c.byref(reference), c.byref(array))
            ffi.wasmtime_arrayref_len(self.context, c.byref(array), c.byref(number))
            return f"array {number.value}" + self.parts(ffi.wasmtime_arrayref_get, array, number.value, depth)
        return "extern"

    def exception(self, reference, depth):
        count = self.ffi.wasmtime_exnref_field_count(self.context, self.c.byref(reference))
        return "exn" + self.parts(self.ffi.wasmtime_exnref_field, reference, count, depth)

    def parts(self, get, reference, count, depth):
        if depth == 0:
            return ""
        texts = []
        for index in range(min(count, MAX_PARTS)):
            value = self.ffi.wasmtime_val_t()
            get(self.context, self.c.byref(reference), index, self.c.byref(value))
            texts.append(self.value(value, depth - 1))
        return " {" + ", ".join(texts) + "}"

    def items(self, instance):
        items = []
        while item := self.export(instance, len(items)):
            items.append(EXTERNS[item.kind] + self.content(item))
        return items

    def content(self, item):
        c, ffi = self.c, self.ffi
        value = ffi.wasmtime_val_t()
        if item.kind == 1:
            ffi.wasmtime_global_get(self.context, c.byref(item.of.global_), c.byref(value))
            return " " + self.value(value)
        if item.kind == 2:
            size = ffi.wasmtime_table_size(self.context, c.byref(item.of.table))
            text = f" {size}"
            for index in range(min(size, MAX_ELEMENTS)):
                ffi.wasmtime_table_get(self.context, c.byref(item.of.table), index, c.byref(value))
                text += ", " + self.value(value)
            return text
        if item.kind == 3:
            size = ffi.wasmtime_memory_data_size(self.context, c.byref(item.of.memory))
            data = ffi.wasmtime_memory_data(self.context, c.byref(item.of.memory))
        elif item.kind == 4:
            size = ffi.wasmtime_sharedmemory_data_size(item.of.sharedmemory)
            data = ffi.wasmtime_sharedmemory_data(item.of.sharedmemory)
        else:
            return ""
        return f" {size} {self.checksum(c.string_at(data, size)):08x}"


# --- comparing ----------------------------------------------------------------------------------

# Ends that depend on the capacity of a runtime. Nothing after them is compared.
LIMITS = {"trap call stack exhausted", "trap out of memory", "trap interrupted"}
# Traps with different names in the two runtimes.
SAME_TRAPS = {
    "trap undefined element": "trap out of bounds table access",
    "trap null function reference": "trap null reference",
    "trap null structure reference": "trap null reference",
    "trap null array reference": "trap null reference",
    "trap null i31 reference": "trap null reference",
    "trap null exception reference": "trap null reference",
}
# An access that is both may trap as either.
EITHER_TRAP = {"trap unaligned atomic", "trap out of bounds memory access"}
# Refusals by Wasmtime that do not tell whether a module is valid or can be linked.
OUT_OF_MEMORY = re.compile(r"GC heap out of memory|out of memory|allocation")
BEYOND_LIMIT = re.compile(r"exceed|limit of|limit reached|too many|unsupported|not supported")


class Skip(Exception):
    """The module cannot be compared, with the reason."""


def end_of(outcome):
    end = outcome["end"]
    if end == "refused" and OUT_OF_MEMORY.search(outcome.get("text", "")):
        return "trap out of memory"
    return SAME_TRAPS.get(end, end)


def compare_ends(ours, theirs):
    """The difference of two ends as text, or None."""
    for end, who in ((end_of(ours), "ours"), (end_of(theirs), "wasmtime")):
        if end in LIMITS:
            raise Skip(f"{end.removeprefix('trap ')} ({who})")
    if {end_of(ours), end_of(theirs)} == EITHER_TRAP:
        return None
    if end_of(ours) != end_of(theirs):
        texts = [f"{outcome['end']} {outcome.get('text', '')}".rstrip() for outcome in (ours, theirs)]
        return f"ours: {texts[0]}\ntheirs: {texts[1]}"
    return None


def compare_runs(ours, theirs):
    """The difference of two runs as text, or None."""
    if ours["end"] != "ok" or theirs["end"] != "ok":
        check_limits(ours, theirs)
        return compare_ends(ours, theirs)
    for index, (our, their) in enumerate(zip(ours["calls"], theirs["calls"], strict=True)):
        if difference := compare_ends(our, their):
            return f"call {index}, export {our['export']} ({', '.join(our['arguments'])})\n{difference}"
    for index, (our, their) in enumerate(zip(ours["items"], theirs["items"], strict=True)):
        if our != their:
            return f"export {index}\nours: {our}\ntheirs: {their}"
    return None


def check_limits(ours, theirs):
    """Raises Skip if only one runtime refuses, because of a limit of its own."""
    if ours["end"] == theirs["end"]:
        return
    for outcome, who in ((ours, "ours"), (theirs, "wasmtime")):
        if outcome["end"] in ("invalid", "refused") and BEYOND_LIMIT.search(outcome["text"]):
            raise Skip(f"limit ({who})")


def compare(ours, theirs):
    """The difference of two outcomes as text, or None."""
    if ours["end"] != "ok" or theirs["end"] != "ok":
        check_limits(ours, theirs)
        return compare_ends(ours, theirs)
    skip = None
    for index, (our, their) in enumerate(zip(ours["runs"], theirs["runs"], strict=True)):
        try:
            if difference := compare_runs(our, their):
                return f"run {index}, {difference}"
        except Skip as reason:
            skip = reason
    if skip:
        raise skip
    return None


def compare_tiers(first, ours, second, others):
    """The first difference of two tiers' answers as text, or None. They must be equal."""
    if ours == others:
        return None

    def flat(value, path):
        if isinstance(value, dict):
            return [row for key, item in value.items() for row in flat(item, f"{path} {key}")]
        if isinstance(value, list):
            return [row for index, item in enumerate(value) for row in flat(item, f"{path} {index}")]
        return [(path.strip(), value)]

    for row, other in itertools.zip_longest(flat(ours, ""), flat(others, "")):
        if row != other:
            return f"tiers differ\n{first}: {row}\n{second}: {other}"
    return "tiers differ"


class Peer:
    """A process that answers every line with a line. It is restarted after it has died or taken
    too long, and after `most_answers` answers."""

    def __init__(self, command, seconds, tier=None, most_answers=None):
        self.command, self.seconds, self.process, self.answers = command, seconds, None, 0
        self.environment = {**os.environ, "VITRINE_TIER": tier} if tier else None
        self.most_answers = most_answers

    def ask(self, line):
        """The answer. If there is none, its end is `died` or `hangs`."""
        if self.process and self.most_answers and self.answers % self.most_answers == 0:
            self.process.stdin.close()
            self.process.wait()
            self.process = None
        if not self.process:
            self.process = subprocess.Popen(self.command, env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self.rest = b""
        try:
            self.process.stdin.write(line.encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return self.end("died")
        deadline = time.monotonic() + self.seconds
        while b"\n" not in self.rest:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))
            if not ready:
                return self.end("hangs")
            data = os.read(self.process.stdout.fileno(), 1 << 16)
            if not data:
                return self.end("died")
            self.rest += data
        self.answers += 1
        answer, _, self.rest = self.rest.partition(b"\n")
        return json.loads(answer)

    def end(self, how):
        if not self.answers:
            sys.exit(f"differ: error: {self.command[0]} does not answer")
        self.process.kill()
        status = self.process.wait()
        self.process = None
        return {"end": how, "text": f"status {status}"}


class Pair:
    """Both runtimes, ours in several tiers."""

    def __init__(self, runner, tiers, with_wasmtime=True, seconds=20):
        self.ours = {tier: Peer([runner], seconds, tier) for tier in tiers}
        # Wasmtime's process keeps mappings for each module, of which it can have 65,530.
        theirs = Peer([WASMTIME_PYTHON, __file__, "--wasmtime"], seconds, most_answers=20_000)
        self.theirs = theirs if with_wasmtime else None

    def difference(self, file, mode):
        """The difference as text, or None. Raises Skip."""
        reference, ours = None, None
        for tier, peer in self.ours.items():
            answer = peer.ask(f"{mode} {file}")
            if answer["end"] in ("died", "hangs"):
                return f"ours, {tier}: {answer['end']} {answer['text']}"
            # Tiers reach different places in the same time, and Wasmtime cannot be interrupted while
            # the guest waits for another thread.
            if any(call["end"] == "trap interrupted" for run in answer.get("runs", []) for call in run.get("calls", [])):
                raise Skip("interrupted (ours)")
            if ours is None:
                reference, ours = tier, answer
            elif difference := compare_tiers(reference, ours, tier, answer):
                return difference
        if not self.theirs:
            return None
        # Wasmtime makes the same calls as our side.
        runs = [run.get("calls", []) for run in ours.get("runs", [])]
        theirs = self.theirs.ask(json.dumps({"mode": mode, "file": str(file), "runs": runs}))
        if theirs["end"] in ("died", "hangs"):
            raise Skip(f"{theirs['end']} (wasmtime)")
        return compare(ours, theirs)

    def statistics(self):
        """What each tier has compiled."""
        return {tier: peer.ask("statistics -") for tier, peer in self.ours.items()}


# --- modules ------------------------------------------------------------------------------------


def options(rng):
    """What a module may contain. Each feature is only on for some modules, which leaves more
    room for the others."""
    chosen = {
        "export-everything": True,
        # The results of arithmetic on NaNs are not deterministic.
        "canonicalize-nans": True,
        "generate-custom-sections": False,
        "compact-imports-enabled": False,
        "max-imports": 0,
        "limit-arrays-in-const-exprs": True,
        "min-funcs": rng.choice((2, 4, 8)),
        "max-funcs": 10,
        "min-types": 2,
        "max-types": rng.choice((4, 8, 20)),
        "max-element-segments": 3,
        "max-elements": 10,
        "max-data-segments": 3,
        "max-tags": 3,
        "min-memories": rng.choice((0, 1, 1, 2)),
        "max-memories": 3,
        "min-tables": rng.choice((0, 1)),
        "max-tables": 3,
        "max-table-elements": 100,
        "max-memory32-bytes": 1 << 20,
        "max-memory64-bytes": 1 << 20,
        "max-instructions": rng.choice((50, 200, 1000)),
        "min-globals": rng.choice((0, 2)),
        "max-globals": rng.choice((4, 12)),
        "reference-types-enabled": True,
        "allow-start-export": rng.random() < 0.3,
        # Without traps, functions run longer but do fewer unusual things.
        "disallow-traps": rng.random() < 0.5,
    }
    for feature, probability in (
        ("simd", 0.5),
        ("gc", 0.5),
        ("exceptions", 0.4),
        ("memory64", 0.3),
        ("tail-call", 0.3),
        ("threads", 0.15),
        ("wide-arithmetic", 0.2),
        ("custom-page-sizes", 0.1),
        ("extended-const", 0.7),
        ("allow-floats", 0.7),
    ):
        name = feature if feature.startswith("allow") else f"{feature}-enabled"
        chosen[name] = rng.random() < probability
    chosen["relaxed-simd-enabled"] = chosen["simd-enabled"] and rng.random() < 0.3
    return chosen


def make_module(rng, file):
    """Writes a module. Returns false if these random bytes do not result in one."""
    command = [WASM_TOOLS, "smith", "-o", file, "--ensure-termination", "--fuel", str(rng.choice((100, 1000)))]
    for name, value in options(rng).items():
        command += [f"--{name}", str(value).lower()]
    seed = rng.randbytes(rng.choice((1000, 3000, 10000, 30000)))
    return subprocess.run(command, input=seed, capture_output=True).returncode == 0


def make_exchanges(rng, file):
    """Writes a module of `cmpxchg` instructions of all widths, most of which match. Bits beyond
    an instruction's width are random."""
    memory = bytearray(rng.randbytes(64))
    functions = []
    for index in range(16):
        width = rng.choice((1, 2, 4, 8))
        bits = rng.choice((32, 64)) if width <= 4 else 64
        narrow = width * 8 < bits
        name = f"i{bits}.atomic.rmw{width * 8 if narrow else ''}.cmpxchg{'_u' if narrow else ''}"
        at = rng.randrange(0, len(memory), width)
        expected = int.from_bytes(memory[at : at + width], "little")
        if narrow:
            expected |= rng.choice((0, 1 << width * 8, rng.getrandbits(bits), ~0)) << width * 8
        if rng.random() < 0.2:
            expected ^= 1 << rng.randrange(width * 8)
        expected, replacement = (number & (1 << bits) - 1 for number in (expected, rng.getrandbits(bits)))
        functions.append(
            f'(func (export "{index}") (result i{bits})'
            f" ({name} (i32.const {at}) (i{bits}.const {expected}) (i{bits}.const {replacement})))"
        )
    data = "".join(f"\\{byte:02x}" for byte in memory)
    shared = rng.choice(("1", "1 1 shared"))
    text = f'(module (memory (export "memory") {shared}) (data (i32.const 0) "{data}") {" ".join(functions)})'
    return subprocess.run([WASM_TOOLS, "parse", "-", "-o", file], input=text.encode()).returncode == 0


def change_bytes(rng, file):
    code = bytearray(file.read_bytes())
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(8, len(code))
        how = rng.randrange(4)
        if how == 0:
            code[at] ^= 1 << rng.randrange(8)
        elif how == 1:
            code[at] = rng.randrange(256)
        elif how == 2:
            code[at] = code[rng.randrange(8, len(code))]
        else:
            code[at] = (code[at] + rng.choice((-1, 1))) % 256
    file.write_bytes(code)


# relaxed_madd and relaxed_nmadd: Wasmtime rounds once, and we round the product as well. Both are
# allowed.
ROUNDS_TWICE = re.compile(rb"\xfd[\x85-\x88]\x02")


def make_and_compare(pair, seed, number):
    """The difference, or None, and the mode. Raises Skip."""
    rng = random.Random(f"{seed}/{number}")
    file = WORK / f"{seed}-{number}.wasm"
    make = make_exchanges if number % 20 == 0 else make_module
    if not make(rng, file):
        raise Skip("not made")
    mode = rng.choice(("run", "run", "run", "run", "stress", "validate"))
    if mode == "validate":
        change_bytes(rng, file)
    elif ROUNDS_TWICE.search(file.read_bytes()):
        raise Skip("relaxed_madd")
    return pair.difference(file, mode), mode


def shrink(file, mode, arguments):
    script = WORK / "predicate"
    wasmtime = "" if arguments.wasmtime_too else "--no-wasmtime "
    script.write_text(f'#!/bin/sh\nexec python3 {__file__} --runner {arguments.runner} --tiers {",".join(arguments.tiers)} {wasmtime}--mode {mode} --is-different "$1"\n')
    script.chmod(0o755)
    target = file.with_suffix(".small.wasm")
    command = [WASM_TOOLS, "shrink", script, file, "-o", target, "--attempts", "1000"]
    done = subprocess.run(command, capture_output=True)
    return target if done.returncode == 0 else None


class Fuzzing:
    """Compares modules, several at a time, and counts what comes out."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.end = time.monotonic() + arguments.seconds if arguments.seconds else None
        self.lock = threading.Lock()
        self.begun, self.done, self.differences, self.skipped = 0, 0, 0, collections.Counter()
        self.failure = None

    def next_number(self):
        """The number of a module that nobody has begun, or None when there are no more."""
        with self.lock:
            if self.failure or self.begun == self.arguments.modules or (self.end and time.monotonic() >= self.end):
                return None
            self.begun += 1
            return self.arguments.first + self.begun - 1

    def work(self, pair):
        try:
            while (number := self.next_number()) is not None:
                self.compare(pair, number)
        except BaseException as failure:
            self.failure = failure

    def compare(self, pair, number):
        difference = skip = None
        try:
            difference, mode = make_and_compare(pair, self.arguments.seed, number)
        except Skip as reason:
            skip = str(reason)
        file = WORK / f"{self.arguments.seed}-{number}.wasm"
        if not difference:
            file.unlink(missing_ok=True)
        with self.lock:
            self.skipped.update([skip] if skip else [])
            if difference:
                self.differences += 1
                print(f"{file.relative_to(ROOT)} ({mode})\n{difference}", flush=True)
                if self.arguments.shrink and (small := shrink(file, mode, self.arguments)):
                    print(f"smaller: {small.relative_to(ROOT)}", flush=True)
            self.done += 1
            if self.done % 1000 == 0:
                print(f"... {self.counts()}", flush=True)

    def counts(self):
        return f"{self.done} modules, {self.skipped.total()} skipped, {self.differences} differences"


def fuzz(arguments):
    fuzzing = Fuzzing(arguments)
    pairs = [Pair(arguments.runner, arguments.tiers, arguments.wasmtime_too) for _ in range(arguments.jobs)]
    threads = [threading.Thread(target=fuzzing.work, args=[pair], daemon=True) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if fuzzing.failure:
        raise fuzzing.failure
    for reason, count in fuzzing.skipped.most_common():
        print(f"skipped: {count} {reason}")
    is_right = True
    for tier, answers in zip(arguments.tiers, zip(*(pair.statistics().values() for pair in pairs))):
        functions, exits = (sum(answer.get(key, 0) for answer in answers) for key in ("functions", "exits"))
        print(f"{tier}: {answers[0].get('unavailable') or f'{functions} functions compiled, {exits} exits'}")
        is_right &= functions > 0 or not tier.startswith(("jit", "mixed"))
    print(fuzzing.counts())
    if not is_right:
        print("a tier that should compile did not: the comparison shows nothing")
    return 0 if is_right and not fuzzing.differences else 1


def compare_files(arguments):
    pair = Pair(arguments.runner, arguments.tiers, arguments.wasmtime_too, seconds=5 if arguments.is_different else 20)
    found = False
    for file in arguments.files:
        try:
            difference = pair.difference(file.resolve(), arguments.mode)
        except Skip as skip:
            print(f"{file}: skipped: {skip}")
            continue
        found |= difference is not None
        print(f"{file}: {difference or 'same'}")
    return found != arguments.is_different


def main():
    if any(argument.startswith("--components") for argument in sys.argv):
        script = pathlib.Path(__file__).with_name("differ_components.py")
        os.execv(WASMTIME_PYTHON, [WASMTIME_PYTHON, script, *sys.argv[1:]])
    parser = argparse.ArgumentParser(
        prog="./dev differ",
        description="Compares Vitrine with Wasmtime on random modules, or with --components N on random components.",
    )
    parser.add_argument("--modules", type=int, help="how many modules")
    parser.add_argument("--seconds", type=float, help="for how long; a minute when neither is said")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="what the modules are made from")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many modules at a time")
    parser.add_argument("--first", type=int, default=0, help="number of the first module")
    parser.add_argument("--tiers", help="our tiers, separated by commas, as VITRINE_TIER takes them; all by default")
    parser.add_argument("--no-wasmtime", dest="wasmtime_too", action="store_false", help="compare only our tiers with each other")
    parser.add_argument("--no-shrink", dest="shrink", action="store_false", help="leave differences as they are")
    parser.add_argument("--mode", choices=("run", "stress", "validate"), default="run", help="what to do with files")
    parser.add_argument("--runner", type=pathlib.Path, default=RUNNER, help=argparse.SUPPRESS)
    parser.add_argument("--is-different", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--wasmtime", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("files", nargs="*", type=pathlib.Path, help="modules to compare instead of random ones")
    arguments = parser.parse_args()
    if arguments.wasmtime:
        return Wasmtime().serve()
    if arguments.jobs < 1:
        parser.error("--jobs: expected at least 1")
    arguments.tiers = (arguments.tiers or f"interp,jit,mixed:{arguments.seed}:5").split(",")
    WORK.mkdir(parents=True, exist_ok=True)
    if arguments.files:
        return compare_files(arguments)
    if arguments.modules is None and arguments.seconds is None:
        arguments.seconds = 60
    return fuzz(arguments)


if __name__ == "__main__":
    sys.exit(main())
