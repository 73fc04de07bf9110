// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "eval/user_names.h"

#include "base/text.h"

#include <algorithm>
#include <vector>

namespace vitrine::core::eval {

namespace {

constexpr size_t max_near_names = 4;
constexpr size_t max_name_bytes = 200;

/// The edit distance in bytes, or `limit` if that is less.
size_t distance(std::string_view a, std::string_view b, size_t limit)
{
    if (std::max(a.size(), b.size()) - std::min(a.size(), b.size()) >= limit)
        return limit;
    std::vector<size_t> row(b.size() + 1);
    for (size_t j = 0; j <= b.size(); ++j)
        row[j] = j;
    for (size_t i = 0; i < a.size(); ++i) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < b.size(); ++j) {
            const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({ replaced, row[j] + 1, row[j + 1] + 1 });
        }
    }
    return std::min(row[b.size()], limit);
}

} // namespace

std::string bare_name(std::string_view text)
{
    if (text.starts_with('$'))
        text.remove_prefix(1);
    if (text.size() >= 2 && text.starts_with('"') && text.ends_with('"')) {
        text = text.substr(1, text.size() - 2);
        return unescaped(text).value_or(std::string(text));
    }
    return std::string(text);
}

std::vector<std::string> names_in(std::string_view text)
{
    std::vector<std::string> names { bare_name(text) };
    if (const auto name = unescaped(names.front()); name && *name != names.front())
        names.push_back(*name);
    return names;
}

NearNames::NearNames(std::string_view name) : name_(name), limit_(std::min<size_t>(name.size() / 3 + 2, 8)) {}

void NearNames::add(std::string_view candidate)
{
    if (candidate.empty() || name_.size() > max_name_bytes)
        return;
    if (const size_t d = distance(name_, candidate, limit_); d < limit_)
        names_.emplace(d, candidate);
}

std::string NearNames::to_text() const
{
    std::vector<std::string_view> shown;
    for (const auto& [d, name] : names_)
        if (shown.size() < max_near_names && std::ranges::find(shown, name) == shown.end())
            shown.push_back(name);
    std::string text;
    for (const std::string_view name : shown)
        text += (text.empty() ? "; near: `" : ", `") + escaped(name) + "`";
    return text;
}

} // namespace vitrine::core::eval
