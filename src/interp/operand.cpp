// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "interp/operand.h"

#include <algorithm>

namespace vitrine::core::interp {

Access find_access(const Instance& instance, const uint8_t* argument, Slot address, uint32_t size)
{
    constexpr uint32_t has_memory_index = 0x40;
    const auto flags = read_valid_leb<uint32_t>(argument);
    const uint32_t index = flags & has_memory_index ? read_valid_leb<uint32_t>(argument) : 0;
    const auto offset = read_valid_leb<uint64_t>(argument);
    Memory& memory = *instance.memories[index];
    const uint64_t start = uint64_t { static_cast<uint32_t>(address) } + offset;
    return { memory.contains(start, size) ? memory.base() + start : nullptr, argument };
}

TrapKind fill(Memory& memory, uint32_t at, uint32_t value, uint32_t count)
{
    if (!memory.contains(at, count))
        return TrapKind::MemoryOutOfBounds;
    if (count != 0)
        std::memset(memory.base() + at, static_cast<int>(value & 0xff), count);
    return TrapKind::None;
}

TrapKind copy(Memory& to_memory, Memory& from_memory, uint32_t to, uint32_t from, uint32_t count)
{
    if (!to_memory.contains(to, count) || !from_memory.contains(from, count))
        return TrapKind::MemoryOutOfBounds;
    if (count != 0)
        std::memmove(to_memory.base() + to, from_memory.base() + from, count);
    return TrapKind::None;
}

TrapKind fill(Table& table, uint32_t at, Ref value, uint32_t count)
{
    if (!table.contains(at, count))
        return TrapKind::TableOutOfBounds;
    std::ranges::fill(table.elements().subspan(at, count), value);
    return TrapKind::None;
}

TrapKind copy(Table& to_table, Table& from_table, uint32_t to, uint32_t from, uint32_t count)
{
    if (!to_table.contains(to, count) || !from_table.contains(from, count))
        return TrapKind::TableOutOfBounds;
    if (count != 0)
        std::memmove(&to_table.elements()[to], &from_table.elements()[from], count * sizeof(Ref));
    return TrapKind::None;
}

} // namespace vitrine::core::interp
