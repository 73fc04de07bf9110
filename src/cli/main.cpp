// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/commands.h"
#include "cli/message.h"

#include "wasm/opcode.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <fmt/format.h>

namespace vitrine::cli {
namespace {

/// Version, commit, and the features that are executed.
std::string version()
{
    std::string features;
    for (const core::FeatureInfo& feature : core::feature_table)
        if (feature.is_supported)
            features += (features.empty() ? "" : " ") + std::string(feature.flag);
    return fmt::format("vitrine {} ({})\nfeatures: {}", VITRINE_VERSION, VITRINE_COMMIT, features);
}

int run_command(int argc, char** argv)
{
    std::vector<std::string> arguments(argv + 1, argv + argc);
    Behind behind;
    if (const auto dashes = std::ranges::find(arguments, "--"); dashes != arguments.end()) {
        behind.emplace(dashes + 1, arguments.end());
        arguments.erase(dashes, arguments.end());
    }
    CLI::App app("A WebAssembly runtime that a debugger can see into", "vitrine");
    std::string colour = "auto";
    app.set_version_flag("--version", version());
    app.add_option("--color", colour, "Colour of messages: auto, always, never")
        ->check(CLI::IsMember({ "auto", "always", "never" }));
    app.require_subcommand(1);
    app.footer("Example: vitrine run --dir . app.wasm input.txt");
    app.fallthrough(false);
    const Command commands[] { add_run(app, behind), add_inspect(app, behind), add_objdump(app),
        add_validate(app), add_opcodes(app) };
    try {
        // Taken from the back.
        std::ranges::reverse(arguments);
        app.parse(arguments);
    } catch (const CLI::Success& asked) {
        return app.exit(asked);
    } catch (const CLI::ParseError& wrong) {
        set_colour(Colour::Auto);
        print_error(std::string(wrong.what()) + " (vitrine --help lists the commands and options)");
        return status::usage;
    }
    set_colour(colour == "always" ? Colour::Always : colour == "never" ? Colour::Never : Colour::Auto);
    size_t index = 0;
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
        if (command->parsed())
            return commands[index]();
        ++index;
    }
    return status::usage;
}

} // namespace
} // namespace vitrine::cli

int main(int argc, char** argv)
{
    // A closed output is an error of the write, not the end of the process.
    std::signal(SIGPIPE, SIG_IGN);
    return vitrine::cli::run_command(argc, argv);
}
