// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/module.h"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

namespace vitrine::core {

std::optional<FuncIndex> Module::find_function(CodeOffset offset) const
{
    const auto behind = std::ranges::upper_bound(bodies, offset, {}, &FuncMeta::body_offset);
    if (behind == bodies.begin() || !std::prev(behind)->contains(offset))
        return {};
    const auto number = static_cast<uint32_t>(std::prev(behind) - bodies.begin());
    return FuncIndex { imported(ExternKind::Func) + number };
}

std::optional<TypeIndex> Module::find_type(TypeId id) const
{
    std::optional<TypeIndex> found;
    for (TypeIndex index { 0 }; index.value < type_ids.size(); ++index.value) {
        if (type_ids[index].value != id.value)
            continue;
        if (!names().types.find(index.value).empty())
            return index;
        if (!found)
            found = index;
    }
    return found;
}

void Module::add_import(const Import& import)
{
    imports_of_[static_cast<size_t>(import.kind)].push_back(static_cast<uint32_t>(imports.size()));
    imports.push_back(import);
}

const Import* Module::find_import(ExternKind kind, uint32_t index) const
{
    const auto& positions = imports_of_[static_cast<size_t>(kind)];
    return index < positions.size() ? &imports[positions[index]] : nullptr;
}

void Module::index_exports()
{
    std::vector<uint32_t> positions(exports.size());
    std::iota(positions.begin(), positions.end(), 0u);
    exports_by_name_ = positions;
    std::ranges::sort(exports_by_name_, {}, [this](uint32_t at) { return std::tuple(exports[at].name, at); });
    exports_by_index_ = std::move(positions);
    std::ranges::sort(exports_by_index_, {},
        [this](uint32_t at) { return std::tuple(exports[at].kind, exports[at].index, at); });
}

const Export* Module::find_export(std::string_view name) const
{
    const auto found = std::ranges::lower_bound(
        exports_by_name_, name, {}, [this](uint32_t at) { return exports[at].name; });
    return found != exports_by_name_.end() && exports[*found].name == name ? &exports[*found] : nullptr;
}

const Export* Module::find_duplicate_export() const
{
    const Export* first = nullptr;
    for (size_t i = 1; i < exports_by_name_.size(); ++i) {
        const Export &before = exports[exports_by_name_[i - 1]], &item = exports[exports_by_name_[i]];
        if (item.name == before.name && (!first || &item < first))
            first = &item;
    }
    return first;
}

const Export* Module::find_export(ExternKind kind, uint32_t index) const
{
    const std::tuple wanted(kind, index);
    const auto key = [this](uint32_t at) { return std::tuple(exports[at].kind, exports[at].index); };
    const auto found = std::ranges::lower_bound(exports_by_index_, wanted, {}, key);
    return found != exports_by_index_.end() && key(*found) == wanted ? &exports[*found] : nullptr;
}

std::vector<const Export*> Module::exports_of(ExternKind kind, uint32_t index) const
{
    const auto key = [this](uint32_t at) { return std::tuple(exports[at].kind, exports[at].index); };
    std::vector<const Export*> found;
    for (const uint32_t at : std::ranges::equal_range(exports_by_index_, std::tuple(kind, index), {}, key))
        found.push_back(&exports[at]);
    return found;
}

const Names& Module::names() const
{
    std::call_once(names_once_, [this] {
        const auto section = std::ranges::find(customs, "name", &CustomSection::name);
        if (section != customs.end())
            names_ = decode_names(section->bytes);
    });
    return names_;
}

uint32_t Module::count(ExternKind kind) const
{
    switch (kind) {
    case ExternKind::Func: return functions.size();
    case ExternKind::Table: return tables.size();
    case ExternKind::Memory: return memories.size();
    case ExternKind::Global: return globals.size();
    case ExternKind::Tag: return tags.size();
    }
    std::unreachable();
}

std::vector<uint32_t> Module::entities_named(ExternKind kind, std::string_view name) const
{
    if (name.empty())
        return {};
    std::call_once(sorted_once_, [this] {
        for (size_t i = 0; i < sorted_names_.size(); ++i) {
            const auto each = static_cast<ExternKind>(i);
            const NameMap& section = names().of(each);
            for (const auto& [index, text] : section.entries())
                // If an entity has several names, only one counts.
                if (index < count(each) && section.find(index).data() == text.data())
                    sorted_names_[i].emplace_back(text, index);
            for (const uint32_t at : imports_of_[i])
                sorted_imports_[i].emplace_back(imports[at].name, imports[at].index);
            std::ranges::sort(sorted_names_[i]);
            std::ranges::sort(sorted_imports_[i]);
        }
    });
    const auto find = [&](const SortedNames& sorted) {
        std::vector<uint32_t> indices;
        for (const auto& row : std::ranges::equal_range(
                 sorted[static_cast<size_t>(kind)], name, {}, [](const auto& row) { return row.first; }))
            indices.push_back(row.second);
        return indices;
    };
    if (auto indices = find(sorted_names_); !indices.empty())
        return indices;
    if (const Export* const found = find_export(name); found && found->kind == kind)
        return { found->index };
    return find(sorted_imports_);
}

std::string Module::name_of(ExternKind kind, uint32_t index) const
{
    if (const auto name = names().of(kind).find(index); !name.empty())
        return std::string(name);
    if (const Export* found = find_export(kind, index))
        return std::string(found->name);
    if (const Import* found = find_import(kind, index))
        return std::string(found->module) + "." + std::string(found->name);
    return {};
}

} // namespace vitrine::core
