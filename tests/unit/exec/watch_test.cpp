// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "exec/watch.h"

#include <gtest/gtest.h>
#include <random>

namespace vitrine::core {
namespace {

constexpr auto memory = StateKind::Memory;

TEST(Watches, CompareWithTheGapBetweenRanges)
{
    const Watches watches({ { 9000, 9004, false, true, memory }, { 100, 108, false, true, memory } });
    const Watches::Bounds& bounds = watches.bounds(memory, true);
    EXPECT_FALSE(bounds.may_contain_any(92, 8));
    EXPECT_TRUE(bounds.may_contain_any(93, 8));
    EXPECT_TRUE(bounds.may_contain_any(107, 8));
    EXPECT_FALSE(bounds.may_contain_any(108, 8));
    EXPECT_FALSE(bounds.may_contain_any(8992, 8));
    EXPECT_TRUE(bounds.may_contain_any(8993, 8));
    EXPECT_TRUE(bounds.may_contain_any(9003, 1));
    EXPECT_FALSE(bounds.may_contain_any(9004, 16));
    EXPECT_FALSE(watches.bounds(memory, false).may_contain_any(100, 8)) << "reads do not count";
}

TEST(Watches, MissNoAccessToARange)
{
    std::mt19937 random(1);
    const auto below = [&](uint32_t end) { return random() % end; };
    for (int round = 0; round < 2000; ++round) {
        std::vector<WatchedRange> ranges;
        for (uint32_t i = 1 + below(5); i > 0; --i) {
            const uintptr_t begin = 1000 + below(200);
            ranges.push_back({ begin, begin + 1 + below(20), below(2) == 0, true, memory });
        }
        const Watches watches(ranges);
        for (int i = 0; i < 100; ++i) {
            const uintptr_t begin = 970 + below(300);
            const uintptr_t size = uintptr_t { 1 } << below(5);
            const bool is_write = below(2) == 0;
            EXPECT_TRUE(!watches.touches({ begin, begin + size, is_write })
                || watches.bounds(memory, is_write).may_contain_any(begin, size))
                << begin << ", " << size;
        }
    }
}

} // namespace
} // namespace vitrine::core
