// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/bytes.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vitrine::core {

/// `1 value`, `2 values`: for words whose plural ends in `s`.
std::string count_text(size_t count, std::string_view one);

/// `0x2a`.
std::string hex(uint64_t value);

/// `value` as exactly `digits` lowercase hexadecimal digits, without prefix.
std::string hex_digits(uint64_t value, int digits);

/// Each byte as two lowercase hexadecimal digits.
std::string hex_of(Bytes bytes);

/// A decoded UTF-8 character.
struct Character {
    uint32_t code_point = 0;
    /// Length in bytes. 0 if the sequence is ill-formed.
    size_t length = 0;
};

/// Decodes the character at the start of `text`, which must not be empty.
Character character_at(Bytes text);

/// Appends a code point, which must not be a surrogate or above U+10FFFF.
void append_utf8(std::string& to, uint32_t point);

/// Whether `text` is well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(Bytes text);

/// Whether a terminal may interpret a character instead of displaying it: Unicode's general
/// categories Cc (control), Cf (format: direction, joining, invisible characters), Zl and Zp (line
/// and paragraph separators).
bool is_control(uint32_t code_point);

/// Replaces each control character in `text` with the result of `escape`. `text` must be UTF-8.
std::string replace_controls(std::string_view text, std::string (*escape)(uint32_t code_point));

/// `text` as one printable line, without surrounding quotes. Quotes, backslashes, control
/// characters and ill-formed UTF-8 are escaped as in the text format (`\t \n \" \\ \7f \u{202e}`).
/// All text from a module passes through this function or `printable` before it is shown to a
/// person.
std::string escaped(std::string_view text);

/// Reverses `escaped`. Empty if an escape is malformed.
std::optional<std::string> unescaped(std::string_view text);

/// Decodes the escape sequence at the beginning of `text` and appends the result: an escape of the
/// text format, `\xhh` for a byte, or `\0`. Returns its length in bytes, or 0 if there is none.
size_t take_escape(std::string_view text, std::string& to);

/// Like `escaped`, but keeps quotes and backslashes. For text that does not need to be parsed
/// again, such as file names, demangled names and whole messages. Escaping the result again does
/// not change it.
std::string printable(std::string_view text);

/// The shortest decimal text that reads back as the same value; `nan`, `inf`, `-inf`; NaNs with
/// another payload as in the text format (`nan:0x..`).
std::string float_text(float value);
std::string float_text(double value);

} // namespace vitrine::core
