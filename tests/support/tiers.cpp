// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "support/tiers.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <string>
#include <string_view>

namespace vitrine::core::test {

namespace {

std::atomic<uint64_t> engines = 0, compiled = 0;

class CheckAtEnd final : public testing::Environment {
public:
    void TearDown() override
    {
        const char* const value = std::getenv("VITRINE_TIER");
        const std::string_view tier = value ? value : "";
        const bool is_whole = testing::GTEST_FLAG(filter) == "*";
        if (!is_whole || engines == 0 || !(tier == "jit" || tier.starts_with("mixed")))
            return;
        EXPECT_GT(compiled, 0) << "VITRINE_TIER=" << tier << ", but no function was compiled";
    }
};

// GoogleTest owns it.
[[maybe_unused]] const testing::Environment* const check_at_end =
    testing::AddGlobalTestEnvironment(new CheckAtEnd);

} // namespace

void note_statistics(const CompilerStatistics& statistics)
{
    ++engines;
    compiled += statistics.functions;
}

} // namespace vitrine::core::test
