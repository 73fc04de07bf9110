// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/memory.h"
#include "runtime/store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <type_traits>

namespace vitrine::core {
namespace {

MemoryType type_of(uint64_t min, std::optional<uint64_t> max = {})
{
    return { .limits = { .min = min, .max = max } };
}

TEST(Memory, GrowsInPlaceUpToItsMaximumWithZeroedPages)
{
    const auto budget = std::make_shared<ReservationBudget>();
    auto memory = *Memory::create(type_of(1, 3), budget);
    ASSERT_TRUE(memory->is_reserved());
    const uint8_t* base = memory->base();
    memory->writable_base()[memory->size() - 1] = 9;
    EXPECT_EQ(memory->grow(2), 1u);
    EXPECT_EQ(memory->base(), base);
    EXPECT_EQ(memory->size(), 3 * Memory::page_size);
    EXPECT_TRUE(std::ranges::all_of(
        memory->bytes().subspan(Memory::page_size), [](uint8_t byte) { return byte == 0; }));
    EXPECT_EQ(memory->grow(1), std::nullopt);
    EXPECT_EQ(memory->grow(UINT64_MAX), std::nullopt);
    EXPECT_EQ(memory->grow(0), 3u);
}

TEST(Memory, FallsBackToPlainMemoryWithoutAReservation)
{
    const auto budget = std::make_shared<ReservationBudget>();
    for (uint32_t i = 0; i < ReservationBudget::max_reservations; ++i)
        ASSERT_TRUE(budget->take());
    EXPECT_FALSE(budget->take());
    auto memory = *Memory::create(type_of(1), budget);
    EXPECT_FALSE(memory->is_reserved());
    memory->writable_base()[7] = 42;
    EXPECT_EQ(memory->grow(100), 1u);
    EXPECT_EQ(memory->bytes()[7], 42);
    EXPECT_EQ(memory->bytes().back(), 0);
    budget->give_back();
    EXPECT_TRUE((*Memory::create(type_of(0), budget))->is_reserved());
    EXPECT_TRUE(budget->take()) << "a memory gives its reservation back";
}

TEST(Memory, AnEmptyMemoryWithoutAReservationHasNoBytes)
{
    const auto budget = std::make_shared<ReservationBudget>();
    while (budget->take()) {}
    auto memory = *Memory::create(type_of(0), budget);
    EXPECT_EQ(memory->size(), 0u);
    EXPECT_TRUE(memory->contains(0, 0));
    EXPECT_FALSE(memory->contains(0, 1));
    EXPECT_EQ(memory->grow(1), 0u);
    EXPECT_EQ(memory->bytes().front(), 0);
}

TEST(Memory, TheEmbeddersMaximumIsRefusedWithItsNumber)
{
    const auto budget = std::make_shared<ReservationBudget>();
    const auto memory = Memory::create(type_of(11), budget, Pages { 10 }.bytes());
    ASSERT_FALSE(memory);
    EXPECT_EQ(memory.error().message, "cannot allocate a memory of 11 pages");
    EXPECT_EQ((*Memory::create(type_of(10), budget, Pages { 10 }.bytes()))->grow(1), std::nullopt);
}

// A limit in pages does not convert to one in bytes, and a plain number converts to neither.
static_assert(!std::is_convertible_v<Pages, ByteCount> && !std::is_convertible_v<uint64_t, ByteCount>
    && !std::is_convertible_v<ByteCount, Pages>);

TEST(Memory, PagesAreBytesUpToTheLargestNumber)
{
    EXPECT_EQ(Pages { 3 }.bytes().value, 196608u);
    EXPECT_EQ((Pages { UINT64_MAX >> 16 }.bytes().value), UINT64_MAX - 65535);
    EXPECT_EQ((Pages { uint64_t { 1 } << 48 }.bytes().value), UINT64_MAX);
}

TEST(Memory, BoundsDoNotOverflow)
{
    const auto memory = *Memory::create(type_of(1), std::make_shared<ReservationBudget>());
    EXPECT_TRUE(memory->contains(Memory::page_size, 0));
    EXPECT_FALSE(memory->contains(UINT64_MAX, 2));
    EXPECT_FALSE(memory->contains(2, UINT64_MAX));
}

TEST(Memory, TheGuardIsExactWhereTheMemoryEndsWithASystemPage)
{
    const auto budget = std::make_shared<ReservationBudget>();
    MemoryType type = type_of(1);
    for (const uint8_t log2 : { 0, 12, 16 }) {
        type.page_size_log2 = log2;
        const auto memory = *Memory::create(type, budget);
        EXPECT_TRUE(memory->is_reserved());
        EXPECT_EQ(memory->has_exact_guard(), log2 >= 12) << int { log2 };
    }
    while (budget->take()) {}
    EXPECT_FALSE((*Memory::create(type_of(1), budget))->has_exact_guard());
}

TEST(MemoryDeathTest, ReservedMemoryEndsInGuardPages)
{
    const auto memory = *Memory::create(type_of(1), std::make_shared<ReservationBudget>());
    const volatile uint8_t* behind = memory->base() + memory->size();
    EXPECT_DEATH((void)*behind, "");
    const volatile uint8_t* farthest = memory->base() + Memory::reserved_bytes - 1;
    EXPECT_DEATH((void)*farthest, "");
}

TEST(Memory, SignalHandlersOfTheEmbedderStay)
{
    struct sigaction before {}, after {};
    sigaction(SIGSEGV, nullptr, &before);
    Store store(std::make_shared<EngineState>());
    ASSERT_TRUE(store.add_memory(type_of(1)));
    sigaction(SIGSEGV, nullptr, &after);
    EXPECT_EQ(before.sa_handler, after.sa_handler);
}

} // namespace
} // namespace vitrine::core
