// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/features.h"

#include <algorithm>
#include <string>

namespace vitrine::core {

namespace {

std::string all_flags()
{
    std::string flags;
    for (const FeatureInfo& feature : feature_table)
        flags += (flags.empty() ? "" : ", ") + std::string(feature.flag);
    return flags;
}

} // namespace

std::optional<Feature> find_feature(std::string_view name)
{
    const auto* const found = std::ranges::find(feature_table, name, &FeatureInfo::flag);
    if (found == std::end(feature_table))
        return std::nullopt;
    return static_cast<Feature>(found - feature_table);
}

Result<std::vector<FeatureChoice>> parse_features(std::string_view text)
{
    std::vector<FeatureChoice> choices;
    for (bool is_last = text.empty(); !is_last;) {
        const size_t comma = text.find(',');
        is_last = comma == std::string_view::npos;
        const std::string_view item = text.substr(0, comma);
        text.remove_prefix(is_last ? text.size() : comma + 1);
        const bool is_on = !item.starts_with('-');
        const std::string_view name = item.substr(is_on ? 0 : 1);
        if (name == "all") {
            for (size_t i = 0; i < std::size(feature_table); ++i)
                choices.push_back({ static_cast<Feature>(i), is_on });
            continue;
        }
        const auto feature = find_feature(name);
        if (!feature)
            return failure("unknown feature \"" + std::string(name) + "\"; expected all, " + all_flags());
        choices.push_back({ *feature, is_on });
    }
    return choices;
}

} // namespace vitrine::core
