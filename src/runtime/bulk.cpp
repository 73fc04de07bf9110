// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/bulk.h"

#include <algorithm>
#include <cstring>

namespace vitrine::core {

TrapKind memory_fill(Memory& memory, uint64_t at, uint64_t value, uint64_t count)
{
    if (!memory.contains(at, count))
        return TrapKind::MemoryOutOfBounds;
    guest_fill(memory.writable_base() + at, static_cast<uint8_t>(value), count);
    return no_trap;
}

TrapKind memory_copy(Memory& to_memory, Memory& from_memory, uint64_t to, uint64_t from, uint64_t count)
{
    if (!to_memory.contains(to, count) || !from_memory.contains(from, count))
        return TrapKind::MemoryOutOfBounds;
    guest_move(to_memory.writable_base() + to, from_memory.base() + from, count);
    return no_trap;
}

TrapKind table_fill(Table& table, uint64_t at, Ref value, uint64_t count)
{
    if (!table.contains(at, count))
        return TrapKind::TableOutOfBounds;
    std::ranges::fill(table.writable_elements().subspan(at, count), value);
    return no_trap;
}

TrapKind table_copy(Table& to_table, Table& from_table, uint64_t to, uint64_t from, uint64_t count)
{
    if (!to_table.contains(to, count) || !from_table.contains(from, count))
        return TrapKind::TableOutOfBounds;
    if (count != 0)
        std::memmove(&to_table.writable_elements()[to], &from_table.elements()[from], count * sizeof(Ref));
    return no_trap;
}

TrapKind table_init(
    Instance& instance, TableIndex table, ElemIndex elem, uint64_t to, uint64_t from, uint64_t count)
{
    Table& target = *instance.tables[table.value];
    const std::vector<Ref>& source = instance.elems[elem.value];
    if (!target.contains(to, count) || from > source.size() || count > source.size() - from)
        return TrapKind::TableOutOfBounds;
    std::copy_n(source.begin() + static_cast<ptrdiff_t>(from), count,
        target.writable_elements().begin() + static_cast<ptrdiff_t>(to));
    return no_trap;
}

TrapKind memory_init(
    Instance& instance, MemoryIndex memory, DataIndex data, uint64_t to, uint64_t from, uint64_t count)
{
    Memory& target = *instance.memories[memory.value];
    const Bytes source =
        instance.data_dropped[data.value] ? Bytes {} : instance.module->datas[data.value].bytes;
    if (!target.contains(to, count) || from > source.size() || count > source.size() - from)
        return TrapKind::MemoryOutOfBounds;
    guest_move(target.writable_base() + to, source.data() + from, count);
    return no_trap;
}

void data_drop(Instance& instance, DataIndex data) { instance.data_dropped[data.value] = true; }

void elem_drop(Instance& instance, ElemIndex elem) { instance.elems[elem.value] = {}; }

} // namespace vitrine::core
