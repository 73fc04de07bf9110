// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "eval/names.h"

namespace vitrine::core::eval {

namespace {

std::vector<uint32_t> indices_named(const NameMap& names, uint32_t count, std::string_view name)
{
    std::vector<uint32_t> indices;
    for (uint32_t i = 0; !name.empty() && i < count; ++i)
        if (names.find(i) == name)
            indices.push_back(i);
    return indices;
}

void add_names(NearNames& near, const NameMap& names, uint32_t count)
{
    for (uint32_t i = 0; i < count; ++i)
        near.add(names.find(i));
}

} // namespace

std::vector<uint32_t> ModuleNames::entities_named(ExternKind kind, std::string_view name) const
{
    return module_.entities_named(kind, name);
}

std::vector<uint32_t> ModuleNames::types_named(std::string_view name) const
{
    return indices_named(module_.names().types, module_.types.size(), name);
}

std::vector<uint32_t> ModuleNames::locals_named(FuncIndex function, std::string_view name) const
{
    const NameMap* names = module_.names().find_locals(function.value);
    return names ? indices_named(*names, module_.meta(function).local_count, name) : std::vector<uint32_t>();
}

void ModuleNames::add_entities(NearNames& near, ExternKind kind) const
{
    add_names(near, module_.names().of(kind), module_.count(kind));
    for (const Export& item : module_.exports)
        if (item.kind == kind)
            near.add(item.name);
    for (const Import& item : module_.imports)
        if (item.kind == kind)
            near.add(item.name);
}

void ModuleNames::add_types(NearNames& near) const
{
    add_names(near, module_.names().types, module_.types.size());
}

void ModuleNames::add_locals(NearNames& near, FuncIndex function) const
{
    if (const NameMap* names = module_.names().find_locals(function.value))
        add_names(near, *names, module_.meta(function).local_count);
}

std::string near_names(const Module& module, ExternKind kind, std::string_view text)
{
    const std::string name = names_in(text).back();
    NearNames near(name);
    ModuleNames(module).add_entities(near, kind);
    return near.to_text();
}

} // namespace vitrine::core::eval
