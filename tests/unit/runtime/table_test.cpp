// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/table.h"

#include "runtime/instance.h"
#include "support/resident.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace vitrine::core::test {
namespace {

TableType type_of(uint64_t min, std::optional<uint64_t> max = {})
{
    return { .element = ValueType::funcref, .limits = { .min = min, .max = max } };
}

bool are_all(std::span<const Ref> elements, Ref wanted)
{
    return std::ranges::all_of(elements, [wanted](Ref element) { return element == wanted; });
}

TEST(Table, BeginsWithItsInitialValue)
{
    const Function function;
    for (const Ref initial : { Ref {}, Ref::of(&function) })
        for (const uint64_t size : { 0, 1, 1000, 100'000 }) {
            auto table = Table::create(type_of(size), initial);
            ASSERT_TRUE(table);
            EXPECT_EQ(table->size(), size);
            EXPECT_EQ(table->elements().size(), size);
            EXPECT_TRUE(are_all(table->elements(), initial));
        }
}

TEST(Table, HasALimit)
{
    EXPECT_TRUE(Table::create(type_of(Table::max_elements), {}));
    EXPECT_EQ(Table::create(type_of(Table::max_elements + 1), {}).error().message,
        "a table of 10000001 elements is larger than the limit of 10000000");
    EXPECT_FALSE(Table::create(type_of(UINT64_MAX), {}));
}

TEST(Table, GrowsUpToItsMaximumAndTheLimit)
{
    auto bounded = *Table::create(type_of(1, 3), {});
    EXPECT_EQ(bounded.grow(2, {}), 1u);
    EXPECT_EQ(bounded.grow(1, {}), std::nullopt);
    EXPECT_EQ(bounded.grow(UINT64_MAX, {}), std::nullopt);
    EXPECT_EQ(bounded.grow(0, {}), 3u);
    EXPECT_EQ(bounded.size(), 3u);
    auto open = *Table::create(type_of(0), {});
    EXPECT_EQ(open.grow(Table::max_elements + 1, {}), std::nullopt);
    EXPECT_EQ(open.grow(Table::max_elements, {}), 0u);
    EXPECT_EQ(open.grow(1, {}), std::nullopt);
    EXPECT_EQ(open.size(), Table::max_elements);
}

/// Many sizes, on both sides of the size from which tables are mapped.
TEST(Table, KeepsItsElementsWhenItGrows)
{
    const std::vector<Function> functions(3);
    auto table = *Table::create(type_of(2), Ref::of(&functions[0]));
    std::vector<Ref> expected(2, Ref::of(&functions[0]));
    for (uint32_t step = 0; expected.size() < 200'000; ++step) {
        const uint64_t delta = step % 5 == 0 ? 1 : expected.size() / (step % 3 + 1);
        const Ref initial = step % 4 == 0 ? Ref {} : Ref::of(&functions[step % 3]);
        EXPECT_EQ(table.grow(delta, initial), expected.size());
        expected.resize(expected.size() + delta, initial);
        ASSERT_TRUE(std::ranges::equal(table.elements(), expected)) << step;
    }
    const Table moved = std::move(table);
    EXPECT_TRUE(std::ranges::equal(moved.elements(), expected));
    EXPECT_EQ(table.size(), 0u); // NOLINT(bugprone-use-after-move): it says so
}

TEST(Table, KnowsWhichElementsItHas)
{
    const auto table = *Table::create(type_of(10), {});
    EXPECT_TRUE(table.contains(0, 10));
    EXPECT_TRUE(table.contains(10, 0));
    EXPECT_FALSE(table.contains(11, 0));
    EXPECT_FALSE(table.contains(1, 10));
    EXPECT_FALSE(table.contains(1, UINT64_MAX));
    EXPECT_FALSE(table.contains(UINT64_MAX, 1));
}

TEST(Table, NullsTakeNoMemoryUntilTheyAreWritten)
{
    const uint64_t before = resident_bytes();
    std::vector<Table> tables;
    for (int i = 0; i < 20; ++i) {
        tables.push_back(*Table::create(type_of(Table::max_elements / 2), {}));
        EXPECT_EQ(tables.back().grow(Table::max_elements / 2, {}), Table::max_elements / 2);
    }
    EXPECT_LT(resident_bytes() - before, 16u << 20) << "of 1.6 GB";
    tables.front().writable_elements()[5'000'000] = Ref::i31(1);
    EXPECT_EQ(tables.front().writable_elements()[5'000'000], Ref::i31(1));
}

} // namespace
} // namespace vitrine::core::test
