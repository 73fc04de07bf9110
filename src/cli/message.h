// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <fmt/format.h>
#include <vitrine/vitrine.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::cli {

/// Exit statuses other than the guest's own.
namespace status {
inline constexpr int refused = 1;
inline constexpr int usage = 2;
inline constexpr int timeout = 124;
inline constexpr int interrupted = 130;
inline constexpr int trap = 134;
inline constexpr int killed = 137;
} // namespace status

enum class Colour : uint8_t { Auto, Always, Never };

/// Sets whether messages are coloured from now on. `Auto` checks the terminal and NO_COLOR.
void set_colour(Colour colour);
/// Whether output on stdout is coloured.
bool is_output_coloured();

/// Writes to stdout.
void write(std::string_view text);
template<class... Values> void print(fmt::format_string<Values...> format, Values&&... values)
{
    write(fmt::format(format, std::forward<Values>(values)...));
}
/// Whether everything was written. If not, prints the error.
bool flush_output();

/// Prints `vitrine: error: ...` on stderr.
void print_error(std::string_view text);
void print_warning(std::string_view text);
/// Prints `vitrine: ...` on stderr.
void print_note(std::string_view text);

/// Prints an indented line that belongs to a note.
void print_row(std::string_view text);

/// Prints text on stderr as it is.
void print_text(std::string_view text);

/// Reports wrong usage of a command. Returns the exit status.
int usage_error(const Error& error, std::string_view command = "");

/// A module and the file that it was loaded from.
struct LoadedModule {
    Module module;
    std::string path;
    /// For a core module of a component: how backtraces call it. Can be empty.
    std::string name {};
    /// The values of `--debug-info`.
    std::vector<std::string> debug_files {};
};

/// Reports a rejected input, or a trap with its backtrace. Returns the exit status.
int report(const Error& error, std::span<const LoadedModule> modules = {});
/// Like the above, with a given message and status.
int report(const Trap& trap, std::string_view text, int status, std::span<const LoadedModule> modules = {});

} // namespace vitrine::cli
