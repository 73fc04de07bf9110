// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <vitrine/vitrine.hpp>

#include <string_view>

namespace vitrine::cli {

/// A number as WAT writes it, of the given kind; a reference can be `null`. See base/number.h.
Result<Val> parse_number(std::string_view text, ValKind kind);

} // namespace vitrine::cli
