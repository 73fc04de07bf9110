// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "console/text.h"

#include "base/text.h"

#include <algorithm>
#include <utility>

namespace vitrine::core::console {

namespace {

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

/// Whether the letter can be part of an identifier of WAT.
bool is_word(char letter)
{
    return is_digit(letter) || (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z')
        || std::string_view("!#$%&'*+-./:<>?@\\^_`|~").contains(letter);
}

/// The length of a text in quotes at the front; all of it if it does not end.
size_t quoted_length(std::string_view text)
{
    size_t at = 1;
    while (at < text.size() && text[at] != '"')
        at += text[at] == '\\' ? 2 : 1;
    return std::min(at + 1, text.size());
}

/// The style of the first piece of a text, and its length.
std::pair<Style, size_t> first_piece(std::string_view text)
{
    if (text.starts_with('"'))
        return { Style::Text, quoted_length(text) };
    if (text.starts_with("$\""))
        return { Style::Name, 1 + quoted_length(text.substr(1)) };
    if (!is_word(text.front()))
        return { Style::Plain, 1 };
    size_t length = 0;
    while (length < text.size() && is_word(text[length]))
        ++length;
    const size_t sign = text.front() == '-' || text.front() == '+' ? 1 : 0;
    if (text.front() == '$')
        return { Style::Name, length };
    return { sign < length && is_digit(text[sign]) ? Style::Number : Style::Plain, length };
}

std::string_view colour_of(Style style)
{
    switch (style) {
    case Style::Plain: return "";
    case Style::Name: return "\x1b[36m";
    case Style::Number: return "\x1b[33m";
    case Style::Text: return "\x1b[35m";
    case Style::Event: return "\x1b[1m";
    case Style::Selected: return "\x1b[32m";
    case Style::Error: return "\x1b[31m";
    case Style::Comment: return "\x1b[90m";
    case Style::Keyword: return "\x1b[34m";
    }
    std::unreachable();
}

} // namespace

Line styled(std::string_view raw, Style style)
{
    const std::string shown = printable(raw);
    if (style != Style::Plain)
        return { { style, shown } };
    Line line;
    std::string_view text = shown;
    while (!text.empty()) {
        const auto [piece, length] = first_piece(text);
        if (line.empty() || line.back().style != piece)
            line.push_back({ piece, "" });
        line.back().text += text.substr(0, length);
        text.remove_prefix(length);
    }
    return line;
}

std::string plain_text(const Line& line)
{
    std::string text;
    for (const Span& span : line)
        text += span.text;
    return text;
}

std::string ansi_text(const Line& line)
{
    std::string text;
    for (const Span& span : line) {
        const std::string_view colour = colour_of(span.style);
        text += colour;
        text += span.text;
        text += colour.empty() ? "" : "\x1b[0m";
    }
    return text;
}

} // namespace vitrine::core::console
