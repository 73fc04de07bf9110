// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "wasm/opcode.h"

#include <string_view>
#include <vector>

namespace vitrine::core {

/// A feature to enable or disable. If several choices name the same feature, the last one wins.
struct FeatureChoice {
    Feature feature;
    bool is_on;
};

/// Parses `name,-name,all`, where a minus disables a feature. Empty text chooses nothing.
Result<std::vector<FeatureChoice>> parse_features(std::string_view text);

/// The feature of this name, if there is one.
std::optional<Feature> find_feature(std::string_view name);

} // namespace vitrine::core
