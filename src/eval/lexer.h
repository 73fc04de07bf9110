// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace vitrine::core::eval {

enum class TokenKind : uint8_t { End, Integer, Float, Character, Text, Word, Name, Index, Sign };

/// A token of an expression.
struct Token {
    TokenKind kind = TokenKind::End;
    size_t begin = 0;
    size_t end = 0;
    /// For a word, a name (without `$` and quotes) and a text: its contents, with escapes decoded.
    std::string text {};
    /// For an operator or bracket. It points into static text.
    std::string_view sign {};
    /// For an integer, a character and an index.
    uint64_t number = 0;
    bool is_hex = false, is_unsigned = false, is_long = false;
    /// For a float; `is_single` with the suffix `f`.
    double real = 0;
    bool is_single = false;
};

/// Whether names consist of such bytes: letters, digits, `_`, and all that are not ASCII.
bool is_name_part(char c);

/// The first token at or after `at`, after blanks.
Result<Token> next_token(std::string_view text, size_t at);

} // namespace vitrine::core::eval
