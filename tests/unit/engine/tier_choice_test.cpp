// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The environment variable VITRINE_TIER.
#include "engine/tier_choice.h"

#include "engine/engine.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace vitrine::core {
namespace {

TEST(TierChoice, IsTheOneOfTheEnvironment)
{
    struct {
        const char* value;
        TierPolicy tier;
        uint64_t seed = 1;
        uint32_t percent = 0;
    } constexpr rows[] {
        { nullptr, TierPolicy::Auto },
        { "", TierPolicy::Auto },
        { "auto", TierPolicy::Auto },
        { "interp", TierPolicy::Interpreter },
        { "jit", TierPolicy::Compiled },
        { "mixed", TierPolicy::Mixed },
        { "mixed:0", TierPolicy::Mixed, 0 },
        { "mixed:18446744073709551615", TierPolicy::Mixed, UINT64_MAX },
        { "mixed:7:0", TierPolicy::Mixed, 7, 0 },
        { "mixed:0x10:100", TierPolicy::Mixed, 16, 100 },
    };
    for (const auto& row : rows) {
        const ChosenTier chosen = choose_tier({}, row.value);
        EXPECT_FALSE(chosen.error) << row.value;
        EXPECT_EQ(chosen.config.tier, row.tier) << row.value;
        EXPECT_EQ(chosen.config.tier_seed, row.seed) << row.value;
        EXPECT_EQ(chosen.config.exit_percent, row.percent) << row.value;
    }
}

TEST(TierChoice, DoesNotOverrideAConfigurationThatSaysMore)
{
    const ChosenTier chosen = choose_tier({ .tier = TierPolicy::Interpreter }, "mixed:7:5");
    EXPECT_FALSE(chosen.error);
    EXPECT_EQ(chosen.config.tier, TierPolicy::Interpreter);
    EXPECT_EQ(chosen.config.tier_seed, 1);
    EXPECT_EQ(chosen.config.exit_percent, 0);
}

TEST(TierChoice, AWrongValueIsAnErrorEvenIfItIsNotUsed)
{
    const std::string expected =
        "expected auto, interp, jit or mixed, mixed:SEED or mixed:SEED:PERCENT, got ";
    for (const char* value : { "fast", "JIT", " jit", "jit ", "jit:1",
             "jit:", "mixed:", "mixed::", "mixed::5", "mixed:x", "mixed:-1", "mixed:18446744073709551616",
             "mixed:1:", "mixed:1:101", "mixed:1:x", "mixed:1:2:3", "mixed:1:2:", ":", "\x1b[1m" })
        for (const TierPolicy tier : { TierPolicy::Auto, TierPolicy::Interpreter }) {
            const ChosenTier chosen = choose_tier({ .tier = tier }, value);
            ASSERT_TRUE(chosen.error) << value;
            EXPECT_TRUE(chosen.error->message.starts_with("environment variable VITRINE_TIER: " + expected))
                << chosen.error->message;
            EXPECT_EQ(chosen.error->message.find('\x1b'), std::string::npos);
            EXPECT_EQ(chosen.config.tier, tier);
        }
}

TEST(TierChoice, AnEngineHasIt)
{
    const char* const variable = "VITRINE_TIER";
    const char* const former = std::getenv(variable);
    const std::string kept = former ? former : "";
    setenv(variable, "mixed:9:3", 1);
    const Engine engine;
    EXPECT_EQ(engine.config.tier, TierPolicy::Mixed);
    EXPECT_EQ(engine.config.tier_seed, 9);
    EXPECT_EQ(engine.config.exit_percent, 3);
    setenv(variable, "fast", 1);
    EXPECT_TRUE(Engine().environment_error);
    if (former)
        setenv(variable, kept.c_str(), 1);
    else
        unsetenv(variable);
}

} // namespace
} // namespace vitrine::core
