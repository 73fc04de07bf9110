// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/message.h"

#include "base/text.h"
#include "cli/backtrace.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <unistd.h>

namespace vitrine::cli {

namespace {

/// Set once, before anything is printed.
bool is_coloured = false;
bool is_stdout_coloured = false;

/// The errno of the first failed write to stdout; 0 if there was none.
int output_error = 0;

void write_to(std::FILE* stream, std::string_view text)
{
    if (std::fwrite(text.data(), 1, text.size(), stream) < text.size() && stream == stdout
        && output_error == 0)
        output_error = errno;
}

void print_message(std::string_view kind, std::string_view colour, std::string_view text)
{
    const std::string_view on = is_coloured ? colour : "", off = is_coloured ? "\x1b[0m" : "";
    write_to(stderr, fmt::format("vitrine: {}{}:{} {}\n", on, kind, off, core::printable(text)));
}

} // namespace

void set_colour(Colour colour)
{
    const char* no_color = std::getenv("NO_COLOR");
    const auto is_wanted = [&](int stream) {
        const bool is_welcome = isatty(stream) && !(no_color && *no_color);
        return colour == Colour::Always || (colour == Colour::Auto && is_welcome);
    };
    is_coloured = is_wanted(STDERR_FILENO);
    is_stdout_coloured = is_wanted(STDOUT_FILENO);
}

bool is_output_coloured() { return is_stdout_coloured; }

void write(std::string_view text) { write_to(stdout, text); }

bool flush_output()
{
    if (std::fflush(stdout) != 0 && output_error == 0)
        output_error = errno;
    if (output_error == 0 && !std::ferror(stdout))
        return true;
    // If SIGPIPE is ignored, as under a debugger, EPIPE says that nobody reads the output. That
    // needs no message; other errors do.
    if (output_error != EPIPE)
        print_error("cannot write to stdout"
            + (output_error == 0 ? std::string() : std::string(": ") + std::strerror(output_error)));
    return false;
}

void print_error(std::string_view text) { print_message("error", "\x1b[1;31m", text); }

void print_warning(std::string_view text) { print_message("warning", "\x1b[1;33m", text); }

void print_note(std::string_view text)
{
    write_to(stderr, fmt::format("vitrine: {}\n", core::printable(text)));
}

void print_row(std::string_view text) { write_to(stderr, fmt::format("  {}\n", core::printable(text))); }

void print_text(std::string_view text) { write_to(stderr, text); }

int usage_error(const Error& error, std::string_view command)
{
    print_error(fmt::format("{} (vitrine {}{}--help)", error.message(), command, command.empty() ? "" : " "));
    return status::usage;
}

int report(const Error& error, std::span<const LoadedModule> modules)
{
    const Trap* trap = error.trap();
    if (!trap) {
        print_error(error.to_text());
        return status::refused;
    }
    switch (trap->kind) {
    case TrapKind::Exit: return trap->exit_status & 0xff;
    case TrapKind::Killed: return report(*trap, "the debugger ended the guest", status::killed, modules);
    default: return report(*trap, "trap: " + trap->text, status::trap, modules);
    }
}

int report(const Trap& trap, std::string_view text, int status, std::span<const LoadedModule> modules)
{
    print_error(text);
    write_to(stderr, backtrace_text(trap, modules));
    return status;
}

} // namespace vitrine::cli
