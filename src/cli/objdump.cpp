// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/describe_component.h"
#include "cli/features.h"
#include "cli/message.h"
#include "cli/part.h"

#include "door/inner.h"
#include "wasm/printer.h"

namespace vitrine::cli {

namespace {

struct Options {
    bool disassemble = false;
    bool headers = false;
    bool structure = false;
    PartOption part;
    FeatureOption features;
};

void dump(const Options& options, const Module& module, const std::string& path)
{
    if (options.headers)
        print_sections(module);
    if (options.structure)
        print_description(describe(module, path));
    if (options.disassemble || !(options.headers || options.structure))
        write(core::disassemble(*door::inner(module)));
}

/// Dumps each core module under a heading. Its offsets are relative to itself.
void dump(const Options& options, const LoadedComponent& loaded)
{
    const auto places = places_of_core_modules(loaded.component);
    const auto modules = loaded.component.core_modules();
    for (size_t i = 0; i < modules.size(); ++i) {
        print("{}{}\n", i > 0 ? "\n" : "", places[i]);
        dump(options, modules[i].module, loaded.path);
    }
}

int dump(const Options& options, const std::vector<std::string>& words)
{
    if (words.size() != 1)
        return usage_error(
            Error(words.empty() ? "no file given" : "unexpected argument " + words[1]), "objdump");
    if (auto fits = options.part.check(); !fits)
        return usage_error(fits.error(), "objdump");
    const auto config = options.features.config();
    if (!config)
        return usage_error(config.error(), "objdump");
    const Engine engine(*config);
    const auto binary = options.part.load(engine, words.front());
    if (!binary)
        return report(binary.error());
    if (const auto* component = std::get_if<LoadedComponent>(&*binary))
        dump(options, *component);
    else
        dump(options, std::get<Module>(*binary), words.front());
    return 0;
}

} // namespace

Action add_objdump(CLI::App& app)
{
    const auto options = std::make_shared<Options>();
    app.set_help_flag("--help", "Print this help message and exit");
    app.add_flag("-d,--disassemble", options->disassemble, "Disassemble all functions (default)");
    app.add_flag("-h,--headers", options->headers, "List the sections");
    app.add_flag("-x,--structure", options->structure, "Show the module's structure");
    options->part.add_to(app);
    options->features.add_to(app);
    return [options](const std::vector<std::string>& words) { return dump(*options, words); };
}

} // namespace vitrine::cli
