// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "api/use.h"

#include "base/text.h"

#include <algorithm>
#include <cstring>

namespace vitrine {

using detail::Access;
using detail::Use;
using detail::Used;

namespace {

Error out_of_bounds(const char* what, uint64_t address, uint64_t count, uint64_t size)
{
    return Error(std::string(what) + " of " + core::count_text(count, "byte") + " at "
        + std::to_string(address) + " leaves the memory of " + core::count_text(size, "byte"));
}

Result<uint64_t> grown(const core::Memory& memory, uint64_t pages, std::optional<uint64_t> old)
{
    if (old)
        return *old;
    return Error("the memory of " + core::count_text(memory.pages(), "page") + " cannot grow by "
        + std::to_string(pages));
}

MemoryType type_of(const core::Memory& memory)
{
    const core::Limits& limits = memory.type().limits;
    return { limits.min, limits.max, limits.is_shared, limits.is_64 };
}

Result<core::MemoryType> core_type(const MemoryType& type)
{
    const uint64_t most = type.is_64 ? uint64_t { 1 } << 48 : core::max_memory_pages;
    const uint64_t max = type.max.value_or(most);
    if (type.min > most || max > most)
        return Error(type.is_64 ? "memory size must be at most 2^48 pages"
                                : "memory size must be at most 65536 pages (4GiB)");
    if (type.min > max)
        return Error("size minimum must not be greater than maximum");
    if (type.is_shared && !type.max)
        return Error("shared memory must have maximum");
    return core::MemoryType {
        .limits = { .min = type.min, .max = type.max, .is_64 = type.is_64, .is_shared = type.is_shared }
    };
}

} // namespace

// Globals.

Result<Global> Global::create(Store& store, GlobalType type, const Val& value)
{
    return detail::guarded<Global>([&]() -> Result<Global> {
        const auto& link = Access::link(store);
        const Use body(link);
        CHECK(body);
        if (type.kind == ValKind::None)
            return Error("no value has kind none");
        const core::ValueType wanted = Access::type(type.kind);
        const auto initial = TRY(Access::value(link, value, wanted));
        return Access::handle<Global>(link, body->store.add_global({ wanted, type.is_mutable }, initial));
    });
}

GlobalType Global::type() const
{
    const Used<core::Global> global(*this);
    return global ? GlobalType { Access::kind(global->type.type), global->type.is_mutable,
        Access::exact(global->type.type, *link_) }
                  : GlobalType { ValKind::None, false };
}

Val Global::get() const { return try_get().value_or(Val()); }

Result<Val> Global::try_get() const
{
    const Use used(link_);
    CHECK(used);
    return Access::val(link_, static_cast<core::Global*>(object_)->get());
}

namespace {

core::Bytes bytes_of(std::span<const std::byte> bytes)
{
    return { reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size() };
}

/// Sets a global to a value of its type.
Result<void> set_global(const std::shared_ptr<detail::StoreLink>& link, core::Origin origin,
    core::Global& global, const Val& value)
{
    const auto converted = TRY(Access::value(link, value, global.type.type));
    link->guest->store.mutator.set(origin, global, converted);
    return {};
}

} // namespace

Result<void> Global::set(const Val& value) const
{
    return detail::guarded<void>([&]() -> Result<void> {
        const Use used(link_);
        CHECK(used);
        auto& global = *static_cast<core::Global*>(object_);
        if (!global.type.is_mutable)
            return Error("the global is immutable");
        return set_global(link_, core::Origin::Embedder, global, value);
    });
}

Result<void> Global::debug_set(const Val& value) const
{
    return detail::guarded<void>([&]() -> Result<void> {
        const Use used(link_);
        CHECK(check_debug(used));
        return set_global(link_, core::Origin::Debugger, *static_cast<core::Global*>(object_), value);
    });
}

// Memories.

Result<Memory> Memory::create(Store& store, MemoryType type)
{
    return detail::guarded<Memory>([&]() -> Result<Memory> {
        const auto& link = Access::link(store);
        const Use body(link);
        CHECK(body);
        if (type.is_shared)
            return Error("a shared memory must be created as a SharedMemory");
        const auto wanted = TRY(core_type(type));
        const auto memory = TRY(body->store.add_memory(wanted));
        return Access::handle<Memory>(link, memory);
    });
}

MemoryType Memory::type() const
{
    const Used<core::Memory> memory(*this);
    return memory ? type_of(*memory) : MemoryType {};
}

uint64_t Memory::size() const { return try_size().value_or(0); }

Result<uint64_t> Memory::try_size() const
{
    const Use used(link_);
    CHECK(used);
    return static_cast<core::Memory*>(object_)->size();
}

Result<void> Memory::read(uint64_t address, std::span<std::byte> to) const
{
    return detail::guarded<void>([&]() -> Result<void> {
        const Use used(link_);
        CHECK(used);
        const auto& memory = *static_cast<core::Memory*>(object_);
        if (!memory.contains(address, to.size()))
            return out_of_bounds("a read", address, to.size(), memory.size());
        if (!to.empty())
            std::memcpy(to.data(), memory.base() + address, to.size());
        return {};
    });
}

Result<void> Memory::write(uint64_t address, std::span<const std::byte> from) const
{
    return detail::guarded<void>([&]() -> Result<void> {
        const Use used(link_);
        CHECK(used);
        auto& memory = *static_cast<core::Memory*>(object_);
        if (!memory.contains(address, from.size()))
            return out_of_bounds("a write", address, from.size(), memory.size());
        link_->guest->store.mutator.write(core::Origin::Embedder, memory, address, bytes_of(from));
        return {};
    });
}

Result<void> Memory::fill(uint64_t address, uint64_t count, std::byte value) const
{
    return detail::guarded<void>([&]() -> Result<void> {
        const Use used(link_);
        CHECK(used);
        auto& memory = *static_cast<core::Memory*>(object_);
        if (!memory.contains(address, count))
            return out_of_bounds("a fill", address, count, memory.size());
        link_->guest->store.mutator.fill(
            core::Origin::Embedder, memory, address, static_cast<uint8_t>(value), count);
        return {};
    });
}

Result<uint64_t> Memory::grow(uint64_t pages) const
{
    return detail::guarded<uint64_t>([&]() -> Result<uint64_t> {
        const Use used(link_);
        CHECK(used);
        auto& memory = *static_cast<core::Memory*>(object_);
        return grown(memory, pages, link_->guest->store.mutator.grow(core::Origin::Embedder, memory, pages));
    });
}

bool Memory::can_move() const
{
    const Used<core::Memory> memory(*this);
    return !memory || !memory->is_reserved();
}

std::optional<uint64_t> Memory::find(std::span<const std::byte> bytes, uint64_t from) const
{
    return try_find(bytes, from).value_or(std::nullopt);
}

Result<std::optional<uint64_t>> Memory::try_find(std::span<const std::byte> bytes, uint64_t from) const
{
    using Found = std::optional<uint64_t>;
    const Use used(link_);
    CHECK(used);
    const auto all = std::as_bytes(static_cast<core::Memory*>(object_)->bytes());
    if (from > all.size())
        return Found();
    const auto found = std::ranges::search(all.subspan(from), bytes);
    if (found.begin() == all.end() && !bytes.empty())
        return Found();
    return Found(static_cast<uint64_t>(found.begin() - all.begin()));
}

std::span<std::byte> Memory::data() const { return try_data().value_or(std::span<std::byte> {}); }

Result<std::span<std::byte>> Memory::try_data() const
{
    const Use used(link_);
    CHECK(used);
    return std::as_writable_bytes(static_cast<core::Memory*>(object_)->expose());
}

Result<SharedMemory> SharedMemory::create(const Engine& engine, MemoryType type)
{
    return detail::guarded<SharedMemory>([&]() -> Result<SharedMemory> {
        if (engine.error())
            return *engine.error();
        type.is_shared = true;
        const auto wanted = TRY(core_type(type));
        auto memory = TRY(Access::body(engine)->make_memory(wanted));
        return Access::shared(Access::body(engine), std::move(memory));
    });
}

MemoryType SharedMemory::type() const { return type_of(Access::memory(*this)); }

uint64_t SharedMemory::size() const { return Access::memory(*this).size(); }

Result<void> SharedMemory::read(uint64_t address, std::span<std::byte> to) const
{
    return detail::guarded<void>([&]() -> Result<void> {
        const core::Memory& memory = Access::memory(*this);
        if (!memory.contains(address, to.size()))
            return out_of_bounds("a read", address, to.size(), memory.size());
        for (std::byte& byte : to)
            byte = std::byte(core::guest_load<uint8_t>(memory.base() + address++));
        return {};
    });
}

Result<void> SharedMemory::write(uint64_t address, std::span<const std::byte> from) const
{
    return detail::guarded<void>([&]() -> Result<void> {
        core::Memory& memory = Access::memory(*this);
        if (!memory.contains(address, from.size()))
            return out_of_bounds("a write", address, from.size(), memory.size());
        core::write_shared(memory, address, bytes_of(from));
        return {};
    });
}

Result<uint64_t> SharedMemory::grow(uint64_t pages) const
{
    return detail::guarded<uint64_t>([&]() -> Result<uint64_t> {
        return grown(Access::memory(*this), pages, Access::memory(*this).grow(pages));
    });
}

std::byte* SharedMemory::data() const
{
    return std::as_writable_bytes(Access::memory(*this).expose()).data();
}

// Tables.

Result<Table> Table::create(Store& store, TableType type, const Val& initial)
{
    return detail::guarded<Table>([&]() -> Result<Table> {
        const auto& link = Access::link(store);
        const Use body(link);
        CHECK(body);
        if (type.is_64 || (type.element != ValKind::FuncRef && type.element != ValKind::ExternRef))
            return Error("only 32-bit tables of funcref and externref are supported");
        if (type.min > type.max.value_or(type.min))
            return Error("size minimum must not be greater than maximum");
        const core::ValueType element = Access::type(type.element);
        const auto value = TRY(Access::value(link, initial, element));
        const auto table =
            TRY(body->store.add_table({ element, { .min = type.min, .max = type.max } }, value.ref()));
        return Access::handle<Table>(link, table);
    });
}

TableType Table::type() const
{
    const Used<core::Table> table(*this);
    if (!table)
        return {};
    const core::TableType& type = table->type();
    return { Access::kind(type.element), type.limits.min, type.limits.max, type.limits.is_64,
        Access::exact(type.element, *link_) };
}

uint64_t Table::size() const { return try_size().value_or(0); }

Result<uint64_t> Table::try_size() const
{
    const Use used(link_);
    CHECK(used);
    return uint64_t { static_cast<core::Table*>(object_)->size() };
}

Result<Val> Table::get(uint64_t index) const
{
    return detail::guarded<Val>([&]() -> Result<Val> {
        const Use used(link_);
        CHECK(used);
        const auto& table = *static_cast<core::Table*>(object_);
        if (index >= table.size())
            return Error(
                "no element " + std::to_string(index) + ": the table has " + std::to_string(table.size()));
        return Access::val(link_, core::Value::ref(table.type().element, table.elements()[index]));
    });
}

Result<void> Table::set(uint64_t index, const Val& value) const
{
    return detail::guarded<void>([&]() -> Result<void> {
        const Use used(link_);
        CHECK(used);
        auto& table = *static_cast<core::Table*>(object_);
        if (index >= table.size())
            return Error(
                "no element " + std::to_string(index) + ": the table has " + std::to_string(table.size()));
        const auto converted = TRY(Access::value(link_, value, table.type().element));
        link_->guest->store.mutator.set(core::Origin::Embedder, table, index, converted.ref());
        return {};
    });
}

Result<uint64_t> Table::grow(uint64_t count, const Val& initial) const
{
    return detail::guarded<uint64_t>([&]() -> Result<uint64_t> {
        const Use used(link_);
        CHECK(used);
        auto& table = *static_cast<core::Table*>(object_);
        const auto converted = TRY(Access::value(link_, initial, table.type().element));
        if (const auto old =
                link_->guest->store.mutator.grow(core::Origin::Embedder, table, count, converted.ref()))
            return *old;
        return Error("the table of " + core::count_text(table.size(), "element") + " cannot grow by "
            + std::to_string(count));
    });
}

// Tags.

Result<Tag> Tag::create(Store& store, const FuncType& type)
{
    return detail::guarded<Tag>([&]() -> Result<Tag> {
        const auto& link = Access::link(store);
        const Use body(link);
        CHECK(body);
        CHECK(Access::check(type));
        if (!type.results.empty())
            return Error("non-empty tag result type");
        const auto tag = TRY(body->store.add_tag(Access::func_type(type)));
        return Access::handle<Tag>(link, tag);
    });
}

FuncType Tag::type() const
{
    const Used<core::Tag> tag(*this);
    return tag ? Access::func_type(*tag->type->type.func(), *link_) : FuncType {};
}

} // namespace vitrine
