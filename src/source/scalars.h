// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "source/render.h"
#include "source/types.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace vitrine::core::source {

/// A type whose values are code units of text.
struct TextUnit {
    /// 1, 2 or 4 bytes: UTF-8, UTF-16 or UTF-32.
    uint8_t size = 1;
    /// What C++ writes in front of a literal: `L`, `u8`, `u`, `U`.
    std::string_view prefix {};
};

/// `char` and its wide sisters, also where they are typedefs, as `wchar_t` is in C.
std::optional<TextUnit> text_unit(Types& types, TypeId type);

/// An integer in a base of `style`; `bytes` are little-endian, at most 16.
std::string integer_text(std::span<const uint8_t> bytes, bool is_signed, Style::Base base);
/// A floating-point number of 2, 4, 8 or 16 bytes.
std::string float_bytes_text(std::span<const uint8_t> bytes, Language language);
/// `'v'`, `'\n'`, `L'\u{d800}'`
std::string character_text(uint64_t code, TextUnit unit);
/// An enumerator's name, `RED | BLUE`, or a number.
std::string enumeration_text(const Type& type, std::span<const uint8_t> bytes, bool is_signed);

/// Text in quotes, as one printable line. Cut off behind `max_text` characters, or if `is_cut` says
/// that the bytes are not all.
std::string quoted_text(
    std::span<const uint8_t> bytes, TextUnit unit, uint32_t max_text, bool is_cut = false);

} // namespace vitrine::core::source
