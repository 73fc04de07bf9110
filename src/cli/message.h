// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <fmt/format.h>
#include <vitrine/vitrine.hpp>

#include <span>
#include <string>
#include <string_view>

namespace vitrine::cli {

/// How a command ends, besides with a guest's own status.
namespace status {
inline constexpr int refused = 1;
inline constexpr int usage = 2;
inline constexpr int timeout = 124;
inline constexpr int interrupted = 130;
inline constexpr int trap = 134;
inline constexpr int killed = 137;
} // namespace status

enum class Colour : uint8_t { Auto, Always, Never };

/// Whether messages are coloured from here on; `Auto` asks the terminal and NO_COLOR.
void set_colour(Colour colour);
/// Whether stdout may be coloured.
bool is_output_coloured();

/// To stdout.
void write(std::string_view text);
template<class... Values> void print(fmt::format_string<Values...> format, Values&&... values)
{
    write(fmt::format(format, std::forward<Values>(values)...));
}
/// Whether all of it arrived; the message is printed here.
bool flush_output();

/// `vitrine: error: ...` on stderr.
void print_error(std::string_view text);
void print_warning(std::string_view text);
/// `vitrine: ...` on stderr.
void print_note(std::string_view text);

/// The command was called wrongly; the status that says so.
int usage_error(const Error& error, std::string_view command = "");

/// A module with the file that it comes from.
struct LoadedModule {
    Module module;
    std::string path;
};

/// An input that was refused, or the guest's trap with its backtrace; the status that says so.
int report(const Error& error, std::span<const LoadedModule> modules = {});
/// The same with words of ours for what ended the guest.
int report(const Trap& trap, std::string_view text, int status, std::span<const LoadedModule> modules = {});

} // namespace vitrine::cli
