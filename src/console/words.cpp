// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "console/words.h"

#include "base/number.h"

namespace vitrine::core::console {

namespace {

constexpr std::string_view blanks = " \t\r\n";

/// The text in front of the last word, and the last word.
std::pair<std::string_view, std::string_view> split_last(std::string_view text)
{
    const size_t blank = text.find_last_of(blanks);
    if (blank == std::string_view::npos)
        return { "", text };
    return { trimmed(text.substr(0, blank)), text.substr(blank + 1) };
}

} // namespace

std::string_view trimmed(std::string_view text)
{
    const size_t begin = text.find_first_not_of(blanks);
    if (begin == std::string_view::npos)
        return "";
    return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

Words::Words(std::string_view text, bool takes_none) : text_(trimmed(text)), takes_none_(takes_none) {}

std::string_view Words::peek() const
{
    int depth = 0;
    bool is_quoted = false;
    size_t end = 0;
    for (; end < text_.size(); ++end) {
        const char letter = text_[end];
        if (is_quoted && letter == '\\' && end + 1 < text_.size()) {
            ++end;
            continue;
        }
        if (letter == '"')
            is_quoted = !is_quoted;
        if (is_quoted)
            continue;
        depth += (letter == '[' || letter == '(') - (letter == ']' || letter == ')');
        if (blanks.contains(letter) && depth <= 0)
            break;
    }
    return text_.substr(0, end);
}

std::string_view Words::next()
{
    const std::string_view word = peek();
    text_ = trimmed(text_.substr(word.size()));
    return word;
}

bool Words::take(std::string_view word)
{
    if (word != peek())
        return false;
    next();
    return true;
}

bool Words::take_last(std::string_view word)
{
    const auto [before, last] = split_last(text_);
    if (last != word || before.empty())
        return false;
    text_ = before;
    return true;
}

Result<uint64_t> Words::number(std::string_view what)
{
    const std::string_view word = next();
    if (word.empty())
        return failure("expected " + std::string(what));
    if (const auto value = parse_unsigned(word))
        return *value;
    return failure("expected " + std::string(what) + " instead of " + std::string(word));
}

Result<std::string> Words::quoted(std::string_view what)
{
    const std::string_view word = next();
    if (word.size() < 2 || !word.starts_with('"') || !word.ends_with('"'))
        return failure("expected " + std::string(what) + " in quotes");
    std::string text;
    for (size_t i = 1; i + 1 < word.size(); ++i) {
        const bool is_escape = word[i] == '\\' && (word[i + 1] == '"' || word[i + 1] == '\\');
        text += word[is_escape ? ++i : i];
    }
    return text;
}

Result<std::optional<uint64_t>> Words::trailing(std::string_view key)
{
    const auto [before, last] = split_last(text_);
    const auto [front, word] = split_last(before);
    if (word != key || last.ends_with('"'))
        return std::nullopt;
    const auto number = parse_unsigned(last);
    if (!number)
        return failure("expected a number after `" + std::string(key) + "` instead of " + std::string(last));
    text_ = front;
    return number;
}

Result<void> Words::end() const
{
    if (at_end())
        return {};
    return failure(
        "unexpected argument \"" + std::string(text_) + "\"" + (takes_none_ ? " (the verb takes none)" : ""));
}

} // namespace vitrine::core::console
