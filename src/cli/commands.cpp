// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/commands.h"

#include <algorithm>
#include <iterator>

namespace vitrine::cli {

namespace {

constexpr CommandRow commands[] {
    { .name = "run",
        .arguments = "[options] app.wasm [arguments]",
        .summary = "Run a WASI program or an exported function",
        .details = "Everything after the module's path is an argument of the guest. With --invoke, the "
                   "arguments are\n"
                   "numbers as in WAT (-7, 0x1F, 1_000, -0x1p-3, inf, nan). The exit status is the guest's "
                   "own, 134\n"
                   "after a trap, 130 after Ctrl-C, 124 after --timeout, 137 if a debugger ended the guest.",
        .example = "vitrine run --dir . app.wasm input.txt",
        .takes_guest = true,
        .add = add_run },
    { .name = "debug",
        .arguments = "[options] app.wasm [arguments]",
        .summary = "Debug a guest in the terminal",
        .details =
            "The options set up the guest as for `run`. In the debugger, `help` lists the commands, and\n"
            "Ctrl-C stops a running guest. The exit status is 0, or with --batch that of the guest. With\n"
            "--attach, the guest is one that runs already with `run --dap`; it goes on when you leave it.",
        .example = "vitrine debug --dir . app.wasm input.txt",
        .takes_guest = true,
        .add = add_debug },
    { .name = "dap",
        .arguments = "[options]",
        .summary = "Debug guests in an editor: the Debug Adapter Protocol",
        .details =
            "Editors start it and speak to it through its standard streams. The launch configuration of\n"
            "the editor says what to run; docs/editors.md has examples.",
        .example = "vitrine dap --listen 4711",
        .takes_guest = false,
        .add = add_dap },
    { .name = "ps",
        .arguments = "[--json]",
        .summary = "List running guests that debuggers can attach to",
        .details = "Lists your guests that have a door for debuggers: those of `run -g` and `run --dap`.",
        .example = "vitrine ps --json",
        .takes_guest = false,
        .add = add_ps },
    { .name = "lldb-script",
        .arguments = "[--rust]",
        .summary = "Print Vitrine's commands for LLDB",
        .details = "`run --lldb` loads them by itself. In an LLDB that attaches to `run -g`, load them with\n"
                   "`command script import vitrine.py`. Then `vitrine globals` and the like show what LLDB\n"
                   "has no commands for.",
        .example = "vitrine lldb-script > vitrine.py",
        .takes_guest = false,
        .add = add_lldb_script },
    { .name = "mcp",
        .arguments = "[options]",
        .summary = "Debug guests from an agent: the Model Context Protocol",
        .details =
            "Agents start it and speak to it through its standard streams; docs/mcp.md lists its tools.",
        .example = "vitrine mcp",
        .takes_guest = false,
        .add = add_mcp },
    { .name = "inspect",
        .arguments = "[options] app.wasm [arguments]",
        .summary = "Show a module's structure, or the state of a guest at a place",
        .details = "With --at, the guest runs from _start, or from the function given by --invoke, until it "
                   "reaches\n"
                   "the place. Its frames, globals, tables and memories are then shown, exported or not.",
        .example = "vitrine inspect --at main --memory 0:1024+64 app.wasm",
        .takes_guest = true,
        .add = add_inspect },
    { .name = "objdump",
        .arguments = "[options] app.wasm",
        .summary = "Disassemble a module, with offsets",
        .details = "Without an option, -d is assumed.",
        .example = "vitrine objdump -d app.wasm",
        .takes_guest = false,
        .add = add_objdump },
    { .name = "validate",
        .arguments = "[options] app.wasm...",
        .summary = "Decode and validate modules and components",
        .details = "Prints nothing if all modules are valid. Otherwise the exit status is 1.",
        .example = "vitrine validate app.wasm",
        .takes_guest = false,
        .add = add_validate },
    { .name = "opcodes",
        .arguments = "[--json]",
        .summary = "Print the table of instructions",
        .details = "Prints the code, text and feature of each instruction.",
        .example = "vitrine opcodes --json",
        .takes_guest = false,
        .add = add_opcodes },
    { .name = "wast",
        .arguments = "[options] FILE.json",
        .summary = "Run a script of the official WebAssembly test suite",
        .details =
            "`wasm-tools json-from-wast` or `wast2json` makes the script and its modules from a .wast file.\n"
            "Each failed command is reported on a line of its own; the last line has the totals. The exit\n"
            "status is 1 if a command failed.",
        .example = "vitrine wast --features=-multi-memory memory.json",
        .takes_guest = false,
        .add = add_wast },
    { .name = "completions",
        .arguments = "bash|zsh|fish",
        .summary = "Print what makes a shell complete commands, options and values",
        .details =
            "The packages and `cmake --install` put it where the shells look for it. Otherwise, let the\n"
            "shell read it when it starts: with `source <(vitrine completions bash)` in ~/.bashrc or with\n"
            "zsh in ~/.zshrc, after `compinit`; with `vitrine completions fish | source` in config.fish.",
        .example = "vitrine completions bash",
        .takes_guest = false,
        .add = add_completions },
    // What these scripts ask for the candidates. All words belong to the line that is completed.
    { .name = "complete",
        .arguments = "",
        .summary = "",
        .details = "",
        .example = "",
        .takes_guest = true,
        .add = add_complete },
    // A step of the build.
    { .name = "man-pages",
        .arguments = "",
        .summary = "",
        .details = "",
        .example = "",
        .takes_guest = false,
        .add = add_man_pages },
    // The reader of debug information, which the other commands start.
    { .name = "symbols",
        .arguments = "",
        .summary = "",
        .details = "",
        .example = "",
        .takes_guest = false,
        .add = add_symbols },
};

} // namespace

std::span<const CommandRow> all_commands() { return commands; }

const CommandRow* find_command(std::string_view name)
{
    const auto* found = std::ranges::find(commands, name, &CommandRow::name);
    return found == std::end(commands) ? nullptr : found;
}

} // namespace vitrine::cli
