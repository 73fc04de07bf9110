// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/bytes.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace vitrine::core {

/// `0x2a`.
std::string hex(uint64_t value);

/// `value` as exactly `digits` lowercase hexadecimal digits, without prefix.
std::string hex_digits(uint64_t value, int digits);

/// Each byte as two lowercase hexadecimal digits.
std::string hex_of(Bytes bytes);

/// Whether `text` is well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(Bytes text);

/// `text` with quotes, backslashes, control characters and ill-formed UTF-8 escaped as WAT writes them
/// (`\t \n \" \\ \7f`), without the quotes around it.
std::string escaped(std::string_view text);

/// Shortest decimal text that reads back as the same value; `nan`, `inf`, `-inf`; NaNs with a payload as
/// WAT writes them (`nan:0x..`).
std::string float_text(float value);
std::string float_text(double value);

} // namespace vitrine::core
