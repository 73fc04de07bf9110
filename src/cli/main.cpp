// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/guard.h"
#include "cli/command_line.h"
#include "cli/message.h"

#include <cstdio>

namespace {

constexpr vitrine::cli::CommandRow commands[] {
    { .name = "run",
        .arguments = "[options] app.wasm [arguments]",
        .summary = "Run a WASI program, or a function of a module",
        .details = "Everything behind the module's path belongs to the guest. With --invoke these are "
                   "numbers as WAT\n"
                   "writes them (-7, 0x1F, 1_000, -0x1p-3, inf, nan). The status is the guest's own; 134 "
                   "after a trap,\n"
                   "130 after Ctrl-C, 124 when the time was over, 137 when a debugger ended it.",
        .example = "vitrine run --dir . app.wasm input.txt",
        .takes_guest = true,
        .add = vitrine::cli::add_run },
    { .name = "debug",
        .arguments = "[options] app.wasm [arguments]",
        .summary = "Debug a guest in the terminal",
        .details =
            "What the guest gets is said as for `run`. In the debugger, `help` lists what can be said;\n"
            "Ctrl-C stops a guest that runs. The status is 0, or with --batch the guest's own.",
        .example = "vitrine debug --dir . app.wasm input.txt",
        .takes_guest = true,
        .add = vitrine::cli::add_debug },
    { .name = "inspect",
        .arguments = "[options] app.wasm [arguments]",
        .summary = "Show what a module is made of, or what is in a running guest",
        .details = "With --at the guest runs (from _start, or from the function that --invoke names) until "
                   "it comes to\n"
                   "that place; then its frames, globals, tables and memories are shown, exported or not.",
        .example = "vitrine inspect --at main --memory 0:1024+64 app.wasm",
        .takes_guest = true,
        .add = vitrine::cli::add_inspect },
    { .name = "objdump",
        .arguments = "[options] app.wasm",
        .summary = "Disassemble a module, with offsets",
        .details = "Without an option, as with -d.",
        .example = "vitrine objdump -d app.wasm",
        .takes_guest = false,
        .add = vitrine::cli::add_objdump },
    { .name = "validate",
        .arguments = "FILE...",
        .summary = "Decode and validate modules",
        .details = "Silent when all of them are valid; otherwise the status is 1.",
        .example = "vitrine validate app.wasm",
        .takes_guest = false,
        .add = vitrine::cli::add_validate },
    { .name = "opcodes",
        .arguments = "[--json]",
        .summary = "Print the table of all instructions",
        .details = "Code, text, and the feature that an instruction belongs to.",
        .example = "vitrine opcodes --json",
        .takes_guest = false,
        .add = vitrine::cli::add_opcodes },
    { .name = "wast",
        .arguments = "[options] FILE.json",
        .summary = "Run a script of the official WebAssembly test suite",
        .details =
            "The script and its modules come from a .wast, by `wasm-tools json-from-wast` or `wast2json`.\n"
            "Each command that fails is a line; the last line counts them. The status is 1 when one failed.",
        .example = "vitrine wast --features=-multi-memory memory.json",
        .takes_guest = false,
        .add = vitrine::cli::add_wast },
};

} // namespace

int main(int argc, char** argv)
{
    using vitrine::core::Thrown;
    return vitrine::core::guarded([&] { return vitrine::cli::run_command_line(commands, argc, argv); },
        [](const Thrown& thrown) {
            // Like any other error, but without an allocation: memory may be exhausted.
            std::fprintf(stderr, "vitrine: error: cannot go on: %s\n", thrown.text.c_str());
            return vitrine::cli::status::refused;
        });
}
