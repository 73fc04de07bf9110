// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/store.h"

#include "base/guard.h"

#include <algorithm>

namespace vitrine::core {

Store::Store(std::shared_ptr<EngineState> engine)
    : heap(*this, engine->config.max_heap_bytes, engine->config.stress_collector), engine_(std::move(engine))
{
    heap.add_source(this, [this](Marker& marker) { mark_roots(marker); });
}

CallOut::CallOut(const Store& store) : store_(store) { ++store_.calls_out_; }

CallOut::~CallOut() { --store_.calls_out_; }

bool Store::allows(Resource resource, uint64_t current, uint64_t desired) const
{
    if (is_asking_)
        return false;
    if (!limiter)
        return true;
    const CallOut call(*this);
    is_asking_ = true;
    const bool allowed =
        guarded([&] { return limiter(resource, current, desired); }, [](const Thrown&) { return false; });
    is_asking_ = false;
    return allowed;
}

Function* Store::add_host_function(const std::shared_ptr<const HostFunction>& host)
{
    if (const auto found = host_functions_.find(host); found != host_functions_.end())
        return found->second;
    const TypeId type = engine_->types.add(host->type);
    Function& function = functions_.emplace_back();
    function.type = type;
    function.host = host.get();
    host_functions_.emplace(host, &function);
    return &function;
}

std::shared_ptr<const HostFunction> Store::find_host_function(const Function& function) const
{
    const auto found = std::ranges::find(
        host_functions_, &function, [](const auto& known) -> const Function* { return known.second; });
    return found == host_functions_.end() ? nullptr : found->first;
}

Global* Store::add_global(GlobalType type, const Value& value)
{
    Global& global = globals_.emplace_back(Global { type });
    global.set(value);
    return &global;
}

Result<void> Store::check(Resource resource, uint64_t current, uint64_t desired, const char* what) const
{
    if (allows(resource, current, desired))
        return {};
    return failure("the embedder's limiter refuses " + std::to_string(desired) + " " + what);
}

std::optional<uint64_t> Store::grow(Memory& memory, uint64_t delta_pages) const
{
    const uint64_t size = memory.size();
    uint64_t desired = 0;
    if (__builtin_mul_overflow(delta_pages, uint64_t { 1 } << memory.type().page_size_log2, &desired)
        || __builtin_add_overflow(desired, size, &desired) || !allows(Resource::Memory, size, desired))
        return std::nullopt;
    return memory.grow(delta_pages);
}

std::optional<uint32_t> Store::grow(Table& table, uint64_t delta, Ref initial) const
{
    if (delta > Table::max_elements || !allows(Resource::Table, table.size(), table.size() + delta))
        return std::nullopt;
    return guarded(
        [&] { return table.grow(delta, initial); }, [](const Thrown&) { return std::optional<uint32_t>(); });
}

Result<Table*> Store::add_table(const TableType& type, Ref initial)
{
    CHECK(check(Resource::Tables, tables_.size(), tables_.size() + 1, "tables"));
    CHECK(check(Resource::Table, 0, type.limits.min, "elements of a table"));
    return guarded(
        [&]() -> Result<Table*> { return &tables_.emplace_back(TRY(Table::create(type, initial))); },
        [&](const Thrown&) -> Result<Table*> {
            return failure("no memory for a table of " + std::to_string(type.limits.min) + " elements");
        });
}

Result<Memory*> Store::add_memory(const MemoryType& type)
{
    const uint64_t count = memories_.size() + shared_memories_.size();
    CHECK(check(Resource::Memories, count, count + 1, "memories"));
    CHECK(check(Resource::Memory, 0, type.limits.min << type.page_size_log2, "bytes of a memory"));
    const uint64_t max_pages = engine_->config.max_memory_pages;
    const uint64_t max_bytes =
        std::min(max_pages, Memory::max_bytes_64 / Memory::page_size) * Memory::page_size;
    auto memory = TRY(Memory::create(type, engine_->reservations, max_bytes));
    if (memory->is_shared()) {
        shared_memories_.push_back(std::move(memory));
        return shared_memories_.back().get();
    }
    return memories_.emplace_back(std::move(memory)).get();
}

Result<Memory*> Store::add_memory(const std::shared_ptr<Memory>& shared)
{
    if (!find_shared(shared.get())) {
        const uint64_t count = memories_.size() + shared_memories_.size();
        CHECK(check(Resource::Memories, count, count + 1, "memories"));
        shared_memories_.push_back(shared);
    }
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

Result<Instance*> Store::add_instance(std::shared_ptr<const Module> module)
{
    CHECK(check(Resource::Instances, instances_.size(), instances_.size() + 1, "instances"));
    Instance& instance = instances_.emplace_back();
    instance.store = this;
    instance.type_ids = module->type_ids.begin().base();
    instance.types = module->type_infos.data();
    instance.module = std::move(module);
    instance.number = static_cast<uint32_t>(instances_.size() - 1);
    return &instance;
}

void Store::drop_instance(const Instance& instance)
{
    if (&instances_.back() == &instance)
        instances_.pop_back();
}

std::shared_ptr<Memory> Store::find_shared(const Memory* memory) const
{
    const auto found = std::ranges::find(shared_memories_, memory, &std::shared_ptr<Memory>::get);
    return found == shared_memories_.end() ? nullptr : *found;
}

} // namespace vitrine::core
