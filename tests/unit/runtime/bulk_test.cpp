// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/bulk.h"

#include "runtime/store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <utility>

namespace vitrine::core {
namespace {

constexpr uint64_t page = Memory::page_size;

struct Bulk : testing::Test {
    Memory& add_memory() { return **store.add_memory(MemoryType { .limits = { .min = 1 } }); }
    Table& add_table(uint64_t size)
    {
        return **store.add_table({ ValueType::anyref, { .min = size } }, Ref::i31(0));
    }

    Store store { std::make_shared<EngineState>() };
};

TEST_F(Bulk, MemoryIsFilledAndCopiedUpToItsEnd)
{
    Memory& memory = add_memory();
    EXPECT_EQ(memory_fill(memory, page - 2, 0x1ff, 2), no_trap) << "only the lowest byte counts";
    EXPECT_EQ(memory.bytes()[page - 1], 0xff);
    for (uint8_t i = 0; i < 4; ++i)
        memory.writable_base()[i] = i;
    EXPECT_EQ(memory_copy(memory, memory, 1, 0, 3), no_trap);
    EXPECT_TRUE(std::ranges::equal(memory.bytes().first(4), std::array<uint8_t, 4> { 0, 0, 1, 2 }));
    EXPECT_EQ(memory_copy(memory, memory, 0, 1, 3), no_trap);
    EXPECT_TRUE(std::ranges::equal(memory.bytes().first(4), std::array<uint8_t, 4> { 0, 1, 2, 2 }));
}

TEST_F(Bulk, ARangeOutOfBoundsChangesNothing)
{
    Memory& memory = add_memory();
    for (const auto& [at, count] : { std::pair<uint64_t, uint64_t> { page - 1, 2 }, { page + 1, 0 },
             { UINT64_MAX, 2 }, { 2, UINT64_MAX } }) {
        EXPECT_EQ(memory_fill(memory, at, 1, count), TrapKind::MemoryOutOfBounds);
        EXPECT_EQ(memory_copy(memory, memory, 0, at, count), TrapKind::MemoryOutOfBounds);
        EXPECT_EQ(memory_copy(memory, memory, at, 0, count), TrapKind::MemoryOutOfBounds);
    }
    EXPECT_TRUE(std::ranges::all_of(memory.bytes(), [](uint8_t byte) { return byte == 0; }));
    EXPECT_EQ(memory_fill(memory, page, 1, 0), no_trap) << "an empty range may begin at the end";

    Table& table = add_table(4);
    EXPECT_EQ(table_fill(table, 3, Ref::i31(1), 2), TrapKind::TableOutOfBounds);
    EXPECT_EQ(table_copy(table, table, 0, 5, 0), TrapKind::TableOutOfBounds);
    EXPECT_EQ(table.elements()[3], Ref::i31(0));
}

TEST_F(Bulk, TablesAreFilledAndCopiedWithOverlap)
{
    Table& table = add_table(4);
    EXPECT_EQ(table_fill(table, 0, Ref::i31(1), 1), no_trap);
    EXPECT_EQ(table_fill(table, 1, Ref::i31(2), 1), no_trap);
    EXPECT_EQ(table_copy(table, table, 1, 0, 3), no_trap);
    EXPECT_EQ(table.elements()[1], Ref::i31(1));
    EXPECT_EQ(table.elements()[2], Ref::i31(2));
    EXPECT_EQ(table_copy(table, table, 4, 4, 0), no_trap);
}

} // namespace
} // namespace vitrine::core
