// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs scenarios in which each allocation fails once alone, and once together with all later ones.
// The program that includes this has an `operator new` of its own (sweep.cpp).
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <new>
#include <string>
#include <thread>

namespace vitrine {

/// The number of the allocation that fails, counted from 1 over all threads; 0 for none.
extern std::atomic<std::uint64_t> first_to_fail;
extern std::atomic<bool> fails_on;
extern std::atomic<std::uint64_t> allocations;
/// How many blocks are allocated.
extern std::atomic<std::int64_t> blocks;

/// Runs `scenario` with each of its allocations failing, on a new result of `make` each time, and
/// then `check` on that. Each time has a thread of its own, since threads keep memory for their
/// next call. Nothing may be left when a thread has ended.
template<class Make, class Scenario, class Check> void sweep(Make make, Scenario scenario, Check check)
{
    {
        // What is allocated once stays.
        auto world = make();
        scenario(*world);
        check(*world);
    }
    const auto run = [&](std::uint64_t first) {
        auto world = make();
        allocations = 0;
        first_to_fail = first;
        try {
            scenario(*world);
        } catch (const std::bad_alloc&) {
            // Thrown by a function that returns no `Result`, or by the embedder's own code.
        }
        first_to_fail = 0;
        check(*world);
    };
    for (const bool all_that_follow : { false, true }) {
        fails_on = all_that_follow;
        std::uint64_t failures = 0;
        for (std::uint64_t first = 1;; ++first) {
            const std::int64_t before = blocks;
            std::thread([&] {
                SCOPED_TRACE((all_that_follow ? "from allocation " : "allocation ") + std::to_string(first));
                run(first);
            }).join();
            EXPECT_EQ(blocks - before, 0) << "blocks are left after allocation " << first;
            if (testing::Test::HasFailure())
                return;
            if (allocations < first)
                break;
            ++failures;
        }
        EXPECT_GT(failures, 5u);
    }
}

} // namespace vitrine
