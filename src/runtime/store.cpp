// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/store.h"

#include "base/guard.h"
#include "base/text.h"

#include <algorithm>

namespace vitrine::core {

Store::Store(std::shared_ptr<EngineState> engine)
    : heap(*this, engine->config.max_heap_bytes, engine->config.stress_collector), engine_(std::move(engine))
{
    heap.add_source(this, [this](Marker& marker) { mark_roots(marker); });
}

Store::~Store()
{
    // A destructor may attach or look up other objects.
    while (!attached_.empty()) {
        const auto newest = std::move(attached_.back());
        attached_.pop_back();
    }
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

Result<Function*> Store::add_host_function(const std::shared_ptr<const HostFunction>& host)
{
    if (const auto known = host_functions_.find(host.get());
        known != host_functions_.end() && known->second.function)
        return known->second.function;
    // This claim can be temporary: the function gets one of its own.
    return add_host_function(host, TRY(engine_->types.add(host->type)).id);
}

Function* Store::add_host_function(const std::shared_ptr<const HostFunction>& host, TypeId type)
{
    HostEntry& entry = host_functions_[host.get()];
    if (!entry.function) {
        // Keep the host function alive first: its address is the key.
        entry.host = host;
        entry.function = &functions_.emplace_back();
        make_host_function(*entry.function, *host, type);
    }
    entry.function->type = type;
    entry.type = engine_->types.claim(type);
    return entry.function;
}

void Store::make_host_function(Function& function, const HostFunction& host, TypeId type, const void* context)
{
    function.entry = engine_->cold_entry;
    function.host = &host;
    function.type = type;
    function.context = context;
    function.host_number = next_host_number_++;
}

std::shared_ptr<const HostFunction> Store::find_host_function(const Function& function) const
{
    const auto found = host_functions_.find(function.host);
    return found == host_functions_.end() ? nullptr : found->second.host;
}

Global* Store::add_global(GlobalType type, const Value& value) { return &globals_.emplace_back(type, value); }

Result<void> Store::check(Resource resource, uint64_t current, uint64_t desired, const char* what) const
{
    if (attempt(Refusable::Entity, [&] { return allows(resource, current, desired); }))
        return {};
    return failure("the embedder's limiter refuses " + std::to_string(desired) + " " + what);
}

std::optional<uint64_t> Store::grow(Memory& memory, uint64_t delta_pages) const
{
    const uint64_t size = memory.size();
    uint64_t desired = 0;
    if (__builtin_mul_overflow(delta_pages, uint64_t { 1 } << memory.type().page_size_log2, &desired)
        || __builtin_add_overflow(desired, size, &desired))
        return std::nullopt;
    std::optional<uint64_t> old_pages;
    attempt(Refusable::MemoryGrowth, [&] {
        if (allows(Resource::Memory, size, desired))
            old_pages = memory.grow(delta_pages);
        return old_pages.has_value();
    });
    return old_pages;
}

std::optional<uint32_t> Store::grow(Table& table, uint64_t delta, Ref initial)
{
    if (delta > max_table_elements - table_elements_)
        return std::nullopt;
    std::optional<uint32_t> old_size;
    attempt(Refusable::TableGrowth, [&] {
        if (allows(Resource::Table, table.size(), table.size() + delta))
            old_size = guarded([&] { return table.grow(delta, initial); },
                [](const Thrown&) { return std::optional<uint32_t>(); });
        return old_size.has_value();
    });
    if (old_size)
        table_elements_ += delta;
    return old_size;
}

Result<Table*> Store::add_table(const TableType& type, Ref initial)
{
    CHECK(check(Resource::Tables, tables_.size(), tables_.size() + 1, "tables"));
    CHECK(check(Resource::Table, 0, type.limits.min, "elements of a table"));
    const uint64_t size = type.limits.min;
    if (size <= Table::max_elements && size > max_table_elements - table_elements_)
        return failure("too many table elements in the store: the limit is "
            + std::to_string(max_table_elements) + ", and " + std::to_string(size) + " more were requested");
    return guarded(
        [&]() -> Result<Table*> {
            Table& table = tables_.emplace_back(TRY(Table::create(type, initial)));
            table_elements_ += size;
            return &table;
        },
        [&](const Thrown&) -> Result<Table*> {
            return failure("cannot allocate a table of " + count_text(size, "element"));
        });
}

Result<Memory*> Store::add_memory(const MemoryType& type)
{
    const uint64_t count = memories_.size() + shared_memories_.size();
    CHECK(check(Resource::Memories, count, count + 1, "memories"));
    const ByteCount bytes = bytes_of(type.limits.min, type.page_size_log2);
    CHECK(check(Resource::Memory, 0, bytes.value, "bytes of a memory"));
    auto memory = TRY(engine_->make_memory(type));
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

Result<Tag*> Store::add_tag(const FuncType& type)
{
    auto registered = TRY(engine_->types.add(type));
    tag_types_.push_back(std::move(registered.claim));
    return add_tag(engine_->types.info(registered.id));
}

/// Marks what entities refer to. Dropped and declarative segments are empty.
void Store::mark_roots(Marker& marker) const
{
    const TypeRegistry& types = engine_->types;
    for (const Global& global : globals_)
        if (types.is_managed(global.type.type))
            marker.mark(Ref { global.slots()[0] });
    for (const Table& table : tables_)
        if (types.is_managed(table.type().element))
            for (const Ref element : table.elements())
                marker.mark(element);
    for (const Instance& instance : instances())
        for (size_t i = 0; i < instance.elems.size(); ++i)
            if (types.is_managed(instance.module->canonical(instance.module->elems[i].type)))
                for (const Ref element : instance.elems[i])
                    marker.mark(element);
}

Result<Instance*> Store::add_instance(std::shared_ptr<const Module> module)
{
    CHECK(check(Resource::Instances, instances_.size(), instances_.size() + 1, "instances"));
    auto instance = Instance::create(*this, std::move(module), static_cast<uint32_t>(instances_.size()));
    if (!instance)
        return failure("cannot allocate an instance");
    return instances_.emplace_back(std::move(instance)).get();
}

void Store::drop_instance(const Instance& instance)
{
    if (instances_.back().get() == &instance)
        instances_.pop_back();
}

std::shared_ptr<Memory> Store::find_shared(const Memory* memory) const
{
    const auto found = std::ranges::find(shared_memories_, memory, &std::shared_ptr<Memory>::get);
    return found == shared_memories_.end() ? nullptr : *found;
}

} // namespace vitrine::core
