#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs random components in Wasmtime and in each tier of Vitrine, and compares what they do.

`./dev differ --components N` starts this in the virtual environment that has Wasmtime. A case is a
sequence of calls in a new instance of a component. Case N of seed K is always the same.

Most components are a chain of three, each with a string encoding of its own. The innermost one,
`c`, returns arbitrary bytes as values of random types; `b` and `a` pass them on. Then the host
passes the same values back through `a` and `b` to `c`. Each component mixes into a hash the
arguments of each call of its `realloc`, the core values that it gets, and in the end its memory, so
that every byte and every allocation is compared. Some allocators keep no contents or return wrong
addresses. Whether a call traps must agree, and once one has, nothing else is called.

The other components own, lend and drop resources at random.
"""

import argparse
import collections
import ctypes
import json
import os
import pathlib
import random
import struct
import subprocess
import sys
import time

import wasmtime
import wasmtime.component
from wasmtime import _ffi as ffi

ROOT = pathlib.Path(__file__).resolve().parent.parent
WORK = ROOT / "build" / "differ"
RUNNER = ROOT / "build" / "release" / "tests" / "differ_runner"

ENCODINGS = ("utf8", "utf16", "latin1+utf16")
CASES_OF_CHAIN, CASES_OF_RESOURCES = 24, 400

# --- the other side -----------------------------------------------------------------------------


class Wasmtime:
    def __init__(self):
        config = wasmtime.Config()
        config.wasm_component_model = True
        config.wasm_component_model_map = True
        config.parallel_compilation = False
        config.cranelift_opt_level = "none"
        self.engine = wasmtime.Engine(config)
        self.linker = wasmtime.component.Linker(self.engine)

    def run(self, code, scripts):
        try:
            component = wasmtime.component.Component(self.engine, code)
        except wasmtime.WasmtimeError as error:
            return {"end": "invalid", "runs": [str(error)]}
        return {"end": "ok", "runs": [self.run_script(component, script) for script in scripts]}

    def run_script(self, component, script):
        store = wasmtime.Store(self.engine)
        instance = self.linker.instantiate(store, component)
        ends, last = [], None
        for call in script.split():
            name, _, argument = call[:-1].partition("(")
            arguments = []
            if argument == "=":
                arguments = [last.of.tuple.data[i] for i in range(last.of.tuple.size)]
            elif argument:
                for number in argument.split(","):
                    value = ffi.wasmtime_component_val_t()
                    value.kind = ffi.WASMTIME_COMPONENT_U32.value
                    value.of.u32 = int(number)
                    arguments.append(value)
            function = instance.get_func(store, name)
            result = ffi.wasmtime_component_val_t()
            given = (ffi.wasmtime_component_val_t * len(arguments))(*arguments)
            count = 0 if name == "init" or name == "put" or name.startswith("drop") else 1
            error = ffi.wasmtime_component_func_call(
                ctypes.byref(function._func), store._context(), given, len(arguments), ctypes.byref(result), count
            )
            if error:
                ends.append("trap: " + str(wasmtime.WasmtimeError._from_ptr(error)))
                break
            ends.append(self.text(result) if count else "")
            if count and result.kind == 15:
                if last:
                    ffi.wasmtime_component_val_delete(ctypes.byref(last))
                last = result
        if last:
            ffi.wasmtime_component_val_delete(ctypes.byref(last))
        return ends

    def text(self, value):
        of, kind = value.of, value.kind
        if kind == 0:
            return "true" if of.boolean else "false"
        if kind <= 8:
            return str(getattr(of, ("s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64")[kind - 1]))
        if kind <= 10:
            return "f" + ctypes.string_at(ctypes.byref(of), 4 if kind == 9 else 8)[::-1].hex()
        if kind == 11:
            return f"c{of.character}"
        if kind == 12:
            return "s" + ctypes.string_at(of.string.data, of.string.size).hex()
        if kind == 13:
            return "[" + " ".join(self.text(of.list.data[i]) for i in range(of.list.size)) + "]"
        if kind == 14:
            return "(" + " ".join(self.text(of.record.data[i].val) for i in range(of.record.size)) + ")"
        if kind == 15:
            return "(" + " ".join(self.text(of.tuple.data[i]) for i in range(of.tuple.size)) + ")"
        if kind == 16:
            return ffi.to_str(of.variant.discriminant) + self.payload(of.variant.val)
        if kind == 17:
            return ffi.to_str(of.enumeration)
        if kind == 18:
            return "some" + self.payload(of.option) if of.option else "none"
        if kind == 19:
            return ("ok" if of.result.is_ok else "err") + self.payload(of.result.val)
        if kind == 22:
            entries = (of.map.data[i] for i in range(of.map.size))
            return "[" + " ".join(f"({self.text(entry.key)} {self.text(entry.value)})" for entry in entries) + "]"
        assert kind == 20, kind
        return "<" + "".join(" " + ffi.to_str(of.flags.data[i]) for i in range(of.flags.size)) + ">"

    def payload(self, pointer):
        return f"({self.text(pointer.contents)})" if pointer else ""


# --- our side -----------------------------------------------------------------------------------


class Ours:
    def __init__(self, runner, tier):
        self.runner, self.tier, self.process = runner, tier, None

    def run(self, code, scripts):
        file = WORK / f"component-{os.getpid()}.wasm"
        file.write_bytes(code)
        pathlib.Path(f"{file}.calls").write_text("".join(script + "\n" for script in scripts))
        if not self.process:
            environment = {**os.environ, "VITRINE_TIER": self.tier}
            self.process = subprocess.Popen([self.runner], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdin.write(f"component {file}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        file.unlink()
        pathlib.Path(f"{file}.calls").unlink()
        if not answer:
            status, self.process = self.process.wait(), None
            return {"end": f"died, status {status}", "runs": []}
        return json.loads(answer)


# --- types and values ---------------------------------------------------------------------------

SIZES = {"bool": 1, "s8": 1, "u8": 1, "s16": 2, "u16": 2, "s32": 4, "u32": 4, "s64": 8, "u64": 8}
SIZES |= {"f32": 4, "f64": 8, "char": 4}
FLAT = {"s64": "i64", "u64": "i64", "f32": "f32", "f64": "f64"}
PALETTE = bytes((0, 0, 0, 1, 1, 2, 4, 8, 0x41, 0xC3, 0xA9, 0xD8, 0xDC, 0xFF, 0x80, 0xE2, 0xF0, 0x3F))
CHARACTERS = "aaz \u0000\u007f\u0080\u00e9\u00ff\u0100\u07ff\u0800\u20ac\ud7ff\ue000\uffff\U00010000\U0001f642\U0010ffff"


def align(number, alignment):
    return (number + alignment - 1) // alignment * alignment


class Type:
    """A value type: its text, its layout, and random bytes of it."""

    def __init__(self, text, size, alignment, flat):
        self.text, self.size, self.alignment, self.flat = text, size, alignment, flat

    def write(self, image, at):
        """Writes random bytes, which are mostly those of a value."""
        image.write(at, image.rng.randbytes(self.size))


class Primitive(Type):
    def __init__(self, name):
        super().__init__(name, SIZES[name], SIZES[name], [FLAT.get(name, "i32")])

    def write(self, image, at):
        if self.text == "char":
            image.write(at, struct.pack("<I", ord(image.rng.choice(CHARACTERS))))
        else:
            edges = (b"\0" * self.size, b"\xff" * self.size, b"\x01" + b"\0" * (self.size - 1))
            image.write(at, image.rng.choice((*edges, image.rng.randbytes(self.size))))


class String(Type):
    def __init__(self):
        super().__init__("string", 8, 4, ["i32", "i32"])

    def write(self, image, at):
        rng = image.rng
        characters = CHARACTERS[: rng.choice((3, 6, 9, len(CHARACTERS)))]
        text = "".join(rng.choices(characters, k=rng.choice((0, 1, 2, 5, 9, 30))))
        if image.encoding == "utf8":
            code = text.encode()
            count, alignment = len(code), 1
        elif image.encoding == "latin1+utf16" and all(ord(c) < 256 for c in text) and rng.random() < 0.6:
            code = text.encode("latin-1")
            count, alignment = len(code), 2
        else:
            code = text.encode("utf-16-le")
            count, alignment = len(code) // 2, 2
            if image.encoding == "latin1+utf16":
                count |= 1 << 31
        start = image.allocate(len(code), alignment)
        image.write(start, code)
        image.write(at, struct.pack("<II", start, count))


class List(Type):
    def __init__(self, element):
        super().__init__(f"(list {element.text})", 8, 4, ["i32", "i32"])
        self.element = element

    def write(self, image, at):
        count = image.rng.choice((0, 1, 2, 3, 7))
        start = image.allocate(count * self.element.size, self.element.alignment)
        for index in range(count):
            self.element.write(image, start + index * self.element.size)
        image.write(at, struct.pack("<II", start, count))


class Map(List):
    """A list of pairs."""

    def __init__(self, key, value):
        super().__init__(Product("", [key, value]))
        self.text = f"(map {key.text} {value.text})"


class Product(Type):
    """A record or tuple."""

    def __init__(self, text, parts):
        self.parts, self.offsets, size = parts, [], 0
        for part in parts:
            self.offsets.append(align(size, part.alignment))
            size = self.offsets[-1] + part.size
        alignment = max(part.alignment for part in parts)
        super().__init__(text, align(size, alignment), alignment, [kind for part in parts for kind in part.flat])

    def write(self, image, at):
        for part, offset in zip(self.parts, self.offsets):
            part.write(image, at + offset)


def join(a, b):
    if a == b:
        return a
    return "i32" if {a, b} == {"i32", "f32"} else "i64"


class Sum(Type):
    """A variant, enum, option or result. A case without payload is None."""

    def __init__(self, text, cases):
        self.cases, self.tag = cases, 1 if len(cases) <= 256 else 2
        payloads = [case for case in cases if case]
        alignment = max([self.tag, *(case.alignment for case in payloads)])
        self.offset = align(self.tag, max([1, *(case.alignment for case in payloads)]))
        size = align(self.offset + max([0, *(case.size for case in payloads)]), alignment)
        flat = []
        for case in payloads:
            flat = [join(flat[i], kind) if i < len(flat) else kind for i, kind in enumerate(case.flat)] + flat[len(case.flat) :]
        super().__init__(text, size, alignment, ["i32", *flat])

    def write(self, image, at):
        index = image.rng.randrange(len(self.cases))
        image.write(at, index.to_bytes(self.tag, "little"))
        if self.cases[index]:
            self.cases[index].write(image, at + self.offset)


class Flags(Type):
    def __init__(self, text, count):
        size = 1 if count <= 8 else 2 if count <= 16 else 4
        super().__init__(text, size, size, ["i32"])


class Types:
    """Random types. Those that need a name are defined in order."""

    def __init__(self, rng):
        self.rng, self.definitions = rng, []

    def name(self, definition):
        self.definitions.append(definition)
        return f"$t{len(self.definitions) - 1}"

    def type(self, depth):
        rng = self.rng
        if depth == 0 or rng.random() < 0.2:
            return String() if rng.random() < 0.3 else Primitive(rng.choice(list(SIZES)))
        kind = rng.choice(("list", "list", "map", "record", "tuple", "variant", "enum", "option", "result", "flags"))
        part = lambda: self.type(depth - 1)
        maybe = lambda: part() if rng.random() < 0.7 else None
        if kind == "list":
            return List(part())
        if kind == "map":
            key = String() if rng.random() < 0.4 else Primitive(rng.choice(("bool", "u8", "s16", "u32", "s64", "char")))
            return Map(key, part())
        if kind == "option":
            inner = part()
            return Sum(f"(option {inner.text})", [None, inner])
        if kind == "result":
            ok, error = maybe(), maybe()
            text = "(result" + (f" {ok.text}" if ok else "") + (f" (error {error.text})" if error else "") + ")"
            return Sum(text, [ok, error])
        if kind == "tuple":
            parts = [part() for _ in range(rng.choice((1, 2, 3, 5)))]
            return Product(f"(tuple {' '.join(p.text for p in parts)})", parts)
        if kind == "record":
            parts = [part() for _ in range(rng.choice((1, 2, 3, 5)))]
            fields = "".join(f' (field "f{i}" {p.text})' for i, p in enumerate(parts))
            return Product(self.name(f"(record{fields})"), parts)
        if kind == "variant":
            cases = [maybe() for _ in range(rng.choice((1, 2, 3, 5)))]
            text = "".join(f' (case "c{i}"{" " + c.text if c else ""})' for i, c in enumerate(cases))
            return Sum(self.name(f"(variant{text})"), cases)
        count = rng.choice((1, 2, 8, 9, 16, 17, 31, 32)) if kind == "flags" else rng.choice((1, 2, 3, 256, 257))
        labels = "".join(f' "l{i}"' for i in range(count))
        text = self.name(f"({kind}{labels})")
        return Flags(text, count) if kind == "flags" else Sum(text, [None] * count)


class Image:
    """What the memory of the innermost component begins with."""

    VALUE, HEAP, SIZE = 64, 512, 4096

    def __init__(self, rng, encoding, type_):
        self.rng, self.encoding, self.next = rng, encoding, self.HEAP
        self.bytes = bytearray(rng.choices(PALETTE, k=self.SIZE) if rng.random() < 0.8 else self.SIZE)
        if rng.random() < 0.9:
            type_.write(self, self.VALUE)
        how = rng.random()
        if how < 0.5:
            ranges = [range(self.VALUE, self.VALUE + type_.size), range(self.HEAP, max(self.next, self.HEAP + 1))]
            for _ in range(rng.choice((1, 1, 2, 5))):
                at = rng.choice(rng.choice(ranges))
                if at < self.SIZE:
                    self.bytes[at] = rng.choice((*PALETTE, rng.randrange(256)))

    def write(self, at, data):
        if at + len(data) <= self.SIZE:
            self.bytes[at : at + len(data)] = data

    def allocate(self, size, alignment):
        at = align(self.next, alignment)
        self.next = at + size
        return at


# --- chains -------------------------------------------------------------------------------------

STATE = """
  (memory (export "memory") 2 2)
  (global $next (mut i32) (i32.const 8192))
  (global $hash (mut i64) (i64.const 7))
  (func $mix (export "mix") (param i64)
    (global.set $hash (i64.add
      (i64.mul (global.get $hash) (i64.const 0x5851f42d4c957f2d))
      (i64.add (i64.shr_u (global.get $hash) (i64.const 29)) (local.get 0)))))
  (func (export "state") (result i64) (local $at i32) (local $end i32)
    (local.set $end (select (i32.const 131072) (global.get $next) (i32.gt_u (global.get $next) (i32.const 131072))))
    (block $done (loop $more
      (br_if $done (i32.ge_u (i32.add (local.get $at) (i32.const 8)) (local.get $end)))
      (call $mix (i64.load (local.get $at)))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br $more)))
    (global.get $hash))
  (func (export "realloc") (param $old i32) (param $size i32) (param $align i32) (param $new i32) (result i32)
    (local $at i32)
    CLEAR_END
    (call $mix (i64.extend_i32_u (local.get $old)))
    (call $mix (i64.extend_i32_u (local.get $size)))
    (call $mix (i64.extend_i32_u (local.get $align)))
    (call $mix (i64.extend_i32_u (local.get $new)))
    (local.set $at (i32.and
      (i32.add (global.get $next) (i32.sub (local.get $align) (i32.const 1)))
      (i32.sub (i32.const 0) (local.get $align))))
    (global.set $next (i32.add (local.get $at) (local.get $new)))
    REALLOC
    (local.get $at))
