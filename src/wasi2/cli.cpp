// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "host/file_calls.h"
#include "wasi2/streams.h"
#include "wasi2/values.h"

#include <algorithm>

// The package wasi:cli.

namespace vitrine::core::wasi2 {

namespace {

// -- wasi:cli/environment

std::vector<std::tuple<std::string, std::string>> get_environment(Call& call)
{
    std::vector<std::tuple<std::string, std::string>> variables;
    for (const auto& [name, value] : call.world.host().config().env)
        variables.emplace_back(utf8_of(name), utf8_of(value));
    return variables;
}

std::vector<std::string> get_arguments(Call& call)
{
    std::vector<std::string> arguments;
    std::ranges::transform(call.world.host().config().args, std::back_inserter(arguments), utf8_of);
    return arguments;
}

/// The guest has directories, but is in none of them.
std::optional<std::string> initial_cwd() { return std::nullopt; }

// -- wasi:cli/exit

void exit_with_code(Call& call, uint8_t status)
{
    call.trap = Trap { .kind = TrapKind::Exit, .exit_status = status };
}

void exit(Call& call, ComponentResult<void, void> status) { exit_with_code(call, status ? 0 : 1); }

// -- wasi:cli/stdin, stdout and stderr

Own<InputStream> get_stdin(Call& call) { return Own<InputStream>::make(call.world.input()); }
Own<OutputStream> get_stdout(Call& call) { return Own<OutputStream>::make(call.world.output()); }
Own<OutputStream> get_stderr(Call& call) { return Own<OutputStream>::make(call.world.errors()); }

// -- wasi:cli/terminal-...

/// A terminal has no operations: the guest only learns that there is one.
struct TerminalInput {};
struct TerminalOutput {};

template<class Terminal> std::optional<Own<Terminal>> terminal_of(const File& file)
{
    if (!host::is_terminal(file))
        return std::nullopt;
    return Own<Terminal>::make();
}

std::optional<Own<TerminalInput>> get_terminal_stdin(Call& call)
{
    return terminal_of<TerminalInput>(*call.world.input());
}
std::optional<Own<TerminalOutput>> get_terminal_stdout(Call& call)
{
    return terminal_of<TerminalOutput>(*call.world.output());
}
std::optional<Own<TerminalOutput>> get_terminal_stderr(Call& call)
{
    return terminal_of<TerminalOutput>(*call.world.errors());
}

} // namespace

void define_cli(Definitions& to)
{
    to.interface("wasi:cli/environment")
        .func("get-environment", get_environment)
        .func("get-arguments", get_arguments)
        .func("initial-cwd", initial_cwd);

    to.interface("wasi:cli/exit").func("exit", exit).func("exit-with-code", exit_with_code);

    to.interface("wasi:cli/stdin").resource<InputStream>("input-stream").func("get-stdin", get_stdin);
    to.interface("wasi:cli/stdout").resource<OutputStream>("output-stream").func("get-stdout", get_stdout);
    to.interface("wasi:cli/stderr").resource<OutputStream>("output-stream").func("get-stderr", get_stderr);

    to.interface("wasi:cli/terminal-input").resource<TerminalInput>("terminal-input");
    to.interface("wasi:cli/terminal-output").resource<TerminalOutput>("terminal-output");
    to.interface("wasi:cli/terminal-stdin")
        .resource<TerminalInput>("terminal-input")
        .func("get-terminal-stdin", get_terminal_stdin);
    to.interface("wasi:cli/terminal-stdout")
        .resource<TerminalOutput>("terminal-output")
        .func("get-terminal-stdout", get_terminal_stdout);
    to.interface("wasi:cli/terminal-stderr")
        .resource<TerminalOutput>("terminal-output")
        .func("get-terminal-stderr", get_terminal_stderr);
}

} // namespace vitrine::core::wasi2
