// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vitrine::core::console {

/// What a piece of an answer is. A door decides how it looks.
enum class Style : uint8_t {
    Plain,
    /// `$count`
    Name,
    /// `42`, `0x51`
    Number,
    /// A text in quotes.
    Text,
    // A whole line:
    /// The program has stopped or ended.
    Event,
    /// The selected frame, or the next instruction.
    Selected,
    Error,
    // Parts of source lines:
    Comment,
    Keyword,
};

struct Span {
    Style style;
    std::string text;
};

/// A line of an answer: its pieces, from left to right.
using Line = std::vector<Span>;

/// A line of one style; `Plain` finds the names, numbers and texts in it. Escapes what a terminal
/// would not show.
Line styled(std::string_view text, Style style = Style::Plain);

/// The line without its styles.
std::string plain_text(const Line& line);

/// The line in the colours of a terminal.
std::string ansi_text(const Line& line);

} // namespace vitrine::core::console
