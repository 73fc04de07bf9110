// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/instance.h"

#include "runtime/instance_layout.h"

#include <new>

namespace vitrine::core {

std::string Function::name() const
{
    if (!is_host())
        return module().name_of(ExternKind::Func, index.value);
    return host->module + "." + (host->name.empty() ? "function" + std::to_string(host_number) : host->name);
}

const Module& Function::module() const
{
    ASSERT(instance);
    return *instance->module;
}

CallGuest call_guest(
    HostCall& call, Function& callee, std::span<const Value> arguments, HostContinuation then, void* context)
{
    store_values(arguments, call.callee_slots.data());
    return { &callee, then, context };
}

ExternKind kind_of(const Extern& item)
{
    constexpr ExternKind kinds[] { ExternKind::Func, ExternKind::Table, ExternKind::Memory,
        ExternKind::Global, ExternKind::Tag };
    return kinds[item.index()];
}

ExternType type_of(const Extern& item)
{
    switch (kind_of(item)) {
    case ExternKind::Func: return ExternFunc<TypeId> { std::get<Function*>(item)->type };
    case ExternKind::Table: {
        const Table& table = *std::get<Table*>(item);
        TableType type = table.type();
        type.limits.min = table.size();
        return type;
    }
    case ExternKind::Memory: {
        const Memory& memory = *std::get<Memory*>(item);
        MemoryType type = memory.type();
        type.limits.min = memory.pages();
        return type;
    }
    case ExternKind::Global: return std::get<Global*>(item)->type;
    case ExternKind::Tag: return ExternTag<TypeId> { std::get<Tag*>(item)->type->id };
    }
    std::unreachable();
}

namespace {

template<class T> T* part_of(Instance* block, size_t offset)
{
    return reinterpret_cast<T*>(reinterpret_cast<std::byte*>(block) + offset);
}

} // namespace

Instance::Instance(
    Store& owner, std::shared_ptr<const Module> of, uint32_t ordinal, const InstanceLayout& layout)
    : store(&owner),
      module(std::move(of)),
      number(ordinal),
      type_ids(module->type_ids.data()),
      types(module->type_infos.data()),
      globals(part_of<Global*>(this, layout.globals)),
      tables(part_of<Table*>(this, layout.tables)),
      memories(part_of<Memory*>(this, layout.memories)),
      tags(part_of<Tag*>(this, layout.tags)),
      functions(part_of<Function*>(this, layout.functions)),
      own_functions(part_of<Function>(this, layout.own_functions), module->bodies.size())
{
    std::uninitialized_default_construct(own_functions.begin(), own_functions.end());
}

Instance::Owner Instance::create(Store& store, std::shared_ptr<const Module> module, uint32_t number)
{
    const InstanceLayout layout(*module);
    void* const block = ::operator new(layout.size, std::nothrow);
    if (!block)
        return nullptr;
    return Owner(new (block) Instance(store, std::move(module), number, layout));
}

void Instance::Deleter::operator()(Instance* instance) const
{
    std::destroy(instance->own_functions.begin(), instance->own_functions.end());
    instance->~Instance();
    ::operator delete(instance);
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
