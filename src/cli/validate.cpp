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
        // One engine per file: an engine keeps the types of its modules, and these modules share
        // none.
        const Engine engine(*config);
        if (const auto binary = options.part.load(engine, file); !binary)
            status = report(binary.error());
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
