// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "dwarf/names.h"

#include "base/guard.h"
#include "dwarf/demangle.h"

namespace vitrine::core::dwarf {

using source::Pattern;

namespace {

/// The library's regular expressions recurse once for each character.
constexpr size_t max_searched = 2000;

/// Whether a `<` or `>` at `at` is part of the name of an operator.
bool is_in_operator(std::string_view name, size_t at)
{
    constexpr std::string_view word = "operator";
    while (at > 0 && (name[at - 1] == '<' || name[at - 1] == '>' || name[at - 1] == '-'))
        --at;
    return at >= word.size() && name.substr(at - word.size(), word.size()) == word;
}

/// Whether `end` is the whole name, or follows a `::` or `.` in it.
bool is_end_of(std::string_view name, std::string_view end)
{
    if (!name.ends_with(end))
        return false;
    const std::string_view before = name.substr(0, name.size() - end.size());
    return before.empty() || before.ends_with("::") || before.ends_with('.');
}

} // namespace

std::string without_arguments(std::string_view name)
{
    std::string text;
    size_t depth = 0;
    for (size_t i = 0; i < name.size(); ++i) {
        const bool is_bracket = name[i] == '<' || (name[i] == '>' && (i == 0 || name[i - 1] != '-'));
        if (is_bracket && !is_in_operator(name, i)) {
            // Rust's `<T as Trait>::f` and names such as `<lambda>` are not arguments.
            if (name[i] == '<')
                ++depth;
            else if (depth > 0)
                --depth;
            continue;
        }
        if (depth == 0)
            text += name[i];
    }
    return text;
}

std::string_view last_component(std::string_view name)
{
    size_t depth = 0;
    for (size_t i = name.size(); i > 0; --i) {
        const char c = name[i - 1];
        if (c == '>' || c == ')')
            ++depth;
        else if ((c == '<' || c == '(') && depth > 0)
            --depth;
        else if (depth == 0 && (c == '.' || (c == ':' && i > 1 && name[i - 2] == ':')))
            return name.substr(i);
    }
    return name;
}

Matcher::Matcher(const Pattern& pattern) : pattern_(pattern)
{
    has_arguments_ = pattern.text.find('<') != std::string::npos;
    has_parameters_ = pattern.text.find('(') != std::string::npos;
    last_ = last_component(pattern.text);
    if (pattern.match == Pattern::Match::Regex)
        regex_ = guarded([&] { return std::make_unique<std::regex>(pattern.text, std::regex::ECMAScript); },
            [](const Thrown&) { return std::unique_ptr<std::regex>(); });
}

bool Matcher::may_match(std::string_view last) const
{
    if (pattern_.match != Pattern::Match::Name || has_parameters_ || has_arguments_)
        return true;
    return last.starts_with(last_) || last.find(last_) != last.npos;
}

bool Matcher::matches(const std::string& name, std::string_view linkage_name) const
{
    if (matches_linkage(linkage_name))
        return true;
    switch (pattern_.match) {
    case Pattern::Match::Name:
        if (has_parameters_)
            return is_end_of(dwarf::demangled(linkage_name), pattern_.text);
        return is_end_of(has_arguments_ ? name : without_arguments(name), pattern_.text)
            || is_end_of(name, pattern_.text);
    case Pattern::Match::Prefix:
        return name.starts_with(pattern_.text) || last_component(name).starts_with(pattern_.text);
    case Pattern::Match::Regex:
        return regex_
            && guarded([&] { return std::regex_search(name.substr(0, max_searched), *regex_); },
                [](const Thrown&) { return false; });
    case Pattern::Match::Enumerator: return false;
    }
    return false;
}

} // namespace vitrine::core::dwarf