"""
# What Wasmtime does differently from the specification is hidden by the allocator: when a UTF-16
# string becomes Latin-1, it gives memory back with an alignment of 2 instead of 1, without having
# written UTF-16 first; and its conversion to Latin-1 writes anything behind the last character. So
# memory that is given back is cleared.
CLEAR_END = """(if (i32.and (i32.ne (local.get $old) (i32.const 0)) (i32.eq (local.get $size) (i32.mul (local.get $new) (i32.const 2))))
      (then (local.set $align (i32.const 2))))
    (if (i32.gt_u (local.get $size) (local.get $new))
      (then (memory.fill (i32.add (local.get $old) (local.get $new)) (i32.const 0)
        (i32.sub (local.get $size) (local.get $new)))))"""
CLEAR = "(memory.fill (local.get $old) (i32.const 0) (local.get $size))"
# What an allocator does besides: keep the contents; nothing; return an address that is not aligned,
# or one near the end of the memory; shrink in place.
KEEP = f"""(memory.copy (local.get $at) (local.get $old)
      (select (local.get $size) (local.get $new) (i32.lt_u (local.get $size) (local.get $new))))
    {CLEAR}"""
SHRINK = f"""(if (i32.and (i32.ne (local.get $size) (i32.const 0)) (i32.le_u (local.get $new) (local.get $size)))
      (then (global.set $next (local.get $at)) (return (local.get $old))))
    {KEEP}"""
# Not when memory is given back, because of the other alignment there.
ODD = f"{CLEAR} (if (i32.and (i32.eqz (local.get $old)) (i32.eq (local.get $new) (i32.const 6))) (then (return (i32.add (local.get $at) (i32.const 1)))))"
END = f"{CLEAR} (if (i32.eq (local.get $new) (i32.const 4)) (then (return (i32.const 131069))))"


def mixed(kind, value):
    """Code that mixes a core value into the hash."""
    if kind == "f32":
        kind, value = "i32", f"(i32.reinterpret_f32 {value})"
    if kind == "f64":
        value = f"(i64.reinterpret_f64 {value})"
    return f"(call $mix {f'(i64.extend_i32_u {value})' if kind == 'i32' else value})"


class Chain:
    def __init__(self, rng):
        self.rng, self.types = rng, Types(rng)
        count = rng.choice((1, 1, 1, 2, 3, 6, 17))
        self.parameters = [self.types.type(rng.choice((0, 1, 2, 3)) if count < 6 else 1) for _ in range(count)]
        self.result = Product(f"(tuple {' '.join(p.text for p in self.parameters)})", self.parameters)
        self.encodings = {name: rng.choice(ENCODINGS) for name in "abc"}
        self.place = Image.VALUE if rng.random() < 0.97 else Image.VALUE + rng.choice((1, 2, 4, 200000))
        self.area = 4096 if rng.random() < 0.97 else 4096 + rng.choice((1, 2, 4, 200000))
        self.post_return = {name: rng.random() < 0.4 for name in "abc"}
        self.realloc = {name: rng.choice((KEEP, KEEP, KEEP, SHRINK, SHRINK, CLEAR, CLEAR, ODD, END)) for name in "abc"}
        flat = self.result.flat
        self.core_params = flat if len(flat) <= 16 else ["i32"]
        self.core_result = flat[0] if len(flat) == 1 else "i32"
        self.is_flat = len(flat) == 1

    def images(self):
        return [Image(self.rng, self.encodings["c"], self.result).bytes for _ in range(CASES_OF_CHAIN)]

    def prologue(self, is_nested):
        """Defines the types that need a name, as imports or exports."""
        text = ""
        for index, definition in enumerate(self.types.definitions):
            text += f"  (type $d{index} {definition})\n"
            if is_nested:
                text += f'  (import "t{index}" (type $t{index} (eq $d{index})))\n'
            else:
                text += f'  (export $t{index} "t{index}" (type $d{index}))\n'
        return text

    def signature(self, which):
        if which == "get":
            return f"(result {self.result.text})"
        return " ".join(f'(param "p{i}" {p.text})' for i, p in enumerate(self.parameters))

    def module(self, name):
        return STATE.replace("CLEAR_END", CLEAR_END).replace("REALLOC", self.realloc[name])

    def after(self, name):
        clobber = "(memory.fill (i32.const 64) (i32.const 170) (i32.const 4032))" if name == "c" else ""
        return f'(func (export "after") (param {self.core_result}) {mixed(self.core_result, "(local.get 0)")} {clobber})'

    def lifts(self, name, core):
        after = f'(post-return (core func {core} "after"))' if self.post_return[name] else ""
        options = f'string-encoding={self.encodings[name]} (memory $memory) (realloc $realloc)'
        return f"""
  (func (export "get") {self.signature("get")} (canon lift (core func {core} "get") {options} {after}))
  (func (export "put") {self.signature("put")} (canon lift (core func {core} "put") {options}))
  (func (export "state") (result u64) (canon lift (core func $state "state")))"""

    def innermost(self, images):
        data = ""
        for i, image in enumerate(images):
            escaped = "".join(f"\\{byte:02x}" for byte in image)
            data += f'  (data $i{i} "{escaped}")\n'
        init = "".join(
            f"    (if (i32.eq (local.get 0) (i32.const {i}))"
            f" (then (memory.init $i{i} (i32.const 0) (i32.const 0) (i32.const {Image.SIZE}))))\n"
            for i in range(len(images))
        )
        get = f"({self.core_result}.load (i32.const {Image.VALUE}))" if self.is_flat else f"(i32.const {self.place})"
        put = " ".join(mixed(kind, f"(local.get {i})") for i, kind in enumerate(self.core_params))
        return f"""(component $C
{self.prologue(True)}
  (core module $M
{self.module("c")}
{data}
  (func (export "init") (param i32)
{init})
  (func (export "get") (result {self.core_result}) {get})
  (func (export "put") (param {" ".join(self.core_params)}) {put})
  {self.after("c")})
  (core instance $state (instantiate $M))
  (alias core export $state "memory" (core memory $memory))
  (alias core export $state "realloc" (core func $realloc))
  (func (export "init") (param "i" u32) (canon lift (core func $state "init")))
{self.lifts("c", "$state")})"""

    def middle(self, name):
        params = " ".join(self.core_params)
        gets = " ".join(f"(local.get {i})" for i in range(len(self.core_params)))
        puts = " ".join(mixed(kind, f"(local.get {i})") for i, kind in enumerate(self.core_params))
        if self.is_flat:
            get_type = f"(result {self.core_result})"
            get = f"(local $v {self.core_result}) (local.set $v (call $get)) {mixed(self.core_result, '(local.get $v)')} (local.get $v)"
        else:
            get_type, get = "(param i32)", f"(call $get (i32.const {self.area})) (i32.const {self.area})"
        options = f'string-encoding={self.encodings[name]} (memory $memory) (realloc $realloc)'
        return f"""(component ${name.upper()}
{self.prologue(True)}
  (import "get" (func $get {self.signature("get")}))
  (import "put" (func $put {self.signature("put")}))
  (core module $State
{self.module(name)})
  (core instance $state (instantiate $State))
  (alias core export $state "memory" (core memory $memory))
  (alias core export $state "realloc" (core func $realloc))
  (core func $get (canon lower (func $get) {options}))
  (core func $put (canon lower (func $put) {options}))
  (core module $M
    (import "s" "mix" (func $mix (param i64)))
    (import "l" "get" (func $get {get_type}))
    (import "l" "put" (func $put (param {params})))
    (func (export "get") (result {self.core_result}) {get})
    (func (export "put") (param {params}) {puts} (call $put {gets}))
    {self.after(name)})
  (core instance $m (instantiate $M (with "s" (instance $state))
    (with "l" (instance (export "get" (func $get)) (export "put" (func $put))))))
{self.lifts(name, "$m")})"""

    def wat(self, images):
        types = "".join(f' (with "t{i}" (type $t{i}))' for i in range(len(self.types.definitions)))

        def instance(name, of):
            return f"""
