// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"
#include "runtime/value.h"

#include <string>
#include <string_view>

namespace vitrine::core::eval {

/// The letters of formats that a value alone determines.
inline constexpr std::string_view value_formats = "xduotcfa";

/// A number in hexadecimal (x), signed (d) or unsigned (u) decimal, octal (o), binary (t), as a
/// character (c), a float of its width (f) or an address (a). A v128 has only `x`, a reference has
/// none; the rest is refused.
Result<std::string> formatted(const Value& value, char format);

/// The same for a number that is made of this many of the lowest bits: 8, 16, 32 or 64. A float
/// has 32 or 64; the rest is refused.
Result<std::string> formatted(uint64_t bits, unsigned width, char format);

} // namespace vitrine::core::eval
