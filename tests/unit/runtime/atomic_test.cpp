// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/atomic.h"

#include "runtime/memory.h"

#include <gtest/gtest.h>

#include <utility>

namespace vitrine::core {
namespace {

/// A number in memory as guests see it.
template<class T> struct Cell {
    alignas(8) uint8_t bytes[8] {};
    explicit Cell(T value) { guest_store(bytes, value); }
    T value() const { return guest_load<T>(bytes); }
};

template<AtomicKind kind, class T> std::pair<Slot, T> run(T found, Slot first, Slot second = 0)
{
    Cell<T> cell(found);
    const Slot operands[] { first, second };
    const Slot result = run_atomic<kind, T>(cell.bytes, operands);
    return { result, cell.value() };
}

template<class T> using Pair = std::pair<Slot, T>;

TEST(Atomic, AnswersWithWhatWasThereAndWrapsAround)
{
    using enum AtomicKind;
    EXPECT_EQ((run<Load, uint16_t>(0xfffe, 0)), (Pair<uint16_t> { 0xfffe, 0xfffe }));
    EXPECT_EQ((run<Store, uint8_t>(1, 0x1ff)), (Pair<uint8_t> { 0, 0xff }));
    EXPECT_EQ((run<Add, uint8_t>(0xff, 2)), (Pair<uint8_t> { 0xff, 1 }));
    EXPECT_EQ((run<Sub, uint32_t>(0, 1)), (Pair<uint32_t> { 0, 0xffffffff }));
    EXPECT_EQ((run<And, uint64_t>(6, 3)), (Pair<uint64_t> { 6, 2 }));
    EXPECT_EQ((run<Or, uint64_t>(6, 3)), (Pair<uint64_t> { 6, 7 }));
    EXPECT_EQ((run<Xor, uint64_t>(6, 3)), (Pair<uint64_t> { 6, 5 }));
    EXPECT_EQ((run<Exchange, uint32_t>(6, 3)), (Pair<uint32_t> { 6, 3 }));
}

TEST(Atomic, CompareExchangeWrapsItsOperands)
{
    using enum AtomicKind;
    EXPECT_EQ((run<CompareExchange, uint8_t>(5, 5, 9)), (Pair<uint8_t> { 5, 9 }));
    EXPECT_EQ((run<CompareExchange, uint8_t>(5, 6, 9)), (Pair<uint8_t> { 5, 5 }));
    EXPECT_EQ((run<CompareExchange, uint8_t>(5, 0x105, 0x209)), (Pair<uint8_t> { 5, 9 }));
    EXPECT_EQ((run<CompareExchange, uint64_t>(5, uint64_t { 1 } << 32 | 5, 9)), (Pair<uint64_t> { 5, 5 }));
}

} // namespace
} // namespace vitrine::core
