# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the C source of the module `vitrine._c`, through which Python calls the C API.

cffi makes it of the declarations in vitrine.h, vitrine/wasi.h and vitrine/debugger.h, so that there
is no second list of them to maintain.
"""

import argparse
import pathlib
import re
import subprocess
import tempfile

import cffi

HEADERS = ["vitrine.h", "vitrine/wasi.h", "vitrine/debugger.h"]

GUEST = pathlib.Path(__file__).with_name("guest.h").read_text()

# Called by the library, defined in Python.
CALLBACKS = """
extern "Python" vitrine_error_t* vitrine_py_call(void* env, vitrine_caller_t* caller,
    const vitrine_val_t* args, size_t arg_count, vitrine_val_t* results, size_t result_count);
extern "Python" void vitrine_py_release(void* env);
extern "Python" void vitrine_py_sink(void* env, const void* bytes, size_t size);
extern "Python" size_t vitrine_py_source(void* env, void* to, size_t size);
extern "Python" vitrine_error_t* vitrine_py_body(void* env);
extern "Python" void vitrine_py_message(void* env, const wasm_name_t* message);
extern "Python" vitrine_error_t* vitrine_py_component_call(void* env, const vitrine_component_caller_t* caller,
    const vitrine_component_val_t* const args[], size_t arg_count, vitrine_component_val_t** result);
extern "Python" void vitrine_py_destroy(void* env, void* rep);
extern "Python" vitrine_resume_t vitrine_py_stop(void* env, vitrine_stopped_t* stopped);
extern "Python" uint64_t vitrine_py_clock(void* env, vitrine_wasi_clock_t clock);
extern "Python" void vitrine_py_random(void* env, void* to, size_t size);
extern "Python" bool vitrine_py_limit(void* env, vitrine_resource_t resource, uint64_t current, uint64_t desired);
"""


def without_bodies(text):
    """Removes the inline functions and constants, which cffi does not read."""
    text = re.sub(r"static const [^;]*;", "", text)
    kept = []
    while True:
        before, inline, rest = text.partition("static inline")
        kept.append(before)
        if not inline:
            return "".join(kept)
        end, depth = rest.index("{"), 0
        while True:
            depth += {"{": 1, "}": -1}.get(rest[end], 0)
            end += 1
            if depth == 0:
                break
        text = rest[end:]


def declarations(compiler, include):
    """The declarations of the headers, without those of the C library."""
    source = "".join(f"#include <{header}>\n" for header in HEADERS)
    with tempfile.TemporaryDirectory() as empty:
        for name in ["assert.h", "stdbool.h", "stddef.h", "stdint.h", "string.h"]:
            pathlib.Path(empty, name).touch()
        command = [compiler, "-E", "-P", "-nostdinc", "-I", empty, "-I", include, "-DWASM_API_EXTERN=", "-x", "c", "-"]
        result = subprocess.run(command, input=source, stdout=subprocess.PIPE, text=True, check=True)
    return without_bodies(result.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--compiler", required=True, help="the C compiler")
    parser.add_argument("--include", required=True, help="the folder of vitrine.h")
    parser.add_argument("output")
    args = parser.parse_args()
    builder = cffi.FFI()
    builder.cdef(declarations(args.compiler, args.include) + GUEST + CALLBACKS)
    source = "".join(f"#include <{header}>\n" for header in HEADERS) + GUEST
    builder.set_source("vitrine._c", source, py_limited_api=True)
    builder.emit_c_code(args.output)


if __name__ == "__main__":
    main()
