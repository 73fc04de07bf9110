// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "jit/out_of_line.h"

#include "runtime/bulk.h"
#include "runtime/store.h"

namespace vitrine::core::jit {

namespace {

uint32_t first(uint64_t argument) { return static_cast<uint32_t>(argument); }
uint32_t second(uint64_t argument) { return static_cast<uint32_t>(argument >> 32); }

} // namespace

uint64_t grow_memory(Instance* instance, Slot* sp, uint64_t memory)
{
    // A limiter is the embedder's: it may look at the guest's frames.
    if (instance->store->limiter)
        return 1;
    Memory& grown = *instance->memories[memory];
    sp[-1] = instance->store->grow(grown, sp[-1]).value_or(grown.is_64() ? UINT64_MAX : UINT32_MAX);
    return 0;
}

uint64_t copy_memory(Instance* instance, Slot* sp, uint64_t to_and_from)
{
    return memory_copy(*instance->memories[first(to_and_from)], *instance->memories[second(to_and_from)],
               sp[-3], sp[-2], sp[-1])
        != no_trap;
}

uint64_t fill_memory(Instance* instance, Slot* sp, uint64_t memory)
{
    return memory_fill(*instance->memories[memory], sp[-3], sp[-2], sp[-1]) != no_trap;
}

uint64_t init_memory(Instance* instance, Slot* sp, uint64_t data_and_memory)
{
    return memory_init(
               *instance, { second(data_and_memory) }, { first(data_and_memory) }, sp[-3], sp[-2], sp[-1])
        != no_trap;
}

uint64_t drop_data(Instance* instance, Slot*, uint64_t data)
{
    data_drop(*instance, { first(data) });
    return 0;
}

uint64_t grow_table(Instance* instance, Slot* sp, uint64_t table)
{
    if (instance->store->limiter)
        return 1;
    Table& grown = *instance->tables[table];
    const auto old_size = instance->store->grow(grown, sp[-1], { sp[-2] });
    sp[-2] = old_size ? *old_size : grown.type().limits.is_64 ? UINT64_MAX : UINT32_MAX;
    return 0;
}

uint64_t copy_table(Instance* instance, Slot* sp, uint64_t to_and_from)
{
    return table_copy(*instance->tables[first(to_and_from)], *instance->tables[second(to_and_from)], sp[-3],
               sp[-2], sp[-1])
        != no_trap;
}

uint64_t fill_table(Instance* instance, Slot* sp, uint64_t table)
{
    return table_fill(*instance->tables[table], sp[-3], { sp[-2] }, sp[-1]) != no_trap;
}

uint64_t init_table(Instance* instance, Slot* sp, uint64_t elem_and_table)
{
    return table_init(
               *instance, { second(elem_and_table) }, { first(elem_and_table) }, sp[-3], sp[-2], sp[-1])
        != no_trap;
}

uint64_t drop_elem(Instance* instance, Slot*, uint64_t elem)
{
    elem_drop(*instance, { first(elem) });
    return 0;
}

} // namespace vitrine::core::jit
