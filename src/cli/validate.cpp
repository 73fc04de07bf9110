// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/commands.h"
#include "cli/features.h"
#include "cli/message.h"
#include "cli/part.h"

namespace vitrine::cli {

namespace {

struct Options {
    PartOption part;
    FeatureOption features;
};

int validate(const Options& options, const std::vector<std::string>& files)
{
    if (files.empty())
        return usage_error(Error("no file given"), "validate");
    if (auto fits = options.part.check(); !fits)
        return usage_error(fits.error(), "validate");
    const auto config = options.features.config();
    if (!config)
        return usage_error(config.error(), "validate");
    int status = 0;
    for (const std::string& file : files) {
        if (is_component(file, options.part.part())) {
            const auto valid = validate_component(file, options.part.part(), *options.features.choices());
            if (!valid)
                status = report(valid.error());
            continue;
        }
        // One engine per module: an engine keeps the types of its modules, and these modules share
        // none.
        const Engine engine(*config);
        if (const auto module = options.part.load(engine, file); !module)
            status = report(module.error());
    }
    return status;
}

} // namespace

Action add_validate(CLI::App& app)
{
    const auto options = std::make_shared<Options>();
    options->part.add_to(app);
    options->features.add_to(app);
    return [options](const std::vector<std::string>& files) { return validate(*options, files); };
}

} // namespace vitrine::cli
