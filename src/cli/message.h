// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <vitrine/vitrine.hpp>

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

/// `vitrine: error: ...` on stderr.
void print_error(std::string_view text);
void print_warning(std::string_view text);

/// What went wrong with a guest, with the backtrace of a trap, and the status that says so.
int report(const Error& error);

} // namespace vitrine::cli
