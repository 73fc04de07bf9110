// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/user_names.h"

#include "base/text.h"

#include <algorithm>
#include <vector>

namespace vitrine::core::debug {

namespace {

constexpr size_t max_near_names = 4;
constexpr size_t max_name_bytes = 200;

/// How many bytes have to be inserted, removed or replaced to make one of the other; at most `limit`.
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

const NameMap& names_of(const Names& names, ExternKind kind)
{
    const NameMap* const maps[] = { &names.functions, &names.tables, &names.memories, &names.globals,
        &names.tags };
    return *maps[static_cast<size_t>(kind)];
}

void add_entities(NearNames& near, const Module& module, ExternKind kind)
{
    const NameMap& names = names_of(module.names(), kind);
    const uint32_t counts[] = { module.functions.size(), module.tables.size(), module.memories.size(),
        module.globals.size(), module.tags.size() };
    for (uint32_t i = 0; i < counts[static_cast<size_t>(kind)]; ++i)
        near.add(names.find(i));
    for (const Export& item : module.exports)
        if (item.kind == kind)
            near.add(item.name);
    for (const Import& item : module.imports)
        if (item.kind == kind)
            near.add(item.name);
}

std::string near_names(const Module& module, ExternKind kind, std::string_view text)
{
    const std::string name = names_in(text).back();
    NearNames near(name);
    add_entities(near, module, kind);
    return near.to_text();
}

} // namespace vitrine::core::debug
