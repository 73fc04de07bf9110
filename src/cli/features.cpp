// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/features.h"

#include <algorithm>
#include <string>

namespace vitrine::cli {

namespace {

std::string all_flags()
{
    std::string flags;
    for (const core::FeatureInfo& feature : core::feature_table)
        flags += (flags.empty() ? "" : ", ") + std::string(feature.flag);
    return flags;
}

} // namespace

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
        const auto add = [&](size_t index) {
            choices.push_back({ static_cast<core::Feature>(index), is_on });
        };
        if (name == "all") {
            for (size_t i = 0; i < std::size(core::feature_table); ++i)
                add(i);
            continue;
        }
        const auto* found = std::ranges::find(core::feature_table, name, &core::FeatureInfo::flag);
        if (found == std::end(core::feature_table))
            return Error("unknown feature \"" + std::string(name) + "\"; expected all, " + all_flags());
        add(static_cast<size_t>(found - core::feature_table));
    }
    return choices;
}

void FeatureOption::add_to(CLI::App& app)
{
    app.add_option("--features", list, "Enable features or, after a minus, disable them: name,-name,all")
        ->type_name("LIST");
}

Result<std::vector<FeatureChoice>> FeatureOption::choices() const
{
    auto choices = parse_features(list);
    if (!choices)
        return Error("--features " + list + ": " + choices.error().message());
    return choices;
}

Result<Config> FeatureOption::config() const
{
    const auto chosen = TRY(choices());
    Config config;
    for (const FeatureChoice& choice : chosen)
        config.feature(std::string(core::info(choice.feature).flag), choice.is_on);
    return config;
}

} // namespace vitrine::cli
