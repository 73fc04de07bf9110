// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/store.h"

#include <algorithm>

namespace vitrine::core {

Function* Store::add_host_function(const std::shared_ptr<const HostFunction>& host)
{
    Function*& known = host_functions_[host];
    if (!known) {
        known = &functions_.emplace_back();
        known->type = engine_->types.add(host->type);
        known->host = host.get();
    }
    return known;
}

Global* Store::add_global(GlobalType type, const Value& value)
{
    Global& global = globals_.emplace_back(Global { type });
    global.set(value);
    return &global;
}

Result<Table*> Store::add_table(const TableType& type, Ref initial)
{
    return &tables_.emplace_back(TRY(Table::create(type, initial)));
}

Result<Memory*> Store::add_memory(const MemoryType& type)
{
    auto memory = TRY(Memory::create(type, engine_->reservations, engine_->config.max_memory_pages));
    if (memory->is_shared())
        return add_memory(std::shared_ptr(std::move(memory)));
    return memories_.emplace_back(std::move(memory)).get();
}

Memory* Store::add_memory(const std::shared_ptr<Memory>& shared)
{
    if (!find_shared(shared.get()))
        shared_memories_.push_back(shared);
    return shared.get();
}

Tag* Store::add_tag(TypeId type) { return &tags_.emplace_back(Tag { type }); }

ExternObject* Store::add_extern(std::shared_ptr<void> data)
{
    return &externs_.emplace_back(ExternObject { std::move(data) });
}

Instance* Store::add_instance(std::shared_ptr<const Module> module)
{
    Instance& instance = instances_.emplace_back();
    instance.store = this;
    instance.type_ids = module->type_ids.begin().base();
    instance.module = std::move(module);
    instance.number = static_cast<uint32_t>(instances_.size() - 1);
    return &instance;
}

std::shared_ptr<Memory> Store::find_shared(const Memory* memory) const
{
    const auto found = std::ranges::find(shared_memories_, memory, &std::shared_ptr<Memory>::get);
    return found == shared_memories_.end() ? nullptr : *found;
}

} // namespace vitrine::core
