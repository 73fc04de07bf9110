// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasm/opcode.h"
#include <vitrine/vitrine.hpp>

#include <CLI/App.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace vitrine::cli {

/// A feature to enable or disable. If several choices name the same feature, the last one wins.
struct FeatureChoice {
    core::Feature feature;
    bool is_on;
};

/// Parses `name,-name,all`, where a minus disables a feature. Empty text chooses nothing.
Result<std::vector<FeatureChoice>> parse_features(std::string_view text);

/// The option `--features` of every command that loads a module.
struct FeatureOption {
    std::string list;

    void add_to(CLI::App& app);
    Result<std::vector<FeatureChoice>> choices() const;
    /// The configuration of an engine with these features.
    Result<Config> config() const;
};

} // namespace vitrine::cli
