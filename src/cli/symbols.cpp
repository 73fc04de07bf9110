// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/commands.h"
#include "cli/message.h"
#include "dwarf/serve.h"

namespace vitrine::cli {

Action add_symbols(CLI::App& app)
{
    const auto options = std::make_shared<core::dwarf::ServeOptions>();
    app.add_option("--without", options->without, "Skip this unit")->allow_extra_args(false);
    app.add_flag("--debug-file", options->has_debug_file, "Another file has the debug information");
    app.add_flag("--package", options->has_package, "A package has split debug information");
    return [options](const std::vector<std::string>&) {
        if (auto served = core::dwarf::serve(*options); !served)
            return usage_error(Error(served.error().message), "symbols");
        return 0;
    };
}

} // namespace vitrine::cli
