// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/commands.h"
#include "cli/features.h"
#include "cli/message.h"

namespace vitrine::cli {

namespace {

int validate(const FeatureOption& features, const std::vector<std::string>& files)
{
    if (files.empty())
        return usage_error(Error("no file is given"), "validate");
    const auto config = features.config();
    if (!config)
        return usage_error(config.error(), "validate");
    int status = 0;
    for (const std::string& file : files) {
        // An engine keeps the types of its modules; these have nothing in common.
        const Engine engine(*config);
        if (const auto module = Module::from_file(engine, file); !module)
            status = report(module.error());
    }
    return status;
}

} // namespace

Action add_validate(CLI::App& app)
{
    const auto features = std::make_shared<FeatureOption>();
    features->add_to(app);
    return [features](const std::vector<std::string>& files) { return validate(*features, files); };
}

} // namespace vitrine::cli
