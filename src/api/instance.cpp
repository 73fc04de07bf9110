// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "api/session_body.h"
#include "api/use.h"
#include "eval/expression.h"

namespace vitrine {

using detail::Access;
using detail::Use;
using detail::Used;

namespace {

/// The object exported under that name. Null if there is none of this kind.
template<class T> T* find_export(const Used<core::Instance>& instance, std::string_view name)
{
    const auto item = instance ? instance->find_export(name) : std::nullopt;
    const auto* object = item ? std::get_if<T*>(&*item) : nullptr;
    return object ? *object : nullptr;
}

/// The object at an index of one of the instance's index spaces. Null if there is none or
/// `guest_debug` is off.
template<class T>
T* find_private(
    const Used<core::Instance>& instance, core::IndexSpace<T> core::Instance::* space, uint32_t index)
{
    if (!instance || !instance->store->engine().config.guest_debug || index >= ((*instance).*space).size())
        return nullptr;
    return ((*instance).*space)[index];
}

template<class H, class T> std::optional<H> handle_of(const Instance& instance, T* object)
{
    return object ? std::optional(Access::handle<H>(Access::link(instance), object)) : std::nullopt;
}

std::optional<Memory> memory_of(const Instance& instance, core::Memory* memory)
{
    return handle_of<Memory>(instance, memory && !memory->is_shared() ? memory : nullptr);
}

std::optional<SharedMemory> shared_memory_of(const Instance& instance, core::Memory* memory)
{
    if (!memory || !memory->is_shared())
        return std::nullopt;
    const auto& link = Access::link(instance);
    return Access::shared(link->engine, link->guest->store.find_shared(memory));
}

} // namespace

Module Instance::module() const { return Access::module(*this); }

uint32_t Instance::number() const
{
    const Used<core::Instance> instance(*this);
    return instance ? instance->number : 0;
}

std::optional<Func> Instance::func(std::string_view name) const
{
    const Used<core::Instance> instance(*this);
    return handle_of<Func>(*this, find_export<core::Function>(instance, name));
}

std::optional<Global> Instance::global(std::string_view name) const
{
    const Used<core::Instance> instance(*this);
    return handle_of<Global>(*this, find_export<core::Global>(instance, name));
}

std::optional<Memory> Instance::memory(std::string_view name) const
{
    const Used<core::Instance> instance(*this);
    return memory_of(*this, find_export<core::Memory>(instance, name));
}

std::optional<SharedMemory> Instance::shared_memory(std::string_view name) const
{
    const Used<core::Instance> instance(*this);
    return shared_memory_of(*this, find_export<core::Memory>(instance, name));
}

std::optional<Table> Instance::table(std::string_view name) const
{
    const Used<core::Instance> instance(*this);
    return handle_of<Table>(*this, find_export<core::Table>(instance, name));
}

std::optional<Tag> Instance::tag(std::string_view name) const
{
    const Used<core::Instance> instance(*this);
    return handle_of<Tag>(*this, find_export<core::Tag>(instance, name));
}

std::optional<Extern> Instance::find(std::string_view name) const
{
    const Used<core::Instance> instance(*this);
    const auto item = instance ? instance->find_export(name) : std::nullopt;
    if (!item)
        return std::nullopt;
    switch (core::kind_of(*item)) {
    case ExternKind::Func: return *handle_of<Func>(*this, std::get<core::Function*>(*item));
    case ExternKind::Table: return *handle_of<Table>(*this, std::get<core::Table*>(*item));
    case ExternKind::Global: return *handle_of<Global>(*this, std::get<core::Global*>(*item));
    case ExternKind::Tag: return *handle_of<Tag>(*this, std::get<core::Tag*>(*item));
    case ExternKind::Memory: break;
    }
    auto* const memory = std::get<core::Memory*>(*item);
    if (memory->is_shared())
        return *shared_memory_of(*this, memory);
    return *memory_of(*this, memory);
}

std::optional<Func> Instance::debug_function(uint32_t index) const
{
    const Used<core::Instance> instance(*this);
    return handle_of<Func>(*this, find_private(instance, &core::Instance::functions, index));
}

std::optional<Global> Instance::debug_global(uint32_t index) const
{
    const Used<core::Instance> instance(*this);
    return handle_of<Global>(*this, find_private(instance, &core::Instance::globals, index));
}

std::optional<Memory> Instance::debug_memory(uint32_t index) const
{
    const Used<core::Instance> instance(*this);
    return memory_of(*this, find_private(instance, &core::Instance::memories, index));
}

std::optional<SharedMemory> Instance::debug_shared_memory(uint32_t index) const
{
    const Used<core::Instance> instance(*this);
    return shared_memory_of(*this, find_private(instance, &core::Instance::memories, index));
}

std::optional<Table> Instance::debug_table(uint32_t index) const
{
    const Used<core::Instance> instance(*this);
    return handle_of<Table>(*this, find_private(instance, &core::Instance::tables, index));
}

std::optional<Tag> Instance::debug_tag(uint32_t index) const
{
    const Used<core::Instance> instance(*this);
    return handle_of<Tag>(*this, find_private(instance, &core::Instance::tags, index));
}

Result<Val> Instance::debug_evaluate(std::string_view expression) const
{
    return detail::guarded<Val>([&]() -> Result<Val> {
        const Use used(link_);
        CHECK(check_debug(used));
        const auto value = TRY(core::eval::evaluate(*static_cast<core::Instance*>(object_), expression));
        return Access::val(link_, value);
    });
}

Result<std::string> Instance::debug_text_of(std::string_view expression) const
{
    return detail::guarded<std::string>([&]() -> Result<std::string> {
        const Use used(link_);
        CHECK(check_debug(used));
        auto text = TRY(core::eval::evaluate_text(*static_cast<core::Instance*>(object_), expression));
        return text;
    });
}

Result<void> Instance::debug_assign(std::string_view assignment) const
{
    return detail::guarded<void>([&]() -> Result<void> {
        const Use used(link_);
        CHECK(check_debug(used));
        CHECK(core::eval::assign(*static_cast<core::Instance*>(object_), assignment));
        return {};
    });
}

Result<debug::WatchPlace> Instance::debug_place(std::string_view expression) const
{
    return detail::guarded<debug::WatchPlace>([&]() -> Result<debug::WatchPlace> {
        const Use used(link_);
        CHECK(check_debug(used));
        const auto place = TRY(core::eval::find_place(*static_cast<core::Instance*>(object_), expression));
        return detail::place_of(link_, place);
    });
}

debug::WatchPlace detail::place_of(
    const std::shared_ptr<StoreLink>& link, const core::eval::WatchPlace& place)
{
    if (auto* const* global = std::get_if<core::Global*>(&place))
        return Access::handle<Global>(link, *global);
    if (const auto* slot = std::get_if<core::eval::TableSlot>(&place))
        return debug::TableSlot { Access::handle<Table>(link, slot->table), slot->index };
    const auto& range = std::get<core::eval::MemoryRange>(place);
    if (range.shared)
        return debug::MemoryRange { Access::shared(link->engine, range.shared), range.address, range.size };
    return debug::MemoryRange { Access::handle<Memory>(link, range.memory), range.address, range.size };
}

} // namespace vitrine
