// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "interp/operand.h"

#include <algorithm>

namespace vitrine::core::interp {

namespace {

constexpr uint32_t has_memory_index = 0x40;

} // namespace

const uint8_t* skip_long_type(const uint8_t* at)
{
    at += *at == nullable_ref_byte || *at == ref_byte;
    read<int64_t>(at);
    return at;
}

const Memory& accessed_memory(const Instance& instance, const uint8_t* argument)
{
    const auto flags = read_valid_leb<uint32_t>(argument);
    return *instance.memories[flags & has_memory_index ? read_valid_leb<uint32_t>(argument) : 0];
}

Access find_access(const Instance& instance, const uint8_t* argument, Slot address, uint32_t size)
{
    const auto flags = read_valid_leb<uint32_t>(argument);
    const uint32_t index = flags & has_memory_index ? read_valid_leb<uint32_t>(argument) : 0;
    const auto offset = read_valid_leb<uint64_t>(argument);
    Memory& memory = *instance.memories[index];
    uint64_t start = 0;
    const bool is_inside = !__builtin_add_overflow(address, offset, &start) && memory.contains(start, size);
    return { is_inside ? memory.base() + start : nullptr, argument };
}

TrapKind fill(Memory& memory, uint64_t at, uint64_t value, uint64_t count)
{
    if (!memory.contains(at, count))
        return TrapKind::MemoryOutOfBounds;
    guest_fill(memory.base() + at, static_cast<uint8_t>(value), count);
    return TrapKind::None;
}

TrapKind copy(Memory& to_memory, Memory& from_memory, uint64_t to, uint64_t from, uint64_t count)
{
    if (!to_memory.contains(to, count) || !from_memory.contains(from, count))
        return TrapKind::MemoryOutOfBounds;
    guest_move(to_memory.base() + to, from_memory.base() + from, count);
    return TrapKind::None;
}

TrapKind fill(Table& table, uint64_t at, Ref value, uint64_t count)
{
    if (!table.contains(at, count))
        return TrapKind::TableOutOfBounds;
    std::ranges::fill(table.elements().subspan(at, count), value);
    return TrapKind::None;
}

TrapKind copy(Table& to_table, Table& from_table, uint64_t to, uint64_t from, uint64_t count)
{
    if (!to_table.contains(to, count) || !from_table.contains(from, count))
        return TrapKind::TableOutOfBounds;
    if (count != 0)
        std::memmove(&to_table.elements()[to], &from_table.elements()[from], count * sizeof(Ref));
    return TrapKind::None;
}

} // namespace vitrine::core::interp
