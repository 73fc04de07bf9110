// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/code_listing.h"
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
    bool machine = false;
    bool no_signals = false;
    std::string processor;
    PartOption part;
    FeatureOption features;
};

Result<CodeOptions> code_options(const Options& options)
{
    CodeOptions code { .signal_handlers = !options.no_signals };
    if (!options.processor.empty()) {
        const auto processor = find_processor(options.processor);
        if (!processor)
            return Error("--processor " + options.processor + ": expected sse4.2 or avx2");
        code.processor = *processor;
    }
    return code;
}

/// Prints the machine code of all functions.
void dump_machine_code(const Engine& engine, const core::Module& module, const CodeOptions& options)
{
    const auto count = static_cast<uint32_t>(module.functions.size());
    for (uint32_t i = 0; i < count; ++i)
        if (!module.is_imported(core::FuncIndex { i }))
            write(code_listing(engine, module, { i }, options));
}

void dump(const Engine& engine, const Options& options, const Module& module, const std::string& path)
{
    if (options.headers)
        print_sections(module);
    if (options.structure)
        print_description(describe(module, path));
    if (options.machine)
        dump_machine_code(engine, *door::inner(module), *code_options(options));
    if (options.disassemble || !(options.headers || options.structure || options.machine))
        write(core::disassemble(*door::inner(module)));
}

/// Dumps each core module under a heading. Its offsets are relative to itself.
void dump(const Engine& engine, const Options& options, const LoadedComponent& loaded)
{
    const auto places = places_of_core_modules(loaded.component);
    const auto modules = loaded.component.core_modules();
    for (size_t i = 0; i < modules.size(); ++i) {
        print("{}{}\n", i > 0 ? "\n" : "", places[i]);
        dump(engine, options, modules[i].module, loaded.path);
    }
}

int dump(const Options& options, const std::vector<std::string>& words)
{
    if (words.size() != 1)
        return usage_error(
            Error(words.empty() ? "no file given" : "unexpected argument " + words[1]), "objdump");
    if (auto fits = options.part.check(); !fits)
        return usage_error(fits.error(), "objdump");
    if (auto fits = code_options(options); !fits)
        return usage_error(fits.error(), "objdump");
    const auto config = options.features.config();
    if (!config)
        return usage_error(config.error(), "objdump");
    const Engine engine(*config);
    const auto binary = options.part.load(engine, words.front());
    if (!binary)
        return report(binary.error());
    if (const auto* component = std::get_if<LoadedComponent>(&*binary))
        dump(engine, options, *component);
    else
        dump(engine, options, std::get<Module>(*binary), words.front());
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
    app.add_flag("--machine", options->machine, "Show the machine code of all functions");
    app.add_option("--processor", options->processor, "With --machine, the processor (default: this one)")
        ->type_name("sse4.2|avx2");
    app.add_flag("--no-signals", options->no_signals, "With --machine, code that checks addresses");
    options->part.add_to(app);
    options->features.add_to(app);
    return [options](const std::vector<std::string>& words) { return dump(*options, words); };
}

} // namespace vitrine::cli
