// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"
#include "runtime/value.h"

#include <string>
#include <string_view>

namespace vitrine::core::eval {

/// The letter of `/x`, `/d`, `/u`, `/t`, `/c` or `/f`.
Result<char> parse_format(std::string_view word);

/// A number in hexadecimal, decimal with a sign or without, binary, as a character or as a float of its width; a v128 in hexadecimal. Refuses other
/// formats of these, and references.
Result<std::string> formatted(const Value& value, char format);

} // namespace vitrine::core::eval
