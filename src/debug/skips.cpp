// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/skips.h"

#include "base/guard.h"
#include "debug/source_view.h"
#include "source/paths.h"

#include <algorithm>
#include <optional>
#include <regex>

namespace vitrine::core::debug {

/// The standard library's matcher needs stack for each character of a name, so it only sees the
/// first ones.
struct Skips::Compiled {
    static constexpr size_t max_name = 1000;

    std::regex regex;

    bool matches(std::string_view name) const
    {
        name = name.substr(0, max_name);
        return guarded([&] { return std::regex_search(name.begin(), name.end(), regex); },
            [](const Thrown&) { return false; });
    }
};

bool matches_glob(std::string_view pattern, std::string_view text)
{
    // Where to go on if what follows the last `*` does not match: it takes one character more.
    std::optional<size_t> after_star;
    size_t star_end = 0, p = 0, t = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            after_star = ++p;
            star_end = t;
        } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
            ++p;
            ++t;
        } else if (after_star) {
            p = *after_star;
            t = ++star_end;
        } else {
            return false;
        }
    }
    return std::ranges::all_of(pattern.substr(p), [](char c) { return c == '*'; });
}

Result<uint32_t> Skips::add_function(std::string regex)
{
    auto compiled = guarded(
        [&]() -> Result<std::shared_ptr<const Compiled>> {
            return std::make_shared<const Compiled>(std::regex(regex));
        },
        [&](const Thrown&) -> Result<std::shared_ptr<const Compiled>> {
            return failure("malformed regular expression: " + regex);
        });
    auto matcher = TRY(std::move(compiled));
    entries_.push_back({ { next_, false, std::move(regex) }, std::move(matcher) });
    return next_++;
}

uint32_t Skips::add_file(std::string glob)
{
    entries_.push_back({ { next_, true, std::move(glob) } });
    return next_++;
}

Result<void> Skips::remove(uint32_t id)
{
    if (std::erase_if(entries_, [id](const Entry& entry) { return entry.rule.id == id; }) == 0)
        return failure("there is no skip " + std::to_string(id));
    return {};
}

Result<void> Skips::set_enabled(uint32_t id, bool is_enabled)
{
    const auto found = std::ranges::find_if(entries_, [id](const Entry& e) { return e.rule.id == id; });
    if (found == entries_.end())
        return failure("there is no skip " + std::to_string(id));
    found->rule.is_enabled = is_enabled;
    return {};
}

std::vector<Skips::Rule> Skips::rules() const
{
    std::vector<Rule> rules;
    for (const Entry& entry : entries_)
        rules.push_back(entry.rule);
    return rules;
}

bool Skips::skips(std::string_view function, const source::File* file) const
{
    const std::string path = file ? path_of(*file) : "";
    if (file && skips_libraries && source::is_library_path(path))
        return true;
    return std::ranges::any_of(entries_, [&](const Entry& entry) {
        if (!entry.rule.is_enabled)
            return false;
        if (!entry.rule.is_file)
            return entry.regex->matches(function);
        return file && (matches_glob(entry.rule.text, path) || matches_glob("*/" + entry.rule.text, path));
    });
}

} // namespace vitrine::core::debug
