// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/bytes.h"

#include <cstdint>
#include <optional>
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

/// Whether a terminal may do something else with a character than show it: Unicode's general
/// categories Cc (controls), Cf (format characters: direction, joining, invisible ones), Zl and Zp
/// (separators of lines and paragraphs).
bool is_control(uint32_t code_point);

/// `text`, which is UTF-8, with what `escape` makes of each control character in its place.
std::string replace_controls(std::string_view text, std::string (*escape)(uint32_t code_point));

/// `text` as one line that shows what is in it, without quotes around it: quotes, backslashes,
/// control characters and ill-formed UTF-8 are escaped as WAT writes them
/// (`\t \n \" \\ \7f \u{202e}`). All text from a module passes through this function or `printable`
/// before a person reads it.
std::string escaped(std::string_view text);

/// The text that `escaped` was given; none if an escape is malformed.
std::optional<std::string> unescaped(std::string_view text);

/// Appends what the escape at the beginning of `text` stands for: an escape of WAT, `\xhh` for a
/// byte, or `\0`. Returns its length in bytes, or 0 if there is none.
size_t take_escape(std::string_view text, std::string& to);

/// `text` as one line, like `escaped`, but with its quotes and backslashes as they are: for text that
/// nobody has to read back, such as file names, demangled names and whole messages. What was escaped
/// before stays as it is.
std::string printable(std::string_view text);

/// Shortest decimal text that reads back as the same value; `nan`, `inf`, `-inf`; NaNs with a payload as
/// WAT writes them (`nan:0x..`).
std::string float_text(float value);
std::string float_text(double value);

} // namespace vitrine::core
