// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <vitrine/vitrine.hpp>

#include <optional>
#include <string_view>

namespace vitrine::cli {

/// A number as WAT writes it, of the given kind; a reference can be `null`. See base/number.h.
Result<Val> parse_number(std::string_view text, ValKind kind);

/// Parses a size: `65536`, `64K`, `16M` or `1G`. Returns bytes.
std::optional<uint64_t> parse_size(std::string_view text);

} // namespace vitrine::cli
