// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasm/opcode.h"
#include <vitrine/vitrine.hpp>

#include <CLI/App.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace vitrine::cli {

/// A feature to be switched on or off; of several that name the same one the last counts.
struct FeatureChoice {
    core::Feature feature;
    bool is_on;
};

/// Reads `name,-name,all`: these on, that with a minus off, or all of them. Empty text chooses nothing.
Result<std::vector<FeatureChoice>> parse_features(std::string_view text);

/// The option `--features`, of every command that loads a module.
struct FeatureOption {
    std::string list;

    void add_to(CLI::App& app);
    Result<std::vector<FeatureChoice>> choices() const;
    /// An engine's configuration with these features.
    Result<Config> config() const;
};

} // namespace vitrine::cli
