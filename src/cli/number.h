// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <vitrine/vitrine.hpp>

#include <string_view>

namespace vitrine::cli {

/// Parses a number of the given kind as in WAT: decimal or hexadecimal, with `_` between digits,
/// `inf`, `nan`, `nan:0x1`. A reference can be `null`. [spec: text/values]
Result<Val> parse_number(std::string_view text, ValKind kind);

/// Parses an unsigned integer, decimal or hexadecimal.
std::optional<uint64_t> parse_unsigned(std::string_view text);

} // namespace vitrine::cli
