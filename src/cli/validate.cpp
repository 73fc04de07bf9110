// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/commands.h"
#include "cli/message.h"

#include <memory>

namespace vitrine::cli {

Command add_validate(CLI::App& app)
{
    struct Options {
        std::vector<std::string> files;
    };
    CLI::App& command = *app.add_subcommand("validate", "Decode and validate modules");
    const auto options = std::make_shared<Options>();
    command.add_option("files", options->files, "The modules")->required();
    command.footer("Example: vitrine validate app.wasm");
    return [options] {
        const Engine engine;
        int result = 0;
        for (const std::string& file : options->files)
            if (const auto module = Module::from_file(engine, file); !module)
                result = report(module.error());
        return result;
    };
}

} // namespace vitrine::cli
