// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/store.h"

#include <algorithm>

namespace vitrine::core {

Store::Store(std::shared_ptr<EngineState> engine)
    : heap(*this, engine->config.max_heap_bytes, engine->config.stress_collector), engine_(std::move(engine))
{
    heap.add_source(this, [this](Marker& marker) { mark_roots(marker); });
}

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
    const uint64_t max_pages = engine_->config.max_memory_pages;
    const uint64_t max_bytes =
        std::min(max_pages, Memory::max_bytes_64 / Memory::page_size) * Memory::page_size;
    auto memory = TRY(Memory::create(type, engine_->reservations, max_bytes));
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

Tag* Store::add_tag(const TypeInfo& type) { return &tags_.emplace_back(Tag { &type }); }

/// What entities refer to; dropped and declared segments are empty.
void Store::mark_roots(Marker& marker) const
{
    const TypeRegistry& types = engine_->types;
    for (const Global& global : globals_)
        if (types.is_managed(global.type.type))
            marker.mark(Ref { global.slots[0] });
    for (const Table& table : tables_)
        if (types.is_managed(table.type().element))
            for (const Ref element : table.elements())
                marker.mark(element);
    for (const Instance& instance : instances_)
        for (size_t i = 0; i < instance.elems.size(); ++i)
            if (types.is_managed(instance.module->canonical(instance.module->elems[i].type)))
                for (const Ref element : instance.elems[i])
                    marker.mark(element);
}

Instance* Store::add_instance(std::shared_ptr<const Module> module)
{
    Instance& instance = instances_.emplace_back();
    instance.store = this;
    instance.type_ids = module->type_ids.begin().base();
    instance.types = module->type_infos.data();
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
