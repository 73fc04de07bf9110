// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "base/result.h"
#include "runtime/store.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace vitrine::core {

/// A tier policy, and its name in options and in the environment.
struct TierName {
    std::string_view name;
    TierPolicy tier;
};
std::span<const TierName> tier_names();
/// None for an unknown name.
std::optional<TierPolicy> find_tier(std::string_view name);
/// `auto, interp, jit or mixed`
std::string all_tier_names();

/// An engine's configuration, and why the environment could not be obeyed.
struct ChosenTier {
    EngineConfig config;
    std::optional<Error> error;
};

/// [doc] The environment variable VITRINE_TIER
///
/// For tests: it chooses the tiers of all engines whose configuration says `Auto`. It is the name
/// of a tier policy. `mixed:SEED` also sets the seed of the random choices, and
/// `mixed:SEED:PERCENT` the percentage of instructions before which compiled code can return to the
/// interpreter. An empty value is no choice. Any other value is an error.
ChosenTier choose_tier(const EngineConfig& config);
/// The same with a given value of the variable; null if it is not set.
ChosenTier choose_tier(const EngineConfig& config, const char* value);

} // namespace vitrine::core