(instance ${name} (instantiate ${name.upper()}{types} (with "get" (func ${of} "get")) (with "put" (func ${of} "put"))))"""

        return f"""(component
{self.prologue(False)}
{self.innermost(images)}
{self.middle("b")}
{self.middle("a")}
(instance $c (instantiate $C{types})){instance("b", "c")}{instance("a", "b")}
(alias export $c "init" (func $init)) (export "init" (func $init))
(alias export $a "get" (func $get)) (export "get" (func $get))
(alias export $a "put" (func $put)) (export "put" (func $put))
(alias export $a "state" (func $sa)) (export "state-a" (func $sa))
(alias export $b "state" (func $sb)) (export "state-b" (func $sb))
(alias export $c "state" (func $sc)) (export "state-c" (func $sc)))"""

    def make(self):
        images = self.images()
        states = "state-c() state-b() state-a()"
        return self.wat(images), [f"init({i}) get() {states} put(=) {states}" for i in range(len(images))]


# --- resources ----------------------------------------------------------------------------------

# `a` defines the resource types `r` and `s`. `b` imports them from `a`, `c` imports them and the
# functions of `b`. Handles are numbers of the tables of `b` and `c`, so that any number can be
# tried.
RESOURCES = """(component
  (component $A
    (core module $State
      (global $hash (mut i64) (i64.const 7))
      (func (export "drop") (param i32)
        (if (i32.eq (local.get 0) (i32.const 13)) (then unreachable))
        (global.set $hash (i64.add (i64.mul (global.get $hash) (i64.const 31)) (i64.extend_i32_u (local.get 0)))))
      (func (export "state") (result i64) (global.get $hash)))
    (core instance $state (instantiate $State))
    (type $own-r (resource (rep i32) (dtor (core func $state "drop"))))
    (type $own-s (resource (rep i32)))
    (core func $new-r (canon resource.new $own-r))
    (core func $new-s (canon resource.new $own-s))
    (core func $rep (canon resource.rep $own-r))
    (core func $drop (canon resource.drop $own-r))
    (core module $M
      (import "" "rep" (func $rep (param i32) (result i32)))
      (import "" "drop" (func $drop (param i32)))
      (func (export "look") (param i32) (result i32) (local.get 0))
      (func (export "two") (param i32 i32) (result i32) (i32.add (i32.mul (local.get 0) (i32.const 100)) (local.get 1)))
      (func (export "give") (param i32) (result i32) (local.get 0))
      (func (export "take") (param i32) (result i32) (call $rep (local.get 0)) (call $drop (local.get 0)))
      (func (export "keep") (param i32) (result i32) (local.get 0)))
    (core instance $m (instantiate $M (with "" (instance (export "rep" (func $rep)) (export "drop" (func $drop))))))
    (export $r "r" (type $own-r))
    (export $s "s" (type $own-s))
    (func (export "make") (param "n" u32) (result (own $r)) (canon lift (core func $new-r)))
    (func (export "make-s") (param "n" u32) (result (own $s)) (canon lift (core func $new-s)))
    (func (export "look") (param "r" (borrow $r)) (result u32) (canon lift (core func $m "look")))
    (func (export "two") (param "r" (borrow $r)) (param "q" (borrow $r)) (result u32) (canon lift (core func $m "two")))
    (func (export "mixed") (param "r" (own $r)) (param "q" (borrow $r)) (result u32) (canon lift (core func $m "two")))
    (func (export "dexim") (param "r" (borrow $r)) (param "q" (own $r)) (result u32) (canon lift (core func $m "two")))
    (func (export "take") (param "r" (own $r)) (result u32) (canon lift (core func $m "take")))
    (func (export "keep") (param "r" (own $r)) (result u32) (canon lift (core func $m "keep")))
    (func (export "give") (param "n" u32) (result (own $r)) (canon lift (core func $m "give")))
    (func (export "state") (result u64) (canon lift (core func $state "state"))))
  (component $B
    (import "a" (instance $a
      (export "r" (type $r (sub resource)))
      (export "s" (type $s (sub resource)))
      (export "make" (func (param "n" u32) (result (own $r))))
      (export "make-s" (func (param "n" u32) (result (own $s))))
      (export "look" (func (param "r" (borrow $r)) (result u32)))
      (export "two" (func (param "r" (borrow $r)) (param "q" (borrow $r)) (result u32)))
      (export "mixed" (func (param "r" (own $r)) (param "q" (borrow $r)) (result u32)))
      (export "dexim" (func (param "r" (borrow $r)) (param "q" (own $r)) (result u32)))
      (export "take" (func (param "r" (own $r)) (result u32)))
      (export "keep" (func (param "r" (own $r)) (result u32)))
      (export "give" (func (param "n" u32) (result (own $r))))))
    (alias export $a "r" (type $r))
    (alias export $a "s" (type $s))
    LOWERED
    (core func $drop (canon resource.drop $r))
    (core func $drop-s (canon resource.drop $s))
    (core module $M
      (import "" "look" (func $look (param i32) (result i32)))
      (import "" "take" (func $take (param i32) (result i32)))
      (import "" "two" (func $two (param i32 i32) (result i32)))
      (import "" "drop" (func $drop (param i32)))
      (func (export "use") (param $r i32) (param $how i32) (result i32) (local $result i32)
        (if (i32.and (local.get $how) (i32.const 1)) (then (local.set $result (call $look (local.get $r)))))
        (if (i32.and (local.get $how) (i32.const 2)) (then (drop (call $two (local.get $r) (local.get $r)))))
        (if (i32.and (local.get $how) (i32.const 4)) (then (drop (call $take (local.get $r)))))
        (if (i32.and (local.get $how) (i32.const 8)) (then (drop (call $look (i32.const 1)))))
        (if (i32.eqz (i32.and (local.get $how) (i32.const 16))) (then (call $drop (local.get $r))))
        (i32.add (i32.mul (local.get $result) (i32.const 100)) (local.get $r)))
      (func (export "pass") (param i32) (result i32) (local.get 0))
      (func (export "store") (param i32) (result i32) (local.get 0)))
    (core instance $m (instantiate $M (with "" (instance (export "look" (func $look)) (export "take" (func $take))
      (export "two" (func $two)) (export "drop" (func $drop))))))
    DIRECT
    (func (export "drop") (param "n" u32) (canon lift (core func $drop)))
    (func (export "drop-s") (param "n" u32) (canon lift (core func $drop-s)))
    (func (export "use") (param "r" (borrow $r)) (param "how" u32) (result u32) (canon lift (core func $m "use")))
    (func (export "pass") (param "r" (own $r)) (result (own $r)) (canon lift (core func $m "pass")))
    (func (export "store") (param "r" (own $r)) (result u32) (canon lift (core func $m "store")))
    (func (export "give-back") (param "n" u32) (result (own $r)) (canon lift (core func $m "pass"))))
  (component $C
    (import "a" (instance $a
      (export "r" (type $r (sub resource)))
      (export "make" (func (param "n" u32) (result (own $r))))
      (export "look" (func (param "r" (borrow $r)) (result u32)))
      (export "take" (func (param "r" (own $r)) (result u32)))))
    (alias export $a "r" (type $r))
    (import "b" (instance $b
      (alias outer 1 $r (type $q))
      (export "r" (type $r (eq $q)))
      (export "use" (func (param "r" (borrow $r)) (param "how" u32) (result u32)))
      (export "pass" (func (param "r" (own $r)) (result (own $r))))
      (export "store" (func (param "r" (own $r)) (result u32)))
      (export "give-back" (func (param "n" u32) (result (own $r))))))
    (core func $make (canon lower (func $a "make")))
    (core func $look (canon lower (func $a "look")))
    (core func $take (canon lower (func $a "take")))
    (core func $use (canon lower (func $b "use")))
    (core func $pass (canon lower (func $b "pass")))
    (core func $store (canon lower (func $b "store")))
    (core func $give-back (canon lower (func $b "give-back")))
    (core func $drop (canon resource.drop $r))
    (func (export "make") (param "n" u32) (result u32) (canon lift (core func $make)))
    (func (export "look") (param "n" u32) (result u32) (canon lift (core func $look)))
    (func (export "take") (param "n" u32) (result u32) (canon lift (core func $take)))
    (func (export "use") (param "n" u32) (param "how" u32) (result u32) (canon lift (core func $use)))
    (func (export "pass") (param "n" u32) (result u32) (canon lift (core func $pass)))
    (func (export "store") (param "n" u32) (result u32) (canon lift (core func $store)))
    (func (export "give-back") (param "n" u32) (result u32) (canon lift (core func $give-back)))
    (func (export "drop") (param "n" u32) (canon lift (core func $drop))))
  (instance $a (instantiate $A))
  (instance $b0 (instantiate $B (with "a" (instance $a))))
  (alias export $a "r" (type $r))
  (instance $b (export "r" (type $r)) (export "use" (func $b0 "use")) (export "pass" (func $b0 "pass"))
    (export "store" (func $b0 "store")) (export "give-back" (func $b0 "give-back")))
  (instance $c (instantiate $C (with "a" (instance $a)) (with "b" (instance $b))))
  EXPORTS)"""

# Functions of `a` that `b` exports as they are, with their numbers of parameters.
OF_A = {"make": 1, "make-s": 1, "look": 1, "two": 2, "mixed": 2, "dexim": 2, "take": 1, "keep": 1, "give": 1}
OF_C = {"make": 1, "look": 1, "take": 1, "use": 2, "pass": 1, "store": 1, "give-back": 1, "drop": 1}


def resources_wat():
    lowered = direct = exports = ""
    for name, count in OF_A.items():
        params = " ".join(f'(param "p{i}" u32)' for i in range(count))
        lowered += f'\n    (core func ${name} (canon lower (func $a "{name}")))'
        direct += f'\n    (func (export "{name}") {params} (result u32) (canon lift (core func ${name})))'
    for instance, names in (("b", [*OF_A, "drop", "drop-s"]), ("c", OF_C)):
        for name in names:
            exports += f'\n  (alias export ${instance}{"0" if instance == "b" else ""} "{name}" (func ${instance}-{name}))'
            exports += f' (export "{name}-of-{instance}" (func ${instance}-{name}))'
    exports += '\n  (alias export $a "state" (func $state)) (export "state" (func $state))'
    return RESOURCES.replace("LOWERED", lowered).replace("DIRECT", direct).replace("EXPORTS", exports)


class Table:
    """What the handles of a component probably are."""

    def __init__(self):
        self.kinds, self.free = {}, []

    def add(self, kind="r"):
        index = self.free.pop() if self.free else len(self.kinds) + 1
        self.kinds[index] = kind

    def remove(self, index):
        if self.kinds.pop(index, None):
            self.free.append(index)

    def choose(self, rng):
        """A handle of `r`, or sometimes something else."""
        handles = [index for index, kind in self.kinds.items() if kind == "r"]
        if handles and rng.random() < 0.97:
            return rng.choice(handles)
        return rng.choice((0, 1, 2, 3, 20, 2**28, 2**32 - 1, *self.kinds))


class Resources:
    def __init__(self, rng):
        self.rng = rng

    def call(self):
        rng, a, b, c = self.rng, self.a, self.b, self.c
        what = rng.random()
        if what < 0.3 or not b.kinds or not c.kinds:
            table, name = rng.choice(((b, "make-of-b"), (c, "make-of-c"), (b, "make-s-of-b")))
            table.add("s" if name == "make-s-of-b" else "r")
            return f"{name}({13 if rng.random() < 0.01 else rng.randrange(20, 40)})"
        if what < 0.45:
            how = rng.choice((0, 1, 2, 3)) if rng.random() < 0.97 else rng.choice((4, 8, 9, 16))
            return f"use-of-c({c.choose(rng)},{how})"
        names = "look-of-b look-of-c two-of-b pass-of-c store-of-c give-back-of-c keep-of-b give-of-b drop-of-b drop-of-c take-of-b take-of-c mixed-of-b dexim-of-b drop-s-of-b"
        name = rng.choice(names.split())
        if name == "give-of-b" and not a.kinds:
            name = "keep-of-b"
        of, to = {"pass-of-c": (c, c), "store-of-c": (c, b), "give-back-of-c": (b, c), "give-of-b": (a, b), "keep-of-b": (b, a)}.get(
            name, (b if name.endswith("b") else c, None)
        )
        handle = of.choose(rng)
        if name == "drop-s-of-b":
            handle = next((index for index, kind in b.kinds.items() if kind == "s"), 5)
        if name.startswith(("drop", "take")) or to:
            of.remove(handle)
        if to:
            to.add()
        if name in ("mixed-of-b", "dexim-of-b"):
            b.remove(handle)
            a.add()
            other = b.choose(rng)
            return f"{name}({handle},{other})" if name == "mixed-of-b" else f"{name}({other},{handle})"
        return f"{name}({handle},{b.choose(rng)})" if name == "two-of-b" else f"{name}({handle})"

    def script(self):
        self.a, self.b, self.c = Table(), Table(), Table()
        # The names of functions without result begin with `drop`.
        return " ".join(f"{self.call()} state()" for _ in range(self.rng.choice((4, 8, 16, 40))))

    def make(self):
        return resources_wat(), [self.script() for _ in range(CASES_OF_RESOURCES)]


# --- comparing ----------------------------------------------------------------------------------


def compare(ours, theirs):
    """The differences as texts, by case, and the numbers of cases that returned and trapped."""
    differences, ends = [], collections.Counter()
    if ours["end"] != "ok" or theirs["end"] != "ok":
        return [(0, f"ours: {ours['end']} {ours['runs'][:1]}\ntheirs: {theirs['end']} {theirs['runs'][:1]}")], ends
    for index, (our, their) in enumerate(zip(ours["runs"], theirs["runs"], strict=True)):
        is_trap = [bool(run) and run[-1].startswith("trap: ") for run in (our, their)]
        ends["traps" if is_trap[1] else "returns"] += 1
        values = [run[:-1] if trap else run for run, trap in zip((our, their), is_trap)]
        if is_trap[0] != is_trap[1] or values[0] != values[1]:
            at = next((i for i, (x, y) in enumerate(zip(our, their)) if x != y), min(len(our), len(their)))
            differences.append((index, f"call {at}\nours: {our[at : at + 1]}\ntheirs: {their[at : at + 1]}"))
    return differences, ends


def compare_tiers(answers):
    """The difference of the first two tiers that differ, as a text by case; empty if none do."""
    (first, ours), *others = answers.items()
    for tier, other in others:
        if ours == other:
            continue
        rows = zip(ours["runs"], other["runs"])
        index = next((index for index, (our, their) in enumerate(rows) if our != their), 0)
        texts = [f"{name}: {answer['end']} {answer['runs'][index : index + 1]}" for name, answer in ((first, ours), (tier, other))]
        return [(index, "tiers differ\n" + "\n".join(texts))]
    return []


def main():
    parser = argparse.ArgumentParser(prog="./dev differ --components", description=__doc__.splitlines()[0])
    parser.add_argument("--components", type=int, required=True, help="how many cases")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="what the cases are made from")
    parser.add_argument("--first", type=int, default=0, help="number of the first component")
    parser.add_argument("--kind", choices=("chain", "resources"), help="only components of this kind")
    parser.add_argument("--tiers", help="our tiers, separated by commas, as VITRINE_TIER takes them; all by default")
    parser.add_argument("--runner", type=pathlib.Path, default=RUNNER, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    tiers = (arguments.tiers or f"interp,jit,mixed:{arguments.seed}:5").split(",")
    ours, theirs = {tier: Ours(arguments.runner, tier) for tier in tiers}, Wasmtime()
    number, cases, found, ends, kinds = arguments.first, 0, 0, collections.Counter(), collections.Counter()
    while cases < arguments.components:
        rng = random.Random(f"{arguments.seed}/{number}")
        kind = arguments.kind or ("resources" if number % 20 == 0 else "chain")
        wat, scripts = (Resources if kind == "resources" else Chain)(rng).make()
        code = bytes(wasmtime.wat2wasm(wat))
        answers = {tier: peer.run(code, scripts) for tier, peer in ours.items()}
        differences, counted = compare(answers[tiers[0]], theirs.run(code, scripts))
        differences += compare_tiers(answers)
        ends += counted
        kinds[kind] += len(scripts)
        if differences:
            found += len(differences)
            file = WORK / f"component-{arguments.seed}-{number}"
            file.with_suffix(".wat").write_text(wat)
            file.with_suffix(".wasm").write_bytes(code)
            file.with_suffix(".wasm.calls").write_text("".join(script + "\n" for script in scripts))
            index, text = differences[0]
            print(f"{file.relative_to(ROOT)}.wat: {len(differences)} of {len(scripts)} cases, the first is {index}: {scripts[index]}")
            print(text, flush=True)
        before, cases, number = cases, cases + len(scripts), number + 1
        if before // 10_000 != cases // 10_000:
            print(f"... {cases} cases, {found} differences", flush=True)
    print(f"{cases} cases in {number - arguments.first} components ({dict(kinds)}): {dict(ends)}, {found} differences")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
