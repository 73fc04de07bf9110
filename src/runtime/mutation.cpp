// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/mutation.h"

#include "runtime/store.h"

#include <algorithm>

namespace vitrine::core {

namespace {

uint8_t* at(Memory& memory, uint64_t address, uint64_t count)
{
    ASSERT(memory.contains(address, count));
    return memory.writable_base() + address;
}

} // namespace

void Mutator::Edit::commit(uint64_t count) const
{
    ASSERT(count <= bytes_.size());
    if (count != 0)
        mutator_->tell(origin_, MemoryBytes { memory_, address_, count });
}

void Mutator::write(Origin origin, Memory& memory, uint64_t address, Bytes bytes)
{
    guest_move(at(memory, address, bytes.size()), bytes.data(), bytes.size());
    if (!bytes.empty())
        tell(origin, MemoryBytes { &memory, address, bytes.size() });
}

void Mutator::fill(Origin origin, Memory& memory, uint64_t address, uint8_t value, uint64_t count)
{
    guest_fill(at(memory, address, count), value, count);
    if (count != 0)
        tell(origin, MemoryBytes { &memory, address, count });
}

Mutator::Edit Mutator::edit(Origin origin, Memory& memory, uint64_t address, uint64_t count)
{
    return { *this, origin, memory, address, { at(memory, address, count), count } };
}

void Mutator::set(Origin origin, Global& global, const Value& value)
{
    store_value(value, global.writable_slots());
    tell(origin, &global);
}

void Mutator::set(Origin origin, Table& table, uint64_t index, Ref value)
{
    ASSERT(table.contains(index, 1));
    table.writable_elements()[index] = value;
    tell(origin, TableElements { &table, index, 1 });
}

void Mutator::set(Origin origin, Object& object, uint32_t part, const Value& value)
{
    ASSERT(part < part_count(object));
    set_part(object, part, value);
    tell(origin, ObjectPart { &object, part });
}

void Mutator::set(Origin origin, Slot* slots, std::span<const Slot> values)
{
    std::ranges::copy(values, slots);
    tell(origin, StackSlots { slots, static_cast<uint32_t>(values.size()) });
}

std::optional<uint64_t> Mutator::grow(Origin origin, Memory& memory, uint64_t delta_pages)
{
    const auto old = store_.grow(memory, delta_pages);
    if (old && delta_pages != 0)
        tell(origin, GrownMemory { &memory, *old });
    return old;
}

std::optional<uint32_t> Mutator::grow(Origin origin, Table& table, uint64_t delta, Ref initial)
{
    const auto old = store_.grow(table, delta, initial);
    if (old && delta != 0)
        tell(origin, GrownTable { &table, *old });
    return old;
}

void write_shared(Memory& memory, uint64_t address, Bytes bytes)
{
    guest_move(at(memory, address, bytes.size()), bytes.data(), bytes.size());
}

} // namespace vitrine::core
