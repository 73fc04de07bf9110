// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/features.h"

namespace vitrine::cli {

void FeatureOption::add_to(CLI::App& app)
{
    app.add_option("--features", list, "Enable features or, after a minus, disable them: name,-name,all")
        ->type_name("LIST");
}

Result<std::vector<core::FeatureChoice>> FeatureOption::choices() const
{
    auto choices = core::parse_features(list);
    if (!choices)
        return Error("--features " + list + ": " + choices.error().message);
    return *std::move(choices);
}

Result<Config> FeatureOption::config() const
{
    CHECK(choices());
    return Config().features(list);
}

} // namespace vitrine::cli
