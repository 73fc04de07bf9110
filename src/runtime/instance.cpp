// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/instance.h"

namespace vitrine::core {

std::string Function::name() const
{
    return is_host() ? host->module + "." + host->name : module().name_of(ExternKind::Func, index.value);
}

const Module& Function::module() const
{
    ASSERT(instance);
    return *instance->module;
}

ExternKind kind_of(const Extern& item)
{
    constexpr ExternKind kinds[] { ExternKind::Func, ExternKind::Table, ExternKind::Memory,
        ExternKind::Global, ExternKind::Tag };
    return kinds[item.index()];
}

Extern Instance::find(ExternKind kind, uint32_t index) const
{
    switch (kind) {
    case ExternKind::Func: return functions.at(index);
    case ExternKind::Table: return tables.at(index);
    case ExternKind::Memory: return memories.at(index);
    case ExternKind::Global: return globals.at(index);
    case ExternKind::Tag: return tags.at(index);
    }
    std::unreachable();
}

std::optional<Extern> Instance::find_export(std::string_view export_name) const
{
    const Export* found = module->find_export(export_name);
    return found ? std::optional(find(found->kind, found->index)) : std::nullopt;
}

} // namespace vitrine::core
