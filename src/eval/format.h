// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"
#include "runtime/value.h"

#include <string>
#include <string_view>

namespace vitrine::core::eval {

/// Parses `/x`, `/d`, `/u`, `/t`, `/c` or `/f`; returns the letter.
Result<char> parse_format(std::string_view word);

/// A number in hexadecimal (x), signed (d) or unsigned (u) decimal, binary (t), as a character (c)
/// or as a float of its width (f). A v128 has only `x`, a reference has none; the rest is refused.
Result<std::string> formatted(const Value& value, char format);

} // namespace vitrine::core::eval
