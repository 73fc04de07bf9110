// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/message.h"

#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>
#include <unistd.h>

namespace vitrine::cli {

namespace {

/// Set once, before anything is printed.
bool is_coloured = false;

void print(std::string_view kind, std::string_view colour, std::string_view text)
{
    const std::string_view on = is_coloured ? colour : "", off = is_coloured ? "\x1b[0m" : "";
    fmt::print(stderr, "vitrine: {}{}:{} {}\n", on, kind, off, text);
}

} // namespace

void set_colour(Colour colour)
{
    const char* no_color = std::getenv("NO_COLOR");
    const bool wanted = isatty(STDERR_FILENO) && !(no_color && *no_color);
    is_coloured = colour == Colour::Always || (colour == Colour::Auto && wanted);
}

void print_error(std::string_view text) { print("error", "\x1b[1;31m", text); }

void print_warning(std::string_view text) { print("warning", "\x1b[1;33m", text); }

int report(const Error& error)
{
    const Trap* trap = error.trap();
    if (!trap) {
        print_error(error.to_text());
        return status::refused;
    }
    if (trap->kind == TrapKind::Exit)
        return trap->exit_status & 0xff;
    print_error((trap->kind == TrapKind::Interrupted ? "" : "trap: ") + trap->text);
    for (size_t i = 0; i < trap->backtrace.size(); ++i) {
        const TraceFrame& frame = trap->backtrace[i];
        const std::string module = frame.module.empty() ? "" : frame.module + "!";
        fmt::print(stderr, "  #{} {}{} func[{}] at {:#x}\n", i, module, frame.name.empty() ? "?" : frame.name,
            frame.function, frame.offset);
    }
    if (trap->kind == TrapKind::Killed)
        return status::killed;
    return status::trap;
}

} // namespace vitrine::cli
