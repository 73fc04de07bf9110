// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "console/macros.h"

#include "base/number.h"
#include "console/words.h"

#include <algorithm>

namespace vitrine::core::console {

namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// What `$arg` with this behind it stands for, and how much of the text it takes; 0 if nothing.
std::pair<std::string, size_t> argument_at(
    std::string_view text, std::string_view all, const std::vector<std::string_view>& words)
{
    if (text.starts_with('c') && (text.size() == 1 || !(is_letter(text[1]) || is_digit(text[1]))))
        return { std::to_string(words.size()), 1 };
    if (text.starts_with('*'))
        return { std::string(all), 1 };
    size_t digits = 0;
    while (digits < text.size() && is_digit(text[digits]))
        ++digits;
    const auto number = parse_unsigned(text.substr(0, digits));
    if (!number || *number >= words.size())
        return { "", 0 };
    return { std::string(words[*number]), digits };
}

} // namespace

Result<void> Macros::check_name(std::string_view name)
{
    constexpr size_t max_length = 64;
    if (name.empty())
        return failure("expected a name");
    const bool is_name = name.size() <= max_length && is_letter(name.front())
        && std::ranges::all_of(name, [](char c) { return is_letter(c) || is_digit(c) || c == '-'; });
    if (!is_name)
        return failure(std::string(name) + ": a name has letters, digits, _ and -, at most "
            + std::to_string(max_length));
    return {};
}

void Macros::set(std::string_view name, Macro macro)
{
    all_.insert_or_assign(std::string(name), std::move(macro));
}

Result<void> Macros::document(std::string_view name, std::vector<std::string> help)
{
    const auto found = all_.find(name);
    if (found == all_.end())
        return failure("no `define` or `alias` has made " + std::string(name));
    found->second.help = std::move(help);
    return {};
}

const Macros::Macro* Macros::find(std::string_view name) const
{
    const auto found = all_.find(name);
    return found == all_.end() ? nullptr : &found->second;
}

std::vector<std::string> Macros::expand(const Macro& macro, std::string_view arguments)
{
    if (macro.is_alias)
        return { macro.lines.front() + (arguments.empty() ? "" : " ") + std::string(arguments) };
    std::vector<std::string_view> words;
    for (Words rest(arguments); !rest.at_end();)
        words.push_back(rest.next());
    constexpr std::string_view key = "$arg";
    std::vector<std::string> lines;
    for (const std::string& line : macro.lines) {
        std::string expanded;
        std::string_view text = line;
        for (size_t at; (at = text.find(key)) != text.npos;) {
            expanded += text.substr(0, at);
            text.remove_prefix(at + key.size());
            const auto [argument, length] = argument_at(text, trimmed(arguments), words);
            expanded += length == 0 ? std::string(key) : argument;
            text.remove_prefix(length);
        }
        lines.push_back(expanded + std::string(text));
    }
    return lines;
}

} // namespace vitrine::core::console
