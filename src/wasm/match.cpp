// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/match.h"

namespace vitrine::core {

ExternType extern_type(const Module& module, ExternKind kind, uint32_t index)
{
    switch (kind) {
    case ExternKind::Func: return ExternFunc<TypeId> { module.func_type_id({ index }) };
    case ExternKind::Table: {
        const TableType& type = module.tables[TableIndex { index }].type;
        return TableType { module.canonical(type.element), type.limits };
    }
    case ExternKind::Memory: return module.memories[MemoryIndex { index }].type;
    case ExternKind::Global: {
        const GlobalType& type = module.globals[GlobalIndex { index }].type;
        return GlobalType { module.canonical(type.type), type.is_mutable };
    }
    case ExternKind::Tag: return ExternTag<TypeId> { module.type_ids[module.tags[TagIndex { index }].type] };
    }
    std::unreachable();
}

namespace {

/// [spec: valid/matching, limits]
bool matches(const Limits& actual, const Limits& wanted)
{
    return actual.min >= wanted.min && actual.is_64 == wanted.is_64 && actual.is_shared == wanted.is_shared
        && (!wanted.max || (actual.max && *actual.max <= *wanted.max));
}

bool matches(ExternFunc<TypeId> actual, ExternFunc<TypeId> wanted, const TypeRegistry& types)
{
    return types.is_subtype(actual.type, wanted.type);
}

bool matches(const TableType& actual, const TableType& wanted, const TypeRegistry&)
{
    return actual.element == wanted.element && matches(actual.limits, wanted.limits);
}

bool matches(const MemoryType& actual, const MemoryType& wanted, const TypeRegistry&)
{
    return actual.page_size_log2 == wanted.page_size_log2 && matches(actual.limits, wanted.limits);
}

/// Mutable globals must have equal types; for immutable ones a subtype is enough.
bool matches(const GlobalType& actual, const GlobalType& wanted, const TypeRegistry& types)
{
    return actual.is_mutable == wanted.is_mutable
        && (actual.is_mutable ? actual.type == wanted.type : types.is_subtype(actual.type, wanted.type));
}

bool matches(ExternTag<TypeId> actual, ExternTag<TypeId> wanted, const TypeRegistry&)
{
    return actual.type == wanted.type;
}

} // namespace

bool matches(const ExternType& actual, const ExternType& wanted, const TypeRegistry& types)
{
    if (actual.index() != wanted.index())
        return false;
    return std::visit(
        [&]<class Type>(const Type& type) { return matches(type, std::get<Type>(wanted), types); }, actual);
}

} // namespace vitrine::core
